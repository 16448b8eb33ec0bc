"""The life of a demand-response event, as a table.

| stage     | due                      | next      | duties       |
|-----------|--------------------------|-----------|--------------|
| scheduled | when called              | notified  | plan, notify |
| notified  | at the window's start    | active    | dispatch     |
| active    | at the window's end      | completed | release      |
| completed | when the grace is over   | settled   | settle       |

A draft waits for an operator. Settled and cancelled are the ends; a cancelled event is
accounted all the same, so that each EVSE has its outcome, but it is never paid.
Pre-positioning is no stage: whatever is notified may be pre-positioned. Duties are
written with the stage in one commit, so a crash loses none and repeats none.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from csms.domain.errors import Conflict
from csms.domain.event import DREvent, Duty, Stage


class NotThatWay(Conflict):
    """The event's stage does not allow this."""

    code = "event-stage"


@dataclass(frozen=True, slots=True)
class Leg:
    """One step of an event's life.

    Attributes:
        due: When the step is due.
        to: Where it leads.
        duties: What it takes.
    """

    due: Callable[[DREvent], datetime]
    to: Stage
    duties: tuple[Duty, ...] = ()


LIFE: dict[Stage, Leg] = {
    Stage.SCHEDULED: Leg(
        lambda event: event.called_at, Stage.NOTIFIED, (Duty.PLAN, Duty.NOTIFY)
    ),
    Stage.NOTIFIED: Leg(
        lambda event: event.window.start, Stage.ACTIVE, (Duty.DISPATCH,)
    ),
    Stage.ACTIVE: Leg(lambda event: event.window.end, Stage.COMPLETED, (Duty.RELEASE,)),
    Stage.COMPLETED: Leg(
        lambda event: event.window.end + event.metering_grace,
        Stage.SETTLED,
        (Duty.SETTLE,),
    ),
}
"""What time does. Draft, settled and cancelled are absent: time leads nowhere there."""

CANCELLING: dict[Stage, tuple[Duty, ...]] = {
    Stage.DRAFT: (),
    Stage.SCHEDULED: (),
    Stage.NOTIFIED: (Duty.RELEASE, Duty.RETRACT),
    Stage.ACTIVE: (Duty.RELEASE, Duty.RETRACT),
}
"""From where an event may be cancelled, and what that takes."""


def due(event: DREvent) -> datetime | None:
    """Return when the event next needs attention; none if time changes nothing."""
    leg = LIFE.get(event.stage)
    return leg.due(event) if leg else None


def advance(event: DREvent, now: datetime) -> tuple[DREvent, tuple[Duty, ...]]:
    """Return the event as of now, and the duties of every leg it came through.

    After an outage several legs are passed at once, in order. Advancing the returned
    event again at the same instant owes nothing more.
    """
    duties: tuple[Duty, ...] = ()
    while (leg := LIFE.get(event.stage)) and leg.due(event) <= now:
        event = replace(event, stage=leg.to)
        duties += leg.duties
    return event, duties


def allowed(stage: Stage, to: Stage) -> bool:
    """Tell whether an event may go from one stage straight to the other."""
    if to is Stage.CANCELLED:
        return stage in CANCELLING
    if stage is Stage.DRAFT:
        return to is Stage.SCHEDULED
    leg = LIFE.get(stage)
    return leg is not None and leg.to is to


def schedule(event: DREvent) -> DREvent:
    """Return the draft as a scheduled event.

    Raises:
        NotThatWay: If it is no draft.
    """
    if not allowed(event.stage, Stage.SCHEDULED):
        raise NotThatWay(f"a {event.stage} event cannot be scheduled")
    return replace(event, stage=Stage.SCHEDULED, revision=event.revision + 1)


def cancel(event: DREvent, reason: str) -> tuple[DREvent, tuple[Duty, ...]]:
    """Return the event cancelled, and what that takes.

    Participants who were told of the event are told of its end (retract), and what
    was pre-positioned or runs is released.

    Raises:
        NotThatWay: If it is over already.
    """
    if not allowed(event.stage, Stage.CANCELLED):
        raise NotThatWay(f"a {event.stage} event cannot be cancelled")
    cancelled = replace(
        event,
        stage=Stage.CANCELLED,
        cancel_reason=reason,
        revision=event.revision + 1,
    )
    return cancelled, CANCELLING[event.stage]
