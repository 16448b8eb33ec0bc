"""What stations and local controllers say of firmware, in the order that it comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from csms.clock import Clock
from csms.domain.firmware import (
    ENDS,
    FirmwareUpdate,
    Fit,
    Step,
    UpdateState,
    moved,
    progressed,
)
from csms.domain.ids import StationId
from csms.domain.publication import PublishState, published
from csms.domain.station import StationNotice
from csms.services.alarm import Alarm
from csms.services.journal import Journal
from csms.services.ports.firmware import PUBLICATION, UPDATE
from csms.services.ports.profiles import Incident
from csms.services.ports.wire import DeviationSeen
from csms.services.ports.work import Begin, Work
from csms.services.updating import Updater

log = structlog.get_logger()

SEVERITY_NOTICE = 5
IDLE = "idle"
UPDATE_ACTION = "FirmwareStatusNotification"
PUBLISH_ACTION = "PublishFirmwareStatusNotification"

_ODD: Mapping[Fit, str] = {
    Fit.OUT_OF_ORDER: "firmware-out-of-order",
    Fit.AFTER_END: "firmware-after-end",
}


@dataclass(frozen=True, slots=True)
class FirmwareWord:
    """What was said of an update or a publication.

    Attributes:
        said: The state's word; ``idle`` if nothing is under way.
        request_id: Of which one; none if it was not said.
        info: The reason; may be empty.
        locations: Where a published file is offered.
    """

    said: str
    request_id: int | None
    info: str = ""
    locations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirmwareReports:
    """Keeps what is said, before it is acknowledged.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        journal: Where departures and words without an update are noted.
        updater: Tells whom it concerns that an update has ended.
        wake: Wakes whoever takes the next steps.
    """

    clock: Clock
    begin: Begin
    journal: Journal
    updater: Updater
    wake: Alarm

    async def update_said(self, station: StationId, word: FirmwareWord) -> None:
        """Keep how far an update has come (L01, L02)."""
        now = self.clock.now()
        async with self.begin() as work:
            update = await self._update(work, station, word)
            if update is None:
                if word.said != IDLE:
                    self._stray(station, UPDATE_ACTION, word, now)
                return
            if word.said == IDLE:
                await self._idle(work, update, now)
                return
            await self._progress(work, update, word, now)
        self.wake.ring()

    async def publication_said(self, station: StationId, word: FirmwareWord) -> None:
        """Keep how far the publishing of a firmware has come (L03)."""
        now = self.clock.now()
        async with self.begin() as work:
            found = None
            if word.request_id is not None:
                found = await work.firmware.hold_publication(word.request_id)
            elif mine := await work.firmware.publications(station):
                found = await work.firmware.hold_publication(mine[0].request_id)
            if found is None or found.station != station:
                if word.said != IDLE:
                    self._stray(station, PUBLISH_ACTION, word, now)
                return
            said = PublishState(word.said)
            after, fit = published(found, said, now, word.locations, word.info)
            await work.firmware.save_publication(after)
            await work.firmware.add_step(
                PUBLICATION,
                found.request_id,
                Step(now, word.said, fit, word.info or ", ".join(word.locations)),
            )
            if after.state is not found.state and after.state in _UNPUBLISHED:
                body = {"request": found.request_id, "image": found.image}
                await work.profiles.note(
                    Incident(
                        now, "warning", f"firmware_{said}", station, None, None, body
                    )
                )
        self._odd(station, PUBLISH_ACTION, fit, word)

    async def _update(
        self, work: Work, station: StationId, word: FirmwareWord
    ) -> FirmwareUpdate | None:
        """Return the update that is spoken of, held.

        The number is mandatory (L01.FR.20); where it is missing and the station has
        just one update under way, it means that one.
        """
        if word.request_id is not None:
            found = await work.firmware.hold_update(word.request_id)
            return found if found is not None and found.station == station else None
        asked = [
            each
            for each in await work.firmware.open_updates(station)
            if each.sent_at is not None
        ]
        if len(asked) != 1:
            return None
        if word.said != IDLE:
            self._count(station, "firmware-no-request-id", UPDATE_ACTION, word.said)
        return await work.firmware.hold_update(asked[0].request_id)

    async def _idle(self, work: Work, update: FirmwareUpdate, now: datetime) -> None:
        """Take a station at its word that it does nothing, if asked (L01.FR.25)."""
        why = "the station says that nothing is under way"
        step = Step(now, IDLE, Fit.REPEATED, why)
        await work.firmware.add_step(UPDATE, update.request_id, step)
        if update.probed_at is None or not update.is_open:
            return
        gone = moved(update, UpdateState.TIMED_OUT, now, why)
        await work.firmware.save_update(gone)
        await self.updater.end(work, gone, now, why)

    async def _progress(
        self, work: Work, before: FirmwareUpdate, word: FirmwareWord, now: datetime
    ) -> None:
        after, fit = progressed(before, UpdateState(word.said), now, word.info)
        await work.firmware.save_update(after)
        step = Step(now, word.said, fit, word.info)
        await work.firmware.add_step(UPDATE, before.request_id, step)
        if after.state is not before.state and after.state in ENDS:
            await self.updater.end(work, after, now, word.info)
        self._odd(before.station, UPDATE_ACTION, fit, word)
        log.info(
            "firmware.said",
            station=before.station,
            request=before.request_id,
            state=word.said,
            fit=fit,
        )

    def _stray(
        self, station: StationId, action: str, word: FirmwareWord, now: datetime
    ) -> None:
        """Note what is about nothing that we asked for; it changes nothing."""
        kind = "firmware-unknown-request"
        if word.request_id is None:
            kind = "firmware-no-request-id"
        self._count(station, kind, action, f"{word.said} of {word.request_id}")
        body = {"status": word.said, "requestId": word.request_id, "info": word.info}
        self.journal.note(
            StationNotice(station, now, now, action, SEVERITY_NOTICE, body)
        )

    def _odd(
        self,
        station: StationId,
        action: str,
        fit: Fit,
        word: FirmwareWord,
    ) -> None:
        if fit in _ODD:
            self._count(station, _ODD[fit], action, f"{word.said} of {word.request_id}")

    def _count(self, station: StationId, kind: str, action: str, detail: str) -> None:
        seen = DeviationSeen(kind, f"{action}.status", detail)
        self.journal.count(station, [seen], self.clock.now())


_UNPUBLISHED = frozenset(
    {
        PublishState.DOWNLOAD_FAILED,
        PublishState.INVALID_CHECKSUM,
        PublishState.PUBLISH_FAILED,
    }
)
