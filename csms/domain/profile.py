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


class Recurrency(StrEnum):
    """How often a Recurring schedule begins anew."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class Role(StrEnum):
    """What a profile of ours is doing on a station: one stable id for each."""

    STATION_MAX = "station_max"
    FLOOR = "floor"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Period:
    """One step of a schedule.

    Figures are in the unit of the schedule. Where a field has siblings for the second
    and third phase, it is the first phase's; else all of them together.

    Attributes:
        start_s: Seconds after the start of the schedule.
        limit: The most that may be drawn.
        setpoint: What should flow; negative discharges (2.1 only).
        discharge_limit: The most that may be given back, zero or negative (2.1).
        mode: How to follow it; None is what a 2.0.1 station understands.
        phases: Number of phases, for AC only.
        phase_to_use: Which one, where there is one (K01.FR.19).
        reactive: The reactive power that should flow (2.1).
        preconditioning: Whether the battery should be readied (2.1, Q10).
        sleep: Whether the EVSE may turn its electronics off (2.1, Q10).
        baseline: The power that frequency and signals act upon (2.1, Q08).
        freq_curve: Hertz and the watts that they add (2.1, Q08).
        signal_curve: Signals and the watts that they add (2.1, Q08).
    """

    start_s: int
    limit: float | None = None
    setpoint: float | None = None
    discharge_limit: float | None = None
    mode: OperationMode | None = None
    phases: int | None = None
    phase_to_use: int | None = None
    limit_l2: float | None = None
    limit_l3: float | None = None
    setpoint_l2: float | None = None
    setpoint_l3: float | None = None
    discharge_limit_l2: float | None = None
    discharge_limit_l3: float | None = None
    reactive: float | None = None
    reactive_l2: float | None = None
    reactive_l3: float | None = None
    preconditioning: bool | None = None
    sleep: bool | None = None
    baseline: float | None = None
    freq_curve: tuple[tuple[float, float], ...] = ()
    signal_curve: tuple[tuple[int, float], ...] = ()

    @property
    def discharges(self) -> bool:
        """Tell whether a station that follows this period gives energy back."""
        return any(
            value is not None and value < 0
            for value in (
                self.limit,
                self.setpoint,
                self.limit_l2,
                self.limit_l3,
                self.setpoint_l2,
                self.setpoint_l3,
            )
        )


@dataclass(frozen=True, slots=True)
class Schedule:
    """One of up to three schedules that a vehicle may choose from (ISO 15118, K15).

    Attributes:
        id: By which the vehicle names its choice.
        start: When an Absolute or Recurring one begins.
        duration: After it, the schedule no longer applies.
        min_rate: Below this, charging is inefficient (K01.FR.21).
        above_soc: A state of charge in percent, and the limit from there on (2.1).
        local_time: Whether its start is meant in the station's local time (2.1).
        random_delay: Most that the station shifts each period but the first (2.1).
    """

    id: int
    unit: RateUnit
    periods: tuple[Period, ...]
    start: datetime | None = None
    duration: timedelta | None = None
    min_rate: float | None = None
    above_soc: tuple[int, float] | None = None
    local_time: bool = False
    random_delay: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One charging profile; nearly always with one schedule.

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
        updated_at: 2.1, Dynamic only: when its values were last told (K28.FR.09).
        recurrency: For a Recurring profile, how often it begins anew.
        min_rate: As of ``Schedule``; so the next four.
        schedule_id: By which its schedule is named; its own id if not said.
        alternatives: Second and third schedule, for ISO 15118 only (K01.FR.34).
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
    updated_at: datetime | None = None
    recurrency: Recurrency | None = None
    min_rate: float | None = None
    above_soc: tuple[int, float] | None = None
    local_time: bool = False
    random_delay: timedelta | None = None
    schedule_id: int | None = None
    alternatives: tuple[Schedule, ...] = ()

    @property
    def discharges(self) -> bool:
        """Tell whether any period of it gives energy back."""
        return any(
            period.discharges
            for schedule in (
                self.periods,
                *(each.periods for each in self.alternatives),
            )
            for period in schedule
        )

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """Return its schedules, the first one first."""
        own = Schedule(
            self.id if self.schedule_id is None else self.schedule_id,
            self.unit,
            self.periods,
            self.start,
            self.duration,
            self.min_rate,
            self.above_soc,
            self.local_time,
            self.random_delay,
        )
        return own, *self.alternatives


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
