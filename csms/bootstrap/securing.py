"""Security, wired: the authority, the doors with TLS, and the services of block A."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from ssl import SSLContext
from typing import Protocol, runtime_checkable

from websockets.frames import CloseCode

from csms.blocks.remote_control import StationRemote
from csms.blocks.security import Security, StationSecurity
from csms.blocks.security_guard import SecurityGuard
from csms.blocks.translating import FindLink
from csms.bootstrap.authorities import (
    built_in_of,
    given_files,
    outside_of,
    place_of,
)
from csms.domain.errors import Broken
from csms.domain.ids import StationId
from csms.domain.security import SecurityProfile
from csms.gateway.ports import Admission, Vetted
from csms.gateway.server import Listening
from csms.pki.authority import BuiltIn
from csms.pki.reading import X509Reader
from csms.pki.tls import (
    BadTlsFiles,
    Contexts,
    ServerFiles,
    station_context,
    web_context,
)
from csms.services import doorkeeping
from csms.services.aftermath import Aftermath
from csms.services.certifying import SERVER_KINDS, Certifying, ServerTerms
from csms.services.denials import DenialTrail
from csms.services.doorkeeping import Doorkeeper, Passwords
from csms.services.identities import Identities, IdentityPolicy
from csms.services.journal import Journal
from csms.services.ports.pki import (
    RevocationCheck,
)
from csms.services.renewal import Renewal, RenewalPolicy
from csms.services.rotation import PasswordRotations, RotationPolicy
from csms.services.security import SecurityDesk
from csms.services.security_events import SecurityEvents
from csms.services.security_remedies import SecurityRemedies
from csms.services.signing import Signing, SigningPolicy
from csms.services.station_certificates import Outcome
from csms.services.upgrade_steps import Ways, WaysWire
from csms.services.upgrading import UpgradePolicy, Upgrades
from csms.services.world import World
from csms.settings import Settings


@runtime_checkable
class Closable(Protocol):
    """A way to a station that can be closed."""

    def close(self, code: int, reason: str) -> None:
        """Close the socket."""
        ...


@dataclass(frozen=True, slots=True)
class Sockets:
    """The port ``Connections`` of the services.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    def is_connected(self, station: StationId) -> bool:
        """Tell whether a station has a socket here."""
        return self.link(station) is not None

    def hang_up(self, station: StationId, reason: str) -> None:
        """Close a station's socket, so that it comes in anew."""
        found: object = self.link(station)
        if isinstance(found, Closable):
            found.close(CloseCode.SERVICE_RESTART, reason)


@dataclass(frozen=True, slots=True)
class CertifiedSerials:
    """Holds the serial number at boot against the certificate (B01.FR.11, .12)."""

    identities: Identities
    sockets: Sockets

    def expose(self, station: StationId, serial: str) -> bool:
        """Tell whether it is another one, and close the connection if so."""
        if not self.identities.contradicts(station, serial):
            return False
        reason = "its serial number is not that of its certificate"
        self.identities.doubted(station, reason)
        self.sockets.hang_up(station, reason)
        return True


@dataclass(frozen=True, slots=True)
class IdentityDoor:
    """The services' identities, in the gateway's words."""

    identities: Identities

    def demanded(self, station: StationId) -> int:
        """Return the least security profile that the station may come in with."""
        return int(self.identities.demanded(station))

    async def vet(self, station: StationId, chain: tuple[bytes, ...]) -> Vetted:
        """Return whether a certificate lets the station in."""
        said = await self.identities.vet(station, chain)
        match said.admission:
            case doorkeeping.Admission.ADMITTED:
                return Vetted(Admission.ADMITTED)
            case doorkeeping.Admission.UNKNOWN_STATION:
                return Vetted(Admission.UNKNOWN_STATION)
            case _:
                return Vetted(Admission.BAD_CERTIFICATE, said.reason)

    def entered(
        self, station: StationId, profile: int, chain: tuple[bytes, ...]
    ) -> None:
        """Take note of how a station came in."""
        self.identities.entered(station, profile, chain)


