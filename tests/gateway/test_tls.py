"""Security profiles 1 to 3 on real TLS sockets: who comes in, and who does not."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvloop
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from csms.bootstrap.securing import CertifiedSerials, Sockets
from csms.domain.signing import CertificateUse
from csms.pki.tls import CIPHERS, BadTlsFiles
from csms.services.ports.pki import Revocation
from tests.gateway.neighbors import PASSWORD, hear, say, until
from tests.gateway.tls_street import SERIAL, STATION, TlsStreet, tls_street
from tests.proving import proves
from tests.security_world import DAY, Outsider, a_leaf, self_signed

pytestmark = pytest.mark.sockets


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[TlsStreet]:
    async with tls_street(tmp_path) as opened:
        yield opened


async def is_served(street: TlsStreet, profile: int, **options: object) -> bool:
    """Come in, ask something, and tell whether it was answered."""
    socket = await street.connect(profile, **options)  # type: ignore[arg-type]
    try:
        await say(socket, [2, "1", "Echo", {"is": "here"}])
        return await hear(socket) == [3, "1", {"is": "here"}]
    finally:
        await socket.close()


async def refused(street: TlsStreet, profile: int, **options: object) -> str:
    """Fail to come in, and return why, as the operator sees it."""
    street.street.rejections.refusals.clear()
    with pytest.raises((InvalidHandshake, OSError, EOFError)):
        await street.connect(profile, **options)  # type: ignore[arg-type]
    assert street.street.presence.online() == set()
    return await street.refusal()


class TestGood:
    @proves("A00.FR.207", "TC_A_01_CSMS")
    async def test_profile_1_is_a_password(self, street: TlsStreet) -> None:
        assert await is_served(street, 1, password=PASSWORD)

    @proves("A00.FR.306", "A00.FR.307", "A00.FR.312", "A00.FR.324")
    async def test_profile_2_is_a_password_over_tls(self, street: TlsStreet) -> None:
        assert await is_served(street, 2, password=PASSWORD)

    @proves(
        "A00.FR.403", "A00.FR.409", "A00.FR.410",
        "A00.FR.415", "TC_A_07_CSMS",
    )  # fmt: skip
    @pytest.mark.parametrize("kind", ["ec", "rsa"])
    async def test_profile_3_is_a_certificate(
        self, street: TlsStreet, kind: str
    ) -> None:
        assert await is_served(street, 3, worn=await street.wears(kind=kind))
        assert street.street.doorkeeper.asked == []

    async def test_a_combined_certificate_is_one_too(self, street: TlsStreet) -> None:
        await street.wears(use=CertificateUse.COMBINED)
        street.contexts[1]._make = street.mutual  # the root is newer
        street.contexts[1].reload()

        worn = await street.wears(use=CertificateUse.COMBINED)

        assert await is_served(street, 3, worn=worn)

    @proves("A00.FR.405")
    async def test_the_certificate_may_name_the_serial_number(
        self, street: TlsStreet
    ) -> None:
        assert await is_served(street, 3, worn=await street.wears(SERIAL))

    @proves("A00.FR.006")
    @proves("B01.FR.11", "B01.FR.12")
    async def test_a_boot_with_another_serial_number_ends_the_connection(
        self, street: TlsStreet
    ) -> None:
        socket = await street.connect(3, await street.wears(SERIAL))
        registry = street.street.gateway.registry
        serials = CertifiedSerials(street.identities, Sockets(registry.link))

        assert not serials.expose(STATION, SERIAL)
        await say(socket, [2, "1", "Echo", {"is": "here"}])
        assert await hear(socket) == [3, "1", {"is": "here"}]
        assert serials.expose(STATION, "S-OTHER")
        with pytest.raises(ConnectionClosed):
            await hear(socket)
        [(station, doubt)] = street.doubts
        assert station == STATION
        assert "serial number" in doubt

    async def test_a_certificate_of_an_identity_says_nothing_of_serials(
        self, street: TlsStreet
    ) -> None:
        socket = await street.connect(3, await street.wears())

        assert not street.identities.contradicts(STATION, "S-OTHER")
        await socket.close()
        basic = await street.connect(2, password=PASSWORD)
        assert not street.identities.contradicts(STATION, "S-OTHER")
        await basic.close()

    async def test_every_profile_has_its_port(self, street: TlsStreet) -> None:
        assert len(set(street.ports.values())) == 3


class TestPasswords:
    @proves("TC_A_03_CSMS", "A00.FR.207", "A00.FR.324")
    @pytest.mark.parametrize("profile", [1, 2])
    async def test_a_wrong_one_is_refused(
        self, street: TlsStreet, profile: int
    ) -> None:
        why = await refused(street, profile, password="0123456789abcdef-wrong")
        assert why == "the password is wrong"

    @proves("TC_A_02_CSMS", "A00.FR.207", "A00.FR.324")
    @pytest.mark.parametrize("profile", [1, 2])
    async def test_another_user_name_is_refused(
        self, street: TlsStreet, profile: int
    ) -> None:
        why = await refused(street, profile, password=PASSWORD, user=f"{STATION}-x")
        assert why == "the user name is not the station's id"


class TestVersionsAndCiphers:
    @proves("A00.FR.318", "A00.FR.421", "TC_A_04_CSMS")
    @pytest.mark.parametrize("profile", [2, 3])
    @pytest.mark.parametrize("suite", CIPHERS)
    async def test_the_four_suites_of_part_2_are_spoken(
        self, street: TlsStreet, suite: str, profile: int
    ) -> None:
        worn = await street.wears() if profile == 3 else None
        context = street.client(worn, newest=ssl.TLSVersion.TLSv1_2, ciphers=suite)

        socket = await street.connect(profile, password=PASSWORD, context=context)

        secured = socket.transport.get_extra_info("ssl_object")
        assert secured.cipher()[0] == suite
        assert secured.version() == "TLSv1.2"
        assert secured.compression() is None
        await socket.close()

    @proves("A00.FR.320", "A00.FR.322", "A00.FR.423", "A00.FR.425")
    @pytest.mark.parametrize(
        "suite",
        [
            "ECDHE-ECDSA-AES128-SHA",
            "AES128-SHA",
            "ECDHE-RSA-AES256-GCM-SHA384",
            "ECDHE-ECDSA-CHACHA20-POLY1305",
        ],
    )
    async def test_no_other_suite_is(self, street: TlsStreet, suite: str) -> None:
        context = street.client(
            newest=ssl.TLSVersion.TLSv1_2, ciphers=f"{suite}:@SECLEVEL=0"
        )

        why = await refused(street, 2, password=PASSWORD, context=context)

        assert "no cipher suite of Part 2" in why

    @proves(
        "A00.FR.313", "A00.FR.314", "A00.FR.315", "A00.FR.416", "A00.FR.417",
        "A00.FR.418", "TC_A_06_CSMS",
    )  # fmt: skip
    @pytest.mark.parametrize("profile", [2, 3])
    async def test_tls_1_1_is_too_old(self, street: TlsStreet, profile: int) -> None:
        context = street.client(await street.wears(), ciphers="ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
            context.minimum_version = ssl.TLSVersion.TLSv1
        with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
            context.maximum_version = ssl.TLSVersion.TLSv1_1

        why = await refused(street, profile, password=PASSWORD, context=context)

        assert "no TLS 1.2" in why
        newer = street.client(await street.wears())
        assert await is_served(street, profile, password=PASSWORD, context=newer)

    @proves("A00.FR.321", "A00.FR.424")
    async def test_nothing_is_compressed_resumed_or_negotiated_anew(
        self, street: TlsStreet
    ) -> None:
        for each in street.contexts:
            served = each()
            assert served.options & ssl.OP_NO_COMPRESSION
            assert served.options & ssl.OP_NO_RENEGOTIATION
            assert served.options & ssl.OP_NO_TICKET
            assert served.num_tickets == 0

    async def test_who_speaks_no_tls_is_told_apart(self, street: TlsStreet) -> None:
        with pytest.raises((InvalidHandshake, OSError, EOFError)):
            await street.street.connect(
                STATION, url=f"ws://127.0.0.1:{street.ports[2]}/ocpp/{STATION}"
            )
        assert "does not speak TLS" in await street.refusal()


class TestBadCertificates:
    @proves("A00.FR.407", "A00.FR.408", "TC_A_08_CSMS")
    async def test_an_expired_one_is_refused_and_named(self, street: TlsStreet) -> None:
        worn = a_leaf(street.signer().issuer, STATION, start=-30 * DAY, lasts=29 * DAY)

        why = await refused(street, 3, worn=worn)

        assert "expired" in why
        assert street.street.rejections.refusals[-1][0] == STATION
        assert street.doubts
        assert await is_served(street, 3, worn=await street.wears())

    async def test_one_that_is_not_valid_yet_is_refused(
        self, street: TlsStreet
    ) -> None:
        worn = a_leaf(street.signer().issuer, STATION, start=2 * DAY)
        assert "not valid before" in await refused(street, 3, worn=worn)

    @proves("A00.FR.405", "TC_A_08_CSMS")
    async def test_that_of_another_station_is_refused(self, street: TlsStreet) -> None:
        why = await refused(street, 3, worn=await street.wears("CS-2"))
        assert "of CS-2, not of this station" in why

    @proves("A00.FR.404")
    async def test_that_of_another_owner_is_refused(self, street: TlsStreet) -> None:
        worn = a_leaf(street.signer().issuer, STATION, "Somebody else")
        assert "owned by Somebody else" in await refused(street, 3, worn=worn)

    @proves("A00.FR.407", "TC_A_08_CSMS")
    async def test_that_of_an_unknown_authority_is_refused(
        self, street: TlsStreet
    ) -> None:
        why = await refused(street, 3, worn=Outsider.made().leaf(STATION))
        assert "root that is not trusted" in why or "somebody unknown" in why

    async def test_a_self_signed_one_is_refused(self, street: TlsStreet) -> None:
        why = await refused(street, 3, worn=self_signed(STATION))
        assert "self-signed" in why

    async def test_a_station_cannot_sign_for_another(self, street: TlsStreet) -> None:
        mine = await street.wears("CS-2")
        why = await refused(street, 3, worn=street.signed_by_station(mine, STATION))
        assert "TLS: " in why

    @proves("A00.FR.407")
    async def test_none_is_refused(self, street: TlsStreet) -> None:
        assert "has no certificate" in await refused(street, 3)

    async def test_a_password_is_no_certificate(self, street: TlsStreet) -> None:
        why = await refused(street, 3, password=PASSWORD)
        assert "has no certificate" in why

    async def test_a_revoked_one_is_refused(self, street: TlsStreet) -> None:
        worn = await street.wears()
        facts = street.facts(worn)
        street.identities.learn_revoked(facts.fingerprint)

        assert "was revoked" in await refused(street, 3, worn=worn)

    async def test_one_below_a_revoked_intermediate_is_refused(
        self, street: TlsStreet
    ) -> None:
        worn = await street.wears()
        street.identities.learn_revoked(street.facts(worn, 1).fingerprint)

        assert "was revoked" in await refused(street, 3, worn=worn)

    @proves("A00.FR.702", "A00.FR.705")
    async def test_its_issuer_is_asked(self, street: TlsStreet) -> None:
        worn = await street.wears()
        street.issuers.said = Revocation.REVOKED

        assert "revoked by its issuer" in await refused(street, 3, worn=worn)
        assert street.issuers.asked == [3], "leaf, intermediate and root"

    async def test_silence_of_the_issuer_refuses_if_that_is_set(
        self, street: TlsStreet
    ) -> None:
        street.issuers.slow = True
        why = await refused(street, 3, worn=await street.wears())
        assert "nobody can tell" in why

    async def test_an_unknown_station_is_refused(self, street: TlsStreet) -> None:
        worn = await street.wears("CS-9")
        why = await refused(street, 3, worn=worn, name="CS-9")
        assert why == "the station is not known"

    async def test_an_expired_one_may_be_let_in_for_one_station(
        self, street: TlsStreet
    ) -> None:
        street.demand(3, accepts_expired=True)
        worn = a_leaf(street.signer().issuer, STATION, start=-30 * DAY, lasts=29 * DAY)

        assert await is_served(street, 3, worn=worn)
        assert street.identities.is_expired(STATION)
        assert await is_served(street, 3, worn=await street.wears())
        assert not street.identities.is_expired(STATION)


class TestOurCertificate:
    """A station checks it; we are told when it does not believe it."""

    @pytest.mark.parametrize("profile", [2, 3])
    @pytest.mark.parametrize("flaw", ["name", "root", "expired", "self-signed"])
    async def test_a_station_does_not_believe_a_bad_one(
        self, street: TlsStreet, profile: int, flaw: str
    ) -> None:
        trusted, host = None, "localhost"
        match flaw:
            case "name":
                host = "csms.example.org"
            case "root":
                trusted = Outsider.made().root_text
            case "expired":
                issuer = street.signer().issuer
                start, lasts = -30 * DAY, 29 * DAY
                street.presents(a_leaf(issuer, "localhost", start=start, lasts=lasts))
            case _:
                street.presents(self_signed("localhost"))
        context = street.client(await street.wears(), trusted=trusted)

        why = await refused(
            street, profile, password=PASSWORD, context=context, host=host
        )

        assert "our certificate" in why

    async def test_a_new_one_is_served_without_a_restart(
        self, street: TlsStreet
    ) -> None:
        earlier = await street.connect(2, password=PASSWORD)
        old = earlier.transport.get_extra_info("ssl_object").getpeercert()
        await street.authority.server_certificate("ec", street.clock.now())

        assert street.contexts[0].reload_if_changed()
        assert not street.contexts[0].reload_if_changed()

        later = await street.connect(2, password=PASSWORD, name="CS-2")
        new = later.transport.get_extra_info("ssl_object").getpeercert()
        assert new["serialNumber"] != old["serialNumber"]
        await say(earlier, [2, "1", "Echo", {}])
        assert await hear(earlier) == [3, "1", {}], "open connections go on"
        await earlier.close()
        await later.close()

    async def test_files_that_cannot_be_used_change_nothing(
        self, street: TlsStreet
    ) -> None:
        path = street.authority.server_file("ec")
        path.write_text("rubbish")

        with pytest.raises(BadTlsFiles, match="server-ec"):
            street.contexts[0].reload()

        assert await is_served(street, 2, password=PASSWORD)

    async def test_who_trusts_the_old_root_comes_in_after_a_rotation(
        self, street: TlsStreet
    ) -> None:
        before = street.client()
        now = street.clock.now()
        await street.authority.rotate("ec", CertificateUse.ROOT, now)
        await street.authority.server_certificate("ec", now)
        street.contexts[0].reload()

        assert await is_served(street, 2, password=PASSWORD, context=before)


class TestDemands:
    @proves("A00.FR.001", "A00.FR.002", "A05.FR.07")
    @pytest.mark.parametrize(("least", "came"), [(2, 1), (3, 1), (3, 2)])
    async def test_less_than_what_is_demanded_is_refused(
        self, street: TlsStreet, least: int, came: int
    ) -> None:
        street.demand(least)

        why = await refused(street, came, password=PASSWORD)

        assert f"security profile {least}, and came by {came}" in why
        assert street.street.doorkeeper.asked == [], "no password was looked at"

    async def test_more_than_what_is_demanded_is_fine(self, street: TlsStreet) -> None:
        street.demand(2)
        assert await is_served(street, 3, worn=await street.wears())


def test_it_works_on_the_loop_of_production(tmp_path: Path) -> None:
    """Twenty stations at once: handshakes and first words in every order."""

    async def all_of_it() -> None:
        async with tls_street(tmp_path) as street:
            names = [f"CS-{number}" for number in range(20)]
            sockets = [
                await street.connect(2, password=PASSWORD, name=name) for name in names
            ]
            await until(lambda: street.street.presence.online() == set(names))
            for socket in sockets:
                await socket.close()
            assert await is_served(street, 3, worn=await street.wears())
            assert "has no certificate" in await refused(street, 3)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(all_of_it())
