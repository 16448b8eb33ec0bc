"""Block M: what stations ask about certificates, and what they are answered."""

from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.x509 import ocsp

from csms.blocks.certificates import CertificateAnswers, CertificateGuard
from csms.blocks.routing import Router
from csms.domain.certificate import CertificateHash, Digest, RootUse
from csms.domain.ids import SiteId, StationId
from csms.domain.station import Standing, Station, StationNotice
from csms.ocpp.codes import CallRefused
from csms.ocpp.wire import Edition
from csms.pki.fetching import Unfetched
from csms.pki.revocation import RevocationPolicy, Revocations, Trusted
from csms.services.ports.certificates import ContractRequest, NoContracts
from csms.services.ports.wire import DeviationSeen
from csms.services.stations import StationBook
from csms.services.vehicle_certificates import (
    KEPT,
    CertificateStatuses,
    VehicleContracts,
)
from tests.authorities import (
    NOW,
    REVOKED,
    UNKNOWN,
    Party,
    Saying,
    Wish,
    issue,
    key_of,
    leaf,
    ocsp_answer,
    revocation_list,
)
from tests.certificate_world import hash_data
from tests.fakes.clock import ManualClock
from tests.proving import proves

STATION = StationId("MA-TEST-01")
ROOT = issue("V2G Root")
SUB = issue("CPO Sub 1", ROOT)
SECC = leaf("SECC", SUB)
FORGER = issue("CPO Sub 1", wish=Wish(key=key_of("forger")))
URL = "http://ocsp.example/v2g"
Json = dict[str, Any]


@dataclass
class Notebook:
    notices: list[StationNotice] = field(default_factory=list)
    seen: list[DeviationSeen] = field(default_factory=list)

    def note(self, notice: StationNotice) -> None:
        self.notices.append(notice)

    def heard(self, station: StationId) -> None:
        del station

    def count(
        self, station: StationId, seen: Sequence[DeviationSeen], at: datetime
    ) -> None:
        del station, at
        self.seen += seen


class Welcome:
    def standing(self, station: StationId) -> Standing:
        del station
        return Standing.ACCEPTED


@dataclass
class Web:
    """Whoever fetches documents: each address as a test says."""

    documents: dict[str, bytes | Exception] = field(default_factory=dict)
    asked: list[tuple[str, bytes | None]] = field(default_factory=list)

    async def fetch(
        self, url: str, *, body: bytes | None, media: str, most: int
    ) -> bytes:
        del media, most
        self.asked.append((url, body))
        document = self.documents.get(url, Unfetched(f"{url} is not known"))
        if isinstance(document, Exception):
            raise document
        return document


@dataclass
class Pool:
    """Whoever has contracts."""

    answers: Sequence[str] | NoContracts = ("b25l",)
    asked: list[ContractRequest] = field(default_factory=list)

    async def provide(self, request: ContractRequest) -> Sequence[str]:
        self.asked.append(request)
        if isinstance(self.answers, NoContracts):
            raise self.answers
        return self.answers


@dataclass
class Bench:
    edition: Edition = Edition.V21
    known: Iterable[Party] = (ROOT, SUB)
    strict: bool = True
    pool: Pool | None = None
    web: Web = field(default_factory=Web)
    notebook: Notebook = field(default_factory=Notebook)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))

    def __post_init__(self) -> None:
        book = StationBook((), accept_simulated=True)
        book.put_station(
            Station(STATION, SiteId("home-01"), edition=self.edition.value)
        )
        revocations = Revocations(
            self.clock,
            self.web,
            lambda: Trusted([each.pem for each in self.known]),
            RevocationPolicy(),
        )
        answers = CertificateAnswers(
            VehicleContracts(self.clock, book, self.notebook, self.pool),
            CertificateStatuses(
                self.clock, book, revocations, self.notebook, self.strict
            ),
        )
        self.router = Router(
            [answers], stations=Welcome(), journal=self.notebook, clock=self.clock
        )

    async def ask(self, action: str, payload: Json) -> Json:
        return await self.router.answer(STATION, self.edition, action, payload)


def ocsp_data(party: Party, url: str = URL, digest: Digest = Digest.SHA256) -> Json:
    return {"ocspRequestData": hash_data(party, digest) | {"responderURL": url}}


