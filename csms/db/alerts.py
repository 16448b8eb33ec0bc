"""Notified events, the rules for them, and alerts, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.db.batches import batched
from csms.db.diagnostics_tables import alert, alert_rule, station_event
from csms.db.station_rows import storable
from csms.db.variable_keys import is_key, key_columns, key_of
from csms.domain.alert import (
    Alert,
    AlertRule,
    Raises,
    SeverityFrom,
    StationEvent,
    Trigger,
)
from csms.domain.ids import StationId, TransactionId
from csms.domain.station import VariableKey
from csms.services.ports.alerts import ChangedRule, EventFilter

UNSAID = -1
"""The monitor of an event that names none."""

LATEST_OVER = 20
"""How many alerts that are over are looked at for events that come late."""


@dataclass(frozen=True, slots=True)
class PostgresAlertStore:
    """The notified events, rules and alerts of one unit of work."""

    connection: AsyncConnection

    async def add_events(self, events: Sequence[StationEvent]) -> None:
        """Keep events."""
        for some in batched([_event_row(each) for each in events]):
            await self.connection.execute(insert(station_event), list(some))

    async def events(
        self, wanted: EventFilter, *, before: int | None = None, limit: int = 100
    ) -> Sequence[tuple[int, StationEvent]]:
        """Return events with their number, youngest first, below a number."""
        query = select(station_event).where(*_conditions(wanted))
        if before is not None:
            query = query.where(station_event.c.id < before)
        rows = await self.connection.execute(
            query.order_by(station_event.c.id.desc()).limit(limit)
        )
        return [(row.id, _event(row)) for row in rows]

    async def changed_rules(self) -> Sequence[ChangedRule]:
        """Return the rules that somebody changed or added."""
        rows = await self.connection.execute(
            select(alert_rule).order_by(alert_rule.c.id)
        )
        return [ChangedRule(_rule(row), row.updated_by, row.updated_at) for row in rows]

    async def save_rule(self, rule: AlertRule, by: str, at: datetime) -> None:
        """Keep a rule under its name."""
        row = {
            "id": rule.id,
            "description": rule.description,
            "severity": rule.severity,
            "component": rule.component,
            "variable": rule.variable,
            "value": rule.value,
            "station": rule.station,
            "triggers": [each.value for each in rule.triggers],
            "raises": rule.raises.value,
            "enabled": rule.enabled,
            "updated_by": by,
            "updated_at": at,
        }
        await self.connection.execute(
            upsert(alert_rule)
            .values(row)
            .on_conflict_do_update(index_elements=["id"], set_=row)
        )

    async def forget_rule(self, rule: str) -> bool:
        """Forget what was changed under a name; tell whether anything was."""
        done = await self.connection.execute(
            delete(alert_rule).where(alert_rule.c.id == rule).returning(alert_rule.c.id)
        )
        return done.one_or_none() is not None

    async def lock(self, station: StationId) -> None:
        """Keep others from judging events of this station until the work is done."""
        await self.connection.execute(
            select(
                func.pg_advisory_xact_lock(func.hashtextextended(f"alert:{station}", 0))
            )
        )

    async def known(self, station: StationId, key: VariableKey) -> Sequence[Alert]:
        """Return the open alerts of a variable, and the latest that are over."""
        mine = select(alert).where(alert.c.station_id == station, is_key(alert, key))
        found = [
            alert_from(row)
            for row in await self.connection.execute(
                mine.where(alert.c.cleared_at.is_(None)).order_by(alert.c.id)
            )
        ]
        over = mine.where(alert.c.cleared_at.is_not(None))
        rows = await self.connection.execute(
            over.order_by(alert.c.over_at.desc()).limit(LATEST_OVER)
        )
        return [*found, *(alert_from(row) for row in rows)]

    async def alerts(
        self,
        *,
        station: StationId | None = None,
        only_open: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[Alert]:
        """Return alerts, youngest first, below a number."""
        query = select(alert)
        if station is not None:
            query = query.where(alert.c.station_id == station)
        if only_open:
            query = query.where(alert.c.cleared_at.is_(None))
        if before is not None:
            query = query.where(alert.c.id < before)
        rows = await self.connection.execute(
            query.order_by(alert.c.id.desc()).limit(limit)
        )
        return [alert_from(row) for row in rows]

    async def find(self, alert_id: int) -> Alert | None:
        """Return one alert, or None."""
        query = select(alert).where(alert.c.id == alert_id).with_for_update()
        row = (await self.connection.execute(query)).one_or_none()
        return None if row is None else alert_from(row)

    async def raise_alert(
        self, event: StationEvent, rule: AlertRule, detail: dict[str, Any]
    ) -> int:
        """Add an alert and its incident; return the alert's number."""
        incident = await self.connection.execute(
            insert(tables.incident)
            .values(
                at=event.received_at,
                severity=rule.raises.value,
                kind="station_alert",
                station_id=event.station,
                evse=event.key.evse or None,
                detail=storable(detail),
            )
            .returning(tables.incident.c.id)
        )
        done = await self.connection.execute(
            insert(alert)
            .values(
                station_id=event.station,
                rule_id=rule.id,
                **key_columns(event.key),
                monitor_id=_said(event.monitor),
                severity=event.severity,
                value=storable(event.value),
                raised_at=event.received_at,
                last_at=event.at,
                count=1,
                incident_id=incident.scalar_one(),
            )
            .returning(alert.c.id)
        )
        return int(done.scalar_one())

    async def confirm(self, said: Alert, event: StationEvent) -> None:
        """Keep that an event spoke of it again."""
        await self.connection.execute(
            update(alert)
            .where(alert.c.id == said.id)
            .values(
                count=alert.c.count + 1,
                last_at=max(said.last_at, event.at),
                severity=min(said.severity, event.severity),
                value=storable(event.value),
            )
        )

    async def end(
        self, said: Alert, *, by: str, at: datetime, over_at: datetime
    ) -> None:
        """Keep that it is over, and resolve its incident."""
        await self.connection.execute(
            update(alert)
            .where(alert.c.id == said.id)
            .values(cleared_at=at, cleared_by=by, over_at=over_at)
        )
        await self.connection.execute(
            update(tables.incident)
            .where(
                tables.incident.c.id == said.incident,
                tables.incident.c.resolved_at.is_(None),
            )
            .values(resolved_at=at)
        )


