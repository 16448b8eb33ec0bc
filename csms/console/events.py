"""The list of events."""

from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import Response

from csms.console.shell import PageRoute, ShellOf
from csms.domain.event import Stage
from csms.domain.ids import EventId, ProgramId
from csms.web.auth import NodeOf, Viewer
from csms.web.paging import cursor, read_cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.domain.program import Program

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE = 50


@router.get("/events")
async def events(
    caller: Viewer,
    node: NodeOf,
    shell: ShellOf,
    program: str = "",
    stage: str = "",
    after: str = "",
) -> Response:
    """Show events, the latest first."""
    key = read_cursor(after or None, datetime, str)
    found = await node.queries.events(
        program=ProgramId(program) if program else None,
        stages=(Stage(stage),) if stage in set(Stage) else (),
        after=(key[0], EventId(key[1])) if key else None,
        limit=PAGE + 1,
    )
    last = found[PAGE - 1].record.event if len(found) > PAGE else None
    return shell.page(
        "events.html",
        caller,
        rows=found[:PAGE],
        more=cursor([last.window.start, last.id]) if last else None,
        programs=_names(node.programs),
        zones={each.id: each.zone for each in node.programs},
        stages=[each.value for each in Stage if each is not Stage.DRAFT],
        filters={"program": program, "stage": stage},
    )


def _names(programs: "Sequence[Program]") -> dict[str, str]:
    """Return every program's name once, though it has several versions."""
    return {each.id: each.name for each in programs}
