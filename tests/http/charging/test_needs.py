"""What vehicles ask for by ISO 15118, and what they get (K15 to K20, Q01, Q02)."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from csms.db.engine import create_engine
from csms.domain.profile import RateUnit
from csms.domain.vehicle import MobilityNeed, Override
from csms.ocpp.wire import Edition
from tests.http.bay import TX, Bay, bay_on
from tests.http.nodes import Stage
from tests.proving import proves

pytestmark = pytest.mark.postgres

NOW = "2026-07-13T23:30:00Z"
OLD: dict[str, Any] = {
    "evseId": 1,
    "maxScheduleTuples": 3,
    "chargingNeeds": {
        "requestedEnergyTransfer": "DC",
        "dcChargingParameters": {"evMaxCurrent": 100, "evMaxVoltage": 500},
    },
}


def new(transfer: str = "DC", control: str = "ScheduledControl") -> dict[str, Any]:
    return {
        "evseId": 1,
        "maxScheduleTuples": 3,
        "timestamp": NOW,
        "chargingNeeds": {
            "requestedEnergyTransfer": transfer,
            "availableEnergyTransfer": ["DC", "DC_BPT"],
            "controlMode": control,
            "v2xChargingParameters": {
                "maxChargePower": 7600,
                "maxDischargePower": 7600,
                "evTargetEnergyRequest": 20000,
            },
        },
    }


def plan(bay: Bay) -> dict[str, Any]:
    """Return the one plan that was sent, held against what every plan must be."""
    (sent,) = bay.sent("SetChargingProfile")
    profile: dict[str, Any] = sent["chargingProfile"]
    assert sent["evseId"] == 1
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert profile["transactionId"] == TX
    assert len(profile["chargingSchedule"]) == 1
    (period,) = profile["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert period["limit"] > 0
    assert not {"setpoint", "dischargeLimit", "setpointReactive"} & period.keys()
    assert period.get("operationMode", "ChargingOnly") == "ChargingOnly"
    return profile


def a_schedule(*periods: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "timeBase": NOW,
        "evseId": 1,
        "chargingSchedule": {
            "id": 1,
            "chargingRateUnit": "W",
            "duration": 3600,
            "chargingSchedulePeriod": list(periods),
        },
        **more,
    }


@pytest.fixture
async def bay(peopled: Stage) -> Bay:
    await peopled.node.refreshed()
    return bay_on(peopled)


class TestNeeds:
    @proves("K15.FR.02", "K15.FR.03", "K15.FR.07", "K15.FR.08", "K15.FR.18")
    async def test_an_older_vehicle_gets_its_plan(self, peopled: Stage) -> None:
        await peopled.node.refreshed()
        bay = bay_on(peopled, Edition.V201)

        answer = await bay.say("NotifyEVChargingNeeds", OLD)

        assert answer == {"status": "Accepted"}
        plan(bay)
        (kept,) = (await bay.done("GET", "/evses/1/negotiations"))["items"]
        assert (kept["decision"], kept["sent_result"]) == ("Accepted", "Accepted")
        assert kept["needs"]["requestedEnergyTransfer"] == "DC"

    @proves("K18.FR.02", "K18.FR.03", "K18.FR.07", "K18.FR.08", "K18.FR.18",
            "K19.FR.02", "K19.FR.03", "K19.FR.07", "K19.FR.08", "K17.FR.19",
            "Q02.FR.01", "Q02.FR.02")  # fmt: skip
    @pytest.mark.parametrize("control", ["ScheduledControl", "DynamicControl"])
    async def test_a_newer_one_gets_it_too_and_charges_only(
        self, bay: Bay, control: str
    ) -> None:
        answer = await bay.say("NotifyEVChargingNeeds", new(control=control))

        assert answer == {"status": "Accepted"}
        profile = plan(bay)
        assert profile["stackLevel"] == 1

    @pytest.mark.parametrize(
        ("wh", "hours", "reason"),
        [
            (20_000, 6, ""),
            (80_000, 2, "DepartureMissed: 64.8 kWh by 2026-07-14T01:30Z"),
        ],
    )
    async def test_a_departure_that_cannot_be_met_is_told_at_once(
        self, bay: Bay, wh: int, hours: int, reason: str
    ) -> None:
        """Nothing more can be done within the limits: the plan is their ceiling."""
        said = new()
        needs = said["chargingNeeds"]
        needs["v2xChargingParameters"]["evTargetEnergyRequest"] = wh
        leaves = bay.stage.node.clock.now() + timedelta(hours=hours)
        needs["departureTime"] = leaves.isoformat().replace("+00:00", "Z")

        await bay.say("NotifyEVChargingNeeds", said)

        plan(bay)
        (kept,) = (await bay.done("GET", "/evses/1/negotiations"))["items"]
        assert (kept["decision"], kept["reason"]) == ("Accepted", reason)

    async def test_what_the_driver_asked_for_counts_too(self, bay: Bay) -> None:
        """The registry's departure of the vehicle that is parked there."""
        node = bay.stage.node
        node.live.update(bay.evse, soc_pct=5.0, soc_at=node.clock.now())
        premise = bay.stage.inside.world.premises.find(bay.evse)
        assert premise is not None
        assert premise.vehicle is not None
        soon = (node.clock.now() + timedelta(hours=1)).astimezone(
            ZoneInfo(premise.site.timezone)
        )
        leaving = Override(soon.date(), soon.time(), 95)
        need = MobilityNeed(min_soc_pct=20, departures=(), overrides=(leaving,))
        async with node.begin() as work:
            await work.fleet.save_need(premise.vehicle.id, need)
        await node.refreshed()

        await bay.say("NotifyEVChargingNeeds", new())

        (kept,) = (await bay.done("GET", "/evses/1/negotiations"))["items"]
        assert kept["reason"].startswith("DepartureMissed: ")

    @proves("Q01.FR.07")
    async def test_both_directions_are_accepted_where_the_site_may_export(
        self, bay: Bay
    ) -> None:
        answer = await bay.say("NotifyEVChargingNeeds", new("DC_BPT"))

        assert answer == {"status": "Accepted"}
        plan(bay)

    @proves("Q01.FR.04", "K18.FR.22", "K19.FR.15")
    async def test_and_rejected_where_it_may_not(self, bay: Bay, database: str) -> None:
        engine = create_engine(database)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE site SET export_permission = false"))
        await engine.dispose()
        await bay.stage.node.refreshed()

        answer = await bay.say("NotifyEVChargingNeeds", new("DC_BPT"))

        assert answer["status"] == "Rejected"
        assert bay.link.asked == []
        (kept,) = (await bay.done("GET", "/evses/1/negotiations"))["items"]
        assert kept["decision"] == "Rejected"

    @proves("K18.FR.04", "K19.FR.04")
    async def test_without_room_for_a_plan_a_newer_one_is_told_so(
        self, bay: Bay
    ) -> None:
        bay.can(max_stack_level=0)

        answer = await bay.say("NotifyEVChargingNeeds", new())

        assert answer["status"] == "NoChargingProfile"
        assert bay.link.asked == []

    async def test_one_that_may_be_dispatched_waits_for_an_event(
        self, bay: Bay
    ) -> None:
        bay.can(max_profiles=3)

        answer = await bay.say("NotifyEVChargingNeeds", new("DC_BPT"))

        assert answer["status"] == "Processing"
        assert bay.link.asked == []

    @proves("K15.FR.04", "K17.FR.04")
    async def test_and_an_older_one_in_its_own_word(self, peopled: Stage) -> None:
        bay = bay_on(peopled, Edition.V201)
        bay.can(max_profiles=3)

        for _ in ("at first", "when the vehicle asks anew"):
            answer = await bay.say("NotifyEVChargingNeeds", OLD)
            assert answer["status"] == "Rejected"

        assert bay.link.asked == []

    @proves("K15.FR.05", "K17.FR.05", "K18.FR.05", "K19.FR.05")
    async def test_before_its_transaction_it_is_asked_to_wait(self, bay: Bay) -> None:
        bay.plug_in(None)

        answer = await bay.say("NotifyEVChargingNeeds", new())

        assert answer["status"] == "Processing"
        assert bay.link.asked == []
        bay.plug_in()
        await bay.stage.inside.smart.idle()
        plan(bay)

    @proves(
        "K16.FR.12", "K17.FR.02", "K17.FR.03", "K17.FR.07", "K17.FR.08", "K20.FR.03"
    )
    async def test_new_needs_get_a_new_plan_under_the_same_id(self, bay: Bay) -> None:
        await bay.say("NotifyEVChargingNeeds", new())
        again = new(control="DynamicControl")
        again["chargingNeeds"]["departureTime"] = "2026-07-14T11:30:00Z"

        await bay.say("NotifyEVChargingNeeds", again)

        ids = [e["chargingProfile"]["id"] for e in bay.sent("SetChargingProfile")]
        assert len(ids) == 2
        assert len(set(ids)) == 1

    async def test_an_evse_that_is_not_there_is_noticed(self, bay: Bay) -> None:
        answer = await bay.say("NotifyEVChargingNeeds", {**new(), "evseId": 9})

        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] == "UnknownEvse"
        await bay.stage.inside.journal.flush()
        async with bay.stage.node.begin() as work:
            seen = await work.stations.deviations(bay.evse.station)
        assert [each.kind for each in seen] == ["unknown-evse"]

    async def test_a_plan_that_came_too_early_is_sent_again(self, bay: Bay) -> None:
        told = iter(["InvalidMessageSequence"])

        def answer(_: dict[str, Any]) -> dict[str, Any]:
            reason = next(told, None)
            if reason is None:
                return {"status": "Accepted"}
            return {"status": "Rejected", "statusInfo": {"reasonCode": reason}}

        bay.link.answers["SetChargingProfile"] = answer

        await bay.say("NotifyEVChargingNeeds", new())

        assert len(bay.sent("SetChargingProfile")) == 2

    @proves("K01.FR.58", "K01.FR.59")
    async def test_a_rate_limit_is_waited_for(self, bay: Bay) -> None:
        told = iter(["0 seconds before retry"])

        def answer(_: dict[str, Any]) -> dict[str, Any]:
            info = next(told, None)
            if info is None:
                return {"status": "Accepted"}
            said = {"reasonCode": "RateLimitExceeded", "additionalInfo": info}
            return {"status": "Rejected", "statusInfo": said}

        bay.link.answers["SetChargingProfile"] = answer

        await bay.say("NotifyEVChargingNeeds", new())

        assert len(bay.sent("SetChargingProfile")) == 2
        (kept,) = (await bay.done("GET", "/evses/1/negotiations"))["items"]
        assert kept["sent_result"] == "Accepted"

    @proves("K02.FR.01")
    async def test_a_limit_from_outside_is_in_the_plan(self, bay: Bay) -> None:
        limit = {
            "evseId": 1,
            "chargingLimit": {"chargingLimitSource": "EMS"},
            "chargingSchedule": [
                {
                    "id": 1,
                    "chargingRateUnit": "W",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1500}],
                }
            ],
        }
        await bay.say("NotifyChargingLimit", limit)

        await bay.say("NotifyEVChargingNeeds", new())

        schedule = plan(bay)["chargingSchedule"][0]
        assert schedule["chargingSchedulePeriod"][0]["limit"] == 1500


