"""The EVSEs that take part in events, and how each fares."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from csms.db import tables
from csms.db.batches import batched
from csms.domain.event import Outcome, Reason, Stage
from csms.domain.ids import EventId, EvseId, ParticipantId, SiteId, StationId
from csms.domain.settlement import Quality
from csms.domain.units import Energy, Power
from csms.services.ports.events import (
    Member,
    MemberAccount,
    MemberPlan,
    StateChange,
)

member = tables.event_member

_NOTE_STATES = text("""
UPDATE event_member AS member SET states = CASE
    WHEN coalesce(
        member.states -> -1 ->> 'state' = said.state
        AND member.states -> -1 ->> 'detail' = said.detail, false
    ) THEN member.states
    ELSE member.states || jsonb_build_array(
        jsonb_build_object('at', said.at, 'state', said.state, 'detail', said.detail)
    ) END
FROM unnest(
    CAST(:events AS text[]), CAST(:stations AS text[]), CAST(:evses AS int[]),
    CAST(:ats AS text[]), CAST(:states AS text[]), CAST(:details AS text[])
) AS said (event_id, station_id, evse, at, state, detail)
WHERE member.event_id = said.event_id AND member.station_id = said.station_id
    AND member.evse = said.evse
""")


async def enter(
    connection: AsyncConnection,
    event: EventId,
    plans: Sequence[MemberPlan],
    *,
    settled: bool,
) -> None:
    """Enter members that are new; unless settled, update those not opted out."""
    rows = [_plan_row(event, plan) for plan in plans]
    for some in batched(rows):
        await _enter(connection, some, settled=settled)


async def _enter(
    connection: AsyncConnection, rows: Sequence[dict[str, Any]], *, settled: bool
) -> None:
    statement = insert(member).values(rows)
    if settled:
        await connection.execute(statement.on_conflict_do_nothing())
        return
    said = statement.excluded
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[member.c.event_id, member.c.station_id, member.c.evse],
            set_={
                name: said[name]
                for name in (
                    "exclusions",
                    "planned_w",
                    "planned_ws",
                    "limited_by",
                    "expected_soc_end_pct",
                )
            },
            where=member.c.opted_out_at.is_(None),
        )
    )


async def of_event(connection: AsyncConnection, event: EventId) -> Sequence[Member]:
    """Return all members, ordered by EVSE."""
    rows = await connection.execute(
        select(member)
        .where(member.c.event_id == event)
        .order_by(member.c.station_id, member.c.evse)
    )
    return [member_from(row) for row in rows]


async def opt_out(
    connection: AsyncConnection,
    event: EventId,
    participant: ParticipantId,
    at: datetime,
    by: str,
) -> Sequence[EvseId]:
    """Opt the participant's members out; return those that were not out yet."""
    rows = await connection.execute(
        update(member)
        .where(member.c.event_id == event, member.c.participant_id == participant)
        .where(member.c.opted_out_at.is_(None))
        .values(
            opted_out_at=at,
            opted_out_by=by,
            states=_with(StateChange(at, "opted_out", by)),
        )
        .returning(member.c.station_id, member.c.evse)
    )
    return sorted(_evse(row) for row in rows)


async def opt_in(
    connection: AsyncConnection,
    event: EventId,
    participant: ParticipantId,
    at: datetime,
) -> Sequence[EvseId]:
    """Take an opt-out back; return the members that were out."""
    rows = await connection.execute(
        update(member)
        .where(member.c.event_id == event, member.c.participant_id == participant)
        .where(member.c.opted_out_at.is_not(None))
        .values(
            opted_out_at=None,
            opted_out_by=None,
            states=_with(StateChange(at, "opted_in")),
        )
        .returning(member.c.station_id, member.c.evse)
    )
    return sorted(_evse(row) for row in rows)


async def note_state(
    connection: AsyncConnection, event: EventId, evse: EvseId, change: StateChange
) -> None:
    """Append to the member's way through the event."""
    await connection.execute(
        update(member).where(_is(event, evse)).values(states=_with(change))
    )


async def note_states(
    connection: AsyncConnection,
    changes: Sequence[tuple[EventId, EvseId, StateChange]],
) -> None:
    """Append to the ways of many members: one statement, unless one is named twice."""
    while changes:
        now: dict[tuple[EventId, EvseId], StateChange] = {}
        later: list[tuple[EventId, EvseId, StateChange]] = []
        for event, evse, change in changes:
            if (event, evse) in now:
                later.append((event, evse, change))
            else:
                now[event, evse] = change
        await connection.execute(
            _NOTE_STATES,
            {
                "events": [event for event, _ in now],
                "stations": [evse.station for _, evse in now],
                "evses": [evse.number for _, evse in now],
                "ats": [each.at.isoformat() for each in now.values()],
                "states": [each.state for each in now.values()],
                "details": [each.detail for each in now.values()],
            },
        )
        changes = later


