"""What each EVSE can give in an event, and what keeps it from giving more.

Flat power over the rest of an event, metered at the charger's grid side:
``min(EVSE, vehicle, efficiency x energy above the floor / hours)``. Magnitudes here
are whole watts, positive for export; the planner turns them into setpoints.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from csms.domain.event import Reason
from csms.domain.interval import Interval
from csms.domain.plan import (
    LIMITED_BY_DEPARTURE,
    LIMITED_BY_ENERGY,
    LIMITED_BY_EVSE,
    LIMITED_BY_FLOOR,
    LIMITED_BY_VEHICLE,
    limited_by_exclusion,
)
from csms.flex.needs import FULL_PCT, Charging, Floor, floor_at

if TYPE_CHECKING:
    from csms.domain.plan import Availability, Setpoint
    from csms.domain.site import Site

SOC_AGE = timedelta(minutes=5)
"""Age beyond which a state of charge allows no new and no stronger discharge."""


@dataclass(frozen=True, slots=True)
class Charge:
    """The state of charge a plan starts from.

    Attributes:
        soc_pct: In percent.
        forecast: Whether it is expected rather than measured.
        fresh: Whether it is recent enough to discharge more than was promised.
    """

    soc_pct: float
    forecast: bool
    fresh: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """What one EVSE can give, and why not more.

    Attributes:
        watts: Strongest flat export that keeps floor, guard and reserve.
        safe_watts: Strongest flat export that keeps floor and guard, without reserve.
        limited_by: Why not more.
        window: From when to when it can give.
        charge: What it starts from.
        exclusions: Why it gives nothing at all, if it is excluded.
    """

    watts: int
    safe_watts: int
    limited_by: str
    window: Interval | None = None
    charge: Charge | None = None
    exclusions: tuple[Reason, ...] = ()


def bound_of(
    available: "Availability",
    site: "Site | None",
    window: Interval,
    held: "Setpoint | None",
    now: datetime,
) -> Bound:
    """Return what the EVSE can give in the event.

    Args:
        available: What is known of the EVSE.
        site: Its site; without one nothing may be exported.
        window: The event's window.
        held: What is already promised for it.
        now: The present instant; what lies before it is no longer planned.
    """
    reasons = _exclusions(available, site, window, now)
    rest = _rest(available, window, now)
    charge = _charge(available, held, window, now)
    if charge is None:
        reasons += (Reason.SOC_UNKNOWN,)
    if rest is None:
        reasons += (Reason.DEPARTURE,)
    if reasons or charge is None or rest is None:
        return Bound(0, 0, limited_by_exclusion(reasons[0]), exclusions=reasons)
    return _bound(available, rest, charge, held)


def soc_after(available: "Availability", soc_pct: float, exported_ws: int) -> float:
    """Return the state of charge after an export at the meter, in percent."""
    drawn = exported_ws / available.discharge_efficiency
    return soc_pct - FULL_PCT * drawn / available.battery.watt_seconds


def _exclusions(
    available: "Availability", site: "Site | None", window: Interval, now: datetime
) -> tuple[Reason, ...]:
    reasons = available.exclusions
    permitted = site is not None and site.export_permission
    if not permitted and Reason.NO_EXPORT_PERMISSION not in reasons:
        reasons += (Reason.NO_EXPORT_PERMISSION,)
    if available.opted_out and Reason.OPT_OUT not in reasons:
        reasons += (Reason.OPT_OUT,)
    if now >= window.start and not available.plugged:
        reasons += (Reason.UNPLUGGED,)
    return reasons


def _rest(
    available: "Availability", window: Interval, now: datetime
) -> Interval | None:
    departure = available.next_departure
    start = max(now, window.start)
    end = min(departure.at, window.end) if departure else window.end
    return Interval(start, end) if start < end else None


def _charge(
    available: "Availability",
    held: "Setpoint | None",
    window: Interval,
    now: datetime,
) -> Charge | None:
    if now < window.start:
        if available.expected_soc_pct is not None:
            return Charge(available.expected_soc_pct, forecast=True, fresh=True)
        if available.soc_pct is not None:
            return Charge(available.soc_pct, forecast=False, fresh=True)
        return None
    if available.soc_pct is None or available.soc_at is None:
        return None
    soc_pct = available.soc_pct
    if held is not None and available.soc_at < now:
        since = held.energy_within(Interval(available.soc_at, now))
        soc_pct = soc_after(available, soc_pct, -since.watt_seconds)
    fresh = now - available.soc_at <= SOC_AGE
    return Charge(soc_pct, forecast=False, fresh=fresh)


def _bound(
    available: "Availability",
    rest: Interval,
    charge: Charge,
    held: "Setpoint | None",
) -> Bound:
    charging = Charging(
        available.battery, available.max_charge, available.charge_efficiency
    )
    floor = floor_at(
        available.floor_soc_pct,
        available.next_departure,
        charging,
        ends_at=rest.end,
    )
    rated = min(available.max_discharge, available.vehicle_max_discharge).watts
    if not charge.fresh:
        rated = min(rated, -held.power.watts if held else 0)
    above = charge.soc_pct - floor.soc_pct
    derated = _flat_watts(available, above - available.reserve_pct, rest)
    safe = min(rated, _flat_watts(available, above, rest))
    limited_by = _why(available, floor, rated, derated)
    return Bound(min(rated, derated), safe, limited_by, rest, charge)


def _flat_watts(available: "Availability", above_pct: float, rest: Interval) -> int:
    seconds = rest.duration.total_seconds()
    usable = max(above_pct, 0.0) / FULL_PCT * available.battery.watt_seconds
    return int(usable * available.discharge_efficiency / max(seconds, 1.0))


def _why(available: "Availability", floor: Floor, rated: int, derated: int) -> str:
    if derated < rated:
        if floor.departure:
            return LIMITED_BY_DEPARTURE
        return LIMITED_BY_ENERGY if derated else LIMITED_BY_FLOOR
    if available.vehicle_max_discharge < available.max_discharge:
        return LIMITED_BY_VEHICLE
    return LIMITED_BY_EVSE
