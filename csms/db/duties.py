"""What events owe, in the order in which it is owed."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.domain.ids import EventId
from csms.services.ports.events import OwedDuty

duty = tables.duty


async def owe(
    connection: AsyncConnection,
    event: EventId,
    kinds: Sequence[str],
    revision: int,
    at: datetime,
) -> None:
    """Owe the duties in this order; what is or was owed already stays as it is."""
    for kind in kinds:
        row = _row(event, kind, revision, at)
        await connection.execute(insert(duty).values(row).on_conflict_do_nothing())


async def owe_again(
    connection: AsyncConnection, event: EventId, kind: str, at: datetime
) -> None:
    """Owe a duty of a kind that may be owed any number of times."""
    last = (
        select(func.coalesce(func.max(duty.c.revision), 0))
        .where(duty.c.event_id == event, duty.c.kind == kind)
        .scalar_subquery()
    )
    revision = (await connection.execute(select(last))).scalar_one() + 1
    await connection.execute(insert(duty).values(_row(event, kind, revision, at)))


async def claim(
    connection: AsyncConnection, resting: Collection[EventId]
) -> OwedDuty | None:
    """Return the oldest open duty of an event, held until this work ends."""
    older = duty.alias("older")
    statement = (
        select(duty)
        .where(duty.c.done_at.is_(None))
        .where(
            ~exists().where(
                older.c.event_id == duty.c.event_id,
                older.c.done_at.is_(None),
                older.c.id < duty.c.id,
            )
        )
        .order_by(duty.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=duty)
    )
    if resting:
        statement = statement.where(duty.c.event_id.not_in(sorted(resting)))
    row = (await connection.execute(statement)).one_or_none()
    return _owed(row) if row is not None else None


async def open_of(connection: AsyncConnection, event: EventId) -> Sequence[OwedDuty]:
    """Return what the event still owes, oldest first."""
    rows = await connection.execute(
        select(duty)
        .where(duty.c.event_id == event, duty.c.done_at.is_(None))
        .order_by(duty.c.id)
    )
    return [_owed(row) for row in rows]


async def finish(
    connection: AsyncConnection,
    duties: Collection[int],
    at: datetime,
    remark: str | None,
) -> None:
    """Mark duties as done, or with a remark as missed."""
    await connection.execute(
        update(duty)
        .where(duty.c.id.in_(sorted(duties)))
        .values(done_at=at, error=remark)
    )


async def fail(connection: AsyncConnection, number: int, error: str) -> None:
    """Count a failed attempt."""
    await connection.execute(
        update(duty)
        .where(duty.c.id == number)
        .values(attempts=duty.c.attempts + 1, error=error)
    )


def _row(event: EventId, kind: str, revision: int, at: datetime) -> dict[str, object]:
    return {
        "event_id": event,
        "kind": kind,
        "revision": revision,
        "created_at": at,
        "attempts": 0,
    }


def _owed(row: Row[tuple[object, ...]]) -> OwedDuty:
    return OwedDuty(
        row.id, row.event_id, row.kind, row.revision, row.created_at, row.attempts
    )
