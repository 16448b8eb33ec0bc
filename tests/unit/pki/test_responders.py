"""Responders, lists and a pool of contracts, over real sockets on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from cryptography.x509 import ocsp

from csms.domain.certificate import Digest
from csms.pki.chains import hash_of
from csms.pki.fetching import Fetcher, Unfetched
from csms.pki.pool import ContractPool
from csms.pki.revocation import RevocationPolicy, Revocations, Trusted
from csms.services.ports.certificates import (
    ContractRequest,
    NoContracts,
    NoStatus,
    Source,
)
from csms.services.ports.pki import Revocation
from tests.authorities import (
    NOW,
    REVOKED,
    UNKNOWN,
    Saying,
    Wish,
    issue,
    key_of,
    leaf,
    ocsp_answer,
    revocation_list,
)
from tests.certificate_world import Oracle, an_oracle
from tests.fakes.clock import ManualClock

pytestmark = pytest.mark.sockets
ROOT = issue("V2G Root")
SECC = leaf("SECC", ROOT)
HASH = hash_of(SECC.certificate, ROOT.certificate, Digest.SHA256)
FORGER = issue("V2G Root", wish=Wish(key=key_of("forger")))
OLD = Saying(since=NOW - timedelta(days=9), until=NOW - timedelta(days=1))
WISH = ContractRequest("urn:iso:std:iso:15118:-20", "Install", "ZXhp", 2, ("DE1",))


@pytest.fixture
async def oracle() -> AsyncIterator[Oracle]:
    async with an_oracle() as given:
        yield given


def asking() -> Revocations:
    return Revocations(
        ManualClock(NOW),
        Fetcher(private=True),
        lambda: Trusted([ROOT.pem]),
        RevocationPolicy(patience_s=0.5),
    )


async def test_a_responder_is_asked_as_the_standard_says(oracle: Oracle) -> None:
    oracle.replies["ocsp"] = ocsp_answer(SECC)

    answer = await asking().ask(HASH, Source.OCSP, [oracle.url("ocsp")])

    assert (answer.status, answer.verified) == (Revocation.GOOD, True)
    [(_, body)] = oracle.asked
    assert ocsp.load_der_ocsp_request(body).serial_number == SECC.serial


@pytest.mark.parametrize(
    ("source", "reply", "expected"),
    [
        (Source.OCSP, ocsp_answer(SECC, Saying(REVOKED)), Revocation.REVOKED),
        (Source.OCSP, ocsp_answer(SECC, Saying(UNKNOWN)), Revocation.UNKNOWN),
        (Source.CRL, revocation_list(ROOT), Revocation.GOOD),
        (Source.CRL, revocation_list(ROOT, SECC.serial), Revocation.REVOKED),
    ],
)
async def test_what_it_says_counts(
    oracle: Oracle, source: Source, reply: bytes, expected: Revocation
) -> None:
    oracle.replies["it"] = reply

    answer = await asking().ask(HASH, source, [oracle.url("it")])

    assert answer.status is expected


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (ocsp_answer(SECC, OLD), "expired"),
        (ocsp_answer(SECC, Saying(signer=FORGER)), "signature"),
        (b"garbage", "cannot be read"),
        (b"", "cannot be read"),
        (b"x" * 70_000, "more than"),
        (None, "no answer in"),
    ],
    ids=["expired", "forged", "garbage", "nothing", "endless", "silent"],
)
async def test_what_is_not_credible_is_no_answer(
    oracle: Oracle, reply: bytes | None, why: str
) -> None:
    oracle.replies["ocsp"] = reply
    loop = asyncio.get_running_loop()
    began = loop.time()

    with pytest.raises(NoStatus, match=why):
        await asking().ask(HASH, Source.OCSP, [oracle.url("ocsp")])

    assert loop.time() - began < 5.0


async def test_an_error_and_a_closed_port_are_no_answer(oracle: Oracle) -> None:
    oracle.status = 500
    with pytest.raises(NoStatus, match="HTTP 500"):
        await asking().ask(HASH, Source.OCSP, [oracle.url("ocsp")])

    with pytest.raises(NoStatus, match="ConnectError"):
        await asking().ask(HASH, Source.OCSP, ["http://127.0.0.1:1/"])


async def test_a_loopback_address_is_asked_only_where_that_is_allowed(
    oracle: Oracle,
) -> None:
    with pytest.raises(Unfetched, match="not a public address"):
        await Fetcher(private=False).fetch(
            oracle.url("ocsp"), body=b"", media="", most=10
        )

    assert oracle.asked == []


class TestPool:
    """The adapter of ``ContractProvisioning``: what it asks is not looked into."""

    async def test_a_pool_is_asked_in_the_words_of_ocpp(self, oracle: Oracle) -> None:
        oracle.replies["pool"] = json.dumps({"exiResponses": ["b25l", "dHdv"]}).encode()

        answers = await ContractPool(oracle.url("pool"), "secret").provide(WISH)

        assert answers == ["b25l", "dHdv"]
        [(_, body)] = oracle.asked
        assert json.loads(body) == {
            "iso15118SchemaVersion": WISH.schema,
            "action": "Install",
            "exiRequest": "ZXhp",
            "maximumContractCertificateChains": 2,
            "prioritizedEMAIDs": ["DE1"],
        }

    async def test_one_answer_is_enough(self, oracle: Oracle) -> None:
        oracle.replies["pool"] = b'{"exiResponse": "b25l"}'

        assert await ContractPool(oracle.url("pool")).provide(WISH) == ["b25l"]

    @pytest.mark.parametrize(
        ("reply", "status", "reason"),
        [
            (b"{}", 404, "NoContract"),
            (b"{}", 500, "PoolRefused"),
            (b"garbage", 200, "PoolUnreadable"),
            (b"[]", 200, "PoolUnreadable"),
            (b'{"exiResponses": "b25l"}', 200, "PoolUnreadable"),
            (b'{"exiResponses": ["no base64!"]}', 200, "PoolUnreadable"),
            (b'{"exiResponses": [""]}', 200, "PoolUnreadable"),
            (b'{"exiResponses": [1]}', 200, "PoolUnreadable"),
            (b"1" * 1_000_001, 200, "PoolUnreadable"),
            (None, 200, "PoolSilent"),
        ],
    )
    async def test_what_is_no_answer_has_a_reason(
        self, oracle: Oracle, reply: bytes | None, status: int, reason: str
    ) -> None:
        oracle.replies["pool"], oracle.status = reply, status

        with pytest.raises(NoContracts) as none:
            await ContractPool(oracle.url("pool"), patience_s=0.5).provide(WISH)

        assert none.value.reason == reason
        assert len(reason) <= 20, "the station takes 20 characters"

    async def test_nobody_there_has_a_reason(self) -> None:
        with pytest.raises(NoContracts) as none:
            await ContractPool("http://127.0.0.1:1/").provide(WISH)

        assert none.value.reason == "PoolUnreachable"
