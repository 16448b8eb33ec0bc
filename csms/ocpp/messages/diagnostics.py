"""Events of the device model (block N)."""

from typing import Annotated

from csms.ocpp.messages.common import Component, Variable
from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    Action,
    Instant,
    Many,
    Natural,
    Wire,
    Word,
    text,
)


class EventNotification(Word):
    """What kind of monitor raised an event."""

    HARD_WIRED_NOTIFICATION = "HardWiredNotification"
    HARD_WIRED_MONITOR = "HardWiredMonitor"
    PRECONFIGURED_MONITOR = "PreconfiguredMonitor"
    CUSTOM_MONITOR = "CustomMonitor"


class EventTrigger(Word):
    """What made a monitor raise an event."""

    ALERTING = "Alerting"
    DELTA = "Delta"
    PERIODIC = "Periodic"


class EventData(Wire):
    """One event of the device model."""

    event_id: Natural
    timestamp: Instant
    trigger: EventTrigger
    actual_value: Annotated[str, text(2500)]
    component: Component
    event_notification_type: EventNotification
    variable: Variable
    cause: Natural | None = None
    tech_code: Annotated[str, text(50)] | None = None
    tech_info: Annotated[str, text(500)] | None = None
    cleared: bool | None = None
    transaction_id: Annotated[str, text(36)] | None = None
    variable_monitoring_id: Natural | None = None
    severity: Natural | None = None


class NotifyEventRequest(Wire):
    """Events of the device model (N07).

    Attributes:
        tbc: Whether more parts follow; no if it is not said.
    """

    generated_at: Instant
    seq_no: Natural
    event_data: Many[EventData]
    tbc: bool | None = None


class NotifyEventResponse(Wire):
    """The events are noted."""


NOTIFY_EVENT: Action[NotifyEventRequest, NotifyEventResponse] = Action(
    "NotifyEvent", NotifyEventRequest, NotifyEventResponse, BOTH, FROM_STATION
)
