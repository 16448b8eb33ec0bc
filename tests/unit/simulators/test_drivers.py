import asyncio
from typing import Any

import httpx
import pytest

from simulators.days import Happening, Placed, load_day
from simulators.drivers import Drivers, wishes
from simulators.instants import instant
from simulators.observer import Observer
from simulators.population import load_fleet
from tests.fakes.clock import ManualClock

FLEET = load_fleet("tiny", 1)
LINK = "http://127.0.0.1:8080/p/abc.DEF-1"


class Catcher:
    """A mail catcher and the pages behind its links."""

    def __init__(self) -> None:
        self.mails: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.status = 303
        self.down = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down")
        if request.url.path == "/api/v1/mail":
            assert request.headers["Authorization"] == "Bearer secret"
            after = int(request.url.params["after"])
            new = [mail for mail in self.mails if mail["id"] > after]
            last = new[-1]["id"] if new else after
            return httpx.Response(200, json={"items": new, "next": last})
        self.asked.append(f"{request.method} {request.url.path}")
        status = self.status if request.method == "POST" else 200
        return httpx.Response(status)

    def notice(self, to: str, text: str = f"Opt out: {LINK}\n") -> None:
        number = len(self.mails) + 1
        self.mails.append({"id": number, "to": to, "subject": "s", "text": text})


@pytest.fixture
def catcher(monkeypatch: pytest.MonkeyPatch) -> Catcher:
    catcher = Catcher()
    real = httpx.AsyncClient

    def client(**_options: Any) -> httpx.AsyncClient:  # noqa: ANN401
        return real(transport=httpx.MockTransport(catcher.answer))

    monkeypatch.setattr(httpx, "AsyncClient", client)
    return catcher


@pytest.fixture
def observer() -> Observer:
    observer = Observer(FLEET, 0.0)
    for system in FLEET.systems:
        observer.enroll(system, 0.0)
    return observer


async def live(
    observer: Observer, clock: ManualClock, wanted: dict[str, float]
) -> None:
    people = {f"{name}@example.org": name for name in observer.drivers}
    drivers = Drivers(observer, clock, "http://mail", "secret", people, wanted)
    task = asyncio.create_task(drivers.run())
    await asyncio.sleep(2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_notice_is_seen_and_only_a_notice(
    catcher: Catcher, observer: Observer, manual_clock: ManualClock
) -> None:
    catcher.notice("Home 01 <home-01@example.org>")
    catcher.notice("home-02@example.org", "Welcome to the program.")
    catcher.notice("stranger@example.org")

    await live(observer, manual_clock, {})

    now = manual_clock.now().timestamp()
    assert observer.drivers["home-01"].told_at == now
    assert observer.drivers["home-02"].told_at is None
    assert catcher.asked == []


async def test_a_driver_opens_the_page_and_presses_the_button_once(
    catcher: Catcher, observer: Observer, manual_clock: ManualClock
) -> None:
    catcher.notice("home-01@example.org")

    await live(observer, manual_clock, {"home-01": 0.0})

    assert catcher.asked == ["GET /p/abc.DEF-1", "POST /p/abc.DEF-1/opt-out"]
    driver = observer.drivers["home-01"]
    assert driver.confirmed
    assert driver.opted_out_at == manual_clock.now().timestamp()


async def test_a_wish_waits_for_its_time_and_for_the_notice(
    catcher: Catcher, observer: Observer, manual_clock: ManualClock
) -> None:
    catcher.notice("home-01@example.org")
    later = manual_clock.now().timestamp() + 3600

    await live(observer, manual_clock, {"home-01": later, "home-02": 0.0})

    assert catcher.asked == []


async def test_a_refused_button_is_pressed_again_and_written_down(
    catcher: Catcher, observer: Observer, manual_clock: ManualClock
) -> None:
    catcher.notice("home-01@example.org")
    catcher.status = 500

    await live(observer, manual_clock, {"home-01": 0.0})

    assert catcher.asked.count("POST /p/abc.DEF-1/opt-out") > 1
    assert not observer.drivers["home-01"].confirmed
    assert observer.incidents[0]["kind"] == "opt-out-refused"


async def test_a_mailbox_that_is_away_is_asked_again(
    catcher: Catcher, observer: Observer, manual_clock: ManualClock
) -> None:
    catcher.down = True
    catcher.notice("home-01@example.org")
    await live(observer, manual_clock, {})
    assert observer.drivers["home-01"].told_at is None

    catcher.down = False
    await live(observer, manual_clock, {})

    assert observer.drivers["home-01"].told_at is not None


def test_wishes_are_local_times_of_their_day() -> None:
    happening = Happening("opt-out", 1, "18:05")
    placed = Placed(load_day("quiet"), {FLEET.systems[0].station: [happening]})

    found = wishes(FLEET, placed, instant("2026-07-13T23:30:00Z"))

    assert found == {"home-01": instant("2026-07-14T22:05:00Z")}
