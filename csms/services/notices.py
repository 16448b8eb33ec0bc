"""Owe notices: who must be told what about an event, and in which words.

What is owed is kept in the same commit as the duty that asked for it; sending is the
sender's work. A notice is named by what it is about, so owing it twice owes it once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from csms.clock import pause
from csms.domain.event import DREvent
from csms.domain.facts import FactKind
from csms.domain.ids import EvseId, ParticipantId
from csms.domain.notice import (
    CARRIES_LINK,
    Channel,
    Notice,
    NoticeContent,
    NoticeKind,
    OptOutCost,
    Part,
    PartResult,
    notice_id,
)
from csms.domain.participant import Participant
from csms.domain.plan import Availability, Plan, PlanEntry
from csms.domain.program import PaymentKind, Program
from csms.services.gathering import Gathered
from csms.services.planning import Planning
from csms.services.ports.events import EventRecord, Member
from csms.services.ports.notices import LetterWriter
from csms.services.ports.work import Work

FULL_PCT = 100.0
WS_PER_KWH = 3_600_000
_DOLLAR = Decimal(1)


@dataclass(frozen=True, slots=True)
class Notices:
    """Puts together and owes what participants are told.

    Attributes:
        planning: Knows what an event asks of whom.
        letters: Puts it into words.
        caller: Who calls events, as participants know them.
        help_contact: Whom participants may ask.
    """

    planning: Planning
    letters: LetterWriter
    caller: str
    help_contact: str

    async def call_out(self, work: Work, record: EventRecord, now: datetime) -> int:
        """Owe everyone who is asked for something the event's notice."""
        view = await self._view(work, record, now)
        told = await self._owe(work, view, NoticeKind.CALLED, view.asked, now)
        await work.facts.add(
            FactKind.EVENT_NOTIFIED, record.event.id, {"notices": told}, now
        )
        return told

    async def remind(self, work: Work, record: EventRecord, now: datetime) -> int:
        """Owe a reminder to everyone who still takes part."""
        view = await self._view(work, record, now)
        staying = view.asked - view.opted_out
        return await self._owe(work, view, NoticeKind.REMINDER, staying, now)

    async def retract(self, work: Work, record: EventRecord, now: datetime) -> int:
        """Owe everyone who was told, or may have been, the event's end.

        What is not out yet is withdrawn instead of contradicted.
        """
        event = record.event
        await work.notices.withdraw(
            event.id, sorted(CARRIES_LINK), "the event was cancelled", now
        )
        told = await _reached(work, record, under_way=True)
        view = await self._view(work, record, now)
        return await self._owe(work, view, NoticeKind.CANCELLED, told, now)

    async def report(self, work: Work, record: EventRecord, now: datetime) -> int:
        """Owe everyone who was told the result."""
        told = await _reached(work, record)
        view = await self._view(work, record, now)
        return await self._owe(work, view, NoticeKind.RESULT, told, now)

    async def content_for(
        self,
        work: Work,
        record: EventRecord,
        participant: ParticipantId,
        now: datetime,
    ) -> NoticeContent:
        """Return what a participant is told of an event, as things are now."""
        view = await self._view(work, record, now, participant)
        return self._content(view, view.people[participant], NoticeKind.CALLED)

    async def _view(
        self,
        work: Work,
        record: EventRecord,
        now: datetime,
        only: ParticipantId | None = None,
    ) -> "_View":
        return _View.of(
            record,
            await self.planning.gather(work, record, now, only),
            await work.events.newest_plan(record.event.id),
            await work.events.members(record.event.id),
        )

    async def _owe(
        self,
        work: Work,
        view: "_View",
        kind: NoticeKind,
        participants: Iterable[ParticipantId],
        now: datetime,
    ) -> int:
        owed: list[Notice] = []
        for each in sorted(participants):
            owed += self._both(view, view.people[each], kind, now)
            await pause(0)
        return await work.notices.owe(owed)

    def _both(
        self, view: "_View", person: Participant, kind: NoticeKind, now: datetime
    ) -> Sequence[Notice]:
        """Return the notice for the inbox and, with an address, the one by e-mail."""
        event = view.record.event
        letter = self.letters.write(self._content(view, person, kind))
        inbox = Notice(
            id=notice_id(event.id, person.id, kind, Channel.INBOX, event.revision),
            event=event.id,
            participant=person.id,
            kind=kind,
            channel=Channel.INBOX,
            revision=event.revision,
            address="",
            letter=letter,
            created_at=now,
            sent_at=now,
        )
        if not person.email:
            return (inbox,)
        email = replace(
            inbox,
            id=notice_id(event.id, person.id, kind, Channel.EMAIL, event.revision),
            channel=Channel.EMAIL,
            address=person.email,
            next_attempt_at=now,
            sent_at=None,
        )
        return (inbox, email)

    def _content(
        self, view: "_View", person: Participant, kind: NoticeKind
    ) -> NoticeContent:
        event, program = view.record.event, view.gathered.program
        parts = tuple(view.parts(person.id))
        zone = view.zone(person.id)
        return NoticeContent(
            kind=kind,
            participant=person.name,
            language=person.language,
            event=event.name,
            program=program.name,
            caller=self.caller or program.sponsor or program.name,
            starts_at=event.window.start.astimezone(zone),
            ends_at=event.window.end.astimezone(zone),
            help_contact=self.help_contact,
            parts=parts,
            cost=opt_out_cost(program, sum(part.power_kw for part in parts)),
            opt_out_note=program.participant_rules.consequence_text_key or "",
            cancel_reason=event.cancel_reason or "",
            results=tuple(view.results(person.id)),
            test=event.test,
        )


