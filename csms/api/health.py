"""Is the process alive, may it be sent work, and how is it doing."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from csms.api.guard import GuardedRoute
from csms.api.metrics import CONTENT_TYPE, Metrics
from csms.web.auth import NodeOf, Viewer

OPEN = APIRouter(tags=["health"])
GUARDED = APIRouter(tags=["health"], route_class=GuardedRoute)
READY, NOT_READY = 200, 503


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"
    version: str


class CheckItem(BaseModel):
    """One condition of readiness."""

    good: bool
    detail: str


class Readiness(BaseModel):
    """Whether the node may be sent work, and what keeps it from it."""

    status: Literal["ready", "not ready"]
    rate: float
    checks: dict[str, CheckItem]


@OPEN.get("/healthz", summary="Tell that the process is alive")
async def healthz(node: NodeOf) -> Alive:
    """Answer, whatever the database does."""
    return Alive(version=node.version)


@OPEN.get(
    "/readyz",
    summary="Tell whether the node may be sent work",
    response_model=Readiness,
    responses={NOT_READY: {"model": Readiness}},
)
async def readyz(node: NodeOf) -> Response:
    """Return each condition; what does not hold comes with a remedy."""
    checks = await node.readiness()
    good = all(each.good for each in checks.values())
    said = Readiness(
        status="ready" if good else "not ready",
        rate=node.clock.rate,
        checks={
            name: CheckItem(good=each.good, detail=each.detail)
            for name, each in checks.items()
        },
    )
    headers = {"Cache-Control": "no-store"}
    return JSONResponse(said.model_dump(), READY if good else NOT_READY, headers)


@GUARDED.get(
    "/metrics",
    summary="Read figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
async def show_metrics(node: NodeOf, request: Request, _caller: Viewer) -> Response:
    """Return every figure in the text format of Prometheus."""
    metrics: Metrics = request.app.state.metrics
    return Response(await metrics.text(node), media_type=CONTENT_TYPE)
