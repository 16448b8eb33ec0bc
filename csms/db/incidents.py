"""Incidents that are not over, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import cast

from csms.db import tables
from csms.db.alerts import alert_from
from csms.db.diagnostics_tables import alert
from csms.db.view_stations import incident_from
from csms.domain.alert import Alert
from csms.services.ports.incidents import (
    ACKNOWLEDGED_AT,
    ACKNOWLEDGED_BY,
    RESOLVED_BY,
    OpenIncident,
)

_INCIDENT = tables.incident
_IS_OPEN = _INCIDENT.c.resolved_at.is_(None)


@dataclass(frozen=True, slots=True)
class PostgresIncidentStore:
    """The incidents of one unit of work."""

    connection: AsyncConnection

    async def open(
        self, *, before: int | None = None, limit: int = 100
    ) -> Sequence[OpenIncident]:
        """Return those that are not over, youngest first, below a number."""
        query = select(_INCIDENT).where(_IS_OPEN)
        if before is not None:
            query = query.where(_INCIDENT.c.id < before)
        return await self._found(query.order_by(_INCIDENT.c.id.desc()).limit(limit))

    async def find(self, number: int) -> OpenIncident | None:
        """Return one that is not over, and keep others from changing it; or None."""
        query = select(_INCIDENT).where(_IS_OPEN, _INCIDENT.c.id == number)
        return next(iter(await self._found(query.with_for_update())), None)

    async def acknowledge(self, number: int, by: str, at: datetime) -> None:
        """Keep who looks after it."""
        said = {ACKNOWLEDGED_BY: by, ACKNOWLEDGED_AT: at.isoformat()}
        await self._add(number, said)

    async def resolve(self, number: int, by: str, at: datetime) -> None:
        """Keep that it is over."""
        await self._add(number, {RESOLVED_BY: by}, resolved_at=at)

    async def _found(self, query: Select[Any]) -> Sequence[OpenIncident]:
        rows = (await self.connection.execute(query)).all()
        raised = await self._alerts([row.id for row in rows])
        return [OpenIncident(incident_from(row), raised.get(row.id)) for row in rows]

    async def _alerts(self, incidents: Sequence[int]) -> dict[int, Alert]:
        if not incidents:
            return {}
        rows = await self.connection.execute(
            select(alert).where(alert.c.incident_id.in_(incidents))
        )
        return {row.incident_id: alert_from(row) for row in rows}

    async def _add(self, number: int, said: dict[str, str], **values: object) -> None:
        detail = _INCIDENT.c.detail.op("||")(cast(said, JSONB))
        await self.connection.execute(
            update(_INCIDENT)
            .where(_INCIDENT.c.id == number)
            .values(detail=detail, **values)
        )
