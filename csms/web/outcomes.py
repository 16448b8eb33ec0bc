"""What a person asked of a station and got no answer to: told, and kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from csms.services.asking import StationRefused, StationSilent, failure
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.web.auth import SAFE_METHODS, node_of


@asynccontextmanager
async def told(request: Request) -> AsyncIterator[None]:
    """Say what went wrong with a station, and put it on the audit trail.

    What goes well is there already, with what the station said. What does not may have
    happened all the same, so that somebody must be able to find out who wanted it.

    Raises:
        StationSilent: If the station did not answer.
        StationRefused: If it said no.
    """
    try:
        yield
    except (NoAnswer, RefusedByStation) as problem:
        error = failure(problem)
        await _keep(request, error)
        raise error from problem
    except (StationSilent, StationRefused) as error:
        await _keep(request, error)
        raise


async def _keep(request: Request, error: StationSilent | StationRefused) -> None:
    actor = getattr(request.state, "actor", None)
    if request.method in SAFE_METHODS or actor is None:
        return
    node, path = node_of(request), request.scope["path"]
    subject = str(request.path_params.get("station", ""))
    detail = {"request": f"{request.method} {path}", "reason": str(error)}
    async with node.begin() as work:
        await work.access.audit(actor, error.code, subject, detail, node.clock.now())