class TestSchedules:
    @proves("K15.FR.11", "K16.FR.06", "K17.FR.11", "K18.FR.11")
    async def test_one_that_keeps_within_the_plan_is_accepted(self, bay: Bay) -> None:
        await bay.say("NotifyEVChargingNeeds", new())
        said = a_schedule({"startPeriod": 0, "limit": 3000})

        assert await bay.say("NotifyEVChargingSchedule", said) == {"status": "Accepted"}

        (kept,) = (await bay.done("GET", "/evses/1/negotiations"))["items"]
        assert kept["verdict"] == "Accepted"
        assert len(bay.sent("SetChargingProfile")) == 1

    @proves("K15.FR.12", "K15.FR.13", "K16.FR.07", "K16.FR.08", "K17.FR.12",
            "K17.FR.13", "K18.FR.12", "K18.FR.13")  # fmt: skip
    @pytest.mark.parametrize(
        "period", [{"limit": 90000}, {"limit": 0, "setpoint": -3000}]
    )
    async def test_one_that_does_not_is_rejected_and_negotiated_anew(
        self, bay: Bay, period: dict[str, Any]
    ) -> None:
        await bay.say("NotifyEVChargingNeeds", new())
        said = a_schedule({"startPeriod": 0, **period})

        assert await bay.say("NotifyEVChargingSchedule", said) == {"status": "Rejected"}

        assert len(bay.sent("SetChargingProfile")) == 2
        (kept,) = (await bay.done("GET", "/evses/1/negotiations"))["items"]
        assert kept["sent_result"] == "Accepted"

    async def test_a_vehicle_that_will_not_is_not_asked_for_ever(
        self, bay: Bay
    ) -> None:
        await bay.say("NotifyEVChargingNeeds", new())

        for _ in range(5):
            said = a_schedule({"startPeriod": 0, "limit": 90000})
            await bay.say("NotifyEVChargingSchedule", said)

        assert len(bay.sent("SetChargingProfile")) == 3

    async def test_under_dynamic_control_it_is_taken_as_it_is(self, bay: Bay) -> None:
        """K17.FR.12: not applicable there."""
        await bay.say("NotifyEVChargingNeeds", new(control="DynamicControl"))
        said = a_schedule({"startPeriod": 0, "limit": 90000})

        assert await bay.say("NotifyEVChargingSchedule", said) == {"status": "Accepted"}

    async def test_a_choice_that_was_never_offered_is_noticed(self, bay: Bay) -> None:
        await bay.say("NotifyEVChargingNeeds", new())
        said = a_schedule({"startPeriod": 0, "limit": 1}, selectedChargingScheduleId=99)

        await bay.say("NotifyEVChargingSchedule", said)

        await bay.stage.inside.journal.flush()
        async with bay.stage.node.begin() as work:
            seen = await work.stations.deviations(bay.evse.station)
        assert [each.kind for each in seen] == ["unknown-schedule"]


