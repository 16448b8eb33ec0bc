"""The plan that answers a vehicle's needs: charging only, within its share (K15).

It lies above the floor and below an event, and dies with its transaction.

It is one schedule of one ceiling, though a vehicle may be offered three (K15.FR.07,
K18.FR.07). A limit is the most that may flow: the vehicle may take less at any time, so
that every schedule below this ceiling is one it can follow already. Whatever can be
reached by the departure within the limits of site, station and others is reached under
it, and under no lower one more is (``missing``). A second schedule would be worth its
place only with prices, by which the vehicle could choose. Where even the ceiling is too
low, that is told when the needs are answered, and not when the vehicle leaves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from csms.charging.compiling import Terms, rate
from csms.domain.ids import EvseId, TransactionId
from csms.domain.profile import (
    Composite,
    Kind,
    OperationMode,
    Period,
    Profile,
    Purpose,
    RateUnit,
    Schedule,
)
from csms.domain.units import ZERO_ENERGY, Energy, Power

PLAN_OFFSET = 300
EVENT_LEVEL = 2
FEWEST_PROFILES = 4
"""Two floors, an event and this plan: it takes no room from the others."""

_TOLERANCE = {RateUnit.WATTS: 50.0, RateUnit.AMPERES: 0.2}


@dataclass(frozen=True, slots=True)
class Wish:
    """Energy that somebody wants by some instant.

    Attributes:
        energy: Into the vehicle, at the meter.
        by: When it leaves.
    """

    energy: Energy
    by: datetime


def missing(wish: Wish, limit: Power, now: datetime) -> Energy:
    """Return what will be missing at the departure, even if all goes well.

    Args:
        wish: What is wanted.
        limit: What may be drawn until then.
        now: From when on it may.
    """
    left = max(wish.by - now, timedelta(0))
    return max(wish.energy - limit.over(left), ZERO_ENERGY)


def plan_level(terms: Terms) -> int | None:
    """Return the level below the event's; none if there is no room for a plan."""
    level = min(terms.max_stack_level, EVENT_LEVEL) - 1
    return level if level >= 0 else None


def driver_plan(
    evse: EvseId,
    transaction: TransactionId,
    limit: Power,
    terms: Terms,
    *,
    now: datetime,
) -> Profile | None:
    """Return the plan, or none if this station has no room for one.

    It names no operation mode: without one, every edition charges only (Q02.FR.01).

    Args:
        evse: The EVSE.
        transaction: The running transaction (K15.FR.07).
        limit: What it may draw, whatever its neighbors do.
        terms: What it can be told.
        now: When the plan begins.
    """
    level = plan_level(terms)
    if level is None:
        return None
    return Profile(
        id=terms.first_id + PLAN_OFFSET + evse.number,
        evse=evse,
        purpose=Purpose.TX,
        kind=Kind.ABSOLUTE,
        stack_level=level,
        unit=terms.unit,
        start=now.replace(microsecond=0),
        transaction=transaction,
        periods=(Period(0, limit=rate(limit, terms), phases=terms.phases),),
    )


def excesses(
    schedule: Schedule, base: datetime, ours: Composite
) -> Iterator[tuple[datetime, float]]:
    """Yield where a vehicle's own schedule leaves ours, and what it wants there.

    A limit is the most it may take; a setpoint is the most in its direction, and it may
    always do less (K15.FR.11, FR.12). Without a setpoint below zero, or a discharge
    limit, it may give nothing back.

    Args:
        schedule: What the vehicle means to do.
        base: From when its seconds count.
        ours: Our composite schedule, in the same unit.
    """
    start = schedule.start or base
    tolerance = _TOLERANCE[ours.unit]
    marks = {start + timedelta(seconds=each.start_s) for each in schedule.periods}
    marks |= {
        at
        for each in ours.periods
        if (at := ours.start + timedelta(seconds=each.start_s)) > start
    }
    end = None if schedule.duration is None else start + schedule.duration
    for at in sorted(marks):
        bound = ours.at(at)
        wanted = _wanted(schedule, at - start)
        if bound is None or wanted is None or (end is not None and at >= end):
            continue
        most, least = bounds_of(bound)
        over = most is not None and wanted > most + tolerance
        if over or wanted < least - tolerance:
            yield at, wanted


def bounds_of(period: Period) -> tuple[float | None, float]:
    """Return the most and the least that may flow in a period of a composite."""
    if period.mode is OperationMode.IDLE:
        return 0.0, 0.0
    if period.setpoint is not None:
        return max(period.setpoint, 0.0), min(period.setpoint, 0.0)
    return period.limit, period.discharge_limit or 0.0


def _wanted(schedule: Schedule, after: timedelta) -> float | None:
    found = None
    for period in schedule.periods:
        if timedelta(seconds=period.start_s) <= after:
            found = period
    if found is None:
        return None
    value = found.setpoint if found.setpoint is not None else found.limit
    return found.discharge_limit if value is None else value
