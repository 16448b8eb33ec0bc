"""What the display of a station can show, by its device model (DisplayMessageCtrlr)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from csms.charging.capability import as_flag, as_members
from csms.domain.display import (
    LONGEST_21,
    LONGEST_201,
    MOST_EXTRA,
    NEW_IN_21,
    ScreenMessage,
    ScreenText,
    TextFormat,
)
from csms.domain.station import EDITION_21, Variable

COMPONENT = "DisplayMessageCtrlr"


@dataclass(frozen=True, slots=True)
class DisplayAbility:
    """What a display can show; an empty set is not said, and forbids nothing.

    Attributes:
        edition: The edition that its station speaks.
        read: Whether the device model of the station was read at all.
        available: Whether it has a display for messages.
        enabled: Whether that is switched on.
        most: Most messages at a time; none if it does not say (O01.FR.11).
        languages: The languages it knows; empty if there is just its own.
        displays: The instances of the Display component, where there are several.
    """

    edition: str
    read: bool = False
    available: bool = False
    enabled: bool = True
    most: int | None = None
    formats: frozenset[str] = frozenset()
    priorities: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    displays: frozenset[str] = frozenset()

    @property
    def usable(self) -> bool:
        """Tell whether a message can be shown as far as is known."""
        return self.read and self.available and self.enabled

    @property
    def longest(self) -> int:
        """Return how many characters a text may have."""
        return LONGEST_21 if self.edition == EDITION_21 else LONGEST_201

    @property
    def ascii_only(self) -> bool:
        """Tell whether it takes plain ASCII and no UTF-8."""
        return TextFormat.ASCII in self.formats and TextFormat.UTF8 not in self.formats


@dataclass(frozen=True, slots=True)
class Lack:
    """What a station lacks for a message.

    Attributes:
        field: The part of the message at fault.
        problem: What the station lacks.
    """

    field: str
    problem: str


def display_ability(variables: Iterable[Variable], edition: str) -> DisplayAbility:
    """Return what a device model says of the display for messages."""
    said: dict[str, Variable] = {}
    displays: set[str] = set()
    known = False
    for each in variables:
        known = True
        if each.attribute != "Actual":
            continue
        if each.key.component == COMPONENT:
            said[each.key.variable] = each
        elif each.key.component == "Display" and each.key.component_instance:
            displays.add(each.key.component_instance)
    enabled = _flag(said, "Enabled")
    available = _flag(said, "Available")
    return DisplayAbility(
        edition=edition,
        read=known,
        # Neither is required (2.12.1, 2.12.2): the component speaks for itself.
        available=bool(said) and available is not False,
        enabled=enabled is not False,
        most=_most(said.get("DisplayMessages")),
        formats=_members(said, "SupportedFormats"),
        priorities=_members(said, "SupportedPriorities"),
        states=_members(said, "SupportedStates"),
        languages=_listed(said.get("Language")),
        displays=frozenset(displays),
    )


def lacks(
    message: ScreenMessage, ability: DisplayAbility, held: int, now: datetime
) -> Iterator[Lack]:
    """Yield what forbids showing a message on a station.

    Args:
        message: The message.
        ability: What the station can show.
        held: How many other messages it holds.
        now: The instant.
    """
    if ability.read and not ability.available:
        yield Lack("", f"the station has no display for messages (no {COMPONENT})")
        return
    if not ability.enabled:
        yield Lack("", f"its display is switched off ({COMPONENT}.Enabled)")
    yield from _of_words(message, ability)
    yield from _of_texts(message, ability)
    if ability.most is not None and held >= ability.most:
        yield Lack("id", f"it holds {held} messages and takes {ability.most}")
    if message.end is not None and message.end <= now:
        yield Lack("end", "it has passed")
    if message.start and message.end and message.end <= message.start:
        yield Lack("end", "it is not after the start")
    if message.display and ability.read and message.display not in ability.displays:
        yield Lack("display", f"there is no display {message.display}")


def _of_words(message: ScreenMessage, ability: DisplayAbility) -> Iterator[Lack]:
    if ability.priorities and message.priority not in ability.priorities:
        yield Lack("priority", _says(ability.priorities))
    if message.state is None:
        return
    if ability.states and message.state not in ability.states:
        yield Lack("state", _says(ability.states))
    elif ability.edition != EDITION_21 and message.state in NEW_IN_21:
        yield Lack("state", f"{message.state} is not in {ability.edition}")


def _of_texts(message: ScreenMessage, ability: DisplayAbility) -> Iterator[Lack]:
    if not message.texts:
        yield Lack("texts", "it says nothing")
    if len(message.texts) > 1 and ability.edition != EDITION_21:
        yield Lack("texts", f"{ability.edition} knows one language per message")
    if len(message.texts) > 1 + MOST_EXTRA:
        yield Lack("texts", f"at most {MOST_EXTRA} other languages")
    for number, text in enumerate(message.texts):
        yield from _of_text(f"texts[{number}]", text, ability)


def _of_text(where: str, text: ScreenText, ability: DisplayAbility) -> Iterator[Lack]:
    if ability.formats and text.format not in ability.formats:
        yield Lack(f"{where}.format", _says(ability.formats))
    elif ability.edition != EDITION_21 and text.format in NEW_IN_21:
        yield Lack(f"{where}.format", f"{text.format} is not in {ability.edition}")
    if text.format is TextFormat.ASCII and not text.content.isascii():
        yield Lack(f"{where}.content", "it is not ASCII")
    if len(text.content) > ability.longest:
        yield Lack(f"{where}.content", f"at most {ability.longest} characters")


def _says(words: frozenset[str]) -> str:
    return f"the station supports {', '.join(sorted(words))}"


def _flag(said: dict[str, Variable], name: str) -> bool | None:
    found = said.get(name)
    return None if found is None else as_flag(found.value)


def _members(said: dict[str, Variable], name: str) -> frozenset[str]:
    found = said.get(name)
    return frozenset() if found is None else as_members(found.value)


def _listed(language: Variable | None) -> frozenset[str]:
    if language is None:
        return frozenset()
    listed = as_members((language.characteristics or {}).get("valuesList"))
    return listed or as_members(language.value)


def _most(count: Variable | None) -> int | None:
    try:
        return int(float((count.characteristics or {})["maxLimit"])) if count else None
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
