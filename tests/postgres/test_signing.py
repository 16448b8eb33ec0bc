"""From a signing request to a certificate, to its renewal, to its end (A02, A03)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from csms.db.engine import connect_raw
from csms.domain.errors import Broken
from csms.domain.security import SecurityProfile
from csms.domain.signing import CertificateState, CertificateUse, SigningState
from csms.domain.station import Variable, VariableKey
from csms.pki.reading import read_chain
from csms.services.certifying import UnknownCertificate
from csms.services.doorkeeping import Admission
from csms.services.ports.pki import AuthorityAway, SigningRefused
from csms.services.ports.wire import RefusedByStation
from csms.services.renewal import waits
from csms.services.signing import MOST_OPEN
from tests.fakes.device_model import variable
from tests.postgres.security_bench import SecurityBench, bench_of, silence
from tests.proving import proves
from tests.security_world import CSO, Outsider, a_csr
from tests.station_world import MAKE, STATION, lobby_on

pytestmark = pytest.mark.postgres
Use, State = CertificateUse, SigningState


@pytest.fixture
async def bench(database: str, tmp_path: Path) -> AsyncIterator[SecurityBench]:
    async with lobby_on(database) as lobby:
        await lobby.boot()
        await lobby.settle()
        yield bench_of(lobby, tmp_path, database, outside=True)


async def ask(
    bench: SecurityBench, name: str = STATION, key: int | None = None
) -> bool:
    taken = await bench.signing.requested(STATION, a_csr(name), Use.STATION, key)
    return taken.accepted


async def states(bench: SecurityBench) -> list[SigningState]:
    return [each.state for each in await bench.certifying.requests(STATION)]


async def signed(bench: SecurityBench) -> str:
    """Have a certificate signed and taken; return its fingerprint."""
    assert await ask(bench)
    while await bench.signing.step():
        pass
    return (await bench.certifying.list())[0].fingerprint


def later(bench: SecurityBench, by: timedelta) -> None:
    bench.lobby.clock.jump_to(bench.lobby.clock.now() + by)


def der(chain: str) -> tuple[bytes, ...]:
    return tuple(each.public_bytes(Encoding.DER) for each in read_chain(chain))


class TestAuthority:
    @proves("A02.FR.04", "A03.FR.04")
    async def test_an_outside_authority_may_take_its_time(
        self, bench: SecurityBench
    ) -> None:
        bench.outside.waits = 2
        assert await ask(bench, key=3)

        await bench.signing.step()
        assert await states(bench) == [State.WAITING]
        assert await bench.signing.step() == 0, "it is asked when it said"
        for _ in range(2):
            later(bench, timedelta(minutes=1))
            await bench.signing.step()
        await bench.signing.step()

        assert await states(bench) == [State.ACCEPTED]
        assert [each.reference for each in bench.outside.orders] == [
            None,
            "ref-1",
            "ref-1",
        ]
        assert [each[1:] for each in bench.station.chains] == [(Use.STATION, 3)]
        [kept] = await bench.certifying.list()
        assert kept.authority == "ca.example.org"
        assert kept.state is CertificateState.ACCEPTED

    async def test_one_that_is_away_is_asked_again_ever_more_slowly(
        self, bench: SecurityBench
    ) -> None:
        bench.outside.fails = [AuthorityAway("503")] * 2
        assert await ask(bench)

        await bench.signing.step()
        assert await bench.signing.step() == 0
        later(bench, timedelta(seconds=30))
        assert await bench.signing.step() == 1
        later(bench, timedelta(seconds=30))
        assert await bench.signing.step() == 0
        later(bench, timedelta(seconds=30))
        await signed_after(bench)

        assert await states(bench) == [State.ACCEPTED]

    async def test_one_that_refuses_is_not_asked_again_and_a_person_is_told(
        self, bench: SecurityBench
    ) -> None:
        bench.outside.fails = [SigningRefused("no such owner")]
        assert await ask(bench)
        await signed_after(bench)

        assert await states(bench) == [State.FAILED]
        assert await bench.column("SELECT kind FROM incident") == ["certificate.failed"]
        assert bench.station.chains == []


async def signed_after(bench: SecurityBench) -> None:
    while await bench.signing.step():
        pass


class TestDelivery:
    @pytest.mark.parametrize("how", [silence(), RefusedByStation(STATION, "Busy")])
    async def test_a_certificate_waits_for_its_station(
        self, bench: SecurityBench, how: Exception
    ) -> None:
        bench.station.says["certificate"] = how
        assert await ask(bench)
        await signed_after(bench)
        assert await states(bench) == [State.SIGNED]

        del bench.station.says["certificate"]
        bench.sockets.here = False
        later(bench, timedelta(days=2))
        assert await bench.signing.step() == 0
        bench.sockets.here = True
        await signed_after(bench)

        assert await states(bench) == [State.ACCEPTED]
        assert len({chain for chain, _, _ in bench.station.chains}) == 1

    async def test_a_crash_after_signing_loses_nothing(
        self, bench: SecurityBench, tmp_path: Path
    ) -> None:
        bench.sockets.here = False
        assert await ask(bench)
        await signed_after(bench)

        again = bench_of(bench.lobby, tmp_path, bench.url)
        await signed_after(again)

        assert await states(again) == [State.ACCEPTED]

    async def test_a_refusal_is_final_until_it_is_asked_again(
        self, bench: SecurityBench
    ) -> None:
        bench.station.says["certificate"] = "Rejected"
        assert await ask(bench)
        await signed_after(bench)
        later(bench, timedelta(days=1))
        await signed_after(bench)

        assert await states(bench) == [State.REJECTED]
        assert len(bench.station.chains) == 1

    async def test_a_chain_that_is_too_long_for_the_station_is_not_sent(
        self, bench: SecurityBench
    ) -> None:
        key = VariableKey("SecurityCtrlr", "MaxCertificateChainSize")
        async with bench.lobby.begin() as work:
            now = bench.lobby.clock.now()
            await work.models.merge(STATION, [Variable(key, value="600")], now)
        assert await ask(bench)
        await signed_after(bench)

        assert await states(bench) == [State.FAILED]
        assert bench.station.chains == []


class TestRequests:
    async def test_the_same_request_again_is_one(self, bench: SecurityBench) -> None:
        bench.outside.waits = 1
        csr = a_csr(STATION)
        for number in (1, 2):
            taken = await bench.signing.requested(STATION, csr, Use.STATION, number)
            assert taken.accepted
        later(bench, timedelta(minutes=2))
        await signed_after(bench)
        later(bench, timedelta(minutes=2))
        await signed_after(bench)

        assert await states(bench) == [State.ACCEPTED]
        assert [each[2] for each in bench.station.chains] == [2]

    async def test_a_station_cannot_flood_the_authority(
        self, bench: SecurityBench
    ) -> None:
        bench.outside.waits = 100
        for _ in range(MOST_OPEN):
            assert await ask(bench)
        taken = await bench.signing.requested(STATION, a_csr(STATION), None, None)
        assert not taken.accepted


class TestRenewal:
    @proves("A02.FR.01")
    async def test_a_certificate_is_renewed_before_its_end(
        self, bench: SecurityBench
    ) -> None:
        await signed(bench)
        await bench.renewal.step()
        assert bench.station.asked == ["certificate"]

        later(bench, timedelta(days=336))
        await bench.renewal.step()
        await bench.renewal.step()

        assert bench.station.asked == ["certificate", "SignChargingStationCertificate"]

    @pytest.mark.parametrize(
        ("says", "told"),
        [("The maker", [f"OrganizationName {CSO}"]), (CSO, []), (None, [])],
    )
    async def test_a_station_is_told_whose_it_is_before_it_asks(
        self, bench: SecurityBench, says: str | None, told: list[str]
    ) -> None:
        if says is not None:
            name = variable("SecurityCtrlr.OrganizationName", says)
            bench.lobby.model.known[name.key] = name
            await bench.lobby.boot(replace(MAKE, firmware="another"))
            await bench.lobby.settle()

        await bench.renewal.renew(STATION, Use.STATION, "ann")

        assert bench.station.asked == [*told, "SignChargingStationCertificate"]

    @pytest.mark.parametrize("how", ["Rejected", RefusedByStation(STATION, "Any")])
    async def test_one_that_does_not_take_that_asks_as_it_can(
        self, bench: SecurityBench, how: str | Exception
    ) -> None:
        name = variable("SecurityCtrlr.OrganizationName", "The maker")
        bench.lobby.model.known[name.key] = name
        bench.station.says[f"OrganizationName {CSO}"] = how
        await bench.lobby.boot(replace(MAKE, firmware="another"))
        await bench.lobby.settle()

        await bench.renewal.renew(STATION, Use.STATION, "ann")

        assert bench.station.asked[-1] == "SignChargingStationCertificate"

    async def test_one_that_ended_is_told_of_once(self, bench: SecurityBench) -> None:
        await signed(bench)
        bench.sockets.here = False
        later(bench, timedelta(days=400))
        await bench.renewal.step()
        await bench.renewal.step()

        told = await bench.column("SELECT kind FROM incident")
        assert told == ["certificate.expired"]

    @proves("A00.FR.406", "A00.FR.805")
    async def test_the_makers_certificate_is_replaced_at_once(
        self, bench: SecurityBench
    ) -> None:
        text = Outsider.made().leaf(STATION, "The maker")
        [leaf, *_] = der(text[: text.index("-----BEGIN PRIVATE")])

        await bench.enters(SecurityProfile.MUTUAL, leaf)

        assert bench.station.asked == ["SignChargingStationCertificate"]

    async def test_a_station_that_is_just_starting_is_asked_again_soon(
        self, bench: SecurityBench
    ) -> None:
        bench.station.says["SignChargingStationCertificate"] = "Rejected"
        text = Outsider.made().leaf(STATION, "The maker")
        [leaf, *_] = der(text[: text.index("-----BEGIN PRIVATE")])
        await bench.enters(SecurityProfile.MUTUAL, leaf)
        await bench.renewal.step()
        assert len(bench.station.asked) == 1

        later(bench, timedelta(minutes=6))
        await bench.renewal.step()
        assert len(bench.station.asked) == 2

    def test_a_stations_own_waiting_times_are_respected(self) -> None:
        said = [
            Variable(
                VariableKey("SecurityCtrlr", "CertSigningWaitMinimum"), value="60"
            ),
            Variable(VariableKey("SecurityCtrlr", "CertSigningRepeatTimes"), value="2"),
        ]
        assert waits(said) == timedelta(seconds=60 + 120 + 240)
        assert waits([]) == timedelta(0)


class TestInUse:
    async def test_the_new_one_supersedes_the_old_one_when_it_is_used(
        self, bench: SecurityBench
    ) -> None:
        first = await bench.certifying.show(await signed(bench))
        await bench.enters(SecurityProfile.MUTUAL, der(first.chain)[0])
        later(bench, timedelta(days=300))
        second = await bench.certifying.show(await signed(bench))
        assert (await bench.certifying.show(first.fingerprint)).state is (
            CertificateState.ACTIVE
        )

        await bench.enters(SecurityProfile.MUTUAL, der(second.chain)[0])

        assert {
            (await bench.certifying.show(each.fingerprint)).state
            for each in (first, second)
        } == {CertificateState.SUPERSEDED, CertificateState.ACTIVE}

    @proves("A00.FR.407", "A00.FR.704")
    async def test_a_revoked_one_is_thrown_out_refused_and_listed(
        self, bench: SecurityBench, tmp_path: Path
    ) -> None:
        issued = await bench.certifying.show(await signed(bench))
        chain = der(issued.chain)
        await bench.enters(SecurityProfile.MUTUAL, chain[0])
        assert (await bench.identities.vet(STATION, chain)).admission is (
            Admission.ADMITTED
        )
        before = await bench.certifying.revocation_list("ec-intermediate-1")

        await bench.certifying.revoke(issued.fingerprint, "stolen", "ann")

        assert bench.sockets.closed == [f"{STATION}: its certificate was revoked"]
        vetted = await bench.identities.vet(STATION, chain)
        assert vetted.admission is Admission.BAD_CERTIFICATE
        after = await bench.certifying.revocation_list("ec-intermediate-1")
        assert list(x509.load_der_x509_crl(before)) == []
        [revoked] = x509.load_der_x509_crl(after)
        assert f"{revoked.serial_number:x}" == issued.serial

        again = bench_of(bench.lobby, tmp_path, bench.url)
        await again.identities.load()
        assert (await again.identities.vet(STATION, chain)).admission is (
            Admission.BAD_CERTIFICATE
        )

    async def test_what_is_unknown_cannot_be_revoked(
        self, bench: SecurityBench
    ) -> None:
        with pytest.raises(UnknownCertificate):
            await bench.certifying.revoke("ab" * 32, "why not", "ann")
        with pytest.raises(UnknownCertificate):
            await bench.certifying.revocation_list("no-such-authority")

    async def test_a_request_by_hand_must_name_its_station(
        self, bench: SecurityBench
    ) -> None:
        issued = await bench.certifying.issue(
            a_csr(STATION), Use.STATION, STATION, "ann"
        )
        assert issued.subject == f"O={CSO},CN={STATION}"
        with pytest.raises(Broken, match="not for"):
            await bench.certifying.issue(a_csr("CS-9"), Use.STATION, STATION, "ann")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "TRUNCATE audit",
    ],
)
async def test_the_audit_trail_can_only_grow(
    bench: SecurityBench, statement: str
) -> None:
    assert await ask(bench, "CS-9") is False
    kept = await bench.column("SELECT count(*) FROM audit")
    connection = await connect_raw(bench.url)
    try:
        with pytest.raises(Exception, match="can only grow"):
            await connection.execute(statement)
    finally:
        await connection.close()
    assert await bench.column("SELECT count(*) FROM audit") == kept
