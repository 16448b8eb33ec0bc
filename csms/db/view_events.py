"""Events, their members, notices and curves, as people look at them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    func,
    literal,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.db.events import record_from
from csms.db.members import member_from
from csms.domain.event import Stage
from csms.domain.ids import (
    EventId,
    EvseId,
    ParticipantId,
    ProgramId,
    VehicleId,
)
from csms.domain.interval import Interval
from csms.domain.notice import Channel, NoticeKind
from csms.domain.participant import ParticipantKind
from csms.domain.units import Energy, Power
from csms.services.ports.queries import (
    EventRow,
    MemberRow,
    NoticeCounts,
    NoticeRow,
    Pulse,
)

_EVENT = tables.event
_MEMBER = tables.event_member
_NOTICE = tables.notice
_QUARTER = tables.quarter
_TAKES_PART = _MEMBER.c.exclusions == literal([], JSONB)


async def events(
    connection: AsyncConnection,
    *,
    program: ProgramId | None,
    stages: Collection[Stage],
    after: tuple[datetime, EventId] | None,
    limit: int,
) -> Sequence[EventRow]:
    """Return events, the latest start first; no stage named means all."""
    query = _events().order_by(_EVENT.c.starts_at.desc(), _EVENT.c.id.desc())
    query = query.limit(limit)
    if program is not None:
        query = query.where(_EVENT.c.program_id == program)
    if stages:
        query = query.where(_EVENT.c.stage.in_(sorted(stages)))
    if after is not None:
        query = query.where(tuple_(_EVENT.c.starts_at, _EVENT.c.id) < after)
    return [_event(row) for row in await connection.execute(query)]


async def event(connection: AsyncConnection, name: EventId) -> EventRow | None:
    """Return one event, or None."""
    query = _events().where(_EVENT.c.id == name)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _event(row)


async def pulse(connection: AsyncConnection, name: EventId) -> Pulse | None:
    """Return what changes while an event runs."""
    revision = (
        select(func.max(tables.plan.c.revision))
        .where(tables.plan.c.event_id == name)
        .scalar_subquery()
    )
    query = select(
        _EVENT.c.stage, _EVENT.c.starts_at, _EVENT.c.ends_at, revision.label("revision")
    )
    head = (await connection.execute(query.where(_EVENT.c.id == name))).one_or_none()
    if head is None:
        return None
    # Every member of an event falls into one of a handful of groups.
    groups = (
        await connection.execute(
            select(
                _TAKES_PART.label("takes_part"),
                _MEMBER.c.opted_out_at.is_not(None).label("out"),
                _MEMBER.c.release_reason,
                _MEMBER.c.outcome,
                _MEMBER.c.states[-1]["state"].astext.label("state"),
                func.count().label("n"),
                func.sum(_MEMBER.c.planned_ws).label("planned"),
                func.sum(_MEMBER.c.delivered_ws).label("delivered"),
            )
            .where(_MEMBER.c.event_id == name)
            .group_by(text("1, 2, 3, 4, 5"))
        )
    ).all()
    delivered = [row.delivered for row in groups if row.delivered is not None]
    return Pulse(
        stage=Stage(head.stage),
        window=Interval(head.starts_at, head.ends_at),
        revision=head.revision,
        members=sum(row.n for row in groups),
        excluded=sum(row.n for row in groups if not row.takes_part),
        opted_out=sum(row.n for row in groups if row.out),
        planned=Energy(sum(int(row.planned or 0) for row in groups)),
        delivered=Energy(int(sum(delivered))) if delivered else None,
        released=_tally(groups, "release_reason"),
        states=_tally(groups, "state"),
        outcomes=_tally(groups, "outcome"),
    )


async def members(
    connection: AsyncConnection,
    name: EventId,
    *,
    after: EvseId | None,
    limit: int | None,
) -> Sequence[MemberRow]:
    """Return an event's members, by EVSE."""
    query = (
        select(
            _MEMBER,
            tables.participant.c.name.label("participant_name"),
            tables.participant.c.kind.label("participant_kind"),
            tables.site.c.name.label("site_name"),
            tables.site.c.timezone,
            tables.vehicle.c.id.label("vehicle_id"),
            tables.vehicle.c.name.label("vehicle_name"),
            tables.station.c.vendor,
            tables.station.c.model,
        )
        .join(tables.participant, tables.participant.c.id == _MEMBER.c.participant_id)
        .join(tables.site, tables.site.c.id == _MEMBER.c.site_id)
        .join(tables.station, tables.station.c.id == _MEMBER.c.station_id)
        .join(
            tables.evse,
            (tables.evse.c.station_id == _MEMBER.c.station_id)
            & (tables.evse.c.number == _MEMBER.c.evse),
        )
        .outerjoin(tables.vehicle, tables.vehicle.c.id == tables.evse.c.vehicle_id)
        .where(_MEMBER.c.event_id == name)
        .order_by(_MEMBER.c.station_id, _MEMBER.c.evse)
        .limit(limit)
    )
    if after is not None:
        key = tuple_(_MEMBER.c.station_id, _MEMBER.c.evse)
        query = query.where(key > (after.station, after.number))
    return [_member(row) for row in await connection.execute(query)]


