"""Demand-response events as they are kept: stages, duties, members and plans."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from csms.domain.event import DREvent, Outcome, Reason, Stage
from csms.domain.ids import EventId, EvseId, ParticipantId, ProgramId, SiteId
from csms.domain.interval import Interval
from csms.domain.plan import Plan, Setpoint
from csms.domain.settlement import Quality
from csms.domain.units import Energy, Power


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event and what is kept beside it.

    Attributes:
        event: The event.
        notify_by: A notice accepted later than this does not allow dispatch.
        due_at: When the event next needs attention.
        created_by: Who called it.
    """

    event: DREvent
    notify_by: datetime
    due_at: datetime | None
    created_by: str


@dataclass(frozen=True, slots=True)
class OwedDuty:
    """One duty that is not done yet, held until the unit of work ends.

    Attributes:
        id: Grows in the order in which duties are owed.
        event: The event that owes it.
        kind: A word of ``services.timetable.Task``.
        revision: Which of its kind.
        created_at: Since when it is owed.
        attempts: How often it was tried and failed.
    """

    id: int
    event: EventId
    kind: str
    revision: int
    created_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class StateChange:
    """One moment in a member's way through an event.

    Attributes:
        at: When.
        state: A word such as ``unplugged``, ``floor_reached`` or ``obeyed``.
        detail: More of it, for people.
    """

    at: datetime
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """One EVSE's part in one event.

    Attributes:
        event: The event.
        evse: The EVSE.
        participant: Who must be asked.
        site: Where it stands.
        exclusions: Why it is excluded; none if it takes part.
        planned_power: What was planned when the window opened, zero or negative; none
            before the first plan.
        planned: The energy of it over the window, zero or negative.
        limited_by: What kept the plan from asking for more.
        expected_soc_end_pct: What the plan expected at the window's end.
        opted_out_at: When the participant opted out.
        opted_out_by: Who said so, or how.
        released_at: From when on it is not dispatched any more.
        release_reason: Why.
        outcome: How it ended.
        delivered: Energy it gave, zero or negative.
        reasons: Why energy is missing, as negative energies; with the delivered energy
            they add up to the planned one.
        quality: How far the delivered energy may be trusted.
        states: Its way through the event, oldest first.
    """

    event: EventId
    evse: EvseId
    participant: ParticipantId
    site: SiteId
    exclusions: tuple[Reason, ...] = ()
    planned_power: Power | None = None
    planned: Energy | None = None
    limited_by: str | None = None
    expected_soc_end_pct: float | None = None
    opted_out_at: datetime | None = None
    opted_out_by: str | None = None
    released_at: datetime | None = None
    release_reason: Reason | None = None
    outcome: Outcome | None = None
    delivered: Energy | None = None
    reasons: Mapping[Reason, Energy] | None = None
    quality: Quality | None = None
    states: tuple[StateChange, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """How a member ended.

    Attributes:
        outcome: In one word.
        delivered: Energy it gave by its meter, zero or negative.
        reasons: Why energy is missing, as negative energies.
        quality: How far the meter may be trusted.
    """

    outcome: Outcome
    delivered: Energy
    reasons: Mapping[Reason, Energy]
    quality: Quality


@dataclass(frozen=True, slots=True)
class MemberPlan:
    """What a plan made before the window says of one member, for the accounts."""

    evse: EvseId
    participant: ParticipantId
    site: SiteId
    exclusions: tuple[Reason, ...]
    power: Power
    planned: Energy
    limited_by: str
    expected_soc_end_pct: float | None


@dataclass(frozen=True, slots=True)
class MemberOrder:
    """All that dispatch must know of one member of one event.

    Attributes:
        event: The event.
        stage: How far it has come.
        window: From when to when.
        evse: The EVSE.
        participant: Who must have been told.
        setpoint: What the newest plan asks for; none if nothing.
        floor_soc_pct: The driver's minimum as it is now, or the program's if higher.
        excluded: Why it must not be dispatched; none if it may.
        opted_out_at: When the participant opted out.
        released_at: Since when it is released.
        release_reason: Why.
        notified: Whether a notice was accepted for delivery in time. Without it there
            is no discharge, whoever asks.
    """

    event: EventId
    stage: Stage
    window: Interval
    evse: EvseId
    participant: ParticipantId
    setpoint: Setpoint | None
    floor_soc_pct: float
    excluded: tuple[Reason, ...]
    opted_out_at: datetime | None
    released_at: datetime | None
    release_reason: Reason | None
    notified: bool


class DispatchNudge(Protocol):
    """Wakes the dispatcher. Losing a nudge delays, it never loses work."""

    def nudge(self, evse: EvseId) -> None:
        """Look at this EVSE now."""
        ...

    def nudge_event(self, event: EventId) -> None:
        """Look at every member of this event now."""
        ...


class EventStore(Protocol):
    """The events of one unit of work."""

    async def add(
        self, event: DREvent, *, by: str, notify_by: datetime, due_at: datetime | None
    ) -> None:
        """Keep a new event.

        Raises:
            Conflict: If there is an event of this id.
        """
        ...

    async def find(self, event: EventId) -> EventRecord | None:
        """Return the event, if there is one."""
        ...

    async def hold(self, event: EventId) -> EventRecord | None:
        """Return the event and keep others from changing it until this work ends."""
        ...

    async def listed(
        self,
        *,
        program: ProgramId | None = None,
        stages: Collection[Stage] = (),
        overlapping: Interval | None = None,
    ) -> Sequence[EventRecord]:
        """Return events in order of their start; no stage named means all."""
        ...

    async def claim_due(self, now: datetime) -> Sequence[EventRecord]:
        """Return what is due and nobody else holds, held until this work ends."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next event needs attention."""
        ...

    async def save(self, event: DREvent, due_at: datetime | None) -> None:
        """Keep the event's stage, revision, reason and next due instant."""
        ...

    async def owe(
        self, event: EventId, kinds: Sequence[str], revision: int, at: datetime
    ) -> None:
        """Owe the duties in this order; what is or was owed already stays as it is."""
        ...

    async def owe_again(self, event: EventId, kind: str, at: datetime) -> None:
        """Owe a duty of a kind that may be owed any number of times.

        The event must be held.
        """
        ...

    async def claim_duty(self, resting: Collection[EventId] = ()) -> OwedDuty | None:
        """Return the oldest open duty of an event, held until this work ends.

        An event's duties are carried out one at a time and in order; those of the
        resting events are left alone.
        """
        ...

    async def open_duties(self, event: EventId) -> Sequence[OwedDuty]:
        """Return what the event still owes, oldest first."""
        ...

    async def finish_duties(
        self, duties: Collection[int], at: datetime, remark: str | None = None
    ) -> None:
        """Mark duties as done, or with a remark as missed."""
        ...

    async def fail_duty(self, duty: int, error: str) -> None:
        """Count a failed attempt."""
        ...

    async def keep_plan(
        self, plan: Plan, because: str, floors: Mapping[EvseId, float]
    ) -> None:
        """Keep a plan and the floors it was made with; one already kept stays."""
        ...

    async def newest_plan(self, event: EventId) -> Plan | None:
        """Return the event's newest plan."""
        ...

    async def enter_members(
        self, event: EventId, members: Sequence[MemberPlan], *, settled: bool
    ) -> None:
        """Enter members that are new; unless settled, update those not opted out.

        Args:
            event: The event.
            members: What the newest plan says of each.
            settled: Whether the window has opened, so that what was planned stands.
        """
        ...

    async def members(self, event: EventId) -> Sequence[Member]:
        """Return all members, ordered by EVSE."""
        ...

    async def opt_out(
        self, event: EventId, participant: ParticipantId, at: datetime, by: str
    ) -> Sequence[EvseId]:
        """Opt the participant's members out; return those that were not out yet."""
        ...

    async def opt_in(
        self, event: EventId, participant: ParticipantId, at: datetime
    ) -> Sequence[EvseId]:
        """Take an opt-out back; return the members that were out."""
        ...

    async def note_state(
        self, event: EventId, evse: EvseId, state: str, at: datetime, detail: str = ""
    ) -> None:
        """Append to the member's way through the event."""
        ...

    async def note_states(
        self, changes: Sequence[tuple[EventId, EvseId, StateChange]]
    ) -> None:
        """Append to the ways of many members, in one go and in this order."""
        ...

    async def release_member(
        self, event: EventId, evse: EvseId, reason: Reason, at: datetime
    ) -> bool:
        """Dispatch the member no more; tell whether that is new.

        If the event has a target, a new plan is owed: others may be able to step in.
        """
        ...

    async def reinstate_member(
        self, event: EventId, evse: EvseId, at: datetime
    ) -> bool:
        """Let a released member be dispatched again; tell whether it was released."""
        ...

    async def account_member(
        self, event: EventId, evse: EvseId, account: MemberAccount
    ) -> None:
        """Keep how the member ended."""
        ...

    async def running_with(self, evse: EvseId) -> Sequence[EventId]:
        """Return notified and active events in which the EVSE is not excluded."""
        ...

    async def dispatchable(self, now: datetime) -> Sequence[MemberOrder]:
        """Return every member that dispatch may have to act on.

        Those of notified and active events; and of completed, settled and cancelled
        ones until an hour after their window, so that what they left on stations is
        taken back.
        """
        ...
