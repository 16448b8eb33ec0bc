"""The stream: what changes, as server-sent events, for whoever watches.

First a `snapshot` of every EVSE; then each real second a `live` event with the fleet's
totals and the EVSEs that changed, and a `fact` event for each new fact. A fact's number
is the event's id, so a watcher who comes back with `Last-Event-ID` misses none.
"""

import json
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import StreamingResponse

from csms.api.guard import GuardedRoute
from csms.api.operations import fact_item
from csms.api.station_items import live_item
from csms.clock import pause
from csms.domain.ids import EvseId
from csms.services.feed import TooManyWatchers, Watcher
from csms.services.node import Node
from csms.web.auth import NodeOf, caller_or_none
from csms.web.problems import Unavailable

ROUTER = APIRouter(tags=["operations"], route_class=GuardedRoute)
TICK_REAL_S = 1.0
HEARTBEAT = 15
"""Ticks between heartbeats, and between looks at whether the caller still may."""


@ROUTER.get(
    "/stream",
    summary="Watch the fleet (server-sent events)",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def watch(
    node: NodeOf,
    request: Request,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Stream a snapshot, then what changes, until either side has enough."""
    known = last_event_id if last_event_id and last_event_id.isdigit() else None
    start = int(known) if known else await node.queries.newest_fact()
    return StreamingResponse(
        _stream(node, request, start),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _stream(node: Node, request: Request, start: int) -> AsyncIterator[str]:
    try:
        with node.feed.watching(start) as watcher:
            everything = [each.id for each in node.book.evses()]
            yield _event("snapshot", _live(node, everything))
            async for text in _changes(node, request, watcher):
                yield text
    except TooManyWatchers:
        yield _event("closed", {"reason": str(Unavailable("too many are watching"))})


async def _changes(
    node: Node, request: Request, watcher: Watcher
) -> AsyncIterator[str]:
    tick = 0
    while True:
        for fact in await node.feed.facts(watcher):
            yield _event("fact", fact_item(fact).model_dump(mode="json"), fact.id)
        yield _event("live", _live(node, watcher.take()))
        tick += 1
        if tick % HEARTBEAT == 0:
            if await caller_or_none(request) is None:
                yield _event("closed", {"reason": "the credentials are not valid"})
                return
            yield ": still here\n\n"
        await pause(TICK_REAL_S)


def _live(node: Node, evses: Iterable[EvseId]) -> dict[str, Any]:
    return {
        "at": node.clock.now().isoformat(),
        "rate": node.clock.rate,
        "totals": totals(node),
        "evses": [
            {
                "station": evse.station,
                "connected": node.book.is_online(evse.station),
                **live_item(node, evse),
            }
            for evse in evses
        ],
    }


def totals(node: Node) -> dict[str, float | int | None]:
    """Return the fleet in figures, as it is now; power is signed."""
    stations = node.book.stations()
    states = [node.live.get(each.id) for each in node.book.evses()]
    socs = [each.soc_pct for each in states if each.soc_pct is not None]
    return {
        "stations": len(stations),
        "connected": sum(node.book.is_online(each.id) for each in stations),
        "evses": len(states),
        "plugged": sum(each.plugged for each in states),
        "power_w": sum(each.power.watts for each in states if each.power is not None),
        "soc_pct": round(sum(socs) / len(socs), 1) if socs else None,
    }


def _event(kind: str, body: dict[str, Any], number: int | None = None) -> str:
    head = "" if number is None else f"id: {number}\n"
    text = json.dumps(body, default=_plain, separators=(",", ":"))
    return f"{head}event: {kind}\ndata: {text}\n\n"


def _plain(value: Any) -> str:  # noqa: ANN401 instants
    text: str = value.isoformat()
    return text
