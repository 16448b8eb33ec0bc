"""Messages on the displays of stations, as we want them and as stations report them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from csms.domain.ids import StationId, TransactionId


class Priority(StrEnum):
    """How a message competes with others (O01.FR.12 to O01.FR.15)."""

    ALWAYS_FRONT = "AlwaysFront"
    IN_FRONT = "InFront"
    NORMAL_CYCLE = "NormalCycle"


class ScreenState(StrEnum):
    """In which state of the station a message is shown; none is in every state."""

    CHARGING = "Charging"
    FAULTED = "Faulted"
    IDLE = "Idle"
    UNAVAILABLE = "Unavailable"
    SUSPENDED = "Suspended"
    DISCHARGING = "Discharging"


class TextFormat(StrEnum):
    """How a text is written."""

    ASCII = "ASCII"
    HTML = "HTML"
    URI = "URI"
    UTF8 = "UTF8"
    QRCODE = "QRCODE"


NEW_IN_21 = frozenset(
    {ScreenState.SUSPENDED, ScreenState.DISCHARGING, TextFormat.QRCODE}
)
"""Words that a station of 2.0.1 does not know."""

LONGEST_201, LONGEST_21 = 512, 1024
"""Characters of a text, by edition."""

MOST_EXTRA = 4
"""Other languages of one message (2.1)."""


@dataclass(frozen=True, slots=True)
class ScreenText:
    """A text in one language.

    Attributes:
        language: An RFC 5646 tag, such as ``en-US`` (O01.FR.17); empty if not said.
    """

    content: str
    language: str = ""
    format: TextFormat = TextFormat.UTF8


@dataclass(frozen=True, slots=True)
class ScreenMessage:
    """A message for the display of a station.

    Attributes:
        id: Its number on the station; the same number replaces (O06).
        texts: What it says; the first is the main one, others need OCPP 2.1.
        priority: How it competes with others.
        state: Shown only while the station is in this state; none for always.
        start: From when on; none for at once (O01.FR.06).
        end: Until when; none for ever (O01.FR.07).
        transaction: Only while this transaction goes on (O02).
        display: The instance of the Display component; none for the main one.
    """

    id: int
    texts: tuple[ScreenText, ...]
    priority: Priority = Priority.NORMAL_CYCLE
    state: ScreenState | None = None
    start: datetime | None = None
    end: datetime | None = None
    transaction: TransactionId | None = None
    display: str | None = None


class ShowState(StrEnum):
    """What became of a message that we want on a display."""

    SENT = "sent"
    """The station was asked; what it made of that is not known."""
    SHOWN = "shown"
    """The station has it."""
    REFUSED = "refused"
    REPLACED = "replaced"
    """Another message took its place (O01.FR.16)."""
    CLEARED = "cleared"
    EXPIRED = "expired"
    """Its end, or that of its transaction, has passed (O01.FR.07, O02.FR.02)."""
    MISSING = "missing"
    """The station does not report it although it should have it."""
    FOREIGN = "foreign"
    """The station reports it, and we never wanted it."""


HELD = frozenset({ShowState.SENT, ShowState.SHOWN, ShowState.FOREIGN})
"""States in which the station may show the message."""

BY_OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class DisplayRecord:
    """One message of one station: what we want, and what the station says.

    Attributes:
        wanted: What we want there; none if only the station speaks of it.
        purpose: ``operator``, or what it is for, such as ``event:<id>``.
        detail: The station's reason, or ours; may be empty.
        reported: What the station said that it has, when it was last asked.
    """

    station: StationId
    id: int
    wanted: ScreenMessage | None
    purpose: str
    state: ShowState
    created_at: datetime
    created_by: str
    updated_at: datetime
    detail: str = ""
    reported: ScreenMessage | None = None
    reported_at: datetime | None = None

    @property
    def differs(self) -> bool:
        """Tell whether the station reports something else than we want."""
        if self.reported is None or self.wanted is None:
            return False
        return _core(self.reported) != _core(self.wanted)


def _core(message: ScreenMessage) -> tuple[object, ...]:
    main = message.texts[0] if message.texts else None
    return main and main.content, message.priority, message.end


def to_document(message: ScreenMessage) -> dict[str, Any]:
    """Return the message as JSON knows it."""
    return {
        "id": message.id,
        "texts": [
            {"content": each.content, "language": each.language, "format": each.format}
            for each in message.texts
        ],
        "priority": message.priority,
        "state": message.state,
        "start": message.start.isoformat() if message.start else None,
        "end": message.end.isoformat() if message.end else None,
        "transaction": message.transaction,
        "display": message.display,
    }


def from_document(document: Mapping[str, Any]) -> ScreenMessage:
    """Read what ``to_document`` wrote."""
    start, end = document["start"], document["end"]
    transaction = document["transaction"]
    return ScreenMessage(
        id=document["id"],
        texts=tuple(
            ScreenText(each["content"], each["language"], TextFormat(each["format"]))
            for each in document["texts"]
        ),
        priority=Priority(document["priority"]),
        state=ScreenState(document["state"]) if document["state"] else None,
        start=datetime.fromisoformat(start) if start else None,
        end=datetime.fromisoformat(end) if end else None,
        transaction=TransactionId(transaction) if transaction else None,
        display=document["display"],
    )
