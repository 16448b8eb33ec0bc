from typing import Any

import pytest

from simulators.commands import Unknown, answer
from tests.unit.simulators.bench import (
    Bench,
    a_system,
    default_profile,
    tx_profile,
)

DISCHARGE = {"startPeriod": 0, "operationMode": "CentralSetpoint", "setpoint": -8000}
NEGATIVE = {"startPeriod": 0, "limit": -8000.0}


def bench(persona: str = "x21-scheduled", **changes: Any) -> Bench:  # noqa: ANN401
    return Bench(a_system(persona, **changes)).connect()


@pytest.mark.parametrize("persona", ["x21-scheduled", "x201-neg-w"])
def test_a_base_report_comes_in_parts_that_end(persona: str) -> None:
    on = bench(persona)

    request = {"requestId": 7, "reportBase": "FullInventory"}
    assert on.ask("GetBaseReport", request) == {"status": "Accepted"}

    parts = [p for action, p in on.sent if action == "NotifyReport"]
    assert len(parts) > 1
    assert [p["seqNo"] for p in parts] == list(range(len(parts)))
    assert [p["tbc"] for p in parts] == [True] * (len(parts) - 1) + [False]
    names = {
        (d["component"]["name"], d["variable"]["name"])
        for p in parts
        for d in p["reportData"]
    }
    assert ("SmartChargingCtrlr", "PeriodsPerSchedule") in names
    modern = ("V2XChargingCtrlr", "SupportedOperationModes") in names
    assert modern == on.system.persona.modern


def test_a_summary_is_not_supported() -> None:
    request = {"requestId": 7, "reportBase": "SummaryInventory"}

    assert bench().ask("GetBaseReport", request) == {"status": "NotSupported"}


