"""Controls of the grid as a resource, and the alarms that they cause (R01 to R05)."""

from datetime import timedelta
from typing import Any

import pytest

from csms.ocpp.wire import Edition
from tests.http.bay import Bay, bay_on
from tests.http.nodes import Stage
from tests.proving import proves

pytestmark = pytest.mark.postgres

NOW = "2026-07-13T23:30:00Z"
LATER = "2026-07-14T01:00:00Z"
CURVE = {"points": [[106, 0], [110, -44]], "unit": "PctMaxVar", "response_s": 5}
SERVICE = {
    "high_voltage": 252,
    "low_voltage": 220,
    "high_freq": 60.1,
    "low_freq": 59.5,
    "delay_s": 300,
}
DROOP = {
    "over_freq": 60.036,
    "under_freq": 59.964,
    "over_droop": 5,
    "under_droop": 5,
    "response_s": 5,
}


@pytest.fixture
async def bay(peopled: Stage) -> Bay:
    return bay_on(peopled)


def a_control(kind: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    timing = {} if more.get("default") else {"start": LATER, "duration_s": 3600}
    return {"kind": kind, "priority": 5, "body": body, **timing, **more}


LIMIT = a_control("LimitMaxDischarge", {"percent": 20})


@proves("R04.FR.16")
async def test_each_kind_goes_out_in_its_own_field(bay: Bay) -> None:
    bodies: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
        "LimitMaxDischarge": (LIMIT, "limitMaxDischarge", {"pctMaxDischargePower": 20}),
        "VoltVar": (
            a_control("VoltVar", CURVE),
            "curve",
            {"yUnit": "PctMaxVar", "responseTime": 5},
        ),
        "Gradients": (
            a_control("Gradients", {"gradient": 10, "soft_gradient": 2}, default=True),
            "gradient",
            {"gradient": 10, "softGradient": 2},
        ),
        "EnterService": (
            a_control("EnterService", SERVICE, default=True),
            "enterService",
            {"highVoltage": 252, "delay": 300},
        ),
    }
    for kind, (body, name, figures) in bodies.items():
        await bay.done("PUT", f"/der-controls/{kind}", body)
        sent = bay.sent("SetDERControl")[-1]
        assert sent["controlType"] == kind
        assert sent["controlId"] == kind
        assert figures.items() <= sent[name].items()
        fields = {"curve", "enterService", "gradient", "limitMaxDischarge"} - {name}
        assert not fields & sent.keys()

    kept = (await bay.done("GET", "/der-controls"))["items"]
    assert {each["id"]: each["state"] for each in kept} == dict.fromkeys(
        bodies, "accepted"
    )
    assert await bay.trail() == ["der.set"] * 4


async def test_a_power_turns_its_sign_at_the_wire_and_nowhere_else(bay: Bay) -> None:
    """Positive goes into the vehicle here, and out of it in a FixedVar of the wire."""
    body = a_control("FixedVar", {"percent": 30, "unit": "PctMaxVar"})

    await bay.done("PUT", "/der-controls/var", body)

    (sent,) = bay.sent("SetDERControl")
    assert sent["fixedVar"]["setpoint"] == -30
    (kept,) = (await bay.done("GET", "/der-controls"))["items"]
    assert kept["control"]["body"]["percent"] == 30


@proves("R04.FR.12", "R04.FR.14")
async def test_what_breaks_a_rule_never_leaves(bay: Bay) -> None:
    bad = {
        "start": {**LIMIT, "default": True},
        "default": a_control("Gradients", {"gradient": 1, "soft_gradient": 1}),
        "body.points": a_control("VoltVar", {"percent": 20}),
        "kind": a_control("WattVar", CURVE),
    }
    for field, body in bad.items():
        problem = await bay.refused("PUT", "/der-controls/c", body)
        assert problem["field"] == field, problem
    over = {**LIMIT, "start": "2026-07-13T20:00:00Z"}
    assert (await bay.refused("PUT", "/der-controls/c", over))["field"] == "start"
    assert (await bay.done("GET", "/der-controls"))["items"] == []


async def test_what_could_discharge_passes_the_gate(bay: Bay) -> None:
    for body in (
        a_control("FreqDroop", DROOP),
        a_control("FreqDroop", DROOP, default=True),
        a_control("FreqWatt", {**CURVE, "unit": "PctMaxW"}),
        a_control("FixedVar", {"percent": -30, "unit": "PctMaxVar"}),
    ):
        problem = await bay.refused("PUT", "/der-controls/c", body)
        assert problem["code"] == "discharge-forbidden"


