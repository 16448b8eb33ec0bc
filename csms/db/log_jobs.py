"""Uploads of logs, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db.diagnostics_tables import log_job, log_status
from csms.db.station_rows import storable
from csms.domain.ids import StationId
from csms.domain.log_job import (
    OPEN,
    LogFile,
    LogJob,
    LogKind,
    LogRequest,
    LogState,
    LogStatus,
)

_OPEN = sorted(each.value for each in OPEN)


@dataclass(frozen=True, slots=True)
class PostgresLogStore:
    """The uploads of one unit of work."""

    connection: AsyncConnection

    async def add(
        self,
        request: LogRequest,
        *,
        by: str,
        at: datetime,
        secret_hash: bytes | None,
        secret_expires_at: datetime | None,
    ) -> int:
        """Add a job; return its number. Its location is kept as it is given."""
        done = await self.connection.execute(
            insert(log_job)
            .values(
                station_id=request.station,
                kind=request.kind.value,
                oldest_at=request.oldest,
                latest_at=request.latest,
                retries=request.retries,
                retry_interval_s=round(request.retry_interval.total_seconds()),
                location=request.location or "",
                requested_by=by,
                requested_at=at,
                state=LogState.ASKED.value,
                detail="",
                heard_at=at,
                secret_hash=secret_hash,
                secret_expires_at=secret_expires_at,
            )
            .returning(log_job.c.id)
        )
        return int(done.scalar_one())

    async def find(self, job: int, *, lock: bool = False) -> LogJob | None:
        """Return one job with its history; keep others from changing it meanwhile."""
        query = select(log_job).where(log_job.c.id == job)
        if lock:
            query = query.with_for_update()
        row = (await self.connection.execute(query)).one_or_none()
        if row is None:
            return None
        history = await self.connection.execute(
            select(log_status)
            .where(log_status.c.job_id == job)
            .order_by(log_status.c.id)
        )
        return _job(
            row, tuple(LogStatus(each.at, each.status, each.info) for each in history)
        )

    async def secret_hash(self, job: int) -> bytes | None:
        """Return the hash of a job's secret; None if it has none any more."""
        query = select(log_job.c.secret_hash).where(log_job.c.id == job)
        found = (await self.connection.execute(query)).scalar_one_or_none()
        return None if found is None else bytes(found)

    async def of(
        self,
        station: StationId | None = None,
        *,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[LogJob]:
        """Return jobs without their history, youngest first, below a number."""
        query = select(log_job)
        if station is not None:
            query = query.where(log_job.c.station_id == station)
        if before is not None:
            query = query.where(log_job.c.id < before)
        return await self._all(query.order_by(log_job.c.id.desc()).limit(limit))

    async def open_of(self, station: StationId) -> Sequence[LogJob]:
        """Return the jobs of a station of which something may still come."""
        return await self._all(
            select(log_job)
            .where(log_job.c.station_id == station, log_job.c.state.in_(_OPEN))
            .order_by(log_job.c.id)
            .with_for_update()
        )

    async def silent_since(self, before: datetime, limit: int) -> Sequence[LogJob]:
        """Return open jobs that nothing was heard of since before an instant."""
        return await self._all(
            select(log_job)
            .where(log_job.c.state.in_(_OPEN), log_job.c.heard_at < before)
            .order_by(log_job.c.heard_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )

    async def move(
        self, job: int, state: LogState, at: datetime, *, detail: str = ""
    ) -> None:
        """Keep how far it has come; an empty detail leaves the former one."""
        changed: dict[str, Any] = {"state": state.value, "heard_at": at}
        if detail:
            changed["detail"] = storable(detail)
        await self._update(job, **changed)

    async def promise(self, job: int, name: str) -> None:
        """Keep what the station will call the file."""
        await self._update(job, promised_name=storable(name))

    async def add_status(self, job: int, status: LogStatus) -> None:
        """Keep what was said of it."""
        await self.connection.execute(
            insert(log_status).values(
                job_id=job,
                at=status.at,
                status=status.status,
                info=storable(status.info),
            )
        )

    async def use_secret(self, job: int, secret_hash: bytes, at: datetime) -> bool:
        """Use the credentials up; tell whether they still worked."""
        done = await self.connection.execute(
            update(log_job)
            .where(
                log_job.c.id == job,
                log_job.c.secret_hash == secret_hash,
                log_job.c.secret_used_at.is_(None),
                log_job.c.secret_expires_at > at,
            )
            .values(secret_used_at=at)
            .returning(log_job.c.id)
        )
        return done.one_or_none() is not None

    async def save_file(self, job: int, file: LogFile, at: datetime) -> None:
        """Keep what came."""
        await self._update(
            job,
            file_name=file.name,
            content_type=storable(file.content_type),
            size_bytes=file.size,
            sha256=file.sha256,
            received_at=at,
        )

    async def forget_file(self, job: int, at: datetime) -> None:
        """Keep that the file was deleted, and let nobody upload it any more."""
        await self._update(job, deleted_at=at, secret_hash=None)

    async def received_before(self, before: datetime, limit: int) -> Sequence[int]:
        """Return jobs whose file came before an instant, and is still here."""
        rows = await self.connection.execute(
            select(log_job.c.id)
            .where(log_job.c.received_at < before, log_job.c.deleted_at.is_(None))
            .order_by(log_job.c.id)
            .limit(limit)
        )
        return [row.id for row in rows]

    async def _all(self, query: Select[Any]) -> Sequence[LogJob]:
        return [_job(row) for row in await self.connection.execute(query)]

    async def _update(self, job: int, **values: object) -> None:
        await self.connection.execute(
            update(log_job).where(log_job.c.id == job).values(**values)
        )


def _job(row: Row[Any], history: tuple[LogStatus, ...] = ()) -> LogJob:
    file = None
    if row.sha256 is not None:
        file = LogFile(row.file_name, row.content_type, row.size_bytes, row.sha256)
    return LogJob(
        id=row.id,
        request=LogRequest(
            station=StationId(row.station_id),
            kind=LogKind(row.kind),
            oldest=row.oldest_at,
            latest=row.latest_at,
            retries=row.retries,
            retry_interval=timedelta(seconds=row.retry_interval_s),
            location=row.location or None,
        ),
        by=row.requested_by,
        requested_at=row.requested_at,
        state=LogState(row.state),
        detail=row.detail,
        promised_name=row.promised_name,
        heard_at=row.heard_at,
        secret_expires_at=row.secret_expires_at,
        secret_used_at=row.secret_used_at,
        file=file,
        received_at=row.received_at,
        deleted_at=row.deleted_at,
        history=history,
    )