def test_variables_are_read_with_what_is_wrong_named() -> None:
    def asked(component: str, name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        return {"component": {"name": component}, "variable": {"name": name}, **more}

    response = bench().ask(
        "GetVariables",
        {
            "getVariableData": [
                asked("SmartChargingCtrlr", "RateUnit"),
                asked("SmartChargingCtrlr", "Colour"),
                asked("Kettle", "Colour"),
                asked("SecurityCtrlr", "BasicAuthPassword"),
                asked("SmartChargingCtrlr", "RateUnit", attributeType="MaxSet"),
            ]
        },
    )

    results = response["getVariableResult"]
    assert [r["attributeStatus"] for r in results] == [
        "Accepted",
        "UnknownVariable",
        "UnknownComponent",
        "Rejected",
        "NotSupportedAttributeType",
    ]
    assert results[0]["attributeValue"] == "W"


@pytest.mark.parametrize(
    ("component", "name", "value", "status"),
    [
        ("AlignedDataCtrlr", "Interval", "900", "Accepted"),
        ("AlignedDataCtrlr", "Interval", "often", "Rejected"),
        ("AlignedDataCtrlr", "Enabled", "yes", "Rejected"),
        ("AlignedDataCtrlr", "Measurands", "SoC,Power.Active.Export", "Accepted"),
        ("AlignedDataCtrlr", "Measurands", "SoC,Colour", "Rejected"),
        ("SmartChargingCtrlr", "RateUnit", "A", "Rejected"),
        ("SmartChargingCtrlr", "Colour", "A", "UnknownVariable"),
        ("Kettle", "Colour", "A", "UnknownComponent"),
    ],
)
def test_variables_are_set_if_they_fit(
    component: str, name: str, value: str, status: str
) -> None:
    wanted = {
        "component": {"name": component},
        "variable": {"name": name},
        "attributeValue": value,
    }

    response = bench().ask("SetVariables", {"setVariableData": [wanted]})

    assert response["setVariableResult"][0]["attributeStatus"] == status


class TestProfiles:
    """K01, K08, K09, K10."""

    def test_a_rejection_has_a_reason(self) -> None:
        response = bench().set_profile(tx_profile("no-such-transaction", DISCHARGE))

        assert response["status"] == "Rejected"
        assert response["statusInfo"]["reasonCode"] == "TxNotFound"

    def test_what_is_installed_is_reported(self) -> None:
        on = bench()
        profile = tx_profile(on.transaction, DISCHARGE)
        on.set_profile(default_profile(3000.0), evse=0)
        on.set_profile(profile)

        request = {"requestId": 5, "chargingProfile": {}}
        assert on.ask("GetChargingProfiles", request)["status"] == "Accepted"

        reports = [p for action, p in on.sent if action == "ReportChargingProfiles"]
        assert [r["evseId"] for r in reports] == [0, 1]
        assert [r.get("tbc", False) for r in reports] == [True, False]
        assert reports[1]["chargingProfile"] == [profile]

    @pytest.mark.parametrize(
        "criteria",
        [
            {"chargingProfileId": [99]},
            {"stackLevel": 7},
            {"chargingProfilePurpose": "TxDefaultProfile"},
            {"chargingLimitSource": ["EMS"]},
        ],
    )
    def test_criteria_that_match_nothing_find_nothing(
        self, criteria: dict[str, Any]
    ) -> None:
        on = bench()
        on.set_profile(tx_profile(on.transaction, DISCHARGE))

        request = {"requestId": 5, "evseId": 1, "chargingProfile": criteria}

        assert on.ask("GetChargingProfiles", request) == {"status": "NoProfiles"}

    def test_clearing_removes_the_limit_and_then_finds_nothing(self) -> None:
        on = bench()
        on.set_profile(tx_profile(on.transaction, {"startPeriod": 0, "limit": 2000}))
        assert on.watts() == pytest.approx(2000)

        cleared = on.ask("ClearChargingProfile", {"chargingProfileId": 20})
        again = on.ask("ClearChargingProfile", {"chargingProfileId": 20})

        assert (cleared["status"], again["status"]) == ("Accepted", "Unknown")
        assert on.watts() == pytest.approx(11500)

    def test_clearing_by_criteria(self) -> None:
        on = bench()
        on.set_profile(default_profile(3000.0), evse=0)
        criteria = {"evseId": 0, "chargingProfilePurpose": "TxDefaultProfile"}

        response = on.ask("ClearChargingProfile", {"chargingProfileCriteria": criteria})

        assert response["status"] == "Accepted"

    @pytest.mark.parametrize(
        ("persona", "period", "expected"),
        [
            (
                "x21-scheduled",
                DISCHARGE,
                [
                    {
                        "startPeriod": 0,
                        "operationMode": "CentralSetpoint",
                        "setpoint": -8000.0,
                    },
                    {"startPeriod": 10799, "limit": 3000.0},
                ],
            ),
            (
                "x21-scheduled",
                {"startPeriod": 0, "operationMode": "Idle"},
                [
                    {"startPeriod": 0, "operationMode": "Idle"},
                    {"startPeriod": 10799, "limit": 3000.0},
                ],
            ),
            (
                "x201-neg-w",
                NEGATIVE,
                [
                    {"startPeriod": 0, "limit": -8000.0},
                    {"startPeriod": 10799, "limit": 3000.0},
                ],
            ),
            (
                "x201-neg-full",
                NEGATIVE,
                [
                    {"startPeriod": 0, "limit": 20000.0},
                    {"startPeriod": 10799, "limit": 3000.0},
                ],
            ),
            (
                "tp-20-hazard",
                NEGATIVE,
                [
                    {"startPeriod": 0, "limit": -8000.0},
                    {"startPeriod": 10799, "limit": 3000.0},
                ],
            ),
        ],
    )
    def test_the_composite_schedule_is_echoed(
        self, persona: str, period: dict[str, Any], expected: list[dict[str, Any]]
    ) -> None:
        on = bench(persona)
        on.set_profile(default_profile(3000.0), evse=0)
        on.set_profile(tx_profile(on.transaction, period))

        response = on.ask("GetCompositeSchedule", {"evseId": 1, "duration": 14400})

        assert response["schedule"]["chargingSchedulePeriod"] == expected

    def test_a_composite_of_another_evse_or_unit_is_rejected(self) -> None:
        on = bench()

        other = on.ask("GetCompositeSchedule", {"evseId": 2, "duration": 60})
        unit = on.ask(
            "GetCompositeSchedule",
            {"evseId": 1, "duration": 60, "chargingRateUnit": "A"},
        )

        assert other["statusInfo"]["reasonCode"] == "UnknownEvse"
        assert unit["statusInfo"]["reasonCode"] == "UnsupportedRateUnit"

    def test_a_dynamic_schedule_follows_its_updates(self) -> None:
        on = bench()
        profile = tx_profile(on.transaction, DISCHARGE, duration=120)
        profile["chargingProfileKind"] = "Dynamic"
        del profile["chargingSchedule"][0]["startSchedule"]
        on.set_profile(profile)
        assert on.watts() == pytest.approx(-8000)

        change = {"chargingProfileId": 20, "scheduleUpdate": {"setpoint": -5000}}
        assert on.ask("UpdateDynamicSchedule", change)["status"] == "Accepted"
        assert on.watts() == pytest.approx(-5000)

        on.wait(200)
        assert on.station.evse.watts > 0
        change["chargingProfileId"] = 99
        assert on.ask("UpdateDynamicSchedule", change)["status"] == "Rejected"

    def test_a_pulling_make_asks_for_its_updates(self) -> None:
        on = bench("x21-dynamic")
        on.answers["PullDynamicScheduleUpdate"] = {
            "status": "Accepted",
            "scheduleUpdate": {"setpoint": -6000},
        }
        profile = tx_profile(on.transaction, DISCHARGE, duration=300)
        profile |= {"chargingProfileKind": "Dynamic", "dynUpdateInterval": 60}
        del profile["chargingSchedule"][0]["startSchedule"]
        on.set_profile(profile)

        for _ in range(10):
            on.wait(60)

        pulls = [p for action, p in on.sent if action == "PullDynamicScheduleUpdate"]
        assert len(pulls) >= 9
        assert on.station.evse.watts == pytest.approx(-6000)


@pytest.mark.parametrize(
    ("message", "status", "sent"),
    [
        ("BootNotification", "Rejected", None),
        ("Heartbeat", "Accepted", "Heartbeat"),
        ("StatusNotification", "Accepted", "StatusNotification"),
        ("MeterValues", "Accepted", "MeterValues"),
        ("TransactionEvent", "Accepted", "TransactionEvent"),
        ("FirmwareStatusNotification", "NotImplemented", None),
    ],
)
def test_messages_can_be_triggered(message: str, status: str, sent: str | None) -> None:
    on = bench()
    on.sent.clear()

    response = on.ask("TriggerMessage", {"requestedMessage": message})

    assert response["status"] == status
    assert [action for action, _ in on.sent] == ([sent] if sent else [])


def test_a_reset_reboots_now_or_when_the_vehicle_has_left() -> None:
    now, later = bench(), bench()

    assert now.ask("Reset", {"type": "Immediate"})["status"] == "Accepted"
    assert later.ask("Reset", {"type": "OnIdle"})["status"] == "Scheduled"
    for on in (now, later):
        on.station.advance(on.station.t + 30)
    assert (now.station.powered, later.station.powered) == (False, True)

    later.station.unplug()
    later.station.advance(later.station.t + 30)
    assert later.station.powered is False
    assert bench().ask("Reset", {"type": "OnIdle", "evseId": 1})["status"] == "Rejected"


def test_a_reset_that_waits_is_not_needed_after_another() -> None:
    on = bench()
    on.ask("Reset", {"type": "OnIdle"})
    on.ask("Reset", {"type": "Immediate"})
    on.station.advance(on.station.t + 300)
    assert on.station.powered

    on.station.unplug()
    on.station.advance(on.station.t + 30)
    assert on.station.powered


def test_a_station_out_of_service_starts_nothing_new() -> None:
    on = bench()
    off = {"operationalStatus": "Inoperative"}

    assert on.ask("ChangeAvailability", off)["status"] == "Scheduled"
    assert on.watts() > 0
    on.station.unplug()
    on.station.plug_in()
    on.serve()
    assert on.station.tx is None
    assert on.sent[-1][1]["connectorStatus"] == "Unavailable"

    on.ask("ChangeAvailability", {"operationalStatus": "Operative"})
    assert on.watts() > 0


def test_permission_is_about_the_running_transaction() -> None:
    request = {"transactionId": "other", "allowedEnergyTransfer": ["DC_BPT"]}

    response = bench().ask("NotifyAllowedEnergyTransfer", request)

    assert response["status"] == "Rejected"


@pytest.mark.parametrize(
    ("persona", "action"),
    [("x21-scheduled", "Dance"), ("x201-neg-w", "UpdateDynamicSchedule")],
)
def test_an_action_it_does_not_implement_is_unknown(persona: str, action: str) -> None:
    with pytest.raises(Unknown):
        answer(bench(persona).station, action, {})
