"""Ask for events, look at them beforehand, call them off."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from csms.clock import Clock
from csms.domain.errors import Broken, Conflict, NotAllowed, NotFound
from csms.domain.event import DREvent, Reason, Stage
from csms.domain.facts import FactKind
from csms.domain.ids import EventId, EvseId, ParticipantId, ProgramId, SiteId
from csms.domain.interval import Interval
from csms.domain.notice import NoticeKind
from csms.domain.plan import Plan, PlanEntry
from csms.domain.program import Program
from csms.domain.units import Power
from csms.flex import lifecycle
from csms.services.alarm import Alarm
from csms.services.deeds import keep_deed
from csms.services.gathering import Gathered
from csms.services.planning import Planning
from csms.services.ports.events import EventRecord
from csms.services.ports.work import Begin, Work
from csms.services.program_records import program_in_force
from csms.services.rules import Request, Violation, minimum_lead, violations
from csms.services.timetable import Timetable

DRAFT = EventId("draft")
ENDS = (Stage.SETTLED, Stage.CANCELLED)


class NoSuchEvent(NotFound):
    """There is no such event."""

    code = "no-such-event"
    usual_remedy = "see csms events list"


class RulesBroken(NotAllowed):
    """The event breaks rules of its program.

    Attributes:
        violations: Every rule that it breaks, the blocking ones among them.
    """

    code = "event-rules"

    def __init__(self, broken: Sequence[Violation]) -> None:
        self.violations = tuple(broken)
        texts = "; ".join(each.text for each in broken if each.blocking)
        super().__init__(
            texts, field="window", remedy="Look at the preview and choose another time."
        )


class OtherEvent(Conflict):
    """The key was used for another event already."""

    code = "idempotency-conflict"


class NotAWindow(Broken):
    """An event needs a window of whole minutes that ends after it starts."""

    code = "not-a-window"


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event as somebody asks for it.

    Attributes:
        program: Which program calls.
        window: From when to when.
        name: Its name for people; one is made up if it is empty.
        target: Export wished for, as a positive magnitude; none for all there is.
        test: Whether it is a test, which is never settled.
    """

    program: ProgramId
    window: Interval
    name: str = ""
    target: Power | None = None
    test: bool = False


@dataclass(frozen=True, slots=True)
class PreviewEntry:
    """What the event would ask of one EVSE.

    Attributes:
        evse: The EVSE.
        participant: Who would be told.
        participant_name: The same for people.
        site: Where it stands.
        vehicle: The vehicle's name for people, if there is one.
        entry: What would be planned, or why nothing.
    """

    evse: EvseId
    participant: ParticipantId
    participant_name: str
    site: SiteId
    vehicle: str | None
    entry: PlanEntry


@dataclass(frozen=True, slots=True)
class PreviewNotice:
    """A notice that would go out.

    Attributes:
        participant: Who would be told.
        email: Where.
        kind: What about.
        at: When.
    """

    participant: ParticipantId
    email: str
    kind: NoticeKind
    at: datetime


@dataclass(frozen=True, slots=True)
class EventPreview:
    """Everything an operator should see before an event is called.

    Attributes:
        event: The event as it would be kept, as a draft.
        program: The rules that would apply.
        plan: What would be planned as things are now.
        entries: The same per EVSE, with names, ordered by EVSE.
        violations: Which rules it breaks.
        notices: What would go out, when.
        notify_by: A notice accepted later than this would not allow dispatch.
    """

    event: DREvent
    program: Program
    plan: Plan
    entries: tuple[PreviewEntry, ...]
    violations: tuple[Violation, ...]
    notices: tuple[PreviewNotice, ...]
    notify_by: datetime

    @property
    def callable(self) -> bool:
        """Tell whether nothing forbids calling it."""
        return not any(each.blocking for each in self.violations)

    @property
    def excluded(self) -> Mapping[Reason, int]:
        """Return how many EVSEs are excluded for which first reason."""
        counts: dict[Reason, int] = {}
        for each in self.entries:
            for reason in each.entry.exclusions[:1]:
                counts[reason] = counts.get(reason, 0) + 1
        return counts


