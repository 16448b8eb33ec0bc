"""The participant's pages, as a mail program, a scanner and a person meet them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from csms.db.engine import create_engine
from csms.db.views import PostgresQueries
from csms.domain.ids import EventId
from csms.portal.app import make_pages, mount
from tests.event_world import DRAFT, WINDOW, World, token_in

pytestmark = pytest.mark.postgres


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    engine = create_engine(database)
    yield World(engine)
    await engine.dispose()


@pytest.fixture
async def event(world: World) -> EventId:
    await world.add("home")
    called = await world.node.events.call(DRAFT, by="operator")
    await world.drain()
    return called


@pytest.fixture
def link(world: World, event: EventId) -> str:
    del event
    return f"/p/{token_in(world.mails.sent[0][1])}"


@pytest.fixture
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    mount(app, make_pages(world.node.participation, world.clock))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1"
    ) as client:
        yield client


async def opted_out(world: World, event: EventId) -> bool:
    async with world.look() as work:
        (member,) = await work.events.members(event)
    return member.opted_out_at is not None


async def test_the_page_says_what_when_how_much_and_what_an_opt_out_costs(
    browser: httpx.AsyncClient, link: str
) -> None:
    answer = await browser.get(link)

    assert answer.status_code == 200
    text = " ".join(answer.text.split())
    for said in (
        "Peak event",
        "Tuesday, July 14",
        "5:00 PM EDT to 8:00 PM EDT",
        "Starts in 21 h 30 min",
        "Car of home",
        "kWh",
        "Never below</dt><dd>30 %",
        "&minus;$",
        "There is no other penalty.",
        "Opt out of this event",
        "help@example.org",
    ):
        assert said in text


async def test_the_page_is_light_private_and_without_scripts(
    browser: httpx.AsyncClient, link: str
) -> None:
    answer = await browser.get(link)

    assert len(answer.content) < 9_000
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_mail_scanner_that_follows_the_link_changes_nothing(
    browser: httpx.AsyncClient, link: str, world: World, event: EventId, method: str
) -> None:
    for path in (link, f"{link}/opt-out", f"{link}/opt-in"):
        await browser.request(method, path)

    assert not await opted_out(world, event)


async def opened_at(world: World, event: EventId) -> dict[str, datetime | None]:
    rows = await PostgresQueries(world.engine).notices(event)
    return {f"{row.kind}/{row.channel}": row.opened_at for row in rows}


async def test_the_first_look_is_kept_as_evidence_of_the_letter_it_came_from(
    browser: httpx.AsyncClient, link: str, world: World, event: EventId
) -> None:
    await browser.head(link)
    assert await opened_at(world, event) == {"called/email": None, "called/inbox": None}

    await browser.get(link)
    first = world.clock.now()
    await world.until(WINDOW.start - timedelta(hours=2))
    await browser.get(link)
    seen = await opened_at(world, event)

    assert seen["called/email"] == first
    assert seen["called/inbox"] is None
    assert seen["reminder/email"] is None
    await browser.get(f"/p/{token_in(world.mails.sent[-1][1])}")
    assert (await opened_at(world, event))["reminder/email"] == world.clock.now()


async def test_the_inbox_shows_every_message_and_no_link(
    browser: httpx.AsyncClient, link: str, world: World
) -> None:
    await world.until(WINDOW.start - timedelta(hours=2))

    page = await browser.get(link)
    inbox = await browser.get(f"{link}/inbox")

    assert f'href="{link}/inbox"' in page.text
    assert inbox.status_code == 200
    assert inbox.text.index("Today 5:00 PM EDT") < inbox.text.index("Peak event: Tue")
    assert "Monday, July 13, 7:30 PM EDT" in inbox.text
    assert "never below the 30 % you set" in inbox.text
    assert "{{" not in inbox.text
    assert inbox.headers["Cache-Control"] == "no-store"
    assert (await browser.get("/p/nobody/inbox")).status_code == 404


async def test_the_button_opts_out_at_once_and_leads_to_a_page_that_confirms(
    browser: httpx.AsyncClient, link: str, world: World, event: EventId
) -> None:
    answer = await browser.post(f"{link}/opt-out")

    assert answer.status_code == 303
    assert answer.headers["Location"] == link
    assert await opted_out(world, event)
    assert world.nudges.evses
    shown = await browser.get(link)
    assert "You are out of this event" in shown.text
    assert "Take part after all" in shown.text
    assert "Opt out of this event" not in shown.text


async def test_pressing_the_button_twice_is_as_good_as_once(
    browser: httpx.AsyncClient, link: str
) -> None:
    answers = [await browser.post(f"{link}/opt-out") for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 303]


async def test_an_opt_out_can_be_taken_back_until_the_start(
    browser: httpx.AsyncClient, link: str, world: World, event: EventId
) -> None:
    await browser.post(f"{link}/opt-out")
    answer = await browser.post(f"{link}/opt-in")

    assert answer.status_code == 303
    assert not await opted_out(world, event)

    await browser.post(f"{link}/opt-out")
    await world.until(WINDOW.start)
    late = await browser.post(f"{link}/opt-in")

    assert late.status_code == 409
    assert "only before that" in late.text
    assert await opted_out(world, event)


async def test_an_opt_out_works_during_the_event(
    browser: httpx.AsyncClient, link: str, world: World, event: EventId
) -> None:
    await world.until(WINDOW.start - timedelta(minutes=30))
    await world.until(WINDOW.start + timedelta(hours=1))
    running = await browser.get(link)
    await browser.post(f"{link}/opt-out")

    assert "Your battery is helping now" in running.text
    assert "Ends in 2 h" in running.text
    assert await opted_out(world, event)
    shown = await browser.get(link)
    assert "Take part after all" not in shown.text


async def test_after_the_event_there_is_nothing_to_opt_out_of(
    browser: httpx.AsyncClient, link: str, world: World, event: EventId
) -> None:
    await world.until(WINDOW.start)
    await world.until(WINDOW.end)
    answer = await browser.post(f"{link}/opt-out")

    assert answer.status_code == 409
    assert "This event is over" in answer.text
    assert "Opt out of this event" not in answer.text
    assert not await opted_out(world, event)


async def test_a_settled_event_shows_its_result(
    browser: httpx.AsyncClient, link: str, world: World, event: EventId
) -> None:
    del event
    await world.until(WINDOW.start)
    await world.until(WINDOW.end)
    await world.until(WINDOW.end + timedelta(minutes=30))
    answer = await browser.get(link)

    assert "Counts for the program" in answer.text
    assert "kWh missing" in answer.text


async def test_a_cancelled_event_says_why(
    browser: httpx.AsyncClient, link: str, world: World, event: EventId
) -> None:
    await world.node.events.cancel(event, "the grid is <fine>", "operator")
    answer = await browser.get(link)

    assert "This event was called off" in answer.text
    assert "the grid is &lt;fine&gt;" in answer.text
    assert "<form" not in answer.text


@pytest.mark.parametrize("path", ["/p/nobody", "/p/%F0%9F%9A%97", "/p/" + "x" * 500])
async def test_an_unknown_link_gets_a_friendly_page(
    browser: httpx.AsyncClient, path: str
) -> None:
    answers = [
        await browser.get(path),
        await browser.post(f"{path}/opt-out"),
        await browser.post(f"{path}/opt-in"),
    ]

    assert {each.status_code for each in answers} == {404}
    assert all("not valid any more" in each.text for each in answers)


async def test_a_fleet_sees_the_sum_first_and_each_vehicle_below_the_button(
    browser: httpx.AsyncClient, world: World
) -> None:
    await world.add("district", evses=3, kw=44, battery_kwh=200)
    await world.node.events.call(DRAFT, by="operator")
    await world.drain()
    answer = await browser.get(f"/p/{token_in(world.mails.sent[0][1])}")

    assert "3 vehicles" in answer.text
    button = answer.text.index("Opt out of this event")
    assert answer.text.index("3 vehicles") < button
    assert button < answer.text.index("<details>")
    assert answer.text.count("<details>") == 3
