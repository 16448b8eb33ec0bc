"""How a station introduces itself and how it is configured (block B)."""

from typing import Annotated

from csms.ocpp.messages.common import Component, StatusInfo, Variable
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
    Positive,
    Wire,
    Word,
    at_most,
    text,
)


class Attribute(Word):
    """Which of the values of a variable is meant; Actual if it is not said."""

    ACTUAL = "Actual"
    TARGET = "Target"
    MIN_SET = "MinSet"
    MAX_SET = "MaxSet"


class BootReason(Word):
    """Why a station started."""

    APPLICATION_RESET = "ApplicationReset"
    FIRMWARE_UPDATE = "FirmwareUpdate"
    LOCAL_RESET = "LocalReset"
    POWER_UP = "PowerUp"
    REMOTE_RESET = "RemoteReset"
    SCHEDULED_RESET = "ScheduledReset"
    TRIGGERED = "Triggered"
    UNKNOWN = "Unknown"
    WATCHDOG = "Watchdog"


class RegistrationStatus(Word):
    """Whether a station may take part."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class Data(Word):
    """The type of the value of a variable."""

    STRING = "string"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATE_TIME = "dateTime"
    BOOLEAN = "boolean"
    OPTION_LIST = "OptionList"
    SEQUENCE_LIST = "SequenceList"
    MEMBER_LIST = "MemberList"


class GenericDeviceModelStatus(Word):
    """Whether a report will come."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_SUPPORTED = "NotSupported"
    EMPTY_RESULT_SET = "EmptyResultSet"


class ReportBase(Word):
    """Which report of the device model is meant."""

    CONFIGURATION_INVENTORY = "ConfigurationInventory"
    FULL_INVENTORY = "FullInventory"
    SUMMARY_INVENTORY = "SummaryInventory"


