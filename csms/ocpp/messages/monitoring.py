"""Monitors: what a station should raise an event about (block N)."""

from typing import Annotated

from csms.ocpp.messages.common import Component, GenericStatus, StatusInfo, Variable
from csms.ocpp.messages.diagnostics import EventNotification
from csms.ocpp.messages.event_streams import PeriodicEventStreamParams
from csms.ocpp.messages.provisioning import ComponentVariable, GenericDeviceModelStatus
from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    TO_STATION,
    Action,
    Instant,
    Integer,
    Many,
    Natural,
    Number,
    Wire,
    Word,
    at_most,
)


class Monitor(Word):
    """What a monitor looks at."""

    UPPER_THRESHOLD = "UpperThreshold"
    LOWER_THRESHOLD = "LowerThreshold"
    DELTA = "Delta"
    PERIODIC = "Periodic"
    PERIODIC_CLOCK_ALIGNED = "PeriodicClockAligned"
    TARGET_DELTA = "TargetDelta"
    TARGET_DELTA_RELATIVE = "TargetDeltaRelative"


class MonitoringBase(Word):
    """With which monitors a station starts afresh."""

    ALL = "All"
    FACTORY_DEFAULT = "FactoryDefault"
    HARD_WIRED_ONLY = "HardWiredOnly"


class MonitoringCriterion(Word):
    """Which kind of monitor a report should speak of."""

    THRESHOLD_MONITORING = "ThresholdMonitoring"
    DELTA_MONITORING = "DeltaMonitoring"
    PERIODIC_MONITORING = "PeriodicMonitoring"


class SetMonitoringStatus(Word):
    """Whether a monitor was set."""

    ACCEPTED = "Accepted"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    UNSUPPORTED_MONITOR_TYPE = "UnsupportedMonitorType"
    REJECTED = "Rejected"
    DUPLICATE = "Duplicate"


class ClearMonitoringStatus(Word):
    """Whether a monitor was cleared."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_FOUND = "NotFound"


class SetMonitoringData(Wire):
    """A monitor to be set.

    Attributes:
        value: The threshold or the difference; seconds if it is periodic.
        severity: From 0, danger, to 9, debugging.
        id: Only to replace a monitor; the station numbers new ones.
        transaction: Whether it works during transactions only; no if it is not said.
    """

    value: Number
    type: Monitor
    severity: Natural
    component: Component
    variable: Variable
    id: Natural | None = None
    periodic_event_stream: PeriodicEventStreamParams | None = None
    transaction: bool | None = None


class SetMonitoringResult(Wire):
    """What became of a monitor; results come in any order.

    Attributes:
        id: Its number, once it is set.
    """

    status: SetMonitoringStatus
    type: Monitor
    component: Component
    variable: Variable
    severity: Natural
    id: Natural | None = None
    status_info: StatusInfo | None = None


class ClearMonitoringResult(Wire):
    """What became of a monitor that was to be cleared."""

    status: ClearMonitoringStatus
    id: Natural
    status_info: StatusInfo | None = None


class VariableMonitoring(Wire):
    """A monitor as a report describes it.

    Attributes:
        value: The threshold or the difference; seconds if it is periodic.
        severity: From 0, danger, to 9, debugging.
        event_notification_type: Who set it; 2.1 requires it, 2.0.1 does not know it.
    """

    id: Natural
    transaction: bool
    value: Number
    type: Monitor
    severity: Natural
    event_notification_type: EventNotification | None = None


class MonitoringData(Wire):
    """The monitors of a variable."""

    component: Component
    variable: Variable
    variable_monitoring: Many[VariableMonitoring]


class SetMonitoringBaseRequest(Wire):
    """Have a station start afresh with some of its own monitors (N03)."""

    monitoring_base: MonitoringBase


class SetMonitoringBaseResponse(Wire):
    """Whether the station starts afresh."""

    status: GenericDeviceModelStatus
    status_info: StatusInfo | None = None


class SetMonitoringLevelRequest(Wire):
    """Set how severe an event must be to be reported (N05).

    Attributes:
        severity: The highest number still reported; 9 reports everything.
    """

    severity: Natural


class SetMonitoringLevelResponse(Wire):
    """Whether the level holds."""

    status: GenericStatus
    status_info: StatusInfo | None = None


class SetVariableMonitoringRequest(Wire):
    """Set monitors (N04, N11)."""

    set_monitoring_data: Many[SetMonitoringData]


class SetVariableMonitoringResponse(Wire):
    """What became of each monitor."""

    set_monitoring_result: Many[SetMonitoringResult]


class ClearVariableMonitoringRequest(Wire):
    """Clear monitors, by number (N06)."""

    id: Many[Natural]


class ClearVariableMonitoringResponse(Wire):
    """What became of each monitor."""

    clear_monitoring_result: Many[ClearMonitoringResult]


class GetMonitoringReportRequest(Wire):
    """Ask which monitors are set (N02)."""

    request_id: Integer
    component_variable: Many[ComponentVariable] | None = None
    monitoring_criteria: Annotated[Many[MonitoringCriterion], at_most(3)] | None = None


class GetMonitoringReportResponse(Wire):
    """Whether a report will come."""

    status: GenericDeviceModelStatus
    status_info: StatusInfo | None = None


class NotifyMonitoringReportRequest(Wire):
    """A part of a report of monitors (N02).

    Attributes:
        tbc: Whether more parts follow; no if it is not said.
    """

    request_id: Integer
    seq_no: Natural
    generated_at: Instant
    monitor: Many[MonitoringData] | None = None
    tbc: bool | None = None


class NotifyMonitoringReportResponse(Wire):
    """The part of the report is noted."""


SET_MONITORING_BASE: Action[SetMonitoringBaseRequest, SetMonitoringBaseResponse] = (
    Action(
        "SetMonitoringBase",
        SetMonitoringBaseRequest,
        SetMonitoringBaseResponse,
        BOTH,
        TO_STATION,
    )
)
SET_MONITORING_LEVEL: Action[SetMonitoringLevelRequest, SetMonitoringLevelResponse] = (
    Action(
        "SetMonitoringLevel",
        SetMonitoringLevelRequest,
        SetMonitoringLevelResponse,
        BOTH,
        TO_STATION,
    )
)
SET_VARIABLE_MONITORING: Action[
    SetVariableMonitoringRequest, SetVariableMonitoringResponse
] = Action(
    "SetVariableMonitoring",
    SetVariableMonitoringRequest,
    SetVariableMonitoringResponse,
    BOTH,
    TO_STATION,
)
CLEAR_VARIABLE_MONITORING: Action[
    ClearVariableMonitoringRequest, ClearVariableMonitoringResponse
] = Action(
    "ClearVariableMonitoring",
    ClearVariableMonitoringRequest,
    ClearVariableMonitoringResponse,
    BOTH,
    TO_STATION,
)
GET_MONITORING_REPORT: Action[
    GetMonitoringReportRequest, GetMonitoringReportResponse
] = Action(
    "GetMonitoringReport",
    GetMonitoringReportRequest,
    GetMonitoringReportResponse,
    BOTH,
    TO_STATION,
)
NOTIFY_MONITORING_REPORT: Action[
    NotifyMonitoringReportRequest, NotifyMonitoringReportResponse
] = Action(
    "NotifyMonitoringReport",
    NotifyMonitoringReportRequest,
    NotifyMonitoringReportResponse,
    BOTH,
    FROM_STATION,
)