def _said(monitor: int | None) -> int:
    return UNSAID if monitor is None else monitor


def _conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    column = station_event.c
    if wanted.station is not None:
        found.append(column.station_id == wanted.station)
    if wanted.severity is not None:
        found.append(column.severity <= wanted.severity)
    if wanted.component is not None:
        found.append(column.component == wanted.component)
    if wanted.transaction is not None:
        found.append(column.transaction_id == wanted.transaction)
    if wanted.cleared is not None:
        over = column.cleared.is_(True)
        not_over = or_(column.cleared.is_(None), column.cleared.is_(False))
        found.append(over if wanted.cleared else not_over)
    return found


def _event_row(event: StationEvent) -> dict[str, Any]:
    row = {
        "station_id": event.station,
        "event_id": event.event_id,
        "at": event.at,
        "received_at": event.received_at,
        "trigger": event.trigger.value,
        "origin": event.origin,
        "value": event.value,
        "severity": event.severity,
        "severity_from": event.severity_from.value,
        "cleared": event.cleared,
        "cause": event.cause,
        "transaction_id": event.transaction,
        "monitor_id": event.monitor,
        "tech_code": event.tech_code,
        "tech_info": event.tech_info,
    }
    return {**storable(row), **key_columns(event.key)}


def _event(row: Row[Any]) -> StationEvent:
    return StationEvent(
        station=StationId(row.station_id),
        event_id=row.event_id,
        at=row.at,
        received_at=row.received_at,
        trigger=Trigger(row.trigger),
        origin=row.origin,
        key=key_of(row),
        value=row.value,
        severity=row.severity,
        severity_from=SeverityFrom(row.severity_from),
        cleared=row.cleared,
        cause=row.cause,
        transaction=TransactionId(row.transaction_id) if row.transaction_id else None,
        monitor=row.monitor_id,
        tech_code=row.tech_code,
        tech_info=row.tech_info,
    )


def _rule(row: Row[Any]) -> AlertRule:
    return AlertRule(
        id=row.id,
        description=row.description,
        severity=row.severity,
        component=row.component,
        variable=row.variable,
        value=row.value,
        station=row.station,
        triggers=tuple(Trigger(each) for each in row.triggers),
        raises=Raises(row.raises),
        enabled=row.enabled,
    )


def alert_from(row: Row[Any]) -> Alert:
    """Return the alert of a row of ``alert``."""
    return Alert(
        id=row.id,
        station=StationId(row.station_id),
        rule=row.rule_id,
        key=key_of(row),
        monitor=None if row.monitor_id == UNSAID else row.monitor_id,
        severity=row.severity,
        value=row.value,
        raised_at=row.raised_at,
        last_at=row.last_at,
        count=row._mapping["count"],  # noqa: SLF001 a row has a method of the name
        incident=row.incident_id,
        cleared_at=row.cleared_at,
        cleared_by=row.cleared_by,
        over_at=row.over_at,
    )
