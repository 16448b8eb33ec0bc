"""Whether a station may be disturbed: taken out of use for a while, or restarted.

A new firmware takes a charger away from its driver. Nothing that an operator wishes is
worth a vehicle that is not ready when its driver leaves, nor a part in an event.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from csms.domain.interval import Interval
from csms.domain.units import ZERO_POWER, Energy, Power
from csms.domain.vehicle import DepartureNeed

OUTAGE = timedelta(hours=2)
"""How long a station may be away for a new firmware, at worst."""

EFFICIENCY = 0.9
FULL_PCT = 100.0
BLIND = timedelta(hours=12)
"""How far a departure must be off where the state of charge is not known."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A vehicle at an EVSE, and what its driver needs.

    Attributes:
        plugged: Whether a vehicle is there; if not, nothing else counts.
        soc_pct: Its state of charge; none if it is not known.
        min_soc_pct: What its driver wants at the least; none if nobody said.
        departure: The next departure; none if nobody said.
        battery: Its usable capacity; none if it is not known.
        charge: Most that it is charged with, as a positive magnitude.
        priority: Whether its driver asked to charge at full power now.
    """

    plugged: bool
    soc_pct: float | None = None
    min_soc_pct: float | None = None
    departure: DepartureNeed | None = None
    battery: Energy | None = None
    charge: Power = ZERO_POWER
    priority: bool = False


def needs_charge(stay: Stay, now: datetime, away_until: datetime) -> str:
    """Return why a vehicle cannot do without its charger; empty if it can.

    What is not known counts against disturbing it.

    Args:
        stay: The vehicle.
        now: The instant.
        away_until: Until when the charger may be away, at worst.
    """
    if not stay.plugged:
        return ""
    if stay.priority:
        return "its driver charges with priority"
    if stay.soc_pct is None or stay.battery is None:
        return _unseen(stay, away_until)
    least = stay.min_soc_pct
    if least is not None and stay.soc_pct < least:
        return f"the vehicle is below the {least:.0f} % that its driver wants"
    return _leaving(stay, stay.soc_pct, stay.battery, max(now, away_until))


def bar(
    stays: Iterable[Stay], events: Iterable[Interval], now: datetime, begins: datetime
) -> str:
    """Return why a station must be left alone; empty if it may be disturbed.

    Args:
        stays: The vehicles at its EVSEs.
        events: The windows of the events in which it has a part.
        now: The instant.
        begins: From when on it may be away.
    """
    away = Interval(min(now, begins), max(now, begins) + OUTAGE)
    for window in events:
        if window.start < away.end and now < window.end:
            return f"an event from {window.start:%Y-%m-%d %H:%M} UTC"
    for stay in stays:
        if why := needs_charge(stay, now, away.end):
            return why
    return ""


def _leaving(stay: Stay, soc_pct: float, battery: Energy, back: datetime) -> str:
    departure = stay.departure
    if departure is None or departure.soc_pct <= soc_pct:
        return ""
    missing = (departure.soc_pct - soc_pct) / FULL_PCT * battery.watt_seconds
    inflow = stay.charge.watts * EFFICIENCY
    if inflow > 0 and back + timedelta(seconds=missing / inflow) <= departure.at:
        return ""
    return f"the vehicle needs its charge until {departure.at:%Y-%m-%d %H:%M} UTC"


def _unseen(stay: Stay, away_until: datetime) -> str:
    departure = stay.departure
    if departure is not None and departure.at > away_until + BLIND:
        return ""
    return "how much charge the vehicle has is not known"
