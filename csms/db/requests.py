"""What was asked of stations by hand, and their connectors, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.db.request_tables import connector, station_request
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.station_request import (
    ConnectorState,
    RequestKind,
    RequestState,
    StationRequest,
)

_SCHEDULED = and_(
    station_request.c.kind == RequestKind.AVAILABILITY.value,
    station_request.c.state == RequestState.SCHEDULED.value,
)
_SEEN = text(
    """
UPDATE station_request AS asked
SET state = 'done', done_at = :at
WHERE asked.station_id = :station AND asked.kind = 'availability'
    AND asked.state = 'scheduled'
    AND EXISTS (SELECT FROM connector WHERE concerned)
    AND NOT EXISTS (
        SELECT FROM connector
        WHERE concerned
        AND (connector.status = 'Unavailable') = (asked.detail->>'operative')::boolean
    )
""".replace(
        "concerned",
        """connector.station_id = asked.station_id
        AND connector.evse = coalesce(asked.evse, connector.evse)
        AND connector.number = coalesce(asked.connector, connector.number)""",
    )
)
"""A change is done once every connector that it concerns says so."""


_BEYOND = 2**31
"""Above every number of a request."""


@dataclass(frozen=True, slots=True)
class PostgresRequestStore:
    """The requests and connectors of one unit of work."""

    connection: AsyncConnection

    async def open(  # noqa: PLR0913, each is a column
        self,
        station: StationId,
        kind: RequestKind,
        *,
        evse: int | None,
        connector: int | None,
        detail: Mapping[str, Any],
        by: str,
        at: datetime,
    ) -> int:
        """Write down what is about to be asked; return its number."""
        number: int = await self.connection.scalar(
            insert(station_request)
            .values(
                station_id=station,
                kind=kind.value,
                evse=evse,
                connector=connector,
                detail=dict(detail),
                asked_at=at,
                asked_by=by,
                state=RequestState.OPEN.value,
                info="",
            )
            .returning(station_request.c.id)
        )
        return number

    async def close(
        self,
        request: int,
        state: RequestState,
        *,
        status: str | None,
        info: str,
        transaction: TransactionId | None,
    ) -> StationRequest:
        """Write down what the station said to it; return the request as it is now."""
        rows = await self.connection.execute(
            update(station_request)
            .where(station_request.c.id == request)
            .values(
                state=state.value, status=status, info=info, transaction_id=transaction
            )
            .returning(station_request)
        )
        return _request(rows.one())

    async def supersede(
        self,
        station: StationId,
        evse: int | None,
        connector: int | None,
        but: int,
    ) -> None:
        """End scheduled changes of availability that another one replaces.

        One for a station replaces those of its EVSEs, one for an EVSE those of its
        connectors; not the other way round.
        """
        column = station_request.c
        await self.connection.execute(
            update(station_request)
            .where(
                _SCHEDULED,
                column.station_id == station,
                column.id != but,
                literal(evse is None) | (column.evse == evse),
                literal(connector is None) | (column.connector == connector),
            )
            .values(state=RequestState.SUPERSEDED.value)
        )

    async def of_station(
        self, station: StationId, before: int | None = None, limit: int = 100
    ) -> Sequence[StationRequest]:
        """Return requests, the latest first, from below ``before``.

        A start comes with the transaction that names it, even if it was never answered.
        """
        column, started = station_request.c, tables.transaction.c
        led_to = (
            select(func.min(started.id))
            .where(
                column.kind == RequestKind.START.value,
                started.station_id == column.station_id,
                started.remote_start_id == column.id,
                or_(
                    started.started_at.is_(None), started.started_at >= column.asked_at
                ),
            )
            .scalar_subquery()
        )
        rows = await self.connection.execute(
            select(
                *(each for each in column if each.name != "transaction_id"),
                func.coalesce(column.transaction_id, led_to).label("transaction_id"),
            )
            .where(column.station_id == station, column.id < (before or _BEYOND))
            .order_by(column.id.desc())
            .limit(limit)
        )
        return [_request(row) for row in rows]

    async def save_connectors(self, states: Sequence[ConnectorState]) -> None:
        """Keep what connectors are; an earlier instant changes nothing.

        A scheduled change of availability that is seen to have happened is done.
        """
        for state in states:
            statement = insert(connector).values(
                station_id=state.evse.station,
                evse=state.evse.number,
                number=state.connector,
                status=state.status,
                at=state.at,
            )
            said = statement.excluded
            await self.connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["station_id", "evse", "number"],
                    set_={"status": said.status, "at": said.at},
                    where=connector.c.at <= said.at,
                )
            )
        for state in states:
            await self.connection.execute(
                _SEEN, {"station": state.evse.station, "at": state.at}
            )

    async def connectors(self, station: StationId) -> Sequence[ConnectorState]:
        """Return the connectors of a station, in order."""
        rows = await self.connection.execute(
            select(connector)
            .where(connector.c.station_id == station)
            .order_by(connector.c.evse, connector.c.number)
        )
        return [
            ConnectorState(EvseId(station, row.evse), row.number, row.status, row.at)
            for row in rows
        ]


def _request(row: Any) -> StationRequest:  # noqa: ANN401, a row of one of two kinds
    return StationRequest(
        id=row.id,
        station=StationId(row.station_id),
        kind=RequestKind(row.kind),
        evse=row.evse,
        connector=row.connector,
        detail=row.detail,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        state=RequestState(row.state),
        status=row.status,
        info=row.info,
        transaction=TransactionId(row.transaction_id) if row.transaction_id else None,
        done_at=row.done_at,
    )
