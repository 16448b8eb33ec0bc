"""Charging profiles: set, read, cleared, compared; limits from outside (K01 to K13)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from csms.domain.ids import EvseId
from csms.ocpp.wire import Edition
from csms.services.charging import ProfileBroken
from csms.services.needs import TUPLES
from tests.http.bay import TX, Bay, bay_on
from tests.http.nodes import Stage
from tests.profile_cases import ABLE, BAD
from tests.profile_cases import NOW as CASES_NOW
from tests.proving import proves

pytestmark = pytest.mark.postgres

NOW = "2026-07-13T23:30:00Z"


@pytest.fixture
async def bay(peopled: Stage) -> Bay:
    return bay_on(peopled)


@pytest.fixture
async def old_bay(peopled: Stage) -> Bay:
    return bay_on(peopled, Edition.V201)


def a_body(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "id": 200,
        "evse": 1,
        "purpose": "TxProfile",
        "stack_level": 3,
        "unit": "W",
        "start": NOW,
        "transaction": TX,
        "periods": [{"start_s": 0, "limit": 7000}, {"start_s": 3600, "limit": 3000}],
        **more,
    }


def a_default(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    body = a_body(purpose="TxDefaultProfile", **more)
    body.pop("transaction")
    return body


def on_the_wire(number: int = 200, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "id": number,
        "stackLevel": 3,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "transactionId": TX,
        "chargingSchedule": [
            {
                "id": number,
                "chargingRateUnit": "W",
                "startSchedule": NOW,
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "limit": 7000},
                    {"startPeriod": 3600, "limit": 3000},
                ],
            }
        ],
        **more,
    }


def reports(bay: Bay, *parts: dict[str, Any]) -> None:
    """Let the station report these parts when it is asked (K09)."""

    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        for number, part in enumerate(parts):
            said = {
                "requestId": payload["requestId"],
                "chargingLimitSource": "CSO",
                "evseId": 1,
                "tbc": number < len(parts) - 1,
                **part,
            }
            route = bay.stage.inside.router.routes["ReportChargingProfiles"]
            request = route.action.request.read(said)
            with pytest.raises(StopIteration):
                route.handler(bay.evse.station, request).send(None)  # type: ignore[attr-defined]
        return {"status": "Accepted" if parts else "NoProfiles"}

    bay.link.answers["GetChargingProfiles"] = answer


class TestSetting:
    @proves("K01.FR.02", "K01.FR.03", "K02.FR.03")
    @pytest.mark.parametrize("edition", list(Edition))
    async def test_what_is_set_goes_out_and_is_kept(
        self, peopled: Stage, edition: Edition
    ) -> None:
        bay = bay_on(peopled, edition)

        said = await bay.done("POST", "/charging-profiles", a_body())

        assert said == {"accepted": True, "reason": "Accepted", "info": ""}
        assert bay.sent("SetChargingProfile") == [
            {"evseId": 1, "chargingProfile": on_the_wire()}
        ]
        await bay.stage.inside.smart.idle()
        async with bay.stage.node.begin() as work:
            (kept,) = await work.charging.held(bay.evse.station)
        assert (kept.profile_id, kept.by) == (200, "the operator")
        assert kept.intended is not None
        assert [each.limit for each in kept.intended.periods] == [7000, 3000]
        assert await bay.trail() == ["profile.set"]

    @proves("K01.FR.08", "K04.FR.03")
    @pytest.mark.parametrize(
        ("purpose", "evse"),
        [
            ("TxDefaultProfile", 1),
            ("TxDefaultProfile", 0),
            ("ChargingStationMaxProfile", 0),
        ],
    )
    async def test_a_profile_without_a_transaction(
        self, bay: Bay, purpose: str, evse: int
    ) -> None:
        body = a_default(evse=evse) | {"purpose": purpose}

        await bay.done("POST", "/charging-profiles", body)

        (sent,) = bay.sent("SetChargingProfile")
        assert sent["evseId"] == evse
        assert sent["chargingProfile"]["chargingProfilePurpose"] == purpose
        assert "transactionId" not in sent["chargingProfile"]

    @proves("K01.FR.96", "K01.FR.104", "K01.FR.105")
    async def test_what_a_station_supports_may_be_used(self, bay: Bay) -> None:
        body = a_default(
            local_time=True,
            random_delay_s=600,
            above_soc=[80, 3700],
            max_offline_s=300,
            invalid_after_offline=False,
        )

        await bay.done("POST", "/charging-profiles", body)

        (sent,) = bay.sent("SetChargingProfile")
        profile = sent["chargingProfile"]
        (schedule,) = profile["chargingSchedule"]
        assert schedule["useLocalTime"] is True
        assert schedule["randomizedDelay"] == 600
        assert schedule["limitAtSoC"] == {"soc": 80, "limit": 3700}
        assert profile["maxOfflineDuration"] == 300
        assert profile["invalidAfterOfflineDuration"] is False

    @proves("K01.FR.72", "K21.FR.10")
    async def test_priority_charging_is_installed_and_used(self, bay: Bay) -> None:
        body = a_default(periods=[{"limit": 22000, "mode": "ChargingOnly"}])
        body |= {"purpose": "PriorityCharging", "evse": 0}

        await bay.done("POST", "/charging-profiles", body)
        said = await bay.done("PUT", "/evses/1/priority-charging", {"active": True})

        (sent,) = bay.sent("SetChargingProfile")
        assert sent["chargingProfile"]["chargingProfilePurpose"] == "PriorityCharging"
        assert "duration" not in sent["chargingProfile"]["chargingSchedule"][0]
        assert said["accepted"]
        assert bay.sent("UsePriorityCharging") == [
            {"transactionId": TX, "activate": True}
        ]
        assert await bay.trail() == ["priority.used", "profile.set"]

    async def test_a_refusal_is_told_and_not_kept(self, bay: Bay) -> None:
        info = {"reasonCode": "InvalidSchedule", "additionalInfo": "no"}
        bay.link.answers["SetChargingProfile"] = {
            "status": "Rejected",
            "statusInfo": info,
        }

        said = await bay.done("POST", "/charging-profiles", a_body())

        assert said == {"accepted": False, "reason": "InvalidSchedule", "info": "no"}
        assert (await bay.done("GET", "/charging-profiles"))["items"] == []

    async def test_a_dry_run_sends_nothing(self, bay: Bay) -> None:
        said = await bay.done("POST", "/charging-profiles", a_body(), dry_run=True)

        assert said == {"checked": True}
        assert bay.link.asked == []


class TestRules:
    @proves(
        "K01.FR.03", "K01.FR.16", "K01.FR.19", "K01.FR.22", "K01.FR.31", "K01.FR.35",
        "K01.FR.38", "K01.FR.40", "K01.FR.41", "K01.FR.73", "K01.FR.142",
        "K01.FR.80", "K01.FR.111", "K01.FR.113",
        "K01.FR.143", "K01.FR.145", "K02.FR.07", "K04.FR.03", "K28.FR.01",
        "K28.FR.02", "K29.FR.01", "K29.FR.02",
        "Q02.FR.02", "Q03.FR.02", "Q07.FR.02", "Q07.FR.03", "Q08.FR.01",
        "Q08.FR.02", "Q10.FR.01",
    )  # fmt: skip
    async def test_what_breaks_a_rule_never_leaves(self, bay: Bay) -> None:
        """Each forbidden profile in one go: a node for each would cost minutes."""
        bay.can(ABLE)
        bay.stage.clock.jump_to(CASES_NOW)
        needs = {"requestedEnergyTransfer": "DC_BPT", TUPLES: 4}
        bay.stage.node.live.update(bay.evse, ev_needs=needs)
        charging = bay.stage.node.charging
        for rule, case, field, what in BAD:
            number = case.evse.number
            profile = replace(case, evse=EvseId(bay.evse.station, number))
            with pytest.raises(ProfileBroken) as told:
                await charging.install(profile, "op")
            assert bay.link.asked == [], what
            said = {(each.path, each.problem) for each in told.value.errors}
            assert any(f == field and rule in p for f, p in said), (what, said)
        assert await bay.trail() == []

    @proves("K01.FR.06", "K01.FR.39")
    async def test_a_level_is_not_taken_twice(self, bay: Bay) -> None:
        await bay.done("POST", "/charging-profiles", a_body())

        problem = await bay.refused("POST", "/charging-profiles", a_body(id=201))

        assert problem["code"] == "profile-broken"
        assert problem["field"] == "stack_level"
        assert "K01.FR.39" in problem["errors"][0]["problem"]

    @proves("K01.FR.34")
    async def test_a_choice_without_a_vehicle_that_asked_is_refused(
        self, bay: Bay
    ) -> None:
        more = [{"unit": "W", "start": NOW, "periods": [{"limit": 1}]}]

        problem = await bay.refused(
            "POST", "/charging-profiles", a_body(alternatives=more)
        )

        assert problem["field"] == "alternatives"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"evse": 9}, "evse"),
            ({"transaction": "other"}, "transaction"),
            ({"valid_to": "2026-01-01T00:00:00Z"}, "valid_to"),
            ({"stack_level": 9}, "stack_level"),
            ({"periods": [{"limit": -1}]}, "periods[0].limit"),
            ({"purpose": "ChargingStationExternalConstraints"}, "purpose"),
        ],
    )
    async def test_bad_input_names_its_field_and_leaves_no_trace(
        self, bay: Bay, change: dict[str, Any], field: str
    ) -> None:
        problem = await bay.refused("POST", "/charging-profiles", a_body(**change))

        assert problem["field"] == field
        assert (await bay.done("GET", "/charging-profiles"))["items"] == []

    async def test_a_command_as_it_is_is_held_to_the_same_rules(self, bay: Bay) -> None:
        profile = on_the_wire(transactionId="other", stackLevel=99)
        command = {"evseId": 1, "chargingProfile": profile}

        problem = await bay.refused("POST", "/commands/SetChargingProfile", command)

        assert [each["field"] for each in problem["errors"]] == [
            "chargingProfile.transactionId",
            "chargingProfile.stackLevel",
        ]

    @proves("K05.FR.02")
    async def test_a_profile_with_a_start_is_of_the_transaction(self, bay: Bay) -> None:
        profile = on_the_wire(chargingProfilePurpose="TxDefaultProfile")
        profile.pop("transactionId")
        command = {
            "idToken": {"idToken": "", "type": "NoAuthorization"},
            "remoteStartId": 1,
            "evseId": 1,
            "chargingProfile": profile,
        }

        path = "/commands/RequestStartTransaction"
        problem = await bay.refused("POST", path, command)
        assert problem["field"] == "chargingProfile.chargingProfilePurpose"

        profile["chargingProfilePurpose"] = "TxProfile"
        bay.link.answers["RequestStartTransaction"] = {"status": "Accepted"}
        answer = await bay.ask("POST", path, command)
        assert answer.status_code == 200, answer.text


class TestReading:
    @proves("K09.FR.03")
    async def test_intent_is_held_against_the_parts_of_a_report(self, bay: Bay) -> None:
        await bay.done("POST", "/charging-profiles", a_body())
        await bay.done("POST", "/charging-profiles", a_default(id=201, evse=0))
        shorter = on_the_wire(201, chargingProfilePurpose="TxDefaultProfile")
        shorter.pop("transactionId")
        shorter["chargingSchedule"][0]["duration"] = 60
        foreign = on_the_wire(
            7, chargingProfilePurpose="ChargingStationExternalConstraints"
        )
        foreign.pop("transactionId")
        reports(
            bay,
            {"chargingProfile": [on_the_wire()]},
            {"chargingProfile": [shorter], "evseId": 0},
            {"chargingProfile": [foreign], "chargingLimitSource": "EMS"},
        )

        said = await bay.done("POST", "/charging-profiles/refresh")

        (asked,) = bay.sent("GetChargingProfiles")
        assert asked["chargingProfile"]
        assert {each["id"]: each["standing"] for each in said["items"]} == {
            7: "foreign",
            200: "matches",
            201: "differs",
        }
        assert said["items"][0]["source"] == "EMS"

    async def test_what_is_not_reported_is_missing(self, bay: Bay) -> None:
        await bay.done("POST", "/charging-profiles", a_body())
        reports(bay)

        said = await bay.done("POST", "/charging-profiles/refresh")

        assert [each["standing"] for each in said["items"]] == ["missing"]

    @proves("K02.FR.05")
    async def test_the_end_of_a_transaction_is_the_end_of_its_profiles(
        self, bay: Bay
    ) -> None:
        await bay.done("POST", "/charging-profiles", a_body())

        bay.plug_in(None)

        assert (await bay.done("GET", "/charging-profiles"))["items"] == []
        await bay.stage.inside.smart.idle()
        async with bay.stage.node.begin() as work:
            assert await work.charging.held(bay.evse.station) == []


class TestClearing:
    @proves("K10.FR.02")
    async def test_one_by_its_id(self, bay: Bay) -> None:
        await bay.done("POST", "/charging-profiles", a_body())

        assert await bay.done("DELETE", "/charging-profiles/200") == {"cleared": True}

        assert bay.sent("ClearChargingProfile") == [{"chargingProfileId": 200}]
        assert (await bay.done("GET", "/charging-profiles"))["items"] == []

    @proves("K10.FR.02")
    async def test_many_by_what_they_are(self, bay: Bay) -> None:
        await bay.done("POST", "/charging-profiles", a_body())
        await bay.done("POST", "/charging-profiles", a_default(id=201, evse=0))

        await bay.done("DELETE", "/charging-profiles", purpose="TxProfile", evse=1)

        assert bay.sent("ClearChargingProfile") == [
            {
                "chargingProfileCriteria": {
                    "evseId": 1,
                    "chargingProfilePurpose": "TxProfile",
                }
            }
        ]
        left = (await bay.done("GET", "/charging-profiles"))["items"]
        assert [each["id"] for each in left] == [201]

    @proves("K10.FR.02", "K10.FR.06")
    async def test_nothing_in_particular_and_what_is_not_ours_are_refused(
        self, bay: Bay
    ) -> None:
        await bay.refused("DELETE", "/charging-profiles")
        for purpose in ("ChargingStationExternalConstraints", "LocalGeneration"):
            problem = await bay.refused("DELETE", "/charging-profiles", purpose=purpose)
            assert problem["field"] == "purpose"
        problem = await bay.refused("POST", "/commands/ClearChargingProfile", {})
        assert "K10.FR.02" in problem["detail"]

    async def test_what_nobody_answered_to_is_on_the_audit_trail(
        self, bay: Bay
    ) -> None:
        del bay.stage.links[bay.evse.station]

        silent = await bay.ask("DELETE", "/charging-profiles/200")

        assert (silent.status_code, silent.json()["code"]) == (504, "station-silent")
        assert await bay.trail() == ["station-silent"]

    async def test_a_station_that_had_none_says_so(self, bay: Bay) -> None:
        bay.link.answers["ClearChargingProfile"] = {"status": "Unknown"}

        assert await bay.done("DELETE", "/charging-profiles/5") == {"cleared": False}


class TestComposite:
    def theirs(self, bay: Bay, *periods: dict[str, Any]) -> None:
        bay.link.answers["GetCompositeSchedule"] = {
            "status": "Accepted",
            "schedule": {
                "evseId": 1,
                "duration": 7200,
                "scheduleStart": NOW,
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": list(periods),
            },
        }

    @proves("K08.FR.01")
    async def test_what_agrees_has_no_differences(self, bay: Bay) -> None:
        await bay.done("POST", "/charging-profiles", a_body())
        self.theirs(
            bay,
            {"startPeriod": 0, "limit": 7000},
            {"startPeriod": 3600, "limit": 3000},
        )

        said = await bay.done("GET", "/composite-schedule", evse=1, duration_s=7200)

        assert bay.sent("GetCompositeSchedule") == [
            {"evseId": 1, "duration": 7200, "chargingRateUnit": "W"}
        ]
        assert said["ours"]["periods"] == [
            {"start_s": 0, "limit": 7000},
            {"start_s": 3600, "limit": 3000},
        ]
        assert said["differences"] == []

    async def test_what_does_not_is_told_with_its_stretch(self, bay: Bay) -> None:
        await bay.done("POST", "/charging-profiles", a_body())
        self.theirs(bay, {"startPeriod": 0, "limit": 7000})

        said = await bay.done("GET", "/composite-schedule", evse=1)

        (difference,) = said["differences"]
        assert difference["name"] == "limit"
        assert (difference["ours"], difference["theirs"]) == (3000, 7000)
        assert difference["start"] == "2026-07-14T00:30:00Z"

    async def test_a_station_that_cannot_tell_leaves_ours(self, bay: Bay) -> None:
        bay.link.answers["GetCompositeSchedule"] = {
            "status": "Rejected",
            "statusInfo": {"reasonCode": "UnknownEvse"},
        }

        said = await bay.done("GET", "/composite-schedule", evse=0)

        assert (said["theirs"], said["refusal"]) == (None, "UnknownEvse")

    @proves("K08.FR.05")
    async def test_an_evse_that_is_not_there_is_not_asked_for(self, bay: Bay) -> None:
        assert (await bay.ask("GET", "/composite-schedule", evse=7)).status_code == 404
        assert bay.link.asked == []
        body = {"evseId": 7, "duration": 60}
        problem = await bay.refused("POST", "/commands/GetCompositeSchedule", body)
        assert problem["field"] == "evseId"


class TestLimits:
    LIMIT: dict[str, Any] = {  # noqa: RUF012
        "evseId": 1,
        "chargingLimit": {"chargingLimitSource": "EMS", "isGridCritical": True},
        "chargingSchedule": [
            {
                "id": 1,
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "limit": 4000, "dischargeLimit": -2000}
                ],
            }
        ],
    }

    async def test_it_is_kept_until_its_source_clears_it(self, bay: Bay) -> None:
        assert await bay.say("NotifyChargingLimit", self.LIMIT) == {}
        other = {**self.LIMIT, "chargingLimit": {"chargingLimitSource": "SO"}}
        await bay.say("NotifyChargingLimit", other)

        (first, _) = (await bay.done("GET", "/charging-limits"))["items"]
        assert (first["source"], first["grid_critical"]) == ("EMS", True)
        gone = {"chargingLimitSource": "SO", "evseId": 1}
        assert await bay.say("ClearedChargingLimit", gone) == {}
        (left,) = (await bay.done("GET", "/charging-limits"))["items"]
        assert left["source"] == "EMS"
        assert bay.stage.node.live.get(bay.evse).external_limit is not None

        await bay.say("ClearedChargingLimit", {"chargingLimitSource": "EMS"})
        assert (await bay.done("GET", "/charging-limits"))["items"] == []
        assert bay.stage.node.live.get(bay.evse).external_limit is None

    async def test_one_of_an_evse_that_is_not_there_is_noticed(self, bay: Bay) -> None:
        assert await bay.say("NotifyChargingLimit", {**self.LIMIT, "evseId": 9}) == {}

        assert (await bay.done("GET", "/charging-limits"))["items"] == []
        await bay.stage.inside.journal.flush()
        async with bay.stage.node.begin() as work:
            seen = await work.stations.deviations(bay.evse.station)
        assert [each.kind for each in seen] == ["unknown-evse"]

    @proves("K27.FR.05")
    async def test_what_is_generated_locally_bounds_nothing(self, bay: Bay) -> None:
        sun = {"chargingLimitSource": "EMS", "isLocalGeneration": True}

        await bay.say("NotifyChargingLimit", {**self.LIMIT, "chargingLimit": sun})

        (kept,) = (await bay.done("GET", "/charging-limits"))["items"]
        assert kept["local_generation"] is True
        assert bay.stage.node.live.get(bay.evse).external_limit is None


class TestDynamic:
    """K28: pushed, pulled, and over when nobody says anything."""

    BODY: dict[str, Any] = {  # noqa: RUF012
        "id": 210,
        "evse": 1,
        "purpose": "TxProfile",
        "kind": "Dynamic",
        "stack_level": 4,
        "transaction": TX,
        "duration_s": 300,
        "pull_interval_s": 60,
        "periods": [{"limit": 5000}],
    }

    async def test_values_are_pushed_and_kept(self, bay: Bay) -> None:
        await bay.done("POST", "/charging-profiles", self.BODY)

        said = await bay.done("PUT", "/charging-profiles/210/values", {"limit": 3000})

        assert said["accepted"]
        assert bay.sent("UpdateDynamicSchedule") == [
            {"chargingProfileId": 210, "scheduleUpdate": {"limit": 3000}}
        ]
        row = bay.stage.inside.smart.ledger.find(bay.evse.station, 210)
        assert row is not None and row.profile is not None  # noqa: PT018
        assert row.profile.periods[0].limit == 3000
        assert row.profile.updated_at == bay.stage.clock.now()

    @proves("K28.FR.07")
    async def test_values_are_given_to_who_pulls(self, bay: Bay) -> None:
        await bay.done("POST", "/charging-profiles", self.BODY)
        await bay.done("PUT", "/charging-profiles/210/values", {"limit": 2500})

        answer = await bay.say("PullDynamicScheduleUpdate", {"chargingProfileId": 210})

        assert answer == {"status": "Accepted", "scheduleUpdate": {"limit": 2500}}

    @proves("K28.FR.12")
    async def test_an_unknown_one_and_one_that_is_not_dynamic_are_refused(
        self, bay: Bay
    ) -> None:
        await bay.done("POST", "/charging-profiles", a_body())

        for number in (200, 999):
            answer = await bay.say(
                "PullDynamicScheduleUpdate", {"chargingProfileId": number}
            )
            assert answer["status"] == "Rejected"
            assert answer["statusInfo"]["reasonCode"] == "InvalidProfile"
        path = "/charging-profiles/200/values"
        assert (await bay.ask("PUT", path, {"limit": 1})).status_code == 404

    async def test_without_news_the_next_profile_holds(self, bay: Bay) -> None:
        """The watchdog of the standard, as our composite has it (K28.FR.13)."""
        await bay.done("POST", "/charging-profiles", a_default(id=201, evse=0))
        await bay.done("POST", "/charging-profiles", self.BODY)
        bay.link.answers["GetCompositeSchedule"] = {"status": "Rejected"}

        said = await bay.done("GET", "/composite-schedule", evse=1, duration_s=600)

        assert said["ours"]["periods"] == [
            {"start_s": 0, "limit": 5000},
            {"start_s": 300, "limit": 7000},
        ]

    async def test_a_lapsed_discharge_is_never_given_again_by_a_pull(
        self, bay: Bay, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """K28.FR.14 would arm it again."""
        bay.agree(monkeypatch)
        make = bay.stage.node.book.facts(bay.evse)
        assert make.dispatchable
        back = {"setpoint": -2000, "mode": "CentralSetpoint"}
        await bay.done("POST", "/charging-profiles", self.BODY | {"periods": [back]})
        await bay.stage.clock.advance(timedelta(seconds=400))

        answer = await bay.say("PullDynamicScheduleUpdate", {"chargingProfileId": 210})

        assert answer["status"] == "Rejected"
