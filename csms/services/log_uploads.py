"""Files as they come from stations: who may send one, and what becomes of it (N01)."""

import hmac
from collections.abc import AsyncIterator
from datetime import datetime

import structlog

from csms.clock import Clock
from csms.domain.errors import Broken, Conflict, NotAllowed
from csms.domain.log_job import (
    LogFile,
    LogJob,
    LogState,
    LogStatus,
    LogWord,
    after,
    harmless_name,
)
from csms.services.ports.logs import Kept, LogFiles, TooLarge
from csms.services.ports.work import Begin, Work
from csms.services.upload_places import UploadPolicy, hash_of, user_of

log = structlog.get_logger()

MOST_AT_ONCE = 16
_SHUT = (LogState.REJECTED, LogState.CANCELLED, LogState.UNREACHABLE)


class BadUploadCredentials(NotAllowed):
    """The credentials are none of this upload."""

    code = "bad-upload-credentials"
    usual_remedy = "use the address of the GetLog request"


class UploadClosed(NotAllowed):
    """The credentials were used, or are too old, or the upload was given up."""

    code = "upload-closed"


class UploadTooLarge(Broken):
    """The file is larger than what is taken."""

    code = "upload-too-large"


class UploadsBusy(Conflict):
    """Too many files come at once, or this one comes twice."""

    code = "uploads-busy"


class LogUploads:
    """Takes files.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        files: Where the files lie.
        policy: What an operator decided.
    """

    def __init__(
        self, clock: Clock, begin: Begin, files: LogFiles, policy: UploadPolicy
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._files = files
        self._busy: set[int] = set()
        self.policy = policy

    async def receive(
        self,
        job: int,
        *,
        user: str,
        secret: str,
        name: str | None,
        content_type: str,
        chunks: AsyncIterator[bytes],
    ) -> LogFile:
        """Take a file from whoever has the credentials for it, once.

        A file that breaks off may be sent again: only a whole one uses them up.

        Raises:
            BadUploadCredentials: If they are none of this upload.
            UploadClosed: If they were used, are too old, or the upload was given up.
            UploadsBusy: If too many come at once.
            UploadTooLarge: If it is larger than what is taken.
            Broken: If it is empty.
        """
        if job in self._busy or len(self._busy) >= MOST_AT_ONCE:
            raise UploadsBusy(remedy="try again in a while")
        self._busy.add(job)
        try:
            found = await self.admit(job, user, secret)
            kept = await self._written(found, chunks)
            said = harmless_name(name or found.promised_name)
            file = LogFile(said, content_type[:100], kept.size, kept.sha256)
            await self._keep(found, file, secret)
        finally:
            self._busy.discard(job)
        log.info("log.received", job=job, station=found.request.station, size=kept.size)
        return file

    async def admit(self, job: int, user: str, secret: str) -> LogJob:
        """Return the upload that credentials are for.

        Raises:
            BadUploadCredentials: If they are none of this upload.
            UploadClosed: If they were used, are too old, or the upload was given up.
        """
        async with self._begin() as work:
            found = await work.logs.find(job)
            kept = await work.logs.secret_hash(job)
        right = hmac.compare_digest(hash_of(secret), kept or bytes(32))
        if found is None or kept is None or not right or user != user_of(job):
            raise BadUploadCredentials(remedy="use the address of the GetLog request")
        expires = found.secret_expires_at
        if (
            found.secret_used_at is not None
            or found.state in _SHUT
            or (expires is not None and self._clock.now() >= expires)
        ):
            raise UploadClosed(remedy="ask the operator for another log request")
        return found

    async def too_large(self, job: LogJob) -> UploadTooLarge:
        """Keep that a file was too large; return what to tell whoever sent it."""
        most, now = self.policy.most_bytes, self._clock.now()
        said = f"larger than {most} bytes"
        async with self._begin() as work:
            await work.logs.add_status(job.id, LogStatus(now, "refused", said))
            await work.logs.move(job.id, job.state, now, detail=f"refused: {said}")
        return UploadTooLarge(
            f"the file is {said}",
            remedy="raise CSMS_LOG_UPLOAD_MAX_MB, or ask for less",
        )

    async def _written(self, job: LogJob, chunks: AsyncIterator[bytes]) -> Kept:
        try:
            kept = await self._files.keep(job.id, chunks, self.policy.most_bytes)
        except TooLarge:
            raise await self.too_large(job) from None
        if not kept.size:
            await self._files.delete(job.id)
            raise Broken("the file is empty", remedy="send its content as the body")
        return kept

    async def _keep(self, job: LogJob, file: LogFile, secret: str) -> None:
        now = self._clock.now()
        async with self._begin() as work:
            found = await work.logs.find(job.id, lock=True)
            used = await work.logs.use_secret(job.id, hash_of(secret), now)
            if found is None or not used:
                await self._files.delete(job.id)
                raise UploadClosed
            await work.logs.save_file(job.id, file, now)
            status = LogStatus(now, LogWord.FILE_CAME.value, f"{file.size} bytes")
            await work.logs.add_status(job.id, status)
            await moved(work, found, LogWord.FILE_CAME, "", now)


async def moved(
    work: Work, job: LogJob, word: LogWord, detail: str, now: datetime
) -> None:
    """Keep where an upload is once a word was said of it, and tell who watches."""
    state = after(job.state, word)
    await work.logs.move(job.id, state, now, detail=detail)
    if state is not job.state:
        body = {"job": job.id, "state": state.value, "detail": detail}
        await work.facts.add("station.log", job.request.station, body, now)
