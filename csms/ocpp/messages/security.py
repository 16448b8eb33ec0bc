"""What a station reports about its own security (block A)."""

from typing import Annotated

from csms.ocpp.wire import BOTH, Action, Instant, Wire, text


class SecurityEventNotificationRequest(Wire):
    """Something happened that matters to security (A04)."""

    type: Annotated[str, text(50)]
    timestamp: Instant
    tech_info: Annotated[str, text(255)] | None = None


class SecurityEventNotificationResponse(Wire):
    """The event is noted."""


SECURITY_EVENT_NOTIFICATION: Action[
    SecurityEventNotificationRequest, SecurityEventNotificationResponse
] = Action(
    "SecurityEventNotification",
    SecurityEventNotificationRequest,
    SecurityEventNotificationResponse,
    BOTH,
)
