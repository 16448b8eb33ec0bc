"""Contract certificates at Authorize (C07): JSON in and out, with real responders."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography.x509 import ocsp

from csms.domain.certificate import Digest, RootUse
from csms.ocpp.wire import Edition
from csms.services.ports.access import Role
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
    responder_of,
    revocation_list,
)
from tests.certificate_world import Oracle, an_oracle, hash_data
from tests.http.nodes import HOME_1, Stage, a_node
from tests.proving import proves

pytestmark = [pytest.mark.postgres, pytest.mark.sockets]
STATION = HOME_1.station
EMAID = "DE8AAC1A2B3C4D5"
Json = dict[str, Any]


@dataclass
class Scene:
    """A node that trusts a root of contracts, and whoever can be asked about them."""

    stage: Stage
    oracle: Oracle
    root: Party
    sub: Party
    contract: Party

    async def authorize(
        self,
        *chain: Party,
        hashes: tuple[Party, ...] = (),
        edition: Edition = Edition.V21,
        pem: str = "",
        token: str = EMAID,
        digest: Digest = Digest.SHA256,
    ) -> Json:
        payload: Json = {"idToken": {"idToken": token, "type": "eMAID"}}
        if chain or pem:
            payload["certificate"] = pem or "".join(each.pem for each in chain)
        if hashes:
            payload["iso15118CertificateHashData"] = [
                hash_data(each, digest) | {"responderURL": self.url(each)}
                for each in hashes
            ]
        router = self.stage.inside.router
        return await router.answer(STATION, edition, "Authorize", payload)

    def url(self, party: Party) -> str:
        return self.oracle.url(f"{party.serial:x}")

    def says(self, party: Party, reply: bytes | None) -> None:
        self.oracle.replies[f"{party.serial:x}"] = reply

    def asked(self) -> list[int]:
        return [
            ocsp.load_der_ocsp_request(body).serial_number
            for _, body in self.oracle.asked
            if body
        ]

    async def notices(self) -> list[Json]:
        await self.stage.inside.journal.flush()
        async with self.stage.node.begin() as work:
            found = await work.stations.notices(STATION, None, 20)
        return [
            dict(notice.body)
            for _, notice in found
            if notice.kind == "ContractCertificate"
        ]


def certificates(oracle: Oracle) -> tuple[Party, Party, Party]:
    """Return a root, an intermediate with a responder, and a contract with one."""
    root = issue("MO Root")
    sub = issue("MO Sub 1", root, Wish(serial=0x50B, responder=oracle.url("50b")))
    contract = leaf(EMAID, sub, serial=0xC0, responder=oracle.url("c0"))
    return root, sub, contract


@pytest.fixture
async def scene(database: str) -> AsyncIterator[Scene]:
    async with (
        an_oracle() as oracle,
        a_node(
            database, revocation_private_hosts=True, revocation_timeout_s=1
        ) as stage,
    ):
        await stage.populate()
        root, sub, contract = certificates(oracle)
        await stage.inside.certificates.trust.add(RootUse.MO, root.pem, "test")
        scene = Scene(stage, oracle, root, sub, contract)
        scene.says(sub, ocsp_answer(sub))
        scene.says(contract, ocsp_answer(contract))
        yield scene


def verdict(answer: Json) -> tuple[str, str]:
    return answer["certificateStatus"], answer["idTokenInfo"]["status"]


@proves("C07.FR.04", "C07.FR.05", "C07.FR.14", "TC_C_52_CSMS")
async def test_a_good_chain_is_asked_about_and_accepted(scene: Scene) -> None:
    for edition in Edition:
        answer = await scene.authorize(scene.contract, scene.sub, edition=edition)

        assert verdict(answer) == ("Accepted", "Accepted")
    assert sorted(scene.asked()) == [0xC0, 0x50B], "the second time it was remembered"
    assert await scene.notices() == []


@proves("C07.FR.05", "TC_C_50_CSMS")
async def test_hashes_alone_are_asked_about_at_the_responder_named(
    scene: Scene,
) -> None:
    """The responder shows the intermediate, which leads to our root."""
    said = Saying(carries=[scene.sub])
    scene.says(scene.contract, ocsp_answer(scene.contract, said))

    answer = await scene.authorize(hashes=(scene.contract, scene.sub))

    assert verdict(answer) == ("Accepted", "Accepted")
    assert sorted(scene.asked()) == [0xC0, 0x50B]


@proves("C07.FR.16", "TC_C_51_CSMS")
async def test_whatever_is_revoked_is_refused(scene: Scene) -> None:
    delegate = responder_of(scene.sub)
    said = Saying(REVOKED, signer=delegate, carries=[delegate, scene.sub])
    scene.says(scene.contract, ocsp_answer(scene.contract, said))

    by_chain = await scene.authorize(scene.contract, scene.sub)
    by_hash = await scene.authorize(hashes=(scene.contract,))

    assert verdict(by_chain) == ("CertificateRevoked", "Invalid")
    assert verdict(by_hash) == ("CertificateRevoked", "Invalid")
    [notice, _] = await scene.notices()
    assert notice == {"status": "CertificateRevoked", "reason": "c0 is revoked"}


@proves("C07.FR.16")
async def test_a_revoked_intermediate_and_a_list_count_too(scene: Scene) -> None:
    listed = leaf("listed", scene.sub, crl=scene.oracle.url("crl"))
    scene.oracle.replies["crl"] = revocation_list(scene.sub, listed.serial)
    by_list = await scene.authorize(listed, scene.sub)

    scene.says(scene.sub, ocsp_answer(scene.sub, Saying(REVOKED)))
    scene.stage.clock.jump_to(NOW + timedelta(hours=2))
    by_intermediate = await scene.authorize(scene.contract, scene.sub)

    assert verdict(by_list) == ("CertificateRevoked", "Invalid")
    assert verdict(by_intermediate) == ("CertificateRevoked", "Invalid")


@proves("C07.FR.15")
async def test_what_has_expired_is_refused(scene: Scene) -> None:
    late = leaf("late", scene.sub, until=NOW - timedelta(seconds=1))
    old = issue("old", scene.root, Wish(until=NOW - timedelta(days=1)))

    assert verdict(await scene.authorize(late, scene.sub)) == (
        "CertificateExpired",
        "Expired",
    )
    assert verdict(await scene.authorize(leaf("x", old), old)) == (
        "CertificateExpired",
        "Expired",
    )
    assert scene.asked() == []


@proves("C07.FR.17")
async def test_what_cannot_be_verified_is_refused(scene: Scene) -> None:
    stranger = issue("Stranger Root")
    thief = Party(scene.sub.certificate, key_of("thief"), scene.root)
    refused: list[tuple[str, tuple[Party, ...]]] = [
        ("no way leads", (leaf("x", stranger), stranger)),
        ("no way leads", (scene.contract,)),
        ("no way leads", (issue("alone", wish=Wish(authority=False)),)),
        ("no way leads", (scene.root,)),
        ("a signature of its chain is wrong", (leaf("x", thief), scene.sub)),
        (
            "not valid before",
            (leaf("x", scene.sub, since=NOW + timedelta(days=1)), scene.sub),
        ),
    ]
    for why, chain in refused:
        answer = await scene.authorize(*chain)

        assert verdict(answer) == ("CertChainError", "Invalid")
        [notice, *_] = await scene.notices()
        assert why in notice["reason"]
    garbage = await scene.authorize(pem="garbage")
    assert verdict(garbage) == ("CertChainError", "Invalid")
    assert scene.asked() == []


@proves("C07.FR.17")
async def test_what_nobody_tells_credibly_is_refused(scene: Scene) -> None:
    other = leaf("other", scene.sub)
    forger = issue("MO Sub 1", wish=Wish(key=key_of("forger")))
    for reply in (
        None,
        b"garbage",
        ocsp_answer(other),
        ocsp_answer(scene.contract, Saying(signer=forger)),
        ocsp_answer(scene.contract, Saying(UNKNOWN)),
        ocsp_answer(
            scene.contract,
            Saying(since=NOW - timedelta(days=9), until=NOW - timedelta(days=1)),
        ),
    ):
        scene.says(scene.contract, reply)
        scene.stage.clock.jump_to(scene.stage.clock.now() + timedelta(hours=2))

        answer = await scene.authorize(scene.contract, scene.sub)

        assert verdict(answer) == ("CertChainError", "Invalid")
    by_hash = await scene.authorize(hashes=(scene.contract,), digest=Digest.SHA512)
    assert verdict(by_hash) == ("CertChainError", "Invalid")


@proves("C07.FR.13")
async def test_a_good_chain_of_a_blocked_token_is_a_cancelled_contract(
    scene: Scene,
) -> None:
    async with scene.stage.client(Role.ADMIN) as admin:
        made = await admin.post(
            "/api/v1/id-tokens",
            json={"type": "eMAID", "value": EMAID, "blocked": True},
        )
    assert made.status_code == 201, made.text

    answer = await scene.authorize(scene.contract, scene.sub)

    assert verdict(answer) == ("ContractCancelled", "Blocked")


async def test_without_a_certificate_only_the_token_counts(scene: Scene) -> None:
    answer = await scene.authorize()

    assert "certificateStatus" not in answer
    assert scene.asked() == []


async def test_where_it_was_chosen_the_unchecked_counts_as_good(database: str) -> None:
    async with (
        an_oracle() as oracle,
        a_node(
            database,
            revocation_private_hosts=True,
            revocation_timeout_s=1,
            revocation_strict=False,
        ) as stage,
    ):
        await stage.populate()
        root, sub, contract = certificates(oracle)
        await stage.inside.certificates.trust.add(RootUse.MO, root.pem, "test")
        scene = Scene(stage, oracle, root, sub, contract)
        scene.says(sub, ocsp_answer(sub))
        scene.says(contract, b"garbage")

        unchecked = await scene.authorize(contract, sub)
        scene.says(contract, ocsp_answer(contract, Saying(REVOKED)))
        revoked = await scene.authorize(contract, sub)
        forged = await scene.authorize(contract)

    assert verdict(unchecked) == ("Accepted", "Accepted")
    assert verdict(revoked) == ("CertificateRevoked", "Invalid")
    assert verdict(forged) == ("CertChainError", "Invalid")
