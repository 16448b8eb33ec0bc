"""The upload of a log by a station: what was asked, how far it has come, what came."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from csms.domain.ids import StationId

NAME_LIMIT = 100
UNNAMED = "log.bin"
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


class LogKind(StrEnum):
    """Which log of a station, in the words of the wire."""

    DIAGNOSTICS = "DiagnosticsLog"
    SECURITY = "SecurityLog"
    DATA_COLLECTOR = "DataCollectorLog"
    """2.1 only."""


class LogState(StrEnum):
    """How far the upload of a log has come."""

    ASKED = "asked"
    """It is being asked for, or the answer never came: what happens is open."""
    ACCEPTED = "accepted"
    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    SILENT = "silent"
    """The station said nothing more in time."""
    UNREACHABLE = "unreachable"
    """The request was never sent."""


class LogWord(StrEnum):
    """What happens to an upload: a station's words, and what we see ourselves."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    CANCELLED = "AcceptedCanceled"
    UPLOADING = "Uploading"
    UPLOADED = "Uploaded"
    FAILURE = "UploadFailure"
    BAD_MESSAGE = "BadMessage"
    DENIED = "PermissionDenied"
    NOT_SUPPORTED = "NotSupportedOperation"
    IDLE = "Idle"
    FILE_CAME = "file"
    SILENCE = "silence"
    NOT_SENT = "not_sent"


OPEN = frozenset({LogState.ASKED, LogState.ACCEPTED, LogState.UPLOADING})
"""States in which something may still come by itself."""

_FAILURES = (
    LogWord.FAILURE,
    LogWord.BAD_MESSAGE,
    LogWord.DENIED,
    LogWord.NOT_SUPPORTED,
)
_REVIVABLE = (*OPEN, LogState.FAILED, LogState.SILENT)
"""A station may try again after a failure (N01.FR.10), or after a silence."""


def _life() -> dict[tuple[LogState, LogWord], LogState]:
    table = {
        (LogState.ASKED, LogWord.ACCEPTED): LogState.ACCEPTED,
        (LogState.ASKED, LogWord.REJECTED): LogState.REJECTED,
        (LogState.ASKED, LogWord.NOT_SENT): LogState.UNREACHABLE,
    }
    for state in OPEN:
        table[state, LogWord.SILENCE] = LogState.SILENT
        table[state, LogWord.CANCELLED] = LogState.CANCELLED
        table |= {(state, word): LogState.FAILED for word in _FAILURES}
    for state in _REVIVABLE:
        table[state, LogWord.UPLOADING] = LogState.UPLOADING
        table[state, LogWord.UPLOADED] = LogState.UPLOADED
        table[state, LogWord.FILE_CAME] = LogState.UPLOADED
    table[LogState.SILENT, LogWord.CANCELLED] = LogState.CANCELLED
    return table


LIFE: Mapping[tuple[LogState, LogWord], LogState] = MappingProxyType(_life())
"""Where each word leads from each state; what is absent changes nothing (N01)."""


@dataclass(frozen=True, slots=True)
class LogRequest:
    """What is asked of a station (N01).

    Attributes:
        oldest: From when on; None from the beginning.
        latest: Until when; None until now.
        retries: How often it tries again.
        retry_interval: How long it waits between.
        location: Where to send the log instead of to us; None to us. It may hold
            credentials, and is never kept with them.
    """

    station: StationId
    kind: LogKind
    oldest: datetime | None = None
    latest: datetime | None = None
    retries: int = 0
    retry_interval: timedelta = timedelta(0)
    location: str | None = None


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file that came.

    Attributes:
        name: As the station named it, made harmless.
        content_type: As the station said; not trusted.
        size: In bytes.
        sha256: Of its content, in hexadecimal.
    """

    name: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class LogStatus:
    """Something a station said of an upload, or that we saw, and when we did."""

    at: datetime
    status: str
    info: str = ""


@dataclass(frozen=True, slots=True)
class LogJob:
    """The upload of one log.

    Attributes:
        id: Also the request id on the wire.
        request: What was asked; its location is without credentials.
        by: Who asked.
        state: How far it has come.
        detail: The station's reason, or ours.
        promised_name: What the station said the file will be called.
        heard_at: When anything was last heard of it.
        secret_expires_at: Until when its credentials work; None if it has none.
        secret_used_at: When they were used up.
        file: The file that came; kept here until it was deleted.
        received_at: When it came.
        deleted_at: When the file was deleted.
        history: Every status, in order.
    """

    id: int
    request: LogRequest
    by: str
    requested_at: datetime
    state: LogState
    detail: str = ""
    promised_name: str | None = None
    heard_at: datetime | None = None
    secret_expires_at: datetime | None = None
    secret_used_at: datetime | None = None
    file: LogFile | None = None
    received_at: datetime | None = None
    deleted_at: datetime | None = None
    history: tuple[LogStatus, ...] = ()

    @property
    def is_here(self) -> bool:
        """Tell whether its file can be downloaded."""
        return self.file is not None and self.deleted_at is None


def after(state: LogState, word: LogWord) -> LogState:
    """Return where an upload is once a word was said of it."""
    return LIFE.get((state, word), state)


def harmless_name(said: str | None) -> str:
    """Return a file name that cannot lead anywhere.

    It is made of letters, digits, ``.``, ``_`` and ``-``. It has no folder,
    does not begin with a dot, and is never empty.
    """
    last = re.split(r"[\\/]", said or "")[-1]
    plain = _ODD.sub("_", last).lstrip("._-")[-NAME_LIMIT:].lstrip("._-")
    return plain or UNNAMED
