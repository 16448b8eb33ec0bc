"""Block C through the router: contracts, tariffs, and who asks for them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from csms.blocks.authorization import Authorization, NobodyChecks, Refused, untold
from csms.blocks.routing import Router
from csms.charging.tokens import TokenPolicy
from csms.domain.certificate import CertificateHash, ContractStatus, Digest
from csms.domain.ids import StationId
from csms.domain.station import Standing
from csms.domain.token import IdToken, Judgement, TokenRecord, Verdict
from csms.ocpp.codes import CallRefused
from csms.ocpp.messages.authorization import AuthorizeRequest
from csms.ocpp.messages.tariffs import Tariff
from csms.ocpp.wire import Edition
from csms.services.ports.pki import ContractProof, HashedCertificate
from csms.services.ports.tokens import Edge
from csms.services.ports.wire import DeviationSeen
from csms.services.ports.work import Work
from csms.services.premises import Premises
from csms.services.stations import StationBook
from csms.services.tariff_telling import Told
from csms.services.tokens import Tokens
from tests.fakes.clock import ManualClock
from tests.proving import proves

STATION = StationId("MA-TEST-01")
NOW = datetime(2026, 7, 14, tzinfo=UTC)
EMAID = {"idToken": "DEAAA123", "type": "eMAID"}
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "aBcD" * 16,
    "issuerKeyHash": "0123" * 16,
    "serialNumber": "00fF",
    "responderURL": "http://ocsp.example.org/",
}
GOOD = ContractStatus.ACCEPTED
TYPES = ("eMAID", "Central", "NoAuthorization")


@dataclass
class Contracts:
    """Finds what a test says, and remembers what it was shown."""

    status: ContractStatus
    shown: list[ContractProof] = field(default_factory=list)

    async def judge(self, station: StationId, proof: ContractProof) -> ContractStatus:
        assert station == STATION
        self.shown.append(proof)
        return self.status


class Journal:
    def heard(self, station: StationId) -> None:
        pass

    def count(
        self, station: StationId, seen: Sequence[DeviationSeen], at: datetime
    ) -> None:
        self.seen = (station, seen, at)


class Everybody:
    def standing(self, station: StationId) -> Standing:
        del station
        return Standing.ACCEPTED


@dataclass
class Shelf:
    """The part of a unit of work that tokens need."""

    records: list[TokenRecord]

    @property
    def tokens(self) -> "Shelf":
        return self

    async def edge(self) -> Edge:
        return Edge(1, len(self.records))

    async def all(self) -> list[TokenRecord]:
        return self.records

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        yield cast("Work", self)


async def ask(
    contracts: Contracts,
    rules: dict[str, Any] | None = None,
    tariff: Tariff | None = None,
    edition: Edition = Edition.V21,
    refused: Refused = untold,
    **proof: Any,  # noqa: ANN401
) -> dict[str, Any]:
    clock = ManualClock(NOW)
    record = TokenRecord(IdToken("deaaa123", "eMAID"), 1, **(rules or {}))
    begin = Shelf([] if rules is None else [record]).begin
    book = StationBook((), accept_simulated=True)
    tokens = Tokens(
        clock, begin, book, Premises(begin), TokenPolicy(accept_unknown=False)
    )
    await tokens.load()

    async def told(*_: object) -> Told:
        return Told(None if tariff is None else tariff.write())

    block = Authorization(tokens, contracts, told, refused=refused)
    router = Router([block], stations=Everybody(), journal=Journal(), clock=clock)
    return await router.answer(
        STATION, edition, "Authorize", {"idToken": EMAID, **proof}
    )


@proves("C07.FR.13", "C07.FR.14")
@pytest.mark.parametrize(
    ("rules", "status", "certificate"),
    [
        ({}, "Accepted", "Accepted"),
        ({"blocked": True}, "Blocked", "ContractCancelled"),
        ({"valid_until": NOW}, "Expired", "ContractCancelled"),
        (None, "Unknown", "ContractCancelled"),
        ({"valid_from": NOW + timedelta(hours=1)}, "NotAtThisTime", "Accepted"),
    ],
)
async def test_a_good_contract_is_cancelled_by_the_standing_of_its_emaid(
    rules: dict[str, Any] | None, status: str, certificate: str
) -> None:
    answer = await ask(Contracts(GOOD), rules, certificate="PEM")

    assert answer == {
        "idTokenInfo": {"status": status},
        "certificateStatus": certificate,
    }


@proves("C07.FR.15", "C07.FR.16", "C07.FR.17")
@pytest.mark.parametrize("edition", list(Edition))
@pytest.mark.parametrize(
    ("found", "status"),
    [
        (ContractStatus.CERTIFICATE_EXPIRED, "Expired"),
        (ContractStatus.CERTIFICATE_REVOKED, "Invalid"),
        (ContractStatus.CERT_CHAIN_ERROR, "Invalid"),
        (ContractStatus.SIGNATURE_ERROR, "Invalid"),
    ],
)
async def test_a_bad_contract_makes_a_good_emaid_worthless(
    found: ContractStatus, status: str, edition: Edition
) -> None:
    answer = await ask(
        Contracts(found),
        {"group": IdToken("g", "Central")},
        edition=edition,
        iso15118CertificateHashData=[HASHES],
    )

    assert answer == {
        "idTokenInfo": {
            "status": status,
            "groupIdToken": {"idToken": "g", "type": "Central"},
        },
        "certificateStatus": found.value,
    }


async def test_what_is_judged_is_what_the_station_said_to_the_letter() -> None:
    contracts = Contracts(GOOD)

    await ask(contracts, {}, certificate=" PEM ", iso15118CertificateHashData=[HASHES])

    assert contracts.shown == [
        ContractProof(
            " PEM ",
            (
                HashedCertificate(
                    CertificateHash(Digest.SHA256, "aBcD" * 16, "0123" * 16, "00fF"),
                    "http://ocsp.example.org/",
                ),
            ),
        )
    ]


@pytest.mark.parametrize("name", ["issuerNameHash", "issuerKeyHash", "serialNumber"])
async def test_a_hash_that_is_too_long_is_not_cut(name: str) -> None:
    contracts = Contracts(GOOD)

    with pytest.raises(CallRefused):
        await ask(
            contracts, {}, iso15118CertificateHashData=[{**HASHES, name: "a" * 129}]
        )
    assert contracts.shown == []


@dataclass
class Offers:
    """Judges everybody alike, and offers them what a test says."""

    verdict: Verdict
    modes: tuple[str, ...] | None

    def judge(self, station: StationId, token: IdToken) -> Judgement:
        assert station == STATION
        return Judgement(self.verdict, message=token.type)

    def transfers(self, station: StationId, token: IdToken) -> tuple[str, ...] | None:
        assert (station, token.type) in ((STATION, each) for each in TYPES)
        return self.modes


@pytest.mark.parametrize(
    ("verdict", "modes", "told"),
    [
        (Verdict.ACCEPTED, ("DC_BPT", "Spark gap", "DC"), ["DC_BPT", "DC"]),
        (Verdict.ACCEPTED, (), None),
        (Verdict.ACCEPTED, None, None),
        (Verdict.BLOCKED, ("DC",), None),
    ],
)
async def test_transfers_are_offered_to_whom_may_charge(
    verdict: Verdict, modes: tuple[str, ...] | None, told: list[str] | None
) -> None:
    """Q01.FR.01: in words that there are."""
    block = Authorization(cast("Tokens", Offers(verdict, modes)), NobodyChecks())

    answer = await block.authorize(STATION, AuthorizeRequest.read({"idToken": EMAID}))

    assert answer.write().get("allowedEnergyTransfer") == told


async def test_who_may_not_charge_is_told_of() -> None:
    refused: list[tuple[StationId, str, Verdict, int | None]] = []
    block = Authorization(
        cast("Tokens", Offers(Verdict.BLOCKED, None)),
        NobodyChecks(),
        refused=lambda station, token, told, evse: refused.append(
            (station, token.value, told.verdict, evse)
        ),
    )

    await block.authorize(STATION, AuthorizeRequest.read({"idToken": EMAID}))

    assert refused == [(STATION, EMAID["idToken"], Verdict.BLOCKED, None)]


@pytest.mark.parametrize(
    ("token", "noted"),
    [
        ({"idToken": "", "type": "NoAuthorization"}, 0),
        ({"idToken": "", "type": "Central"}, 1),
        ({"idToken": "A", "type": "Central"}, 0),
    ],
)
async def test_who_identifies_nobody_is_counted(
    token: dict[str, str], noted: int
) -> None:
    seen: list[DeviationSeen] = []
    block = Authorization(
        cast("Tokens", Offers(Verdict.ACCEPTED, None)),
        NobodyChecks(),
        note=lambda _, each: seen.append(each),
    )
    await block.authorize(STATION, AuthorizeRequest.read({"idToken": token}))

    assert len(seen) == noted


@pytest.mark.parametrize(
    ("request_", "status"),
    [({"certificate": "PEM"}, "CertChainError"), ({}, "NoCertificateAvailable")],
)
async def test_without_roots_no_contract_is_good(
    request_: dict[str, Any], status: str
) -> None:
    """C07.FR.17."""
    said = AuthorizeRequest.read({"idToken": EMAID, **request_})
    proof = ContractProof(said.certificate, ())

    assert (await NobodyChecks().judge(STATION, proof)).value == status


async def test_nobody_is_asked_about_a_contract_that_is_not_shown() -> None:
    contracts = Contracts(ContractStatus.CERT_CHAIN_ERROR)

    assert await ask(contracts, {}) == {"idTokenInfo": {"status": "Accepted"}}
    assert contracts.shown == []


@pytest.mark.parametrize(
    ("edition", "rules", "told"),
    [
        (Edition.V21, {}, True),
        (Edition.V21, {"blocked": True}, False),
        (Edition.V201, {}, False),
    ],
)
async def test_a_tariff_goes_with_an_accepted_token_where_it_can_be_said(
    edition: Edition,
    rules: dict[str, Any],
    told: bool,  # noqa: FBT001
) -> None:
    tariff = Tariff.read({"tariffId": "t", "currency": "USD"})

    answer = await ask(Contracts(GOOD), rules, tariff, edition)

    assert ("tariff" in answer) == told


async def test_what_a_station_was_told_of_a_token_is_noted() -> None:
    noted: list[tuple[StationId, str, str]] = []

    def note(station: StationId, token: IdToken, told: Judgement, _: object) -> None:
        noted.append((station, token.value, told.verdict.value))

    await ask(Contracts(GOOD), {"blocked": True}, refused=note)
    await ask(
        Contracts(ContractStatus.CERT_CHAIN_ERROR), {}, refused=note, certificate="PEM"
    )

    assert noted == [(STATION, "DEAAA123", "Blocked"), (STATION, "DEAAA123", "Invalid")]