async def test_an_older_station_has_none(peopled: Stage) -> None:
    bay = bay_on(peopled, Edition.V201)

    problem = await bay.refused("PUT", "/der-controls/c", LIMIT)

    assert problem["code"] == "unsupported-control"


class TestSupersession:
    """R04.FR.03 to FR.08: the lower number rules, and the station says so."""

    async def test_a_newcomer_takes_the_place_of_another(self, bay: Bay) -> None:
        await bay.done("PUT", "/der-controls/first", LIMIT)
        answer = {"status": "Accepted", "supersededIds": ["first"]}
        bay.link.answers["SetDERControl"] = answer

        said = await bay.done("PUT", "/der-controls/second", {**LIMIT, "priority": 1})

        assert said["superseded"] == ["first"]
        kept = (await bay.done("GET", "/der-controls"))["items"]
        assert {e["id"]: e["superseded"] for e in kept} == {
            "first": True,
            "second": False,
        }

    async def test_one_may_be_superseded_as_it_comes(self, bay: Bay) -> None:
        """R04.FR.08."""
        answer = {"status": "Accepted", "supersededIds": ["late"]}
        bay.link.answers["SetDERControl"] = answer

        await bay.done("PUT", "/der-controls/late", LIMIT)

        (kept,) = (await bay.done("GET", "/der-controls"))["items"]
        assert (kept["state"], kept["superseded"]) == ("accepted", True)

    async def test_one_that_begins_later_is_told_then(self, bay: Bay) -> None:
        """R04.FR.07, FR.20 to FR.22."""
        for name in ("a", "b"):
            await bay.done("PUT", f"/der-controls/{name}", LIMIT)
        start = {"timestamp": LATER, "started": True}
        await bay.say("NotifyDERStartStop", {"controlId": "b", **start})

        said = {"controlId": "a", **start, "supersededIds": ["b"]}
        assert await bay.say("NotifyDERStartStop", said) == {}

        kept = {e["id"]: e for e in (await bay.done("GET", "/der-controls"))["items"]}
        assert kept["a"]["running"] is True
        assert (kept["b"]["running"], kept["b"]["superseded"]) == (False, True)
        stop = {"controlId": "a", "timestamp": LATER, "started": False}
        await bay.say("NotifyDERStartStop", stop)
        # the stop and the start bear the same instant: it runs no more
        (last,) = [
            each
            for each in (await bay.done("GET", "/der-controls"))["items"]
            if each["id"] == "a"
        ]
        assert last["stopped_at"] is not None

    async def test_what_is_over_is_said_to_be(self, bay: Bay) -> None:
        """R04.FR.10."""
        await bay.done("PUT", "/der-controls/c", LIMIT)

        await bay.stage.clock.advance(timedelta(hours=3))

        (kept,) = (await bay.done("GET", "/der-controls"))["items"]
        assert kept["state"] == "expired"

    @pytest.mark.parametrize(
        ("status", "state"),
        [("Rejected", "rejected"), ("NotSupported", "not_supported")],
    )
    async def test_a_no_is_kept_as_one(self, bay: Bay, status: str, state: str) -> None:
        bay.link.answers["SetDERControl"] = {"status": status}

        said = await bay.done("PUT", "/der-controls/c", LIMIT)

        assert not said["accepted"]
        assert (await bay.done("GET", "/der-controls"))["items"][0]["state"] == state


