"""What stations report, kept in one statement and one commit per batch."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias, TypeVar

import asyncpg

from csms.db.engine import connect_raw
from csms.db.ingest_statements import (
    CONFLICT,
    KNOWN,
    PLACE_READINGS,
    UNPLACED,
    WHEREABOUTS,
    WRITE,
)
from csms.domain.ids import StationId, TransactionId
from csms.domain.reading import Reading
from csms.domain.transaction import OWN_NUMBERS, Recorded, TransactionReport
from csms.services.ports.telemetry import BatchRefused, StoreAway, TransactionKey

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
T = TypeVar("T")

COMMAND_S = 10.0
REPORT_COLUMNS = 14
READING_COLUMNS = 12

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalServerError,
    asyncpg.InvalidAuthorizationSpecificationError,
)
"""What will be well again if the same is tried later."""


class PostgresIngest:
    """Keeps what stations report, on one connection of its own.

    Args:
        connect: Opens the connection; called again whenever it was lost.
    """

    @classmethod
    def at(cls, url: str) -> "PostgresIngest":
        """Return the store of a database, on connections that are given up in time."""
        return cls(partial(connect_raw, url, command_timeout=COMMAND_S))

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._unplaced: set[TransactionKey] = set()

    async def write(
        self,
        reports: Sequence[TransactionReport],
        readings: Sequence[Reading],
        *,
        at: datetime,
    ) -> Sequence[Recorded]:
        """Keep reports and loose readings; say what became of each report.

        Args:
            reports: Each may occur more than once, also within the batch.
            readings: What came without a transaction.
            at: The instant of writing, by which telemetry finds what is new.

        Raises:
            StoreAway: If the store is away.
            BatchRefused: If something in the batch cannot be kept.
        """
        firsts: dict[tuple[StationId, TransactionId, int], TransactionReport] = {}
        for report in reports:
            firsts.setdefault(report.key, report)
        told = list(firsts.values())
        new = await self._guarded(lambda: self._write(told, readings, at))
        if len(new) == len(reports):
            return [Recorded.NEW] * len(reports)
        fresh = {told[place - 1].key for place in new}
        return await self._guarded(lambda: self._judge(reports, firsts, fresh, at))

    async def whereabouts(
        self, keys: Sequence[TransactionKey]
    ) -> Mapping[TransactionKey, int]:
        """Return the EVSE of each transaction of which it can be told.

        Raises:
            StoreAway: If the store is away.
        """
        stations, names = [key[0] for key in keys], [key[1] for key in keys]
        rows = await self._guarded(lambda: self._fetch(WHEREABOUTS, stations, names))
        return {
            (StationId(row["station_id"]), TransactionId(row["id"])): row["evse"]
            for row in rows
            if row["evse"] is not None
        }

    async def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _guarded(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work, telling a store that is away from data that cannot be kept."""
        try:
            return await work()
        except AWAY as error:
            await self._abandon()
            raise StoreAway(f"{type(error).__name__}: {error}") from error
        except (asyncpg.PostgresError, ValueError, OverflowError) as error:
            raise BatchRefused(f"{type(error).__name__}: {error}") from error

    async def _abandon(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.terminate()

    async def _opened(self) -> Connection:
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        try:
            connection = await self._connect()
            await connection.execute("SET plan_cache_mode = force_generic_plan")
            rows = await connection.fetch(UNPLACED)
        except asyncpg.PostgresError as error:
            raise StoreAway(f"{type(error).__name__}: {error}") from error
        self._unplaced = {(row[0], row[1]) for row in rows}
        self._connection = connection
        return connection

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        return await (await self._opened()).fetch(query, *arguments)

    async def _write(
        self,
        reports: Sequence[TransactionReport],
        readings: Sequence[Reading],
        at: datetime,
    ) -> list[int]:
        connection = await self._opened()
        arguments = (*_report_columns(reports), *_reading_columns(reports, readings))
        waiting = self._unplaced | _without_place(reports)
        settled = [
            (report.station, report.transaction)
            for report in (reports if waiting else ())
            if report.evse is not None
            and (report.station, report.transaction) in waiting
        ]
        if not settled:
            rows = await connection.fetch(WRITE, *arguments, at)
        else:
            async with connection.transaction():
                rows = await connection.fetch(WRITE, *arguments, at)
                stations, names = zip(*settled, strict=True)
                moved = await connection.fetch(PLACE_READINGS, stations, names, at)
            waiting = waiting.difference((row[0], row[1]) for row in moved)
        self._unplaced = waiting
        return [row[0] for row in rows]

    async def _judge(
        self,
        reports: Sequence[TransactionReport],
        firsts: Mapping[tuple[StationId, TransactionId, int], TransactionReport],
        new: set[tuple[StationId, TransactionId, int]],
        at: datetime,
    ) -> list[Recorded]:
        known = [report for key, report in firsts.items() if key not in new]
        kept = {report.key: (report.digest, report.at) for report in firsts.values()}
        if known:
            rows = await self._fetch(KNOWN, *_keys(known))
            kept |= {known[row[0] - 1].key: (row[1], row[2]) for row in rows}
        unseen = set(new)
        verdicts: list[Recorded] = []
        for report in reports:
            digest, instant = kept[report.key]
            if digest != report.digest:
                reused = instant != report.at
                verdicts.append(Recorded.RENUMBERED if reused else Recorded.CONFLICT)
            elif report.key in unseen:
                unseen.remove(report.key)
                verdicts.append(Recorded.NEW)
            else:
                verdicts.append(Recorded.DUPLICATE)
        await self._put_aside(_with(Recorded.CONFLICT, reports, verdicts))
        await self._renumber(_with(Recorded.RENUMBERED, reports, verdicts), at)
        return verdicts

    async def _put_aside(self, conflicts: Sequence[TransactionReport]) -> None:
        """Keep reports that contradict what was said of the same instant."""
        if conflicts:
            await self._fetch(
                CONFLICT,
                *_keys(conflicts),
                [report.digest for report in conflicts],
                [report.received_at for report in conflicts],
                [report.payload for report in conflicts],
            )

    async def _renumber(
        self, reused: Sequence[TransactionReport], at: datetime
    ) -> None:
        """Keep reports of a station that counts from the beginning again.

        Each gets a number made from what it says, so that a repetition is known.
        """
        own = {each.key: each for each in map(_own_number, reused)}
        if own:
            await self._write(list(own.values()), (), at)


def _own_number(report: TransactionReport) -> TransactionReport:
    """Return a report under a number beyond those of stations, in order of time."""
    milliseconds = int(report.at.timestamp() * 1000)
    mark = int.from_bytes(report.digest[:2]) % 1024
    return replace(report, seq_no=OWN_NUMBERS + milliseconds * 1024 + mark)


def _with(
    wanted: Recorded,
    reports: Sequence[TransactionReport],
    verdicts: Sequence[Recorded],
) -> Sequence[TransactionReport]:
    return [
        report
        for report, verdict in zip(reports, verdicts, strict=True)
        if verdict is wanted
    ]


def _report_columns(reports: Sequence[TransactionReport]) -> Sequence[Sequence[Any]]:
    rows = [
        (
            one.station,
            one.transaction,
            one.seq_no,
            one.digest,
            one.event_type,
            one.trigger,
            one.at,
            one.offline,
            one.payload,
            one.evse,
            one.charging_state,
            one.stopped_reason,
            one.id_token,
            one.remote_start_id,
        )
        for one in reports
    ]
    return list(zip(*rows, strict=True)) or [()] * REPORT_COLUMNS


def _reading_columns(
    reports: Sequence[TransactionReport], loose: Sequence[Reading]
) -> Sequence[Sequence[Any]]:
    rows = [
        _reading_row(said, place)
        for place, report in enumerate(reports, start=1)
        for said in report.readings
    ]
    rows.extend(_reading_row(said, 0) for said in loose)
    return list(zip(*rows, strict=True)) or [()] * READING_COLUMNS


def _reading_row(said: Reading, place: int) -> tuple[Any, ...]:
    evse = said.evse
    return (
        evse.station,
        evse.number,
        said.at,
        said.location,
        said.context,
        said.transaction,
        said.import_ws,
        said.export_ws,
        said.import_w,
        said.export_w,
        said.soc_pct,
        place,
    )


def _keys(reports: Sequence[TransactionReport]) -> Sequence[Sequence[Any]]:
    return list(zip(*(report.key for report in reports), strict=True))


def _without_place(reports: Iterable[TransactionReport]) -> set[TransactionKey]:
    return {
        (report.station, report.transaction)
        for report in reports
        if report.evse is None and report.readings
    }
