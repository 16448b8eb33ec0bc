"""The test cases of Part 6 for block K, step by step, on a station of 2.0.1."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from csms.ocpp.link import Refused
from csms.ocpp.wire import Edition
from tests.http.bay import TX, Bay, bay_on
from tests.http.charging.test_needs import OLD, a_schedule
from tests.http.charging.test_profiles import (
    NOW,
    a_body,
    a_default,
    on_the_wire,
    reports,
)
from tests.http.nodes import Stage
from tests.proving import proves

pytestmark = pytest.mark.postgres

LATER = "2026-07-14T23:30:00Z"


@pytest.fixture
async def bay(peopled: Stage) -> AsyncIterator[Bay]:
    """An EVSE on a node that takes transactions."""
    await peopled.node.refreshed()
    taking = asyncio.create_task(peopled.inside.ingest.run())
    yield bay_on(peopled, Edition.V201)
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)


def changed(bay: Bay, number: int) -> dict[str, Any]:
    """Return the report of a transaction whose rate has changed."""
    return {
        "eventType": "Updated",
        "timestamp": NOW,
        "triggerReason": "ChargingRateChanged",
        "seqNo": number,
        "transactionInfo": {"transactionId": TX, "chargingState": "Charging"},
        "evse": {"id": bay.evse.number},
    }


@proves(
    "TC_K_01_CSMS", "TC_K_03_CSMS", "TC_K_04_CSMS", "TC_K_10_CSMS", "TC_K_19_CSMS",
    "TC_K_60_CSMS", "TC_K_70_CSMS",
)  # fmt: skip
async def test_profiles_are_set(bay: Bay) -> None:
    times = {"valid_from": NOW, "valid_to": LATER, "duration_s": 300}
    cap = a_default(id=301, evse=0) | {"purpose": "ChargingStationMaxProfile"}
    recurring = {"kind": "Recurring", "recurrency": "Daily", "stack_level": 5}
    slower = {"periods": [{"limit": 6000}]}
    for body in (
        a_default(id=300, **times),
        cap | {"duration_s": 300},
        a_default(id=302, evse=0, stack_level=4, **times),
        a_default(id=303, evse=0, stack_level=6, duration_s=86400) | recurring,
        a_body(),
        a_body() | slower,
        a_body(id=201, stack_level=4),
    ):
        assert (await bay.done("POST", "/charging-profiles", body))["accepted"]

    sent = bay.sent("SetChargingProfile")
    one, most, everyone, daily, first, second, another = sent
    profile = one["chargingProfile"]
    assert one["evseId"] == 1
    assert profile["chargingProfilePurpose"] == "TxDefaultProfile"
    assert (profile["validFrom"], profile["validTo"]) == (NOW, LATER)
    assert profile["chargingSchedule"][0]["startSchedule"] == NOW
    assert most["evseId"] == 0
    assert (
        most["chargingProfile"]["chargingProfilePurpose"] == "ChargingStationMaxProfile"
    )
    assert everyone["evseId"] == 0
    assert everyone["chargingProfile"]["validTo"] == LATER
    assert daily["chargingProfile"]["chargingProfileKind"] == "Recurring"
    assert daily["chargingProfile"]["recurrencyKind"] == "Daily"
    assert first["chargingProfile"]["transactionId"] == TX
    assert first["chargingProfile"]["id"] == second["chargingProfile"]["id"]
    assert another["chargingProfile"]["id"] != second["chargingProfile"]["id"]
    assert another["chargingProfile"]["stackLevel"] == 4
    kept = (await bay.done("GET", "/charging-profiles"))["items"]
    assert [each["id"] for each in kept] == [200, 201, 300, 301, 302, 303]


@proves("TC_K_15_CSMS")
async def test_a_station_without_smart_charging_is_understood(bay: Bay) -> None:
    bay.link.answers["SetChargingProfile"] = Refused("NotSupported")

    answer = await bay.ask("POST", "/charging-profiles", a_body())

    assert answer.json()["code"] == "station-refused"
    assert "NotSupported" in answer.json()["detail"]
    assert (await bay.done("GET", "/charging-profiles"))["items"] == []


@proves("TC_K_05_CSMS", "TC_K_06_CSMS", "TC_K_08_CSMS")
async def test_profiles_are_cleared(bay: Bay) -> None:
    await bay.done("DELETE", "/charging-profiles/200")
    criteria = {"purpose": "TxDefaultProfile", "evse": 1, "stack_level": 3}
    assert (await bay.done("DELETE", "/charging-profiles", **criteria))["cleared"]
    bay.link.answers["ClearChargingProfile"] = {"status": "Unknown"}
    assert not (await bay.done("DELETE", "/charging-profiles", **criteria))["cleared"]

    wanted = {
        "chargingProfileCriteria": {
            "evseId": 1,
            "chargingProfilePurpose": "TxDefaultProfile",
            "stackLevel": 3,
        }
    }
    assert bay.sent("ClearChargingProfile") == [
        {"chargingProfileId": 200},
        wanted,
        wanted,
    ]


@proves(
    "TC_K_29_CSMS", "TC_K_30_CSMS", "TC_K_31_CSMS", "TC_K_32_CSMS", "TC_K_33_CSMS",
    "TC_K_34_CSMS", "TC_K_35_CSMS", "TC_K_36_CSMS", "TC_K_52_CSMS",
)  # fmt: skip
async def test_profiles_are_asked_for(bay: Bay) -> None:
    external = on_the_wire(
        -1, chargingProfilePurpose="ChargingStationExternalConstraints"
    )
    external.pop("transactionId")
    reports(bay, {"chargingProfile": [external], "chargingLimitSource": "EMS"})
    tx = "TxProfile"
    questions: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"evse": 0, "purpose": tx}, {"evseId": 0, "chargingProfilePurpose": tx}),
        ({"evse": 1}, {"evseId": 1}),
        ({}, {}),
        ({"profile": 200}, {"chargingProfileId": [200]}),
        ({"evse": 1, "stack_level": 3}, {"evseId": 1, "stackLevel": 3}),
        ({"evse": 1, "source": "EMS"}, {"evseId": 1, "chargingLimitSource": ["EMS"]}),
        ({"evse": 1, "purpose": tx}, {"evseId": 1, "chargingProfilePurpose": tx}),
        (
            {"evse": 1, "purpose": tx, "stack_level": 3},
            {"evseId": 1, "chargingProfilePurpose": tx, "stackLevel": 3},
        ),
    ]
    for query, wanted in questions:
        await bay.done("POST", "/charging-profiles/refresh", **query)

        asked = dict(bay.sent("GetChargingProfiles")[-1])
        said = {**asked.pop("chargingProfile"), **asked}
        said.pop("requestId")
        if "chargingLimitSource" not in wanted:
            said.pop("chargingLimitSource", None)
        assert said == wanted
    (kept,) = (await bay.done("GET", "/charging-profiles"))["items"]
    assert kept["reported"]["purpose"] == "ChargingStationExternalConstraints"


@proves("TC_K_37_CSMS")
async def test_a_transaction_starts_with_its_profile(bay: Bay) -> None:
    bay.plug_in(None)
    bay.link.answers["RequestStartTransaction"] = {"status": "Accepted"}
    profile = on_the_wire()
    profile.pop("transactionId")
    command = {
        "idToken": {"idToken": "", "type": "NoAuthorization"},
        "remoteStartId": 7,
        "evseId": 1,
        "chargingProfile": profile,
    }

    answer = await bay.ask("POST", "/commands/RequestStartTransaction", command)

    assert answer.json()["outcome"] == "answered"
    (sent,) = bay.sent("RequestStartTransaction")
    assert sent["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in sent["chargingProfile"]


@proves("TC_K_43_CSMS", "TC_K_44_CSMS")
async def test_schedules_are_asked_for(bay: Bay) -> None:
    for number in (1, 0):
        bay.link.answers["GetCompositeSchedule"] = {
            "status": "Accepted",
            "schedule": {
                "evseId": number,
                "duration": 300,
                "scheduleStart": NOW,
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10000}],
            },
        }
        said = await bay.done(
            "GET", "/composite-schedule", evse=number, duration_s=300, unit="W"
        )
        assert said["theirs"]["periods"] == [{"start_s": 0, "limit": 10000}]

    assert bay.sent("GetCompositeSchedule") == [
        {"evseId": number, "duration": 300, "chargingRateUnit": "W"}
        for number in (1, 0)
    ]


@proves("TC_K_48_CSMS", "TC_K_50_CSMS", "TC_K_51_CSMS")
async def test_limits_from_outside_come_and_go(bay: Bay) -> None:
    limit = {"chargingLimit": {"chargingLimitSource": "EMS"}}
    gone = {"chargingLimitSource": "EMS"}
    for number, transaction in enumerate((None, TX)):
        bay.plug_in(transaction)
        assert await bay.say("NotifyChargingLimit", limit) == {}
        (kept,) = (await bay.done("GET", "/charging-limits"))["items"]
        assert kept["source"] == "EMS"
        assert await bay.say("ClearedChargingLimit", gone) == {}
        assert (await bay.done("GET", "/charging-limits"))["items"] == []
        if transaction:
            assert await bay.say("TransactionEvent", changed(bay, number)) == {}


@proves("TC_K_53_CSMS", "TC_K_55_CSMS", "TC_K_57_CSMS")
async def test_a_vehicle_negotiates_and_renegotiates(bay: Bay) -> None:
    assert await bay.say("NotifyEVChargingNeeds", OLD) == {"status": "Accepted"}
    greedy = a_schedule({"startPeriod": 0, "limit": 90000})
    assert await bay.say("NotifyEVChargingSchedule", greedy) == {"status": "Rejected"}
    modest = a_schedule({"startPeriod": 0, "limit": 3000})
    assert await bay.say("NotifyEVChargingSchedule", modest) == {"status": "Accepted"}
    assert await bay.say("NotifyEVChargingNeeds", OLD) == {"status": "Accepted"}
    assert await bay.say("NotifyEVChargingSchedule", modest) == {"status": "Accepted"}

    sent = bay.sent("SetChargingProfile")
    assert len(sent) == 3
    for each in sent:
        assert each["evseId"] == 1
        assert each["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
        assert each["chargingProfile"]["transactionId"] == TX


@proves("TC_K_58_CSMS", "TC_K_59_CSMS")
async def test_this_system_renegotiates(bay: Bay) -> None:
    await bay.say("NotifyEVChargingNeeds", OLD)
    await bay.done("POST", "/charging-profiles", a_body())
    modest = a_schedule({"startPeriod": 0, "limit": 2500})

    assert await bay.say("NotifyEVChargingSchedule", modest) == {"status": "Accepted"}
    assert await bay.say("TransactionEvent", changed(bay, 1)) == {}
    answer = await bay.say("NotifyEVChargingNeeds", OLD)
    assert answer["status"] in ("Accepted", "Processing")
    assert await bay.say("NotifyEVChargingSchedule", modest) == {"status": "Accepted"}

    assert len(bay.sent("SetChargingProfile")) == 3
