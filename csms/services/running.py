"""Bring every event through its life, on time and after an outage.

Two kinds of step, each one unit of work: a due event advances and its duties are owed,
or one owed duty is carried out. Whatever instant a crash picks, each step has happened
or not, and the next runner goes on from there.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from csms.clock import Clock
from csms.domain.event import DREvent, Stage
from csms.domain.facts import FactKind
from csms.domain.ids import EventId
from csms.services.alarm import Alarm
from csms.services.duties import Duties
from csms.services.ports.events import DispatchNudge, EventRecord, OwedDuty
from csms.services.ports.work import Begin, Work
from csms.services.timetable import Task, Timetable

log = structlog.get_logger()

REACHED: Mapping[Stage, FactKind] = {
    Stage.ACTIVE: FactKind.EVENT_ACTIVE,
    Stage.COMPLETED: FactKind.EVENT_COMPLETED,
}


@dataclass(frozen=True, slots=True)
class RunningPolicy:
    """How the runner is paced, in real seconds.

    Attributes:
        poll_s: Longest time between two looks: covers a lost wake-up.
        rest_s: First pause of an event whose duty failed; it doubles.
        longest_rest_s: Longest pause.
    """

    poll_s: float = 2.0
    rest_s: float = 0.5
    longest_rest_s: float = 30.0


@dataclass(slots=True)
class _Rest:
    until: float
    length: float


@dataclass(frozen=True, slots=True)
class EventRunner:
    """Advances what is due and carries out what is owed.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        duties: Carries duties out.
        dispatcher: Is nudged after each commit that concerns it.
        sender_wake: Wakes the sender of notices.
        since: Since when stations can tell this node what they kept while there was
            none. They have an event's grace for it from then on, and its books stay
            open as long; nothing is waited for without it.
        timetable: When what is due.
        wake: Wakes this runner.
        policy: How it is paced.
    """

    clock: Clock
    begin: Begin
    duties: Duties
    dispatcher: DispatchNudge
    sender_wake: Alarm
    since: datetime | None = None
    timetable: Timetable = field(default_factory=Timetable)
    wake: Alarm = field(default_factory=Alarm)
    policy: RunningPolicy = RunningPolicy()
    _resting: dict[EventId, _Rest] = field(default_factory=dict)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                while await self.step():
                    pass
                wait = await self._until_due()
            except Exception:
                log.exception("events.unreadable")
                wait = self.policy.rest_s
            await self.wake.wait(wait)

    async def step(self) -> bool:
        """Take one step; tell whether there was one to take."""
        return await self._advance() or await self._carry_out()

    async def _until_due(self) -> float:
        """Return the real seconds until the next event is due, within the poll."""
        async with self.begin() as work:
            due = await work.events.next_due()
        if due is None:
            return self.policy.poll_s
        left = (due - self.clock.now()).total_seconds() / self.clock.rate
        return min(max(left, 0.001), self.policy.poll_s)

    async def _advance(self) -> bool:
        now = self.clock.now()
        async with self.begin() as work:
            due = await work.events.claim_due(now)
            for record in due:
                await self._advance_one(work, record)
        for record in due:
            self.dispatcher.nudge_event(record.event.id)
        return bool(due)

    async def _advance_one(self, work: Work, record: EventRecord) -> None:
        now, before = self.clock.now(), record.event
        event, tasks = self.timetable.advance(before, now)
        due = self.timetable.due(event, now)
        told = self._told_by(event)
        if event.stage is Stage.SETTLED and told is not None and now < told:
            event, tasks, due = _with_open_books(event, tasks, told)
        await work.events.owe(event.id, tasks, event.revision, now)
        await work.events.save(event, due)
        for stage in _passed(before.stage, event.stage):
            if stage in REACHED:
                await work.facts.add(REACHED[stage], event.id, {"stage": stage}, now)
        log.info("event.advanced", event_id=event.id, stage=event.stage)

    def _told_by(self, event: DREvent) -> datetime | None:
        """Return until when stations may tell what they kept while nobody listened."""
        return None if self.since is None else self.since + event.metering_grace

    async def _carry_out(self) -> bool:
        duty: OwedDuty | None = None
        try:
            async with self.begin() as work:
                duty = await work.events.claim_duty(self._asleep())
                if duty is None:
                    return False
                record = await _held(work, duty.event)
                missed = await self.duties.carry_out(
                    work, duty, record, self.clock.now()
                )
        except Exception as error:
            if duty is None:
                raise
            await self._failed(duty, error)
            return True
        self._resting.pop(duty.event, None)
        self._tell(duty, missed)
        return True

    def _tell(self, duty: OwedDuty, missed: str) -> None:
        self.dispatcher.nudge_event(duty.event)
        self.sender_wake.ring()
        word = "duty.missed" if missed else "duty.done"
        log.info(word, event_id=duty.event, duty=duty.kind, why=missed or None)

    async def _failed(self, duty: OwedDuty, error: Exception) -> None:
        """Let the event rest for a while, and count the attempt."""
        log.error("duty.failed", event_id=duty.event, duty=duty.kind, exc_info=error)
        before = self._resting.get(duty.event)
        length = min(
            2 * before.length if before else self.policy.rest_s,
            self.policy.longest_rest_s,
        )
        until = asyncio.get_running_loop().time() + length
        self._resting[duty.event] = _Rest(until, length)
        async with self.begin() as work:
            await work.events.fail_duty(duty.id, f"{type(error).__name__}: {error}")

    def _asleep(self) -> frozenset[EventId]:
        now = asyncio.get_running_loop().time()
        return frozenset(
            event for event, rest in self._resting.items() if rest.until > now
        )


async def _held(work: Work, event: EventId) -> EventRecord:
    record = await work.events.hold(event)
    if record is None:
        raise LookupError(f"a duty of {event}, which is not kept")
    return record


def _with_open_books(
    event: DREvent, tasks: tuple[Task, ...], until: datetime
) -> tuple[DREvent, tuple[Task, ...], datetime]:
    """Return an event that would be settled as one that is completed until then."""
    rest = tuple(task for task in tasks if task is not Task.SETTLE)
    return replace(event, stage=Stage.COMPLETED), rest, until


_ORDER = (
    Stage.DRAFT,
    Stage.SCHEDULED,
    Stage.NOTIFIED,
    Stage.ACTIVE,
    Stage.COMPLETED,
    Stage.SETTLED,
)


def _passed(before: Stage, after: Stage) -> tuple[Stage, ...]:
    """Return the stages an event came through, the last one included."""
    if before is after:
        return ()
    return _ORDER[_ORDER.index(before) + 1 : _ORDER.index(after) + 1]
