"""What services want of stations is asked to the letter, and comes back whole."""

from decimal import Decimal

import pytest

from csms.blocks.certificates import StationCertificateWire
from csms.blocks.customers import StationCustomers
from csms.blocks.device_models import StationModels
from csms.blocks.device_reports import DeviceReports
from csms.blocks.local_list import StationLists
from csms.blocks.reservation import StationReservations
from csms.blocks.security import StationSecurity
from csms.blocks.tariff_and_cost import StationTariffs
from csms.domain.certificate import CertificateHash, Digest, Installed, RootUse
from csms.domain.customer import Customer, ReferenceKind
from csms.domain.local_list import ListEntry, ListUpdate
from csms.domain.reservation import Reservation, ReservationState
from csms.domain.signing import CertificateUse
from csms.domain.station import VariableKey
from csms.domain.tariff import Prices
from csms.domain.token import IdToken, Judgement, Verdict
from csms.services.ports.certificates import InstalledReport
from csms.services.ports.device_model import VariableQuestion
from csms.services.ports.tariffs import InstalledTariff
from csms.services.ports.wire import Reply, VariableSetting
from tests.asking import (
    DONE,
    HOUR,
    INFO,
    LATER,
    NO,
    NOW,
    REFUSED,
    STATION,
    TX,
    YES,
    ZULU,
    Asked,
    Json,
)
from tests.fakes.link import FakeLink

DRIVER, FAMILY = IdToken("driver-1", "ISO14443"), IdToken("family", "Central")
SAID = {"idToken": "driver-1", "type": "ISO14443"}
HASH = CertificateHash(Digest.SHA256, "ab" * 32, "cd" * 32, "1f")
HASHED = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab" * 32,
    "issuerKeyHash": "cd" * 32,
    "serialNumber": "1f",
}
CHILD = CertificateHash(Digest.SHA384, "12" * 48, "34" * 48, "2f")
CHILD_HASHED = {
    "hashAlgorithm": "SHA384",
    "issuerNameHash": "12" * 48,
    "issuerKeyHash": "34" * 48,
    "serialNumber": "2f",
}
TARIFFS = StationTariffs(lambda _: None)
TARIFF: Json = {
    "tariffId": "night",
    "currency": "USD",
    "energy": {
        "prices": [{"priceKwh": 0.2}],
        "taxRates": [
            {"type": "state", "tax": 10},
            {"type": "town", "tax": 5, "stack": 1},
        ],
    },
    "chargingTime": {"prices": [{"priceMinute": 0.01}]},
    "idleTime": {"prices": [{"priceMinute": 0.05}]},
    "fixedFee": {"prices": [{"priceFixed": 1.0}]},
    "minCost": {"inclTax": 2.5},
    "maxCost": {"exclTax": 40.0, "taxRates": [{"type": "state", "tax": 10}]},
}
RESERVATION = Reservation(
    id=7,
    station=STATION,
    token=DRIVER,
    expires_at=NOW + HOUR,
    evse=2,
    connector_type="cCCS1",
    group=FAMILY,
    state=ReservationState.ASKED,
    asked_at=NOW,
    changed_at=NOW,
    answer="",
    detail="",
)


def certificates() -> list[Asked]:
    wire = StationCertificateWire
    chain = {
        "certificateType": "V2GCertificateChain",
        "certificateHashData": HASHED,
        "childCertificateHashData": [CHILD_HASHED],
    }
    return [
        Asked(
            lambda find: wire(find).installed(STATION, ["V2GRootCertificate"]),
            "GetInstalledCertificateIds",
            {"certificateType": ["V2GRootCertificate"]},
            {**YES, "certificateHashDataChain": [chain]},
            InstalledReport(
                found=True,
                certificates=(Installed("V2GCertificateChain", HASH, (CHILD,)),),
            ),
        ),
        Asked(
            lambda find: wire(find).installed(STATION),
            "GetInstalledCertificateIds",
            {},
            {"status": "NotFound"},
            InstalledReport(found=False, certificates=()),
        ),
        Asked(
            lambda find: wire(find).install(STATION, RootUse.MO, "PEM"),
            "InstallCertificate",
            {"certificateType": "MORootCertificate", "certificate": "PEM"},
            NO,
            REFUSED,
        ),
        Asked(
            lambda find: wire(find).delete(STATION, HASH),
            "DeleteCertificate",
            {"certificateHashData": HASHED},
            YES,
            DONE,
        ),
    ]


