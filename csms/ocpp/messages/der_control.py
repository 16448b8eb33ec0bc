"""What a station reports as a distributed energy resource (block R, 2.1 only)."""

from typing import Annotated

from csms.ocpp.messages.needs import DERControl
from csms.ocpp.wire import (
    FROM_STATION,
    V21_ONLY,
    Action,
    Instant,
    Many,
    Wire,
    Word,
    at_most,
    text,
)


class GridEventFault(Word):
    """What is wrong with the grid."""

    CURRENT_IMBALANCE = "CurrentImbalance"
    LOCAL_EMERGENCY = "LocalEmergency"
    LOW_INPUT_POWER = "LowInputPower"
    OVER_CURRENT = "OverCurrent"
    OVER_FREQUENCY = "OverFrequency"
    OVER_VOLTAGE = "OverVoltage"
    PHASE_ROTATION = "PhaseRotation"
    REMOTE_EMERGENCY = "RemoteEmergency"
    UNDER_FREQUENCY = "UnderFrequency"
    UNDER_VOLTAGE = "UnderVoltage"
    VOLTAGE_IMBALANCE = "VoltageImbalance"


class NotifyDERAlarmRequest(Wire):
    """A grid event makes the station deviate from its profile (R05)."""

    control_type: DERControl
    timestamp: Instant
    grid_event_fault: GridEventFault | None = None
    alarm_ended: bool | None = None
    extra_info: Annotated[str, text(200)] | None = None


class NotifyDERAlarmResponse(Wire):
    """The alarm is noted."""


class NotifyDERStartStopRequest(Wire):
    """A control of the distributed energy resource starts or stops (R04.FR.20)."""

    control_id: Annotated[str, text(36)]
    started: bool
    timestamp: Instant
    superseded_ids: Annotated[Many[Annotated[str, text(36)]], at_most(24)] | None = None


class NotifyDERStartStopResponse(Wire):
    """The start or stop is noted."""


NOTIFY_DER_ALARM: Action[NotifyDERAlarmRequest, NotifyDERAlarmResponse] = Action(
    "NotifyDERAlarm",
    NotifyDERAlarmRequest,
    NotifyDERAlarmResponse,
    V21_ONLY,
    FROM_STATION,
)
NOTIFY_DER_START_STOP: Action[NotifyDERStartStopRequest, NotifyDERStartStopResponse] = (
    Action(
        "NotifyDERStartStop",
        NotifyDERStartStopRequest,
        NotifyDERStartStopResponse,
        V21_ONLY,
        FROM_STATION,
    )
)
