"""A gateway with a port for each security profile, and stations that come by TLS."""

import asyncio
import atexit
import os
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.headers import build_authorization_basic

from csms.bootstrap.securing import IdentityDoor
from csms.domain.ids import SiteId, StationId
from csms.domain.security import SecurityProfile, StationSecurity
from csms.domain.signing import CertificateUse
from csms.domain.station import Make, Station
from csms.gateway.ports import Ports
from csms.gateway.server import Gateway, Listening
from csms.pki.authority import BuiltIn, Terms
from csms.pki.hierarchy import Authority
from csms.pki.issuing import Issuer
from csms.pki.keys import to_pem
from csms.pki.reading import X509Reader, read_chain, to_text
from csms.pki.tls import Contexts, ServerFiles, station_context
from csms.services.identities import Identities, IdentityPolicy
from csms.services.ports.pki import CertificateFacts, Revocation, SigningOrder
from csms.services.stations import StationBook
from tests.fakes.clock import ManualClock
from tests.gateway.neighbors import QUICK, Street
from tests.security_world import CSO, a_csr, a_key, a_leaf, real_now

STATION = StationId("CS-1")
SERIAL = "SN-4711"


@dataclass
class Issuers:
    """The port ``RevocationCheck``: says what a test tells it to."""

    said: Revocation = Revocation.GOOD
    asked: list[int] = field(default_factory=list)
    slow: bool = False

    async def status(self, chain: Sequence[bytes]) -> Revocation:
        self.asked.append(len(chain))
        if self.slow:
            raise TimeoutError
        return self.said


@dataclass
class TlsStreet:
    """A gateway with three ports, its authority and its identities.

    Attributes:
        folder: Where test files go.
        ports: The port of each security profile.
        clock: The instant that certificates are judged by: the real one.
    """

    folder: Path
    street: Street
    authority: BuiltIn
    identities: Identities
    issuers: Issuers
    clock: ManualClock
    doubts: list[tuple[str, str]] = field(default_factory=list)
    ports: dict[int, int] = field(default_factory=dict)
    contexts: list[Contexts] = field(default_factory=list)

    async def wears(
        self,
        name: str = STATION,
        use: CertificateUse = CertificateUse.STATION,
        kind: str = "ec",
    ) -> str:
        """Return a certificate of the authority's with its key, in PEM."""
        key = a_key(kind)
        order = SigningOrder(a_csr(name, key=key), use, name, CSO)
        signed = await self.authority.sign(order, self.clock.now())
        return signed.chain + to_pem(key).decode()

    def signer(self, kind: str = "ec") -> Authority:
        """Return who signs for stations, to have it sign what it would not."""
        return self.authority.hierarchy(kind).signer(self.clock.now())

    def client(
        self,
        worn: str | None = None,
        *,
        trusted: str | None = None,
        newest: ssl.TLSVersion | None = None,
        ciphers: str | None = None,
    ) -> ssl.SSLContext:
        """Return how a station speaks TLS.

        Args:
            worn: Its certificate and key, in PEM; None for none.
            trusted: The roots it believes; ours without any.
            newest: The newest version that it knows.
            ciphers: The only suites of TLS 1.2 that it knows, as OpenSSL names them.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(
            cadata=trusted or self.authority.trusted(self.clock.now())
        )
        if worn is not None:
            path = self.folder / "worn.pem"
            path.write_text(worn)
            context.load_cert_chain(path)
        if ciphers is not None:
            context.set_ciphers(ciphers)
        if newest is not None:
            context.maximum_version = newest
        return context

    async def connect(  # noqa: PLR0913 - as one says
        self,
        profile: int,
        worn: str | None = None,
        *,
        name: str = STATION,
        password: str | None = None,
        context: ssl.SSLContext | None = None,
        host: str = "localhost",
        user: str | None = None,
    ) -> ClientConnection:
        """Come in by a profile's port, as the station that one says."""
        options: dict[str, Any] = (
            {} if profile == 1 else {"ssl": context or self.client(worn)}
        )
        if profile != 1:
            options["server_hostname"] = host
        if user is not None:
            login = build_authorization_basic(user, password or "")
            options["headers"], password = {"Authorization": login}, None
        scheme = "ws" if profile == 1 else "wss"
        return await self.street.connect(
            name,
            url=f"{scheme}://127.0.0.1:{self.ports[profile]}/ocpp/{name}",
            password=password,
            **options,
        )

    def facts(self, worn: str, place: int = 0) -> CertificateFacts:
        """Return what a certificate says, or one of those that follow it."""
        certificates = worn[: worn.index("-----BEGIN PRIVATE KEY")]
        return X509Reader().chain(certificates)[place]

    def signed_by_station(self, worn: str, name: str) -> str:
        """Return a certificate that one station signed for another."""
        chain = read_chain(worn[: worn.index("-----BEGIN PRIVATE KEY")])
        forged = a_leaf(Issuer(chain[0], a_key()), name)
        key = forged.index("-----BEGIN PRIVATE KEY")
        return forged[:key] + to_text(chain[1]) + forged[key:]

    def mutual(self) -> ssl.SSLContext:
        """Return the context of profile 3, by what is trusted now."""
        own = [ServerFiles(self.authority.server_file(kind)) for kind in ("ec", "rsa")]
        return station_context(own, self.authority.trusted(self.clock.now()))

    def presents(self, pem: str) -> None:
        """Have us present another certificate, with its key, from now on."""
        path = self.folder / "presented.pem"
        path.write_text(pem)
        roots = (None, self.authority.trusted(self.clock.now()))
        for served, trusted in zip(self.contexts, roots, strict=True):
            served._make = partial(station_context, [ServerFiles(path)], trusted)
            served.reload()

    def demand(self, least: int, *, accepts_expired: bool = False) -> None:
        """Demand a profile of the station."""
        door = StationSecurity(
            STATION, SecurityProfile(least), accepts_expired=accepts_expired
        )
        self.identities._doors[STATION] = door  # noqa: SLF001 - no database here

    async def refusal(self) -> str:
        """Return why the last peer was refused."""
        async with asyncio.timeout(5):
            while not self.street.rejections.refusals:
                await asyncio.sleep(0.005)
        return self.street.rejections.refusals[-1][2]


