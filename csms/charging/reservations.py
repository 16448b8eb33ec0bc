"""Whether a station has room for one more reservation, and for a start beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from csms.domain.reservation import Reservation
from csms.domain.token import IdToken

Need: TypeAlias = tuple[int | None, str | None]
"""An EVSE or any, and a connector type or any."""


@dataclass(frozen=True, slots=True)
class Room:
    """Whether there is room, and why not.

    Attributes:
        reason: Why there is none; empty if there is.
        against: The numbers of the reservations that stand against it.
    """

    reason: str = ""
    against: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is room."""
        return not self.reason


def room(
    held: Sequence[Reservation], need: Need, evses: Mapping[int, frozenset[str]]
) -> Room:
    """Tell whether every open reservation and one more can have an EVSE of its own.

    One that names no EVSE needs some EVSE that no other needs more (H01.FR.07,
    H01.FR.09). An EVSE whose plugs are not known serves no wish for a certain plug.

    Args:
        held: The open reservations of the station.
        need: What is asked for.
        evses: The connector types of each EVSE.
    """
    evse, kind = need
    if evse is not None and evse not in evses:
        return Room(f"the station has no EVSE {evse}")
    if kind is not None and not any(kind in plugs for plugs in evses.values()):
        return Room(f"the station names no connector of type {kind}")
    same = tuple(each.id for each in held if evse is not None and each.evse == evse)
    if same:
        return Room(f"EVSE {evse} is reserved already", same)
    needs = [(each.evse, each.connector_type) for each in held]
    if not _all_served([*needs, need], evses):
        return Room(
            "no EVSE is left beside what is reserved", tuple(each.id for each in held)
        )
    return Room()


def reserved_from(
    held: Sequence[Reservation],
    token: IdToken,
    group: IdToken | None,
    evse: int | None,
    free: Mapping[int, frozenset[str]],
) -> tuple[int, ...]:
    """Return the reservations of others that a start would take an EVSE from.

    One that names the EVSE keeps it (H03.FR.01 to FR.06); one that names none keeps it
    if it could have fewer of the others without it.

    Args:
        held: The open reservations of the station.
        token: Who starts.
        group: Of which group that is.
        evse: Where; none if the station may choose.
        free: The connector types of each EVSE that nobody else uses.
    """
    if any(each.evse is not None and each.serves(token, group, evse) for each in held):
        return ()
    others = [each for each in held if not each.serves(token, group, evse)]
    certain = {each.evse: each.id for each in others if each.evse is not None}
    if evse is not None and evse in certain:
        return (certain[evse],)
    if not others:
        return ()
    left = {number: kinds for number, kinds in free.items() if number not in certain}
    loose = [(each.evse, each.connector_type) for each in others if each.evse is None]
    before = _served(loose, left)
    if evse is None:
        fits = _served([*loose, (None, None)], left) > before
    else:
        rest = {number: kinds for number, kinds in left.items() if number != evse}
        fits = _served(loose, rest) == before
    return () if fits else tuple(each.id for each in others)


def _all_served(needs: Sequence[Need], evses: Mapping[int, frozenset[str]]) -> bool:
    """Tell whether each need can have another EVSE."""
    return _served(needs, evses) == len(needs)


def _served(needs: Sequence[Need], evses: Mapping[int, frozenset[str]]) -> int:
    """Return how many needs can have an EVSE each: a matching by augmenting paths."""
    taken: dict[int, int] = {}

    def serve(place: int, seen: set[int]) -> bool:
        for number in _serving(needs[place], evses):
            if number in seen:
                continue
            seen.add(number)
            if number not in taken or serve(taken[number], seen):
                taken[number] = place
                return True
        return False

    return sum(serve(place, set()) for place in range(len(needs)))


def _serving(need: Need, evses: Mapping[int, frozenset[str]]) -> list[int]:
    evse, kind = need
    return [
        number
        for number, plugs in evses.items()
        if evse in (None, number) and (kind is None or kind in plugs)
    ]
