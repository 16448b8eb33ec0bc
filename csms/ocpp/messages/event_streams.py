"""Values of monitors in a steady stream (block N, 2.1 only)."""

from typing import Annotated

from csms.ocpp.messages.common import GenericStatus, StatusInfo
from csms.ocpp.wire import (
    FROM_STATION,
    TO_STATION,
    V21_ONLY,
    Action,
    Instant,
    Many,
    Natural,
    Number,
    Unconfirmed,
    Wire,
    text,
)


class PeriodicEventStreamParams(Wire):
    """How often a stream is sent.

    Attributes:
        interval: Seconds after which what has gathered is sent.
        values: How many values are sent together.
    """

    interval: Natural | None = None
    values: Natural | None = None


class ConstantStreamData(Wire):
    """What does not change about a stream."""

    id: Natural
    params: PeriodicEventStreamParams
    variable_monitoring_id: Natural


class StreamDataElement(Wire):
    """One value of a stream.

    Attributes:
        t: Seconds after the instant that the message names.
        v: The value, as text.
    """

    t: Number
    v: Annotated[str, text(2500)]


class OpenPeriodicEventStreamRequest(Wire):
    """A station wants to send a stream (N11)."""

    constant_stream_data: ConstantStreamData


class OpenPeriodicEventStreamResponse(Wire):
    """Whether the stream may be sent."""

    status: GenericStatus
    status_info: StatusInfo | None = None


class NotifyPeriodicEventStream(Wire):
    """Values of a stream; it is owed no answer (N15).

    Attributes:
        pending: How many more values wait to be sent.
        basetime: The instant from which the values count their seconds.
    """

    data: Many[StreamDataElement]
    id: Natural
    pending: Natural
    basetime: Instant


class ClosePeriodicEventStreamRequest(Wire):
    """A station ends a stream (N13)."""

    id: Natural


class ClosePeriodicEventStreamResponse(Wire):
    """The end of the stream is noted."""


class GetPeriodicEventStreamRequest(Wire):
    """Ask which streams are open (N12)."""


class GetPeriodicEventStreamResponse(Wire):
    """Which streams are open."""

    constant_stream_data: Many[ConstantStreamData] | None = None


class AdjustPeriodicEventStreamRequest(Wire):
    """Change how often a stream is sent (N14)."""

    id: Natural
    params: PeriodicEventStreamParams


class AdjustPeriodicEventStreamResponse(Wire):
    """Whether the stream is sent in this way."""

    status: GenericStatus
    status_info: StatusInfo | None = None


OPEN_PERIODIC_EVENT_STREAM: Action[
    OpenPeriodicEventStreamRequest, OpenPeriodicEventStreamResponse
] = Action(
    "OpenPeriodicEventStream",
    OpenPeriodicEventStreamRequest,
    OpenPeriodicEventStreamResponse,
    V21_ONLY,
    FROM_STATION,
)
NOTIFY_PERIODIC_EVENT_STREAM: Unconfirmed[NotifyPeriodicEventStream] = Unconfirmed(
    "NotifyPeriodicEventStream", NotifyPeriodicEventStream, V21_ONLY, FROM_STATION
)
CLOSE_PERIODIC_EVENT_STREAM: Action[
    ClosePeriodicEventStreamRequest, ClosePeriodicEventStreamResponse
] = Action(
    "ClosePeriodicEventStream",
    ClosePeriodicEventStreamRequest,
    ClosePeriodicEventStreamResponse,
    V21_ONLY,
    FROM_STATION,
)
GET_PERIODIC_EVENT_STREAM: Action[
    GetPeriodicEventStreamRequest, GetPeriodicEventStreamResponse
] = Action(
    "GetPeriodicEventStream",
    GetPeriodicEventStreamRequest,
    GetPeriodicEventStreamResponse,
    V21_ONLY,
    TO_STATION,
)
ADJUST_PERIODIC_EVENT_STREAM: Action[
    AdjustPeriodicEventStreamRequest, AdjustPeriodicEventStreamResponse
] = Action(
    "AdjustPeriodicEventStream",
    AdjustPeriodicEventStreamRequest,
    AdjustPeriodicEventStreamResponse,
    V21_ONLY,
    TO_STATION,
)
