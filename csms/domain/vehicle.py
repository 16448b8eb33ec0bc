"""Vehicles, what their battery allows, and what their driver needs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csms.domain.ids import ParticipantId, VehicleId
    from csms.domain.units import Energy, Power

DAYS_OF_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Departure:
    """A standing departure.

    Attributes:
        weekday: 0 for Monday to 6 for Sunday.
        time: Local time at the site.
        soc_pct: State of charge wanted then, in percent.
    """

    weekday: int
    time: time
    soc_pct: float


@dataclass(frozen=True, slots=True)
class Override:
    """What one date has instead of its standing departures.

    Attributes:
        date: The date, on the site's calendar.
        time: Local time of departure; none for a day on which nobody leaves.
        soc_pct: State of charge wanted then, in percent.
    """

    date: date
    time: time | None
    soc_pct: float


@dataclass(frozen=True, slots=True)
class MobilityNeed:
    """What the driver needs, come what may.

    Attributes:
        min_soc_pct: State of charge below which the vehicle is never discharged.
        departures: Departures of every week.
        overrides: Exceptions for single dates; they leave the standing ones alone.
    """

    min_soc_pct: float
    departures: tuple[Departure, ...] = ()
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class DepartureNeed:
    """The one departure that matters next.

    Attributes:
        at: When the vehicle leaves, UTC.
        soc_pct: State of charge wanted then, in percent.
    """

    at: datetime
    soc_pct: float


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle whose battery may be lent.

    Attributes:
        id: Its name here.
        participant: Whose it is.
        name: Its name for people.
        battery: Usable capacity.
        max_charge: Most it takes, as a positive magnitude.
        max_discharge: Most it gives, as a positive magnitude too: a rating has no
            direction, only a setpoint has.
        need: What its driver needs.
    """

    id: "VehicleId"
    participant: "ParticipantId"
    name: str
    battery: "Energy"
    max_charge: "Power"
    max_discharge: "Power"
    need: MobilityNeed


def next_departure(
    need: MobilityNeed, now: datetime, zone: tzinfo
) -> DepartureNeed | None:
    """Return the first departure at or after the instant, if there is any.

    An override replaces all standing departures of its date. Where a local time
    exists twice or not at all (daylight saving), the earlier instant counts: the
    vehicle is ready too early rather than too late. Of two departures at one instant
    the more demanding one counts.

    Args:
        need: What the driver asked for.
        now: From when on, aware.
        zone: The zone the local times are meant in.
    """
    today = now.astimezone(zone).date()
    week = {today + timedelta(days=ahead) for ahead in range(DAYS_OF_A_WEEK + 1)}
    dates = week | {each.date for each in need.overrides if each.date >= today}
    for day in sorted(dates):
        coming = [each for each in _leaving(need, day, zone) if each.at >= now]
        if coming:
            return min(coming, key=lambda each: (each.at, -each.soc_pct))
    return None


def with_override(need: MobilityNeed, override: Override) -> MobilityNeed:
    """Return the need with one date overridden, the standing departures untouched."""
    others = tuple(each for each in need.overrides if each.date != override.date)
    overrides = (*others, override)
    return replace(need, overrides=tuple(sorted(overrides, key=lambda one: one.date)))


def _leaving(need: MobilityNeed, day: date, zone: tzinfo) -> Iterator[DepartureNeed]:
    overrides = [each for each in need.overrides if each.date == day]
    if overrides:
        for override in overrides:
            if override.time is not None:
                at = _earliest(day, override.time, zone)
                yield DepartureNeed(at, override.soc_pct)
        return
    for departure in need.departures:
        if departure.weekday == day.weekday():
            yield DepartureNeed(_earliest(day, departure.time, zone), departure.soc_pct)


def _earliest(day: date, clock: time, zone: tzinfo) -> datetime:
    local = datetime.combine(day, clock, tzinfo=zone)
    return min(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