def security() -> list[Asked]:
    wire = StationSecurity
    way = {
        "ocppCsmsUrl": "wss://x.example.org",
        "ocppInterface": "Wired1",
        "ocppTransport": "JSON",
        "ocppVersion": "OCPP21",
        "messageTimeout": 30,
        "securityProfile": 3,
    }
    return [
        Asked(
            lambda find: wire(find).give_certificate(
                STATION, "PEM", CertificateUse.V2G, 5
            ),
            "CertificateSigned",
            {
                "certificateChain": "PEM",
                "certificateType": "V2GCertificate",
                "requestId": 5,
            },
            NO,
            REFUSED,
        ),
        Asked(
            lambda find: wire(find).give_certificate(STATION, "PEM", None, None),
            "CertificateSigned",
            {"certificateChain": "PEM"},
            YES,
            DONE,
        ),
        Asked(
            lambda find: StationModels(find, DeviceReports()).set_network_profile(
                STATION, 2, way
            ),
            "SetNetworkProfile",
            {
                "configurationSlot": 2,
                "connectionData": {
                    "ocppInterface": "Wired1",
                    "ocppTransport": "JSON",
                    "messageTimeout": 30,
                    "ocppCsmsUrl": "wss://x.example.org",
                    "securityProfile": 3,
                    "ocppVersion": "OCPP21",
                },
            },
            YES,
            DONE,
        ),
        Asked(
            lambda find: StationModels(find, DeviceReports()).reset(
                STATION, "OnIdle", 2
            ),
            "Reset",
            {"type": "OnIdle", "evseId": 2},
            {"status": "Scheduled"},
            Reply(accepted=True, status="Scheduled"),
        ),
    ]


def people() -> list[Asked]:
    known = Judgement(Verdict.ACCEPTED, group=FAMILY)
    entry = {
        "idToken": SAID,
        "idTokenInfo": {
            "status": "Accepted",
            "groupIdToken": {"idToken": "family", "type": "Central"},
        },
    }
    gone = {"idToken": {"idToken": "family", "type": "Central"}}
    token = {"id_token": "driver-1", "type": "ISO14443"}
    hashed = {
        "hash_algorithm": "SHA256",
        "issuer_name_hash": HASH.issuer_name,
        "issuer_key_hash": HASH.issuer_key,
        "serial_number": HASH.serial,
    }
    kinds = (
        (ReferenceKind.ID_TOKEN, token, {"idToken": SAID}),
        (ReferenceKind.CERTIFICATE, hashed, {"customerCertificate": HASHED}),
        (
            ReferenceKind.IDENTIFIER,
            {"customer_identifier": "C-1"},
            {"customerIdentifier": "C-1"},
        ),
    )
    return [
        Asked(
            lambda find: StationLists(find).send(
                STATION,
                5,
                ListUpdate(
                    full=False, entries=(ListEntry(DRIVER, known),), gone=(FAMILY,)
                ),
            ),
            "SendLocalList",
            {
                "versionNumber": 5,
                "updateType": "Differential",
                "localAuthorizationList": [gone, entry],
            },
            {"status": "VersionMismatch", "statusInfo": INFO},
            Reply(accepted=False, status="VersionMismatch", info="Busy: later"),
        ),
        Asked(
            lambda find: StationLists(find).send(STATION, 6, ListUpdate(full=True)),
            "SendLocalList",
            {"versionNumber": 6, "updateType": "Full"},
            YES,
            DONE,
        ),
        Asked(
            lambda find: StationLists(find).clear_cache(STATION),
            "ClearCache",
            {},
            NO,
            REFUSED,
        ),
        Asked(
            lambda find: StationLists(find).version(STATION),
            "GetLocalListVersion",
            {},
            {"versionNumber": 4},
            4,
        ),
        Asked(
            lambda find: StationReservations(find).reserve(RESERVATION),
            "ReserveNow",
            {
                "id": 7,
                "expiryDateTime": LATER,
                "idToken": SAID,
                "connectorType": "cCCS1",
                "evseId": 2,
                "groupIdToken": {"idToken": "family", "type": "Central"},
            },
            {"status": "Occupied", "statusInfo": INFO},
            Reply(accepted=False, status="Occupied", info="Busy: later"),
        ),
        Asked(
            lambda find: StationReservations(find).cancel(STATION, 7),
            "CancelReservation",
            {"reservationId": 7},
            YES,
            DONE,
        ),
        *(
            Asked(
                lambda find, kind=kind, reference=reference: StationCustomers(find).ask(  # type: ignore[misc]
                    9, STATION, Customer(kind, reference), report=True, clear=False
                ),
                "CustomerInformation",
                {"requestId": 9, "report": True, "clear": False, **said},
                YES,
                DONE,
            )
            for kind, reference, said in kinds
        ),
    ]


