"""Charging profiles and schedules: what is set, echoed and reported.

Positive power charges the vehicle, negative power discharges it.
"""

from typing import Annotated

from pydantic import Field

from csms.ocpp.messages.prices import (
    AbsolutePriceSchedule,
    PriceLevelSchedule,
    SalesTariff,
)
from csms.ocpp.wire import (
    Instant,
    Integer,
    Many,
    Natural,
    Number,
    Percent,
    PhaseCount,
    Wire,
    Word,
    at_most,
    text,
)


class ChargingProfilePurpose(Word):
    """What a charging profile is for."""

    CHARGING_STATION_EXTERNAL_CONSTRAINTS = "ChargingStationExternalConstraints"
    CHARGING_STATION_MAX_PROFILE = "ChargingStationMaxProfile"
    TX_DEFAULT_PROFILE = "TxDefaultProfile"
    TX_PROFILE = "TxProfile"
    PRIORITY_CHARGING = "PriorityCharging"
    LOCAL_GENERATION = "LocalGeneration"


class ChargingProfileKind(Word):
    """How periods lie in time; Dynamic has one, set as it goes (K28)."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"
    DYNAMIC = "Dynamic"


class ChargingProfileStatus(Word):
    """Whether a charging profile was accepted."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ChargingRateUnit(Word):
    """Whether a schedule speaks of watts or of amperes per phase."""

    W = "W"
    A = "A"


class OperationMode(Word):
    """How an EVSE moves energy; ChargingOnly if it is not said."""

    IDLE = "Idle"
    CHARGING_ONLY = "ChargingOnly"
    CENTRAL_SETPOINT = "CentralSetpoint"
    EXTERNAL_SETPOINT = "ExternalSetpoint"
    EXTERNAL_LIMITS = "ExternalLimits"
    CENTRAL_FREQUENCY = "CentralFrequency"
    LOCAL_FREQUENCY = "LocalFrequency"
    LOCAL_LOAD_BALANCING = "LocalLoadBalancing"


