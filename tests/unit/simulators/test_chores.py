from typing import Any

import pytest

from simulators.instants import iso
from tests.authorities import issue
from tests.unit.simulators.bench import START, Bench, a_system

Payload = dict[str, Any]
LATER = START + 2 * 3600


def bench(persona: str = "x21-scheduled") -> Bench:
    return Bench(a_system(persona)).connect()


def said(on: Bench, action: str) -> list[Payload]:
    return [payload for name, payload in on.sent if name == action]


def entry(name: str, *, known: bool = True) -> Payload:
    token: Payload = {"idToken": {"idToken": name, "type": "ISO14443"}}
    return {**token, "idTokenInfo": {"status": "Accepted"}} if known else token


def a_list(version: int, kind: str, *entries: Payload) -> Payload:
    request: Payload = {"versionNumber": version, "updateType": kind}
    return {**request, "localAuthorizationList": list(entries)} if entries else request


def test_a_local_list_is_replaced_and_changed_by_version() -> None:
    on = bench()

    assert on.ask("GetLocalListVersion", {}) == {"versionNumber": 0}
    full = a_list(3, "Full", entry("A"), entry("B"))
    assert on.ask("SendLocalList", full) == {"status": "Accepted"}
    change = a_list(4, "Differential", entry("b", known=False), entry("C"))
    assert on.ask("SendLocalList", change) == {"status": "Accepted"}
    assert on.ask("SendLocalList", change) == {"status": "VersionMismatch"}

    assert sorted(on.station.cabinet.tokens) == ["a", "c"]
    assert on.ask("GetLocalListVersion", {}) == {"versionNumber": 4}


def a_reservation(number: int, ends: float = LATER) -> Payload:
    token = {"idToken": "A", "type": "ISO14443"}
    return {"id": number, "expiryDateTime": iso(ends), "idToken": token, "evseId": 1}


def unplugged() -> Bench:
    on = bench()
    on.station.unplug()
    on.serve()
    on.sent.clear()
    return on


def test_a_reservation_holds_until_it_expires() -> None:
    on = unplugged()

    assert on.ask("ReserveNow", a_reservation(1)) == {"status": "Accepted"}
    assert on.ask("ReserveNow", a_reservation(2)) == {"status": "Occupied"}
    assert said(on, "StatusNotification")[-1]["connectorStatus"] == "Reserved"
    on.wait(3 * 3600)

    assert said(on, "ReservationStatusUpdate") == [
        {"reservationId": 1, "reservationUpdateStatus": "Expired"}
    ]
    assert said(on, "StatusNotification")[-1]["connectorStatus"] == "Available"


def test_a_reservation_that_was_replaced_or_canceled_does_not_expire() -> None:
    on = unplugged()
    on.ask("ReserveNow", a_reservation(1))
    on.ask("ReserveNow", a_reservation(1, LATER + 600))

    assert on.ask("CancelReservation", {"reservationId": 9})["status"] == "Rejected"
    assert on.ask("CancelReservation", {"reservationId": 1})["status"] == "Accepted"
    on.wait(4 * 3600)

    assert said(on, "ReservationStatusUpdate") == []


def test_monitors_are_set_reported_and_cleared() -> None:
    on = bench()
    place = {"component": {"name": "EVSE", "evse": {"id": 1}}}
    power = {**place, "variable": {"name": "Power"}}
    monitor = {"value": 5000, "type": "UpperThreshold", "severity": 4, **power}
    odd = {**monitor, "variable": {"name": "Colour"}}

    answer = on.ask("SetVariableMonitoring", {"setMonitoringData": [monitor, odd]})

    results = answer["setMonitoringResult"]
    assert [each["status"] for each in results] == ["Accepted", "UnknownVariable"]
    assert on.ask("GetMonitoringReport", {"requestId": 4}) == {"status": "Accepted"}
    [report] = said(on, "NotifyMonitoringReport")
    assert report["monitor"][0]["variableMonitoring"][0]["id"] == 1
    cleared = on.ask("ClearVariableMonitoring", {"id": [1, 7]})
    statuses = [each["status"] for each in cleared["clearMonitoringResult"]]
    assert statuses == ["Accepted", "NotFound"]
    empty = on.ask("GetMonitoringReport", {"requestId": 5})
    assert empty == {"status": "EmptyResultSet"}


@pytest.mark.parametrize("persona", ["x21-scheduled", "x201-neg-w"])
def test_firmware_goes_through_its_life_and_is_there_after_the_boot(
    persona: str,
) -> None:
    on = bench(persona)
    firmware = {
        "location": "https://example.org/files/sim-2.0.bin",
        "retrieveDateTime": iso(START),
        "signature": "c2ln",
        "signingCertificate": "cert",
    }

    on.ask("UpdateFirmware", {"requestId": 5, "firmware": firmware})
    on.wait(900)
    on.wait(300)

    statuses = [each["status"] for each in said(on, "FirmwareStatusNotification")]
    assert statuses == [
        "Downloading",
        "Downloaded",
        "SignatureVerified",
        "Installing",
        "InstallRebooting",
        "Installed",
    ]
    boot = said(on, "BootNotification")[-1]
    assert boot["chargingStation"]["firmwareVersion"] == "sim-2.0"
    assert boot["reason"] == "FirmwareUpdate"


