"""Update the firmware of stations: asked when they may be disturbed, then followed.

Every step is one unit of work: what is asked is kept before it is sent, so that after a
crash a station is asked what became of it instead of being asked again.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from csms.domain.firmware import (
    ALARMING,
    ENDS,
    FAILED,
    FirmwareImage,
    FirmwareUpdate,
    Step,
    UpdateState,
    moved,
)
from csms.domain.ids import StationId
from csms.domain.station import Standing
from csms.services.alarm import Alarm
from csms.services.disturbing import Disturbing
from csms.services.firmware_wishes import (
    FirmwareWishes,
    NoSuchUpdate,
    UpdateUnderWay,
    UpdateWish,
)
from csms.services.ports.firmware import UPDATE, FirmwareOrder, FirmwareWire
from csms.services.ports.profiles import Incident
from csms.services.ports.wire import NoAnswer, RefusedByStation, Reply, Silence
from csms.services.ports.work import Work
from csms.services.world import World

log = structlog.get_logger()

REST = timedelta(minutes=5)
"""How long an update waits that must not be sent yet."""

PROBE = timedelta(minutes=15)
"""How long a station may take to say what became of an update, once asked."""

GIVE_UP = timedelta(days=14)
"""How long an update waits for its station at most."""

STATUS_MESSAGE = "FirmwareStatusNotification"


class Triggers(Protocol):
    """The part of ``ports.wire.RemoteWire`` that is needed here."""

    async def trigger(
        self, station: StationId, message: str, evse: int | None = None
    ) -> Reply:
        """Ask for a message (F06)."""
        ...


@dataclass(frozen=True, slots=True)
class Updater:
    """Asks stations for updates, and looks after what they make of it.

    Attributes:
        world: The means of the node.
        wishes: Keeps what is wanted.
        disturbing: Tells who must be left alone.
        wire: Asks stations for updates.
        triggers: Asks stations what became of them.
        wake: Wakes whoever takes the steps.
    """

    world: World
    wishes: FirmwareWishes
    disturbing: Disturbing
    wire: FirmwareWire
    triggers: Triggers
    wake: Alarm = field(default_factory=Alarm)

    async def want(
        self, station: StationId, wish: UpdateWish, by: str
    ) -> FirmwareUpdate:
        """Want an update; it is sent at once if the station may be disturbed.

        Raises:
            UnknownStation: If no such station is in the registry.
            NoSuchImage: If there is no such image.
            DoesNotFit: If the image is none for this station, or it lacks something.
            ImageRetired: If the image is not given to anybody any more.
            CertificateEnded: If its signing certificate has ended.
        """
        image = await self.wishes.images.image(wish.image)
        async with self.world.begin() as work:
            update = await self.wishes.prepare(work, station, image, wish, by)
            detail = {"image": image.id, "request": update.request_id}
            now = self.world.clock.now()
            await work.access.audit(by, "firmware.wanted", station, detail, now)
        await self.attempt(update.request_id)
        async with self.world.begin() as work:
            kept = await work.firmware.update(update.request_id)
        return kept or update

    async def withdraw(self, request_id: int, by: str) -> FirmwareUpdate:
        """Withdraw an update that its station was not asked for yet.

        Raises:
            NoSuchUpdate: If there is no such update.
            UpdateUnderWay: If the station was asked: OCPP cancels by a newer one only.
        """
        now = self.world.clock.now()
        async with self.world.begin() as work:
            update = await work.firmware.hold_update(request_id)
            if update is None:
                raise NoSuchUpdate(f"there is no firmware update {request_id}")
            if update.state is not UpdateState.WANTED:
                raise UpdateUnderWay(
                    f"the update is {update.state}",
                    remedy="ask for another update: the station may cancel this one",
                )
            update = moved(update, UpdateState.CANCELED, now, f"withdrawn by {by}")
            await work.firmware.save_update(update)
            detail = {"request": request_id}
            await work.access.audit(
                by, "firmware.withdrawn", update.station, detail, now
            )
            await self.tell_campaign(work, update, now)
        return update

    async def step(self) -> bool:
        """Take one step of what is due; tell whether there was one."""
        now = self.world.clock.now()
        async with self.world.begin() as work:
            update = await work.firmware.claim_due(now)
            if update is None:
                return False
            wanted = update.state is UpdateState.WANTED
            probe = not wanted and await self._overdue(work, update, now)
        if wanted:
            await self.attempt(update.request_id)
        elif probe:
            await self._probe(update)
        return True

    async def attempt(self, request_id: int) -> None:
        """Ask the station, if it may be disturbed now; else let the update wait."""
        asked = await self._commit_to_ask(request_id)
        if asked is None:
            return
        update, order = asked
        try:
            reply = await self.wire.update(update.station, order)
        except NoAnswer as silence:
            await self._unheard(update, silence)
        except RefusedByStation as refused:
            why = f"{refused.code} {refused.description}".strip()
            await self._answered(update, UpdateState.REFUSED, why)
        else:
            state = ANSWERS.get(reply.status, UpdateState.REFUSED)
            words = reply.info or ("" if reply.accepted else reply.status)
            await self._answered(
                update, state, words, canceled=reply.status == "AcceptedCanceled"
            )

    async def confirm(self) -> None:
        """Take note of stations that started with their new firmware, or without it."""
        async with self.world.begin() as work:
            for update, runs, since in await work.firmware.unconfirmed():
                held = await work.firmware.hold_update(update.request_id)
                if held is not None:
                    await self._compare(work, held, runs, since)

    async def end(
        self, work: Work, update: FirmwareUpdate, now: datetime, info: str = ""
    ) -> None:
        """Tell whom it concerns that an update has come to an end."""
        state = update.state
        body = {
            "request": update.request_id,
            "image": update.image,
            "version": update.version,
            "state": state.value,
            "info": info,
        }
        await work.facts.add("firmware.ended", update.station, body, now)
        if state in FAILED:
            severity = "critical" if state in ALARMING else "warning"
            await work.profiles.note(
                Incident(
                    now, severity, f"firmware_{state}", update.station, None, None, body
                )
            )
        await self.tell_campaign(work, update, now)

    async def tell_campaign(
        self, work: Work, update: FirmwareUpdate, now: datetime
    ) -> None:
        """Let the campaign of an update be looked at."""
        if update.campaign is not None:
            await work.campaigns.wake(update.campaign, now)

    async def _commit_to_ask(
        self, request_id: int
    ) -> tuple[FirmwareUpdate, FirmwareOrder] | None:
        now = self.world.clock.now()
        async with self.world.begin() as work:
            update = await work.firmware.hold_update(request_id)
            if update is None or update.state is not UpdateState.WANTED:
                return None
            image = await work.firmware.image(update.image)
            why = await self._obstacle(work, update, image)
            if image is None or why:
                await self._wait(work, update, why, now)
                return None
            location = update.location or await self.wishes.images.location(
                work, image, update.station, request_id
            )
            update = moved(replace(update, sent_at=now), UpdateState.SENT, now)
            await work.firmware.save_update(update)
            await work.firmware.add_step(
                UPDATE, request_id, Step(now, update.state.value)
            )
        return update, FirmwareOrder(
            request_id=request_id,
            location=location,
            retrieve_at=update.retrieve_at,
            install_at=update.install_at,
            signing_certificate=image.signing_certificate,
            signature=image.signature,
            retries=update.retries,
            retry_interval_s=update.retry_interval_s,
        )

    async def _obstacle(
        self, work: Work, update: FirmwareUpdate, image: FirmwareImage | None
    ) -> str:
        """Return why the station must not be asked now; empty if it may be."""
        known = self.world.book.station(update.station)
        now = self.world.clock.now()
        if known is None or known.standing is Standing.REJECTED:
            return "the station is rejected"
        if image is None or (image.valid_until and image.valid_until <= now):
            return "the signing certificate has ended"
        if not self.world.book.is_online(update.station):
            return "the station is not connected"
        begins = max(update.install_at or now, update.retrieve_at)
        barred = await self.disturbing.barred(work, [update.station], begins)
        return barred.get(update.station, "")

    async def _wait(
        self, work: Work, update: FirmwareUpdate, why: str, now: datetime
    ) -> None:
        if now - update.created_at >= GIVE_UP:
            update = moved(update, UpdateState.TIMED_OUT, now, why)
            await self.end(work, update, now, why)
        else:
            update = replace(update, due_at=now + REST, detail=f"waits: {why}")
        await work.firmware.save_update(update)

    async def _answered(
        self,
        asked: FirmwareUpdate,
        state: UpdateState,
        info: str,
        *,
        canceled: bool = False,
    ) -> None:
        """Keep what the station answered, unless its reports are further already."""
        now = self.world.clock.now()
        async with self.world.begin() as work:
            update = await work.firmware.hold_update(asked.request_id)
            if update is None:
                return
            step = Step(now, state.value, info=info)
            await work.firmware.add_step(UPDATE, update.request_id, step)
            if update.state in (UpdateState.SENT, UpdateState.TIMED_OUT):
                update = moved(update, state, now, info)
                await work.firmware.save_update(update)
                if state in ENDS:
                    await self.end(work, update, now, info)
            if canceled:
                await self._supersede(work, update, now)
        log.info("firmware.answered", station=asked.station, state=state, info=info)

    async def _supersede(
        self, work: Work, update: FirmwareUpdate, now: datetime
    ) -> None:
        """Note that a station gave up what it did before (L01.FR.24)."""
        for older in await work.firmware.open_updates(update.station):
            if older.request_id < update.request_id:
                held = await work.firmware.hold_update(older.request_id)
                if held is None or not held.is_open:
                    continue
                why = f"the station took {update.request_id} instead"
                gone = moved(held, UpdateState.CANCELED, now, why)
                await work.firmware.save_update(gone)
                await work.firmware.add_step(
                    UPDATE, older.request_id, Step(now, gone.state.value, info=why)
                )
                await self.end(work, gone, now, why)

    async def _unheard(self, asked: FirmwareUpdate, silence: NoAnswer) -> None:
        now = self.world.clock.now()
        async with self.world.begin() as work:
            update = await work.firmware.hold_update(asked.request_id)
            if update is None or update.state is not UpdateState.SENT:
                return
            detail = f"no answer: {silence.kind}"
            if silence.kind is Silence.STALE:
                update = replace(update, state=UpdateState.WANTED, due_at=now + REST)
            await work.firmware.save_update(replace(update, detail=detail))

    async def _overdue(self, work: Work, update: FirmwareUpdate, now: datetime) -> bool:
        """Deal with silence; tell whether the station is to be asked about it."""
        if update.probed_at is None:
            update = replace(update, probed_at=now, due_at=now + PROBE)
            await work.firmware.save_update(update)
            return True
        why = f"silent since it was {update.state}"
        gone = moved(update, UpdateState.TIMED_OUT, now, why)
        await work.firmware.save_update(gone)
        await work.firmware.add_step(
            UPDATE, update.request_id, Step(now, gone.state.value, info=why)
        )
        await self.end(work, gone, now, why)
        return False

    async def _probe(self, update: FirmwareUpdate) -> None:
        try:
            await self.triggers.trigger(update.station, STATUS_MESSAGE)
        except (NoAnswer, RefusedByStation) as problem:
            log.info("firmware.not_told", station=update.station, why=str(problem))

    async def _compare(
        self, work: Work, update: FirmwareUpdate, runs: str, since: datetime
    ) -> None:
        now = self.world.clock.now()
        if runs == update.version:
            if update.state is not UpdateState.CANCELED:
                was_open = update.state is not UpdateState.INSTALLED
                update = moved(update, UpdateState.INSTALLED, now, update.detail)
                if was_open:
                    await self.end(work, update, now, "seen at its start")
            await work.firmware.save_update(replace(update, confirmed_at=since))
            step = Step(now, UpdateState.INSTALLED.value, info="seen at its start")
            await work.firmware.add_step(UPDATE, update.request_id, step)
            return
        odd = f"it started with {runs or 'an unnamed firmware'} afterwards"
        done = update.state is UpdateState.INSTALLED
        if done and update.detail != odd and since > (update.updated_at or since):
            await work.firmware.save_update(replace(update, detail=odd))
            body = {
                "request": update.request_id,
                "wanted": update.version,
                "runs": runs,
            }
            await work.profiles.note(
                Incident(
                    now,
                    "warning",
                    "firmware_mismatch",
                    update.station,
                    None,
                    None,
                    body,
                )
            )


ANSWERS = {
    "Accepted": UpdateState.ACCEPTED,
    "AcceptedCanceled": UpdateState.ACCEPTED,
    "Rejected": UpdateState.REFUSED,
    "InvalidCertificate": UpdateState.INVALID_CERTIFICATE,
    "RevokedCertificate": UpdateState.REVOKED_CERTIFICATE,
}
"""What the words of an answer mean (L01.FR.22, L01.FR.24, L01.FR.27)."""
