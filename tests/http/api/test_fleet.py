"""Sites, participants, vehicles, programs and quarter hours over HTTP."""

import csv
import io
from datetime import timedelta

import httpx
import pytest

from tests.http.nodes import HOME_1, HOME_2, PROGRAM, WINDOW, Stage

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("peopled")]
QUARTERS = "/api/v1/telemetry/quarters"


@pytest.mark.parametrize("kind", ["sites", "participants", "vehicles", "enrollments"])
async def test_lists_go_page_by_page(viewer: httpx.AsyncClient, kind: str) -> None:
    seen = []
    params: dict[str, str | int] = {"limit": 1}
    while True:
        page = (await viewer.get(f"/api/v1/{kind}", params=params)).json()
        seen += page["items"]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]

    whole = (await viewer.get(f"/api/v1/{kind}")).json()["items"]
    assert seen == whole
    assert len(seen) == 3


async def test_a_site_and_a_participant_show_what_they_have(
    viewer: httpx.AsyncClient,
) -> None:
    site = (await viewer.get("/api/v1/sites/home-01")).json()
    person = (await viewer.get("/api/v1/participants/home-01")).json()

    assert site["export_cap_kw"] == 12
    assert (site["stations"], site["evses"]) == (1, 1)
    assert person["email"] == "home-01@example.org"
    assert person["programs"] == [PROGRAM]
    assert (person["sites"], person["vehicles"], person["evses"]) == (1, 1, 1)


async def test_a_need_is_replaced_and_read_back(
    operator: httpx.AsyncClient,
) -> None:
    need = {
        "min_soc_pct": 45,
        "departures": [{"weekday": 0, "time": "06:15", "soc_pct": 90}],
        "overrides": [{"date": "2026-07-15", "time": None, "soc_pct": 50}],
    }

    kept = await operator.put("/api/v1/vehicles/veh-home-01/need", json=need)
    shown = (await operator.get("/api/v1/vehicles/veh-home-01")).json()

    assert kept.status_code == 200, kept.text
    assert kept.json() == shown
    assert shown["need"]["departures"][0]["time"] == "06:15:00"
    assert shown["need"]["overrides"][0]["time"] is None
    assert shown["battery_kwh"] == 60
    assert (shown["station"], shown["soc_pct"]) == (HOME_1.station, 80)
    mine = await operator.get("/api/v1/vehicles?participant=home-02")
    assert [each["id"] for each in mine.json()["items"]] == ["veh-home-02"]


@pytest.mark.parametrize(
    ("need", "field"),
    [
        ({"min_soc_pct": 101}, "min_soc_pct"),
        ({}, "min_soc_pct"),
        (
            {
                "min_soc_pct": 30,
                "departures": [{"weekday": 7, "time": "06:15", "soc_pct": 90}],
            },
            "departures.0.weekday",
        ),
        (
            {
                "min_soc_pct": 30,
                "departures": [{"weekday": 1, "time": "26:15", "soc_pct": 90}],
            },
            "departures.0.time",
        ),
    ],
)
async def test_a_need_that_makes_no_sense_is_refused(
    operator: httpx.AsyncClient, need: dict[str, object], field: str
) -> None:
    refused = await operator.put("/api/v1/vehicles/veh-home-01/need", json=need)

    assert refused.status_code == 422
    assert refused.json()["field"] == field


async def test_programs_show_their_rules(viewer: httpx.AsyncClient) -> None:
    listed = (await viewer.get("/api/v1/programs")).json()["items"]
    shown = (await viewer.get(f"/api/v1/programs/{PROGRAM}")).json()

    assert {each["id"] for each in listed} >= {PROGRAM, "ma-cs-ci"}
    assert shown["payment"]["kind"] == "K1"
    assert shown["version"] in shown["versions"]
    enrolled = await viewer.get(f"/api/v1/enrollments?program={PROGRAM}")
    assert len(enrolled.json()["items"]) == 3
    mine = await viewer.get("/api/v1/enrollments?participant=home-02")
    assert [each["station"] for each in mine.json()["items"]] == [HOME_2.station]


