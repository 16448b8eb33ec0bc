"""Plans as documents: one revision of an event's plan per row."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.domain.event import Reason
from csms.domain.ids import EventId, EvseId
from csms.domain.interval import Interval
from csms.domain.plan import Plan, PlanEntry, Setpoint
from csms.domain.units import Energy, Power


async def keep_plan(
    connection: AsyncConnection,
    plan: Plan,
    because: str,
    floors: Mapping[EvseId, float],
) -> None:
    """Keep a plan and the floors it was made with; one already kept stays."""
    row = {
        "event_id": plan.event,
        "revision": plan.revision,
        "made_at": plan.made_at,
        "because": because,
        "document": to_document(plan, floors),
    }
    await connection.execute(insert(tables.plan).values(row).on_conflict_do_nothing())


async def newest_plan(connection: AsyncConnection, event: EventId) -> Plan | None:
    """Return the event's newest plan."""
    row = (
        await connection.execute(
            select(tables.plan)
            .where(tables.plan.c.event_id == event)
            .order_by(tables.plan.c.revision.desc())
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        return None
    return from_document(event, row.revision, row.made_at, row.document)


def to_document(plan: Plan, floors: Mapping[EvseId, float]) -> dict[str, Any]:
    """Return the plan as JSON, its entries by EVSE, watts and watt-seconds signed."""
    return {
        "shortfall_w": plan.shortfall.watts,
        "entries": {
            str(entry.evse): _to_entry(entry) | {"floor": floors.get(entry.evse)}
            for entry in plan.entries
        },
    }


def from_document(
    event: EventId, revision: int, made_at: datetime, document: Mapping[str, Any]
) -> Plan:
    """Return the plan that a document holds, its entries in order."""
    entries = [
        _from_entry(EvseId.parse(evse), body)
        for evse, body in document["entries"].items()
    ]
    return Plan(
        event,
        revision,
        made_at,
        tuple(sorted(entries, key=lambda entry: entry.evse)),
        Power(document["shortfall_w"]),
    )


def _to_entry(entry: PlanEntry) -> dict[str, Any]:
    return {
        "setpoint": to_setpoint(entry.setpoint) if entry.setpoint else None,
        "planned_ws": entry.planned.watt_seconds,
        "limited_by": entry.limited_by,
        "soc_end": entry.expected_soc_end_pct,
        "forecast": entry.forecast,
        "exclusions": list(entry.exclusions),
    }


def _from_entry(evse: EvseId, body: Mapping[str, Any]) -> PlanEntry:
    return PlanEntry(
        evse,
        from_setpoint(evse, body["setpoint"]),
        Energy(body["planned_ws"]),
        body["limited_by"],
        body["soc_end"],
        body["forecast"],
        tuple(Reason(each) for each in body["exclusions"]),
    )


def to_setpoint(setpoint: Setpoint) -> dict[str, Any]:
    """Return a setpoint as JSON."""
    return {
        "start": setpoint.window.start.isoformat(),
        "end": setpoint.window.end.isoformat(),
        "w": setpoint.power.watts,
        "reason": setpoint.reason,
    }


def from_setpoint(evse: EvseId, body: Mapping[str, Any] | None) -> Setpoint | None:
    """Return the setpoint that JSON holds, if it holds one."""
    if body is None:
        return None
    window = Interval(
        datetime.fromisoformat(body["start"]), datetime.fromisoformat(body["end"])
    )
    return Setpoint(evse, window, Power(body["w"]), body["reason"])
