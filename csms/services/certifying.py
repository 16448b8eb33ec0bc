"""What operators do with certificates: look, issue, revoke, rotate, renew our own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from csms.clock import Clock, pause
from csms.domain.errors import Broken, Conflict, NotFound
from csms.domain.ids import StationId
from csms.domain.signing import (
    CertificateState,
    CertificateUse,
    IssuedCertificate,
    SigningRequest,
)
from csms.services.identities import Identities
from csms.services.ports.pki import (
    AuthorityAway,
    AuthorityShown,
    BuiltInAuthority,
    CertificateReader,
    Signed,
    SigningAuthority,
    SigningOrder,
    SigningRefused,
    UnreadableRequest,
)
from csms.services.ports.profiles import Incident
from csms.services.ports.security import Connections
from csms.services.ports.work import Begin
from csms.services.reception import UnknownStation
from csms.services.signing import issued_from
from csms.services.stations import StationBook

log = structlog.get_logger()

LISTS_LAST: Final = timedelta(days=1)
"""For so long, a list of what was revoked is served again, if nothing was since."""

SERVER_KINDS: Final = ("ec", "rsa")
INTERMEDIATE_LEFT: Final = timedelta(days=400)
"""An intermediate is followed by the next before it outlives what it signs."""


class UnknownCertificate(NotFound):
    """There is no such certificate."""

    code = "unknown-certificate"
    usual_remedy = "see csms certificates list"


class NotIssued(Conflict):
    """The authority has not signed it."""

    code = "not-issued"


@dataclass(frozen=True, slots=True)
class ServerTerms:
    """How our own certificates are kept fresh.

    Attributes:
        own: Whether the built-in authority makes them; else an operator brings them.
        left: A certificate of ours with less time left is renewed.
        every_s: Real seconds between two looks.
    """

    own: bool
    left: timedelta = timedelta(days=20)
    every_s: float = 30.0


@dataclass(slots=True)
class Certifying:
    """Issues, revokes and renews certificates.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: Knows the stations.
        reader: Reads certificates.
        authority: Signs for stations; perhaps an outside one.
        built_in: The built-in authority, used or not.
        identities: Refuses revoked certificates at the door.
        connections: Closes the sockets of those that wear one.
        terms: How our own certificates are kept fresh.
        reload: Has every listener use what is on disk now.
        changed: Has every listener do so that finds its files changed.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    reader: CertificateReader
    authority: SigningAuthority
    built_in: BuiltInAuthority
    identities: Identities
    connections: Connections
    terms: ServerTerms
    reload: Callable[[], None] = field(default=lambda: None)
    changed: Callable[[], None] = field(default=lambda: None)
    _lists: tuple[datetime, dict[str, bytes]] | None = None
    _said: str = ""

    async def list(
        self,
        *,
        station: StationId | None = None,
        use: CertificateUse | None = None,
        state: CertificateState | None = None,
    ) -> Sequence[IssuedCertificate]:
        """Return certificates that were issued, youngest first."""
        async with self.begin() as work:
            return await work.security.certificates(
                station=station, use=use, state=state
            )

    async def show(self, fingerprint: str) -> IssuedCertificate:
        """Return one certificate.

        Raises:
            UnknownCertificate: If there is none of this fingerprint.
        """
        async with self.begin() as work:
            found = await work.security.certificate(fingerprint.lower())
        if found is None:
            raise UnknownCertificate(f"there is no certificate {fingerprint}")
        return found

    async def requests(self, station: StationId | None) -> Sequence[SigningRequest]:
        """Return what stations asked to have signed, youngest first."""
        async with self.begin() as work:
            return await work.security.requests(station)

    def authorities(self) -> Sequence[AuthorityShown]:
        """Return every root and intermediate of the built-in authority."""
        return self.built_in.shown()

    async def rotate(
        self, hierarchy: str, use: CertificateUse, by: str
    ) -> AuthorityShown:
        """Make the next root or intermediate; what the former signed stays valid.

        Raises:
            Broken: If there is no such hierarchy.
        """
        now = self.clock.now()
        made = await self.built_in.rotate(hierarchy, use, now)
        said = {"generation": made.generation, "fingerprint": made.facts.fingerprint}
        async with self.begin() as work:
            await work.access.audit(
                by, f"authority.{use.value}_rotated", hierarchy, said, now
            )
        if self.terms.own and hierarchy in SERVER_KINDS:
            await self._renew_own(hierarchy)
        self._lists = None
        self.reload()
        return made

    async def issue(
        self, csr: str, use: CertificateUse, station: StationId, by: str
    ) -> IssuedCertificate:
        """Sign a request that somebody brings by hand, for a new station.

        Raises:
            UnknownStation: If no such station is in the registry.
            Broken: If the request is none, or is for somebody else.
            NotIssued: If the authority does not sign it at once.
        """
        if self.book.station(station) is None:
            raise UnknownStation(f"there is no station {station}")
        try:
            facts = self.reader.request(csr)
        except UnreadableRequest as error:
            raise Broken(str(error), field="csr", remedy="make a new request") from None
        if facts.common_name != station:
            raise Broken(
                f"it is for {facts.common_name or 'nobody'}, not for {station}",
                field="csr",
                remedy=f"give it the common name {station} (A00.FR.511)",
            )
        now = self.clock.now()
        owner = facts.organizations[0] if facts.organizations else ""
        order = SigningOrder(csr, use, station, owner)
        try:
            answer = await self.authority.sign(order, now)
        except (SigningRefused, AuthorityAway) as error:
            raise NotIssued(str(error)) from None
        if not isinstance(answer, Signed):
            raise NotIssued("the authority decides later", remedy="ask it yourself")
        read = issued_from(self.reader, answer.chain, use, self.authority.name)
        issued = replace(read, station=station, issued_at=now)
        async with self.begin() as work:
            await work.security.keep_certificate(issued)
            said = {"use": use.value, "fingerprint": issued.fingerprint}
            await work.access.audit(by, "certificate.issued", station, said, now)
        return issued

    async def revoke(self, fingerprint: str, reason: str, by: str) -> IssuedCertificate:
        """Take a certificate back: at the door from now on, and on the lists.

        Raises:
            UnknownCertificate: If there is none of this fingerprint.
        """
        found = await self.show(fingerprint)
        now = self.clock.now()
        async with self.begin() as work:
            await work.security.turn_certificate(
                found.fingerprint,
                CertificateState.REVOKED,
                reason=reason,
                revoked_at=now,
            )
            said = {"reason": reason, "station": found.station}
            await work.access.audit(
                by, "certificate.revoked", found.fingerprint, said, now
            )
        self._lists = None
        for station in self.identities.learn_revoked(found.fingerprint):
            self.connections.hang_up(station, "its certificate was revoked")
        return await self.show(fingerprint)

    async def revocation_list(self, name: str) -> bytes:
        """Return what one authority revoked, DER (RFC 5280).

        Raises:
            UnknownCertificate: If there is no such authority.
        """
        now = self.clock.now()
        if self._lists is None or now - self._lists[0] > LISTS_LAST:
            revoked = [
                (each.issuer, each.serial, each.revoked_at)
                for each in await self.list(state=CertificateState.REVOKED)
                if each.revoked_at is not None
            ]
            self._lists = now, await self.built_in.revocation_lists(revoked, now)
        found = self._lists[1].get(name)
        if found is None:
            raise UnknownCertificate(f"there is no authority {name}")
        return found

    def trusted(self) -> str:
        """Return every root of the built-in authority that is valid, in PEM."""
        return self.built_in.trusted(self.clock.now())

    async def reload_listeners(self, by: str) -> None:
        """Have every listener use the certificates on disk, and no restart.

        Raises:
            Broken: If they cannot be used; the former are still served.
        """
        self.reload()
        now = self.clock.now()
        async with self.begin() as work:
            await work.access.audit(by, "tls.reloaded", "listeners", {}, now)

    # Our own certificates

    async def ensure_own(self) -> None:
        """Make our own certificates, if it is on us and they are due."""
        if not self.terms.own:
            return
        now = self.clock.now()
        for kind in SERVER_KINDS:
            ends = self.built_in.server_ends(kind)
            if ends is None or ends - now < self.terms.left:
                await self._renew_own(kind)

    async def run(self) -> None:
        """Keep our own certificates and intermediates fresh, for ever."""
        while True:
            await pause(self.terms.every_s)
            await self.step()

    async def step(self) -> None:
        """Renew what is due, and have listeners use what changed on disk."""
        try:
            await self.ensure_own()
            await self._follow_intermediates()
            self.changed()
        except Broken as error:
            await self._tell("tls.not_reloaded", str(error))

    async def _follow_intermediates(self) -> None:
        newest = {
            each.hierarchy: each
            for each in self.built_in.shown()
            if each.use is CertificateUse.INTERMEDIATE
        }
        now = self.clock.now()
        for hierarchy, each in newest.items():
            if each.facts.not_after - now < INTERMEDIATE_LEFT:
                await self.rotate(hierarchy, CertificateUse.INTERMEDIATE, "system")

    async def _renew_own(self, kind: str) -> None:
        now = self.clock.now()
        signed = await self.built_in.server_certificate(kind, now)
        read = issued_from(
            self.reader, signed.chain, CertificateUse.SERVER, self.built_in.name
        )
        issued = replace(read, state=CertificateState.ACTIVE, issued_at=now)
        async with self.begin() as work:
            await work.security.keep_certificate(issued)
            said = {"kind": kind, "fingerprint": issued.fingerprint}
            await work.access.audit("system", "certificate.issued", "server", said, now)
        log.info("certificate.own_renewed", kind=kind, until=issued.not_after)

    async def _tell(self, kind: str, reason: str) -> None:
        """Tell once of what keeps listeners from their certificates."""
        if reason == self._said:
            return
        self._said = reason
        now = self.clock.now()
        async with self.begin() as work:
            detail = {"reason": reason}
            await work.profiles.note(
                Incident(now, "critical", kind, None, None, None, detail)
            )
        log.error(kind, reason=reason)
