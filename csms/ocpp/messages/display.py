"""Messages on the display of a station (block O)."""

from typing import Annotated

from csms.ocpp.messages.common import Component, MessageContent, StatusInfo
from csms.ocpp.wire import (
    BOTH,
    Action,
    Instant,
    Many,
    Natural,
    Wire,
    Word,
    at_most,
    text,
)


class DisplayMessageStatus(Word):
    """Whether a display message will be shown."""

    ACCEPTED = "Accepted"
    NOT_SUPPORTED_MESSAGE_FORMAT = "NotSupportedMessageFormat"
    REJECTED = "Rejected"
    NOT_SUPPORTED_PRIORITY = "NotSupportedPriority"
    NOT_SUPPORTED_STATE = "NotSupportedState"
    UNKNOWN_TRANSACTION = "UnknownTransaction"
    LANGUAGE_NOT_SUPPORTED = "LanguageNotSupported"


class MessagePriority(Word):
    """How a display message competes with others."""

    ALWAYS_FRONT = "AlwaysFront"
    IN_FRONT = "InFront"
    NORMAL_CYCLE = "NormalCycle"


class MessageState(Word):
    """In which state of the station a display message is shown."""

    CHARGING = "Charging"
    FAULTED = "Faulted"
    IDLE = "Idle"
    UNAVAILABLE = "Unavailable"
    SUSPENDED = "Suspended"
    DISCHARGING = "Discharging"


class MessageInfo(Wire):
    """A message for the display of a station."""

    id: Natural
    priority: MessagePriority
    message: MessageContent
    display: Component | None = None
    state: MessageState | None = None
    start_date_time: Instant | None = None
    end_date_time: Instant | None = None
    transaction_id: Annotated[str, text(36)] | None = None
    message_extra: Annotated[Many[MessageContent], at_most(4)] | None = None


class SetDisplayMessageRequest(Wire):
    """Show a message (O01, O02)."""

    message: MessageInfo


class SetDisplayMessageResponse(Wire):
    """Whether the message will be shown."""

    status: DisplayMessageStatus
    status_info: StatusInfo | None = None


SET_DISPLAY_MESSAGE: Action[SetDisplayMessageRequest, SetDisplayMessageResponse] = (
    Action(
        "SetDisplayMessage", SetDisplayMessageRequest, SetDisplayMessageResponse, BOTH
    )
)
