"""Each use case of V2X, as an operator would bring it about (Q03 to Q12).

What the mission does not use is on the wire all the same, behind the gate, and refused
until an operator opens it.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from csms.ocpp.wire import Edition
from csms.services.orders import vehicle_limit_w
from tests.http.bay import TX, Bay, bay_on
from tests.http.nodes import Stage
from tests.proving import proves

pytestmark = pytest.mark.postgres

NOW = "2026-07-13T23:30:00Z"
CURVE = [[59.9, -3000], [60.1, 3000]]


@pytest.fixture
async def bay(peopled: Stage, monkeypatch: pytest.MonkeyPatch) -> Bay:
    """An EVSE whose participant agreed, on a node that leaves power to others."""
    await peopled.node.refreshed()
    bay = bay_on(peopled)
    bay.agree(monkeypatch)
    peopled.node.live.update(bay.evse, ev_needs={"requestedEnergyTransfer": "DC_BPT"})
    return bay


def opened(bay: Bay) -> Bay:
    node = bay.stage.node
    gate = replace(node.charging.gate, by_others=True)
    object.__setattr__(node, "charging", replace(node.charging, gate=gate))
    return bay


def a_body(period: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "id": 220,
        "evse": 1,
        "purpose": "TxProfile",
        "stack_level": 2,
        "unit": "W",
        "start": NOW,
        "duration_s": 1800,
        "transaction": TX,
        "periods": [period],
        **more,
    }


def dynamic(period: dict[str, Any]) -> dict[str, Any]:
    body = a_body(period, kind="Dynamic", duration_s=120)
    body.pop("start")
    return body


def period_of(bay: Bay) -> dict[str, Any]:
    (sent,) = bay.sent("SetChargingProfile")
    (schedule,) = sent["chargingProfile"]["chargingSchedule"]
    (period,) = schedule["chargingSchedulePeriod"]
    said: dict[str, Any] = period
    return said


@proves("Q03.FR.01", "Q03.FR.02")
async def test_q03_a_schedule_of_setpoints(bay: Bay) -> None:
    body = a_body({"setpoint": -5000, "mode": "CentralSetpoint"})

    assert (await bay.done("POST", "/charging-profiles", body))["accepted"]

    assert period_of(bay) == {
        "startPeriod": 0,
        "setpoint": -5000,
        "operationMode": "CentralSetpoint",
    }


async def test_q04_a_setpoint_that_changes_as_it_goes(bay: Bay) -> None:
    """Pushed by us, pulled by the station, and over after two minutes of silence."""
    body = dynamic({"setpoint": 1000, "mode": "CentralSetpoint"})
    await bay.done("POST", "/charging-profiles", body)

    await bay.done("PUT", "/charging-profiles/220/values", {"setpoint": 2000})
    answer = await bay.say("PullDynamicScheduleUpdate", {"chargingProfileId": 220})

    assert bay.sent("UpdateDynamicSchedule") == [
        {"chargingProfileId": 220, "scheduleUpdate": {"setpoint": 2000}}
    ]
    assert answer["scheduleUpdate"] == {"setpoint": 2000}
    await bay.stage.clock.advance(timedelta(minutes=3))
    bay.link.answers["GetCompositeSchedule"] = {"status": "Rejected"}
    said = await bay.done("GET", "/composite-schedule", evse=1, duration_s=60)
    assert said["ours"]["periods"] == [{"start_s": 0}] or not said["ours"]["periods"][
        0
    ].get("setpoint")


async def test_q04_a_discharge_by_update_passes_the_gate_each_time(
    bay: Bay, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = dynamic({"setpoint": 0, "mode": "CentralSetpoint"})
    await bay.done("POST", "/charging-profiles", body)

    back = {"setpoint": -2000}
    await bay.done("PUT", "/charging-profiles/220/values", back)
    monkeypatch.undo()
    problem = await bay.refused("PUT", "/charging-profiles/220/values", back)

    assert problem["code"] == "discharge-forbidden"
    assert len(bay.sent("UpdateDynamicSchedule")) == 1


OTHERS: dict[str, dict[str, Any]] = {
    "Q05 a setpoint from outside": a_body({"mode": "ExternalSetpoint"}),
    "Q05 limits from outside": a_body({"mode": "ExternalLimits"}),
    "Q08 local frequency": a_body(
        {"mode": "LocalFrequency", "baseline": 0, "freq_curve": CURVE}
    ),
    "Q08 with a signal": a_body(
        {
            "mode": "LocalFrequency",
            "baseline": 0,
            "freq_curve": CURVE,
            "signal_curve": [[-10, -1000], [10, 1000]],
        }
    ),
    "Q09 local load balancing": a_body({"mode": "LocalLoadBalancing", "limit": 5000}),
    "Q07 central frequency": dynamic({"setpoint": -500, "mode": "CentralFrequency"}),
}


@proves("Q07.FR.02", "Q07.FR.03", "Q07.FR.04", "Q08.FR.01", "Q08.FR.02", "Q08.FR.05")
async def test_what_others_set_is_refused_until_it_is_opened(bay: Bay) -> None:
    for body in OTHERS.values():
        problem = await bay.refused("POST", "/charging-profiles", body)
        assert problem["code"] == "discharge-forbidden"

    opened(bay)
    for name, body in OTHERS.items():
        assert (await bay.done("POST", "/charging-profiles", body))["accepted"], name

    sent = [each["chargingProfile"] for each in bay.sent("SetChargingProfile")]
    by_mode = {
        period["operationMode"]: (profile, period)
        for profile in sent
        for schedule in profile["chargingSchedule"]
        for period in schedule["chargingSchedulePeriod"]
    }
    profile, period = by_mode["CentralFrequency"]
    assert profile["chargingProfileKind"] == "Dynamic"
    assert "limit" not in period
    profile, period = by_mode["LocalFrequency"]
    assert profile["chargingSchedule"][0]["chargingRateUnit"] == "W"
    assert period["v2xFreqWattCurve"][0] == {"frequency": 59.9, "power": -3000}
    assert not {"limit", "setpoint", "dischargeLimit"} & period.keys()
    assert {"ExternalSetpoint", "ExternalLimits", "LocalLoadBalancing"} <= set(by_mode)


async def test_q06_a_setpoint_from_outside_is_kept_and_outranks_ours(
    bay: Bay,
) -> None:
    """Q06.FR.10, FR.21: what others let flow bounds every dispatch."""
    said = {
        "evseId": 1,
        "chargingLimit": {"chargingLimitSource": "EMS"},
        "chargingSchedule": [
            {
                "id": 1,
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": [
                    {
                        "startPeriod": 0,
                        "operationMode": "ExternalSetpoint",
                        "setpoint": -1000,
                    }
                ],
            }
        ],
    }

    await bay.say("NotifyChargingLimit", said)

    assert vehicle_limit_w(bay.stage.node.live.get(bay.evse)) == 1000


@proves("Q08.FR.12")
async def test_q08_a_signal_of_the_grid_goes_on_at_once(bay: Bay) -> None:
    problem = await bay.refused("POST", "/afrr-signal", {"signal": 5})
    assert problem["code"] == "discharge-forbidden"

    opened(bay)
    assert (await bay.done("POST", "/afrr-signal", {"signal": 5}))["accepted"]

    assert bay.sent("AFRRSignal") == [{"timestamp": NOW, "signal": 5}]
    assert "signal.sent" in await bay.trail()


async def test_q08_a_station_without_a_curve_says_so(bay: Bay) -> None:
    """Q08.FR.11."""
    bay.link.answers["AFRRSignal"] = {
        "status": "Rejected",
        "statusInfo": {"reasonCode": "NoSignalWattCurve"},
    }

    said = await opened(bay).done("POST", "/afrr-signal", {"signal": 5})

    assert (said["accepted"], said["info"]) == (False, "NoSignalWattCurve")


@proves("Q10.FR.01")
async def test_q10_idle_with_preconditioning_and_sleep(bay: Bay) -> None:
    body = a_body({"mode": "Idle", "preconditioning": True, "sleep": True})

    await bay.done("POST", "/charging-profiles", body)

    assert period_of(bay) == {
        "startPeriod": 0,
        "operationMode": "Idle",
        "preconditioningRequest": True,
        "evseSleep": True,
    }
    problem = await bay.refused(
        "POST", "/charging-profiles", a_body({"mode": "Idle", "limit": 0})
    )
    assert problem["field"] == "periods[0].limit"


async def test_q11_q12_offline_for_too_long_it_lapses_and_stays_so(bay: Bay) -> None:
    body = a_body(
        {"setpoint": -5000, "mode": "CentralSetpoint"},
        max_offline_s=600,
        invalid_after_offline=True,
    )

    await bay.done("POST", "/charging-profiles", body)

    (sent,) = bay.sent("SetChargingProfile")
    assert sent["chargingProfile"]["maxOfflineDuration"] == 600
    assert sent["chargingProfile"]["invalidAfterOfflineDuration"] is True


async def test_what_a_station_lacks_is_said(bay: Bay) -> None:
    bay.can(v2x=())

    problem = await bay.refused(
        "POST",
        "/charging-profiles",
        a_body({"setpoint": 5000, "mode": "CentralSetpoint"}),
    )

    assert problem["field"] == "periods[0].mode"
    assert "K01.FR.115" in problem["errors"][0]["problem"]


async def test_what_lies_above_a_forbidden_discharge_is_not_cleared(
    bay: Bay, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = a_body({"setpoint": -5000, "mode": "CentralSetpoint"})
    await bay.done("POST", "/charging-profiles", back)
    above = a_body({"limit": 3000}, id=221, stack_level=5)
    await bay.done("POST", "/charging-profiles", above)
    monkeypatch.undo()

    one = await bay.refused("DELETE", "/charging-profiles/221")
    many = await bay.refused("DELETE", "/charging-profiles", stack_level=5)
    command = {"chargingProfileId": 221}
    raw = await bay.refused("POST", "/commands/ClearChargingProfile", command)

    assert {each["code"] for each in (one, many, raw)} == {"discharge-forbidden"}
    assert bay.sent("ClearChargingProfile") == []
    await bay.done("DELETE", "/charging-profiles/220")
    await bay.done("DELETE", "/charging-profiles/221")


async def test_an_older_station_has_no_words_for_any_of_it(
    peopled: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bay = bay_on(peopled, Edition.V201)
    bay.agree(monkeypatch)

    assert (await bay.ask("POST", "/commands/AFRRSignal", {})).status_code == 404
    body = a_body({"setpoint": -1, "mode": "CentralSetpoint"})
    problem = await bay.refused("POST", "/charging-profiles", body)
    assert problem["field"] == "periods[0].limit"


class TestPriority:
    """K21, K22: the driver's need outranks the programme."""

    @proves("K21.FR.09", "K22.FR.06")
    async def test_a_drivers_wish_is_known_to_dispatch(self, bay: Bay) -> None:
        said = {"transactionId": TX, "activated": True}

        assert await bay.say("NotifyPriorityCharging", said) == {}
        assert bay.stage.node.live.get(bay.evse).priority_charging

        await bay.say("NotifyPriorityCharging", {**said, "activated": False})
        assert not bay.stage.node.live.get(bay.evse).priority_charging

    async def test_without_a_profile_the_station_says_so(self, bay: Bay) -> None:
        """K21.FR.01."""
        bay.link.answers["UsePriorityCharging"] = {"status": "NoProfile"}

        said = await bay.done("PUT", "/evses/1/priority-charging", {"active": True})

        assert (said["accepted"], said["status"]) == (False, "NoProfile")

    async def test_its_end_must_not_let_a_forbidden_discharge_go_on(
        self, bay: Bay, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        back = a_body({"setpoint": -5000, "mode": "CentralSetpoint"})
        await bay.done("POST", "/charging-profiles", back)
        monkeypatch.undo()

        problem = await bay.refused(
            "PUT", "/evses/1/priority-charging", {"active": False}
        )

        assert problem["code"] == "discharge-forbidden"

    async def test_a_transaction_that_does_not_run_is_not_asked_for(
        self, bay: Bay
    ) -> None:
        command = {"transactionId": "other", "activate": True}
        problem = await bay.refused("POST", "/commands/UsePriorityCharging", command)
        assert problem["field"] == "transactionId"