@dataclass(frozen=True, slots=True)
class Secured:
    """Block A, wired.

    Attributes:
        desk: Its services.
        block: What answers stations.
        guard: Holds raw commands against the rules.
        built_in: The built-in authority.
        settings: What an operator set.
    """

    desk: SecurityDesk
    block: Security
    guard: SecurityGuard
    built_in: BuiltIn
    settings: Settings

    async def load(self) -> None:
        """Learn what is demanded of whom; say of broken-off changes that they are."""
        await self.desk.identities.load()
        await self.desk.passwords.start()

    def workers(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Return what runs for as long as the node does."""
        desk = self.desk
        return {
            "identities": desk.identities.run,
            "passwords": desk.passwords.run,
            "security upgrades": desk.upgrades.run,
            "signing": desk.signing.run,
            "renewal": desk.renewal.run,
            "certificates": desk.certificates.run,
            "security events": desk.events.run,
            "security remedies": desk.remedies.run,
            "denials": desk.denials.run,
        }

    async def listenings(self) -> tuple[Sequence[Listening], Contexts | None]:
        """Return every port for stations, and the context of the HTTP port.

        Raises:
            Broken: If certificates or keys cannot be used.
        """
        settings, desk = self.settings, self.desk
        if settings.uses_tls:
            await desk.certificates.ensure_own()
        try:
            contexts, listenings = self._contexts()
            web = self._web()
        except BadTlsFiles as error:
            raise Broken(
                f"TLS cannot be served: {error}", remedy="see `csms doctor`"
            ) from None
        every = [*contexts, *([web] if web else [])]
        desk.certificates.reload = lambda: _each(every, Contexts.reload)
        desk.certificates.changed = lambda: _each(every, Contexts.reload_if_changed)
        return listenings, web

    def _contexts(self) -> tuple[list[Contexts], list[Listening]]:
        settings = self.settings
        contexts: list[Contexts] = []
        listenings: list[Listening] = []
        if settings.ocpp_plain:
            listenings.append(Listening(settings.ocpp_host, settings.ocpp_port))
        for profile, port in (
            (SecurityProfile.TLS, settings.ocpp_tls_port),
            (SecurityProfile.MUTUAL, settings.ocpp_mtls_port),
        ):
            if port is not None:
                made = self._context_of(mutual=profile is SecurityProfile.MUTUAL)
                contexts.append(made)
                listenings.append(
                    Listening(settings.ocpp_tls_host, port, int(profile), made)
                )
        return contexts, listenings

    def _context_of(self, *, mutual: bool) -> Contexts:
        def make() -> SSLContext:
            return station_context(self._own(), self._roots() if mutual else None)

        def files() -> Sequence[Path]:
            paths = [path for each in self._own() for path in each.paths]
            if mutual and self.settings.station_ca is not None:
                paths.append(self.settings.station_ca)
            return paths

        return Contexts(make, files)

    def _web(self) -> Contexts | None:
        settings = self.settings
        if settings.http_tls_cert is None:
            return None
        files = ServerFiles(settings.http_tls_cert, settings.http_tls_key)
        served = web_context(files)

        def again() -> SSLContext:
            """Load new files into the context that is served, once they are proven."""
            web_context(files)
            served.load_cert_chain(files.certificate, files.key)
            return served

        return Contexts(again, lambda: files.paths)

    def _own(self) -> Sequence[ServerFiles]:
        if self.desk.certificates.terms.own:
            return [
                ServerFiles(self.built_in.server_file(each)) for each in SERVER_KINDS
            ]
        return given_files(self.settings)

    def _roots(self) -> str:
        """Return whom stations' certificates may lead to."""
        now = self.desk.certificates.clock.now()
        self.built_in.ensure(SERVER_KINDS, now)
        given = self.settings.station_ca
        try:
            return self.built_in.trusted(now) + (given.read_text() if given else "")
        except OSError as error:
            raise BadTlsFiles(f"{given}: {error}") from None


def secure(  # noqa: PLR0913 - it stands between all of these
    settings: Settings,
    world: World,
    doorkeeper: Doorkeeper,
    passwords: Passwords,
    journal: Journal,
    link: FindLink,
    *,
    models: WaysWire,
    aftermath: Aftermath,
    roots: Callable[[StationId, str], Awaitable[Sequence[Outcome]]],
    is_busy: Callable[[StationId], bool],
    revocation: RevocationCheck | None = None,
) -> Secured:
    """Return block A, wired; nothing runs yet."""
    clock, begin, book = world.clock, world.begin, world.book
    sockets, wire, remote = Sockets(link), StationSecurity(link), StationRemote(link)
    reader, built_in = X509Reader(), built_in_of(settings)
    authority = outside_of(settings) or built_in
    events = SecurityEvents(clock, begin)
    identities = Identities(
        clock,
        begin,
        book,
        reader,
        IdentityPolicy(settings.organizations, settings.refuse_unknown_revocation),
        revocation=revocation,
        ours=built_in.intermediates,
    )
    identities.doubted = lambda station, reason: events.noticed(
        station, "InvalidChargingStationCertificate", reason
    )
    rotations = PasswordRotations(
        clock, begin, book, doorkeeper, passwords, models, sockets,
        policy=RotationPolicy(
            strict=settings.password_strict,
            max_age=timedelta(days=settings.password_days) or None,
        ),
        is_busy=is_busy,
    )  # fmt: skip
    doorkeeper.confirming = rotations
    signing = Signing(
        clock, begin, book, reader, authority, wire, sockets,
        SigningPolicy(settings.cso_name, settings.organizations),
    )  # fmt: skip
    before = timedelta(days=settings.certificate_renewal_days)
    renewal = Renewal(
        clock, begin, remote, models, sockets,
        RenewalPolicy(before, organization=settings.cso_name),
    )  # fmt: skip
    ways = Ways(
        models, aftermath, remote, renewal, sockets,
        place=lambda profile: place_of(settings, profile),
        roots=roots,
        password=rotations.offer,
    )  # fmt: skip
    upgrades = Upgrades(clock, begin, book, identities, ways, UpgradePolicy())
    identities.listen(upgrades.entered)
    identities.listen(renewal.entered)
    identities.listen(lambda station, _profile, _worn: signing.entered(station))
    remedies = SecurityRemedies(clock, begin, renewal, roots, sockets)
    events.told = remedies.told
    own = settings.uses_tls and not given_files(settings)
    certificates = Certifying(
        clock, begin, book, reader, authority, built_in, identities, sockets,
        ServerTerms(own, timedelta(days=settings.server_certificate_days) / 3),
    )  # fmt: skip
    desk = SecurityDesk(
        identities, rotations, upgrades, signing, renewal, certificates, events,
        remedies, DenialTrail(clock, begin),
    )  # fmt: skip
    block = Security(events, signing, journal, clock)
    return Secured(desk, block, SecurityGuard(identities), built_in, settings)


def _each(contexts: Sequence[Contexts], do: Callable[[Contexts], object]) -> None:
    try:
        for each in contexts:
            do(each)
    except BadTlsFiles as error:
        raise Broken(
            f"the former certificates are still served: {error}",
            remedy="mend the files, then reload",
        ) from None
