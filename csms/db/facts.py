"""Facts, kept in the same commit as what they are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.services.ports.facts import Fact


@dataclass(frozen=True, slots=True)
class PostgresFactStore:
    """The facts of one unit of work."""

    connection: AsyncConnection

    async def add(
        self, kind: str, subject: str, body: dict[str, Any], at: datetime
    ) -> None:
        """Keep a fact."""
        await self.connection.execute(
            tables.fact.insert().values(kind=kind, subject=subject, body=body, at=at)
        )

    async def after(self, last: int, limit: int) -> Sequence[Fact]:
        """Return facts younger than the last one seen, oldest first."""
        rows = await self.connection.execute(
            select(tables.fact)
            .where(tables.fact.c.id > last)
            .order_by(tables.fact.c.id)
            .limit(limit)
        )
        return [Fact(row.id, row.at, row.kind, row.subject, row.body) for row in rows]

    async def latest(self) -> int:
        """Return the id of the youngest fact; 0 if there is none."""
        found = await self.connection.execute(select(func.max(tables.fact.c.id)))
        return int(found.scalar_one() or 0)
