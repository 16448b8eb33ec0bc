"""Demand-response events, kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import duties, members, orders, plans, tables
from csms.domain.errors import Conflict
from csms.domain.event import DREvent, Reason, Stage
from csms.domain.ids import EventId, EvseId, ParticipantId, ProgramId
from csms.domain.interval import Interval
from csms.domain.plan import Plan
from csms.domain.units import Power
from csms.services.ports.events import (
    EventRecord,
    Member,
    MemberAccount,
    MemberOrder,
    MemberPlan,
    OwedDuty,
    StateChange,
)

event_table = tables.event


class EventExists(Conflict):
    """There is an event of this name already."""

    code = "event-exists"


@dataclass(frozen=True, slots=True)
class PostgresEventStore:
    """The events of one unit of work."""

    connection: AsyncConnection

    async def add(
        self, event: DREvent, *, by: str, notify_by: datetime, due_at: datetime | None
    ) -> None:
        """Keep a new event.

        Raises:
            EventExists: If there is an event of this id.
        """
        row = _row(event) | {
            "id": event.id,
            "created_by": by,
            "notify_by": notify_by,
            "due_at": due_at,
        }
        done = await self.connection.execute(
            insert(event_table)
            .values(row)
            .on_conflict_do_nothing()
            .returning(event_table.c.id)
        )
        if done.one_or_none() is None:
            raise EventExists

    async def find(self, event: EventId) -> EventRecord | None:
        """Return the event, if there is one."""
        statement = select(event_table).where(event_table.c.id == event)
        row = (await self.connection.execute(statement)).one_or_none()
        return None if row is None else record_from(row)

    async def hold(self, event: EventId) -> EventRecord | None:
        """Return the event and keep others from changing it until this work ends."""
        statement = (
            select(event_table)
            .where(event_table.c.id == event)
            .with_for_update(key_share=True)
        )
        row = (await self.connection.execute(statement)).one_or_none()
        return None if row is None else record_from(row)

    async def listed(
        self,
        *,
        program: ProgramId | None = None,
        stages: Collection[Stage] = (),
        overlapping: Interval | None = None,
    ) -> Sequence[EventRecord]:
        """Return events in order of their start; no stage named means all."""
        statement = select(event_table)
        if program is not None:
            statement = statement.where(event_table.c.program_id == program)
        if stages:
            statement = statement.where(event_table.c.stage.in_(sorted(stages)))
        if overlapping is not None:
            statement = statement.where(
                event_table.c.starts_at < overlapping.end,
                event_table.c.ends_at > overlapping.start,
            )
        order = statement.order_by(event_table.c.starts_at, event_table.c.id)
        return [record_from(row) for row in await self.connection.execute(order)]

    async def claim_due(self, now: datetime) -> Sequence[EventRecord]:
        """Return what is due and nobody else holds, held until this work ends."""
        rows = await self.connection.execute(
            select(event_table)
            .where(event_table.c.due_at <= now)
            .order_by(event_table.c.due_at, event_table.c.id)
            .with_for_update(skip_locked=True, key_share=True)
        )
        return [record_from(row) for row in rows]

    async def next_due(self) -> datetime | None:
        """Return when the next event needs attention."""
        statement = select(func.min(event_table.c.due_at))
        due: datetime | None = (await self.connection.execute(statement)).scalar_one()
        return due

    async def save(self, event: DREvent, due_at: datetime | None) -> None:
        """Keep the event's stage, revision, reason and next due instant."""
        await self.connection.execute(
            update(event_table)
            .where(event_table.c.id == event.id)
            .values(_row(event) | {"due_at": due_at})
        )

    async def owe(
        self, event: EventId, kinds: Sequence[str], revision: int, at: datetime
    ) -> None:
        """Owe the duties in this order; what is or was owed already stays as it is."""
        await duties.owe(self.connection, event, kinds, revision, at)

    async def owe_again(self, event: EventId, kind: str, at: datetime) -> None:
        """Owe a duty of a kind that may be owed any number of times."""
        await duties.owe_again(self.connection, event, kind, at)

    async def claim_duty(self, resting: Collection[EventId] = ()) -> OwedDuty | None:
        """Return the oldest open duty of an event, held until this work ends."""
        return await duties.claim(self.connection, resting)

    async def open_duties(self, event: EventId) -> Sequence[OwedDuty]:
        """Return what the event still owes, oldest first."""
        return await duties.open_of(self.connection, event)

    async def finish_duties(
        self, numbers: Collection[int], at: datetime, remark: str | None = None
    ) -> None:
        """Mark duties as done, or with a remark as missed."""
        await duties.finish(self.connection, numbers, at, remark)

    async def fail_duty(self, duty: int, error: str) -> None:
        """Count a failed attempt."""
        await duties.fail(self.connection, duty, error)

    async def keep_plan(
        self, plan: Plan, because: str, floors: Mapping[EvseId, float]
    ) -> None:
        """Keep a plan and the floors it was made with; one already kept stays."""
        await plans.keep_plan(self.connection, plan, because, floors)

    async def newest_plan(self, event: EventId) -> Plan | None:
        """Return the event's newest plan."""
        return await plans.newest_plan(self.connection, event)

    async def enter_members(
        self, event: EventId, entering: Sequence[MemberPlan], *, settled: bool
    ) -> None:
        """Enter members that are new; unless settled, update those not opted out."""
        await members.enter(self.connection, event, entering, settled=settled)

    async def members(self, event: EventId) -> Sequence[Member]:
        """Return all members, ordered by EVSE."""
        return await members.of_event(self.connection, event)

    async def opt_out(
        self, event: EventId, participant: ParticipantId, at: datetime, by: str
    ) -> Sequence[EvseId]:
        """Opt the participant's members out; return those that were not out yet."""
        return await members.opt_out(self.connection, event, participant, at, by)

    async def opt_in(
        self, event: EventId, participant: ParticipantId, at: datetime
    ) -> Sequence[EvseId]:
        """Take an opt-out back; return the members that were out."""
        return await members.opt_in(self.connection, event, participant, at)

    async def note_state(
        self, event: EventId, evse: EvseId, state: str, at: datetime, detail: str = ""
    ) -> None:
        """Append to the member's way through the event."""
        await self.hold(event)  # always before its members: two orders would deadlock
        change = StateChange(at, state, detail)
        await members.note_state(self.connection, event, evse, change)

    async def note_states(
        self, changes: Sequence[tuple[EventId, EvseId, StateChange]]
    ) -> None:
        """Append to the ways of many members, in one go and in this order."""
        for event in sorted({event for event, _, _ in changes}):
            await self.hold(event)
        await members.note_states(self.connection, changes)

    async def release_member(
        self, event: EventId, evse: EvseId, reason: Reason, at: datetime
    ) -> bool:
        """Dispatch the member no more; tell whether that is new.

        If the event has a target, a new plan is owed: others may be able to step in.
        """
        held = await self.hold(event)
        released = await members.release(self.connection, event, evse, reason, at)
        if released and held and held.event.target is not None:
            await self.owe_again(event, "replan", at)
        return released

    async def reinstate_member(
        self, event: EventId, evse: EvseId, at: datetime
    ) -> bool:
        """Let a released member be dispatched again; tell whether it was released."""
        await self.hold(event)
        return await members.reinstate(self.connection, event, evse, at)

    async def account_member(
        self, event: EventId, evse: EvseId, ended: MemberAccount
    ) -> None:
        """Keep how the member ended."""
        await members.account(self.connection, event, evse, ended)

    async def running_with(self, evse: EvseId) -> Sequence[EventId]:
        """Return notified and active events in which the EVSE is not excluded."""
        return await members.running_with(self.connection, evse)

    async def dispatchable(self, now: datetime) -> Sequence[MemberOrder]:
        """Return every member that dispatch may have to act on."""
        return await orders.dispatchable(self.connection, now)


def _row(event: DREvent) -> dict[str, Any]:
    return {
        "program_id": event.program,
        "program_version": event.program_version,
        "name": event.name,
        "starts_at": event.window.start,
        "ends_at": event.window.end,
        "stage": event.stage,
        "called_at": event.called_at,
        "target_w": event.target.watts if event.target else None,
        "test": event.test,
        "grace_s": round(event.metering_grace.total_seconds()),
        "cancel_reason": event.cancel_reason,
        "revision": event.revision,
    }


def record_from(row: Row[Any]) -> EventRecord:
    """Read a row of ``event``."""
    event = DREvent(
        id=EventId(row.id),
        program=ProgramId(row.program_id),
        program_version=row.program_version,
        name=row.name,
        window=Interval(row.starts_at, row.ends_at),
        stage=Stage(row.stage),
        called_at=row.called_at,
        target=None if row.target_w is None else Power(row.target_w),
        test=row.test,
        metering_grace=timedelta(seconds=row.grace_s),
        cancel_reason=row.cancel_reason,
        revision=row.revision,
    )
    return EventRecord(event, row.notify_by, row.due_at, row.created_by)
