"""What certificates stations hold, as they say, against what they should hold.

A root goes to a station only if it can serve there. A root of this system leaves a
station only if another one remains by which the station can still reach us.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from csms.clock import Clock
from csms.domain.certificate import CertificateHash, Installed, RootUse, TrustedRoot
from csms.domain.ids import StationId
from csms.domain.station import EDITION_201, Standing
from csms.services.asking import StationRejected
from csms.services.certificate_overview import CertificateOverview, overview_of
from csms.services.certificate_rules import CertificateRules, LastRoot, NotInstalled
from csms.services.ports.certificate_store import CertificateIntent, IntentStage
from csms.services.ports.certificates import CertificateWire
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.ports.work import Begin
from csms.services.reception import UnknownStation
from csms.services.stations import StationBook

log = structlog.get_logger()

NO_ANSWER, CALL_ERROR = "NoAnswer", "CallError"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of asking a station to install or delete a certificate.

    Attributes:
        done: Whether the station agreed.
        status: Its word; ``NoAnswer`` or ``CallError`` if there was none.
        info: Its reason; may be empty.
        verified: Whether its own report shows the change; none if it did not tell.
    """

    done: bool
    status: str
    info: str = ""
    verified: bool | None = None


@dataclass(frozen=True, slots=True)
class StationCertificates:
    """Installs, deletes and lists certificates of stations, one change at a time each.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        rules: Decides what may be sent.
        wire: Asks stations.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    rules: CertificateRules
    wire: CertificateWire
    _locks: dict[StationId, asyncio.Lock] = field(default_factory=dict)

    async def overview(self, station: StationId) -> CertificateOverview:
        """Return what is known of a station's certificates; nobody is asked.

        Raises:
            UnknownStation: If there is no such station.
        """
        self._edition(station)
        async with self.begin() as work:
            holding = await work.certificates.holding(station)
            intents = await work.certificates.intents(station)
            variables = await work.models.variables(station)
        return overview_of(
            station, holding, intents, variables, self.rules.trust, self.clock.now()
        )

    async def read(self, station: StationId, uses: Sequence[str] = ()) -> bool:
        """Ask a station what it holds, of some uses or all, and keep it (M03).

        Returns:
            Whether it holds any.

        Raises:
            UnknownStation: If there is no such station.
            NoAnswer: If it does not answer.
            RefusedByStation: If it answers by an error.
        """
        self._permitted(station)
        async with self._lock(station):
            return bool(await self._read(station, uses))

    async def install(
        self, station: StationId, use: RootUse, fingerprint: str, by: str
    ) -> Outcome:
        """Give a station a root of the trust store (M05), and look whether it is there.

        Raises:
            UnknownStation: If there is no such station.
            UnknownRoot: If the trust store has no such root.
            UnfitRoot: If it cannot serve as a root now.
            NotInEdition: If the station's edition has no such root.
            CertificateTooLong: If the station's edition cannot carry it.
            StationFull: If the station can hold no more.
            NoSuccessor: If the station takes it only from the root before it.
        """
        root = self.rules.trust.find(use, fingerprint)
        async with self._lock(station):
            await self._check(station, use, root.facts.pem)
            sent = self._intent(station, root, by, present=True)
            await self._keep(sent, IntentStage.SENT, "")
            try:
                reply = await self.wire.install(station, use, root.facts.pem)
            except (NoAnswer, RefusedByStation) as problem:
                return await self._unanswered(sent, problem, "certificate.install")
            stage = _STAGES.get(reply.status, IntentStage.FAILED)
            await self._keep(sent, stage, f"{reply.status} {reply.info}".strip())
            shown = await self._shows(sent) if reply.accepted else None
            if shown:
                await self._keep(sent, IntentStage.VERIFIED, reply.status)
            outcome = Outcome(reply.accepted, reply.status, reply.info, shown)
            await self._audit(sent, "certificate.install", outcome)
            return outcome

    async def ensure(
        self, station: StationId, use: RootUse, fingerprint: str, by: str
    ) -> Outcome:
        """Have a station hold a root: look first, give it only if it is not there.

        Raises what ``read`` and ``install`` raise, but for a station that refuses to
        say what it holds: it is given the root.
        """
        root = self.rules.trust.find(use, fingerprint)
        try:
            await self.read(station, [use.value])
        except RefusedByStation as problem:
            log.info("certificates.unread", station=station, why=str(problem))
        else:
            held = (await self.overview(station)).held
            if any(each.root == root for each in held):
                kept = self._intent(station, root, by, present=True)
                await self._keep(kept, IntentStage.VERIFIED, "")
                return Outcome(done=True, status="Accepted", verified=True)
        return await self.install(station, use, fingerprint, by)

    async def delete(self, station: StationId, key: str, by: str) -> Outcome:
        """Let a station forget a certificate, by the hashes that it reports (M04).

        The station is asked again first: what counts is what it holds now.

        Raises:
            UnknownStation: If there is no such station.
            NotInstalled: If it does not say that it holds it.
            LastRoot: If it could not reach us any more.
            NoAnswer: If it does not say what it holds.
            RefusedByStation: If it answers that by an error.
        """
        self._permitted(station)
        async with self._lock(station):
            held = await self._read(station, ())
            gone = next((each for each in held if each.key == key), None)
            if gone is None:
                raise NotInstalled(
                    f"{station} does not say that it holds {key}",
                    remedy="see what it holds: csms roots installed",
                )
            self.rules.check_last(station, gone, held)
            return await self._delete(station, gone, by)

    async def check_raw_install(
        self, station: StationId, use: RootUse, pem: str
    ) -> None:
        """Raise what ``install`` would, for a certificate that nobody keeps."""
        await self._check(station, use, pem)

    async def check_raw_delete(
        self, station: StationId, named: CertificateHash
    ) -> None:
        """Raise why a certificate must not be deleted by a command as it is.

        It must be named as the station names it (M04.FR.07): by another algorithm the
        last root could not be told from others.

        Raises:
            NotInstalled: If the station does not say that it holds it.
            LastRoot: If it could not reach us any more, or does not say what it holds.
        """
        self._permitted(station)
        try:
            async with self._lock(station):
                held = await self._read(station, ())
        except (NoAnswer, RefusedByStation) as problem:
            raise LastRoot(
                f"{station} does not say what it holds ({problem}), so that it may be "
                "its last root",
                remedy="try again once it answers",
            ) from problem
        gone = [each for each in held if each.hash.plain == named.plain]
        for each in gone:
            self.rules.check_last(station, each, held)
        if not gone:
            raise NotInstalled(
                f"{station} does not say that it holds {named.serial} by "
                f"{named.digest} (M04.FR.07)",
                field="certificateHashData",
                remedy="name it as the station does: csms roots installed --ask",
            )

    async def _check(self, station: StationId, use: RootUse, pem: str) -> None:
        edition = self._permitted(station)
        await self.rules.check_install(station, edition, use, pem)

    # -- steps -------------------------------------------------------------------

    async def _read(
        self, station: StationId, uses: Sequence[str]
    ) -> Sequence[Installed]:
        report = await self.wire.installed(station, uses)
        kept = [each for each in report.certificates if not uses or each.use in uses]
        now = self.clock.now()
        async with self.begin() as work:
            await work.certificates.save_holding(station, uses, kept, now)
        return kept

    async def _shows(self, intent: CertificateIntent) -> bool | None:
        """Tell whether the station's own report shows a root; none if it is silent."""
        try:
            held = await self._read(intent.station, [intent.use.value])
        except (NoAnswer, RefusedByStation) as problem:
            log.info("certificates.unread", station=intent.station, why=str(problem))
            return None
        found = [self.rules.trust.identify(each) for each in held]
        return any(each and each.fingerprint == intent.fingerprint for each in found)

    async def _delete(self, station: StationId, gone: Installed, by: str) -> Outcome:
        root, now = self.rules.trust.identify(gone), self.clock.now()
        intent = None
        if root is not None:
            intent = self._intent(station, root, by, present=False)
            await self._keep(intent, IntentStage.SENT, "")
        try:
            reply = await self.wire.delete(station, gone.hash)
        except (NoAnswer, RefusedByStation) as problem:
            if intent is not None:
                return await self._unanswered(intent, problem, "certificate.delete")
            return _no_outcome(problem)
        absent = reply.accepted or reply.status == "NotFound"
        if intent is not None:
            stage = IntentStage.ACCEPTED if absent else IntentStage.FAILED
            await self._keep(intent, stage, f"{reply.status} {reply.info}".strip())
        verified: bool | None = None
        if absent:
            verified = await self._is_gone(station, gone)
        if verified and intent is not None:
            await self._keep(intent, IntentStage.VERIFIED, reply.status)
        outcome = Outcome(absent, reply.status, reply.info, verified)
        async with self.begin() as work:
            said = _said(outcome) | {"use": gone.use, "serial": gone.hash.serial}
            await work.access.audit(by, "certificate.delete", station, said, now)
        return outcome

    async def _is_gone(self, station: StationId, gone: Installed) -> bool | None:
        try:
            held = await self._read(station, [gone.use])
        except (NoAnswer, RefusedByStation) as problem:
            log.info("certificates.unread", station=station, why=str(problem))
            return None
        return all(each.key != gone.key for each in held)

    async def _unanswered(
        self,
        intent: CertificateIntent,
        problem: NoAnswer | RefusedByStation,
        action: str,
    ) -> Outcome:
        outcome = _no_outcome(problem)
        refused = isinstance(problem, RefusedByStation)
        stage = IntentStage.FAILED if refused else IntentStage.UNKNOWN
        await self._keep(intent, stage, outcome.info)
        await self._audit(intent, action, outcome)
        return outcome

    def _intent(
        self, station: StationId, root: TrustedRoot, by: str, *, present: bool
    ) -> CertificateIntent:
        return CertificateIntent(
            station,
            root.use,
            root.fingerprint,
            present,
            IntentStage.SENT,
            "",
            by,
            self.clock.now(),
        )

    async def _keep(
        self, intent: CertificateIntent, stage: IntentStage, detail: str
    ) -> None:
        now = self.clock.now()
        kept = replace(intent, stage=stage, detail=detail, updated_at=now)
        async with self.begin() as work:
            await work.certificates.save_intent(kept)

    async def _audit(
        self, intent: CertificateIntent, action: str, outcome: Outcome
    ) -> None:
        said = _said(outcome) | {
            "use": intent.use.value,
            "fingerprint": intent.fingerprint,
        }
        async with self.begin() as work:
            await work.access.audit(
                intent.by, action, intent.station, said, self.clock.now()
            )

    def _permitted(self, station: StationId) -> str:
        edition = self._edition(station)
        known = self.book.station(station)
        if known is not None and known.standing is Standing.REJECTED:
            raise StationRejected
        return edition

    def _edition(self, station: StationId) -> str:
        known = self.book.station(station)
        if known is None:
            raise UnknownStation(f"there is no station {station}")
        return known.edition or EDITION_201

    def _lock(self, station: StationId) -> asyncio.Lock:
        return self._locks.setdefault(station, asyncio.Lock())


_STAGES = {
    "Accepted": IntentStage.ACCEPTED,
    "Rejected": IntentStage.REJECTED,
    "Failed": IntentStage.FAILED,
}


def _no_outcome(problem: NoAnswer | RefusedByStation) -> Outcome:
    status = CALL_ERROR if isinstance(problem, RefusedByStation) else NO_ANSWER
    return Outcome(done=False, status=status, info=str(problem))


def _said(outcome: Outcome) -> dict[str, object]:
    return {
        "status": outcome.status,
        "info": outcome.info,
        "verified": outcome.verified,
    }