@dataclass(frozen=True, slots=True)
class Events:
    """Calls events, and calls them off.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        planning: Makes plans.
        timetable: When reminders and last plans are due.
        wake: Wakes the runner.
        lead: Least time from an accepted notice to the start, unless the program says.
        grace: How long after its end an event waits for late readings.
    """

    clock: Clock
    begin: Begin
    planning: Planning
    timetable: Timetable = field(default_factory=Timetable)
    wake: Alarm = field(default_factory=Alarm)
    lead: timedelta = timedelta(minutes=30)
    grace: timedelta = timedelta(minutes=30)

    async def preview(self, draft: EventDraft) -> EventPreview:
        """Return what calling the event now would mean; nothing is kept.

        Raises:
            NoSuchProgram: If no version of the program is in force then.
            NotAWindow: If the window makes no sense.
        """
        async with self.begin() as work:
            return await self._preview(work, draft)

    async def call(
        self, draft: EventDraft, by: str, idempotency: str | None = None
    ) -> EventId:
        """Call the event: participants are told at once.

        Args:
            draft: The event.
            by: Who calls it.
            idempotency: A key; the same call again gives the same event.

        Raises:
            RulesBroken: If a rule forbids it.
            OtherEvent: If the key was used for another event.
        """
        async with self.begin() as work:
            if idempotency is not None:
                kept = await work.events.find(_keyed(draft, idempotency))
                if kept is not None:
                    return _same(kept.event, draft)
            preview = await self._preview(work, draft)
            if not preview.callable:
                raise RulesBroken(preview.violations)
            named = await self._name(work, draft, idempotency)
            event = replace(lifecycle.schedule(preview.event), id=named, revision=1)
            at = event.called_at
            due = self.timetable.due(event, at)
            await work.events.add(event, by=by, notify_by=preview.notify_by, due_at=due)
            body = _body(event) | {"by": by}
            await keep_deed(work, FactKind.EVENT_CALLED, event.id, body, at)
        self.wake.ring()
        return event.id

    async def cancel(self, event: EventId, reason: str, by: str) -> None:
        """Call the event off; whoever was told of it is told of that.

        Raises:
            NoSuchEvent: If there is none.
            NotThatWay: If it is over already.
        """
        now = self.clock.now()
        async with self.begin() as work:
            record = await work.events.hold(event)
            if record is None:
                raise NoSuchEvent(f"there is no event {event}")
            if record.event.stage is Stage.CANCELLED:
                return
            cancelled, duties = lifecycle.cancel(record.event, reason)
            due = self.timetable.accounted_at(record.event, now)
            await work.events.save(cancelled, due)
            for member in await work.events.members(event):
                if not member.exclusions:
                    await work.events.note_state(
                        event, member.evse, "cancelled", now, reason
                    )
            await work.events.owe(event, duties, cancelled.revision, now)
            said = {"reason": reason, "by": by}
            await keep_deed(work, FactKind.EVENT_CANCELLED, event, said, now)
        self.wake.ring()

    async def find(self, event: EventId) -> EventRecord:
        """Return the event.

        Raises:
            NoSuchEvent: If there is none.
        """
        async with self.begin() as work:
            record = await work.events.find(event)
        if record is None:
            raise NoSuchEvent(f"there is no event {event}")
        return record

    async def _preview(self, work: Work, draft: EventDraft) -> EventPreview:
        now = self.clock.now()
        program, event = self._draft(draft, now)
        lead = minimum_lead(program, self.lead)
        gathered, plan = await self.planning.draft(work, event, now)
        called = await work.events.listed(program=draft.program)
        request = Request(program, draft.window, draft.test, now, lead)
        broken = (
            *violations(request, [each.event for each in called]),
            *await _overlaps(work, draft, plan),
        )
        return EventPreview(
            event,
            program,
            plan,
            _entries(gathered, plan),
            broken,
            tuple(self._notices(event, gathered, plan, now)),
            notify_by=draft.window.start - lead,
        )

    def _draft(self, draft: EventDraft, now: datetime) -> tuple[Program, DREvent]:
        window = draft.window
        if not window.duration or window.start.second or window.end.second:
            raise NotAWindow(field="window")
        if draft.target is not None and draft.target.watts <= 0:
            raise Broken("a target is a positive power", field="target")
        of_id = [each for each in self.planning.programs if each.id == draft.program]
        day = window.start.date()
        for each in of_id:
            day = window.start.astimezone(each.zone).date()
        program = program_in_force(of_id, draft.program, day)
        name = draft.name or f"{program.name}, {day:%A %d %B %Y}"
        event = DREvent(
            id=DRAFT,
            program=program.id,
            program_version=program.version,
            name=name,
            window=window,
            stage=Stage.DRAFT,
            called_at=now,
            target=draft.target,
            test=draft.test,
            metering_grace=self.grace,
        )
        return program, event

    def _notices(
        self, event: DREvent, gathered: Gathered, plan: Plan, now: datetime
    ) -> Sequence[PreviewNotice]:
        asked = {each.evse for each in plan.entries if not each.exclusions}
        told = sorted({e.participant for e in gathered.fleet if e.evse in asked})
        moments = [
            (now, NoticeKind.CALLED),
            (event.window.start - self.timetable.reminder, NoticeKind.REMINDER),
            (event.window.end + event.metering_grace, NoticeKind.RESULT),
        ]
        return [
            PreviewNotice(each, gathered.participants[each].email, kind, at)
            for at, kind in moments
            for each in told
            if at >= now
        ]

    async def _name(
        self, work: Work, draft: EventDraft, idempotency: str | None
    ) -> EventId:
        if idempotency is not None:
            return _keyed(draft, idempotency)
        number = 1
        while await work.events.find(EventId(f"{_stem(draft)}-{number}")):
            number += 1
        return EventId(f"{_stem(draft)}-{number}")


