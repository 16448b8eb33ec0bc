"""Messages on the displays of stations, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import display_tables, tables
from csms.domain.display import (
    HELD,
    DisplayRecord,
    ShowState,
    from_document,
    to_document,
)
from csms.domain.ids import StationId

_MESSAGE = display_tables.display_message
_HELD = sorted(each.value for each in HELD)


@dataclass(frozen=True, slots=True)
class PostgresDisplayStore:
    """The display messages of one unit of work."""

    connection: AsyncConnection

    async def of_station(self, station: StationId) -> Sequence[DisplayRecord]:
        """Return the messages of one station, by number."""
        rows = await self.connection.execute(
            select(_MESSAGE)
            .where(_MESSAGE.c.station_id == station)
            .order_by(_MESSAGE.c.id)
        )
        return [_record(row) for row in rows]

    async def for_events(self, since: datetime) -> Sequence[DisplayRecord]:
        """Return the messages about events that changed since an instant."""
        rows = await self.connection.execute(
            select(_MESSAGE)
            .where(_MESSAGE.c.purpose.like("event:%"))
            .where(or_(_MESSAGE.c.updated_at > since, _MESSAGE.c.state.in_(_HELD)))
            .order_by(_MESSAGE.c.station_id, _MESSAGE.c.id)
        )
        return [_record(row) for row in rows]

    async def find(self, station: StationId, message: int) -> DisplayRecord | None:
        """Return one message, or None."""
        found = await self.connection.execute(
            select(_MESSAGE)
            .where(_MESSAGE.c.station_id == station, _MESSAGE.c.id == message)
            .with_for_update()
        )
        row = found.one_or_none()
        return None if row is None else _record(row)

    async def free_id(self, station: StationId) -> int:
        """Return a number that no message of the station has had."""
        await self.connection.execute(
            select(tables.station.c.id)
            .where(tables.station.c.id == station)
            .with_for_update(key_share=True)
        )
        found = await self.connection.execute(
            select(func.coalesce(func.max(_MESSAGE.c.id), 0)).where(
                _MESSAGE.c.station_id == station
            )
        )
        return int(found.scalar_one()) + 1

    async def save(self, record: DisplayRecord) -> None:
        """Keep a message in place of the former one of its number."""
        wanted, reported = record.wanted, record.reported
        row = {
            "station_id": record.station,
            "id": record.id,
            "wanted": to_document(wanted) if wanted else None,
            "purpose": record.purpose,
            "state": record.state.value,
            "detail": record.detail,
            "ends_at": wanted.end if wanted else None,
            "transaction_id": wanted.transaction if wanted else None,
            "created_at": record.created_at,
            "created_by": record.created_by,
            "updated_at": record.updated_at,
            "reported": to_document(reported) if reported else None,
            "reported_at": record.reported_at,
        }
        await self.connection.execute(
            insert(_MESSAGE)
            .values(row)
            .on_conflict_do_update(index_elements=["station_id", "id"], set_=row)
        )

    async def expire(self, now: datetime) -> int:
        """Mark messages whose end, or whose transaction's, has passed."""
        transaction = tables.transaction
        over = (
            select(transaction.c.id)
            .where(transaction.c.station_id == _MESSAGE.c.station_id)
            .where(transaction.c.id == _MESSAGE.c.transaction_id)
            .where(transaction.c.ended_at.is_not(None))
            .exists()
        )
        done = await self.connection.execute(
            update(_MESSAGE)
            .where(_MESSAGE.c.state.in_(_HELD))
            .where(or_(_MESSAGE.c.ends_at <= now, over))
            .values(state=ShowState.EXPIRED.value, updated_at=now)
        )
        return done.rowcount


def _record(row: Row[Any]) -> DisplayRecord:
    return DisplayRecord(
        station=StationId(row.station_id),
        id=row.id,
        wanted=from_document(row.wanted) if row.wanted else None,
        purpose=row.purpose,
        state=ShowState(row.state),
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        detail=row.detail,
        reported=from_document(row.reported) if row.reported else None,
        reported_at=row.reported_at,
    )
