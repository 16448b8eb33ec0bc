"""The first page: what needs somebody, what comes next, what the fleet does."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import Response

from csms.console.shell import PageRoute, ShellOf
from csms.console.wording import MOVING_W
from csms.domain.event import Stage
from csms.domain.units import Power
from csms.web.auth import NodeOf, Viewer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.domain.live import LiveEvse

router = APIRouter(route_class=PageRoute, include_in_schema=False)
OPEN = (Stage.SCHEDULED, Stage.NOTIFIED, Stage.ACTIVE)
BEFORE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Totals:
    """What the fleet does, in figures; both powers are magnitudes."""

    connected: int
    plugged: int
    discharging: int
    charging: int
    export: Power
    taken: Power


def totals(states: "Sequence[LiveEvse]") -> Totals:
    """Return what EVSEs with a connection do together."""
    here = [each for each in states if each.connected]
    watts = [each.power.watts for each in here if each.power is not None]
    return Totals(
        connected=len(here),
        plugged=sum(each.plugged for each in here),
        discharging=sum(each <= -MOVING_W for each in watts),
        charging=sum(each >= MOVING_W for each in watts),
        export=Power(-sum(each for each in watts if each < 0)),
        taken=Power(sum(each for each in watts if each > 0)),
    )


@router.get("/")
async def home(caller: Viewer, node: NodeOf, shell: ShellOf) -> Response:
    """Show the first page."""
    now = node.clock.now()
    running = await node.queries.events(stages=OPEN, limit=20)
    running = sorted(running, key=lambda each: each.record.event.window.start)
    recent = await node.queries.events(
        stages=(Stage.COMPLETED, Stage.SETTLED, Stage.CANCELLED), limit=5
    )
    return shell.page(
        "home.html",
        caller,
        attention=await node.queries.attention(now - BEFORE),
        incidents=await node.queries.incidents(limit=8),
        running=running,
        recent=recent,
        totals=totals(node.live.all()),
        zones={each.id: each.zone for each in node.programs},
        programs={each.id: each.name for each in node.programs},
    )
