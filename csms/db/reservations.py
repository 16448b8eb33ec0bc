"""Reservations in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import token_tables
from csms.db.tokens import token_from
from csms.domain.ids import StationId, TransactionId
from csms.domain.reservation import OPEN, Reservation, ReservationState
from csms.domain.token import IdToken

_RESERVATION = token_tables.reservation
_IS_OPEN = _RESERVATION.c.state.in_(sorted(each.value for each in OPEN))


@dataclass(frozen=True, slots=True)
class PostgresReservationStore:
    """The reservations of one unit of work."""

    connection: AsyncConnection

    async def add(self, reservation: Reservation, by: str) -> Reservation:
        """Keep a new reservation; return it with its number.

        Its own number is kept if it has one; else it is the next that nobody chose.
        """
        group = reservation.group
        values = {
            "station_id": reservation.station,
            "evse": reservation.evse,
            "connector_type": reservation.connector_type,
            "token_type": reservation.token.type,
            "token_value": reservation.token.value,
            "group_type": None if group is None else group.type,
            "group_value": None if group is None else group.value,
            "expires_at": reservation.expires_at,
            "asked_at": reservation.asked_at,
            "asked_by": by,
            **_standing(reservation),
        }
        if reservation.id:
            own = insert(_RESERVATION).values(id=reservation.id, **values)
            await self.connection.execute(own)
            return reservation
        fresh = insert(_RESERVATION).values(values).on_conflict_do_nothing()
        while True:
            done = await self.connection.execute(fresh.returning(_RESERVATION.c.id))
            if (number := done.scalar_one_or_none()) is not None:
                return replace(reservation, id=number)

    async def save(self, reservation: Reservation) -> bool:
        """Keep how far an open one has come; tell whether it was still open."""
        done = await self.connection.execute(
            update(_RESERVATION)
            .where(_RESERVATION.c.id == reservation.id)
            .where(_IS_OPEN)
            .values(_standing(reservation))
        )
        return done.rowcount > 0

    async def find(self, number: int) -> Reservation | None:
        """Return one, or None."""
        rows = await self.connection.execute(
            select(_RESERVATION).where(_RESERVATION.c.id == number)
        )
        row = rows.one_or_none()
        return None if row is None else _reservation(row)

    async def open(self) -> Sequence[Reservation]:
        """Return every open one, by number."""
        rows = await self.connection.execute(
            select(_RESERVATION).where(_IS_OPEN).order_by(_RESERVATION.c.id)
        )
        return [_reservation(row) for row in rows]

    async def of(
        self, station: StationId | None, before: int | None, limit: int
    ) -> Sequence[Reservation]:
        """Return those of a station or of all, youngest first, below a number."""
        query = select(_RESERVATION)
        if station is not None:
            query = query.where(_RESERVATION.c.station_id == station)
        if before is not None:
            query = query.where(_RESERVATION.c.id < before)
        rows = await self.connection.execute(
            query.order_by(_RESERVATION.c.id.desc()).limit(limit)
        )
        return [_reservation(row) for row in rows]


def _standing(reservation: Reservation) -> dict[str, Any]:
    return {
        "state": reservation.state.value,
        "answer": reservation.answer,
        "detail": reservation.detail,
        "transaction_id": reservation.transaction,
        "changed_at": reservation.changed_at,
    }


def _reservation(row: Row[Any]) -> Reservation:
    return Reservation(
        id=row.id,
        station=StationId(row.station_id),
        token=IdToken(row.token_value, row.token_type),
        expires_at=row.expires_at,
        evse=row.evse,
        connector_type=row.connector_type,
        group=token_from(row.group_type, row.group_value),
        state=ReservationState(row.state),
        asked_at=row.asked_at,
        changed_at=row.changed_at,
        answer=row.answer,
        detail=row.detail,
        transaction=(
            None if row.transaction_id is None else TransactionId(row.transaction_id)
        ),
    )
