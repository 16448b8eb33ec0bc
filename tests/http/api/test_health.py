"""Health, metrics and the stream."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from csms.api import stream
from csms.domain.units import Power
from csms.services.node import Check
from csms.services.ports.access import Role
from tests.http.nodes import HOME_1, WINDOW, Stage

pytestmark = pytest.mark.postgres


async def test_health_is_open_and_readiness_names_what_fails(stage: Stage) -> None:
    async with stage.client() as nobody:
        alive = await nobody.get("/healthz")
        ready = await nobody.get("/readyz")
        stage.checks["database"] = Check(good=False, detail="away; start PostgreSQL")
        away = await nobody.get("/readyz")

    assert alive.json() == {"status": "alive", "version": "0.0-test"}
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert (away.status_code, away.json()["status"]) == (503, "not ready")
    assert "PostgreSQL" in away.json()["checks"]["database"]["detail"]


async def test_metrics_name_no_station_and_count_by_route(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    event = await peopled.call()
    await peopled.until(WINDOW.start)
    peopled.node.live.update(HOME_1, power=Power(-4000))
    for path in ("stations/nothing", f"stations/{HOME_1.station}", f"events/{event}"):
        await viewer.get(f"/api/v1/{path}")

    text = (await viewer.get("/metrics")).text

    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["v2g_ocpp_connections",] == 3
    assert samples["v2g_ocpp_frames_in_total",] == 17
    assert samples["v2g_notices_total", "email", "sent"] == 2
    assert samples["v2g_ready", "database"] == 1
    assert samples["v2g_events_active",] == 1
    assert samples["v2g_event_delivered_watts",] == 4000
    assert samples["v2g_event_target_watts",] > 4000
    route = "/api/v1/stations/{station}"
    assert samples["v2g_http_requests_total", *sorted((route, "200", "GET"))] == 1
    assert samples["v2g_http_requests_total", *sorted((route, "404", "GET"))] == 1
    assert samples["v2g_http_request_seconds_count", route] == 2
    assert HOME_1.station not in text
    assert event not in text


async def test_metrics_answer_while_the_database_is_away(
    stage: Stage, viewer: httpx.AsyncClient
) -> None:
    stage.checks["database"] = Check(good=False, detail="away")

    answer = await viewer.get("/metrics")

    assert answer.status_code == 200
    assert 'v2g_ready{check="database"} 0.0' in answer.text


Heard = list[dict[str, Any]]


async def listen(stage: Stage, until: Callable[[Heard], bool], **headers: str) -> Heard:
    """Return the events of the stream, until they are what is waited for."""
    heard: Heard = []
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    gone = asyncio.Event()
    secret = stage.secrets[Role.VIEWER]
    said = {"authorization": f"Bearer {secret}", **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/api/v1/stream",
        "raw_path": b"/api/v1/stream",
        "query_string": b"",
        "root_path": "",
        "headers": [(k.encode(), v.encode()) for k, v in said.items()],
        "client": ("127.0.0.1", 1),
        "server": ("csms.example", 80),
    }
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    task = asyncio.create_task(stage.app(scope, receive, sent.put))  # type: ignore[arg-type]
    async with asyncio.timeout(20):
        while not until(heard):
            message = await sent.get()
            for block in message.get("body", b"").decode().split("\n\n"):
                lines = dict(
                    line.split(": ", 1) for line in block.splitlines() if line[0] != ":"
                )
                if "event" in lines:
                    heard.append({**lines, "data": json.loads(lines["data"])})
        gone.set()
        await task
    return heard


def changes(heard: Heard) -> list[tuple[str, int]]:
    lives = [each["data"]["evses"] for each in heard if each["event"] == "live"]
    return [(evse["station"], evse["power_w"]) for each in lives for evse in each]


def facts(heard: Heard) -> list[str]:
    return [each["data"]["kind"] for each in heard if each["event"] == "fact"]


async def watched(stage: Stage) -> None:
    async with asyncio.timeout(10):
        while not stage.node.feed.watchers:
            await asyncio.sleep(0.01)


async def test_the_stream_begins_with_everything_and_goes_on_with_changes(
    peopled: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "TICK_REAL_S", 0.05)
    listening = asyncio.create_task(
        listen(peopled, lambda heard: bool(changes(heard) and facts(heard)))
    )
    await watched(peopled)
    peopled.node.live.update(HOME_1, power=Power(-1234))
    async with peopled.node.begin() as work:
        await work.facts.add("test.happened", "it", {"n": 1}, peopled.clock.now())
    heard = await listening

    snapshot = heard[0]
    assert snapshot["event"] == "snapshot"
    assert len(snapshot["data"]["evses"]) == 3
    assert snapshot["data"]["totals"]["connected"] == 3
    assert snapshot["data"]["totals"]["plugged"] == 3
    assert changes(heard) == [(HOME_1.station, -1234)]
    assert facts(heard) == ["test.happened"]
    (fact,) = (each for each in heard if each["event"] == "fact")
    assert int(fact["id"]) == fact["data"]["id"]


async def test_who_comes_back_misses_no_fact(
    peopled: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "TICK_REAL_S", 0.05)
    async with peopled.node.begin() as work:
        first = (await work.facts.after(0, 1))[0].id
        await work.facts.add("test.missed", "it", {}, peopled.clock.now())

    heard = await listen(
        peopled,
        lambda heard: bool(facts(heard)),
        **{"last-event-id": str(first)},
    )

    assert facts(heard) == ["test.missed"]


async def test_a_watcher_whose_token_is_revoked_is_sent_away(
    peopled: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "TICK_REAL_S", 0.05)
    monkeypatch.setattr(stream, "HEARTBEAT", 2)
    listening = asyncio.create_task(
        listen(peopled, lambda heard: bool(heard) and heard[-1]["event"] == "closed")
    )
    await watched(peopled)
    caller = await peopled.node.access.caller(peopled.secrets[Role.VIEWER])
    assert caller is not None
    await peopled.node.access.revoke(caller.token, by="test")

    heard = await listening

    assert heard[-1]["data"] == {"reason": "the credentials are not valid"}
    assert peopled.node.feed.watchers == 0


async def test_there_is_no_room_for_ever_more_watchers(
    peopled: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csms.services.feed.MOST_WATCHERS", 0)

    heard = await listen(peopled, bool)

    assert heard[0]["event"] == "closed"


async def test_watchers_are_counted_and_forgotten(peopled: Stage) -> None:
    feed = peopled.node.feed
    with feed.watching(0) as one, feed.watching(0) as other:
        peopled.node.live.update(HOME_1, power=Power(-1))
        assert one.take() == [HOME_1]
        assert one.take() == []
        assert other.take() == [HOME_1]
    peopled.node.live.update(HOME_1, power=Power(-2))
    assert one.take() == []


async def test_a_lost_database_is_a_problem_that_passes(
    stage: Stage, viewer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await viewer.get("/api/v1/me")).status_code == 200

    async def lost(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(type(stage.node.queries), "sites", lost)
    away = await viewer.get("/api/v1/sites")

    assert (away.status_code, away.json()["code"]) == (503, "unavailable")
    assert away.headers["retry-after"]

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(type(stage.node.queries), "sites", broken)
    internal = await viewer.get("/api/v1/sites")

    assert (internal.status_code, internal.json()["code"]) == (500, "internal")
    assert "secret" not in internal.text
