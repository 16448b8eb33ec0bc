"""Raw frames, in a log of their own: apart, bounded, and dropped by the day."""

import asyncio
import re
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, TypeAlias

import asyncpg
import structlog

from csms.clock import Clock, pause
from csms.db.engine import connect_raw
from csms.domain.ids import StationId
from csms.services.ports.telemetry import LoggedMessage, MessageFilter

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

COLUMNS = ("at", "station", "direction", "kind", "message_id", "action", "text")
PARTITION = "message_log_"
FLUSH_REAL_S = 0.25
TIDY_FLUSHES = 40
"""Partitions are looked after at the start, on a new day and every so many flushes."""

DAYS_AHEAD = 2
MOST_CHARACTERS = 65_536
MOST_ID = 64
CALL, SEND = 2, 6
COMMAND_S = 10.0
READERS = 4
MEGABYTE = 1_000_000
DAY = timedelta(days=1)

_HEAD = re.compile(
    r'\s*\[\s*([2-6])\s*,\s*"((?:[^"\\]|\\.)*)"\s*,\s*(?:"((?:[^"\\]|\\.)*)")?'
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MessageLogLimits:
    """How much is kept.

    Attributes:
        queue: Most frames waiting to be written; more are dropped and counted.
        batch: Most frames in one COPY.
        days: Whole business days kept besides today.
        megabytes: Most that all days together take up; the oldest go first.
    """

    queue: int = 50_000
    batch: int = 1_000
    days: int = 14
    megabytes: int = 2_000


class MessageLog:
    """Writes frames behind the back of the conversation, and finds them again.

    Recording never waits and never fails: what the database cannot take in time is
    dropped and counted.

    Args:
        url: The database.
        clock: Where business time comes from; days are business days in UTC.
        limits: How much is kept.
        connect: Opens a connection, if not to the database of the address.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        limits: MessageLogLimits = MessageLogLimits(),
        connect: Callable[[], Awaitable[Connection]] | None = None,
    ) -> None:
        self._connect = connect or partial(connect_raw, url, command_timeout=COMMAND_S)
        self._clock = clock
        self._limits = limits
        self._waiting: deque[tuple[datetime, StationId, str, str]] = deque()
        self._pending: list[tuple[Any, ...]] = []
        self._calls: OrderedDict[tuple[str, str, str], str] = OrderedDict()
        self._days: set[date] = set()
        self._writer: Connection | None = None
        self._readers = asyncio.Semaphore(READERS)
        self._flushes = 0
        self.dropped = 0
        self.written = 0

    def record(self, station: StationId, direction: str, text: str) -> None:
        """Note a frame; ``direction`` is ``in`` from the station or ``out`` to it."""
        if len(self._waiting) >= self._limits.queue:
            self.dropped += 1
            return
        self._waiting.append((self._clock.now(), station, direction, text))

    @property
    def waiting(self) -> int:
        """Return how many frames wait to be written."""
        return len(self._waiting) + len(self._pending)

    async def run(self) -> None:
        """Write what was recorded, for ever; what is left when cancelled."""
        try:
            while True:
                await pause(FLUSH_REAL_S)
                await self._flush_or_tell()
        finally:
            await self._flush_or_tell()
            await self.close()

    async def flush(self) -> int:
        """Write what was recorded so far; return how many frames."""
        if self._flushes % TIDY_FLUSHES == 0:
            await self.tidy()
        self._flushes += 1
        before = self.written
        while self._pending or self._waiting:
            if not self._pending:
                count = min(len(self._waiting), self._limits.batch)
                taken = [self._waiting.popleft() for _ in range(count)]
                self._pending = [self._row(*entry) for entry in taken]
            await self._copy()
            await pause(0)
        return self.written - before

    async def tidy(self) -> None:
        """Make the days ahead, and drop days that are too old or too much."""
        connection = await self._opened()
        today = self._clock.now().date()
        self._days = await _days(connection)
        for ahead in range(DAYS_AHEAD + 1):
            await self._make(connection, today + ahead * DAY)
        for day in sorted(self._days):
            if day < today - self._limits.days * DAY:
                await self._drop(connection, day)
        sizes = await connection.fetch(SIZES, f"{PARTITION}%")
        excess = sum(row["size"] for row in sizes) - self._limits.megabytes * MEGABYTE
        for row in sizes:
            if excess <= 0 or _day_of(row["name"]) >= today:
                break
            await self._drop(connection, _day_of(row["name"]))
            excess -= row["size"]

    async def find(
        self, wanted: MessageFilter, *, before: int | None = None, limit: int = 100
    ) -> Sequence[LoggedMessage]:
        """Return frames, youngest first.

        Args:
            wanted: Which ones.
            before: Only frames with a smaller id: the last id of the page before.
            limit: How many at most.
        """
        conditions = {
            "station = {}": wanted.station,
            "direction = {}": wanted.direction,
            "action = {}": wanted.action,
            "message_id = {}": wanted.message_id,
            "text ILIKE {}": _like(wanted.text),
            "at >= {}": wanted.since,
            "at < {}": wanted.until,
            "id < {}": before,
        }
        asked = {name: value for name, value in conditions.items() if value}
        where = " AND ".join(
            condition.format(f"${place}")
            for place, condition in enumerate(asked, start=1)
        )
        # Only the fixed conditions above become part of the statement.
        order = "id DESC" if wanted.station else "at DESC, id DESC"
        query = f"{FIND} WHERE {where or 'true'} ORDER BY {order} LIMIT {int(limit)}"
        return await self._read(query, *asked.values())

    async def exchange(
        self, station: StationId, message_id: str
    ) -> Sequence[LoggedMessage]:
        """Return a call and its answers, oldest first."""
        return await self._read(
            f"{FIND} WHERE station = $1 AND message_id = $2 ORDER BY id",
            station,
            message_id,
        )

    async def close(self) -> None:
        """Give the connection back."""
        connection, self._writer = self._writer, None
        if connection is not None:
            with suppress(Exception):
                await connection.close()

    async def _flush_or_tell(self) -> None:
        try:
            await self.flush()
        except Exception:
            log.exception("message_log.flush_failed", waiting=self.waiting)
            if self._writer is not None:
                self._writer.terminate()
                self._writer = None

    async def _opened(self) -> Connection:
        if self._writer is None or self._writer.is_closed():
            self._writer = await self._connect()
        return self._writer

    async def _copy(self) -> None:
        """Write the pending rows; they wait if the database is away."""
        rows = self._pending
        try:
            connection = await self._opened()
            for day in {row[0].astimezone(UTC).date() for row in rows} - self._days:
                await self._make(connection, day)
            await connection.copy_records_to_table(
                "message_log", records=rows, columns=COLUMNS
            )
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
            self._pending = []
            self.dropped += len(rows)
            raise
        self._pending = []
        self.written += len(rows)

    async def _make(self, connection: Connection, day: date) -> None:
        if day not in self._days:
            start = datetime.combine(day, time(), UTC)
            await connection.execute(
                f"CREATE TABLE IF NOT EXISTS {PARTITION}{day:%Y%m%d} PARTITION OF"
                f" message_log FOR VALUES FROM ('{start.isoformat()}')"
                f" TO ('{(start + DAY).isoformat()}')"
            )
            self._days.add(day)

    async def _drop(self, connection: Connection, day: date) -> None:
        await connection.execute(f"DROP TABLE IF EXISTS {PARTITION}{day:%Y%m%d}")
        self._days.discard(day)
        log.info("message_log.day_dropped", day=day.isoformat())

    async def _read(self, query: str, *arguments: object) -> list[LoggedMessage]:
        async with self._readers:
            connection = await self._connect()
            try:
                rows = await connection.fetch(query, *arguments)
            finally:
                await connection.close()
        return [LoggedMessage(**dict(row)) for row in rows]

    def _row(
        self, at: datetime, station: StationId, direction: str, text: str
    ) -> tuple[Any, ...]:
        kind, message_id, action = 0, "", ""
        if head := _HEAD.match(text):
            kind, message_id = int(head[1]), head[2][:MOST_ID]
            action = self._action(station, direction, kind, message_id, head[3] or "")
        return at, station, direction, kind, message_id, action, _storable(text)

    def _action(
        self, station: str, direction: str, kind: int, message_id: str, word: str
    ) -> str:
        """Return the action; an answer bears that of the call it belongs to."""
        if kind in (CALL, SEND):
            if kind == CALL:
                self._calls[station, direction, message_id] = word[:MOST_ID]
                if len(self._calls) > self._limits.queue:
                    self._calls.popitem(last=False)
            return word[:MOST_ID]
        other = "out" if direction == "in" else "in"
        return self._calls.pop((station, other, message_id), "")


FIND = """
SELECT id, at, station, direction, kind, message_id, action, text FROM message_log
"""

SIZES = """
SELECT relname AS name, pg_total_relation_size(oid) AS size FROM pg_class
WHERE relkind = 'r' AND relname LIKE $1 ORDER BY relname
"""


async def _days(connection: Connection) -> set[date]:
    rows = await connection.fetch(SIZES, f"{PARTITION}%")
    return {_day_of(row["name"]) for row in rows}


def _day_of(partition: str) -> date:
    return datetime.strptime(partition, f"{PARTITION}%Y%m%d").replace(tzinfo=UTC).date()


def _like(text: str | None) -> str | None:
    if not text:
        return None
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _storable(text: str) -> str:
    """Cut what is very long, and replace what the database cannot hold."""
    if len(text) > MOST_CHARACTERS:
        text = f"{text[:MOST_CHARACTERS]}… ({len(text)} characters)"
    return text.replace("\0", "\ufffd") if "\0" in text else text