def _stem(draft: EventDraft) -> str:
    return f"{draft.program}-{draft.window.start:%Y%m%dT%H%MZ}"


def _keyed(draft: EventDraft, key: str) -> EventId:
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    return EventId(f"{draft.program}-{digest}")


def _same(event: DREvent, draft: EventDraft) -> EventId:
    asked = (draft.program, draft.window, draft.target, draft.test)
    if (event.program, event.window, event.target, event.test) != asked:
        raise OtherEvent
    return event.id


async def _overlaps(work: Work, draft: EventDraft, plan: Plan) -> Sequence[Violation]:
    """Return where an EVSE would have to serve two events at once."""
    asked = {each.evse for each in plan.entries if not each.exclusions}
    found: list[Violation] = []
    for other in await work.events.listed(overlapping=draft.window):
        if other.event.stage in ENDS:
            continue
        members = await work.events.members(other.event.id)
        taken = {each.evse for each in members if not each.exclusions}
        if other.event.program == draft.program or asked & taken:
            text = f"it overlaps with {other.event.name} ({other.event.id})"
            found.append(Violation("overlap", text, blocking=True))
    return found


def _entries(gathered: Gathered, plan: Plan) -> tuple[PreviewEntry, ...]:
    entries = {entry.evse: entry for entry in plan.entries}
    return tuple(
        PreviewEntry(
            each.evse,
            each.participant,
            gathered.participants[each.participant].name,
            each.site,
            gathered.vehicles[each.evse].name
            if each.evse in gathered.vehicles
            else None,
            entries[each.evse],
        )
        for each in gathered.fleet
        if each.evse in entries
    )


def _body(event: DREvent) -> dict[str, object]:
    return {
        "program": event.program,
        "program_version": event.program_version,
        "name": event.name,
        "starts_at": event.window.start.isoformat(),
        "ends_at": event.window.end.isoformat(),
        "target_w": event.target.watts if event.target else None,
        "test": event.test,
    }
