"""A composite schedule of ours held against the station's: where, and by how much."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from csms.domain.profile import (
    Composite,
    OperationMode,
    Period,
    Profile,
    RateUnit,
    Schedule,
)

_TOLERANCE = {RateUnit.WATTS: 1.0, RateUnit.AMPERES: 0.1}
_RELATIVE = 0.001
_FIGURES = ("limit", "discharge_limit", "setpoint", "phases")
UNLIMITED = 32_000.0
"""Stations that know no limit say a great one; from here on, both are none (W or A)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A stretch in which both say another thing.

    Attributes:
        start: From when.
        end: Until when.
        name: Of what: ``limit``, ``discharge_limit``, ``setpoint``, ``phases`` or
            ``mode``.
        ours: What we computed; none for no such bound.
        theirs: What the station says.
    """

    start: datetime
    end: datetime
    name: str
    ours: float | str | None
    theirs: float | str | None


def differences(ours: Composite, theirs: Composite) -> tuple[Difference, ...]:
    """Return where two composites of the same unit differ, in order.

    Only what both cover is compared.
    """
    start = max(ours.start, theirs.start)
    end = min(ours.start + ours.duration, theirs.start + theirs.duration)
    marks = sorted(
        {start}
        | {
            at
            for each in (ours, theirs)
            for period in each.periods
            if start < (at := each.start + timedelta(seconds=period.start_s)) < end
        }
    )
    found: list[Difference] = []
    for mark, following in zip(marks, [*marks[1:], end], strict=True):
        if following <= mark:
            continue
        mine, said = ours.at(mark) or Period(0), theirs.at(mark) or Period(0)
        for name, our, their in _unlike(mine, said, ours.unit):
            found.append(Difference(mark, following, name, our, their))
    return _joined(found)


def _unlike(
    mine: Period, said: Period, unit: RateUnit
) -> Iterator[tuple[str, float | str | None, float | str | None]]:
    idle = OperationMode.IDLE
    if idle in (mine.mode, said.mode):
        if not (_still(mine) and _still(said)):
            yield "mode", _word(mine), _word(said)
        return
    for name in _FIGURES:
        our, their = _figure(mine, name, unit), _figure(said, name, unit)
        if their is None and name in ("discharge_limit", "phases"):
            continue  # not every station says it
        if not _alike(our, their, unit):
            yield name, our, their
    if said.mode is not None and _word(mine) != _word(said):
        yield "mode", _word(mine), _word(said)


def _still(period: Period) -> bool:
    return period.mode is OperationMode.IDLE or (
        period.limit == 0 and not period.discharges and not period.setpoint
    )


def _word(period: Period) -> str:
    return (period.mode or OperationMode.CHARGING_ONLY).value


def _figure(period: Period, name: str, unit: RateUnit) -> float | None:
    value: float | None = getattr(period, name)
    most = UNLIMITED if unit is RateUnit.WATTS else UNLIMITED / 100
    if name == "limit" and value is not None and value >= most:
        return None
    return value


def _alike(our: float | None, their: float | None, unit: RateUnit) -> bool:
    if our is None or their is None:
        return our is their
    return abs(our - their) <= max(_TOLERANCE[unit], abs(our) * _RELATIVE)


def _joined(found: list[Difference]) -> tuple[Difference, ...]:
    """Return the differences with those joined that go on unchanged."""
    kept: dict[str, Difference] = {}
    done: list[Difference] = []
    for each in found:
        before = kept.get(each.name)
        if before is not None and (
            before.end == each.start
            and (before.ours, before.theirs) == (each.ours, each.theirs)
        ):
            kept[each.name] = Difference(
                before.start, each.end, each.name, each.ours, each.theirs
            )
            continue
        if before is not None:
            done.append(before)
        kept[each.name] = each
    return tuple(sorted([*done, *kept.values()], key=lambda e: (e.start, e.name)))


def same_profile(ours: Profile, theirs: Profile) -> bool:
    """Tell whether a reported profile says what was sent; floats come back blurred."""
    plain = {
        (ours.purpose, theirs.purpose),
        (ours.kind, theirs.kind),
        (ours.stack_level, theirs.stack_level),
        (ours.evse, theirs.evse),
        (ours.transaction, theirs.transaction),
        (ours.recurrency, theirs.recurrency),
        (ours.duration, theirs.duration),
        (ours.valid_to, theirs.valid_to),
        (ours.valid_from, theirs.valid_from),
        (ours.unit, theirs.unit),
    }
    if any(our != their for our, their in plain):
        return False
    if len(ours.schedules) != len(theirs.schedules):
        return False
    return all(
        _same_schedule(our, their)
        for our, their in zip(ours.schedules, theirs.schedules, strict=True)
    )


def _same_schedule(ours: Schedule, theirs: Schedule) -> bool:
    if len(ours.periods) != len(theirs.periods) or ours.start != theirs.start:
        return False
    return all(
        _same_period(our, their, ours.unit)
        for our, their in zip(ours.periods, theirs.periods, strict=True)
    )


def _same_period(ours: Period, theirs: Period, unit: RateUnit) -> bool:
    for each in fields(Period):
        our, their = getattr(ours, each.name), getattr(theirs, each.name)
        numbers = isinstance(our, int | float) and isinstance(their, int | float)
        if numbers and _alike(our, their, unit):
            continue
        if our != their:
            return False
    return True
