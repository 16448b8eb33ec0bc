"""Who knocked and was not let in, and why."""

from fastapi import APIRouter
from fastapi.responses import Response

from csms.console.shell import PageRoute, ShellOf
from csms.web.auth import NodeOf, Viewer

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE = 100


@router.get("/handshakes")
async def handshakes(
    caller: Viewer, node: NodeOf, shell: ShellOf, before: int | None = None
) -> Response:
    """Show refused handshakes, the latest first."""
    async with node.begin() as work:
        found = await work.stations.rejections(before, PAGE + 1)
    return shell.page(
        "handshakes.html",
        caller,
        rows=[each for _, each in found[:PAGE]],
        more=found[PAGE - 1][0] if len(found) > PAGE else None,
    )