class TestOneStatus:
    """M06."""

    @proves(
        "M06.FR.01",
        "M06.FR.02",
        "M06.FR.03",
        "M06.FR.08",
        "M06.FR.09",
        "TC_M_24_CSMS",
    )
    @pytest.mark.parametrize("edition", list(Edition))
    @pytest.mark.parametrize("digest", list(Digest))
    async def test_the_answer_of_the_responder_is_handed_on_as_it_is(
        self, edition: Edition, digest: Digest
    ) -> None:
        bench = Bench(edition)
        said = bench.web.documents[URL] = ocsp_answer(SECC)

        answer = await bench.ask("GetCertificateStatus", ocsp_data(SECC, digest=digest))

        assert answer["status"] == "Accepted"
        document = b64decode(answer["ocspResult"], validate=True)
        assert document == said
        read = ocsp.load_der_ocsp_response(document)
        assert read.serial_number == SECC.serial
        [(url, asked)] = bench.web.asked
        request = ocsp.load_der_ocsp_request(asked or b"")
        assert (url, request.serial_number) == (URL, SECC.serial)
        assert (
            request.issuer_name_hash.hex() == hash_data(SECC, digest)["issuerNameHash"]
        )

    @pytest.mark.parametrize("status", [REVOKED, UNKNOWN])
    async def test_accepted_means_an_answer_not_a_good_one(
        self, status: ocsp.OCSPCertStatus
    ) -> None:
        bench = Bench()
        bench.web.documents[URL] = ocsp_answer(SECC, Saying(status))

        answer = await bench.ask("GetCertificateStatus", ocsp_data(SECC))

        assert answer["status"] == "Accepted"

    async def test_an_answer_of_an_issuer_that_nobody_knows_is_handed_on(self) -> None:
        """The vehicle checks the signature by its own roots."""
        bench = Bench(known=())
        bench.web.documents[URL] = ocsp_answer(SECC)

        answer = await bench.ask("GetCertificateStatus", ocsp_data(SECC))

        assert answer["status"] == "Accepted"

    @proves("M06.FR.04")
    @pytest.mark.parametrize(
        "document",
        [
            b"garbage",
            b"",
            Unfetched("HTTP 500"),
            ocsp_answer(leaf("Another", SUB)),
            ocsp_answer(SECC, Saying(signer=FORGER)),
            ocsp_answer(
                SECC,
                Saying(since=NOW - timedelta(days=9), until=NOW - timedelta(days=1)),
            ),
        ],
        ids=["garbage", "nothing", "error", "another", "forged", "expired"],
    )
    async def test_without_a_credible_answer_it_failed(
        self, document: bytes | Exception
    ) -> None:
        bench = Bench()
        bench.web.documents[URL] = document

        answer = await bench.ask("GetCertificateStatus", ocsp_data(SECC))

        assert answer["status"] == "Failed"
        assert "ocspResult" not in answer
        assert answer["statusInfo"]["reasonCode"] == "NoOCSPAnswer"
        assert answer["statusInfo"]["additionalInfo"]
        [notice] = bench.notebook.notices
        assert notice.kind == "GetCertificateStatus"
        assert notice.body["status"] == "Failed"

    async def test_hashes_of_the_wrong_algorithm_are_not_asked_about(self) -> None:
        bench = Bench()
        asked = ocsp_data(SECC)
        asked["ocspRequestData"]["hashAlgorithm"] = "SHA512"

        answer = await bench.ask("GetCertificateStatus", asked)

        assert answer["status"] == "Failed"
        assert bench.web.asked == []

    async def test_an_answer_that_the_edition_cannot_carry_failed(self) -> None:
        long = [issue(f"Crowd {each}", ROOT) for each in range(14)]
        said = ocsp_answer(SECC, Saying(carries=long))
        new, old = Bench(Edition.V21), Bench(Edition.V201)
        new.web.documents[URL] = old.web.documents[URL] = said
        assert len(said) * 4 / 3 > 5500

        assert (await new.ask("GetCertificateStatus", ocsp_data(SECC)))[
            "status"
        ] == "Accepted"
        assert (await old.ask("GetCertificateStatus", ocsp_data(SECC)))[
            "status"
        ] == "Failed"


def question(party: Party, source: str, *urls: str) -> Json:
    return {
        "certificateHashData": hash_data(party),
        "source": source,
        "urls": list(urls or (URL,)),
    }