class TestReporting:
    def report(self, bay: Bay, **said: Any) -> None:  # noqa: ANN401
        def answer(payload: dict[str, Any]) -> dict[str, Any]:
            route = bay.stage.inside.router.routes["ReportDERControl"]
            body = {"requestId": payload["requestId"], **said}
            handled = route.handler(bay.evse.station, route.action.request.read(body))
            with pytest.raises(StopIteration):
                handled.send(None)  # type: ignore[attr-defined]
            return {"status": "Accepted" if said else "NotFound"}

        bay.link.answers["GetDERControl"] = answer

    @proves("R04.FR.31")
    async def test_intent_is_held_against_report(self, bay: Bay) -> None:
        await bay.done("PUT", "/der-controls/ours", LIMIT)
        await bay.done("PUT", "/der-controls/lost", LIMIT)
        self.report(
            bay,
            limitMaxDischarge=[
                {
                    "id": "ours",
                    "isDefault": False,
                    "isSuperseded": True,
                    "limitMaxDischarge": {"priority": 5, "pctMaxDischargePower": 20},
                }
            ],
            fixedVar=[
                {
                    "id": "foreign",
                    "isDefault": True,
                    "isSuperseded": False,
                    "fixedVar": {"priority": 1, "setpoint": 10, "unit": "PctMaxVar"},
                }
            ],
        )

        said = await bay.done("POST", "/der-controls/refresh")

        kept = {each["id"]: each for each in said["items"]}
        assert (kept["ours"]["state"], kept["ours"]["superseded"]) == ("reported", True)
        assert kept["lost"]["state"] == "missing"
        assert kept["foreign"]["ours"] is False
        assert kept["foreign"]["control"]["body"]["percent"] == -10
        (asked,) = bay.sent("GetDERControl")
        assert set(asked) == {"requestId"}

    async def test_a_station_that_holds_none_says_not_found(self, bay: Bay) -> None:
        bay.link.answers["GetDERControl"] = {"status": "NotFound"}

        assert (await bay.done("POST", "/der-controls/refresh"))["items"] == []


class TestClearing:
    async def test_one_by_its_id(self, bay: Bay) -> None:
        await bay.done("PUT", "/der-controls/c", LIMIT)

        await bay.done("DELETE", "/der-controls/c")

        assert bay.sent("ClearDERControl") == [{"isDefault": False, "controlId": "c"}]
        (kept,) = (await bay.done("GET", "/der-controls"))["items"]
        assert kept["state"] == "cleared"

    async def test_all_of_a_kind(self, bay: Bay) -> None:
        await bay.done(
            "DELETE", "/der-controls", default=True, kind="LimitMaxDischarge"
        )

        assert bay.sent("ClearDERControl") == [
            {"isDefault": True, "controlType": "LimitMaxDischarge"}
        ]

    async def test_what_holds_a_forbidden_discharge_back_stays(
        self, bay: Bay, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bay.agree(monkeypatch)
        bay.stage.node.live.update(
            bay.evse, ev_needs={"requestedEnergyTransfer": "DC_BPT"}
        )
        back = {
            "id": 230,
            "evse": 1,
            "purpose": "TxProfile",
            "stack_level": 2,
            "start": NOW,
            "duration_s": 600,
            "transaction": "tx-1",
            "periods": [{"setpoint": -1000, "mode": "CentralSetpoint"}],
        }
        await bay.done("POST", "/charging-profiles", back)
        monkeypatch.undo()

        problem = await bay.refused("DELETE", "/der-controls/c")

        assert problem["code"] == "discharge-forbidden"


class TestAlarms:
    """R05: an alarm excuses what is missing; there is never more than one."""

    ALARM: dict[str, Any] = {  # noqa: RUF012
        "controlType": "VoltVar",
        "gridEventFault": "OverVoltage",
        "timestamp": NOW,
    }

    async def test_it_is_kept_with_its_end(self, bay: Bay) -> None:
        assert await bay.say("NotifyDERAlarm", self.ALARM) == {}
        assert bay.stage.node.live.get(bay.evse).der_alarm is not None
        taken = {"controlType": "FreqDroop", "timestamp": LATER}
        await bay.say("NotifyDERAlarm", taken)

        await bay.say("NotifyDERAlarm", {**taken, "alarmEnded": True})

        assert bay.stage.node.live.get(bay.evse).der_alarm is None
        second, first = (await bay.done("GET", "/der-alarms"))["items"]
        assert (first["kind"], first["fault"], first["ended_at"]) == (
            "VoltVar",
            "OverVoltage",
            LATER,
        )
        assert (second["kind"], second["ended_at"]) == ("FreqDroop", LATER)

    async def test_a_repeated_one_is_the_same(self, bay: Bay) -> None:
        """R05.FR.01: once for each occurrence; a retry is no other one."""
        await bay.say("NotifyDERAlarm", self.ALARM)
        await bay.say("NotifyDERAlarm", self.ALARM)

        assert len((await bay.done("GET", "/der-alarms"))["items"]) == 1

    async def test_a_control_that_nobody_knows_is_noticed(self, bay: Bay) -> None:
        said = {"controlId": "ghost", "started": True, "timestamp": NOW}

        assert await bay.say("NotifyDERStartStop", said) == {}

        await bay.stage.inside.journal.flush()
        async with bay.stage.node.begin() as work:
            seen = await work.stations.deviations(bay.evse.station)
        assert [each.kind for each in seen] == ["unknown-control"]
