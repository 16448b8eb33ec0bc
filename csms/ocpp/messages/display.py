"""Messages on the display of a station (block O)."""

from typing import Annotated

from csms.ocpp.messages.common import Component, MessageContent, StatusInfo
from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    TO_STATION,
    Action,
    Instant,
    Integer,
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


class GetDisplayMessagesStatus(Word):
    """Whether there are such display messages."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"


class ClearMessageStatus(Word):
    """Whether a display message was cleared."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"
    REJECTED = "Rejected"


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


class GetDisplayMessagesRequest(Wire):
    """Ask which messages are installed (O03, O04)."""

    request_id: Integer
    id: Many[Natural] | None = None
    priority: MessagePriority | None = None
    state: MessageState | None = None


class GetDisplayMessagesResponse(Wire):
    """Whether messages will be reported."""

    status: GetDisplayMessagesStatus
    status_info: StatusInfo | None = None


class NotifyDisplayMessagesRequest(Wire):
    """Installed messages, in parts (O03, O04).

    Attributes:
        tbc: Whether more parts follow; no if it is not said.
    """

    request_id: Integer
    message_info: Many[MessageInfo] | None = None
    tbc: bool | None = None


class NotifyDisplayMessagesResponse(Wire):
    """The part of the report is noted."""


class ClearDisplayMessageRequest(Wire):
    """Clear a message (O05)."""

    id: Natural


class ClearDisplayMessageResponse(Wire):
    """Whether the message was cleared."""

    status: ClearMessageStatus
    status_info: StatusInfo | None = None


SET_DISPLAY_MESSAGE: Action[SetDisplayMessageRequest, SetDisplayMessageResponse] = (
    Action(
        "SetDisplayMessage",
        SetDisplayMessageRequest,
        SetDisplayMessageResponse,
        BOTH,
        TO_STATION,
    )
)
GET_DISPLAY_MESSAGES: Action[GetDisplayMessagesRequest, GetDisplayMessagesResponse] = (
    Action(
        "GetDisplayMessages",
        GetDisplayMessagesRequest,
        GetDisplayMessagesResponse,
        BOTH,
        TO_STATION,
    )
)
NOTIFY_DISPLAY_MESSAGES: Action[
    NotifyDisplayMessagesRequest, NotifyDisplayMessagesResponse
] = Action(
    "NotifyDisplayMessages",
    NotifyDisplayMessagesRequest,
    NotifyDisplayMessagesResponse,
    BOTH,
    FROM_STATION,
)
CLEAR_DISPLAY_MESSAGE: Action[
    ClearDisplayMessageRequest, ClearDisplayMessageResponse
] = Action(
    "ClearDisplayMessage",
    ClearDisplayMessageRequest,
    ClearDisplayMessageResponse,
    BOTH,
    TO_STATION,
)