class TestChainStatus:
    """M07."""

    @proves("M07.FR.01", "M07.FR.03", "M07.FR.04", "M07.FR.07", "M07.FR.08")
    async def test_every_certificate_has_its_answer_in_its_place(self) -> None:
        bench = Bench()
        bench.web.documents = {
            URL: ocsp_answer(SECC, Saying(REVOKED)),
            "http://crl.example/root": revocation_list(ROOT),
            "http://ocsp.example/unknown": ocsp_answer(
                leaf("Lost", SUB, serial=0xF00), Saying(UNKNOWN)
            ),
        }
        lost = leaf("Lost", SUB, serial=0xF00)

        answer = await bench.ask(
            "GetCertificateChainStatus",
            {
                "certificateStatusRequests": [
                    question(SECC, "OCSP"),
                    question(SUB, "CRL", "http://crl.example/root"),
                    question(lost, "OCSP", "http://ocsp.example/unknown"),
                ]
            },
        )

        until = (NOW + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert answer == {
            "certificateStatus": [
                {
                    "certificateHashData": hash_data(party),
                    "source": source,
                    "status": status,
                    "nextUpdate": until,
                }
                for party, source, status in (
                    (SECC, "OCSP", "Revoked"),
                    (SUB, "CRL", "Good"),
                    (lost, "OCSP", "Unknown"),
                )
            ]
        }

    @proves("M07.FR.06")
    async def test_what_is_on_the_list_is_revoked(self) -> None:
        bench = Bench()
        bench.web.documents[URL] = revocation_list(SUB, SECC.serial)

        assert await self.status(bench, question(SECC, "CRL")) == "Revoked"

    @proves("M07.FR.02")
    @pytest.mark.parametrize(
        "document",
        [
            Unfetched("HTTP 500"),
            b"garbage",
            ocsp_answer(SECC, Saying(signer=FORGER)),
            revocation_list(SUB),
        ],
        ids=["error", "garbage", "forged", "a list"],
    )
    async def test_a_question_that_nobody_answers_failed(
        self, document: bytes | Exception
    ) -> None:
        bench = Bench()
        bench.web.documents[URL] = document

        assert await self.status(bench, question(SECC, "OCSP")) == "Failed"
        assert bench.notebook.notices[0].kind == "GetCertificateChainStatus"

    @proves("M07.FR.05")
    @pytest.mark.parametrize(
        "document",
        [Unfetched("HTTP 404"), b"garbage", revocation_list(SUB, signer=FORGER)],
        ids=["error", "garbage", "forged"],
    )
    async def test_a_list_that_does_not_come_failed(
        self, document: bytes | Exception
    ) -> None:
        bench = Bench()
        bench.web.documents[URL] = document

        assert await self.status(bench, question(SECC, "CRL")) == "Failed"

    async def test_one_failure_leaves_the_others_alone(self) -> None:
        bench = Bench()
        bench.web.documents[URL] = ocsp_answer(SECC)

        answer = await bench.ask(
            "GetCertificateChainStatus",
            {
                "certificateStatusRequests": [
                    question(SUB, "CRL", "http://nowhere.example"),
                    question(SECC, "OCSP"),
                ]
            },
        )

        said = [each["status"] for each in answer["certificateStatus"]]
        assert said == ["Failed", "Good"]

    async def test_the_next_address_counts_where_one_fails(self) -> None:
        bench = Bench()
        bench.web.documents[URL] = ocsp_answer(SECC)

        asked = question(SECC, "OCSP", "ftp://x.example", "http://dead.example", URL)

        assert await self.status(bench, asked) == "Good"

    @pytest.mark.parametrize(
        ("strict", "expected"), [(True, "Failed"), (False, "Good")]
    )
    async def test_an_unknown_issuer_counts_only_where_that_was_chosen(
        self, expected: str, *, strict: bool
    ) -> None:
        bench = Bench(known=(), strict=strict)
        bench.web.documents[URL] = ocsp_answer(SECC)

        assert await self.status(bench, question(SECC, "OCSP")) == expected

    async def test_the_same_is_asked_once(self) -> None:
        bench = Bench()
        bench.web.documents[URL] = ocsp_answer(SECC)
        for _ in "123":
            await self.status(bench, question(SECC, "OCSP"))

        assert len(bench.web.asked) == 1

    async def test_an_old_edition_does_not_know_it(self) -> None:
        with pytest.raises(CallRefused) as refused:
            await Bench(Edition.V201).ask("GetCertificateChainStatus", {})

        assert refused.value.code.value == "NotSupported"

    async def status(self, bench: Bench, asked: Json) -> str:
        payload = {"certificateStatusRequests": [asked]}
        answer = await bench.ask("GetCertificateChainStatus", payload)
        [said] = answer["certificateStatus"]
        assert said["certificateHashData"] == asked["certificateHashData"]
        return str(said["status"])


def wish(action: str = "Install", **more: object) -> Json:
    return {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
        "action": action,
        "exiRequest": "ZXhp",
        **more,
    }


class TestContracts:
    """M01 and M02: there is no pool of ours."""

    @proves("TC_M_26_CSMS")
    @pytest.mark.parametrize("edition", list(Edition))
    async def test_the_answer_of_the_pool_is_handed_on(self, edition: Edition) -> None:
        raw = "cmF3IENlcnRpZmljYXRlSW5zdGFsbGF0aW9uUmVz"
        pool = Pool((raw,))

        answer = await Bench(edition, pool=pool).ask("Get15118EVCertificate", wish())

        assert answer == {"status": "Accepted", "exiResponse": raw}
        assert pool.asked == [
            ContractRequest("urn:iso:15118:2:2013:MsgDef", "Install", "ZXhp")
        ]

    @proves("TC_M_28_CSMS")
    async def test_an_update_goes_the_same_way(self) -> None:
        pool = Pool()

        answer = await Bench(pool=pool).ask("Get15118EVCertificate", wish("Update"))

        assert answer == {"status": "Accepted", "exiResponse": "b25l"}
        assert pool.asked[0].action == "Update"

    @proves("M01.FR.04", "M01.FR.07")
    async def test_several_contracts_are_given_one_after_the_other(self) -> None:
        pool = Pool(("b25l", "dHdv", "dGhyZWU="))
        bench = Bench(pool=pool)
        asked = wish(
            maximumContractCertificateChains=3, prioritizedEMAIDs=["DE-8AA-1A2B3C4D5"]
        )

        said = [await bench.ask("Get15118EVCertificate", asked) for _ in "123"]

        assert [(each["exiResponse"], each["remainingContracts"]) for each in said] == [
            ("b25l", 2),
            ("dHdv", 1),
            ("dGhyZWU=", 0),
        ]
        assert len(pool.asked) == 1
        assert pool.asked[0].prioritized == ("DE-8AA-1A2B3C4D5",)

    async def test_a_vehicle_gets_no_more_than_it_takes(self) -> None:
        bench = Bench(pool=Pool(("b25l", "dHdv")))

        answer = await bench.ask(
            "Get15118EVCertificate", wish(maximumContractCertificateChains=1)
        )

        assert answer["remainingContracts"] == 0

    async def test_what_was_not_fetched_is_forgotten(self) -> None:
        pool = Pool(("b25l", "dHdv"))
        bench = Bench(pool=pool)
        asked = wish(maximumContractCertificateChains=2)
        await bench.ask("Get15118EVCertificate", asked)
        bench.clock.jump_to(NOW + KEPT + timedelta(seconds=1))

        answer = await bench.ask("Get15118EVCertificate", asked)

        assert answer["exiResponse"] == "b25l"
        assert len(pool.asked) == 2

    @pytest.mark.parametrize(
        ("pool", "reason"),
        [
            (None, "NoContractPool"),
            (Pool(NoContracts("PoolSilent", "no answer in 4.0 s")), "PoolSilent"),
            (Pool(()), "NoContract"),
            (Pool(("A" * 17_004,)), "TooLong"),
        ],
    )
    async def test_without_a_contract_it_failed_and_that_is_recorded(
        self, pool: Pool | None, reason: str
    ) -> None:
        bench = Bench(pool=pool)

        answer = await bench.ask("Get15118EVCertificate", wish())

        assert (answer["status"], answer["exiResponse"]) == ("Failed", "")
        assert answer["statusInfo"]["reasonCode"] == reason
        [notice] = bench.notebook.notices
        assert notice.kind == "Get15118EVCertificate"
        assert notice.body["status"] == "Failed"
        assert "exiRequest" not in notice.body

    async def test_what_an_old_edition_cannot_carry_failed(self) -> None:
        pool = Pool(("A" * 5604,))

        new = await Bench(Edition.V21, pool=pool).ask("Get15118EVCertificate", wish())
        old = await Bench(Edition.V201, pool=pool).ask("Get15118EVCertificate", wish())

        assert (new["status"], old["status"]) == ("Accepted", "Failed")

    async def test_an_old_edition_is_not_told_what_it_does_not_know(self) -> None:
        bench = Bench(Edition.V201, pool=Pool(("b25l", "dHdv")))

        answer = await bench.ask(
            "Get15118EVCertificate", wish(maximumContractCertificateChains=2)
        )

        assert "remainingContracts" not in answer


@dataclass
class Checks:
    asked: list[object] = field(default_factory=list)

    async def check_raw_install(
        self, station: StationId, use: RootUse, pem: str
    ) -> None:
        self.asked.append((station, use, pem))

    async def check_raw_delete(
        self, station: StationId, named: CertificateHash
    ) -> None:
        self.asked.append((station, named))


async def test_raw_commands_are_held_against_the_same_rules() -> None:
    checks = Checks()
    guard = CertificateGuard(checks)

    await guard.permit(
        STATION,
        "InstallCertificate",
        {"certificateType": "MORootCertificate", "certificate": "pem"},
    )
    await guard.permit(
        STATION, "DeleteCertificate", {"certificateHashData": hash_data(SECC)}
    )
    await guard.permit(STATION, "Reset", {"type": "Immediate"})

    installed, deleted = checks.asked
    assert installed == (STATION, RootUse.MO, "pem")
    assert isinstance(deleted, tuple)
    assert deleted[1].serial == f"{SECC.serial:x}"
