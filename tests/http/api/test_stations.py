"""Stations over HTTP: what they are, say, hold, and what may be sent to them."""

import httpx
import pytest

from csms.charging.requirements import UNREAD
from csms.domain.profile import Role as ProfileRole
from csms.domain.station import (
    DeviationCount,
    StationNotice,
    Variable,
    VariableKey,
)
from csms.domain.units import Power
from csms.ocpp.link import Refused, Unanswered
from csms.services.ports.profiles import Intent, IntentState
from tests.fakes.link import FakeLink
from tests.fakes.sessions import a_report
from tests.http.nodes import EVENING, HOME_1, HOME_2, MAKE, PLANT, WINDOW, Stage

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("peopled")]
STATIONS = "/api/v1/stations"
HERE = f"{STATIONS}/{HOME_1.station}"


async def test_a_list_shows_who_where_what_and_what_now(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    peopled.node.live.update(HOME_1, power=Power(-5000), power_at=EVENING)

    items = (await viewer.get(STATIONS)).json()["items"]

    assert [each["id"] for each in items] == [
        HOME_1.station,
        HOME_2.station,
        PLANT.station,
    ]
    first = items[0]
    told = {
        "site": "home-01",
        "participant": "home-01",
        "vendor": MAKE.vendor,
        "model": MAKE.model,
        "edition": "ocpp2.1",
        "connected": True,
        "standing": "accepted",
        "provisioned": True,
    }
    assert first.items() >= told.items()
    assert first["last_seen_at"] == "2026-07-13T23:30:00Z"
    (evse,) = first["evses"]
    said = {"number": 1, "power_w": -5000, "soc_pct": 80.0, "plugged": True}
    assert evse.items() >= said.items()
    assert evse["vehicle_name"] == "A car"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("site=home-02", {HOME_2.station}),
        ("participant=plant-01", {PLANT.station}),
        ("status=connected", {HOME_1.station, HOME_2.station, PLANT.station}),
        ("status=offline", set()),
        ("status=pending", set()),
        ("status=accepted&q=plant", {PLANT.station}),
        ("q=HOUSE OF home-0", {HOME_1.station, HOME_2.station}),
        ("q=100%", set()),
        ("q=x21_scheduled", set()),
    ],
)
async def test_a_list_is_narrowed(
    viewer: httpx.AsyncClient, query: str, found: set[str]
) -> None:
    items = (await viewer.get(f"{STATIONS}?{query}")).json()["items"]

    assert {each["id"] for each in items} == found


async def test_a_list_goes_page_by_page(viewer: httpx.AsyncClient) -> None:
    first = (await viewer.get(f"{STATIONS}?limit=2")).json()
    cursor = {"limit": 2, "cursor": first["next"]}
    second = (await viewer.get(STATIONS, params=cursor)).json()

    assert len(first["items"]) == 2
    assert [each["id"] for each in second["items"]] == [PLANT.station]
    assert second["next"] is None