class RecurrencyKind(Word):
    """How often a recurring profile starts anew."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class ChargingLimit(Wire):
    """Who limits charging from outside."""

    charging_limit_source: Annotated[str, text(20)]
    is_local_generation: bool | None = None
    is_grid_critical: bool | None = None


class ChargingProfileCriterion(Wire):
    """Which charging profiles are asked for."""

    charging_profile_purpose: ChargingProfilePurpose | None = None
    stack_level: Natural | None = None
    charging_profile_id: Many[Integer] | None = None
    charging_limit_source: (
        Annotated[Many[Annotated[str, text(20)]], at_most(4)] | None
    ) = None


class V2XFreqWattPoint(Wire):
    """Watts at a frequency in hertz."""

    frequency: Number
    power: Number


class V2XSignalWattPoint(Wire):
    """Watts at a value of the control signal."""

    signal: Integer
    power: Number


class ChargingSchedulePeriod(Wire):
    """What holds from one moment of a schedule until the next period.

    Attributes:
        start_period: Seconds from the start of the schedule.
        limit: Most into the vehicle; negative only in dialects of 2.0.1.
        discharge_limit: Most out of the vehicle, zero or negative (2.1).
        setpoint: What to follow; negative discharges (2.1; Q03.FR.01).
        operation_mode: How the EVSE works; ChargingOnly if it is not said (2.1).
    """

    start_period: Integer
    limit: Number | None = None
    limit_l2: Number | None = Field(default=None, alias="limit_L2")
    limit_l3: Number | None = Field(default=None, alias="limit_L3")
    number_phases: PhaseCount | None = None
    phase_to_use: PhaseCount | None = None
    discharge_limit: Annotated[Number, Field(le=0)] | None = None
    discharge_limit_l2: Annotated[Number, Field(le=0)] | None = Field(
        default=None, alias="dischargeLimit_L2"
    )
    discharge_limit_l3: Annotated[Number, Field(le=0)] | None = Field(
        default=None, alias="dischargeLimit_L3"
    )
    setpoint: Number | None = None
    setpoint_l2: Number | None = Field(default=None, alias="setpoint_L2")
    setpoint_l3: Number | None = Field(default=None, alias="setpoint_L3")
    setpoint_reactive: Number | None = None
    setpoint_reactive_l2: Number | None = Field(
        default=None, alias="setpointReactive_L2"
    )
    setpoint_reactive_l3: Number | None = Field(
        default=None, alias="setpointReactive_L3"
    )
    preconditioning_request: bool | None = None
    evse_sleep: bool | None = None
    v2x_baseline: Number | None = Field(default=None, alias="v2xBaseline")
    operation_mode: OperationMode | None = None
    v2x_freq_watt_curve: Annotated[Many[V2XFreqWattPoint], at_most(20)] | None = Field(
        default=None, alias="v2xFreqWattCurve"
    )
    v2x_signal_watt_curve: Annotated[Many[V2XSignalWattPoint], at_most(20)] | None = (
        Field(default=None, alias="v2xSignalWattCurve")
    )


class LimitAtSoC(Wire):
    """A limit that holds above a state of charge, in percent."""

    soc: Percent
    limit: Number


class ChargingSchedule(Wire):
    """Limits and setpoints over time (K01).

    Attributes:
        start_schedule: Where its time starts; Absolute needs it (K01.FR.40).
        duration: Seconds it lasts; without it, the last period has no end.
        randomized_delay: Most seconds the station may shift each period.
    """

    id: Integer
    charging_rate_unit: ChargingRateUnit
    charging_schedule_period: Annotated[Many[ChargingSchedulePeriod], at_most(1024)]
    limit_at_soc: LimitAtSoC | None = Field(default=None, alias="limitAtSoC")
    start_schedule: Instant | None = None
    duration: Integer | None = None
    min_charging_rate: Number | None = None
    power_tolerance: Number | None = None
    signature_id: Natural | None = None
    digest_value: Annotated[str, text(88)] | None = None
    use_local_time: bool | None = None
    randomized_delay: Natural | None = None
    sales_tariff: SalesTariff | None = None
    absolute_price_schedule: AbsolutePriceSchedule | None = None
    price_level_schedule: PriceLevelSchedule | None = None


class ChargingProfile(Wire):
    """A plan that bounds or sets the power of an EVSE over time (K01).

    Attributes:
        id: Unique on the station.
        stack_level: The higher level wins within a purpose (K01.FR.05).
        transaction_id: Only for TxProfile, and required there (K01.FR.03).
        max_offline_duration: Seconds without connection until it is not valid (Q11).
        invalid_after_offline_duration: Whether it stays invalid after that (Q12).
        dyn_update_interval: Seconds until a dynamic profile is pulled again.
    """

    id: Integer
    stack_level: Natural
    charging_profile_purpose: ChargingProfilePurpose
    charging_profile_kind: ChargingProfileKind
    charging_schedule: Annotated[Many[ChargingSchedule], at_most(3)]
    recurrency_kind: RecurrencyKind | None = None
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    transaction_id: Annotated[str, text(36)] | None = None
    max_offline_duration: Integer | None = None
    invalid_after_offline_duration: bool | None = None
    dyn_update_interval: Integer | None = None
    dyn_update_time: Instant | None = None
    price_schedule_signature: Annotated[str, text(256)] | None = None


class ChargingScheduleUpdate(Wire):
    """New values for the period of a dynamic profile (K28); signs as there."""

    limit: Number | None = None
    limit_l2: Number | None = Field(default=None, alias="limit_L2")
    limit_l3: Number | None = Field(default=None, alias="limit_L3")
    discharge_limit: Annotated[Number, Field(le=0)] | None = None
    discharge_limit_l2: Annotated[Number, Field(le=0)] | None = Field(
        default=None, alias="dischargeLimit_L2"
    )
    discharge_limit_l3: Annotated[Number, Field(le=0)] | None = Field(
        default=None, alias="dischargeLimit_L3"
    )
    setpoint: Number | None = None
    setpoint_l2: Number | None = Field(default=None, alias="setpoint_L2")
    setpoint_l3: Number | None = Field(default=None, alias="setpoint_L3")
    setpoint_reactive: Number | None = None
    setpoint_reactive_l2: Number | None = Field(
        default=None, alias="setpointReactive_L2"
    )
    setpoint_reactive_l3: Number | None = Field(
        default=None, alias="setpointReactive_L3"
    )


class ClearChargingProfile(Wire):
    """Which charging profiles are to be cleared."""

    evse_id: Natural | None = None
    charging_profile_purpose: ChargingProfilePurpose | None = None
    stack_level: Natural | None = None


class CompositeSchedule(Wire):
    """What follows from all profiles of an EVSE taken together (K08).

    Attributes:
        duration: Seconds it covers.
        schedule_start: Where its time starts.
    """

    evse_id: Natural
    duration: Integer
    schedule_start: Instant
    charging_rate_unit: ChargingRateUnit
    charging_schedule_period: Many[ChargingSchedulePeriod]