class TestTransfers:
    """Q01, Q02: charging first, both directions by leave."""

    @proves("Q02.FR.05")
    async def test_leave_goes_out_when_all_agree(
        self, bay: Bay, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Q02, in full: charging only, leave, new needs, a new plan."""
        await bay.say("NotifyEVChargingNeeds", new("DC"))
        bay.agree(monkeypatch)

        said = await bay.done(
            "PUT", "/evses/1/energy-transfer", {"bidirectional": True}
        )

        assert said["accepted"]
        assert bay.sent("NotifyAllowedEnergyTransfer") == [
            {"transactionId": TX, "allowedEnergyTransfer": ["DC", "DC_BPT"]}
        ]
        answer = await bay.say("NotifyEVChargingNeeds", new("DC_BPT"))
        assert answer == {"status": "Accepted"}
        assert len(bay.sent("SetChargingProfile")) == 2

    async def test_without_consent_it_does_not(self, bay: Bay) -> None:
        problem = await bay.refused(
            "PUT", "/evses/1/energy-transfer", {"bidirectional": True}
        )

        assert problem["code"] == "discharge-forbidden"

    @proves("Q02.FR.05")
    async def test_taking_it_away_needs_nobodys_leave(self, bay: Bay) -> None:
        await bay.done("PUT", "/evses/1/energy-transfer", {"bidirectional": False})

        assert bay.sent("NotifyAllowedEnergyTransfer") == [
            {"transactionId": TX, "allowedEnergyTransfer": ["DC"]}
        ]

    async def test_what_is_allowed_follows_the_site(self, bay: Bay) -> None:
        shown = await bay.done("GET", "/evses/1/energy-transfer")
        assert shown == {"offered": ["DC", "DC_BPT"], "allowed": ["DC", "DC_BPT"]}

        bay.can(v2x=(), units=frozenset({RateUnit.WATTS}))
        shown = await bay.done("GET", "/evses/1/energy-transfer")
        assert shown["allowed"] == ["DC"]

    async def test_no_transaction_and_no_evse_are_told_apart(self, bay: Bay) -> None:
        bay.plug_in(None)
        body = {"bidirectional": False}

        assert (await bay.refused("PUT", "/evses/1/energy-transfer", body))[
            "code"
        ] == "no-transaction"
        assert (
            await bay.ask("PUT", "/evses/7/energy-transfer", body)
        ).status_code == 404
