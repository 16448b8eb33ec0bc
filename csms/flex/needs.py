"""From a mobility need to the state of charge an event must leave in the vehicle."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.units import Energy, Power
    from csms.domain.vehicle import DepartureNeed

GUARD_PCT = 2.0
"""Distance the live layer keeps from the driver's minimum, in percent of charge."""

FULL_PCT = 100.0


@dataclass(frozen=True, slots=True)
class Floor:
    """The state of charge below which an event must not take a vehicle.

    Attributes:
        soc_pct: The floor, in percent.
        departure: Whether the next departure sets it, rather than the minimum.
    """

    soc_pct: float
    departure: bool


@dataclass(frozen=True, slots=True)
class Charging:
    """How fast a vehicle can be charged again.

    Attributes:
        battery: Usable capacity.
        power: Most that flows in, at the meter, as a positive magnitude.
        efficiency: From meter to battery, above 0 and up to 1.
    """

    battery: "Energy"
    power: "Power"
    efficiency: float

    def gain_pct(self, start: "datetime", end: "datetime") -> float:
        """Return the percent of charge that can be gained between two instants."""
        seconds = max((end - start).total_seconds(), 0.0)
        gained_ws = self.power.watts * seconds * self.efficiency
        return FULL_PCT * gained_ws / self.battery.watt_seconds


def floor_at(
    min_soc_pct: float,
    departure: "DepartureNeed | None",
    charging: Charging,
    *,
    ends_at: "datetime",
    guard_pct: float = GUARD_PCT,
) -> Floor:
    """Return the least state of charge at the end of an event.

    It is the higher of two: the driver's minimum with its guard, and what must still
    be there so that charging at full power from the event's end until the departure
    reaches the need. A departure before the end leaves no time to charge.

    Args:
        min_soc_pct: What the driver set as the least.
        departure: First departure at or after the event's start, if any.
        charging: How fast it can be charged.
        ends_at: When discharging ends and charging may begin.
        guard_pct: Distance kept from the minimum.
    """
    guarded = min(min_soc_pct + guard_pct, FULL_PCT)
    if departure is None:
        return Floor(guarded, departure=False)
    needed = departure.soc_pct - charging.gain_pct(ends_at, departure.at)
    return Floor(max(guarded, needed), departure=needed > guarded)
