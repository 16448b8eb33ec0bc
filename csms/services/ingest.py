"""Reports of many stations, recorded as one batch, one commit.

A report is answered only after the commit that holds it. While one batch is being
committed the next one fills, so the load decides how large batches are.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from csms.clock import Clock, pause
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.reading import Reading
from csms.domain.transaction import Recorded, TransactionReport
from csms.services.live import LiveFleet
from csms.services.ports.telemetry import (
    BatchRefused,
    IngestStore,
    StoreAway,
    TransactionKey,
)

FIRST_BACKOFF_S = 0.05
LAST_BACKOFF_S = 1.0
REMEMBERED = 50_000
"""How many transactions' EVSEs are kept in mind."""

log = structlog.get_logger()


class NotRecorded(Exception):
    """A report could not be kept; the station has to send it again."""


@dataclass(slots=True, eq=False)
class _Entry:
    report: TransactionReport | None
    readings: Sequence[Reading]
    done: asyncio.Future[Recorded]
    deadline: float


@dataclass(frozen=True, slots=True)
class IngestLimits:
    """How reports are gathered.

    Attributes:
        window: Real seconds that the first report of a quiet moment waits for others;
            cut short as soon as there are as many as last time.
        max_batch: Most reports in one commit.
        capacity: Most reports waiting; beyond it stations are made to wait.
        patience: Real seconds that a report is held while the store is away.
    """

    window: float = 0.003
    max_batch: int = 500
    capacity: int = 20_000
    patience: float = 20.0