async def release(
    connection: AsyncConnection,
    event: EventId,
    evse: EvseId,
    reason: Reason,
    at: datetime,
) -> bool:
    """Dispatch the member no more; tell whether that is new."""
    done = await connection.execute(
        update(member)
        .where(_is(event, evse), member.c.released_at.is_(None))
        .values(
            released_at=at,
            release_reason=reason,
            states=_with(StateChange(at, "released", reason)),
        )
    )
    return done.rowcount > 0


async def reinstate(
    connection: AsyncConnection, event: EventId, evse: EvseId, at: datetime
) -> bool:
    """Let a released member be dispatched again; tell whether it was released."""
    done = await connection.execute(
        update(member)
        .where(_is(event, evse), member.c.released_at.is_not(None))
        .values(
            released_at=None,
            release_reason=None,
            states=_with(StateChange(at, "reinstated")),
        )
    )
    return done.rowcount > 0


async def account(
    connection: AsyncConnection, event: EventId, evse: EvseId, ended: MemberAccount
) -> None:
    """Keep how the member ended."""
    await connection.execute(
        update(member)
        .where(_is(event, evse))
        .values(
            outcome=ended.outcome,
            delivered_ws=ended.delivered.watt_seconds,
            reasons={why: energy.watt_seconds for why, energy in ended.reasons.items()},
            quality=ended.quality,
        )
    )


async def running_with(connection: AsyncConnection, evse: EvseId) -> Sequence[EventId]:
    """Return notified and active events in which the EVSE is not excluded."""
    rows = await connection.execute(
        select(member.c.event_id)
        .join(tables.event, tables.event.c.id == member.c.event_id)
        .where(tables.event.c.stage.in_([Stage.NOTIFIED, Stage.ACTIVE]))
        .where(member.c.station_id == evse.station, member.c.evse == evse.number)
        .where(member.c.exclusions == literal([], JSONB))
        .order_by(member.c.event_id)
    )
    return [EventId(row.event_id) for row in rows]


def _is(event: EventId, evse: EvseId) -> ColumnElement[bool]:
    return (
        (member.c.event_id == event)
        & (member.c.station_id == evse.station)
        & (member.c.evse == evse.number)
    )


def _with(change: StateChange) -> ColumnElement[Any]:
    """Return the states with one more, unless the last one says the same."""
    one = {
        "at": change.at.isoformat(),
        "state": change.state,
        "detail": change.detail,
    }
    last = member.c.states[-1]
    same = (last["state"].astext == change.state) & (
        last["detail"].astext == change.detail
    )
    return case(
        (func.coalesce(same, literal(value=False)), member.c.states),
        else_=member.c.states.op("||")(literal([one], JSONB)),
    )


def _evse(row: Row[Any]) -> EvseId:
    return EvseId(StationId(row.station_id), row.evse)


def _plan_row(event: EventId, plan: MemberPlan) -> dict[str, Any]:
    return {
        "event_id": event,
        "station_id": plan.evse.station,
        "evse": plan.evse.number,
        "participant_id": plan.participant,
        "site_id": plan.site,
        "exclusions": list(plan.exclusions),
        "planned_w": plan.power.watts,
        "planned_ws": plan.planned.watt_seconds,
        "limited_by": plan.limited_by,
        "expected_soc_end_pct": plan.expected_soc_end_pct,
        "states": [],
    }


def member_from(row: Row[Any]) -> Member:
    """Read a row of ``event_member``."""
    reasons = row.reasons
    return Member(
        event=EventId(row.event_id),
        evse=_evse(row),
        participant=ParticipantId(row.participant_id),
        site=SiteId(row.site_id),
        exclusions=tuple(Reason(each) for each in row.exclusions),
        planned_power=None if row.planned_w is None else Power(row.planned_w),
        planned=None if row.planned_ws is None else Energy(row.planned_ws),
        limited_by=row.limited_by,
        expected_soc_end_pct=row.expected_soc_end_pct,
        opted_out_at=row.opted_out_at,
        opted_out_by=row.opted_out_by,
        released_at=row.released_at,
        release_reason=Reason(row.release_reason) if row.release_reason else None,
        outcome=Outcome(row.outcome) if row.outcome else None,
        delivered=None if row.delivered_ws is None else Energy(row.delivered_ws),
        reasons=None
        if reasons is None
        else {Reason(why): Energy(ws) for why, ws in reasons.items()},
        quality=Quality(row.quality) if row.quality else None,
        states=tuple(
            StateChange(
                datetime.fromisoformat(each["at"]), each["state"], each["detail"]
            )
            for each in row.states
        ),
    )
