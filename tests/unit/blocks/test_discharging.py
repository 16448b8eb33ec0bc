"""What could make an EVSE discharge is seen, action by action."""

from typing import Any

import pytest

from csms.blocks.discharging import discharge_of
from csms.ocpp.messages import SENT
from csms.services.ports.wire import Discharge, Means

HARMLESS = frozenset(
    {
        "AdjustPeriodicEventStream",
        "CancelReservation",
        "CertificateSigned",
        "ChangeAvailability",
        "ChangeTransactionTariff",
        "ClearCache",
        "ClearChargingProfile",
        "ClearDisplayMessage",
        "ClearTariffs",
        "ClearVariableMonitoring",
        "CostUpdated",
        "CustomerInformation",
        "DeleteCertificate",
        "GetBaseReport",
        "GetCertificateChainStatus",
        "GetChargingProfiles",
        "GetCompositeSchedule",
        "GetDERControl",
        "GetDisplayMessages",
        "GetInstalledCertificateIds",
        "GetLocalListVersion",
        "GetLog",
        "GetMonitoringReport",
        "GetPeriodicEventStream",
        "GetReport",
        "GetTariffs",
        "GetTransactionStatus",
        "GetVariables",
        "InstallCertificate",
        "NotifyWebPaymentStarted",
        "PublishFirmware",
        "RequestBatterySwap",
        "RequestStopTransaction",
        "ReserveNow",
        "Reset",
        "SendLocalList",
        "SetDefaultTariff",
        "SetDisplayMessage",
        "SetMonitoringBase",
        "SetMonitoringLevel",
        "SetNetworkProfile",
        "SetVariableMonitoring",
        "TriggerMessage",
        "UnlockConnector",
        "UnpublishFirmware",
        "UpdateFirmware",
    }
)
"""A request of these moves no energy out of a vehicle, whatever it says."""

JUDGED = frozenset(
    {
        "AFRRSignal",
        "ClearDERControl",
        "DataTransfer",
        "NotifyAllowedEnergyTransfer",
        "RequestStartTransaction",
        "SetChargingProfile",
        "SetDERControl",
        "SetVariables",
        "UpdateDynamicSchedule",
        "UsePriorityCharging",
    }
)

CURVE = {"curveData": [{"x": 59, "y": -50}], "priority": 1, "yUnit": "PctMaxW"}


def a_profile(schedule: dict[str, Any], **fields: str) -> dict[str, Any]:
    return {
        "evseId": 1,
        "chargingProfile": {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [
                {
                    "id": 1,
                    "chargingRateUnit": "W",
                    "duration": 60,
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1000}],
                    **schedule,
                }
            ],
            **fields,
        },
    }


def a_discharge(**fields: str) -> Discharge | None:
    period = {"startPeriod": 0, "setpoint": -1}
    return discharge_of(
        "SetChargingProfile", a_profile({"chargingSchedulePeriod": [period]}, **fields)
    )


def a_control(kind: str, *, default: bool = False, **body: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"isDefault": default, "controlId": "c", "controlType": kind, **body}


def a_variable(component: str, variable: str, value: str) -> dict[str, Any]:
    data = {
        "attributeValue": value,
        "component": {"name": component},
        "variable": {"name": variable},
    }
    return {"setVariableData": [data]}


def test_of_every_action_that_is_sent_it_was_decided() -> None:
    assert {each.name for each in SENT} <= HARMLESS | JUDGED
    assert not HARMLESS & JUDGED


class TestProfiles:
    @pytest.mark.parametrize(
        "schedule",
        [{"limitAtSoC": {"soc": 80, "limit": -1}}, {"minChargingRate": -1}],
    )
    def test_a_schedule_may_hide_it(self, schedule: dict[str, Any]) -> None:
        found = discharge_of("SetChargingProfile", a_profile(schedule))

        assert found == Discharge(1, frozenset({Means.NEGATIVE_LIMIT}), finite=True)

    @pytest.mark.parametrize(
        ("fields", "finite"),
        [
            ({"chargingProfileKind": "Recurring"}, False),
            (
                {
                    "chargingProfileKind": "Recurring",
                    "validTo": "2026-07-15T00:00:00Z",
                },
                True,
            ),
            ({"chargingProfileKind": "Relative"}, True),
            (
                {
                    "chargingProfileKind": "Relative",
                    "chargingProfilePurpose": "TxDefaultProfile",
                },
                False,
            ),
        ],
    )
    def test_what_begins_anew_does_not_end(
        self,
        fields: dict[str, str],
        finite: bool,  # noqa: FBT001
    ) -> None:
        found = a_discharge(**fields)

        assert found is not None
        assert found.finite is finite

    @pytest.mark.parametrize("update", [{}, {"limit": 1000}, {"dischargeLimit": 0}])
    def test_an_update_arms_again_what_had_lapsed(self, update: dict[str, Any]) -> None:
        """K28.FR.14."""
        payload = {"chargingProfileId": 1, "scheduleUpdate": update}

        assert discharge_of("UpdateDynamicSchedule", payload) == Discharge(
            None, frozenset({Means.RESUMING}), finite=True
        )