async def test_a_station_shows_all_that_is_known_of_it(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    async with peopled.node.begin() as work:
        await work.stations.add_deviations(
            [
                DeviationCount(
                    HOME_1.station, "unknown_enum", "BootNotification.reason", 3,
                    EVENING, EVENING, "Whim",
                )
            ]
        )  # fmt: skip
        await work.profiles.save_intent(
            Intent(
                HOME_1,
                ProfileRole.FLOOR,
                10,
                "abc",
                IntentState.ECHOED,
                {"limit_w": 0},
                EVENING,
            )
        )
        await work.profiles.save_intent(
            Intent(
                HOME_2,
                ProfileRole.FLOOR,
                11,
                "abc",
                IntentState.SENT,
                {},
                EVENING,
            )
        )

    said = (await viewer.get(HERE)).json()

    assert said["serial"] == MAKE.serial
    assert said["vendor_profile"]["id"] == "example-x21-scheduled"
    assert said["vendor_profile"]["evidence"]["kind"] == "simulated"
    assert said["capabilities"]["max_stack_level"] == 10
    assert said["shortcomings"] == ["no display"]
    assert said["facts"] == [
        {
            "number": 1,
            "dispatchable": True,
            "obstacle": None,
            "verified": True,
            "dialect": "setpoint_scheduled",
        }
    ]
    assert said["deviations"][0]["count"] == 3
    assert [each["state"] for each in said["intents"]] == ["echoed"]
    assert said["transactions"] == []


async def test_frames_are_found_by_what_they_are_and_paged(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    log, station = peopled.messages, HOME_1.station
    log.record(station, "in", '[2,"m1","Heartbeat",{}]')
    log.record(station, "out", '[3,"m1",{"currentTime":"2026-07-13T23:30:00Z"}]')
    log.record(station, "out", '[2,"m2","Reset",{"type":"OnIdle"}]')
    log.record(HOME_2.station, "in", '[2,"m3","Heartbeat",{}]')
    await log.flush()

    async def ids(query: str) -> list[str]:
        page = (await viewer.get(f"{HERE}/messages?{query}")).json()
        return [each["message_id"] for each in page["items"]]

    assert await ids("") == ["m2", "m1", "m1"]
    assert await ids("direction=in") == ["m1"]
    assert await ids("action=Reset") == ["m2"]
    assert await ids("message_id=m1") == ["m1", "m1"]
    assert await ids("q=onidle") == ["m2"]
    assert await ids("from=2026-07-14T00:00:00Z") == []
    first = (await viewer.get(f"{HERE}/messages?limit=2")).json()
    assert await ids(f"limit=2&cursor={first['next']}") == ["m1"]
    pair = (await viewer.get(f"{HERE}/messages/m1")).json()["items"]
    assert [each["direction"] for each in pair] == ["in", "out"]
    wrong = await viewer.get(f"{HERE}/messages?direction=up")
    assert wrong.status_code == 422


async def test_the_device_model_is_read_and_narrowed(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    variables = [
        Variable(VariableKey("SmartChargingCtrlr", "RateUnit"), value="W"),
        Variable(VariableKey("V2XChargingCtrlr", "Enabled", evse=1), value="true"),
    ]
    async with peopled.node.begin() as work:
        await work.models.replace(HOME_1.station, variables, EVENING)

    everything = (await viewer.get(f"{HERE}/variables")).json()["items"]
    one = (await viewer.get(f"{HERE}/variables?q=rateunit")).json()["items"]
    other = await viewer.get(f"{HERE}/variables?component=V2XChargingCtrlr")

    assert len(everything) == 2
    assert [(each["variable"], each["value"]) for each in one] == [("RateUnit", "W")]
    assert [each["evse"] for each in other.json()["items"]] == [1]


async def test_what_a_station_told_of_itself_is_listed(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    told = StationNotice(
        HOME_1.station, EVENING, EVENING, "SecurityEvent", 2, {"type": "Tampered"}
    )
    async with peopled.node.begin() as work:
        await work.stations.add_notices([told])

    (said,) = (await viewer.get(f"{HERE}/notices")).json()["items"]

    assert (said["kind"], said["severity"]) == ("SecurityEvent", 2)


# -- commands ------------------------------------------------------------------------


async def test_actions_are_those_of_the_edition(viewer: httpx.AsyncClient) -> None:
    said = (await viewer.get(f"{HERE}/commands")).json()

    assert said["edition"] == "ocpp2.1"
    assert {"Reset", "SetChargingProfile", "UpdateDynamicSchedule"} <= {
        *said["actions"]
    }


async def test_a_command_ends_in_one_of_three_ways(
    peopled: Stage, operator: httpx.AsyncClient
) -> None:
    link = FakeLink(
        {
            "Reset": {"status": "Accepted"},
            "GetVariables": Refused("NotSupported", "no such thing", {"a": 1}),
            "TriggerMessage": Unanswered(),
        }
    )
    peopled.links[HOME_1.station] = link
    wanted = [{"component": {"name": "ClockCtrlr"}, "variable": {"name": "DateTime"}}]

    answered = await operator.post(f"{HERE}/commands/Reset", json={"type": "OnIdle"})
    refused = await operator.post(
        f"{HERE}/commands/GetVariables", json={"getVariableData": wanted}
    )
    silent = await operator.post(
        f"{HERE}/commands/TriggerMessage", json={"requestedMessage": "Heartbeat"}
    )
    away = await operator.post(
        f"{STATIONS}/{HOME_2.station}/commands/Reset", json={"type": "OnIdle"}
    )

    assert (answered.status_code, answered.json()) == (
        200,
        {"outcome": "answered", "payload": {"status": "Accepted"}},
    )
    assert (refused.status_code, refused.json()) == (
        502,
        {
            "outcome": "call_error",
            "code": "NotSupported",
            "description": "no such thing",
            "details": {"a": 1},
        },
    )
    assert (silent.status_code, silent.json()) == (
        504,
        {"outcome": "no_answer", "silence": "unanswered"},
    )
    assert (away.status_code, away.json()) == (
        504,
        {"outcome": "no_answer", "silence": "unreachable"},
    )
    async with peopled.node.begin() as work:
        trail = await work.access.trail(before=None, limit=1, subject=HOME_2.station)
    assert trail[0].actor == "the operator"


async def test_a_malformed_command_is_refused_field_by_field(
    peopled: Stage, operator: httpx.AsyncClient
) -> None:
    link = FakeLink()
    peopled.links[HOME_1.station] = link

    wrong = await operator.post(f"{HERE}/commands/Reset", json={"type": "Now", "x": 1})
    unknown = await operator.post(f"{HERE}/commands/Dance", json={})

    assert wrong.status_code == 422
    assert {each["field"] for each in wrong.json()["errors"]} == {"type", "x"}
    assert unknown.status_code == 404
    assert unknown.json()["code"] == "unknown-action"
    assert link.asked == []


async def test_nobody_discharges_by_the_side_door(
    peopled: Stage, operator: httpx.AsyncClient
) -> None:
    link = FakeLink({"SetChargingProfile": {"status": "Accepted"}})
    peopled.links[HOME_1.station] = link
    period = {"startPeriod": 0, "operationMode": "CentralSetpoint", "setpoint": -7000}
    profile = {
        "id": 7,
        "stackLevel": 5,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [
            {
                "id": 1,
                "chargingRateUnit": "W",
                "duration": 600,
                "startSchedule": WINDOW.start.isoformat(),
                "chargingSchedulePeriod": [period],
            }
        ],
    }

    refused = await operator.post(
        f"{HERE}/commands/SetChargingProfile",
        json={"evseId": 1, "chargingProfile": profile},
    )

    assert refused.status_code == 403, refused.text
    assert refused.json()["code"] == "discharge-forbidden"
    assert link.asked == []


async def test_a_dry_run_checks_and_sends_nothing(
    peopled: Stage, operator: httpx.AsyncClient
) -> None:
    link = FakeLink({"Reset": {"status": "Accepted"}})
    peopled.links[HOME_1.station] = link

    said = await operator.post(
        f"{HERE}/commands/Reset?dry_run=true", json={"type": "OnIdle"}
    )

    assert said.json() == {"outcome": "checked", "warnings": [UNREAD]}
    assert link.asked == []


async def test_a_station_is_rejected_and_taken_back(
    peopled: Stage, admin: httpx.AsyncClient
) -> None:
    """B03."""
    path = f"{HERE}/standing"

    out = await admin.put(path, json={"standing": "rejected"})
    sent = await admin.post(f"{HERE}/commands/Reset", json={"type": "OnIdle"})
    (evse,) = (await admin.get(HERE)).json()["facts"]

    assert out.json()["standing"] == "rejected"
    assert (sent.status_code, sent.json()["code"]) == (403, "station-rejected")
    assert (evse["dispatchable"], evse["obstacle"]) == (False, "rejected")
    back = await admin.put(path, json={"standing": "pending"})
    assert back.json()["standing"] == "pending"
    assert peopled.node.book.facts(HOME_1).dispatchable
    trail = (await admin.get("/api/v1/audit")).json()["items"]
    assert [each["action"] for each in trail[:2]] == ["station.standing_set"] * 2
    wrong = await admin.put(path, json={"standing": "accepted"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "standing")


async def test_a_station_is_held_to_an_edition_and_let_go(
    admin: httpx.AsyncClient,
) -> None:
    held = await admin.put(f"{HERE}/edition", json={"edition": "ocpp2.0.1"})
    free = await admin.put(f"{HERE}/edition", json={"edition": None})

    assert held.json()["edition_pin"] == "ocpp2.0.1"
    assert free.json()["edition_pin"] is None
    wrong = await admin.put(f"{HERE}/edition", json={"edition": "ocpp1.6"})
    assert wrong.status_code == 422


async def test_a_report_that_contradicts_one_kept_is_put_aside_and_shown(
    peopled: Stage, viewer: httpx.AsyncClient
) -> None:
    said = [
        a_report(number, station=HOME_1.station, payload=f'{{"say":{say}}}')
        for number in (1, 2)
        for say in (1, 2)
    ]
    await peopled.store.write(said, [], at=EVENING)
    path = f"{HERE}/conflicts"

    first = (await viewer.get(path, params={"limit": 1})).json()
    cursor = {"limit": 1, "cursor": first["next"]}
    second = (await viewer.get(path, params=cursor)).json()

    found = [*first["items"], *second["items"]]
    assert [each["seq_no"] for each in found] == [2, 1]
    assert all(each["kept"] == {"say": 1} for each in found)
    assert all(each["payload"] == {"say": 2} for each in found)
    assert second["next"] is None
    assert (await viewer.get(f"{STATIONS}/none/conflicts")).status_code == 404
