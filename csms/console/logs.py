"""Logs of all stations: asked for, under way, come; with size and checksum."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from csms.console.forms import BLANK, FAULTS, Filled, fault_of, station_of
from csms.console.shell import PageRoute, ShellOf, to
from csms.console.wording import LOG_STATES, LOGS
from csms.domain.errors import Broken
from csms.domain.ids import StationId
from csms.domain.log_job import LogKind, LogRequest
from csms.services.log_collection import NoSuchLog
from csms.web.auth import NodeOf, Operator, Viewer

if TYPE_CHECKING:
    from csms.console.shell import Shell
    from csms.services.access import Caller
    from csms.services.node import Node

router = APIRouter(route_class=PageRoute, include_in_schema=False)
HERE = "/logs"
PAGE, SUGGESTED = 50, 200


class LogForm(BaseModel):
    """Which log an operator asks for."""

    model_config = ConfigDict(frozen=True)

    station: str = ""
    log: str = ""


@router.get(HERE)
async def show(
    caller: Viewer,
    node: NodeOf,
    shell: ShellOf,
    station: Annotated[str, Query(max_length=255)] = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """Show the logs of all stations, or of one."""
    return await _page(node, shell, caller, station=station.strip(), before=before)


@router.post(HERE)
async def ask(
    caller: Operator, node: NodeOf, shell: ShellOf, asked: Annotated[LogForm, Form()]
) -> Response:
    """Ask a station for a log."""
    try:
        station = station_of(node, asked.station)
        if asked.log not in LOGS:
            raise Broken("choose one of the logs", field="log")
        request = LogRequest(station, LogKind(asked.log))
        await node.diagnostics.logs.request(request, caller.name)
    except FAULTS as error:
        filled = Filled("ask", asked.model_dump(), fault_of(error))
        return await _page(node, shell, caller, filled)
    return to(HERE)


@router.post(HERE + "/{job}/delete")
async def delete(job: str, caller: Operator, node: NodeOf) -> Response:
    """Delete a file that came."""
    if not job.isascii() or not job.isdigit():
        raise NoSuchLog(f"there is no log {job}")
    await node.diagnostics.logs.delete(int(job), caller.name)
    return to(HERE)


async def _page(
    node: "Node",
    shell: "Shell",
    caller: "Caller",
    filled: Filled = BLANK,
    *,
    station: str = "",
    before: int | None = None,
) -> Response:
    only = StationId(station) if station else None
    logs = node.diagnostics.logs
    known = only is None or node.book.station(only) is not None
    found = await logs.of(only, before=before, limit=PAGE + 1) if known else []
    return shell.page(
        "logs.html",
        caller,
        filled.status,
        filled=filled,
        rows=found[:PAGE],
        more=found[PAGE - 1].id if len(found) > PAGE else None,
        station=station,
        stations=[
            each.id for each in node.book.stations() if node.book.is_online(each.id)
        ][:SUGGESTED],
        kinds=LOGS,
        states=LOG_STATES,
        kept=logs.policy.kept,
    )
