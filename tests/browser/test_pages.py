"""Every page in a real browser: it can be read by everyone, it lives, it recovers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from csms.domain.event import Stage
from csms.domain.ids import EvseId, StationId
from csms.domain.units import Power
from tests.browser.belongings import CAMPAIGN
from tests.browser.serving import Served
from tests.browser.site import OPERATOR

pytestmark = pytest.mark.browser

AUDIT = (Path(__file__).parent / "audit.js").read_text()
PHONE, DESK = 390, 1280
SILENCE_S = 9
STATION = "MA-ACTON-BOXBOROUGH-01"
HOME = EvseId(StationId("MA-HOME-03"), 1)


@contextmanager
def window(
    chromium: Browser,
    shown: Served,
    *,
    width: int = DESK,
    scheme: str = "light",
    scripts: bool = True,
) -> Iterator[Page]:
    """Give a page of a fresh browser; afterwards nothing must have gone wrong in it."""
    context = chromium.new_context(
        base_url=shown.address,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=scripts,
        reduced_motion="reduce",
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request",
        lambda sent: (
            wrong.append(sent.url) if not sent.url.startswith(shown.address) else None
        ),
    )
    page.on(
        "console",
        lambda said: wrong.append(said.text) if said.type == "error" else None,
    )
    yield page
    context.close()
    assert wrong == []


def sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("Name").fill(OPERATOR[0])
    page.get_by_label("Password").fill(OPERATOR[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def paths(shown: Served) -> list[str]:
    return [
        "/",
        "/fleet",
        "/events",
        "/events/new",
        "/events/new?program=ma-cs-ci&on=2026-07-21&start=17:00&end=20:00",
        "/events/new?program=ma-cs-ci&on=2026-07-21&start=09:00&end=12:00",
        *(f"/events/{event}" for event in shown.site.events.values()),
        f"/stations/{STATION}",
        f"/stations/{STATION}/composite",
        "/mail",
        "/mail/1",
        "/handshakes",
        "/security",
        "/security?station=nobody",
        "/certificates",
        "/certificates?q=nobody",
        "/firmware",
        "/tokens",
        "/tokens/1",
        "/reservations",
        "/tariffs",
        "/alerts",
        "/logs",
        f"/firmware/campaigns/{CAMPAIGN}",
        "/conformance",
        "/conformance?block=B",
        "/conformance?state=open&kind=actions",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_every_page_can_be_read_by_everyone(
    chromium: Browser, shown: Served, width: int, scheme: str
) -> None:
    found: dict[str, list[str]] = {}
    with window(chromium, shown, width=width, scheme=scheme, scripts=True) as page:
        page.goto("/sign-in")
        found["/sign-in"] = page.evaluate(AUDIT)
        sign_in(page)
        for path in paths(shown):
            page.goto(path)
            page.evaluate(
                "document.querySelectorAll('details').forEach(d => d.open = true)"
            )
            found[path] = page.evaluate(AUDIT)

    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_pages_can_be_read_without_scripts(chromium: Browser, shown: Served) -> None:
    with window(chromium, shown, scripts=False) as page:
        sign_in(page)
        page.goto("/fleet")
        expect(page.locator("[data-evse]")).to_have_count(55)
        page.goto(f"/events/{shown.site.events[Stage.ACTIVE]}")
        expect(page.locator("#figures")).to_contain_text("Delivered now")
        expect(page.locator(".chart rect.done")).not_to_have_count(0)


def test_conformance_is_found_block_by_block_without_scripts(
    chromium: Browser, shown: Served
) -> None:
    with window(chromium, shown, width=PHONE, scripts=False) as page:
        sign_in(page)
        page.get_by_role("link", name="System").click()
        page.get_by_role("link", name="Conformance").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Conformance")
        page.get_by_role("link", name="G Availability").click()
        expect(page.locator("#rows")).to_contain_text("Heartbeat")
        page.get_by_label("Rows").select_option("Requirements")
        page.get_by_role("button", name="Filter").click()

        expect(page.locator("#rows")).to_contain_text("G02.FR.04")
        expect(page.locator("#rows tbody")).not_to_contain_text("Heartbeat")


def test_the_fleet_shows_what_happens_while_it_happens(
    chromium: Browser, shown: Served
) -> None:
    with window(chromium, shown) as page:
        sign_in(page)
        page.goto("/fleet?q=MA-HOME-03")
        row = page.locator('[data-evse="MA-HOME-03/1"]')
        expect(page.locator("[data-pill]")).to_have_text("Live")
        shown.tell(HOME, power=Power(-6_600), soc_pct=55.4)

        expect(row.locator('[data-field="state"]')).to_contain_text("Discharging")
        expect(row.locator('[data-field="power"]')).to_have_text("\N{MINUS SIGN}6.6")
        expect(row.locator('[data-field="soc"]')).to_have_text("55 %")
        shown.tell(HOME, power=Power(0))
        expect(row.locator('[data-field="state"]')).to_contain_text("Plugged in")


def test_a_silent_server_is_seen_and_so_is_its_return(
    chromium: Browser, shown: Served
) -> None:
    with window(chromium, shown) as page:
        sign_in(page)
        page.goto("/handshakes")
        pill = page.locator("[data-pill]")
        expect(pill).to_have_text("Live")
        page.evaluate("window.stays = true")
        shown.loop.call_soon_threadsafe(time.sleep, SILENCE_S)

        expect(pill).to_have_text("Stale", timeout=SILENCE_S * 1000)
        expect(pill).to_have_text("Live", timeout=15_000)
        assert page.evaluate("window.stays") is True


def test_an_event_keeps_its_figures_up_to_date(
    chromium: Browser, shown: Served
) -> None:
    event = shown.site.events[Stage.ACTIVE]
    members = shown.run(shown.site.members(event))
    asked = next(each for each in members if each.planned_power and not each.exclusions)
    with window(chromium, shown) as page:
        sign_in(page)
        page.goto(f"/events/{event}")
        figure = page.locator("#figures .figure").first
        before = figure.inner_text()
        known = shown.site.node.live.get(asked.evse).power
        shown.tell(asked.evse, power=Power(-99_000))

        expect(figure).not_to_have_text(before)
        shown.tell(asked.evse, power=known)
        expect(figure).to_have_text(before)


def test_a_table_is_sorted_by_a_click_and_says_so(
    chromium: Browser, shown: Served
) -> None:
    with window(chromium, shown) as page:
        sign_in(page)
        page.goto("/fleet?q=MA-HOME")
        head = page.locator("th", has_text="Battery")
        head.get_by_role("button").click()
        head.get_by_role("button").click()

        expect(head).to_have_attribute("aria-sort", "descending")
        said = page.locator('[data-field="soc"]').evaluate_all(
            "cells => cells.map(each => Number(each.dataset.value))"
        )
        assert said == sorted(said, reverse=True)
        assert len(set(said)) > 3


def test_a_sorted_table_stays_sorted_while_it_is_kept_up_to_date(
    chromium: Browser, shown: Served
) -> None:
    event = shown.site.events[Stage.ACTIVE]
    evse = EvseId(StationId("MA-WARWICK-01"), 1)
    known = shown.site.node.live.get(evse).power
    with window(chromium, shown) as page:
        sign_in(page)
        page.goto(f"/events/{event}")
        first = page.locator("#members tbody tr").first
        page.get_by_role("button", name="Now, kW").click()
        page.get_by_role("button", name="Now, kW").click()
        expect(first).not_to_contain_text("MA-WARWICK-01/1")
        shown.tell(evse, power=Power(-88_000))

        expect(first).to_contain_text("MA-WARWICK-01/1")
        expect(page.get_by_role("button", name="Now, kW")).to_be_focused()
        shown.tell(evse, power=known)


def test_an_event_is_called_after_a_look_at_what_it_means(
    chromium: Browser, shown: Served
) -> None:
    with window(chromium, shown) as page:
        sign_in(page)
        page.get_by_role("link", name="Call an event").click()
        page.get_by_label("Program").select_option("ma-cs-ci")
        page.get_by_label("Day").fill("2026-07-23")
        page.get_by_label("Name").fill("By hand")
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_role("heading", name="Preview: By hand")).to_be_visible()
        page.get_by_role("button", name="Call the event").click()

        expect(page.get_by_role("heading", level=1)).to_have_text("By hand")
        page.get_by_text("Cancel the event").first.click()
        page.get_by_label("Why").fill("only a trial")
        page.get_by_role("button", name="Cancel the event").click()
        expect(page.get_by_text("Cancelled: only a trial")).to_be_visible()


def test_the_way_from_a_caught_letter_to_an_opt_out_needs_no_scripts(
    chromium: Browser, shown: Served
) -> None:
    event = shown.site.events[Stage.NOTIFIED]
    members = shown.run(shown.site.members(event))
    mine = next(each for each in members if each.participant == "home-10")
    mail = next(
        each
        for each in reversed(shown.site.catcher.list(limit=5_000))
        if each.to == "home-10@example.org" and "day two" in each.subject
    )
    token = mail.text.split("/p/")[1].split()[0]
    with window(chromium, shown, width=PHONE, scripts=False) as page:
        page.goto(f"/p/{token}")
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "Your battery is asked to help"
        )
        page.get_by_role("button", name="Opt out of this event").click()

        expect(page.get_by_role("heading", level=1)).to_have_text(
            "You are out of this event"
        )
        after = shown.run(shown.site.members(event))
        out = {each.evse for each in after if each.opted_out_at}
        assert mine.evse in out
        page.get_by_role("button", name="Take part after all").click()
        expect(page.get_by_text("You take part")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_participants_page_can_be_read_by_everyone(
    chromium: Browser, shown: Served, scheme: str
) -> None:
    mails = [
        each for each in shown.site.catcher.list(limit=5_000) if "/p/" in each.text
    ]
    tokens = [each.text.split("/p/")[1].split()[0] for each in (mails[0], mails[-1])]
    with window(chromium, shown, width=PHONE, scheme=scheme) as page:
        for token in tokens:
            page.goto(f"/p/{token}")
            assert page.evaluate(AUDIT) == []


def test_the_keyboard_reaches_the_content_first(
    chromium: Browser, shown: Served
) -> None:
    with window(chromium, shown) as page:
        sign_in(page)
        page.goto("/fleet")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")

        expect(page.get_by_label("Find")).to_be_focused()