async def an_authority(folder: Path) -> BuiltIn:
    """Return an authority with our own certificates; its keys are made once."""
    made = Path(tempfile.gettempdir()) / f"csms-test-pki-{os.getpid()}"
    if not made.exists():
        authority = BuiltIn(made, Terms(CSO))
        for kind in ("ec", "rsa"):
            await authority.server_certificate(kind, real_now())
        atexit.register(shutil.rmtree, made, ignore_errors=True)
    shutil.copytree(made, folder / "pki")
    return BuiltIn(folder / "pki", Terms(CSO))


def a_book() -> StationBook:
    book = StationBook((), accept_simulated=True)
    make = Make("Example", "x", "1", SERIAL)
    book.put_station(Station(STATION, SiteId("site"), make=make))
    return book


@asynccontextmanager
async def tls_street(folder: Path) -> AsyncIterator[TlsStreet]:
    """Open a gateway with a port for each profile, with certificates of our own."""
    clock = ManualClock(real_now())
    authority = await an_authority(folder)
    issuers = Issuers()

    def nothing_kept() -> None:
        raise AssertionError("nothing is kept here")

    identities = Identities(
        clock,
        nothing_kept,  # type: ignore[arg-type]
        a_book(),
        X509Reader(),
        IdentityPolicy(frozenset({CSO}), refuse_unknown=True),
        revocation=issuers,
    )
    street = Street()
    around = TlsStreet(folder, street, authority, identities, issuers, clock)
    identities.doubted = lambda station, why: around.doubts.append((station, why))
    street.gateway = Gateway(
        Ports(
            street.handlers,
            street.doorkeeper,
            street.presence,
            street.frames,
            street.rejections,
            IdentityDoor(identities),
        ),
        QUICK,
    )
    own = [ServerFiles(authority.server_file(kind)) for kind in ("ec", "rsa")]
    for profile in (1, 2, 3):
        made: Contexts | None = None
        if profile > 1:
            roots = authority.trusted(clock.now()) if profile == 3 else None
            made = Contexts(
                lambda roots=roots: station_context(own, roots),  # type: ignore[misc]
                lambda: [each.certificate for each in own],
            )
            around.contexts.append(made)
        around.ports[profile] = await street.gateway.listen(
            Listening("127.0.0.1", 0, profile, made)
        )
    try:
        yield around
    finally:
        await street.gateway.stop()