async def test_a_statement_comes_as_csv_too_and_alike_each_time(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    event = await peopled.call()
    await peopled.through(event, HOME_1)
    path = f"/api/v1/programs/{PROGRAM}/statement?season=2026-summer"

    first = await viewer.get(f"{path}&format=csv")
    second = await viewer.get(path, headers={"Accept": "text/csv"})
    again = (await viewer.get(path)).json()

    assert first.content == second.content
    rows = list(csv.DictReader(io.StringIO(first.text)))
    earned = {row["station"]: row["net"] for row in rows}
    assert earned[HOME_1.station] == again["lines"][0]["amount"]
    assert again["lines"][0]["events"][0]["participated"]
    assert again == (await viewer.get(path)).json()
    unknown = await viewer.get(f"/api/v1/programs/{PROGRAM}/statement?season=2026-fall")
    assert unknown.status_code == 422
    assert "2026-summer" in unknown.json()["remedy"]


async def test_quarters_come_as_json_and_as_csv(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    event = await peopled.call()
    await peopled.until(WINDOW.start - timedelta(minutes=30))
    await peopled.until(WINDOW.start)
    half = WINDOW.start + timedelta(minutes=30)
    await peopled.meter(HOME_1, -6000, WINDOW.start, half)
    peopled.clock.jump_to(half + timedelta(minutes=15))
    await peopled.node.telemetry.build()
    span = {"from": WINDOW.start.isoformat(), "to": WINDOW.end.isoformat()}

    one = {**span, "station": HOME_1.station, "evse": "1"}
    items = (await viewer.get(QUARTERS, params=one)).json()["items"]
    written = await viewer.get(QUARTERS, params={**span, "format": "csv"})

    assert [each["quality"] for each in items] == ["OK", "OK", "MISSING"]
    assert items[0]["export_kwh"] == pytest.approx(1.5)
    assert items[0]["power_kw"] == pytest.approx(-6)
    assert items[0]["event"] == event
    assert written.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(written.text)))
    assert len(rows) == 9, "three EVSEs, three quarters that have begun"
    mine = [row for row in rows if row["resource_id"] == str(HOME_1)]
    assert mine[0]["energy_export_kwh"] == "1.5000"
    assert mine[0]["event_id"] == event
    assert mine[0]["timezone"] == "America/New_York"


async def test_too_many_quarters_at_once_are_refused_with_a_remedy(
    viewer: httpx.AsyncClient,
) -> None:
    span = {"from": "2025-07-14T00:00:00Z", "to": "2026-07-13T00:00:00Z"}

    refused = await viewer.get(QUARTERS, params=span)

    assert refused.status_code == 422
    assert refused.json()["code"] == "too-much"
    assert "csv" in refused.json()["remedy"]


async def test_an_inbox_is_read_page_by_page_newest_first(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    event = await peopled.call()
    await peopled.until(WINDOW.start - timedelta(hours=2))
    inbox = "/api/v1/participants/home-01/notices"

    first = (await viewer.get(inbox, params={"limit": 1})).json()
    cursor = {"limit": 1, "cursor": first["next"]}
    second = (await viewer.get(inbox, params=cursor)).json()

    assert [each["kind"] for each in first["items"]] == ["reminder"]
    assert [each["kind"] for each in second["items"]] == ["called"]
    assert second["next"] is None
    (called,) = second["items"]
    assert called["event"] == event
    assert "EDT" in called["subject"]
    assert "the link is in the e-mail" in called["text"]
    assert "{{" not in called["text"]
    plant = await viewer.get("/api/v1/participants/plant-01/notices")
    assert plant.json()["items"] == []
    nobody = await viewer.get("/api/v1/participants/nobody/notices")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "no-such-participant")
