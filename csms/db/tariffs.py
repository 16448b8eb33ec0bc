"""Tariffs, where they hold, and what transactions cost, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Text, and_, cast, delete, exists, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.db.tariff_tables import tariff, tariff_assignment, transaction_cost
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.tariff import (
    AssignmentState,
    Tariff,
    TariffAssignment,
    TransactionCost,
)
from csms.services.ports.tariffs import Bill, Running


@dataclass(frozen=True, slots=True)
class PostgresTariffStore:
    """The tariffs of one unit of work."""

    connection: AsyncConnection

    async def save(self, saved: Tariff, by: str, at: datetime) -> None:
        """Keep a tariff in place of one with the same id."""
        values = {
            "currency": saved.currency,
            "document": dict(saved.document),
            "saved_at": at,
            "saved_by": by,
        }
        await self.connection.execute(
            insert(tariff)
            .values(id=saved.id, **values)
            .on_conflict_do_update(index_elements=["id"], set_=values)
        )

    async def find(self, wanted: str) -> Tariff | None:
        """Return one tariff."""
        rows = await self.connection.execute(
            select(tariff).where(tariff.c.id == wanted)
        )
        row = rows.one_or_none()
        return None if row is None else Tariff(row.id, row.currency, row.document)

    async def all(self) -> Sequence[Tariff]:
        """Return every tariff, by id."""
        rows = await self.connection.execute(select(tariff).order_by(tariff.c.id))
        return [Tariff(row.id, row.currency, row.document) for row in rows]

    async def is_used(self, used: str) -> bool:
        """Tell whether it holds anywhere, or costs were reckoned by it."""
        held = select(literal(1)).where(tariff_assignment.c.tariff_id == used)
        cost = select(literal(1)).where(transaction_cost.c.tariff_id == used)
        return bool(await self.connection.scalar(select(exists(held) | exists(cost))))

    async def remove(self, removed: str) -> None:
        """Forget a tariff that was never used."""
        await self.connection.execute(delete(tariff).where(tariff.c.id == removed))

    async def assign(self, assignment: TariffAssignment) -> None:
        """Keep where a tariff holds, in place of the one that held there."""
        values = {
            "tariff_id": assignment.tariff,
            "state": assignment.state.value,
            "assigned_at": assignment.assigned_at,
            "assigned_by": assignment.assigned_by,
        }
        await self.connection.execute(
            insert(tariff_assignment)
            .values(station_id=assignment.station, evse=assignment.evse, **values)
            .on_conflict_do_update(index_elements=["station_id", "evse"], set_=values)
        )

    async def unassign(self, station: StationId, evse: int) -> None:
        """Keep that no tariff holds there any more."""
        column = tariff_assignment.c
        await self.connection.execute(
            delete(tariff_assignment).where(
                column.station_id == station, column.evse == evse
            )
        )

    async def assignments(
        self, station: StationId | None = None
    ) -> Sequence[TariffAssignment]:
        """Return where tariffs hold, by station and EVSE."""
        column = tariff_assignment.c
        rows = await self.connection.execute(
            select(tariff_assignment)
            .where(literal(station is None) | (column.station_id == station))
            .order_by(column.station_id, column.evse)
        )
        return [
            TariffAssignment(
                StationId(row.station_id),
                row.evse,
                row.tariff_id,
                AssignmentState(row.state),
                row.assigned_at,
                row.assigned_by,
            )
            for row in rows
        ]

    async def bill(self, station: StationId, transaction: TransactionId) -> Bill | None:
        """Return what the cost of a transaction is reckoned from."""
        known, report, said = (
            tables.transaction.c,
            tables.transaction_report.c,
            tables.reading.c,
        )
        rows = await self.connection.execute(
            select(known.evse, known.ended_at).where(
                known.station_id == station, known.id == transaction
            )
        )
        row = rows.one_or_none()
        if row is None:
            return None
        state = cast(cast(report.payload, Text), JSONB)["transactionInfo"][
            "chargingState"
        ].astext
        states = await self.connection.execute(
            select(report.at, state.label("state"))
            .where(report.station_id == station, report.transaction_id == transaction)
            .order_by(report.at, report.seq_no)
        )
        registers = await self.connection.execute(
            select(said.location, func.min(said.import_ws), func.max(said.import_ws))
            .where(
                said.station_id == station,
                said.evse == row.evse,
                said.transaction_id == transaction,
                said.import_ws.is_not(None),
            )
            .group_by(said.location)
        )
        return Bill(
            row.evse,
            row.ended_at,
            [(each.at, each.state) for each in states],
            [(place, least, most) for place, least, most in registers],
        )

    async def save_cost(self, cost: TransactionCost) -> None:
        """Keep what a transaction has cost so far; a final cost is not changed."""
        values = {
            "tariff_id": cost.tariff,
            "currency": cost.currency,
            "total": cost.total,
            "final": cost.final,
            "at": cost.at,
            "told_at": cost.told_at,
        }
        await self.connection.execute(
            insert(transaction_cost)
            .values(station_id=cost.station, transaction_id=cost.transaction, **values)
            .on_conflict_do_update(
                index_elements=["station_id", "transaction_id"],
                set_=values,
                where=transaction_cost.c.final.is_(False),
            )
        )

    async def cost(
        self, station: StationId, transaction: TransactionId
    ) -> TransactionCost | None:
        """Return what it has cost so far."""
        column = transaction_cost.c
        rows = await self.connection.execute(
            select(transaction_cost).where(
                column.station_id == station, column.transaction_id == transaction
            )
        )
        row = rows.one_or_none()
        return None if row is None else _cost(station, transaction, row)

    async def ongoing(
        self, stations: Sequence[StationId]
    ) -> Sequence[tuple[EvseId, TransactionId]]:
        """Return the ongoing transactions of some stations."""
        known = tables.transaction.c
        rows = await self.connection.execute(
            select(known.station_id, known.evse, known.id)
            .where(
                known.station_id.in_(stations),
                known.ended_at.is_(None),
                known.presumed_ended.is_(False),
                known.evse.is_not(None),
            )
            .order_by(known.station_id, known.evse)
        )
        return [
            (EvseId(StationId(row.station_id), row.evse), TransactionId(row.id))
            for row in rows
        ]

    async def running(self, limit: int) -> Sequence[Running]:
        """Return the ongoing transactions where tariffs hold, with their cost."""
        known, cost = tables.transaction.c, transaction_cost.c
        holds = select(tariff_assignment.c.station_id)
        rows = await self.connection.execute(
            select(known.station_id, known.evse, known.id, known.first_at)
            .add_columns(*(each for each in cost if not each.primary_key))
            .outerjoin(
                transaction_cost,
                and_(
                    cost.station_id == known.station_id,
                    cost.transaction_id == known.id,
                ),
            )
            .where(
                known.ended_at.is_(None),
                known.presumed_ended.is_(False),
                known.station_id.in_(holds),
            )
            .order_by(known.station_id, known.evse, known.id)
            .limit(limit)
        )
        found: list[Running] = []
        for row in rows:
            station, name = StationId(row.station_id), TransactionId(row.id)
            reckoned = None if row.tariff_id is None else _cost(station, name, row)
            found.append(Running(station, row.evse or 0, name, row.first_at, reckoned))
        return found


def _cost(
    station: StationId, transaction: TransactionId, row: Row[Any]
) -> TransactionCost:
    return TransactionCost(
        station,
        transaction,
        row.tariff_id,
        row.currency,
        row.total,
        row.final,
        row.at,
        row.told_at,
    )
