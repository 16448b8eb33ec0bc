"""What one station watches, what it raised, and the logs that it uploaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response, StreamingResponse

from csms.console.shell import PageRoute, to
from csms.domain.alert import Alert, StationEvent
from csms.domain.errors import Broken
from csms.domain.event_stream import EventStream
from csms.domain.ids import StationId
from csms.domain.log_job import LogJob, LogKind, LogRequest
from csms.domain.station import EDITION_21
from csms.services.monitors import MonitorView
from csms.services.ports.alerts import EventFilter
from csms.services.ports.monitors import ReportRequest
from csms.web.auth import NodeOf, Operator

if TYPE_CHECKING:
    from csms.services.node import Node

router = APIRouter(route_class=PageRoute, include_in_schema=False)
LISTED = 8


@dataclass(frozen=True, slots=True)
class DiagnosticsView:
    """What a station watches and raised, as its page shows it.

    Attributes:
        alerts: Those that are not over.
        events: What it notified last.
        monitors: What is wanted there, and what it reports.
        streams: Periodic event streams that are open.
        logs: The latest logs.
        kinds: The logs that it may be asked for.
    """

    alerts: Sequence[Alert]
    events: Sequence[StationEvent]
    monitors: MonitorView
    streams: Sequence[EventStream]
    logs: Sequence[LogJob]
    kinds: Sequence[LogKind]


async def diagnostics_view(node: "Node", station: StationId) -> DiagnosticsView:
    """Return what a station watches and raised."""
    services, known = node.diagnostics, node.book.station(station)
    speaks_21 = known is not None and known.edition == EDITION_21
    events = await services.alerts.events(EventFilter(station), limit=LISTED)
    return DiagnosticsView(
        alerts=await services.alerts.alerts(station=station, only_open=True, limit=50),
        events=[each for _, each in events],
        monitors=await services.monitors.view(station),
        streams=[each for each in await services.streams.of(station) if each.is_open],
        logs=await services.logs.of(station, limit=LISTED),
        kinds=[
            each for each in LogKind if speaks_21 or each is not LogKind.DATA_COLLECTOR
        ],
    )


@router.post("/stations/{station}/logs")
async def ask_log(
    station: StationId,
    caller: Operator,
    node: NodeOf,
    log: Annotated[str, Form()] = LogKind.DIAGNOSTICS,
) -> Response:
    """Ask for a log."""
    if log not in set(LogKind):
        raise Broken(f"there is no log {log}", field="log")
    wanted = LogRequest(station, LogKind(log))
    await node.diagnostics.logs.request(wanted, by=caller.name)
    return _back(station)


@router.post("/stations/{station}/logs/{job}/download")
async def download(
    station: StationId, job: int, caller: Operator, node: NodeOf
) -> Response:
    """Hand out a log; that it was read goes on the audit trail."""
    del station
    found, chunks = await node.diagnostics.logs.content(job, by=caller.name)
    name = found.file.name if found.file is not None else "log.bin"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(
        chunks, media_type="application/octet-stream", headers=headers
    )


@router.post("/stations/{station}/monitors/report")
async def ask_monitors(station: StationId, caller: Operator, node: NodeOf) -> Response:
    """Ask which monitors there are."""
    await node.diagnostics.reports.ask(ReportRequest(station), caller.name)
    return _back(station)


@router.post("/stations/{station}/alerts/{alert}/end")
async def end_alert(
    station: StationId, alert: int, caller: Operator, node: NodeOf
) -> Response:
    """End an alert by hand."""
    await node.diagnostics.alerts.end(alert, by=caller.name)
    return _back(station)


def _back(station: StationId) -> Response:
    return to(f"/stations/{station}#diagnostics")