def money() -> list[Asked]:
    wire = StationTariffs
    result = [{"tariffId": "night", "status": "Accepted"}, {"status": "NoTariff"}]
    assignment = {
        "tariffId": "night", "tariffKind": "DriverTariff", "validFrom": ZULU,
        "evseIds": [1], "idTokens": ["driver-1"],
    }  # fmt: skip
    return [
        Asked(
            lambda find: wire(find).set_default(STATION, 1, TARIFF),
            "SetDefaultTariff",
            {"evseId": 1, "tariff": TARIFF},
            NO,
            REFUSED,
        ),
        Asked(
            lambda find: wire(find).installed(STATION),
            "GetTariffs",
            {"evseId": 0},
            {**YES, "tariffAssignments": [assignment]},
            [InstalledTariff("night", "DriverTariff", (1,), ("driver-1",), NOW)],
        ),
        Asked(
            lambda find: wire(find).clear(STATION, 1, ["night"]),
            "ClearTariffs",
            {"evseId": 1, "tariffIds": ["night"]},
            {"clearTariffsResult": result},
            {"night": "Accepted", "": "NoTariff"},
        ),
        Asked(
            lambda find: wire(find).change(STATION, TX, TARIFF),
            "ChangeTransactionTariff",
            {"tariff": TARIFF, "transactionId": "tx-1"},
            YES,
            DONE,
        ),
        Asked(
            lambda find: wire(find).tell_cost(STATION, TX, 3.5),
            "CostUpdated",
            {"totalCost": 3.5, "transactionId": "tx-1"},
            {},
            None,
        ),
    ]


ALL = [*certificates(), *security(), *people(), *money()]


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: str(asked.action))
async def test_a_wish_is_one_request_and_its_answer_is_understood(asked: Asked) -> None:
    await asked.assert_understood()


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: str(asked.action))
async def test_nobody_there_is_no_answer(asked: Asked) -> None:
    await asked.assert_nobody_there()


async def test_each_value_of_a_variable_is_one_of_its_own() -> None:
    """B06.FR.04: Actual is what is meant where nothing is said."""
    key = VariableKey("SmartChargingCtrlr", "Enabled", "2")
    both = [VariableQuestion(key), VariableQuestion(key, "Target")]
    link = FakeLink({"GetVariables": lambda asked: {
        "getVariableResult": [
            {**each, "attributeStatus": "Accepted", "attributeValue": str(number)}
            for number, each in enumerate(asked["getVariableData"])
        ]}})  # fmt: skip
    models = StationModels(lambda _: link, DeviceReports())

    results = await models.read(STATION, both)
    settings = [VariableSetting(key, "1", "MaxSet"), VariableSetting(key, "2")]
    link.answers["SetVariables"] = lambda asked: {
        "setVariableResult": [
            {name: said for name, said in each.items() if name != "attributeValue"}
            | {
                "attributeStatus": "Rejected",
                "attributeStatusInfo": {"reasonCode": "OutOfRange"},
            }
            for each in asked["setVariableData"]
        ]
    }
    written = await models.set_variables(STATION, settings)

    assert [(each.attribute, each.value) for each in results] == [
        ("Actual", "0"),
        ("Target", "1"),
    ]
    variable = {"variable": {"name": "Enabled"}}
    component = {"component": {"name": "SmartChargingCtrlr", "instance": "2"}}
    assert link.asked[0][1]["getVariableData"] == [
        {**component, **variable},
        {**component, **variable, "attributeType": "Target"},
    ]
    assert link.asked[1][1]["setVariableData"] == [
        {**component, **variable, "attributeValue": "1", "attributeType": "MaxSet"},
        {**component, **variable, "attributeValue": "2"},
    ]
    assert [(each.attribute, each.info) for each in written] == [
        ("MaxSet", "OutOfRange"),
        ("Actual", "OutOfRange"),
    ]


class TestPrices:
    """I02: what this system reckons with where the station does not."""

    def test_prices_are_read_with_their_taxes(self) -> None:
        """Taxes of a higher stack come upon those of a lower one."""
        assert TARIFFS.prices(TARIFF) == Prices(
            "USD",
            per_kwh=Decimal("0.2310"),
            per_charging_minute=Decimal("0.01"),
            per_idle_minute=Decimal("0.05"),
            fixed=Decimal("1.0"),
            least=Decimal("2.5"),
            most=Decimal("44.00"),
        )

    def test_what_is_not_priced_is_free(self) -> None:
        only: Json = {"tariffId": "x", "currency": "USD", "minCost": {}}

        assert TARIFFS.prices(only) == Prices("USD")
        assert TARIFFS.prices({**only, "fixedFee": TARIFF["fixedFee"]}) == Prices(
            "USD", fixed=Decimal("1.0")
        )

    @pytest.mark.parametrize(
        "prices",
        [
            [{"priceKwh": 0.2, "conditions": {"startTimeOfDay": "10:00"}}],
            [{"priceKwh": 0.2}, {"priceKwh": 0.3}],
        ],
        ids=["condition", "two"],
    )
    def test_what_only_a_station_can_reckon_has_no_price(
        self, prices: list[Json]
    ) -> None:
        assert TARIFFS.prices({**TARIFF, "energy": {"prices": prices}}) is None

    def test_a_tariff_that_is_none_is_told_why(self) -> None:
        assert TARIFFS.check(TARIFF) == ()
        assert [each.path for each in TARIFFS.check({"tariffId": "x"})] == ["currency"]
