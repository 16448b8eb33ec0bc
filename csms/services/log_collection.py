"""Logs that stations upload to us: asked for, followed, received, deleted (N01)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

from csms.clock import Clock
from csms.domain.errors import Broken, NotFound
from csms.domain.ids import StationId
from csms.domain.log_job import (
    LogJob,
    LogKind,
    LogRequest,
    LogStatus,
    LogWord,
)
from csms.domain.station import Station
from csms.services.asking import StationLacks, known, reachable, speaks_21
from csms.services.log_uploads import moved
from csms.services.ports.logs import LogFiles, LogReply, LogWire
from csms.services.ports.wire import (
    Deviations,
    DeviationSeen,
    NoAnswer,
    RefusedByStation,
    Silence,
)
from csms.services.ports.work import Begin, Work
from csms.services.stations import StationBook
from csms.services.upload_places import (
    UploadPolicy,
    checked,
    hash_of,
    new_secret,
    without_secrets,
)

MOST_RETRIES = 20
LONGEST_INTERVAL = timedelta(days=1)
MOST_STATUSES = 500
SWEPT_AT_ONCE = 100
_NOTIFICATION = "LogStatusNotification"


class NoSuchLog(NotFound):
    """There is no such log."""

    code = "no-such-log"
    usual_remedy = "see csms logs list"


class LogCollection:
    """Collects logs.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        wire: Asks stations.
        files: Where the files lie.
        policy: What an operator decided.
        deviations: Where what stations get wrong is counted.
    """

    def __init__(  # noqa: PLR0913, PLR0917 it stands between all of these
        self,
        clock: Clock,
        begin: Begin,
        book: StationBook,
        wire: LogWire,
        files: LogFiles,
        policy: UploadPolicy,
        deviations: Deviations,
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._book = book
        self._wire = wire
        self._files = files
        self._deviations = deviations
        self.policy = policy

    async def request(self, wanted: LogRequest, by: str) -> LogJob:
        """Ask a station for a log, and return how far that has come.

        Raises:
            UnknownStation: If there is none of this name.
            StationRejected: If it is rejected.
            StationOffline: If it is not connected.
            StationLacks: If it lacks what this takes.
            PlainUpload: If log and credentials would cross the network unencrypted.
            Broken: If the request makes no sense.
        """
        station = reachable(self._book, wanted.station)
        _check(wanted, station)
        ours = wanted.location is None
        secret, now = new_secret() if ours else "", self._clock.now()
        if wanted.location is None:
            self.policy.check()
            kept, place = wanted, ""
        else:
            place = checked(wanted.location, speaks_21=speaks_21(station))
            kept = replace(wanted, location=without_secrets(place))
        async with self._begin() as work:
            if ours:
                await _check_protocols(work, wanted.station)
            job = await work.logs.add(
                kept,
                by=by,
                at=now,
                secret_hash=hash_of(secret) if ours else None,
                secret_expires_at=now + self.policy.valid if ours else None,
            )
            detail = {"log": wanted.kind.value, "job": job, "to": kept.location or "us"}
            await work.access.audit(by, "log.requested", wanted.station, detail, now)
        await self._ask(job, wanted, place or self.policy.place(job, secret))
        return await self.find(job)

    async def progress(
        self, station: StationId, job: int | None, status: str, info: str
    ) -> None:
        """Take what a station says of an upload (N01)."""
        word, now = LogWord(status), self._clock.now()
        async with self._begin() as work:
            found = await self._meant(work, station, job, word)
            if found is None:
                return
            if len(found.history) >= MOST_STATUSES:
                self._count(station, "too-many-statuses", f"job {found.id}")
                return
            await work.logs.add_status(found.id, LogStatus(now, status, info))
            await moved(work, found, word, info, now)

    async def find(self, job: int) -> LogJob:
        """Return one upload with its history.

        Raises:
            NoSuchLog: If there is none of this number.
        """
        async with self._begin() as work:
            found = await work.logs.find(job)
        if found is None:
            raise NoSuchLog(f"there is no log {job}")
        return found

    async def of(
        self,
        station: StationId | None,
        *,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[LogJob]:
        """Return uploads without their history, youngest first, below a number.

        Raises:
            UnknownStation: If there is none of this name.
        """
        if station is not None:
            known(self._book, station)
        async with self._begin() as work:
            return await work.logs.of(station, before=before, limit=limit)

    async def content(self, job: int, by: str) -> tuple[LogJob, AsyncIterator[bytes]]:
        """Return the content of a file; that it was read goes on the audit trail.

        Raises:
            NoSuchLog: If there is none, or its file is not here.
        """
        found = await self.find(job)
        if not found.is_here:
            raise NoSuchLog(
                f"there is no file of log {job}",
                remedy="it has not come yet, or was deleted",
            )
        now = self._clock.now()
        async with self._begin() as work:
            await work.access.audit(
                by, "log.downloaded", found.request.station, {"job": job}, now
            )
        return found, self._files.read(job)

    async def delete(self, job: int, by: str) -> None:
        """Delete a file, or let nobody upload it any more.

        Raises:
            NoSuchLog: If there is none of this number.
        """
        found, now = await self.find(job), self._clock.now()
        async with self._begin() as work:
            await work.logs.forget_file(job, now)
            await work.access.audit(
                by, "log.deleted", found.request.station, {"job": job}, now
            )
        await self._files.delete(job)

    async def sweep(self) -> None:
        """Give up on silent stations, and delete files that were kept long enough."""
        now = self._clock.now()
        async with self._begin() as work:
            for job in await work.logs.silent_since(
                now - self.policy.silence, SWEPT_AT_ONCE
            ):
                wait = job.request.retries * job.request.retry_interval
                if job.heard_at is not None and job.heard_at + wait > (
                    now - self.policy.silence
                ):
                    continue
                status = LogStatus(now, LogWord.SILENCE.value)
                await work.logs.add_status(job.id, status)
                await moved(work, job, LogWord.SILENCE, "nothing more was heard", now)
            old = await work.logs.received_before(now - self.policy.kept, SWEPT_AT_ONCE)
            for each in old:
                await work.logs.forget_file(each, now)
        for each in old:
            await self._files.delete(each)

    async def tidy(self) -> None:
        """Delete what was left unfinished by a node that stopped."""
        await self._files.tidy()

    async def _ask(self, job: int, wanted: LogRequest, place: str) -> None:
        reply: LogReply | None
        try:
            reply = await self._wire.get_log(job, wanted, place)
        except NoAnswer as error:
            # Only what was never sent is known not to happen.
            stale = error.kind is Silence.STALE
            detail = f"no answer ({error.kind.value})"
            reply = LogReply(LogWord.NOT_SENT) if stale else None
        except RefusedByStation as error:
            detail = f"{error.code} {error.description}".rstrip()
            reply = LogReply(LogWord.REJECTED)
        else:
            detail = reply.info
        now = self._clock.now()
        async with self._begin() as work:
            found = await work.logs.find(job, lock=True)
            if found is None:
                return
            if reply is None:
                await work.logs.move(job, found.state, now, detail=detail)
                return
            if reply.name:
                await work.logs.promise(job, reply.name)
            word = reply.word
            if word is LogWord.CANCELLED:
                await self._cancel_others(work, found)
                word = LogWord.ACCEPTED
            await moved(work, found, word, detail, now)

    async def _cancel_others(self, work: Work, kept: LogJob) -> None:
        """Give up what the station gave up for this one (N01.FR.12)."""
        for job in await work.logs.open_of(kept.request.station):
            if job.id != kept.id:
                await moved(
                    work,
                    job,
                    LogWord.CANCELLED,
                    f"for log {kept.id}",
                    self._clock.now(),
                )

    async def _meant(
        self, work: Work, station: StationId, job: int | None, word: LogWord
    ) -> LogJob | None:
        """Return the upload that a notification is about; count what is odd."""
        if job is not None:
            found = await work.logs.find(job, lock=True)
            if found is not None and found.request.station == station:
                return found
            self._count(station, "unknown-request", f"log {job}: {word}")
            return None
        if word is LogWord.IDLE:
            return None
        running = await work.logs.open_of(station)
        self._count(station, "no-request-id", f"{word} (N01.FR.13)")
        if len(running) != 1:
            return None
        return await work.logs.find(running[0].id)

    def _count(self, station: StationId, kind: str, detail: str) -> None:
        seen = DeviationSeen(kind, f"{_NOTIFICATION}.requestId", detail)
        self._deviations.count(station, [seen], self._clock.now())


def _check(wanted: LogRequest, station: Station) -> None:
    if wanted.kind is LogKind.DATA_COLLECTOR and not speaks_21(station):
        raise StationLacks(
            f"{station.id} speaks {station.edition or 'no known edition'}, and a "
            "DataCollectorLog needs OCPP 2.1",
            field="log",
        )
    oldest, latest = wanted.oldest, wanted.latest
    if oldest is not None and latest is not None and oldest >= latest:
        raise Broken("it ends before it begins", field="latest")
    if not 0 <= wanted.retries <= MOST_RETRIES:
        raise Broken(f"at most {MOST_RETRIES} retries", field="retries")
    if not timedelta(0) <= wanted.retry_interval <= LONGEST_INTERVAL:
        raise Broken("at most a day between retries", field="retry_interval_s")


async def _check_protocols(work: Work, station: StationId) -> None:
    """Refuse to ask a station that says it cannot upload to us."""
    for each in await work.models.variables(station):
        if each.key.variable != "FileTransferProtocols" or not each.value:
            continue
        if not {"HTTP", "HTTPS"} & {one.strip() for one in each.value.split(",")}:
            raise StationLacks(
                f"{station} uploads by {each.value} only, and our endpoint is HTTP(S)",
                field="location",
                remedy="name a location of your own that it can reach",
            )
