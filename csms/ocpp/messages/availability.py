"""Whether a station, an EVSE or a connector can be used (block G)."""

from csms.ocpp.messages.common import EVSE, StatusInfo
from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    TO_STATION,
    Action,
    Instant,
    Natural,
    Wire,
    Word,
)


class OperationalStatus(Word):
    """Whether something is in service."""

    INOPERATIVE = "Inoperative"
    OPERATIVE = "Operative"


class ChangeAvailabilityStatus(Word):
    """Whether the availability changes; Scheduled means after the transaction."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class ConnectorStatus(Word):
    """What state a connector is in."""

    AVAILABLE = "Available"
    OCCUPIED = "Occupied"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class ChangeAvailabilityRequest(Wire):
    """Take a station, an EVSE or a connector into or out of service (G03, G04)."""

    operational_status: OperationalStatus
    evse: EVSE | None = None


class ChangeAvailabilityResponse(Wire):
    """Whether the availability changes."""

    status: ChangeAvailabilityStatus
    status_info: StatusInfo | None = None


class HeartbeatRequest(Wire):
    """A station is alive (G02)."""


class HeartbeatResponse(Wire):
    """What time it is."""

    current_time: Instant


class StatusNotificationRequest(Wire):
    """The state of a connector (G01)."""

    timestamp: Instant
    connector_status: ConnectorStatus
    evse_id: Natural
    connector_id: Natural


class StatusNotificationResponse(Wire):
    """The state is noted."""


STATUS_NOTIFICATION: Action[StatusNotificationRequest, StatusNotificationResponse] = (
    Action(
        "StatusNotification",
        StatusNotificationRequest,
        StatusNotificationResponse,
        BOTH,
        FROM_STATION,
    )
)
HEARTBEAT: Action[HeartbeatRequest, HeartbeatResponse] = Action(
    "Heartbeat", HeartbeatRequest, HeartbeatResponse, BOTH, FROM_STATION
)
CHANGE_AVAILABILITY: Action[ChangeAvailabilityRequest, ChangeAvailabilityResponse] = (
    Action(
        "ChangeAvailability",
        ChangeAvailabilityRequest,
        ChangeAvailabilityResponse,
        BOTH,
        TO_STATION,
    )
)