class TestSignalsAndServices:
    def test_a_signal_counts_whatever_it_says(self) -> None:
        payload = {"timestamp": "2026-07-14T21:00:00Z", "signal": 0}

        assert discharge_of("AFRRSignal", payload) == Discharge(
            None, frozenset({Means.OTHER}), finite=True
        )

    @pytest.mark.parametrize("mode", ["DC_BPT", "AC_BPT", "AC_BPT_DER", "AC_DER"])
    def test_leave_for_both_directions_counts(self, mode: str) -> None:
        payload = {"transactionId": "t", "allowedEnergyTransfer": ["DC", mode]}

        assert discharge_of("NotifyAllowedEnergyTransfer", payload) == Discharge(
            None, frozenset({Means.SERVICE}), finite=True
        )

    def test_leave_that_is_taken_away_does_not(self) -> None:
        payload = {"transactionId": "t", "allowedEnergyTransfer": ["DC"]}

        assert discharge_of("NotifyAllowedEnergyTransfer", payload) is None

    def test_an_end_of_priority_charging_counts(self) -> None:
        def judged(*, activate: bool) -> Discharge | None:
            payload = {"transactionId": "t", "activate": activate}
            return discharge_of("UsePriorityCharging", payload)

        assert judged(activate=True) is None
        assert judged(activate=False) == Discharge(
            None, frozenset({Means.RESUMING}), finite=True
        )


class TestControls:
    @pytest.mark.parametrize(
        "payload",
        [
            a_control("FreqDroop", freqDroop={"priority": 1, "duration": 60}),
            a_control("FreqWatt", curve={**CURVE, "duration": 60}),
            a_control(
                "VoltWatt", curve={**CURVE, "yUnit": "PctEffectiveV", "duration": 60}
            ),
            a_control("VoltVar", curve={**CURVE, "duration": 60}),
            a_control(
                "FixedVar",
                fixedVar={
                    "priority": 1,
                    "setpoint": 10,
                    "unit": "PctMaxVar",
                    "duration": 60,
                },
            ),
        ],
    )
    def test_what_sets_active_power_counts(self, payload: dict[str, Any]) -> None:
        assert discharge_of("SetDERControl", payload) == Discharge(
            None, frozenset({Means.CONTROL}), finite=True
        )

    @pytest.mark.parametrize(
        "payload",
        [
            a_control("FreqWatt", default=True, curve={**CURVE, "duration": 60}),
            a_control("FreqWatt", curve=CURVE),
            a_control("FreqDroop"),
        ],
        ids=["default", "no duration", "no body"],
    )
    def test_one_that_stands_for_good_has_no_end(self, payload: dict[str, Any]) -> None:
        found = discharge_of("SetDERControl", payload)

        assert found is not None
        assert not found.finite

    @pytest.mark.parametrize(
        "payload",
        [
            a_control(
                "LimitMaxDischarge",
                limitMaxDischarge={"priority": 0, "pctMaxDischargePower": 20},
            ),
            a_control("HVMustTrip", curve={**CURVE, "yUnit": "Not_Applicable"}),
            a_control("Gradients", default=True, gradient={"priority": 0}),
            a_control("EnterService", default=True, enterService={"priority": 0}),
            a_control(
                "FixedVar",
                fixedVar={"priority": 1, "setpoint": -10, "unit": "PctMaxVar"},
            ),
        ],
        ids=lambda each: str(each["controlType"]),
    )
    def test_what_trips_bounds_or_shapes_does_not(
        self, payload: dict[str, Any]
    ) -> None:
        assert discharge_of("SetDERControl", payload) is None

    def test_a_control_that_goes_away_may_have_held_something_back(self) -> None:
        assert discharge_of("ClearDERControl", {"isDefault": False}) == Discharge(
            None, frozenset({Means.RESUMING}), finite=True
        )


class TestVariables:
    @pytest.mark.parametrize(
        ("component", "variable", "value"),
        [
            ("V2XChargingCtrlr", "Setpoint", "4000"),
            ("Vendor", "DischargePower", "4000"),
            ("V2XChargingCtrlr", "LocalLoadBalancing", "1500"),
            ("SmartChargingCtrlr", "ExternalControlSignalsEnabled", "TRUE"),
            ("SmartChargingCtrlr", "ExternalConstraintsProfileDisallowed", "false"),
            ("SmartChargingCtrlr", "SetpointPriority", "ExternalSystem"),
        ],
    )
    def test_what_sets_power_or_hands_it_over_counts(
        self, component: str, variable: str, value: str
    ) -> None:
        found = discharge_of("SetVariables", a_variable(component, variable, value))

        assert found == Discharge(None, frozenset({Means.OTHER}), finite=False)

    @pytest.mark.parametrize(
        ("component", "variable", "value"),
        [
            ("V2XChargingCtrlr", "TxUpdatedInterval", "30"),
            ("V2XChargingCtrlr", "Enabled", "true"),
            ("SmartChargingCtrlr", "ExternalControlSignalsEnabled", "false"),
            ("SmartChargingCtrlr", "SetpointPriority", "CSMS"),
            ("SampledDataCtrlr", "TxUpdatedInterval", "30"),
            (
                "SampledDataCtrlr",
                "TxUpdatedMeasurands",
                "Energy.Active.Export.Register",
            ),
        ],
    )
    def test_plain_settings_do_not(
        self, component: str, variable: str, value: str
    ) -> None:
        payload = a_variable(component, variable, value)

        assert discharge_of("SetVariables", payload) is None


class TestVendorsAdditions:
    @pytest.mark.parametrize(
        "custom",
        [{"setpointW": -500}, {"dischargeW": 500}, {"deep": [{"p": "-1"}]}],
    )
    def test_a_setpoint_beside_the_standard_is_seen_anywhere(
        self, custom: dict[str, Any]
    ) -> None:
        added = {"vendorId": "org.example", **custom}

        for payload in ({"customData": added}, {"a": [{"customData": added}]}):
            assert discharge_of("Reset", payload) == Discharge(
                None, frozenset({Means.VENDOR_WORDS}), finite=False
            )

    def test_a_harmless_addition_is_not(self) -> None:
        added = {"vendorId": "org.example-1.v2g", "note": "hello", "n": 3}

        assert discharge_of("Reset", {"customData": added}) is None