async def notices(connection: AsyncConnection, name: EventId) -> Sequence[NoticeRow]:
    """Return an event's notices, oldest first."""
    columns: list[ColumnElement[Any]] = [
        column for column in _NOTICE.c if column.name not in ("text", "html")
    ]
    query: Select[Any] = (
        select(
            *columns,
            tables.participant.c.name.label("participant_name"),
        )
        .join(tables.participant, tables.participant.c.id == _NOTICE.c.participant_id)
        .where(_NOTICE.c.event_id == name)
        .order_by(_NOTICE.c.created_at, _NOTICE.c.participant_id, _NOTICE.c.id)
    )
    return [_notice(row) for row in await connection.execute(query)]


async def notice_outcomes(
    connection: AsyncConnection,
) -> Mapping[tuple[Channel, str], int]:
    """Return how many notices there are, by channel and outcome."""
    rows = await connection.execute(
        select(
            _NOTICE.c.channel,
            func.count(_NOTICE.c.sent_at).label("sent"),
            func.count(_NOTICE.c.failed_at).label("failed"),
            func.count().label("whole"),
        ).group_by(_NOTICE.c.channel)
    )
    found: dict[tuple[Channel, str], int] = {}
    for row in rows:
        channel = Channel(row.channel)
        found[channel, "sent"] = row.sent
        found[channel, "failed"] = row.failed
        found[channel, "waiting"] = row.whole - row.sent - row.failed
    return found


async def newest_fact(connection: AsyncConnection) -> int:
    """Return the number of the newest fact; 0 if there is none."""
    newest = select(func.coalesce(func.max(tables.fact.c.id), 0))
    number: int = (await connection.execute(newest)).scalar_one()
    return number


def _events() -> Select[Any]:
    counted = (
        select(
            func.count().label("members"),
            func.count().filter(~_TAKES_PART).label("excluded"),
            func.count(_MEMBER.c.opted_out_at).label("opted_out"),
            func.coalesce(func.sum(_MEMBER.c.planned_w), 0).label("planned_w"),
            func.coalesce(func.sum(_MEMBER.c.planned_ws), 0).label("planned_ws"),
            func.sum(_MEMBER.c.delivered_ws).label("delivered_ws"),
        )
        .where(_MEMBER.c.event_id == _EVENT.c.id)
        .lateral("counted")
    )
    told = (
        select(
            func.count(_NOTICE.c.sent_at).label("sent"),
            func.count(_NOTICE.c.failed_at).label("failed"),
            func.count().label("told"),
        )
        .where(_NOTICE.c.event_id == _EVENT.c.id, _NOTICE.c.channel != Channel.INBOX)
        .lateral("told")
    )
    return (
        select(_EVENT, *counted.c, *told.c)
        .join(counted, true())
        .join(told, true())
        .select_from(_EVENT)
    )


def _event(row: Row[Any]) -> EventRow:
    delivered = row.delivered_ws
    return EventRow(
        record=record_from(row),
        members=row.members,
        excluded=row.excluded,
        opted_out=row.opted_out,
        planned_power=Power(int(row.planned_w)),
        planned=Energy(int(row.planned_ws)),
        delivered=None if delivered is None else Energy(int(delivered)),
        notices=NoticeCounts(row.sent, row.failed, row.told - row.sent - row.failed),
    )


def _member(row: Row[Any]) -> MemberRow:
    return MemberRow(
        member=member_from(row),
        participant_name=row.participant_name,
        participant_kind=ParticipantKind(row.participant_kind),
        site_name=row.site_name,
        timezone=row.timezone,
        vehicle=VehicleId(row.vehicle_id) if row.vehicle_id else None,
        vehicle_name=row.vehicle_name,
        vendor=row.vendor,
        model=row.model,
    )


def _notice(row: Row[Any]) -> NoticeRow:
    return NoticeRow(
        id=row.id,
        event=EventId(row.event_id) if row.event_id else None,
        participant=ParticipantId(row.participant_id),
        participant_name=row.participant_name,
        kind=NoticeKind(row.kind),
        channel=Channel(row.channel),
        address=row.address,
        subject=row.subject,
        created_at=row.created_at,
        sent_at=row.sent_at,
        failed_at=row.failed_at,
        opened_at=row.opened_at,
        attempts=row.attempts,
        error=row.error,
    )


def _tally(groups: Sequence[Row[Any]], name: str) -> Mapping[str, int]:
    tally: Counter[str] = Counter()
    for row in groups:
        word = getattr(row, name)
        if word is not None:
            tally[word] += row.n
    return dict(tally)
