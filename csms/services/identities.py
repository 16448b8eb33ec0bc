"""How safely each station must come in, and whether its certificate is its own."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from csms.clock import Clock
from csms.domain.ids import StationId
from csms.domain.security import SecurityProfile, StationSecurity
from csms.domain.station import Station
from csms.services.alarm import Alarm
from csms.services.doorkeeping import Admission
from csms.services.ports.pki import (
    CertificateFacts,
    CertificateReader,
    Revocation,
    RevocationCheck,
)
from csms.services.ports.work import Begin, Work
from csms.services.reception import UnknownStation
from csms.services.stations import StationBook

log = structlog.get_logger()

CHECK_S: Final = 5.0
"""Real seconds that a question about revocation may take."""

IDLE_S: Final = 60.0

Entered = Callable[[StationId, SecurityProfile, str], Awaitable[None]]
"""Told that a station came in, by which profile, and with which certificate."""


@dataclass(frozen=True, slots=True)
class Vetted:
    """What came of looking at a station's certificate.

    Attributes:
        admission: Whether the station may come in.
        reason: Why not; empty if it may.
    """

    admission: Admission
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IdentityPolicy:
    """Which certificates are believed.

    Attributes:
        organizations: Whose certificates: the operator's name, and of those that it
            trusts, such as makers (A00.FR.404).
        refuse_unknown: Whether a certificate is refused if nobody can tell whether it
            was revoked.
    """

    organizations: frozenset[str]
    refuse_unknown: bool = False


class Identities:
    """Judges stations at the door by security profile and certificate.

    What it needs to judge is in memory; who came in how is written down afterwards.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: Knows the stations and their serial numbers.
        reader: Reads certificates.
        policy: Which certificates are believed.
        revocation: Asks issuers whether they took a certificate back, if anyone can.
        ours: Returns the fingerprints of our own intermediates: what they signed, and
            whether it was revoked, is known here.
    """

    def __init__(  # noqa: PLR0913 - it stands between all of these
        self,
        clock: Clock,
        begin: Begin,
        book: StationBook,
        reader: CertificateReader,
        policy: IdentityPolicy,
        *,
        revocation: RevocationCheck | None = None,
        ours: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._book = book
        self._reader = reader
        self._policy = policy
        self._revocation = revocation
        self._ours = ours
        self._doors: dict[StationId, StationSecurity] = {}
        self._revoked: set[str] = set()
        self._worn: dict[StationId, str] = {}
        self._names: dict[StationId, str] = {}
        self._expired: set[StationId] = set()
        self._profiles: dict[StationId, SecurityProfile] = {}
        self._came: deque[tuple[StationId, SecurityProfile, str]] = deque()
        self._news = Alarm()
        self._listeners: list[Entered] = []
        self.doubted: Callable[[StationId, str], None] = _nobody

    async def load(self) -> None:
        """Learn what is demanded of whom, and which certificates were revoked."""
        async with self._begin() as work:
            self._doors = {each.station: each for each in await work.security.doors()}
            issued = await work.security.certificates()
        self._revoked = {each.fingerprint for each in issued if each.revoked_at}

    def listen(self, listener: Entered) -> None:
        """Tell somebody of every station that comes in, after it was written down."""
        self._listeners.append(listener)

    def door(self, station: StationId) -> StationSecurity:
        """Return what is demanded of a station."""
        return self._doors.get(station) or StationSecurity(station)

    def demanded(self, station: StationId) -> SecurityProfile:
        """Return the least profile that a station may come in with (A05.FR.07)."""
        known = self._doors.get(station)
        return SecurityProfile.BASIC if known is None else known.least

    def came_by(self, station: StationId) -> SecurityProfile | None:
        """Return what a station last came in with, here; None if it has not come."""
        return self._profiles.get(station)

    def certificate_of(self, station: StationId) -> str | None:
        """Return the fingerprint of the certificate that a station came in with."""
        return self._worn.get(station)

    def is_expired(self, station: StationId) -> bool:
        """Tell whether a station came in with an expired certificate (A00.FR.429)."""
        return station in self._expired

    def contradicts(self, station: StationId, serial: str) -> bool:
        """Tell whether its certificate is of another serial number (B01.FR.11).

        A certificate that names the station by its identity says nothing of serials.
        """
        name = self._names.get(station)
        return name is not None and name not in {station, serial}

    # At the door

    async def vet(self, station: StationId, chain: Sequence[bytes]) -> Vetted:
        """Judge a certificate that leads to a trusted root (A00.FR.403 to .405)."""
        known = self._book.station(station)
        if known is None:
            return Vetted(Admission.UNKNOWN_STATION)
        try:
            facts = [self._reader.certificate(each) for each in chain]
        except ValueError:
            facts = []
        if not facts:
            return self._doubt(station, "there is no certificate that can be read")
        if flaw := self._flaw(known, facts) or await self._taken_back(chain, facts):
            return self._doubt(station, flaw)
        self._expired.discard(station)
        if facts[0].not_after < self._clock.now():
            self._expired.add(station)
            log.warning("station.expired_certificate", station=station)
        return Vetted(Admission.ADMITTED)

    def entered(self, station: StationId, profile: int, chain: Sequence[bytes]) -> None:
        """Take note of how a station came in; written down soon."""
        leaf = self._reader.certificate(chain[0]) if chain else None
        fingerprint = "" if leaf is None else leaf.fingerprint
        if leaf is None:
            self._worn.pop(station, None)
            self._names.pop(station, None)
        else:
            self._worn[station], self._names[station] = fingerprint, leaf.common_name
        self._profiles[station] = SecurityProfile(profile)
        self._came.append((station, SecurityProfile(profile), fingerprint))
        self._news.ring()

    async def run(self) -> None:
        """Write down who came in how, and tell who wants to know, for ever."""
        while True:
            await self._news.wait(IDLE_S)
            await self.flush()

    async def flush(self) -> None:
        """Write down who came in how, and tell who wants to know."""
        came, self._came = list(self._came), deque()
        now = self._clock.now()
        fresh = [each for each in came if self._is_news(*each)]
        try:
            if fresh:
                async with self._begin() as work:
                    for station, profile, fingerprint in fresh:
                        await self._write(work, station, profile, fingerprint, now)
        except Exception:
            self._came.extendleft(reversed(came))
            raise
        for station, profile, fingerprint in came:
            door = self.door(station)
            self._doors[station] = replace(door, last_profile=profile, last_at=now)
            for listener in self._listeners:
                await listener(station, profile, fingerprint)

    # What an operator may change

    async def demand(
        self, station: StationId, least: SecurityProfile, by: str
    ) -> StationSecurity:
        """Demand a profile of a station from its next connection on.

        This is the one way to lower it again, and no station can take it (A00.FR.005).
        """
        return await self._change(station, by, "security.demanded", least=least)

    async def accept_expired(
        self, station: StationId, by: str, *, accepts: bool
    ) -> StationSecurity:
        """Let a station in with an expired certificate, or no more (A00.FR.429)."""
        return await self._change(
            station, by, "security.expired_accepted", accepts_expired=accepts
        )

    def learn_revoked(self, fingerprint: str) -> list[StationId]:
        """Refuse a certificate from now on; return who came in with it."""
        self._revoked.add(fingerprint)
        return [each for each, worn in self._worn.items() if worn == fingerprint]

    # The judgement

    def _flaw(self, station: Station, chain: Sequence[CertificateFacts]) -> str:
        """Return what is wrong with a certificate; an empty text if nothing is."""
        leaf, now = chain[0], self._clock.now()
        serial = "" if station.make is None else station.make.serial
        if leaf.common_name not in {station.id, serial} - {""}:
            return (
                f"its certificate is of {leaf.common_name or 'nobody'}, not of this "
                "station (A00.FR.405)"
            )
        if not self._policy.organizations.intersection(leaf.organizations):
            whose = ", ".join(leaf.organizations) or "nobody"
            return f"its certificate is owned by {whose} (A00.FR.404)"
        if any(each.fingerprint in self._revoked for each in chain):
            return "its certificate was revoked"
        for each in chain:
            if now < each.not_before:
                return f"its certificate is not valid before {each.not_before:%F %T}"
            if now > each.not_after and not self._pardons(station.id, each, leaf):
                return f"its certificate expired on {each.not_after:%F %T} (A00.FR.407)"
        return ""

    def _pardons(
        self, station: StationId, each: CertificateFacts, leaf: CertificateFacts
    ) -> bool:
        return each is leaf and self.door(station).accepts_expired

    async def _taken_back(
        self, chain: Sequence[bytes], facts: Sequence[CertificateFacts]
    ) -> str:
        """Return what the issuer says against a certificate (A00.FR.702, .705)."""
        ours = len(facts) > 1 and facts[1].fingerprint in self._ours()
        if self._revocation is None or ours:
            return ""
        try:
            async with asyncio.timeout(CHECK_S):
                said = await self._revocation.status(chain)
        except Exception as error:  # noqa: BLE001 - whatever keeps us from knowing
            log.warning("revocation.unknown", error=repr(error)[:200])
            said = Revocation.UNKNOWN
        if said is Revocation.REVOKED:
            return "its certificate was revoked by its issuer"
        if said is Revocation.UNKNOWN and self._policy.refuse_unknown:
            return "nobody can tell whether its certificate was revoked"
        return ""

    def _doubt(self, station: StationId, reason: str) -> Vetted:
        self.doubted(station, reason)
        return Vetted(Admission.BAD_CERTIFICATE, reason)

    # What is kept

    def _is_news(
        self, station: StationId, profile: SecurityProfile, fingerprint: str
    ) -> bool:
        known = self._doors.get(station)
        if known is None:
            return profile is not SecurityProfile.BASIC
        return known.last_profile is not profile or bool(fingerprint)

    async def _write(
        self,
        work: Work,
        station: StationId,
        profile: SecurityProfile,
        fingerprint: str,
        now: datetime,
    ) -> None:
        if self._book.station(station) is None:
            return
        await work.security.entered(station, profile, now)
        if fingerprint and await work.security.activate(fingerprint):
            log.info("certificate.active", station=station, fingerprint=fingerprint)

    async def _change(
        self, station: StationId, by: str, action: str, **changes: object
    ) -> StationSecurity:
        if self._book.station(station) is None:
            raise UnknownStation(f"there is no station {station}")
        now = self._clock.now()
        async with self._begin() as work:
            kept = {each.station: each for each in await work.security.doors()}
            before = kept.get(station) or StationSecurity(station)
            after = replace(before, **changes)  # type: ignore[arg-type]
            await work.security.save_door(after)
            said = {name: _plain(value) for name, value in changes.items()}
            await work.access.audit(by, action, station, said, now)
        self._doors[station] = after
        return after


def _plain(value: object) -> object:
    return int(value) if isinstance(value, SecurityProfile) else value


def _nobody(station: StationId, reason: str) -> None:
    """Tell nobody of a doubtful certificate."""
    del station, reason
