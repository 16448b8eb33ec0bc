"""What an event's life owes besides its legs, and when each duty is pointless.

The legs are ``flex.lifecycle``. Between them lie two milestones: a reminder, and a last
plan made with the measured state of the fleet. Pure, so that it can be read and tested
like the table it extends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from csms.domain.event import DREvent, Stage
from csms.flex import lifecycle


class Task(StrEnum):
    """Everything that may be owed for an event; the first six are the legs' duties."""

    PLAN = "plan"
    NOTIFY = "notify"
    DISPATCH = "dispatch"
    RELEASE = "release"
    SETTLE = "settle"
    RETRACT = "retract"
    REMIND = "remind"
    FINALISE = "finalise"
    REPLAN = "replan"


OVER = frozenset({Stage.COMPLETED, Stage.SETTLED, Stage.CANCELLED})
"""Stages in which nothing is planned or told beforehand any more."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """When the milestones between the legs are due, before the window's start.

    Attributes:
        reminder: How long before the start participants are reminded.
        final: How long before the start the last plan is made.
    """

    reminder: timedelta = timedelta(hours=2)
    final: timedelta = timedelta(minutes=30)

    def milestones(self, event: DREvent) -> tuple[tuple[datetime, Task], ...]:
        """Return the milestones of the event, in order.

        One that lay before the call already is none: the call's own plan and notice
        stand in for it.
        """
        start = event.window.start
        marks = (
            (start - self.reminder, Task.REMIND),
            (start - self.final, Task.FINALISE),
        )
        return tuple(sorted(mark for mark in marks if mark[0] > event.called_at))

    def advance(
        self, event: DREvent, now: datetime
    ) -> tuple[DREvent, tuple[Task, ...]]:
        """Return the event as of now and everything owed up to now, in order.

        What was owed before is returned again: owing is idempotent, so that the runner
        need not remember how far it came.
        """
        if event.stage is Stage.CANCELLED:
            return event, (Task.SETTLE,)
        if event.stage not in lifecycle.LIFE:
            return event, ()
        passed = [(at, task) for at, task in self.milestones(event) if at <= now]
        advanced, duties = lifecycle.advance(event, now)
        legs = [Task(duty) for duty in duties]
        marks = [task for _, task in passed]
        first = [task for task in legs if task in _BEFORE_MILESTONES]
        rest = [task for task in legs if task not in _BEFORE_MILESTONES]
        if event.stage in (Stage.SCHEDULED, Stage.NOTIFIED):
            return advanced, (*first, *marks, *rest)
        return advanced, tuple(legs)

    def accounted_at(self, event: DREvent, now: datetime) -> datetime | None:
        """Return when an event that is cancelled now can be accounted, if ever.

        Nothing was asked before its start, so that nothing is waited for then.
        """
        match event.stage:
            case Stage.SCHEDULED | Stage.NOTIFIED:
                return now
            case Stage.ACTIVE:
                return now + event.metering_grace
            case Stage.DRAFT | Stage.COMPLETED | Stage.SETTLED | Stage.CANCELLED:
                return None

    def due(self, event: DREvent, now: datetime) -> datetime | None:
        """Return when the event next needs attention after now, if ever."""
        leg = lifecycle.due(event)
        if leg is None:
            return None
        coming = [at for at, _ in self.milestones(event) if at > now]
        return min([leg, *coming]) if event.stage is Stage.NOTIFIED else leg


_BEFORE_MILESTONES = frozenset({Task.PLAN, Task.NOTIFY})


def pointless(task: Task, event: DREvent, now: datetime, notify_by: datetime) -> str:
    """Return why the task need not be carried out any more; empty if it must."""
    match task:
        case Task.RELEASE | Task.SETTLE | Task.RETRACT:
            return ""
        case Task.NOTIFY if now > notify_by:
            return "too late to count as a notice"
        case Task.REMIND if now >= event.window.start:
            return "the event has started"
        case (
            Task.REMIND
            | Task.NOTIFY
            | Task.PLAN
            | Task.FINALISE
            | Task.REPLAN
            | Task.DISPATCH
        ):
            return _over(event, now)


def _over(event: DREvent, now: datetime) -> str:
    if event.stage in OVER:
        return f"the event is {event.stage}"
    return "the window is over" if now >= event.window.end else ""


def ordered(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """Return the tasks without repetition, in the order given."""
    return tuple(dict.fromkeys(tasks))
