"""Readings, quarter hours, transactions and live states in PostgreSQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.charging.readings import Turn
from csms.db import tables
from csms.db.telemetry_statements import (
    CHANGED_READINGS,
    CHANGED_TURNS,
    READINGS,
    SAVE_LIVE,
    SAVE_QUARTERS,
    TURNS,
)
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.interval import Interval
from csms.domain.live import LiveEvse
from csms.domain.reading import Quality, Quarter, Reading
from csms.domain.transaction import LEFT, PLUGGED_IN, EventType, Transaction
from csms.domain.units import Power
from csms.services.ports.telemetry import Change, Conflict, Kept

_TURNING = sorted(PLUGGED_IN | LEFT)
_QUARTER = tables.quarter
_TRANSACTION = tables.transaction
_REPORT = tables.transaction_report
_ASIDE = tables.transaction_conflict


@dataclass(frozen=True, slots=True)
class PostgresTelemetryStore:
    """The readings of one unit of work."""

    connection: AsyncConnection

    async def changes(
        self, since: datetime, until: datetime
    ) -> Mapping[EvseId, Change]:
        """Return what was written from ``since`` up to, not including, ``until``."""
        changes: dict[EvseId, Change] = {}
        for row in await self._all(CHANGED_READINGS, since, until):
            evse = EvseId(StationId(row.station_id), row.evse)
            changes[evse] = Change(row.first, row.last)
        for row in await self._all(CHANGED_TURNS, since, until, _TURNING):
            evse = EvseId(StationId(row.station_id), row.evse)
            known = changes.get(evse, Change())
            changes[evse] = Change(known.first, known.last, tuple(row.turns))
        return changes

    async def readings(
        self, spans: Mapping[EvseId, Interval]
    ) -> Mapping[EvseId, Sequence[Kept]]:
        """Return the readings of EVSEs, each within a span, its end included."""
        found: dict[EvseId, list[Kept]] = {evse: [] for evse in spans}
        evses = list(spans)
        for row in await self._all(READINGS, *_columns(spans)):
            place, *said, received_at = tuple(row)
            evse = evses[place - 1]
            found[evse].append(Kept(Reading(evse, *said), received_at))
        return found

    async def turns(
        self, spans: Mapping[EvseId, Interval]
    ) -> Mapping[EvseId, Sequence[Turn]]:
        """Return every turn of the transactions that overlap the span of an EVSE."""
        found: dict[EvseId, list[Turn]] = {evse: [] for evse in spans}
        evses = list(spans)
        for row in await self._all(TURNS, *_columns(spans), _TURNING):
            turn = Turn(
                TransactionId(row.transaction_id),
                row.at,
                EventType(row.event_type),
                row.trigger_reason,
                row.stopped_reason,
            )
            found[evses[row.place - 1]].append(turn)
        return found

    async def save_quarters(self, quarters: Sequence[Quarter]) -> None:
        """Keep quarters in place of what was known of them."""
        if quarters:
            rows = [_quarter_row(quarter) for quarter in quarters]
            await self._all(SAVE_QUARTERS, *map(list, zip(*rows, strict=True)))

    async def quarters(
        self, evses: Sequence[EvseId], interval: Interval
    ) -> Sequence[Quarter]:
        """Return the kept quarters that start within an interval, in order."""
        table = _QUARTER
        rows = await self.connection.execute(
            select(table)
            .where(
                tuple_(table.c.station_id, table.c.evse).in_(
                    [(evse.station, evse.number) for evse in evses]
                )
            )
            .where(table.c.start >= interval.start, table.c.start < interval.end)
            .order_by(table.c.station_id, table.c.evse, table.c.start)
        )
        return [_quarter(row) for row in rows]

    async def cursor(self, name: str) -> datetime | None:
        """Return how far a worker has come; none if it never ran."""
        rows = await self.connection.execute(
            select(tables.cursor.c.at).where(tables.cursor.c.name == name)
        )
        return rows.scalar_one_or_none()

    async def move_cursor(self, name: str, at: datetime) -> None:
        """Remember how far a worker has come."""
        statement = insert(tables.cursor).values(name=name, at=at)
        await self.connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"at": at})
        )

    async def transaction(
        self, station: StationId, transaction: TransactionId
    ) -> Transaction | None:
        """Return a transaction, with the sequence numbers of its reports."""
        rows = await self.connection.execute(
            select(_TRANSACTION)
            .where(_TRANSACTION.c.station_id == station)
            .where(_TRANSACTION.c.id == transaction)
        )
        found = [await self._transaction(row) for row in rows]
        return found[0] if found else None

    async def ongoing(self, station: StationId) -> Sequence[Transaction]:
        """Return the transactions of a station that have not ended, latest first."""
        rows = await self.connection.execute(
            select(_TRANSACTION)
            .where(_TRANSACTION.c.station_id == station)
            .where(_TRANSACTION.c.ended_at.is_(None))
            .where(_TRANSACTION.c.presumed_ended.is_(False))
            .order_by(_TRANSACTION.c.last_at.desc())
        )
        return [await self._transaction(row) for row in rows]

    async def conflicts(
        self,
        station: StationId,
        before: tuple[datetime, TransactionId, int] | None,
        limit: int,
    ) -> Sequence[Conflict]:
        """Return reports of a station that were put aside, latest first."""
        key = (_ASIDE.c.received_at, _ASIDE.c.transaction_id, _ASIDE.c.seq_no)
        first = (
            (_REPORT.c.station_id == _ASIDE.c.station_id)
            & (_REPORT.c.transaction_id == _ASIDE.c.transaction_id)
            & (_REPORT.c.seq_no == _ASIDE.c.seq_no)
        )
        statement = (
            select(*key, _ASIDE.c.payload, _REPORT.c.payload.label("kept"))
            .join(_REPORT, first)
            .where(_ASIDE.c.station_id == station)
            .order_by(*(each.desc() for each in key))
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(tuple_(*key) < tuple_(*map(literal, before)))
        return [
            Conflict(
                TransactionId(row.transaction_id),
                row.seq_no,
                row.received_at,
                row.payload,
                row.kept,
            )
            for row in await self.connection.execute(statement)
        ]

    async def presume_ended(
        self, station: StationId, transaction: TransactionId
    ) -> None:
        """Stop waiting for the end of a transaction."""
        await self.connection.execute(
            update(_TRANSACTION)
            .where(_TRANSACTION.c.station_id == station)
            .where(_TRANSACTION.c.id == transaction)
            .values(presumed_ended=True)
        )

    async def live(self) -> Sequence[LiveEvse]:
        """Return the last known state of every EVSE."""
        rows = await self.connection.execute(select(tables.evse_live))
        return [_live(row) for row in rows]

    async def save_live(self, states: Sequence[LiveEvse]) -> None:
        """Keep the states of registered EVSEs; others are passed over."""
        if states:
            rows = [_live_row(state) for state in states]
            await self._all(SAVE_LIVE, *map(list, zip(*rows, strict=True)))

    async def _transaction(self, row: Row[Any]) -> Transaction:
        seqs = await self.connection.execute(
            select(_REPORT.c.seq_no)
            .where(_REPORT.c.station_id == row.station_id)
            .where(_REPORT.c.transaction_id == row.id)
        )
        return _transaction_from(row, frozenset(seqs.scalars()))

    async def _all(self, statement: str, *arguments: object) -> Sequence[Row[Any]]:
        result = await self.connection.exec_driver_sql(statement, arguments)
        return result.all() if result.returns_rows else ()


def _columns(spans: Mapping[EvseId, Interval]) -> Sequence[list[Any]]:
    rows = [
        (evse.station, evse.number, span.start, span.end)
        for evse, span in spans.items()
    ]
    return [[row[place] for row in rows] for place in range(4)]


def _quarter_row(quarter: Quarter) -> tuple[Any, ...]:
    return (
        quarter.evse.station,
        quarter.evse.number,
        quarter.start,
        quarter.import_ws,
        quarter.export_ws,
        quarter.mean_w,
        quarter.soc_pct,
        quarter.soc_at,
        quarter.quality.value,
        quarter.transaction,
        quarter.plug_in_at,
        quarter.plug_out_at,
        quarter.charge_start_at,
        quarter.charge_stop_at,
        quarter.discharge_start_at,
        quarter.discharge_stop_at,
    )


def _quarter(row: Row[Any]) -> Quarter:
    return Quarter(
        evse=EvseId(StationId(row.station_id), row.evse),
        start=row.start,
        import_ws=row.import_ws,
        export_ws=row.export_ws,
        mean_w=row.mean_w,
        soc_pct=row.soc_pct,
        soc_at=row.soc_at,
        quality=Quality(row.quality),
        transaction=row.transaction_id,
        plug_in_at=row.plug_in_at,
        plug_out_at=row.plug_out_at,
        charge_start_at=row.charge_start_at,
        charge_stop_at=row.charge_stop_at,
        discharge_start_at=row.discharge_start_at,
        discharge_stop_at=row.discharge_stop_at,
    )


def _transaction_from(row: Row[Any], seqs: frozenset[int]) -> Transaction:
    token, state = row.id_token, row.charging_state
    return Transaction(
        station=StationId(row.station_id),
        id=TransactionId(row.id),
        seqs=seqs,
        first_at=row.first_at,
        last_at=row.last_at,
        evse=row.evse,
        started_at=row.started_at,
        ended_at=row.ended_at,
        stopped_reason=row.stopped_reason,
        id_token=None if token is None else (row.id_token_seq, token),
        charging_state=None if state is None else (row.charging_state_seq, state),
        remote_start_id=row.remote_start_id,
        presumed_ended=row.presumed_ended,
    )


def _live_row(state: LiveEvse) -> tuple[Any, ...]:
    return (
        state.evse.station,
        state.evse.number,
        state.connector_status,
        state.connector_status_at,
        state.transaction,
        state.plugged,
        state.plugged_at,
        state.charging_state,
        state.operation_mode,
        None if state.power is None else state.power.watts,
        state.power_at,
        state.soc_pct,
        state.soc_at,
        state.import_ws,
        state.export_ws,
        state.register_at,
        _document(state.ev_needs),
        _document(state.external_limit),
        _document(state.der_alarm),
        state.priority_charging,
    )


def _document(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, default=str)


def _live(row: Row[Any]) -> LiveEvse:
    return LiveEvse(
        evse=EvseId(StationId(row.station_id), row.evse),
        connector_status=row.connector_status,
        connector_status_at=row.connector_status_at,
        transaction=row.transaction_id,
        plugged=row.plugged,
        plugged_at=row.plugged_at,
        charging_state=row.charging_state,
        operation_mode=row.operation_mode,
        power=None if row.power_w is None else Power(row.power_w),
        power_at=row.power_at,
        soc_pct=row.soc_pct,
        soc_at=row.soc_at,
        import_ws=row.import_ws,
        export_ws=row.export_ws,
        register_at=row.register_at,
        ev_needs=row.ev_needs,
        external_limit=row.external_limit,
        der_alarm=row.der_alarm,
        priority_charging=row.priority_charging,
    )
