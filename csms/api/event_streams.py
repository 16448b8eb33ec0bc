"""Periodic event streams: which are open, what they brought, how often (2.1, N)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from csms.api.guard import GuardedRoute
from csms.api.monitors import AnswerItem, StreamItem, answer_item
from csms.api.numbers import number_in
from csms.domain.event_stream import EventStream
from csms.domain.ids import StationId
from csms.domain.monitor import StreamParams
from csms.services.event_streams import NoSuchStream
from csms.web.auth import NodeOf, Operator
from csms.web.paging import USUAL, Limit, Page

ROUTER = APIRouter(tags=["diagnostics"], route_class=GuardedRoute)
StreamId = Annotated[str, Path(description="Its number.")]


class EventStreamItem(BaseModel):
    """A stream that a station has opened."""

    id: int
    monitor: int = Field(description="The monitor whose values it brings.")
    params: StreamItem
    open: bool
    opened_at: datetime
    closed_at: datetime | None
    received: int
    dropped: int = Field(description="Values that came and were not kept.")
    pending: int = Field(description="Values that waited at the station.")
    last_at: datetime | None
    suggested: StreamItem | None = Field(
        description="How it should better be sent, if it cannot keep up."
    )


class ValueItem(BaseModel):
    """One value, and when it was measured by the station's clock."""

    at: datetime
    value: str


class ValuesItem(BaseModel):
    """A stream and its latest values, youngest first."""

    stream: EventStreamItem
    items: list[ValueItem]


@ROUTER.get("/stations/{station}/event-streams", summary="List event streams")
async def list_streams(node: NodeOf, station: str) -> Page[EventStreamItem]:
    """Return the streams of a station, those that are closed too."""
    rows = await node.diagnostics.streams.of(StationId(station))
    return Page(items=[stream_item(each) for each in rows], next=None)


@ROUTER.post(
    "/stations/{station}/event-streams/ask", summary="Ask which streams are open"
)
async def ask_streams(
    node: NodeOf, caller: Operator, station: str
) -> Page[EventStreamItem]:
    """Ask the station, and take over what it says."""
    rows = await node.diagnostics.streams.ask(StationId(station), caller.name)
    return Page(items=[stream_item(each) for each in rows], next=None)


@ROUTER.get(
    "/stations/{station}/event-streams/{stream}", summary="Read values of a stream"
)
async def show_stream(
    node: NodeOf, station: str, stream: StreamId, limit: Limit = USUAL
) -> ValuesItem:
    """Return a stream and its latest values."""
    found, values = await node.diagnostics.streams.values(
        StationId(station), number_in(stream, NoSuchStream), limit
    )
    return ValuesItem(
        stream=stream_item(found),
        items=[ValueItem(at=each.at, value=each.value) for each in values],
    )


@ROUTER.patch(
    "/stations/{station}/event-streams/{stream}",
    summary="Change how often a stream is sent",
)
async def adjust_stream(
    node: NodeOf, caller: Operator, station: str, stream: StreamId, wanted: StreamItem
) -> AnswerItem:
    """Ask the station to send a stream otherwise; return what it answered."""
    reply = await node.diagnostics.streams.adjust(
        StationId(station),
        number_in(stream, NoSuchStream),
        wanted.params(),
        caller.name,
    )
    return answer_item(reply)


def stream_item(stream: EventStream) -> EventStreamItem:
    """Return a stream."""
    return EventStreamItem(
        id=stream.id,
        monitor=stream.monitor,
        params=_params(stream.params),
        open=stream.is_open,
        opened_at=stream.opened_at,
        closed_at=stream.closed_at,
        received=stream.received,
        dropped=stream.dropped,
        pending=stream.pending,
        last_at=stream.last_at,
        suggested=None if stream.suggested is None else _params(stream.suggested),
    )


def _params(params: StreamParams) -> StreamItem:
    return StreamItem(interval_s=params.interval, values=params.values)
