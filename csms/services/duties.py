"""Carry out what events owe; each duty once, in the commit that marks it as done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from csms.domain.event import Stage
from csms.domain.facts import FactKind
from csms.services.notices import Notices
from csms.services.planning import Planning
from csms.services.ports.events import EventRecord, OwedDuty
from csms.services.ports.work import Work
from csms.services.settlement import Settlement
from csms.services.timetable import Task, pointless

Errand = Callable[[Work, EventRecord, datetime], Awaitable[object]]

PLANNING = frozenset({Task.PLAN, Task.FINALISE, Task.REPLAN})


@dataclass(frozen=True, slots=True)
class Duties:
    """The hands of the event runner.

    Attributes:
        planning: Makes plans.
        notices: Owes notices.
        settlement: Closes books.
    """

    planning: Planning
    notices: Notices
    settlement: Settlement

    async def carry_out(
        self, work: Work, duty: OwedDuty, record: EventRecord, now: datetime
    ) -> str:
        """Carry out a claimed duty of a held event; return why not, if it is missed.

        Everything happens in the caller's unit of work: a crash undoes it all, and
        the duty is still owed.
        """
        task = Task(duty.kind)
        why_not = pointless(task, record.event, now, record.notify_by)
        if why_not:
            await work.events.finish_duties([duty.id], now, f"missed: {why_not}")
            body = {"event": duty.event, "duty": task, "why": why_not}
            await work.facts.add(FactKind.DUTY_MISSED, duty.event, body, now)
            return why_not
        await self._errand(task)(work, record, now)
        await work.events.finish_duties(await _covered(work, duty, task), now)
        return ""

    def _errand(self, task: Task) -> Errand:
        errands: dict[Task, Errand] = {
            Task.PLAN: self._plan("called"),
            Task.FINALISE: self._plan("last plan before the start"),
            Task.REPLAN: self._plan("availability changed"),
            Task.NOTIFY: self.notices.call_out,
            Task.REMIND: self.notices.remind,
            Task.RETRACT: self.notices.retract,
            Task.DISPATCH: self._open,
            Task.RELEASE: _nothing,
            Task.SETTLE: self._settle,
        }
        return errands[task]

    def _plan(self, because: str) -> Errand:
        async def plan(work: Work, record: EventRecord, now: datetime) -> None:
            await self.planning.plan(work, record, because, now)

        return plan

    async def _open(self, work: Work, record: EventRecord, now: datetime) -> None:
        """Note who is away when the window opens, and find others for a target.

        Dispatch itself compares levels and is nudged after the commit.
        """
        event = record.event
        for member in await work.events.members(event.id):
            live = self.planning.live.get(member.evse)
            if member.exclusions:
                continue
            if not live.plugged:
                await work.events.note_state(event.id, member.evse, "unplugged", now)
            if not live.connected:
                await work.events.note_state(event.id, member.evse, "offline", now)
        if event.target is not None:
            await self.planning.plan(work, record, "the window has opened", now)

    async def _settle(self, work: Work, record: EventRecord, now: datetime) -> None:
        await self.settlement.close(work, record, now)
        if record.event.stage is not Stage.CANCELLED:
            await self.notices.report(work, record, now)


async def _covered(work: Work, duty: OwedDuty, task: Task) -> list[int]:
    """Return the duties done with this one: one plan answers every call for one."""
    if task not in PLANNING:
        return [duty.id]
    waiting = await work.events.open_duties(duty.event)
    return [duty.id, *(each.id for each in waiting if each.kind == Task.REPLAN)]


async def _nothing(_work: Work, _record: EventRecord, _now: datetime) -> None:
    """Do nothing: dispatch compares levels by itself and is nudged after the commit."""
