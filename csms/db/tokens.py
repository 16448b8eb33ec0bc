"""Id tokens in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import token_tables
from csms.domain.ids import SiteId, StationId
from csms.domain.token import IdToken, Place, TokenRecord
from csms.services.ports.tokens import Edge

_TOKEN = token_tables.id_token


@dataclass(frozen=True, slots=True)
class PostgresTokenStore:
    """The id tokens of one unit of work."""

    connection: AsyncConnection

    async def edge(self) -> Edge:
        """Return how far they have come."""
        row = (
            await self.connection.execute(
                select(
                    func.coalesce(func.max(_TOKEN.c.revision), 0),
                    func.count(_TOKEN.c.id),
                )
            )
        ).one()
        return Edge(row[0], row[1])

    async def all(self) -> Sequence[TokenRecord]:
        """Return every token, by number."""
        rows = await self.connection.execute(select(_TOKEN).order_by(_TOKEN.c.id))
        return [_record(row) for row in rows]

    async def add(self, record: TokenRecord, at: datetime) -> TokenRecord | None:
        """Add a token; return it with its number, or none if it is there already."""
        token = record.token
        done = await self.connection.execute(
            insert(_TOKEN)
            .values(key=token.key, type=token.type, value=token.value)
            .values(_said(record, at))
            .on_conflict_do_nothing(index_elements=["key"])
            .returning(_TOKEN.c.id)
        )
        number = done.scalar_one_or_none()
        return None if number is None else replace(record, id=number)

    async def change(self, record: TokenRecord, at: datetime) -> bool:
        """Replace what is known of a token, by its number; tell whether it is there."""
        done = await self.connection.execute(
            update(_TOKEN).where(_TOKEN.c.id == record.id).values(_said(record, at))
        )
        return done.rowcount > 0

    async def remove(self, number: int) -> bool:
        """Forget a token; tell whether it was there."""
        done = await self.connection.execute(
            delete(_TOKEN).where(_TOKEN.c.id == number)
        )
        return done.rowcount > 0


def _said(record: TokenRecord, at: datetime) -> dict[str, Any]:
    group = record.group
    return {
        "label": record.label,
        "group_type": None if group is None else group.type,
        "group_value": None if group is None else group.value,
        "blocked": record.blocked,
        "valid_from": record.valid_from,
        "valid_until": record.valid_until,
        "places": [_place(each) for each in record.places],
        "connector_types": sorted(record.connector_types),
        "listed": record.listed,
        "discharge": record.discharge,
        "priority": record.priority,
        "languages": list(record.languages),
        "message": record.message,
        "revision": token_tables.revision.next_value(),
        "updated_at": at,
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "station": place.station,
        "site": place.site,
        "evses": sorted(place.evses),
    }


def _placed(said: Mapping[str, Any]) -> Place:
    station, site = said.get("station"), said.get("site")
    return Place(
        None if station is None else StationId(station),
        None if site is None else SiteId(site),
        frozenset(said.get("evses", ())),
    )


def _record(row: Row[Any]) -> TokenRecord:
    return TokenRecord(
        token=IdToken(row.value, row.type),
        id=row.id,
        label=row.label,
        group=token_from(row.group_type, row.group_value),
        blocked=row.blocked,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        places=tuple(_placed(each) for each in row.places),
        connector_types=frozenset(row.connector_types),
        listed=row.listed,
        discharge=row.discharge,
        priority=row.priority,
        languages=tuple(row.languages),
        message=row.message,
    )


def token_from(kind: str | None, value: str | None) -> IdToken | None:
    """Return a token from two columns; None if there is none."""
    return None if kind is None or value is None else IdToken(value, kind)
