"""K01 to K28: profiles, limits and vehicles' needs, with stations that others wrote."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conformance.driving import Stay
from tests.conformance.peer_world import (
    EDITIONS,
    Declines,
    Edition,
    Json,
    Peer,
    PeerWorld,
)
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
both = pytest.mark.parametrize("edition", EDITIONS)
LATER = "2026-07-14T20:00:00Z"
HELD: Json = {
    "id": 77,
    "stackLevel": 1,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": [
        {
            "id": 1,
            "startSchedule": LATER,
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 5000}],
        }
    ],
}


def a_profile(**more: Any) -> Json:  # noqa: ANN401
    return {
        "id": 300,
        "evse": 1,
        "purpose": "TxDefaultProfile",
        "stack_level": 2,
        "unit": "W",
        "start": LATER,
        "duration_s": 3600,
        "periods": [{"start_s": 0, "limit": 7000}, {"start_s": 1800, "limit": 3000}],
        **more,
    }


async def set_profile(world: PeerWorld, peer: Peer, **more: Any) -> Json:  # noqa: ANN401
    """Have a profile set; return it as it came over the wire."""
    told = await world.post(
        f"stations/{peer.name}/charging-profiles", a_profile(**more)
    )
    assert told.status == 200, told.body
    number = more.get("id", 300)
    return await peer.heard(
        "SetChargingProfile", lambda said: said["chargingProfile"]["id"] == number
    )


@proves("K01.FR.08", "TC_K_01_CSMS")
@both
async def test_a_default_profile_is_sent_as_it_was_meant(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        said = await set_profile(peer_world, peer)

    profile = said["chargingProfile"]
    (schedule,) = profile["chargingSchedule"]
    assert said["evseId"] == 1
    assert profile["chargingProfilePurpose"] == "TxDefaultProfile"
    assert (profile["chargingProfileKind"], profile["stackLevel"]) == ("Absolute", 2)
    assert "transactionId" not in profile
    assert schedule["startSchedule"] == LATER
    assert (schedule["duration"], schedule["chargingRateUnit"]) == (3600, "W")
    assert schedule["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 7000},
        {"startPeriod": 1800, "limit": 3000},
    ]


@proves("K01.FR.01", "K01.FR.03", "TC_K_60_CSMS")
@both
async def test_a_profile_of_a_transaction_names_it(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        stay = Stay(peer_world, peer, "tx-limited")
        await stay.begin()
        await stay.charge()
        said = await set_profile(
            peer_world, peer, purpose="TxProfile", transaction=stay.id
        )

    assert said["chargingProfile"]["transactionId"] == stay.id
    assert said["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"


@proves("K09.FR.03")
@both
async def test_profiles_are_asked_for_reported_and_kept(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:

        async def report(asked: Json) -> None:
            await peer.ask(
                "ReportChargingProfiles",
                {
                    "requestId": asked["requestId"],
                    "chargingLimitSource": "CSO",
                    "evseId": 1,
                    "chargingProfile": [HELD],
                },
            )

        peer.afters["GetChargingProfiles"] = report
        told = await peer_world.post(
            f"stations/{peer.name}/charging-profiles/refresh"
            "?evse=1&purpose=TxDefaultProfile"
        )
        asked = await peer.heard("GetChargingProfiles")

    assert told.status == 200, told.body
    assert asked["evseId"] == 1
    assert asked["chargingProfile"] == {"chargingProfilePurpose": "TxDefaultProfile"}
    assert 77 in [each["id"] for each in told.body["items"]]


@proves("K10.FR.02", "TC_K_05_CSMS")
@both
async def test_a_profile_is_cleared_by_its_id(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        await set_profile(peer_world, peer)
        told = await peer_world.delete(f"stations/{peer.name}/charging-profiles/300")
        asked = await peer.heard("ClearChargingProfile")

    assert told.body == {"cleared": True}
    assert asked == {"chargingProfileId": 300}


@proves("K08.FR.01", "TC_K_43_CSMS")
@both
async def test_a_composite_schedule_is_asked_for_and_compared(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:

        def answer(asked: Json) -> Json:
            return {
                "status": "Accepted",
                "schedule": {
                    "evseId": asked["evseId"],
                    "duration": asked["duration"],
                    "scheduleStart": LATER,
                    "chargingRateUnit": "W",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11000}],
                },
            }

        peer.answers["GetCompositeSchedule"] = answer
        told = await peer_world.get(
            f"stations/{peer.name}/composite-schedule?evse=1&duration_s=600&unit=W"
        )
        asked = await peer.heard("GetCompositeSchedule")

    assert told.status == 200, told.body
    assert asked == {"evseId": 1, "duration": 600, "chargingRateUnit": "W"}


@proves("TC_K_50_CSMS", "TC_K_51_CSMS")
@both
async def test_a_limit_from_outside_is_kept_until_it_is_cleared(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        first = await peer.ask(
            "NotifyChargingLimit",
            {"evseId": 1, "chargingLimit": {"chargingLimitSource": "EMS"}},
        )
        kept = await peer_world.get(f"stations/{peer.name}/charging-limits")
        second = await peer.ask(
            "ClearedChargingLimit", {"evseId": 1, "chargingLimitSource": "EMS"}
        )
        left = await peer_world.get(f"stations/{peer.name}/charging-limits")

    assert (first, second) == ({}, {})
    assert [(each["evse"], each["source"]) for each in kept.body["items"]] == [
        (1, "EMS")
    ]
    assert left.body["items"] == []


@contextlib.asynccontextmanager
async def roomy(world: PeerWorld, edition: Edition) -> AsyncIterator[Peer]:
    """Give a station that has room for many profiles."""
    async with world.station(edition, boot=False) as peer:
        peer.model["SmartChargingCtrlr", None, "ProfileStackLevel", None] = ("8", False)
        entries = ("SmartChargingCtrlr", None, "Entries", "ChargingProfiles")
        peer.model[entries] = ("0", False)
        peer.traits[entries] = {
            "dataType": "integer",
            "maxLimit": 20,
            "supportsMonitoring": False,
        }
        await peer.boot()
        await world.idle()
        peer.record.pass_over()
        yield peer


@contextlib.asynccontextmanager
async def negotiating(world: PeerWorld, edition: Edition) -> AsyncIterator[Stay]:
    """Give a stay at a station that has room for a plan."""
    async with roomy(world, edition) as peer:
        stay = Stay(world, peer, "tx-needs")
        await stay.begin()
        await stay.charge()
        peer.record.pass_over()
        yield stay


def needs_of(edition: Edition) -> Json:
    if edition is Edition.V201:
        parameters: Json = {
            "evMaxCurrent": 50,
            "evMaxVoltage": 400,
            "stateOfCharge": 55,
        }
        needs: Json = {"dcChargingParameters": parameters}
    else:
        parameters = {"maxChargePower": 11_000, "minChargePower": 0}
        needs = {
            "v2xChargingParameters": parameters,
            "controlMode": "ScheduledControl",
        }
    return {
        "evseId": 1,
        "chargingNeeds": {"requestedEnergyTransfer": "DC", **needs},
    }


@proves(
    "K15.FR.02", "K15.FR.03", "K15.FR.07", "K15.FR.08", "K17.FR.02", "K17.FR.03",
    "K17.FR.07", "K18.FR.02", "K18.FR.03", "K18.FR.07",
)  # fmt: skip
@both
async def test_what_a_vehicle_needs_is_accepted_and_a_plan_follows(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with negotiating(peer_world, edition) as stay:
        answer = await stay.peer.ask("NotifyEVChargingNeeds", needs_of(edition))
        said = await stay.peer.heard("SetChargingProfile")

    profile = said["chargingProfile"]
    assert answer == {"status": "Accepted"}
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert profile["transactionId"] == stay.id
    assert 1 <= len(profile["chargingSchedule"]) <= 3
    for schedule in profile["chargingSchedule"]:
        for period in schedule["chargingSchedulePeriod"]:
            assert period["limit"] >= 0
            assert "setpoint" not in period


@proves("K15.FR.11", "K15.FR.12", "K16.FR.06", "K16.FR.07", "K17.FR.11", "K17.FR.12")
@both
async def test_a_schedule_of_a_vehicle_is_held_against_ours(
    peer_world: PeerWorld, edition: Edition
) -> None:
    def a_schedule(limit: int) -> Json:
        return {
            "timeBase": peer_world.now(),
            "evseId": 1,
            "chargingSchedule": {
                "id": 1,
                "duration": 60,
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
            },
        }

    async with negotiating(peer_world, edition) as stay:
        await stay.peer.ask("NotifyEVChargingNeeds", needs_of(edition))
        await stay.peer.heard("SetChargingProfile")
        answers = [
            await stay.peer.ask("NotifyEVChargingSchedule", a_schedule(limit))
            for limit in (1000, 500_000)
        ]

    assert [each["status"] for each in answers] == ["Accepted", "Rejected"]


@proves("K21.FR.09", "K22.FR.06")
async def test_priority_charging_is_noted_and_answered(peer_world: PeerWorld) -> None:
    priority = "SELECT 1 FROM evse_live WHERE station_id = $1 AND priority_charging"
    async with peer_world.station() as peer:
        stay = Stay(peer_world, peer, "tx-first")
        await stay.begin()
        await stay.charge()
        answer = await peer.ask(
            "NotifyPriorityCharging", {"transactionId": stay.id, "activated": True}
        )
        assert await peer_world.until(priority, peer.name)
        told = await peer_world.put(
            f"stations/{peer.name}/evses/1/priority-charging", {"active": True}
        )
        asked = await peer.heard("UsePriorityCharging")

    assert answer == {}
    assert told.status == 200, told.body
    assert asked == {"transactionId": stay.id, "activate": True}


@proves("K28.FR.12")
async def test_a_profile_that_is_not_there_has_no_values_to_pull(
    peer_world: PeerWorld,
) -> None:
    async with peer_world.station() as peer:
        answer = await peer.ask("PullDynamicScheduleUpdate", {"chargingProfileId": 9})

    assert answer["status"] == "Rejected"
    assert answer["statusInfo"]["reasonCode"] == "InvalidProfile"


@proves("TC_K_10_CSMS", "TC_K_19_CSMS", "TC_K_70_CSMS")
@both
async def test_profiles_for_all_evses_of_every_kind_and_at_several_levels(
    peer_world: PeerWorld, edition: Edition
) -> None:
    valid = {"valid_from": LATER, "valid_to": "2026-07-15T20:00:00Z"}
    daily = {"kind": "Recurring", "recurrency": "Daily", "duration_s": 86_400}
    async with roomy(peer_world, edition) as peer:
        everywhere = await set_profile(peer_world, peer, id=311, evse=0, **valid)
        recurring = await set_profile(peer_world, peer, id=312, stack_level=1, **daily)
        other = await set_profile(peer_world, peer, id=313, stack_level=3)

    profile = everywhere["chargingProfile"]
    assert everywhere["evseId"] == 0
    assert (profile["validFrom"], profile["validTo"]) == tuple(valid.values())
    assert recurring["chargingProfile"]["chargingProfileKind"] == "Recurring"
    assert recurring["chargingProfile"]["recurrencyKind"] == "Daily"
    levels = [each["chargingProfile"]["stackLevel"] for each in (recurring, other)]
    assert levels == [1, 3]


@proves("TC_K_08_CSMS")
@both
async def test_profiles_that_are_not_there_are_cleared_in_vain(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        peer.answers["ClearChargingProfile"] = {"status": "Unknown"}
        told = await peer_world.delete(
            f"stations/{peer.name}/charging-profiles"
            "?evse=1&purpose=TxDefaultProfile&stack_level=2"
        )
        asked = await peer.heard("ClearChargingProfile")

    assert told.body == {"cleared": False}
    assert asked == {
        "chargingProfileCriteria": {
            "evseId": 1,
            "chargingProfilePurpose": "TxDefaultProfile",
            "stackLevel": 2,
        }
    }


@proves("TC_K_15_CSMS")
@both
async def test_a_station_without_smart_charging_is_understood(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        peer.answers["SetChargingProfile"] = Declines("NotSupported")
        told = await peer_world.post(
            f"stations/{peer.name}/charging-profiles", a_profile()
        )
        await peer.heard("SetChargingProfile")

    assert told.status != 200
    assert "NotSupported" in str(told.body)


@proves("TC_K_29_CSMS", "TC_K_31_CSMS", "TC_K_32_CSMS", "TC_K_34_CSMS", "TC_K_36_CSMS")
@both
async def test_profiles_are_asked_for_by_every_criterion(
    peer_world: PeerWorld, edition: Edition
) -> None:
    cases: list[Json] = [
        {"evseId": 0, "chargingProfile": {"chargingProfilePurpose": "TxProfile"}},
        {"chargingProfile": {"chargingProfilePurpose": "TxProfile"}},
        {"chargingProfile": {"chargingProfileId": [4, 5]}},
        {"evseId": 1, "chargingProfile": {"chargingLimitSource": ["EMS"]}},
        {
            "evseId": 1,
            "chargingProfile": {
                "chargingProfilePurpose": "TxProfile",
                "stackLevel": 2,
            },
        },
    ]
    async with peer_world.station(edition) as peer:
        for number, case in enumerate(cases, 900):
            wanted = {"requestId": number, **case}
            told = await peer_world.command(peer, "GetChargingProfiles", wanted)

            assert told.payload["status"] == "Accepted"
            assert await peer.heard("GetChargingProfiles") == wanted
            report = {
                "requestId": number,
                "chargingLimitSource": "CSO",
                "evseId": 1,
                "chargingProfile": [HELD],
            }
            assert await peer.ask("ReportChargingProfiles", report) == {}


@proves("TC_K_37_CSMS")
@both
async def test_a_start_with_a_profile_goes_through_to_its_transaction(
    peer_world: PeerWorld, edition: Edition
) -> None:
    body = {"evse": 1, "id_token": "DRIVER-1", "type": "ISO14443", "max_kw": 3.5}
    async with peer_world.station(edition) as peer:
        await peer_world.post(f"stations/{peer.name}/transactions", body)
        asked = await peer.heard("RequestStartTransaction")
        stay = Stay(peer_world, peer, "tx-with-profile")
        info = {"remoteStartId": asked["remoteStartId"]}
        await stay.begin("RemoteStart", info=info)

    assert asked["chargingProfile"]["chargingProfileKind"] == "Relative"
    assert asked["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in asked["chargingProfile"]
    assert (await stay.kept())["remote_start_id"] == asked["remoteStartId"]


@proves("TC_K_44_CSMS")
@both
async def test_the_composite_schedule_of_a_station_is_asked_for(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        await peer_world.get(
            f"stations/{peer.name}/composite-schedule?evse=0&duration_s=300&unit=W"
        )
        asked = await peer.heard("GetCompositeSchedule")

    assert asked == {"evseId": 0, "duration": 300, "chargingRateUnit": "W"}


@proves("TC_K_48_CSMS")
@both
async def test_a_limit_of_the_whole_station_is_kept(
    peer_world: PeerWorld, edition: Edition
) -> None:
    async with peer_world.station(edition) as peer:
        answer = await peer.ask(
            "NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "EMS"}}
        )
        kept = await peer_world.get(f"stations/{peer.name}/charging-limits")

    assert answer == {}
    assert [(each["evse"], each["source"]) for each in kept.body["items"]] == [
        (0, "EMS")
    ]


@proves("K28.FR.01", "K28.FR.02")
async def test_a_dynamic_profile_is_given_new_values(peer_world: PeerWorld) -> None:
    dynamic = {"kind": "Dynamic", "duration_s": 120, "periods": [{"limit": 5000}]}
    async with peer_world.station(Edition.V21, boot=False) as peer:
        supports = ("SmartChargingCtrlr", None, "SupportsDynamicProfiles", None)
        peer.model[supports] = ("true", False)
        await peer.boot()
        await peer_world.idle()
        peer.record.pass_over()
        said = await set_profile(peer_world, peer, start=None, **dynamic)
        told = await peer_world.put(
            f"stations/{peer.name}/charging-profiles/300/values", {"limit": 4000}
        )
        update = await peer.heard("UpdateDynamicSchedule")

    (schedule,) = said["chargingProfile"]["chargingSchedule"]
    assert said["chargingProfile"]["chargingProfileKind"] == "Dynamic"
    (period,) = schedule["chargingSchedulePeriod"]
    assert period["startPeriod"] == 0
    assert told.status == 200, told.body
    assert update == {"chargingProfileId": 300, "scheduleUpdate": {"limit": 4000}}
