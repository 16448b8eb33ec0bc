"""Figures for Prometheus: what the node counts, and what HTTP requests took.

No label names a station: their number has no bound.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from csms.domain.event import Stage
from csms.domain.notice import Channel
from csms.services.node import Check, Node
from csms.services.scoreboard import Score

PREFIX = "/api/v1"
CONTENT_TYPE = CONTENT_TYPE_LATEST
_MOST_EVENTS = 20
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counts requests, and puts every figure of a node into words."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(
            "v2g_http_requests",
            "HTTP requests by route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "v2g_http_request_seconds",
            "Real seconds until a request was answered.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    async def text(self, node: Node) -> bytes:
        """Return every figure in the text format of Prometheus."""
        once = CollectorRegistry(auto_describe=False)
        once.register(_Figures(await _families(node)))
        return generate_latest(self.registry) + generate_latest(once)


class Measured:
    """Counts each request that passes.

    Args:
        app: What it stands before.
        metrics: Where it is counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clock, status = asyncio.get_running_loop().time, 500
        began = clock()
        answered: float | None = None

        async def noted(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], clock()
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            took = (answered or clock()) - began
            self._metrics.count(scope["method"], _route(scope), status, took)


@dataclass(frozen=True, slots=True, eq=False)
class _Figures(Collector):
    """Figures that were gathered beforehand."""

    families: Iterable[Metric]

    @override
    def collect(self) -> Iterable[Metric]:
        return self.families


def _route(scope: Scope) -> str:
    """Return the pattern of the path; pages of other edges are not told apart."""
    pattern = getattr(scope.get("route"), "path", None)
    if not isinstance(pattern, str) or not pattern:
        return "other"
    below = scope["path"].startswith(PREFIX) and not pattern.startswith(PREFIX)
    return PREFIX + pattern if below else pattern


async def _families(node: Node) -> list[Metric]:
    checks = await node.readiness()
    families = [*_gauges(node.gauges()), _checks(checks)]
    if checks.get("database", Check(good=True)).good:
        families += _notices(await node.queries.notice_outcomes())
        families += _events([each async for each in _running(node)])
    return families


def _gauges(figures: Mapping[str, float]) -> Iterator[Metric]:
    for name, value in sorted(figures.items()):
        counted = name.endswith("_total")
        kind = CounterMetricFamily if counted else GaugeMetricFamily
        said = name.removesuffix("_total").replace("_", " ")
        yield kind(f"v2g_{name}", f"Of this node: {said}.", value=value)


def _checks(checks: Mapping[str, Check]) -> Metric:
    family = GaugeMetricFamily(
        "v2g_ready", "Whether a condition of readiness holds.", labels=("check",)
    )
    for name, check in checks.items():
        family.add_metric([name], float(check.good))
    return family


def _notices(outcomes: Mapping[tuple[Channel, str], int]) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "v2g_notices_total",
        "Notices by channel and outcome, as the database has them.",
        labels=("channel", "outcome"),
    )
    for (channel, outcome), number in sorted(outcomes.items()):
        family.add_metric([channel.value, outcome], number)
    yield family


async def _running(node: Node) -> AsyncIterator[Score]:
    rows = await node.queries.events(stages=[Stage.ACTIVE], limit=_MOST_EVENTS)
    for row in rows:
        score = await node.scoreboard.score(row.record.event.id)
        if score is not None:
            yield score


def _events(scores: list[Score]) -> Iterator[Metric]:
    figures = {
        "v2g_events_active": (float(len(scores)), "Events that run now."),
        "v2g_event_target_watts": (
            float(sum(each.target.watts for each in scores)),
            "What running events ask for, positive when given back.",
        ),
        "v2g_event_delivered_watts": (
            float(sum(each.delivered_power.watts for each in scores)),
            "What running events are given, positive when given back.",
        ),
    }
    for name, (value, said) in figures.items():
        yield GaugeMetricFamily(name, said, value=value)
