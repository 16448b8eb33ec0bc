"""What is kept of logs that stations upload, where the files lie, and how to ask."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from csms.domain.ids import StationId
from csms.domain.log_job import (
    LogFile,
    LogJob,
    LogRequest,
    LogState,
    LogStatus,
    LogWord,
)


class TooLarge(Exception):
    """More came than a file may hold."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was written down whole.

    Attributes:
        size: In bytes.
        sha256: Of its content, in hexadecimal.
    """

    size: int
    sha256: str


class LogFiles(Protocol):
    """Where the files lie: whole or not at all."""

    async def keep(self, job: int, chunks: AsyncIterator[bytes], most: int) -> Kept:
        """Write a file down, in place of another of the same job once it is whole.

        Raises:
            TooLarge: If more than ``most`` bytes come; nothing is kept then.
            OSError: If it cannot be written.
        """
        ...

    def read(self, job: int) -> AsyncIterator[bytes]:
        """Yield the content of a file.

        Raises:
            FileNotFoundError: If it is not there.
        """
        ...

    async def delete(self, job: int) -> None:
        """Delete a file, if it is there."""
        ...

    async def tidy(self) -> None:
        """Delete what was left unfinished by a node that stopped."""
        ...


class LogStore(Protocol):
    """The uploads of one unit of work."""

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
        ...

    async def find(self, job: int, *, lock: bool = False) -> LogJob | None:
        """Return one job with its history; keep others from changing it meanwhile."""
        ...

    async def secret_hash(self, job: int) -> bytes | None:
        """Return the hash of a job's secret; None if it has none any more."""
        ...

    async def of(
        self,
        station: StationId | None = None,
        *,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[LogJob]:
        """Return jobs without their history, youngest first, below a number."""
        ...

    async def open_of(self, station: StationId) -> Sequence[LogJob]:
        """Return the jobs of a station of which something may still come."""
        ...

    async def silent_since(self, before: datetime, limit: int) -> Sequence[LogJob]:
        """Return open jobs that nothing was heard of since before an instant."""
        ...

    async def move(
        self, job: int, state: LogState, at: datetime, *, detail: str = ""
    ) -> None:
        """Keep how far it has come; an empty detail leaves the former one."""
        ...

    async def promise(self, job: int, name: str) -> None:
        """Keep what the station will call the file."""
        ...

    async def add_status(self, job: int, status: LogStatus) -> None:
        """Keep what was said of it."""
        ...

    async def use_secret(self, job: int, secret_hash: bytes, at: datetime) -> bool:
        """Use the credentials up; tell whether they still worked."""
        ...

    async def save_file(self, job: int, file: LogFile, at: datetime) -> None:
        """Keep what came."""
        ...

    async def forget_file(self, job: int, at: datetime) -> None:
        """Keep that the file was deleted, and let nobody upload it any more."""
        ...

    async def received_before(self, before: datetime, limit: int) -> Sequence[int]:
        """Return jobs whose file came before an instant, and is still here."""
        ...


@dataclass(frozen=True, slots=True)
class LogReply:
    """What a station answers when it is asked for a log.

    Attributes:
        word: ``ACCEPTED``, ``REJECTED``, or ``CANCELLED``: accepted, and an upload that
            was under way is given up for it (N01.FR.12).
        name: What the file will be called, if it says so.
        info: Its reason, in its words; may be empty.
    """

    word: LogWord
    name: str | None = None
    info: str = ""


class LogWire(Protocol):
    """Asks stations for logs (block N)."""

    async def get_log(self, job: int, request: LogRequest, location: str) -> LogReply:
        """Ask for the upload (N01).

        Raises:
            NoAnswer: If it cannot be asked or does not answer.
            RefusedByStation: If it answers by an error.
        """
        ...
