"""Stations, incidents and what waits for an operator, as people look at them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.db.fleet import evse_from
from csms.domain.event import Stage
from csms.domain.ids import EventId, EvseId, ParticipantId, SiteId, StationId
from csms.domain.notice import Channel
from csms.domain.station import Make, Standing
from csms.services.ports.queries import (
    Attention,
    EvseRow,
    IncidentRow,
    Resource,
    StationFilter,
    StationRow,
)

_STATION = tables.station
_SITE = tables.site
_PARTICIPANT = tables.participant
_EVSE = tables.evse
_VEHICLE = tables.vehicle
_INCIDENT = tables.incident
_RUNNING = (Stage.SCHEDULED, Stage.NOTIFIED, Stage.ACTIVE)


async def stations(
    connection: AsyncConnection,
    wanted: StationFilter,
    *,
    after: StationId | None,
    limit: int,
) -> Sequence[StationRow]:
    """Return stations, by id."""
    query = _stations().order_by(_STATION.c.id).limit(limit)
    for condition in _conditions(wanted):
        query = query.where(condition)
    if after is not None:
        query = query.where(_STATION.c.id > after)
    rows = (await connection.execute(query)).all()
    evses = await _evses(connection, [row.id for row in rows])
    return [_station(row, evses.get(row.id, ())) for row in rows]


async def station(connection: AsyncConnection, name: StationId) -> StationRow | None:
    """Return one station, or None."""
    query = _stations().where(_STATION.c.id == name)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    evses = await _evses(connection, [row.id])
    return _station(row, evses.get(row.id, ()))


async def resources(
    connection: AsyncConnection, name: StationId | None, evse: int | None
) -> Sequence[Resource]:
    """Return how EVSEs are named in reports, by id."""
    query = (
        select(_EVSE.c.station_id, _EVSE.c.number, _SITE.c.id, _SITE.c.timezone)
        .join(_STATION, _STATION.c.id == _EVSE.c.station_id)
        .join(_SITE, _SITE.c.id == _STATION.c.site_id)
        .order_by(_EVSE.c.station_id, _EVSE.c.number)
    )
    if name is not None:
        query = query.where(_EVSE.c.station_id == name)
    if evse is not None:
        query = query.where(_EVSE.c.number == evse)
    return [
        Resource(
            EvseId(StationId(row.station_id), row.number), SiteId(row.id), row.timezone
        )
        for row in await connection.execute(query)
    ]


async def incidents(
    connection: AsyncConnection,
    *,
    station: StationId | None,
    event: EventId | None,
    before: int | None,
    limit: int,
) -> Sequence[IncidentRow]:
    """Return incidents, youngest first, below a number if one is given."""
    query = select(_INCIDENT).order_by(_INCIDENT.c.id.desc()).limit(limit)
    if station is not None:
        query = query.where(_INCIDENT.c.station_id == station)
    if event is not None:
        query = query.where(_INCIDENT.c.event_id == event)
    if before is not None:
        query = query.where(_INCIDENT.c.id < before)
    return [incident_from(row) for row in await connection.execute(query)]


async def attention(connection: AsyncConnection, since: datetime) -> Attention:
    """Return what waits for an operator."""
    notice, rejected = tables.notice, tables.rejected_handshake
    failed = (
        select(func.count())
        .select_from(notice)
        .join(tables.event, tables.event.c.id == notice.c.event_id)
        .where(notice.c.failed_at.is_not(None), notice.c.channel != Channel.INBOX)
        .where(tables.event.c.stage.in_(_RUNNING))
    )
    open_ones = _count(_INCIDENT.c.resolved_at.is_(None)).select_from(_INCIDENT)
    aside = tables.quarantine.c.lifted_at.is_(None)
    row = (
        await connection.execute(
            select(
                _count(true()).select_from(_STATION).scalar_subquery(),
                _count(_STATION.c.connected.is_(False)).scalar_subquery(),
                _count(_STATION.c.standing == Standing.PENDING).scalar_subquery(),
                open_ones.scalar_subquery(),
                failed.scalar_subquery(),
                _count(aside).scalar_subquery(),
                _count(rejected.c.at >= since).scalar_subquery(),
            )
        )
    ).one()
    return Attention(*row)


def _count(condition: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).where(condition)


def _stations() -> Select[Any]:
    deviations = (
        select(func.count())
        .where(tables.deviation.c.station_id == _STATION.c.id)
        .scalar_subquery()
    )
    unread = {"capabilities", "shortcomings", "password_hash"}
    return (
        select(
            *(column for column in _STATION.c if column.name not in unread),
            _SITE.c.name.label("site_name"),
            _SITE.c.timezone,
            _SITE.c.participant_id,
            _PARTICIPANT.c.name.label("participant_name"),
            deviations.label("deviations"),
        )
        .join(_SITE, _SITE.c.id == _STATION.c.site_id)
        .join(_PARTICIPANT, _PARTICIPANT.c.id == _SITE.c.participant_id)
    )


def _conditions(wanted: StationFilter) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.site is not None:
        found.append(_STATION.c.site_id == wanted.site)
    if wanted.participant is not None:
        found.append(_SITE.c.participant_id == wanted.participant)
    if wanted.status in ("connected", "offline"):
        found.append(_STATION.c.connected.is_(wanted.status == "connected"))
    elif wanted.status is not None:
        found.append(_STATION.c.standing == wanted.status)
    if wanted.text:
        columns = (
            _STATION.c.id,
            _STATION.c.vendor,
            _STATION.c.model,
            _SITE.c.id,
            _SITE.c.name,
            _PARTICIPANT.c.id,
            _PARTICIPANT.c.name,
        )
        found.append(
            or_(*(each.icontains(wanted.text, autoescape=True) for each in columns))
        )
    return found


async def _evses(
    connection: AsyncConnection, names: Sequence[str]
) -> Mapping[str, Sequence[EvseRow]]:
    rows = await connection.execute(
        select(_EVSE, _VEHICLE.c.name.label("vehicle_name"))
        .outerjoin(_VEHICLE, _VEHICLE.c.id == _EVSE.c.vehicle_id)
        .where(_EVSE.c.station_id == func.any(list(names)))
        .order_by(_EVSE.c.station_id, _EVSE.c.number)
    )
    found: dict[str, list[EvseRow]] = defaultdict(list)
    for row in rows:
        found[row.station_id].append(EvseRow(evse_from(row), row.vehicle_name))
    return found


def _station(row: Row[Any], evses: Sequence[EvseRow]) -> StationRow:
    make = None
    if row.vendor is not None:
        make = Make(row.vendor, row.model or "", row.firmware or "", row.serial or "")
    return StationRow(
        id=StationId(row.id),
        site=SiteId(row.site_id),
        site_name=row.site_name,
        timezone=row.timezone,
        participant=ParticipantId(row.participant_id),
        participant_name=row.participant_name,
        vendor=row.vendor,
        model=row.model,
        firmware=row.firmware,
        edition=row.edition,
        standing=Standing(row.standing),
        provisioned=row.provisioned_at is not None
        and make is not None
        and row.provisioned_for == make.fingerprint(row.edition),
        connected=row.connected,
        last_seen_at=row.last_seen_at,
        deviations=row.deviations,
        evses=tuple(evses),
    )


def incident_from(row: Row[Any]) -> IncidentRow:
    """Return the incident of a row of ``incident``."""
    return IncidentRow(
        id=row.id,
        at=row.at,
        severity=row.severity,
        kind=row.kind,
        station=StationId(row.station_id) if row.station_id else None,
        evse=row.evse,
        event=EventId(row.event_id) if row.event_id else None,
        detail=row.detail,
        resolved_at=row.resolved_at,
    )
