"""Plan an event with what is known now, and keep the plan."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from csms.domain.event import DREvent, Reason
from csms.domain.facts import FactKind
from csms.domain.ids import ParticipantId
from csms.domain.plan import Plan
from csms.domain.program import Program
from csms.flex.planning import plan as plan_event
from csms.services.gathering import FactsBook, Gathered, Gatherer, PlanningPolicy
from csms.services.live import LiveFleet
from csms.services.ports.events import EventRecord, MemberPlan
from csms.services.ports.work import Work
from csms.services.program_records import NoSuchProgram


@dataclass(frozen=True, slots=True)
class Planning:
    """Makes plans of what is known now and keeps them.

    Attributes:
        programs: Every program record.
        live: The live state of the fleet.
        book: What is known of stations and EVSEs.
        policy: What an operator may tune.
    """

    programs: Sequence[Program]
    live: LiveFleet
    book: FactsBook
    policy: PlanningPolicy = field(default_factory=PlanningPolicy)

    @property
    def _gatherer(self) -> Gatherer:
        return Gatherer(self.live, self.book, self.policy)

    def program_of(self, event: DREvent) -> Program:
        """Return the version of the rules that the event was called under.

        Raises:
            NoSuchProgram: If that version is not kept any more.
        """
        for each in self.programs:
            if each.id == event.program and each.version == event.program_version:
                return each
        raise NoSuchProgram(f"no record of {event.program} {event.program_version}")

    async def draft(
        self, work: Work, event: DREvent, now: datetime
    ) -> tuple[Gathered, Plan]:
        """Return what the event would ask of everyone, keeping nothing."""
        gathered = await self._gatherer.for_draft(
            work, self.program_of(event), event, now
        )
        return gathered, plan_event(
            event, gathered.fleet, gathered.sites, None, now=now
        )

    async def gather(
        self,
        work: Work,
        record: EventRecord,
        now: datetime,
        only: ParticipantId | None = None,
    ) -> Gathered:
        """Return what a plan is made from, of all members or of one participant's."""
        program = self.program_of(record.event)
        if only is not None:
            return await self._gatherer.for_participant(
                work, program, record, only, now
            )
        return await self._gatherer.for_record(work, program, record, now)

    async def plan(
        self, work: Work, record: EventRecord, because: str, now: datetime
    ) -> Plan:
        """Plan a kept event anew and keep the plan, in the caller's unit of work.

        Until the window opens, what is planned for each member is kept for the
        accounts too; from then on it stands.
        """
        event = record.event
        gathered = await self.gather(work, record, now)
        held = await work.events.newest_plan(event.id)
        made = plan_event(event, gathered.fleet, gathered.sites, held, now=now)
        if made is not held:
            await work.events.keep_plan(made, because, gathered.floors)
            await work.facts.add(
                FactKind.EVENT_PLANNED, event.id, _summary(made, because), now
            )
        await work.events.enter_members(
            event.id, _for_accounts(gathered, made), settled=now >= event.window.start
        )
        return made


def _for_accounts(gathered: Gathered, made: Plan) -> list[MemberPlan]:
    entries = {entry.evse: entry for entry in made.entries}
    return [
        MemberPlan(
            each.evse,
            each.participant,
            each.site,
            tuple(
                reason
                for reason in entries[each.evse].exclusions
                if reason is not Reason.OPT_OUT
            ),
            entries[each.evse].power,
            entries[each.evse].planned,
            entries[each.evse].limited_by,
            entries[each.evse].expected_soc_end_pct,
        )
        for each in gathered.fleet
        if each.evse in entries
    ]


def _summary(made: Plan, because: str) -> dict[str, object]:
    return {
        "revision": made.revision,
        "because": because,
        "power_w": made.power.watts,
        "planned_ws": made.planned.watt_seconds,
        "members": sum(1 for entry in made.entries if entry.setpoint),
        "excluded": sum(1 for entry in made.entries if entry.exclusions),
    }
