"""Asking responders and lists: patience, memory, and the next address."""

import asyncio
from datetime import timedelta

import pytest

from csms.domain.certificate import Digest
from csms.pki.chains import hash_of
from csms.pki.fetching import Fetcher, Resolve, Unfetched
from csms.pki.revocation import RevocationPolicy, Revocations, Trusted
from csms.services.ports.certificates import NoStatus, Source
from csms.services.ports.pki import Revocation
from tests.authorities import (
    NOW,
    REVOKED,
    Party,
    Saying,
    Wish,
    issue,
    key_of,
    leaf,
    ocsp_answer,
    revocation_list,
)
from tests.fakes.clock import ManualClock

ROOT = issue("V2G Root")
STATION = leaf("SECC", ROOT, responder="http://ocsp.example", crl="http://crl.example")
HASH = hash_of(STATION.certificate, ROOT.certificate, Digest.SHA256)
FORGER = issue("V2G Root", wish=Wish(key=key_of("forger")))
Answer = bytes | Exception | float


class Script:
    """Whoever fetches documents: each address as a test says; a number is silence."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def fetch(
        self, url: str, *, body: bytes | None, media: str, most: int
    ) -> bytes:
        del media, most
        name = url.removeprefix("http://").split(".")[0]
        self.asked.append(f"{name} {'POST' if body else 'GET'}")
        answer = self.answers.get(name, Unfetched(f"{url} is not known"))
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return b""
        if isinstance(answer, Exception):
            raise answer
        await asyncio.sleep(0.01)
        return answer


def asking(
    script: Script, clock: ManualClock | None = None, *known: Party
) -> Revocations:
    roots = tuple(each.pem for each in known or (ROOT,))
    return Revocations(
        clock or ManualClock(NOW),
        script,
        lambda: Trusted(roots),
        RevocationPolicy(patience_s=4.0, fresh=timedelta(hours=1)),
    )


async def test_an_answer_is_remembered_until_it_is_no_longer_fresh() -> None:
    script, clock = Script(ocsp=ocsp_answer(STATION)), ManualClock(NOW)
    revocations = asking(script, clock)
    for minutes in (0, 30, 29, 2):
        clock.jump_to(clock.now() + timedelta(minutes=minutes))
        answer = await revocations.ask(HASH, Source.OCSP, ["http://ocsp.example"])
        assert answer.status is Revocation.GOOD

    assert script.asked == ["ocsp POST", "ocsp POST"]


async def test_an_answer_is_not_remembered_past_its_own_end() -> None:
    saying = Saying(until=NOW + timedelta(minutes=10))
    script, clock = Script(ocsp=ocsp_answer(STATION, saying)), ManualClock(NOW)
    revocations = asking(script, clock)
    await revocations.ask(HASH, Source.OCSP, ["http://ocsp.example"])
    script.answers["ocsp"] = ocsp_answer(STATION, Saying(REVOKED))
    clock.jump_to(NOW + timedelta(minutes=11))

    answer = await revocations.ask(HASH, Source.OCSP, ["http://ocsp.example"])

    assert answer.status is Revocation.REVOKED


async def test_many_who_ask_the_same_at_once_ask_once() -> None:
    script = Script(ocsp=ocsp_answer(STATION))
    revocations = asking(script)

    answers = await asyncio.gather(
        *(revocations.ask(HASH, Source.OCSP, ["http://ocsp.example"]) for _ in "12345")
    )

    assert len({each.document for each in answers}) == 1
    assert script.asked == ["ocsp POST"]


async def test_one_who_gives_up_does_not_stop_the_others() -> None:
    revocations = asking(Script(ocsp=ocsp_answer(STATION)))
    urls = ["http://ocsp.example"]
    first = asyncio.create_task(revocations.ask(HASH, Source.OCSP, urls))
    second = asyncio.create_task(revocations.ask(HASH, Source.OCSP, urls))
    await asyncio.sleep(0)
    first.cancel()

    assert (await second).status is Revocation.GOOD


async def test_the_next_address_is_asked_where_one_is_silent() -> None:
    script = Script(silent=60.0, garbage=b"garbage", ocsp=ocsp_answer(STATION))
    loop = asyncio.get_running_loop()
    began = loop.time()

    answer = await asking(script).ask(
        HASH,
        Source.OCSP,
        ["http://silent.example", "http://garbage.example", "http://ocsp.example"],
    )

    assert answer.status is Revocation.GOOD
    assert loop.time() - began < 4.0


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (60.0, "no answer in 4.0 s"),
        (b"garbage", "cannot be read"),
        (Unfetched("http://ocsp.example: HTTP 500"), "HTTP 500"),
        (ocsp_answer(STATION, Saying(signer=FORGER)), "signature"),
        (
            ocsp_answer(
                STATION,
                Saying(since=NOW - timedelta(days=2), until=NOW - timedelta(days=1)),
            ),
            "expired",
        ),
    ],
)
async def test_nobody_could_say(answer: Answer, why: str) -> None:
    with pytest.raises(NoStatus, match=why):
        await asking(Script(ocsp=answer)).ask(
            HASH, Source.OCSP, ["http://ocsp.example"]
        )


async def test_a_failure_is_not_remembered() -> None:
    script = Script(ocsp=b"garbage")
    revocations = asking(script)
    with pytest.raises(NoStatus):
        await revocations.ask(HASH, Source.OCSP, ["http://ocsp.example"])
    script.answers["ocsp"] = ocsp_answer(STATION)

    answer = await revocations.ask(HASH, Source.OCSP, ["http://ocsp.example"])

    assert answer.status is Revocation.GOOD


async def test_nobody_to_ask_is_no_answer() -> None:
    with pytest.raises(NoStatus, match="nobody to ask"):
        await asking(Script()).ask(HASH, Source.CRL, [])


async def test_one_list_serves_for_every_certificate_of_its_issuer() -> None:
    other = leaf("Other", ROOT)
    script = Script(crl=revocation_list(ROOT, other.serial))
    revocations, urls = asking(script), ["http://crl.example"]
    named = hash_of(other.certificate, ROOT.certificate, Digest.SHA512)

    first = await revocations.ask(HASH, Source.CRL, urls)
    second = await revocations.ask(named, Source.CRL, urls)

    assert (first.status, second.status) == (Revocation.GOOD, Revocation.REVOKED)
    assert script.asked == ["crl GET"]


class TestStanding:
    """The port ``RevocationCheck``."""

    async def test_ocsp_comes_before_the_list(self) -> None:
        script = Script(ocsp=ocsp_answer(STATION, Saying(REVOKED)))

        status = await asking(script).status([STATION.der, ROOT.der])

        assert status is Revocation.REVOKED
        assert script.asked == ["ocsp POST"]

    async def test_the_list_is_read_where_nobody_answers(self) -> None:
        script = Script(ocsp=60.0, crl=revocation_list(ROOT, STATION.serial))

        status = await asking(script).status([STATION.der, ROOT.der])

        assert status is Revocation.REVOKED

    async def test_the_issuer_may_be_in_the_trust_store_only(self) -> None:
        script = Script(ocsp=ocsp_answer(STATION))

        assert await asking(script).status([STATION.der]) is Revocation.GOOD

    @pytest.mark.parametrize(
        "chain",
        [[], [b"garbage"], [STATION.der, b"x"], [leaf("x", issue("y")).der]],
    )
    async def test_what_nobody_knows_is_unknown(self, chain: list[bytes]) -> None:
        assert await asking(Script()).status(chain) is Revocation.UNKNOWN

    async def test_a_certificate_that_names_nobody_is_unknown(self) -> None:
        silent = leaf("silent", ROOT)

        assert await asking(Script()).status([silent.der]) is Revocation.UNKNOWN


class TestAddresses:
    """Stations name whom to ask: not everything is knocked at."""

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "10.0.0.7",
            "192.168.1.1",
            "169.254.169.254",
            "::1",
            "fe80::1%eth0",
            "::ffff:127.0.0.1",
            "100.64.0.1",
            "0.0.0.0",  # noqa: S104 it is not listened on
            "224.0.0.1",
        ],
    )
    async def test_private_addresses_are_not_asked(self, address: str) -> None:
        fetcher = Fetcher(private=False, resolve=_to(address))

        with pytest.raises(Unfetched, match="not a public address"):
            await fetcher.fetch("http://x.example/", body=b"", media="", most=1)

    @pytest.mark.parametrize(
        "url",
        [
            "ftp://crl.example/x.crl",
            "file:///etc/passwd",
            "ldap://crl.example",
            "http://",
            "http://user:secret@ocsp.example/",
            "http://[::1",
            "http://x.example:99999999/",
            "nothing",
            "",
        ],
    )
    async def test_other_addresses_are_none(self, url: str) -> None:
        fetcher = Fetcher(private=True, resolve=_to("127.0.0.1"))

        with pytest.raises(Unfetched, match="address"):
            await fetcher.fetch(url, body=None, media="", most=1)

    async def test_an_unknown_name_is_told(self) -> None:
        async def nobody(_host: str, _port: int) -> list[str]:
            raise OSError("no such name")

        with pytest.raises(Unfetched, match="not known"):
            await Fetcher(private=False, resolve=nobody).fetch(
                "http://x.example", body=None, media="", most=1
            )


def _to(address: str) -> Resolve:
    async def resolve(_host: str, _port: int) -> list[str]:
        return [address]

    return resolve
