"""Charging profiles, schedules, periods and operation modes.

Signs are OCPP's: a positive setpoint or limit charges, a negative one discharges.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from csms.domain.ids import EvseId, TransactionId


class Purpose(StrEnum):
    """What a profile is for (K01), in the words of the wire."""

    EXTERNAL = "ChargingStationExternalConstraints"
    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"
    PRIORITY = "PriorityCharging"
    LOCAL_GENERATION = "LocalGeneration"


class Kind(StrEnum):
    """How the periods of a schedule are laid on the calendar."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"
    DYNAMIC = "Dynamic"


class OperationMode(StrEnum):
    """How a period is to be followed (2.1, Q). ``ChargingOnly`` when omitted."""

    IDLE = "Idle"
    CHARGING_ONLY = "ChargingOnly"
    CENTRAL_SETPOINT = "CentralSetpoint"
    EXTERNAL_SETPOINT = "ExternalSetpoint"
    EXTERNAL_LIMITS = "ExternalLimits"
    CENTRAL_FREQUENCY = "CentralFrequency"
    LOCAL_FREQUENCY = "LocalFrequency"
    LOCAL_LOAD_BALANCING = "LocalLoadBalancing"


class RateUnit(StrEnum):
    """The unit of limits and setpoints."""

    WATTS = "W"
    AMPERES = "A"


class Role(StrEnum):
    """What a profile of ours is doing on a station: one stable id for each."""

    STATION_MAX = "station_max"
    FLOOR = "floor"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Period:
    """One step of a schedule.

    Attributes:
        start_s: Seconds after the start of the schedule.
        limit: The most that may be drawn; in the unit of the schedule.
        setpoint: What should flow; negative discharges (2.1 only).
        discharge_limit: The most that may be given back, zero or negative (2.1).
        mode: How to follow it; None is what a 2.0.1 station understands.
        phases: Number of phases, for AC only.
    """

    start_s: int
    limit: float | None = None
    setpoint: float | None = None
    discharge_limit: float | None = None
    mode: OperationMode | None = None
    phases: int | None = None

    @property
    def discharges(self) -> bool:
        """Tell whether a station that follows this period gives energy back."""
        return any(
            value is not None and value < 0 for value in (self.limit, self.setpoint)
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """One charging profile with one schedule.

    Attributes:
        id: Stable for its role on its EVSE; the same id replaces (K01.FR.05).
        evse: The EVSE, number 0 for the whole station.
        start: When an Absolute schedule begins; None for Dynamic.
        duration: After it, the profile no longer applies; never absent on a profile
            that discharges (rule 7).
        transaction: For a TxProfile, the running transaction (K01.FR.03).
        max_offline: 2.1: how long it stays in force without a connection (Q11).
        invalid_after_offline: 2.1: whether it is void after that (Q12).
        pull_interval: 2.1, Dynamic only: how often the station asks for news (K28).
    """

    id: int
    evse: EvseId
    purpose: Purpose
    kind: Kind
    stack_level: int
    unit: RateUnit
    periods: tuple[Period, ...]
    start: datetime | None = None
    duration: timedelta | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction: TransactionId | None = None
    max_offline: timedelta | None = None
    invalid_after_offline: bool | None = None
    pull_interval: timedelta | None = None

    @property
    def discharges(self) -> bool:
        """Tell whether any period of it gives energy back."""
        return any(period.discharges for period in self.periods)


@dataclass(frozen=True, slots=True)
class VendorCommand:
    """A setpoint in a vendor's own words, carried by DataTransfer (block P).

    Attributes:
        vendor_id: Whose words they are.
        message_id: Which of them.
        data: The words, JSON.
        until: When it ends by itself; none for a command that ends another.
    """

    evse: EvseId
    vendor_id: str
    message_id: str
    data: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Composite:
    """What a station says will result from all its profiles (K08).

    Attributes:
        start: When the first period begins.
        periods: In order; ``start_s`` counts from ``start``.
        unit: The unit of their limits and setpoints.
    """

    evse: EvseId
    start: datetime
    duration: timedelta
    unit: RateUnit
    periods: tuple[Period, ...]

    def at(self, instant: datetime) -> Period | None:
        """Return the period in force at the instant, if the schedule covers it."""
        offset = (instant - self.start).total_seconds()
        found = None
        for period in self.periods:
            if period.start_s <= offset:
                found = period
        return found if 0 <= offset < self.duration.total_seconds() else None