class GetVariableStatus(Word):
    """Whether a variable could be read."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    NOT_SUPPORTED_ATTRIBUTE_TYPE = "NotSupportedAttributeType"


class Mutability(Word):
    """Whether a variable can be read or written."""

    READ_ONLY = "ReadOnly"
    WRITE_ONLY = "WriteOnly"
    READ_WRITE = "ReadWrite"


class Reset(Word):
    """When a station resets."""

    IMMEDIATE = "Immediate"
    ON_IDLE = "OnIdle"
    IMMEDIATE_AND_RESUME = "ImmediateAndResume"


class ResetStatus(Word):
    """Whether the reset will happen; Scheduled means after the transactions."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class SetVariableStatus(Word):
    """Whether a variable could be written."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    NOT_SUPPORTED_ATTRIBUTE_TYPE = "NotSupportedAttributeType"
    REBOOT_REQUIRED = "RebootRequired"


class ComponentCriterion(Word):
    """What a component must be for a report to speak of it."""

    ACTIVE = "Active"
    AVAILABLE = "Available"
    ENABLED = "Enabled"
    PROBLEM = "Problem"


class Modem(Wire):
    """The modem of a station."""

    iccid: Annotated[str, text(20)] | None = None
    imsi: Annotated[str, text(20)] | None = None


class ChargingStation(Wire):
    """What a station is: maker, model, firmware."""

    model: Annotated[str, text(20)]
    vendor_name: Annotated[str, text(50)]
    serial_number: Annotated[str, text(25)] | None = None
    modem: Modem | None = None
    firmware_version: Annotated[str, text(50)] | None = None


class BootNotificationRequest(Wire):
    """A station has started (B01)."""

    charging_station: ChargingStation
    reason: BootReason


class BootNotificationResponse(Wire):
    """Whether the station may take part, and what time it is (B01, B02, B03).

    Attributes:
        interval: Seconds between heartbeats if accepted, else until the next try.
    """

    current_time: Instant
    interval: Integer
    status: RegistrationStatus
    status_info: StatusInfo | None = None


class GetBaseReportRequest(Wire):
    """Ask for a report of the device model (B07)."""

    request_id: Integer
    report_base: ReportBase


class GetBaseReportResponse(Wire):
    """Whether a report will come."""

    status: GenericDeviceModelStatus
    status_info: StatusInfo | None = None


class GetVariableData(Wire):
    """A variable to be read."""

    component: Component
    variable: Variable
    attribute_type: Attribute | None = None


class GetVariableResult(Wire):
    """A variable as it was read; results come in any order."""

    attribute_status: GetVariableStatus
    component: Component
    variable: Variable
    attribute_status_info: StatusInfo | None = None
    attribute_type: Attribute | None = None
    attribute_value: Annotated[str, text(2500)] | None = None


class GetVariablesRequest(Wire):
    """Read variables (B06)."""

    get_variable_data: Many[GetVariableData]


class GetVariablesResponse(Wire):
    """The variables read."""

    get_variable_result: Many[GetVariableResult]


class VariableAttribute(Wire):
    """One of the values of a variable."""

    type: Attribute | None = None
    value: Annotated[str, text(2500)] | None = None
    mutability: Mutability | None = None
    persistent: bool | None = None
    constant: bool | None = None


class VariableCharacteristics(Wire):
    """What values a variable can have."""

    data_type: Data
    supports_monitoring: bool
    unit: Annotated[str, text(16)] | None = None
    min_limit: Number | None = None
    max_limit: Number | None = None
    max_elements: Positive | None = None
    values_list: Annotated[str, text(1000)] | None = None


class ReportData(Wire):
    """A variable as a report describes it."""

    component: Component
    variable: Variable
    variable_attribute: Annotated[Many[VariableAttribute], at_most(4)]
    variable_characteristics: VariableCharacteristics | None = None


class NotifyReportRequest(Wire):
    """A part of a report of the device model (B07).

    Attributes:
        tbc: Whether more parts follow; no if it is not said.
    """

    request_id: Integer
    generated_at: Instant
    seq_no: Natural
    report_data: Many[ReportData] | None = None
    tbc: bool | None = None


class NotifyReportResponse(Wire):
    """The part of the report is noted."""


class ResetRequest(Wire):
    """Reset a station or an EVSE (B11, B12)."""

    type: Reset
    evse_id: Natural | None = None


class ResetResponse(Wire):
    """Whether the reset will happen."""

    status: ResetStatus
    status_info: StatusInfo | None = None


class SetVariableData(Wire):
    """A variable to be written."""

    attribute_value: Annotated[str, text(2500)]
    component: Component
    variable: Variable
    attribute_type: Attribute | None = None


class SetVariableResult(Wire):
    """What became of a variable; results come in any order."""

    attribute_status: SetVariableStatus
    component: Component
    variable: Variable
    attribute_type: Attribute | None = None
    attribute_status_info: StatusInfo | None = None


class SetVariablesRequest(Wire):
    """Write variables (B05)."""

    set_variable_data: Many[SetVariableData]


class SetVariablesResponse(Wire):
    """What became of the variables."""

    set_variable_result: Many[SetVariableResult]


class ComponentVariable(Wire):
    """A component, and one of its variables or all of them."""

    component: Component
    variable: Variable | None = None


class GetReportRequest(Wire):
    """Ask for a report of some components and variables (B08)."""

    request_id: Integer
    component_variable: Many[ComponentVariable] | None = None
    component_criteria: Annotated[Many[ComponentCriterion], at_most(4)] | None = None


class GetReportResponse(Wire):
    """Whether a report will come."""

    status: GenericDeviceModelStatus
    status_info: StatusInfo | None = None


BOOT_NOTIFICATION: Action[BootNotificationRequest, BootNotificationResponse] = Action(
    "BootNotification",
    BootNotificationRequest,
    BootNotificationResponse,
    BOTH,
    FROM_STATION,
)
NOTIFY_REPORT: Action[NotifyReportRequest, NotifyReportResponse] = Action(
    "NotifyReport", NotifyReportRequest, NotifyReportResponse, BOTH, FROM_STATION
)
GET_BASE_REPORT: Action[GetBaseReportRequest, GetBaseReportResponse] = Action(
    "GetBaseReport", GetBaseReportRequest, GetBaseReportResponse, BOTH, TO_STATION
)
GET_VARIABLES: Action[GetVariablesRequest, GetVariablesResponse] = Action(
    "GetVariables", GetVariablesRequest, GetVariablesResponse, BOTH, TO_STATION
)
SET_VARIABLES: Action[SetVariablesRequest, SetVariablesResponse] = Action(
    "SetVariables", SetVariablesRequest, SetVariablesResponse, BOTH, TO_STATION
)
RESET: Action[ResetRequest, ResetResponse] = Action(
    "Reset", ResetRequest, ResetResponse, BOTH, TO_STATION
)
GET_REPORT: Action[GetReportRequest, GetReportResponse] = Action(
    "GetReport", GetReportRequest, GetReportResponse, BOTH, TO_STATION
)
