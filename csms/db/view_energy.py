"""What the members of events gave, and when, as people look at it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.domain.event import Stage
from csms.domain.ids import EventId, EvseId, StationId
from csms.domain.interval import Interval, quarter_of
from csms.domain.reading import METER_POINTS
from csms.domain.units import Energy
from csms.services.ports.queries import CurvePoint, Part

_EVENT = tables.event
_MEMBER = tables.event_member
_QUARTER = tables.quarter
_TAKES_PART = _MEMBER.c.exclusions == literal([], JSONB)

REGISTERS = """
SELECT wanted.station_id, wanted.evse, coalesce(before.export_ws, later.export_ws) AS ws
FROM unnest($1::text[], $2::int[]) AS wanted (station_id, evse)
LEFT JOIN LATERAL (
    SELECT export_ws FROM reading
    WHERE reading.station_id = wanted.station_id AND reading.evse = wanted.evse
        AND at <= $3::timestamptz AND export_ws IS NOT NULL
        AND location = ANY($4::text[])
    ORDER BY at DESC, array_position($4::text[], location) LIMIT 1
) AS before ON true
LEFT JOIN LATERAL (
    SELECT export_ws FROM reading
    WHERE before.export_ws IS NULL
        AND reading.station_id = wanted.station_id AND reading.evse = wanted.evse
        AND at > $3::timestamptz AND export_ws IS NOT NULL
        AND location = ANY($4::text[])
    ORDER BY at, array_position($4::text[], location) LIMIT 1
) AS later ON true
WHERE coalesce(before.export_ws, later.export_ws) IS NOT NULL
"""
"""Two steps down an index for each EVSE, however many readings there are."""


async def curve(connection: AsyncConnection, name: EventId) -> Sequence[CurvePoint]:
    """Return what the members did in each quarter of the window, as far as known."""
    head = (
        await connection.execute(
            select(_EVENT.c.starts_at, _EVENT.c.ends_at).where(_EVENT.c.id == name)
        )
    ).one_or_none()
    if head is None:
        return []
    rows = await connection.execute(
        select(
            _QUARTER.c.start,
            func.sum(_QUARTER.c.export_ws).label("exported"),
            func.sum(_QUARTER.c.import_ws).label("imported"),
            func.count(_QUARTER.c.export_ws).label("known"),
        )
        .join(
            _MEMBER,
            (_MEMBER.c.station_id == _QUARTER.c.station_id)
            & (_MEMBER.c.evse == _QUARTER.c.evse),
        )
        .where(_MEMBER.c.event_id == name, _TAKES_PART)
        .where(_QUARTER.c.start >= quarter_of(head.starts_at))
        .where(_QUARTER.c.start < head.ends_at)
        .group_by(_QUARTER.c.start)
        .order_by(_QUARTER.c.start)
    )
    return [
        CurvePoint(
            row.start,
            Energy(int(row.exported or 0)),
            Energy(int(row.imported or 0)),
            row.known,
        )
        for row in rows
    ]


async def export_registers(
    connection: AsyncConnection, evses: Sequence[EvseId], at: datetime
) -> Mapping[EvseId, int]:
    """Return what each register of energy given back showed at an instant."""
    rows = await connection.exec_driver_sql(
        REGISTERS,
        (
            [each.station for each in evses],
            [each.number for each in evses],
            at,
            list(METER_POINTS),
        ),
    )
    return {EvseId(StationId(row.station_id), row.evse): row.ws for row in rows}


async def parts(
    connection: AsyncConnection, evses: Collection[EvseId], interval: Interval
) -> Sequence[Part]:
    """Return which EVSE was asked by which event that overlaps the interval."""
    rows = await connection.execute(
        select(
            _MEMBER.c.station_id,
            _MEMBER.c.evse,
            _EVENT.c.id,
            _EVENT.c.starts_at,
            _EVENT.c.ends_at,
        )
        .join(_EVENT, _EVENT.c.id == _MEMBER.c.event_id)
        .where(_EVENT.c.starts_at < interval.end, _EVENT.c.ends_at > interval.start)
        .where(_EVENT.c.stage != Stage.CANCELLED, _TAKES_PART)
        .order_by(_EVENT.c.starts_at)
    )
    wanted = frozenset(evses)
    found = [
        Part(
            EvseId(StationId(row.station_id), row.evse),
            EventId(row.id),
            Interval(row.starts_at, row.ends_at),
        )
        for row in rows
    ]
    return [each for each in found if each.evse in wanted]
