"""What each EVSE can do in an event, and the one setpoint that is intended for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from csms.domain.event import Reason
from csms.domain.interval import Interval
from csms.domain.units import ZERO_ENERGY, ZERO_POWER, Energy, Power

if TYPE_CHECKING:
    from csms.domain.ids import EventId, EvseId, ParticipantId, SiteId
    from csms.domain.vehicle import DepartureNeed

LIMITED_BY_EVSE = "EVSE"
LIMITED_BY_VEHICLE = "vehicle"
LIMITED_BY_ENERGY = "energy"
LIMITED_BY_FLOOR = "floor"
LIMITED_BY_DEPARTURE = "departure"
LIMITED_BY_SITE_EXPORT = "site_export"
LIMITED_BY_MINIMUM_POWER = "minimum_power"
LIMITED_BY_TARGET = "target"


def limited_by_exclusion(reason: Reason) -> str:
    """Return how a plan says that an EVSE was excluded for this reason."""
    return f"excluded:{reason.value}"


@dataclass(frozen=True, slots=True)
class Availability:
    """What one enrolled EVSE and the vehicle at it could do in an event.

    Powers are positive magnitudes, percentages run from 0 to 100, efficiencies are
    one way, above 0 and up to 1.

    Attributes:
        evse: The EVSE.
        site: Where it stands.
        participant: Who must be asked.
        max_discharge: Most the EVSE gives, after interconnection and dialect limits.
        min_discharge: Least the EVSE can give without stopping.
        max_charge: Most that EVSE and vehicle take together.
        vehicle_max_discharge: Most the vehicle gives.
        battery: Usable capacity of the vehicle.
        soc_pct: Last trusted state of charge, if any.
        soc_at: When it was measured.
        expected_soc_pct: Forecast of the state of charge at the event's start.
        floor_soc_pct: Least the driver allows; guards are added by the planner.
        reserve_pct: State of charge that the plan leaves above floor and guard.
        discharge_efficiency: From battery to meter.
        charge_efficiency: From meter to battery.
        plugged: Whether a vehicle is plugged in now.
        next_departure: First departure at or after the event's start, if any.
        exclusions: Why it must not be planned at all; none if it may.
        opted_out: Whether the participant opted out of this event.
    """

    evse: "EvseId"
    site: "SiteId"
    participant: "ParticipantId"
    max_discharge: Power
    min_discharge: Power
    max_charge: Power
    vehicle_max_discharge: Power
    battery: Energy
    soc_pct: float | None
    soc_at: datetime | None
    expected_soc_pct: float | None
    floor_soc_pct: float
    reserve_pct: float = 2.0
    discharge_efficiency: float = 0.92
    charge_efficiency: float = 0.92
    plugged: bool = True
    next_departure: "DepartureNeed | None" = None
    exclusions: tuple[Reason, ...] = ()
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Setpoint:
    """One power for one EVSE over one stretch of time.

    Attributes:
        evse: The EVSE.
        window: From when to when.
        power: Negative: it gives back to the grid.
        reason: Why, in a word such as ``program:ma-cs-small``.
    """

    evse: "EvseId"
    window: Interval
    power: Power
    reason: str

    def energy_within(self, interval: Interval) -> Energy:
        """Return the energy that falls into the interval, negative for export."""
        shared = self.window.overlap(interval)
        return self.power.over(shared.duration) if shared else ZERO_ENERGY


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """What is intended for one EVSE.

    Attributes:
        evse: The EVSE.
        setpoint: What it should do; none if nothing is asked of it.
        planned: Energy of the setpoint over its window, zero or negative (export).
        limited_by: What kept it from giving more: one of the ``LIMITED_BY`` words, or
            ``excluded:<reason>``.
        expected_soc_end_pct: State of charge expected at the window's end, if known.
        forecast: Whether this rests on a forecast state of charge, not a measured one.
        exclusions: Every reason for which it was excluded.
    """

    evse: "EvseId"
    setpoint: Setpoint | None
    planned: Energy
    limited_by: str
    expected_soc_end_pct: float | None = None
    forecast: bool = False
    exclusions: tuple[Reason, ...] = ()

    @property
    def power(self) -> Power:
        """Return the power asked for, zero if none."""
        return self.setpoint.power if self.setpoint else ZERO_POWER

    def planned_within(self, interval: Interval) -> Energy:
        """Return the planned energy that falls into the interval."""
        return self.setpoint.energy_within(interval) if self.setpoint else ZERO_ENERGY


@dataclass(frozen=True, slots=True)
class Plan:
    """What is intended for a whole fleet in one event.

    Attributes:
        event: The event.
        revision: Counts the plans of this event, from 1.
        made_at: When it was made; setpoints never reach back before it.
        entries: One per EVSE, ordered by EVSE.
        shortfall: What is missing of the event's target where the plan is weakest, as
            a positive magnitude; zero without a target.
    """

    event: "EventId"
    revision: int
    made_at: datetime
    entries: tuple[PlanEntry, ...]
    shortfall: Power = ZERO_POWER

    def entry(self, evse: "EvseId") -> PlanEntry | None:
        """Return what is intended for the EVSE, if it is in the plan."""
        return next((each for each in self.entries if each.evse == evse), None)

    @property
    def planned(self) -> Energy:
        """Return the planned energy of all, zero or negative."""
        return Energy.total(entry.planned for entry in self.entries)

    @property
    def power(self) -> Power:
        """Return the sum of all setpoints, zero or negative."""
        return Power.total(entry.power for entry in self.entries)
