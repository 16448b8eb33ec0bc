"""Which quarter hours a new reading bears on."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from csms.charging.registers import REACH
from csms.domain.interval import Interval, quarter_of
from csms.domain.reading import METER_POINTS, Reading

_REACH = timedelta(seconds=REACH)
_INSTANT = timedelta(microseconds=1)


def touched(readings: Iterable[Reading], fresh: Iterable[Reading]) -> set[datetime]:
    """Return the starts of every quarter that fresh readings can have changed.

    A reading bears on everything up to its nearest neighbors that say at least as
    much at the same place, and on nothing out of reach. An instant on the boundary
    belongs to both quarters.

    Args:
        readings: Everything known around the fresh ones, in any order.
        fresh: Those of them that are new.
    """
    places: dict[str, list[Reading]] = {}
    for said in sorted(readings, key=_at):
        places.setdefault(said.location, []).append(said)
    starts: set[datetime] = set()
    for said in fresh:
        starts.add(quarter_of(said.at))
        if said.location not in METER_POINTS:
            continue
        starts.add(quarter_of(said.at - _INSTANT))
        if said.says_energy or said.says_power:
            span = _bearing(places.get(said.location, ()), said)
            starts.update(quarter.start for quarter in span.quarters())
            # Whether flow began with the neighbor depends on what was before it.
            starts.add(quarter_of(span.end))
    return starts


def _bearing(readings: Sequence[Reading], said: Reading) -> Interval:
    start, end = said.at - _REACH, said.at + _REACH
    for place in range(bisect_left(readings, said.at, key=_at) - 1, -1, -1):
        if readings[place].at <= start or _covers(readings[place], said):
            start = max(start, readings[place].at)
            break
    for place in range(bisect_right(readings, said.at, key=_at), len(readings)):
        if readings[place].at >= end or _covers(readings[place], said):
            end = min(end, readings[place].at)
            break
    return Interval(start, end)


def _covers(other: Reading, said: Reading) -> bool:
    return (
        (said.import_ws is None or other.import_ws is not None)
        and (said.export_ws is None or other.export_ws is not None)
        and (said.import_w is None or other.import_w is not None)
        and (said.export_w is None or other.export_w is not None)
    )


def _at(said: Reading) -> datetime:
    return said.at
