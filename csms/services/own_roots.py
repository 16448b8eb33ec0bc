"""Our own roots: in the trust store and in every station, without anybody's hands.

Where the built-in authority makes the certificates that we present, its roots enter the
trust store, go to every station over the line that it has (M05), and are changed for
their successors everywhere; only then the former ones go.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from csms.clock import Clock
from csms.domain.certificate import RootUse, TrustedRoot
from csms.domain.errors import DomainError
from csms.domain.ids import StationId
from csms.domain.station import Standing
from csms.services.alarm import Alarm
from csms.services.ports.certificate_store import (
    OPEN_STAGES,
    CertificateIntent,
    IntentStage,
    Rotation,
    RotationStage,
)
from csms.services.ports.pki import AuthorityShown
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.ports.work import Begin
from csms.services.root_rotation import RootRotations
from csms.services.roots import AlreadyTrusted, UnfitRoot
from csms.services.station_certificates import NO_ANSWER, Outcome, StationCertificates

log = structlog.get_logger()

EVERY_REAL_S: Final = 30.0
SOON: Final = timedelta(minutes=10)
"""Before a station is tried again that did not answer."""

AGAIN: Final = timedelta(days=1)
"""Before a station is tried again that did not take a root."""

SYSTEM: Final = "system"
_THERE = (IntentStage.ACCEPTED, IntentStage.VERIFIED)


@dataclass(frozen=True, slots=True)
class OwnRoots:
    """Keeps stations able to believe our certificate.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        stations: Looks what stations hold, and gives them roots.
        rotations: Changes a root for the next.
        made: Returns every root that the built-in authority made for the certificates
            that we present, the newest of a hierarchy last; none if they are others'.
        wake: Wakes the worker.
    """

    clock: Clock
    begin: Begin
    stations: StationCertificates
    rotations: RootRotations
    made: Callable[[], Sequence[AuthorityShown]]
    wake: Alarm
    _next: dict[tuple[StationId, str], datetime] = field(default_factory=dict)

    async def give(self, station: StationId, by: str) -> Sequence[Outcome]:
        """Have a station hold every root that our certificates lead to.

        Those of others' certificates are known if they are in the trust store.

        Raises:
            NoAnswer: If it does not say what it holds.
            DomainError: If a root must not go to it.
        """
        wanted = self._presented() if self.made() == () else await self._newest()
        return [await self._ensure(station, each, by) for each in wanted]

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self.step()
            await self.wake.wait(EVERY_REAL_S)

    async def step(self) -> None:
        """Trust what is new, give it to stations, and let it follow the former."""
        newest = await self._newest()
        if not newest:
            return
        rotations = await self.rotations.list()
        for each in newest:
            await self._follow(each, rotations)
        await self._spread(newest)

    async def _newest(self) -> Sequence[TrustedRoot]:
        """Trust every root of ours; return the newest of each hierarchy."""
        trust, newest = self.stations.rules.trust, dict[str, TrustedRoot]()
        known = {each.fingerprint: each for each in trust.roots if _is_csms(each)}
        for made in self.made():
            root = known.get(made.facts.fingerprint)
            if root is None:
                try:
                    root = await trust.add(RootUse.CSMS, made.pem, SYSTEM)
                except UnfitRoot:
                    continue
                except AlreadyTrusted:
                    await trust.load()
                    root = trust.find(RootUse.CSMS, made.facts.fingerprint)
            newest[made.hierarchy] = root
        return list(newest.values())

    def _presented(self) -> Sequence[TrustedRoot]:
        rules = self.stations.rules
        serving = rules.serving.serving() or frozenset()
        return [
            each
            for each in rules.trust.roots
            if _is_csms(each)
            and each.fingerprint in serving
            and each.replaced_by is None
        ]

    # -- the next root -----------------------------------------------------------

    async def _follow(self, newest: TrustedRoot, rotations: Sequence[Rotation]) -> None:
        """Change the former roots for the newest; one change at a time.

        A change that an operator ended is not begun again.
        """
        for each in rotations:
            if each.new == newest.fingerprint and each.stage is RotationStage.READY:
                await self.rotations.switch(each.id, SYSTEM)
        former = self._former(newest)
        begun = {(each.old, each.new) for each in rotations}
        for old in former:
            if (old.fingerprint, newest.fingerprint) in begun:
                continue
            holders = await self._holders(old)
            if not holders:
                await self._replace(old, newest)
            elif not any(_is_open(each) for each in rotations):
                await self.rotations.start(
                    RootUse.CSMS, old.fingerprint, newest.fingerprint, SYSTEM, holders
                )
                return

    def _former(self, newest: TrustedRoot) -> Sequence[TrustedRoot]:
        made = {each.facts.fingerprint: each for each in self.made()}
        mine = made[newest.fingerprint]
        return [
            each
            for each in self.stations.rules.trust.roots
            if _is_csms(each)
            and each.replaced_by is None
            and each != newest
            and (one := made.get(each.fingerprint)) is not None
            and one.hierarchy == mine.hierarchy
        ]

    async def _holders(self, root: TrustedRoot) -> Sequence[StationId]:
        """Return the stations that should hold a root, or say that they do."""
        trust = self.stations.rules.trust
        async with self.begin() as work:
            should = await work.certificates.intents_of(root.use, root.fingerprint)
            held = await work.certificates.holdings()
        do = {station for station, each in held if trust.identify(each) == root}
        return sorted(
            each for each in do | set(should) if self.stations.book.station(each)
        )

    async def _replace(self, old: TrustedRoot, newest: TrustedRoot) -> None:
        async with self.begin() as work:
            await work.certificates.replace_root(
                RootUse.CSMS, old.fingerprint, newest.fingerprint
            )
        await self.stations.rules.trust.load()

    # -- every station -----------------------------------------------------------

    async def _spread(self, newest: Sequence[TrustedRoot]) -> None:
        """Give roots to stations that lack them."""
        async with self.begin() as work:
            intents = {
                (each.station, each.fingerprint): each
                for each in await work.certificates.intents()
                if each.use is RootUse.CSMS
            }
        for station in (each.id for each in self.stations.book.stations()):
            for root in newest:
                if self._is_due(station, root, intents):
                    await self._try(station, root)

    def _is_due(
        self,
        station: StationId,
        root: TrustedRoot,
        intents: Mapping[tuple[StationId, str], CertificateIntent],
    ) -> bool:
        book, now = self.stations.book, self.clock.now()
        known, key = book.station(station), (station, root.fingerprint)
        if known is None or known.standing is not Standing.ACCEPTED:
            return False
        if not book.is_online(station) or now < self._next.get(key, now):
            return False
        intent = intents.get(key)
        if intent is None:
            return True
        if not intent.present or intent.stage in _THERE:
            return False
        refused = intent.stage in {IntentStage.REJECTED, IntentStage.FAILED}
        return now >= intent.updated_at + (AGAIN if refused else SOON)

    async def _try(self, station: StationId, root: TrustedRoot) -> None:
        wait = AGAIN
        try:
            outcome = await self._ensure(station, root, SYSTEM)
        except NoAnswer as problem:
            why, wait = str(problem), SOON
        except (RefusedByStation, DomainError) as problem:
            why = str(problem)
        else:
            if outcome.done:
                return
            why = f"{outcome.status} {outcome.info}".strip()
            wait = SOON if outcome.status == NO_ANSWER else AGAIN
        self._next[station, root.fingerprint] = self.clock.now() + wait
        log.info("root.not_given", station=station, why=why)

    async def _ensure(self, station: StationId, root: TrustedRoot, by: str) -> Outcome:
        return await self.stations.ensure(station, root.use, root.fingerprint, by)


def _is_csms(root: TrustedRoot) -> bool:
    return root.use is RootUse.CSMS


def _is_open(rotation: Rotation) -> bool:
    return rotation.use is RootUse.CSMS and rotation.stage in OPEN_STAGES
