"""What a distributed energy resource is set to do for its grid (block R, 2.1 only).

The lower number of priority wins. Signs are those of the standard: unlike anywhere
else, a positive fixed var setpoint discharges.
"""

from typing import Annotated

from pydantic import Field

from csms.ocpp.messages.common import StatusInfo
from csms.ocpp.messages.needs import DERControl
from csms.ocpp.wire import (
    FROM_STATION,
    TO_STATION,
    V21_ONLY,
    Action,
    Instant,
    Integer,
    Many,
    Natural,
    Number,
    Wire,
    Word,
    at_most,
    text,
)


class DERControlStatus(Word):
    """Whether a control was set, found or cleared."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_SUPPORTED = "NotSupported"
    NOT_FOUND = "NotFound"


class DERUnit(Word):
    """What the y-axis of a curve, or a setpoint, is a percentage of."""

    NOT_APPLICABLE = "Not_Applicable"
    PCT_MAX_W = "PctMaxW"
    PCT_MAX_VAR = "PctMaxVar"
    PCT_W_AVAIL = "PctWAvail"
    PCT_VAR_AVAIL = "PctVarAvail"
    PCT_EFFECTIVE_V = "PctEffectiveV"


class PowerDuringCessation(Word):
    """What is fed in while a fault is ridden through."""

    ACTIVE = "Active"
    REACTIVE = "Reactive"


class DERCurvePoints(Wire):
    """A point of a curve.

    Attributes:
        y: As a power factor, positive absorbs reactive power and negative injects it.
    """

    x: Number
    y: Number


class Hysteresis(Wire):
    """When and how fast normal operation returns after a grid event.

    Attributes:
        hysteresis_delay: Seconds within the bounds.
        hysteresis_gradient: Percent per second.
    """

    hysteresis_high: Number | None = None
    hysteresis_low: Number | None = None
    hysteresis_delay: Number | None = None
    hysteresis_gradient: Number | None = None


class ReactivePowerParams(Wire):
    """How the reference voltage of a volt-var curve is found."""

    v_ref: Number | None = None
    autonomous_v_ref_enable: bool | None = None
    autonomous_v_ref_time_constant: Number | None = None


class VoltageParams(Wire):
    """When a mean voltage of ten minutes is too high (EN 50549-1, 4.9.3.4)."""

    hv10_min_mean_value: Number | None = None
    hv10_min_mean_trip_delay: Number | None = None
    power_during_cessation: PowerDuringCessation | None = None


class DERCurve(Wire):
    """A curve that power follows.

    Attributes:
        response_time: Seconds until 90 percent of a new target; 0 is no limit.
        start_time: Absent only from a default.
        duration: Seconds; absent only from a default.
    """

    curve_data: Annotated[Many[DERCurvePoints], at_most(10)]
    priority: Natural
    y_unit: DERUnit
    hysteresis: Hysteresis | None = None
    reactive_power_params: ReactivePowerParams | None = None
    voltage_params: VoltageParams | None = None
    response_time: Number | None = None
    start_time: Instant | None = None
    duration: Number | None = None


class EnterService(Wire):
    """When service may begin again: volts, hertz, seconds."""

    priority: Natural
    high_voltage: Number
    low_voltage: Number
    high_freq: Number
    low_freq: Number
    delay: Number | None = None
    random_delay: Number | None = None
    ramp_rate: Number | None = None


class FixedPF(Wire):
    """A power factor to hold.

    Attributes:
        displacement: Cosine of phi, from 0 to 1.
        excitation: Whether reactive power is absorbed.
        duration: Seconds.
    """

    priority: Natural
    displacement: Number
    excitation: bool
    start_time: Instant | None = None
    duration: Number | None = None


class FixedVar(Wire):
    """A reactive power to hold.

    Attributes:
        setpoint: Percent of the unit; positive discharges, negative charges.
        duration: Seconds.
    """

    priority: Natural
    setpoint: Number
    unit: DERUnit
    start_time: Instant | None = None
    duration: Number | None = None


class FreqDroop(Wire):
    """How power answers to the frequency.

    Attributes:
        response_time: Seconds until 90 percent of a new target.
        duration: Seconds.
    """

    priority: Natural
    over_freq: Number
    under_freq: Number
    over_droop: Number
    under_droop: Number
    response_time: Number
    start_time: Instant | None = None
    duration: Number | None = None


class Gradient(Wire):
    """How fast power may change; 0 if it does not apply."""

    priority: Natural
    gradient: Number
    soft_gradient: Number


class LimitMaxDischarge(Wire):
    """The most that may be discharged.

    Attributes:
        pct_max_discharge_power: Percent of what the vehicle can discharge at most.
        duration: Seconds.
    """

    priority: Natural
    pct_max_discharge_power: Number | None = None
    power_monitoring_must_trip: DERCurve | None = None
    start_time: Instant | None = None
    duration: Number | None = None


class DERCurveGet(Wire):
    """A curve as a report describes it."""

    curve: DERCurve
    id: Annotated[str, text(36)]
    curve_type: DERControl
    is_default: bool
    is_superseded: bool


class EnterServiceGet(Wire):
    """When service may begin again, as a report describes it."""

    enter_service: EnterService
    id: Annotated[str, text(36)]


class FixedPFGet(Wire):
    """A power factor as a report describes it."""

    fixed_pf: FixedPF = Field(alias="fixedPF")
    id: Annotated[str, text(36)]
    is_default: bool
    is_superseded: bool


class FixedVarGet(Wire):
    """A reactive power as a report describes it."""

    fixed_var: FixedVar
    id: Annotated[str, text(36)]
    is_default: bool
    is_superseded: bool


class FreqDroopGet(Wire):
    """A frequency droop as a report describes it."""

    freq_droop: FreqDroop
    id: Annotated[str, text(36)]
    is_default: bool
    is_superseded: bool


class GradientGet(Wire):
    """Gradients as a report describes them."""

    gradient: Gradient
    id: Annotated[str, text(36)]


class LimitMaxDischargeGet(Wire):
    """A limit of discharging as a report describes it."""

    id: Annotated[str, text(36)]
    is_default: bool
    is_superseded: bool
    limit_max_discharge: LimitMaxDischarge


class SetDERControlRequest(Wire):
    """Set one control; only the field of its type is given (R04.FR.16, R04.FR.17)."""

    is_default: bool
    control_id: Annotated[str, text(36)]
    control_type: DERControl
    curve: DERCurve | None = None
    enter_service: EnterService | None = None
    fixed_pf_absorb: FixedPF | None = Field(default=None, alias="fixedPFAbsorb")
    fixed_pf_inject: FixedPF | None = Field(default=None, alias="fixedPFInject")
    fixed_var: FixedVar | None = None
    freq_droop: FreqDroop | None = None
    gradient: Gradient | None = None
    limit_max_discharge: LimitMaxDischarge | None = None


class SetDERControlResponse(Wire):
    """Whether the control was set, and which others it supersedes."""

    status: DERControlStatus
    status_info: StatusInfo | None = None
    superseded_ids: Annotated[Many[Annotated[str, text(36)]], at_most(24)] | None = None


class GetDERControlRequest(Wire):
    """Ask which controls are set (R04.FR.30)."""

    request_id: Integer
    is_default: bool | None = None
    control_type: DERControl | None = None
    control_id: Annotated[str, text(36)] | None = None


class GetDERControlResponse(Wire):
    """Whether a report will come."""

    status: DERControlStatus
    status_info: StatusInfo | None = None


class ClearDERControlRequest(Wire):
    """Clear controls, by type or id (R04.FR.41)."""

    is_default: bool
    control_type: DERControl | None = None
    control_id: Annotated[str, text(36)] | None = None


class ClearDERControlResponse(Wire):
    """Whether the controls were cleared."""

    status: DERControlStatus
    status_info: StatusInfo | None = None


class ReportDERControlRequest(Wire):
    """A part of a report of controls (R04.FR.30).

    Attributes:
        tbc: Whether more parts follow; no if it is not said.
    """

    request_id: Integer
    curve: Annotated[Many[DERCurveGet], at_most(24)] | None = None
    enter_service: Annotated[Many[EnterServiceGet], at_most(24)] | None = None
    fixed_pf_absorb: Annotated[Many[FixedPFGet], at_most(24)] | None = Field(
        default=None, alias="fixedPFAbsorb"
    )
    fixed_pf_inject: Annotated[Many[FixedPFGet], at_most(24)] | None = Field(
        default=None, alias="fixedPFInject"
    )
    fixed_var: Annotated[Many[FixedVarGet], at_most(24)] | None = None
    freq_droop: Annotated[Many[FreqDroopGet], at_most(24)] | None = None
    gradient: Annotated[Many[GradientGet], at_most(24)] | None = None
    limit_max_discharge: Annotated[Many[LimitMaxDischargeGet], at_most(24)] | None = (
        None
    )
    tbc: bool | None = None


class ReportDERControlResponse(Wire):
    """The part of the report is noted."""


SET_DER_CONTROL: Action[SetDERControlRequest, SetDERControlResponse] = Action(
    "SetDERControl", SetDERControlRequest, SetDERControlResponse, V21_ONLY, TO_STATION
)
GET_DER_CONTROL: Action[GetDERControlRequest, GetDERControlResponse] = Action(
    "GetDERControl", GetDERControlRequest, GetDERControlResponse, V21_ONLY, TO_STATION
)
CLEAR_DER_CONTROL: Action[ClearDERControlRequest, ClearDERControlResponse] = Action(
    "ClearDERControl",
    ClearDERControlRequest,
    ClearDERControlResponse,
    V21_ONLY,
    TO_STATION,
)
REPORT_DER_CONTROL: Action[ReportDERControlRequest, ReportDERControlResponse] = Action(
    "ReportDERControl",
    ReportDERControlRequest,
    ReportDERControlResponse,
    V21_ONLY,
    FROM_STATION,
)
