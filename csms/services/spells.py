"""From a member's way through an event to what kept it from delivering, and when.

Pure: states as dispatch and monitoring noted them become spells, each with a reason.
"""

from collections.abc import Sequence
from datetime import datetime

from csms.domain.event import UNDELIVERED, Reason
from csms.domain.interval import Interval
from csms.flex.attribution import Spell
from csms.services.ports.events import Member, StateChange

OPENS: dict[str, Reason] = {
    "cancelled": Reason.CANCELLED,
    "opted_out": Reason.OPT_OUT,
    "priority_charging": Reason.OPT_OUT,
    "unplugged": Reason.UNPLUGGED,
    "floor_reached": Reason.SOC_FLOOR,
    "station_refused": Reason.STATION_REFUSED,
    "tripped": Reason.STATION_REFUSED,
    "ev_refused": Reason.EV_REFUSED,
    "not_obeyed": Reason.EV_REFUSED,
    "limited": Reason.LIMIT,
    "offline": Reason.OFFLINE,
}
"""States with which something begins to keep a member from delivering."""

CLOSES: dict[str, frozenset[Reason]] = {
    "opted_in": frozenset({Reason.OPT_OUT}),
    "plugged": frozenset({Reason.UNPLUGGED}),
    "online": frozenset({Reason.OFFLINE}),
    "unlimited": frozenset({Reason.LIMIT}),
    "accepted": frozenset({Reason.STATION_REFUSED}),
    "obeyed": frozenset(
        {
            Reason.STATION_REFUSED,
            Reason.EV_REFUSED,
            Reason.LIMIT,
            Reason.OFFLINE,
            Reason.SOC_FLOOR,
            Reason.UNPLUGGED,
        }
    ),
    "reinstated": frozenset(UNDELIVERED) - {Reason.OPT_OUT, Reason.CANCELLED},
}
"""States with which it ends."""


def spells_of(member: Member, window: Interval) -> tuple[Spell, ...]:
    """Return what kept the member from delivering within the event's window.

    A spell that nothing ends lasts until the window does. What began before the
    window and still holds counts from its start.
    """
    spells: list[Spell] = []
    holding: dict[Reason, datetime] = {}
    for change in sorted(member.states, key=lambda each: each.at):
        for reason in _closed(change, holding):
            spells += _spell(holding.pop(reason), change.at, reason, window)
        opened = _opened(change)
        if opened is not None:
            holding.setdefault(opened, change.at)
    for reason, since in holding.items():
        spells += _spell(since, window.end, reason, window)
    return tuple(sorted(spells))


def _opened(change: StateChange) -> Reason | None:
    if change.state != "released":
        return OPENS.get(change.state)
    reason = next((each for each in UNDELIVERED if each == change.detail), None)
    return reason or Reason.UNKNOWN


def _closed(change: StateChange, holding: dict[Reason, datetime]) -> Sequence[Reason]:
    return sorted(CLOSES.get(change.state, frozenset()) & holding.keys())


def _spell(
    start: datetime, end: datetime, reason: Reason, window: Interval
) -> tuple[Spell, ...]:
    if end <= start:
        return ()
    shared = Interval(start, end).overlap(window)
    return (Spell(shared, reason),) if shared else ()
