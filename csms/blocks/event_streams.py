"""Block N: streams (2.1): ``StreamNotices`` answers, ``StationStreams`` asks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from csms.blocks.monitors import params_from, params_of
from csms.blocks.routing import Route, route, route_told
from csms.blocks.translating import FindLink, translated, words_of
from csms.domain.ids import StationId
from csms.domain.monitor import StreamParams
from csms.ocpp.messages.common import GenericStatus, StatusInfo
from csms.ocpp.messages.event_streams import (
    ADJUST_PERIODIC_EVENT_STREAM,
    CLOSE_PERIODIC_EVENT_STREAM,
    GET_PERIODIC_EVENT_STREAM,
    NOTIFY_PERIODIC_EVENT_STREAM,
    OPEN_PERIODIC_EVENT_STREAM,
    AdjustPeriodicEventStreamRequest,
    ClosePeriodicEventStreamRequest,
    ClosePeriodicEventStreamResponse,
    GetPeriodicEventStreamRequest,
    NotifyPeriodicEventStream,
    OpenPeriodicEventStreamRequest,
    OpenPeriodicEventStreamResponse,
)
from csms.services.event_streams import Told
from csms.services.ports.streams import StreamSaid
from csms.services.ports.wire import Reply


class Streams(Protocol):
    """Whoever keeps streams."""

    async def open(self, station: StationId, said: StreamSaid) -> str | None:
        """Open a stream; return a reason code if it is not accepted."""
        ...

    async def close(self, station: StationId, stream: int) -> None:
        """Take it that a stream has ended."""
        ...

    async def take(self, station: StationId, told: Told) -> None:
        """Take values."""
        ...


@dataclass(frozen=True, slots=True)
class StreamNotices:
    """Answers streams.

    Attributes:
        streams: Where they go.
    """

    streams: Streams

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(OPEN_PERIODIC_EVENT_STREAM, self.open_stream)
        yield route(CLOSE_PERIODIC_EVENT_STREAM, self.close_stream)
        yield route_told(NOTIFY_PERIODIC_EVENT_STREAM, self.notify_stream)

    async def open_stream(
        self, station: StationId, request: OpenPeriodicEventStreamRequest
    ) -> OpenPeriodicEventStreamResponse:
        """Say whether a stream may be sent (N11)."""
        said = request.constant_stream_data
        reason = await self.streams.open(
            station,
            StreamSaid(said.id, said.variable_monitoring_id, params_from(said.params)),
        )
        if reason is None:
            return OpenPeriodicEventStreamResponse(status=GenericStatus.ACCEPTED)
        return OpenPeriodicEventStreamResponse(
            status=GenericStatus.REJECTED, status_info=StatusInfo(reason_code=reason)
        )

    async def close_stream(
        self, station: StationId, request: ClosePeriodicEventStreamRequest
    ) -> ClosePeriodicEventStreamResponse:
        """Note the end of a stream (N13)."""
        await self.streams.close(station, request.id)
        return ClosePeriodicEventStreamResponse()

    async def notify_stream(
        self, station: StationId, told: NotifyPeriodicEventStream
    ) -> None:
        """Take values of a stream; nothing is answered (N15.FR.02)."""
        values = [(each.t, each.v) for each in told.data]
        await self.streams.take(
            station, Told(told.id, told.pending, told.basetime, values)
        )


@dataclass(frozen=True, slots=True)
class StationStreams:
    """Asks about streams: the port ``StreamWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    async def open_streams(self, station: StationId) -> Sequence[StreamSaid]:
        """Return the streams that a station has open (N12)."""
        answer = await translated(
            self.link(station),
            lambda link: link.ask(
                GET_PERIODIC_EVENT_STREAM, GetPeriodicEventStreamRequest()
            ),
            station,
        )
        return [
            StreamSaid(each.id, each.variable_monitoring_id, params_from(each.params))
            for each in answer.constant_stream_data or ()
        ]

    async def adjust(
        self, station: StationId, stream: int, params: StreamParams
    ) -> Reply:
        """Change how often a stream is sent (N14)."""
        request = AdjustPeriodicEventStreamRequest(id=stream, params=params_of(params))
        answer = await translated(
            self.link(station),
            lambda link: link.ask(ADJUST_PERIODIC_EVENT_STREAM, request),
            station,
        )
        status = answer.status.value
        return Reply(status == "Accepted", status, words_of(answer.status_info))