def test_certificates_are_named_by_their_hashes() -> None:
    on = bench()
    use = "V2GRootCertificate"
    install = {"certificateType": use, "certificate": issue("A root").pem}

    assert on.ask("GetInstalledCertificateIds", {}) == {"status": "NotFound"}
    assert on.ask("InstallCertificate", install) == {"status": "Accepted"}
    found = on.ask("GetInstalledCertificateIds", {"certificateType": [use]})
    [chain] = found["certificateHashDataChain"]
    data = chain["certificateHashData"]
    assert len(data["issuerKeyHash"]) == len(data["issuerNameHash"]) == 64
    gone = {"certificateHashData": data}
    assert on.ask("DeleteCertificate", gone) == {"status": "Accepted"}
    assert on.ask("DeleteCertificate", gone) == {"status": "NotFound"}
    garbage = {**install, "certificate": "garbage"}
    assert on.ask("InstallCertificate", garbage)["status"] == "Rejected"


def test_der_controls_are_set_reported_and_cleared() -> None:
    on = bench()
    control = {
        "isDefault": True,
        "controlId": "D-1",
        "controlType": "LimitMaxDischarge",
        "limitMaxDischarge": {"priority": 1, "pctMaxDischargePower": 50},
    }

    assert on.ask("SetDERControl", control)["status"] == "Accepted"
    assert on.ask("GetDERControl", {"requestId": 1})["status"] == "Accepted"
    [report] = said(on, "ReportDERControl")
    assert report["limitMaxDischarge"][0]["id"] == "D-1"
    clear = {"isDefault": True, "controlId": "D-1"}
    assert on.ask("ClearDERControl", clear)["status"] == "Accepted"
    assert on.ask("ClearDERControl", clear)["status"] == "NotFound"


def test_tariffs_are_held_by_evse() -> None:
    on = bench()
    tariff = {"tariffId": "T-1", "currency": "USD"}

    assert on.ask("GetTariffs", {"evseId": 0}) == {"status": "NoTariff"}
    on.ask("SetDefaultTariff", {"evseId": 1, "tariff": tariff})
    held = on.ask("GetTariffs", {"evseId": 0})["tariffAssignments"]
    assert held[0]["tariffId"] == "T-1"
    cleared = on.ask("ClearTariffs", {"tariffIds": ["T-1", "T-2"]})
    statuses = [each["status"] for each in cleared["clearTariffsResult"]]
    assert statuses == ["Accepted", "NoTariff"]
    other = {"transactionId": "none", "tariff": tariff}
    assert on.ask("ChangeTransactionTariff", other)["status"] == "TxNotFound"


def test_the_rest_is_answered_as_the_schemas_ask() -> None:
    on = bench()
    network = {
        "configurationSlot": 1,
        "connectionData": {
            "ocppInterface": "Wired0",
            "ocppTransport": "JSON",
            "messageTimeout": 30,
            "ocppCsmsUrl": "wss://example.org/ocpp",
            "securityProfile": 2,
        },
    }
    customer: Payload = {"requestId": 1, "report": True, "clear": False}

    assert on.ask("SetNetworkProfile", network)["status"] == "Accepted"
    assert on.ask("CustomerInformation", customer)["status"] == "Invalid"
    customer["customerIdentifier"] = "C-1"
    assert on.ask("CustomerInformation", customer)["status"] == "Accepted"
    assert len(said(on, "NotifyCustomerInformation")) == 1
    assert on.ask("ClearCache", {})["status"] == "Accepted"
    unlock = {"evseId": 1, "connectorId": 2}
    assert on.ask("UnlockConnector", unlock)["status"] == "UnknownConnector"
    assert (
        on.ask("SetMonitoringBase", {"monitoringBase": "All"})["status"] == "Accepted"
    )
    assert on.ask("SetMonitoringLevel", {"severity": 4})["status"] == "Accepted"
    cost = {"totalCost": 1.5, "transactionId": "T"}
    assert on.ask("CostUpdated", cost) == {}
    signal = {"timestamp": iso(START), "signal": 1}
    assert on.ask("AFRRSignal", signal)["status"] == "Rejected"
    report = {
        "requestId": 3,
        "componentVariable": [{"component": {"name": "ReservationCtrlr"}}],
    }
    assert on.ask("GetReport", report)["status"] == "Accepted"
    names = {
        each["variable"]["name"] for each in said(on, "NotifyReport")[-1]["reportData"]
    }
    assert names == {"Available", "Enabled"}


def test_a_new_password_makes_it_connect_anew() -> None:
    on = bench()
    setting = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
        "attributeValue": "a-new-password-16",
    }

    on.ask("SetVariables", {"setVariableData": [setting]})

    assert on.station.redials
    assert on.station.model.text("SecurityCtrlr", "BasicAuthPassword") == (
        "a-new-password-16"
    )
