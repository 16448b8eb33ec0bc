"""Events over HTTP, from the preview to the statement."""

from datetime import timedelta

import httpx
import pytest

from csms.domain.units import Power
from tests.http.nodes import (
    HOME_1,
    HOME_2,
    PLANT,
    PROGRAM,
    WINDOW,
    Stage,
    an_event,
)

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("peopled")]
EVENTS = "/api/v1/events"


async def test_a_preview_says_what_would_be_planned_and_keeps_nothing(
    operator: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    dry = await operator.post(EVENTS, json=an_event(dry_run=True))
    shown = await viewer.post(f"{EVENTS}/preview", json=an_event())

    assert dry.status_code == shown.status_code == 200
    assert dry.json() == shown.json()
    said = dry.json()
    assert said["callable"]
    assert (said["members"], said["excluded"]) == (3, 1)
    assert said["excluded_by"] == {"not_eligible_utility": 1}
    assert said["planned_kw"] == pytest.approx(said["planned_kwh"] / 3, rel=1e-3)
    assert said["planned_kw"] > 5
    assert (await viewer.get(EVENTS)).json()["items"] == []


async def test_an_event_is_called_followed_settled_and_paid(
    peopled: Stage, operator: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    called = await operator.post(EVENTS, json=an_event())
    assert called.status_code == 201
    path = f"{EVENTS}/{called.json()['id']}"
    assert called.headers["location"] == path
    assert called.json()["stage"] == "scheduled"

    await peopled.drain()
    told = (await viewer.get(path)).json()
    assert told["stage"] == "notified"
    assert told["notices"] == {"sent": 2, "failed": 0, "waiting": 0}
    assert (told["members"], told["excluded"], told["opted_out"]) == (3, 1, 0)
    assert told["planned_kw"] > 0
    assert told["planned_kwh"] == pytest.approx(3 * told["planned_kw"], rel=1e-3)

    await peopled.through(called.json()["id"], HOME_1)

    live = (await viewer.get(f"{path}/live")).json()
    assert live["stage"] == "settled"
    assert live["target_kw"] == 0
    members = (await viewer.get(f"{path}/members?limit=500")).json()["items"]
    assert [each["station"] for each in members] == [
        HOME_1.station,
        HOME_2.station,
        PLANT.station,
    ]
    first, second, plant = members
    assert first["outcome"] == "delivered"
    assert first["delivered_kwh"] == pytest.approx(first["planned_kwh"], abs=0.01)
    assert live["delivered_kwh"] == pytest.approx(first["delivered_kwh"])
    assert second["outcome"] == "not_delivered"
    assert second["delivered_kwh"] == 0
    missing = sum(second["reasons"].values())
    assert missing == pytest.approx(second["planned_kwh"])
    assert plant["exclusions"] == ["not_eligible_utility"]

    report = (await viewer.get(f"{path}/report")).json()
    assert report["outcomes"] == {"delivered": 1, "not_delivered": 1, "excluded": 1}
    assert report["delivered_kwh"] + sum(report["reasons"].values()) == pytest.approx(
        report["planned_kwh"], abs=0.01
    )

    statement = await viewer.get(
        f"/api/v1/programs/{PROGRAM}/statement", params={"season": "2026"}
    )
    said = statement.json()
    assert said["season"] == "2026-summer"
    assert said["currency"] == "USD"
    assert len(said["input_hash"]) == 64
    lines = {each["station"]: each for each in said["lines"]}
    assert float(lines[HOME_1.station]["amount"]) > 0
    assert lines[HOME_1.station]["average_kw"] == pytest.approx(
        first["delivered_kwh"] / 3, abs=0.001
    )
    assert float(said["total"]) == sum(float(each["amount"]) for each in said["lines"])


async def test_live_figures_come_from_meters_and_the_newest_plan(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    event = await peopled.call()
    path = f"{EVENTS}/{event}/live"
    before = (await viewer.get(path)).json()
    assert (before["stage"], before["target_kw"]) == ("notified", 0)
    assert before["delivered_kwh"] == 0

    await peopled.meter(HOME_1, 3000, WINDOW.start - timedelta(hours=2), WINDOW.start)
    await peopled.until(WINDOW.start - timedelta(minutes=30))
    await peopled.until(WINDOW.start)
    an_hour = WINDOW.start + timedelta(hours=1)
    await peopled.meter(HOME_1, -6000, WINDOW.start, an_hour)
    peopled.clock.jump_to(an_hour)
    live = (await viewer.get(path)).json()

    assert live["stage"] == "active"
    assert live["target_kw"] == pytest.approx(live["planned_kwh"] / 3, rel=1e-3)
    assert live["delivered_kw"] == 6
    assert live["delivered_kwh"] == pytest.approx(6)
    assert (live["excluded"], live["unseen"]) == (1, 0)

    peopled.node.live.update(HOME_1, power=Power(-5000), export_ws=1_000_000)
    again = (await viewer.get(path)).json()
    assert again["delivered_kw"] == 5
    assert again["delivered_kwh"] == 0, "a register that went back says nothing"


async def test_the_curve_holds_given_against_wanted(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    event = await peopled.call()
    await peopled.until(WINDOW.start - timedelta(minutes=30))
    await peopled.until(WINDOW.start)
    half = WINDOW.start + timedelta(minutes=30)
    await peopled.meter(HOME_1, -6000, WINDOW.start, half)
    peopled.clock.jump_to(half + timedelta(minutes=10))
    await peopled.node.telemetry.build()
    await viewer.get(f"{EVENTS}/{event}/live")

    said = (await viewer.get(f"{EVENTS}/{event}/curve")).json()

    assert len(said["quarters"]) == 12
    assert said["quarters"][0]["delivered_kw"] == pytest.approx(6)
    assert said["quarters"][0]["target_kw"] > 6
    assert said["quarters"][11]["delivered_kw"] is None
    assert said["samples"][-1]["delivered_kw"] == 6


async def test_the_same_key_gives_the_same_event(operator: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "from the utility: 4711"}

    first = await operator.post(EVENTS, json=an_event(), headers=key)
    second = await operator.post(EVENTS, json=an_event(), headers=key)
    other = await operator.post(EVENTS, json=an_event(target_kw=5), headers=key)

    assert first.status_code == second.status_code == 201
    assert first.json()["id"] == second.json()["id"]
    assert other.status_code == 409
    assert other.json()["code"] == "idempotency-conflict"
    assert len((await operator.get(EVENTS)).json()["items"]) == 1


async def test_an_event_against_the_rules_is_refused_with_every_rule(
    operator: httpx.AsyncClient,
) -> None:
    winter = {"starts_at": "2026-12-01T21:00:00Z", "ends_at": "2026-12-01T23:30:00Z"}

    refused = await operator.post(EVENTS, json=an_event(**winter))

    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["code"] == "event-rules"
    assert problem["errors"]
    assert problem["remedy"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends_at": an_event()["starts_at"]}, "ends_at"),
        ({"starts_at": "2026-07-14T21:00:00"}, "starts_at"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"target_kw": -5}, "target_kw"),
        ({"target_kw": "much"}, "target_kw"),
        ({"program": ""}, "program"),
        ({"name": "x" * 201}, "name"),
    ],
)
async def test_nonsense_is_refused_by_the_name_of_its_field(
    operator: httpx.AsyncClient, changes: dict[str, object], field: str
) -> None:
    refused = await operator.post(EVENTS, json=an_event(**changes))

    assert refused.status_code == 422
    assert refused.json()["field"] == field


async def test_an_operator_opts_a_participant_out_once(
    peopled: Stage, operator: httpx.AsyncClient
) -> None:
    event = await peopled.call()
    path = f"{EVENTS}/{event}"

    first = await operator.post(f"{path}/opt-outs", json={"participant": "home-01"})
    second = await operator.post(f"{path}/opt-outs", json={"participant": "home-01"})
    nobody = await operator.post(f"{path}/opt-outs", json={"participant": "nobody"})

    assert first.json()["evses"] == [str(HOME_1)]
    assert (first.json()["repeated"], second.json()["repeated"]) == (False, True)
    assert nobody.status_code == 404
    live = (await operator.get(f"{path}/live")).json()
    assert live["opted_out"] == 1
    assert live["states"] == {"opted_out": 1}
    members = (await operator.get(f"{path}/members")).json()["items"]
    assert members[0]["opted_out_by"] == "the operator"


async def test_a_cancelled_event_is_over_and_says_why(
    peopled: Stage, operator: httpx.AsyncClient
) -> None:
    event = await peopled.call()
    path = f"{EVENTS}/{event}"

    gone = await operator.post(f"{path}/cancel", json={"reason": "cooler than feared"})
    late = await operator.post(f"{path}/opt-outs", json={"participant": "home-01"})

    assert gone.json()["stage"] == "cancelled"
    assert gone.json()["cancel_reason"] == "cooler than feared"
    assert late.status_code == 403
    assert late.json()["code"] == "event-over"


async def test_a_settled_event_cannot_be_cancelled(
    peopled: Stage, operator: httpx.AsyncClient
) -> None:
    event = await peopled.call()
    await peopled.through(event, HOME_1)

    refused = await operator.post(f"{EVENTS}/{event}/cancel", json={"reason": "late"})

    assert refused.status_code == 409
    assert refused.json()["code"] == "event-stage"


async def test_notices_carry_their_evidence(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    event = await peopled.call()

    listed = (await viewer.get(f"{EVENTS}/{event}/notices")).json()["items"]

    mails = [each for each in listed if each["channel"] == "email"]
    assert {each["address"] for each in mails} == {
        "home-01@example.org",
        "home-02@example.org",
    }
    assert all(each["outcome"] == "sent" and each["sent_at"] for each in mails)
    mail = (await viewer.get("/api/v1/mail")).json()
    assert len(mail["items"]) == 2
    assert "/p/" in mail["items"][0]["text"]
    later = await viewer.get("/api/v1/mail", params={"after": mail["items"][-1]["id"]})
    assert later.json() == {"items": [], "next": None}


async def test_lists_of_events_and_members_go_page_by_page(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    first = await peopled.call()
    tomorrow = {
        "starts_at": (WINDOW.start + timedelta(days=1)).isoformat(),
        "ends_at": (WINDOW.end + timedelta(days=1)).isoformat(),
    }
    second = await peopled.call(**tomorrow)

    seen: list[str] = []
    params: dict[str, str | int] = {"limit": 1}
    while True:
        page = (await viewer.get(EVENTS, params=params)).json()
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert seen == [second, first]

    some = (await viewer.get(f"{EVENTS}/{first}/members?limit=2")).json()
    rest = await viewer.get(
        f"{EVENTS}/{first}/members", params={"limit": 2, "cursor": some["next"]}
    )
    assert [each["station"] for each in rest.json()["items"]] == [PLANT.station]
    narrowed = await viewer.get(EVENTS, params={"stage": ["settled", "active"]})
    assert narrowed.json()["items"] == []
    for program, many in ((PROGRAM, 2), ("ma-cs-ci", 0)):
        found = await viewer.get(EVENTS, params={"program": program})
        assert len(found.json()["items"]) == many
