"""Messages on the display of one station: shown, read back, cleared."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from csms.console.shell import PageRoute, to
from csms.domain.display import Priority, ScreenMessage, ScreenText
from csms.domain.errors import Broken
from csms.domain.ids import StationId
from csms.services.ports.displays import DisplayQuery
from csms.web.auth import NodeOf, Operator

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.post("/stations/{station}/displays")
async def show(
    station: StationId,
    caller: Operator,
    node: NodeOf,
    content: Annotated[str, Form()],
    language: Annotated[str, Form(max_length=8)] = "en",
    priority: Annotated[str, Form()] = Priority.NORMAL_CYCLE,
) -> Response:
    """Show a message until it is cleared."""
    if priority not in set(Priority):
        raise Broken(f"there is no priority {priority}", field="priority")
    text = ScreenText(content.strip(), language.strip())
    if not text.content:
        raise Broken("the message is empty", field="content")
    message = ScreenMessage(0, (text,), Priority(priority))
    await node.upkeep.displays.show(station, message, caller.name)
    return _back(station)


@router.post("/stations/{station}/displays/read")
async def read(station: StationId, caller: Operator, node: NodeOf) -> Response:
    """Ask the station what it shows."""
    del caller
    await node.upkeep.displays.read(station, DisplayQuery())
    return _back(station)


@router.post("/stations/{station}/displays/{message}/clear")
async def clear(
    station: StationId, message: int, caller: Operator, node: NodeOf
) -> Response:
    """Clear a message."""
    await node.upkeep.displays.clear(station, message, caller.name)
    return _back(station)


def _back(station: StationId) -> Response:
    return to(f"/stations/{station}#displays")
