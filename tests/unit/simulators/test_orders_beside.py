import json
from typing import Any

import pytest

from simulators.commands import VENDOR_ID
from tests.unit.simulators.bench import Bench, a_system, default_profile, tx_profile

DISCHARGE = {"startPeriod": 0, "operationMode": "CentralSetpoint", "setpoint": -8000}


def bench(persona: str = "x21-scheduled") -> Bench:
    return Bench(a_system(persona)).connect()


class TestDataTransfer:
    """A set-point beside the standard, with an end (profile P10)."""

    def order(self, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        told = {
            "evseId": 1,
            "setpointW": -9000,
            "startAt": "2026-07-14T20:10:00Z",
            "endAt": "2026-07-14T20:30:00Z",
            **more,
        }
        return {
            "vendorId": VENDOR_ID,
            "messageId": "Setpoint",
            "data": json.dumps(told),
        }

    def test_it_discharges_from_its_start_to_its_end(self) -> None:
        on = bench("x201-datatransfer")
        on.ask("ClearChargingProfile", {"chargingProfileId": 1})

        assert on.ask("DataTransfer", self.order())["status"] == "Accepted"
        on.wait_until("2026-07-14T20:45:00Z")

        watts = on.station.observer.traces[on.system.station].watts
        assert watts[10:30] == [-9000] * 20
        assert watts[9] > 0
        assert watts[30] > 0

    def test_it_can_be_called_off(self) -> None:
        on = bench("x201-datatransfer")
        on.ask("DataTransfer", self.order(startAt="2026-07-14T19:00:00Z"))
        assert on.watts() == pytest.approx(-9000)

        clear = {"vendorId": VENDOR_ID, "messageId": "ClearSetpoint"}

        assert on.ask("DataTransfer", clear)["status"] == "Accepted"
        assert on.watts() > 0

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"vendorId": "com.example.other"}, "UnknownVendorId"),
            ({"messageId": "Dance"}, "UnknownMessageId"),
            ({"data": '{"evseId": 4}'}, "Rejected"),
        ],
    )
    def test_what_it_does_not_know_it_says(
        self, change: dict[str, Any], status: str
    ) -> None:
        request = {**self.order(), **change}

        assert bench("x201-datatransfer").ask("DataTransfer", request) == {
            "status": status
        }

    def test_other_makes_know_no_vendor(self) -> None:
        response = bench().ask("DataTransfer", self.order())

        assert response == {"status": "UnknownVendorId"}


def test_a_vendor_variable_may_carry_the_set_point_until_it_is_zero() -> None:
    on = bench("x201-setvariables")
    wanted = {
        "component": {"name": "V2XChargingCtrlr", "evse": {"id": 1}},
        "variable": {"name": "Setpoint"},
        "attributeValue": "-7000",
    }

    on.ask("SetVariables", {"setVariableData": [wanted]})
    assert on.watts() == pytest.approx(-7000)

    wanted["attributeValue"] = "0"
    on.ask("SetVariables", {"setVariableData": [wanted]})
    assert on.watts() > 0


def test_priority_charging_needs_its_profile() -> None:
    on = bench()
    on.set_profile(tx_profile(on.transaction, DISCHARGE))
    use = {"transactionId": on.transaction, "activate": True}
    assert on.ask("UsePriorityCharging", use)["status"] == "NoProfile"

    priority = default_profile(9000.0, id=30)
    priority["chargingProfilePurpose"] = "PriorityCharging"
    on.set_profile(priority)

    assert on.ask("UsePriorityCharging", use)["status"] == "Accepted"
    assert on.watts() == pytest.approx(9000)
    other = {"transactionId": "other", "activate": True}
    assert on.ask("UsePriorityCharging", other)["status"] == "Rejected"