class Ingest:
    """Records what stations report, in batches.

    Args:
        store: Where it is kept.
        live: What is told of everything at once, before it is kept: safety does not
            wait for a disk.
        clock: Where business time comes from.
        limits: How reports are gathered.
    """

    def __init__(
        self,
        store: IngestStore,
        live: LiveFleet,
        clock: Clock,
        limits: IngestLimits = IngestLimits(),
    ) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._limits = limits
        self._waiting: deque[_Entry] = deque()
        self._arrived = asyncio.Event()
        self._enough = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._expected = 1
        self._stopping = False
        self._writing_since: datetime | None = None
        self._places: dict[TransactionKey, int] = {}

    def evse_of(self, station: StationId, transaction: TransactionId) -> int | None:
        """Return the EVSE of a transaction, if it was said lately."""
        return self._places.get((station, transaction))

    @property
    def waiting(self) -> int:
        """Return how many reports wait to be written."""
        return len(self._waiting)

    def settled_until(self) -> datetime:
        """Return an instant before which no more readings will be written."""
        return self._writing_since or self._clock.now()

    async def record(self, report: TransactionReport) -> Recorded:
        """Return what became of a report, after the commit that holds it.

        Raises:
            NotRecorded: If it cannot be kept, or the store stayed away.
        """
        self._remember(report)
        self._live.hear(report)
        return await self._written(report, ())

    async def record_readings(
        self, station: StationId, readings: Sequence[Reading]
    ) -> None:
        """Return after the commit that holds readings without a transaction.

        Raises:
            NotRecorded: If they cannot be kept, or the store stayed away.
        """
        if not readings:
            return
        self._live.hear_readings(readings)
        await self._written(None, readings)
        log.debug("readings.recorded", station=station, readings=len(readings))

    async def run(self) -> None:
        """Write batch after batch until stopped, then what is still waiting."""
        while not (self._stopping and not self._waiting):
            if not self._waiting:
                await self._gather()
                continue
            batch = self._take()
            self._expected = len(batch)
            await self._keep(batch)

    async def stop(self) -> None:
        """Let `run` write what is waiting and return; nothing more is accepted."""
        self._stopping = True
        self._arrived.set()
        self._enough.set()

    async def _written(
        self, report: TransactionReport | None, readings: Sequence[Reading]
    ) -> Recorded:
        while len(self._waiting) >= self._limits.capacity:
            self._room.clear()
            await self._room.wait()
        if self._stopping:
            raise NotRecorded("shutting down")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.patience
        entry = _Entry(report, readings, loop.create_future(), deadline)
        self._waiting.append(entry)
        self._arrived.set()
        if len(self._waiting) >= self._expected:
            self._enough.set()
        return await entry.done

    def _remember(self, report: TransactionReport) -> None:
        if report.evse is None:
            return
        key = report.station, report.transaction
        if key not in self._places:
            if len(self._places) >= REMEMBERED:
                del self._places[next(iter(self._places))]
            self._places[key] = report.evse

    async def _gather(self) -> None:
        self._arrived.clear()
        await self._arrived.wait()
        if self._stopping or len(self._waiting) >= self._expected:
            return
        self._enough.clear()
        try:
            async with asyncio.timeout(self._limits.window):
                await self._enough.wait()
        except TimeoutError:
            return

    def _take(self) -> list[_Entry]:
        waiting = self._waiting
        count = min(len(waiting), self._limits.max_batch)
        batch = [waiting.popleft() for _ in range(count)]
        self._room.set()
        return batch

    async def _keep(self, batch: Sequence[_Entry]) -> None:
        try:
            await self._write(batch)
        except BatchRefused as refused:
            if len(batch) == 1:
                _fail(batch, refused)
                return
            log.warning("ingest.batch_refused", entries=len(batch), reason=str(refused))
            half = len(batch) // 2
            await self._keep(batch[:half])
            await self._keep(batch[half:])
        except Exception as error:
            log.exception("ingest.batch_failed", entries=len(batch))
            _fail(batch, error)
        finally:
            self._writing_since = None

    async def _write(self, batch: Sequence[_Entry]) -> None:
        """Write the batch, however often that takes, while anybody waits for it."""
        wait = FIRST_BACKOFF_S
        loop = asyncio.get_running_loop()
        # One instant for every attempt: an attempt that seemed lost may yet be kept.
        self._writing_since = at = self._clock.now()
        while batch:
            try:
                await self._write_once(batch, at)
            except StoreAway as away:
                now = loop.time()
                late = [entry for entry in batch if entry.deadline <= now]
                _fail(late, away)
                batch = [entry for entry in batch if entry.deadline > now]
                log.warning("ingest.store_away", held=len(batch), reason=str(away))
                await pause(wait)
                wait = min(2 * wait, LAST_BACKOFF_S)
            else:
                return

    async def _write_once(self, batch: Sequence[_Entry], at: datetime) -> None:
        await self._locate(batch)
        told = [entry for entry in batch if entry.report is not None]
        recorded = await self._store.write(
            [entry.report for entry in told if entry.report is not None],
            [said for entry in batch for said in entry.readings],
            at=at,
        )
        for entry, result in zip(told, recorded, strict=True):
            if result is Recorded.CONFLICT and entry.report is not None:
                log.warning("transaction.report_conflicted", key=entry.report.key)
            _resolve(entry, result)
        if len(told) < len(batch):
            for entry in batch:
                _resolve(entry, Recorded.NEW)

    async def _locate(self, batch: Sequence[_Entry]) -> None:
        """Find the EVSE of reports that did not say it."""
        lost = [
            entry
            for entry in batch
            if entry.report is not None and entry.report.evse is None
        ]
        if not lost:
            return
        keys = {
            (entry.report.station, entry.report.transaction)
            for entry in lost
            if entry.report is not None
        }
        unknown = sorted(keys - self._places.keys())
        found = await self._store.whereabouts(unknown) if unknown else {}
        for entry in lost:
            if entry.report is not None:
                entry.report = self._placed(entry.report, found)

    def _placed(
        self, report: TransactionReport, found: Mapping[TransactionKey, int]
    ) -> TransactionReport:
        key = report.station, report.transaction
        number = self._places.get(key) or found.get(key)
        if number is None:
            return report
        evse = EvseId(report.station, number)
        readings = tuple(replace(said, evse=evse) for said in report.readings)
        placed = replace(report, evse=number, readings=readings)
        self._remember(placed)
        self._live.hear(placed)
        return placed


def _resolve(entry: _Entry, result: Recorded) -> None:
    if not entry.done.done():
        entry.done.set_result(result)


def _fail(entries: Sequence[_Entry], reason: Exception) -> None:
    for entry in entries:
        if not entry.done.done():
            entry.done.set_exception(NotRecorded(str(reason)))
