"""The API on one application: health, metrics, and all that lies under /api/v1."""

from collections import deque
from functools import cache
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute
from starlette.status import HTTP_405_METHOD_NOT_ALLOWED

from csms.api import (
    alerts,
    authority,
    campaigns,
    certificates,
    charging,
    commands,
    conflicts,
    customers,
    data_transfers,
    der,
    device_models,
    displays,
    downloads,
    drift,
    event_streams,
    events,
    firmware,
    fleet,
    health,
    id_tokens,
    inbox,
    local_lists,
    logs,
    monitors,
    network_profiles,
    operating,
    operations,
    people,
    programs,
    reservations,
    resets,
    security,
    standings,
    stations,
    stream,
    tariffs,
    telemetry,
    uploads,
)
from csms.api.guard import GuardedRoute, NowhereRoute, Unkept
from csms.api.metrics import PREFIX, Measured, Metrics
from csms.domain.errors import NotFound
from csms.services.node import Node
from csms.services.ports.access import Role
from csms.web.auth import SCHEMES, Viewer, needs
from csms.web.problems import Problem, install_problems

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": said}
    for status, said in (
        (401, "No valid credentials."),
        (403, "The role, or a rule, does not allow it."),
        (404, "There is no such thing."),
        (409, "It contradicts what is already so."),
        (422, "The request does not make sense; `field` says where."),
        (503, "The database cannot be reached."),
        (504, "The station did not answer."),
    )
}
_RESOURCES = (
    stations,
    logs,
    monitors,
    alerts,
    customers,
    event_streams,
    standings,
    conflicts,
    commands,
    charging,
    der,
    fleet,
    inbox,
    programs,
    events,
    telemetry,
    operating,
    device_models,
    drift,
    network_profiles,
    resets,
    tariffs,
    operations,
    people,
    security,
    authority,
    id_tokens,
    local_lists,
    reservations,
    certificates,
    firmware,
    campaigns,
    displays,
    data_transfers,
    stream,
)


class NoSuchPlace(NotFound):
    """There is nothing at this address."""

    code = "no-such-place"


def install(app: FastAPI, node: Node) -> None:
    """Put the API on an application: routes, problems, metrics and headers.

    Nothing is open without credentials except health. What is mounted on the same
    application later comes after these routes; it finds the node in
    ``app.state.node``.
    """
    app.state.node = node
    app.state.metrics = Metrics()
    install_problems(app)
    app.add_middleware(Unkept, prefix="/api/")
    app.add_middleware(Measured, metrics=app.state.metrics)
    app.router.routes[:] = [
        route
        for route in app.router.routes
        if getattr(route, "path", None) != app.openapi_url
    ]
    app.router.routes += _routes()


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Return all routes; they take long to make and know no node, so once will do."""
    top = APIRouter()
    guarded = APIRouter(route_class=GuardedRoute)
    guarded.add_api_route("/openapi.json", _describe, include_in_schema=False)
    top.include_router(guarded)
    top.include_router(health.OPEN)
    top.include_router(authority.OPEN)
    top.include_router(health.GUARDED, responses=_PROBLEMS)
    top.include_router(_api_router(), prefix=PREFIX)
    top.include_router(uploads.ROUTER)
    top.include_router(downloads.ROUTER)
    made = tuple(top.routes)
    deque(iter_route_contexts(made), maxlen=0)  # or the first request would wait for it
    return made


def _api_router() -> APIRouter:
    """Return everything under /api/v1; every route needs at least a viewer."""
    router = APIRouter(
        dependencies=[Depends(needs(Role.VIEWER)), *SCHEMES],
        responses=_PROBLEMS,
        route_class=GuardedRoute,
    )
    for resource in _RESOURCES:
        router.include_router(resource.ROUTER)
    router.include_router(firmware.FILES)
    router.add_api_route(
        "/{path:path}",
        _nowhere,
        methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        include_in_schema=False,
        route_class_override=NowhereRoute,
    )
    return router


async def _nowhere(path: str, request: Request) -> None:
    """Tell a place that does not exist from one that cannot do this."""
    others = [
        route.methods or ()
        for resource in _RESOURCES
        for route in resource.ROUTER.routes
        if isinstance(route, APIRoute) and route.path_regex.match(f"/{path}")
    ]
    if allowed := sorted({each for methods in others for each in methods}):
        raise HTTPException(
            HTTP_405_METHOD_NOT_ALLOWED,
            f"{request.method} is not for {PREFIX}/{path}",
            {"Allow": ", ".join(allowed)},
        )
    raise NoSuchPlace(
        f"there is nothing at {PREFIX}/{path}", remedy="see /openapi.json"
    )


async def _describe(_caller: Viewer, request: Request) -> JSONResponse:
    """Describe the API to whoever has credentials like for the API itself."""
    return JSONResponse(request.app.openapi())
