"""Logs of stations: asked for, followed, downloaded, deleted (block N)."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.numbers import number_in
from csms.domain.ids import StationId
from csms.domain.log_job import LogJob, LogKind, LogRequest, LogState
from csms.services.log_collection import NoSuchLog
from csms.web.auth import NodeOf, Operator
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["diagnostics"], route_class=GuardedRoute)
CREATED, NO_CONTENT = 201, 204

JobId = Annotated[str, Path(description="Its number.")]


class LogAsked(RequestBody):
    """Which log is wanted."""

    log: LogKind = Field(
        LogKind.DIAGNOSTICS, description="`DataCollectorLog` needs OCPP 2.1."
    )
    oldest: AwareDatetime | None = Field(None, description="From when on.")
    latest: AwareDatetime | None = Field(None, description="Until when.")
    retries: int = Field(0, ge=0, le=20, description="How often it tries again.")
    retry_interval_s: int = Field(60, ge=0, le=86400, description="Seconds between.")
    location: str | None = Field(
        None,
        max_length=2000,
        description="Where to send it instead of here; kept without credentials.",
    )


class LogFileItem(BaseModel):
    """A file that came."""

    name: str
    content_type: str
    size_bytes: int
    sha256: str
    received_at: datetime | None
    here: bool = Field(description="Whether it can be downloaded.")


class LogStatusItem(BaseModel):
    """Something that was said or seen of an upload."""

    at: datetime
    status: str
    info: str


class LogItem(BaseModel):
    """The upload of a log."""

    id: int = Field(description="Also the request id on the wire.")
    station: str
    log: LogKind
    oldest: datetime | None
    latest: datetime | None
    retries: int
    location: str | None = Field(description="Null if it comes here.")
    state: LogState
    detail: str
    requested_by: str
    requested_at: datetime
    heard_at: datetime | None
    promised_name: str | None
    file: LogFileItem | None
    deleted_at: datetime | None
    history: list[LogStatusItem] = Field(description="Every status, in order.")


@ROUTER.post(
    "/stations/{station}/logs",
    summary="Ask a station for a log",
    status_code=CREATED,
)
async def ask_log(
    node: NodeOf, caller: Operator, station: str, wanted: LogAsked
) -> LogItem:
    """Let a station upload a log, to us unless another location is named.

    The station is given an address with credentials that work once.
    """
    job = await node.diagnostics.logs.request(
        LogRequest(
            station=StationId(station),
            kind=wanted.log,
            oldest=wanted.oldest,
            latest=wanted.latest,
            retries=wanted.retries,
            retry_interval=timedelta(seconds=wanted.retry_interval_s),
            location=wanted.location,
        ),
        by=caller.name,
    )
    return log_item(job)


@ROUTER.get("/stations/{station}/logs", summary="List the logs of a station")
async def list_station_logs(
    node: NodeOf, station: str, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[LogItem]:
    """Return uploads without their history, youngest first."""
    before = read_cursor(cursor, int)
    rows = await node.diagnostics.logs.of(
        StationId(station), before=before[0] if before else None, limit=limit + 1
    )
    return page(rows, limit, log_item, lambda row: row.id)


@ROUTER.get("/logs", summary="List the logs of all stations")
async def list_logs(
    node: NodeOf, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[LogItem]:
    """Return uploads without their history, youngest first."""
    before = read_cursor(cursor, int)
    rows = await node.diagnostics.logs.of(
        None, before=before[0] if before else None, limit=limit + 1
    )
    return page(rows, limit, log_item, lambda row: row.id)


@ROUTER.get("/logs/{job}", summary="Show how far a log has come")
async def show_log(node: NodeOf, job: JobId) -> LogItem:
    """Return one upload with its history."""
    return log_item(await node.diagnostics.logs.find(number_in(job, NoSuchLog)))


@ROUTER.get("/logs/{job}/file", summary="Download a log")
async def download_log(node: NodeOf, caller: Operator, job: JobId) -> StreamingResponse:
    """Return the file as it came; that it was read goes on the audit trail."""
    found, chunks = await node.diagnostics.logs.content(
        number_in(job, NoSuchLog), by=caller.name
    )
    file = found.file
    assert file is not None  # noqa: S101 there is content of it
    return StreamingResponse(
        chunks,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{file.name}"',
            "Content-Length": str(file.size),
            "X-Content-SHA256": file.sha256,
        },
    )


@ROUTER.delete("/logs/{job}", summary="Delete a log that came", status_code=NO_CONTENT)
async def delete_log(node: NodeOf, caller: Operator, job: JobId) -> None:
    """Delete the file, and let nobody upload it any more; the record stays."""
    await node.diagnostics.logs.delete(number_in(job, NoSuchLog), by=caller.name)


def log_item(job: LogJob) -> LogItem:
    """Return an upload."""
    file = None
    if job.file is not None:
        file = LogFileItem(
            name=job.file.name,
            content_type=job.file.content_type,
            size_bytes=job.file.size,
            sha256=job.file.sha256,
            received_at=job.received_at,
            here=job.is_here,
        )
    return LogItem(
        id=job.id,
        station=job.request.station,
        log=job.request.kind,
        oldest=job.request.oldest,
        latest=job.request.latest,
        retries=job.request.retries,
        location=job.request.location,
        state=job.state,
        detail=job.detail,
        requested_by=job.by,
        requested_at=job.requested_at,
        heard_at=job.heard_at,
        promised_name=job.promised_name,
        file=file,
        deleted_at=job.deleted_at,
        history=[
            LogStatusItem(at=each.at, status=each.status, info=each.info)
            for each in job.history
        ],
    )