@dataclass(frozen=True, slots=True)
class _View:
    """One event as its notices see it, sorted by participant."""

    record: EventRecord
    gathered: Gathered
    entries: Mapping[EvseId, PlanEntry]
    members: Mapping[ParticipantId, Sequence[Member]]
    fleet: Mapping[EvseId, Availability]

    @classmethod
    def of(
        cls,
        record: EventRecord,
        gathered: Gathered,
        plan: Plan | None,
        members: Sequence[Member],
    ) -> "_View":
        mine: dict[ParticipantId, list[Member]] = {}
        for member in members:
            mine.setdefault(member.participant, []).append(member)
        entries = plan.entries if plan else ()
        return cls(
            record,
            gathered,
            {entry.evse: entry for entry in entries},
            mine,
            {each.evse: each for each in gathered.fleet},
        )

    @property
    def people(self) -> Mapping[ParticipantId, Participant]:
        return self.gathered.participants

    @property
    def asked(self) -> frozenset[ParticipantId]:
        return frozenset(
            participant
            for participant, mine in self.members.items()
            if not all(each.exclusions for each in mine)
        )

    @property
    def opted_out(self) -> frozenset[ParticipantId]:
        return frozenset(
            participant
            for participant, mine in self.members.items()
            if any(each.opted_out_at for each in mine)
        )

    def zone(self, participant: ParticipantId) -> ZoneInfo:
        for each in self.members.get(participant, ()):
            return ZoneInfo(self.gathered.sites[each.site].timezone)
        return self.gathered.program.zone

    def parts(self, participant: ParticipantId) -> Iterable[Part]:
        zone = self.zone(participant)
        for each in self._asked_of(participant):
            entry, available = self.entries.get(each.evse), self.fleet.get(each.evse)
            if entry and available:
                vehicle = self._vehicle(each.evse)
                yield _part(available, entry, vehicle, self.record.event, zone)

    def results(self, participant: ParticipantId) -> Iterable[PartResult]:
        for each in self._asked_of(participant):
            if each.outcome:
                yield _result(each, self._vehicle(each.evse), self.record.event)

    def _asked_of(self, participant: ParticipantId) -> Iterable[Member]:
        mine = self.members.get(participant, ())
        return (each for each in mine if not each.exclusions)

    def _vehicle(self, evse: EvseId) -> str:
        vehicle = self.gathered.vehicles.get(evse)
        return vehicle.name if vehicle else str(evse)


