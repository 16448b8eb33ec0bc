"""Block N: uploads of logs. ``LogNotices`` answers stations, ``StationLogs`` asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from csms.blocks.routing import Route, route
from csms.blocks.translating import FindLink, translated, words_of
from csms.domain.ids import StationId
from csms.domain.log_job import LogRequest, LogWord
from csms.ocpp.messages.logs import (
    GET_LOG,
    LOG_STATUS_NOTIFICATION,
    GetLogRequest,
    Log,
    LogParameters,
    LogStatusNotificationRequest,
    LogStatusNotificationResponse,
)
from csms.services.ports.logs import LogReply


class Uploads(Protocol):
    """Whoever follows uploads."""

    async def progress(
        self, station: StationId, job: int | None, status: str, info: str
    ) -> None:
        """Take what a station says of an upload."""
        ...


@dataclass(frozen=True, slots=True)
class LogNotices:
    """Answers how uploads go.

    Attributes:
        uploads: Where it goes.
    """

    uploads: Uploads

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(LOG_STATUS_NOTIFICATION, self.log_status)

    async def log_status(
        self, station: StationId, request: LogStatusNotificationRequest
    ) -> LogStatusNotificationResponse:
        """Take how far an upload has come (N01)."""
        await self.uploads.progress(
            station,
            request.request_id,
            request.status.value,
            words_of(request.status_info),
        )
        return LogStatusNotificationResponse()


@dataclass(frozen=True, slots=True)
class StationLogs:
    """Asks for logs: the port ``LogWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    async def get_log(self, job: int, request: LogRequest, location: str) -> LogReply:
        """Ask for the upload of a log (N01)."""
        retried = request.retries > 0
        wire = GetLogRequest(
            log_type=Log(request.kind.value),
            request_id=job,
            retries=request.retries if retried else None,
            retry_interval=round(request.retry_interval.total_seconds())
            if retried
            else None,
            log=LogParameters(
                remote_location=location,
                oldest_timestamp=request.oldest,
                latest_timestamp=request.latest,
            ),
        )
        answer = await translated(
            self.link(request.station),
            lambda link: link.ask(GET_LOG, wire),
            request.station,
        )
        return LogReply(
            LogWord(answer.status.value), answer.filename, words_of(answer.status_info)
        )
