"""How a simulated station chooses its way, and what it proves itself by."""

import base64

import pytest
from cryptography import x509

from simulators.commands import answer
from simulators.safeguards import (
    ATTEMPTS,
    ROOT,
    came_in,
    context_of,
    headers_of,
    way_of,
)
from simulators.station import Station
from tests.security_world import Outsider, self_signed
from tests.unit.simulators.bench import Bench, a_system

URL = "ws://csms.example.org/ocpp"


@pytest.fixture
def bench() -> Bench:
    return Bench(a_system("x21-scheduled")).connect()


def put(station: Station, slot: int, profile: int) -> None:
    data = {
        "ocppInterface": "Wired0",
        "ocppTransport": "JSON",
        "messageTimeout": 30,
        "ocppCsmsUrl": f"wss://csms.example.org:900{slot}/ocpp",
        "securityProfile": profile,
    }
    asked = {"configurationSlot": slot, "connectionData": data}
    assert answer(station, "SetNetworkProfile", asked) == {"status": "Accepted"}


def order(station: Station, slots: str) -> None:
    name = {"name": "NetworkConfigurationPriority"}
    asked = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": name,
        "attributeValue": slots,
    }
    said = answer(station, "SetVariables", {"setVariableData": [asked]})
    assert said["setVariableResult"][0]["attributeStatus"] == "Accepted"


def test_it_tries_its_ways_in_their_order_and_falls_back(bench: Bench) -> None:
    station = bench.station
    assert (way_of(station, URL, 0).slot, way_of(station, URL, 99).slot) == (0, 0)

    put(station, 1, 2)
    order(station, "1,0")

    tried = [way_of(station, URL, failures).slot for failures in range(3 * ATTEMPTS)]
    assert tried == [1] * ATTEMPTS + [0] * ATTEMPTS + [1] * ATTEMPTS
    assert way_of(station, URL, 0).url == "wss://csms.example.org:9001/ocpp"


def test_a_password_is_not_shown_where_a_certificate_is_due(bench: Bench) -> None:
    station = bench.station
    shown = headers_of(station, way_of(station, URL, 0))["Authorization"]
    assert base64.b64decode(shown[6:]).decode().startswith(f"{station.id}:")

    put(station, 1, 3)
    order(station, "1")
    assert headers_of(station, way_of(station, URL, 0)) == {}


def test_it_believes_the_roots_that_it_was_given_and_no_others(bench: Bench) -> None:
    station = bench.station
    put(station, 1, 2)
    order(station, "1,0")
    plain, secured = way_of(station, URL, ATTEMPTS), way_of(station, URL, 0)
    assert context_of(station, plain) is None

    alone = context_of(station, secured)
    assert alone is not None
    assert alone.get_ca_certs() == []

    asked = {"certificateType": ROOT, "certificate": Outsider.made().root_text}
    assert answer(station, "InstallCertificate", asked) == {"status": "Accepted"}
    given = context_of(station, secured)
    assert given is not None
    assert len(given.get_ca_certs()) == 1


def test_it_shows_how_it_came_in_and_never_goes_back(bench: Bench) -> None:
    station = bench.station
    put(station, 1, 2)
    order(station, "1,0")
    came_in(station, way_of(station, URL, 0))
    assert station.model.text("OCPPCommCtrlr", "ActiveNetworkProfile") == "1"
    assert station.model.text("SecurityCtrlr", "SecurityProfile") == "2"

    came_in(station, way_of(station, URL, ATTEMPTS))
    assert station.model.text("OCPPCommCtrlr", "ActiveNetworkProfile") == "0"
    assert station.model.text("SecurityCtrlr", "SecurityProfile") == "2"


def test_it_asks_for_a_certificate_and_wears_only_its_own(bench: Bench) -> None:
    station = bench.station
    trigger = {"requestedMessage": "SignChargingStationCertificate"}
    assert answer(station, "TriggerMessage", trigger) == {"status": "Accepted"}
    bench.serve()
    name, asked = bench.sent[-1]
    assert name == "SignCertificate"
    request = x509.load_pem_x509_csr(asked["csr"].encode())
    assert f"CN={station.id}" in request.subject.rfc4514_string()

    stranger = self_signed(station.id).split("-----BEGIN PRIVATE")[0]
    given = {"certificateChain": stranger}
    assert answer(station, "CertificateSigned", given) == {"status": "Rejected"}
    assert station.cabinet.worn == ""