def opt_out_cost(program: Program, power_kw: float) -> OptOutCost | None:
    """Return what missing one event costs, where the program's record tells.

    An estimate: the season's payment for the planned power at every event, and the
    share of one event in it.
    """
    rate, events = program.payment.rate, program.events.typical
    average = program.payment.kind is PaymentKind.SEASON_AVERAGE
    if not average or rate is None or not events or not program.payment.currency:
        return None
    season = Decimal(str(round(power_kw, 3))) * rate
    return OptOutCost(
        events,
        (season / events).quantize(_DOLLAR, ROUND_HALF_UP),
        season.quantize(_DOLLAR, ROUND_HALF_UP),
        program.payment.currency,
    )


async def _reached(
    work: Work, record: EventRecord, *, under_way: bool = False
) -> frozenset[ParticipantId]:
    """Return whom a notice of the event has reached, or may reach this moment."""
    kept = await work.notices.of_event(record.event.id)
    unreachable = {each.participant for each in kept} - {
        each.participant for each in kept if each.channel is Channel.EMAIL
    }
    return frozenset(
        each.participant
        for each in kept
        if each.kind in CARRIES_LINK
        and (each.sent_at is not None or (under_way and _is_under_way(each)))
        and (each.channel is Channel.EMAIL or each.participant in unreachable)
    )


def _is_under_way(notice: Notice) -> bool:
    """Tell whether a notice may yet arrive: it is neither sent nor given up."""
    return notice.sent_at is None and notice.failed_at is None


def _part(
    available: Availability,
    entry: PlanEntry,
    vehicle: str,
    event: DREvent,
    zone: ZoneInfo,
) -> Part:
    departure = available.next_departure
    ready = _ready(available, entry, event)
    return Part(
        evse=entry.evse,
        vehicle=vehicle,
        power_kw=-entry.power.as_kw,
        energy_kwh=-entry.planned.as_kwh,
        soc_end_pct=entry.expected_soc_end_pct,
        floor_soc_pct=available.floor_soc_pct,
        ready_at=ready.astimezone(zone) if ready else None,
        ready_soc_pct=departure.soc_pct if departure else FULL_PCT,
        departure_at=departure.at.astimezone(zone) if departure else None,
    )


def _ready(
    available: Availability, entry: PlanEntry, event: DREvent
) -> datetime | None:
    """Return when charging after the event has brought back what is needed."""
    if entry.expected_soc_end_pct is None or available.max_charge.watts <= 0:
        return None
    departure = available.next_departure
    wanted = departure.soc_pct if departure else FULL_PCT
    missing = max(wanted - entry.expected_soc_end_pct, 0.0) / FULL_PCT
    stored = available.max_charge.watts * available.charge_efficiency
    seconds = missing * available.battery.watt_seconds / stored
    return event.window.end + timedelta(minutes=-(-seconds // 60))


def _result(member: Member, vehicle: str, event: DREvent) -> PartResult:
    delivered = -member.delivered.watt_seconds if member.delivered else 0
    planned = -member.planned.watt_seconds if member.planned else 0
    reasons = member.reasons or {}
    return PartResult(
        evse=member.evse,
        vehicle=vehicle,
        delivered_kwh=delivered / WS_PER_KWH,
        planned_kwh=planned / WS_PER_KWH,
        power_kw=delivered / 1000 / event.window.duration.total_seconds(),
        outcome=str(member.outcome),
        reasons=tuple(
            (str(reason), -energy.as_kwh) for reason, energy in reasons.items()
        ),
    )
