"""Close the books of an event, and state what a season is worth."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from csms.charging.readings import Timeline
from csms.charging.registers import REACH
from csms.clock import Clock
from csms.domain.event import DREvent, Outcome, Reason, Stage
from csms.domain.facts import FactKind
from csms.domain.ids import EventId, EvseId, ProgramId
from csms.domain.interval import Interval
from csms.domain.plan import Setpoint
from csms.domain.program import Program
from csms.domain.settlement import EventPerformance, Quality
from csms.domain.settlement import Settlement as Season
from csms.domain.units import ZERO_ENERGY, ZERO_POWER, Energy
from csms.flex.attribution import attribute, outcome_of
from csms.flex.settling import render, settle
from csms.services.events import NoSuchEvent
from csms.services.ports.events import EventRecord, Member, MemberAccount
from csms.services.ports.settlements import KeptSettlement
from csms.services.ports.work import Begin, Work
from csms.services.program_records import NoSuchProgram
from csms.services.spells import spells_of


@dataclass(frozen=True, slots=True)
class Explanation:
    """One EVSE's way from plan to money in one event.

    Attributes:
        member: Its part, as accounted.
        performance: What it counts for in the season.
        text: The same in one sentence.
    """

    member: Member
    performance: EventPerformance
    text: str


@dataclass(frozen=True, slots=True)
class Exported:
    """What a meter counted, and how far to trust it.

    Attributes:
        energy: Energy given to the grid, as a magnitude.
        quality: How far it may be trusted.
    """

    energy: Energy
    quality: Quality


@dataclass(frozen=True, slots=True)
class Settlement:
    """Closes events and seasons.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        programs: Every program record.
    """

    clock: Clock
    begin: Begin
    programs: Sequence[Program]

    async def settle_event(self, event: EventId) -> None:
        """Account an event again, for readings that came late.

        Raises:
            NoSuchEvent: If there is none.
        """
        async with self.begin() as work:
            record = await work.events.hold(event)
            if record is None:
                raise NoSuchEvent(f"there is no event {event}")
            await self.close(work, record, self.clock.now())

    async def close(self, work: Work, record: EventRecord, now: datetime) -> None:
        """Account every member of an event, in the caller's unit of work.

        Doing it again with the same readings changes nothing.
        """
        event = record.event
        planned = delivered = 0
        outcomes: dict[str, int] = {}
        members = await work.events.members(event.id)
        exports = await _exported(work, [each.evse for each in members], event.window)
        for member in members:
            account = _account(event, member, exports[member.evse])
            await work.events.account_member(event.id, member.evse, account)
            outcomes[account.outcome] = outcomes.get(account.outcome, 0) + 1
            delivered += account.delivered.watt_seconds
            planned += member.planned.watt_seconds if member.planned else 0
        body = {"planned_ws": planned, "delivered_ws": delivered, "outcomes": outcomes}
        if event.stage is not Stage.CANCELLED:
            await work.facts.add(FactKind.EVENT_SETTLED, event.id, body, now)

    async def season_statement(self, program: ProgramId, season: str) -> Season:
        """Return what a season is worth so far, and keep it by its inputs.

        The same inputs give the same bytes; what was kept of them stays.

        Raises:
            NoSuchProgram: If there is no such program.
            Unconfirmed: If the program leaves open what its payment needs.
            UnsupportedPaymentKind: If its kind of payment cannot be settled yet.
        """
        async with self.begin() as work:
            records = await work.events.listed(program=program)
            events = [each.event for each in records]
            rules = self._rules(program, events, season)
            accounts = await _accounts(work, events)
            stated = settle(
                rules,
                season,
                list(accounts),
                [one for event in accounts.values() for one in event],
                await work.fleet.enrollments(program),
            )
            kept = KeptSettlement(
                program,
                rules.version,
                season,
                made_at=self.clock.now(),
                input_hash=stated.input_hash,
                document=render(stated).decode(),
            )
            if await work.settlements.keep(kept):
                await work.facts.add(
                    FactKind.SEASON_SETTLED, program, _summary(stated), kept.made_at
                )
        return stated

    async def document(self, program: ProgramId, season: str) -> Mapping[str, Any]:
        """Return the season's newest settlement as it is kept.

        Raises:
            NoSuchProgram: If nothing was settled for this program and season.
        """
        async with self.begin() as work:
            kept = await work.settlements.newest(program, season)
        if kept is None:
            raise NoSuchProgram(f"nothing is settled for {program} in {season}")
        document: Mapping[str, Any] = json.loads(kept.document)
        return document

    async def explain(self, event: EventId) -> Sequence[Explanation]:
        """Return every member's way from plan to money in one event.

        Raises:
            NoSuchEvent: If there is none.
        """
        async with self.begin() as work:
            record = await work.events.find(event)
            if record is None:
                raise NoSuchEvent(f"there is no event {event}")
            members = await work.events.members(event)
        return [_explained(record.event, member) for member in members]

    def _rules(
        self, program: ProgramId, events: Sequence[DREvent], season: str
    ) -> Program:
        """Return the newest version of the rules that an event was called under."""
        versions = [each for each in self.programs if each.id == program]
        if not versions:
            raise NoSuchProgram(f"there is no program {program}")
        used = {
            each.program_version for each in events if _lies_in(each, versions, season)
        }
        applied = [each for each in versions if each.version in used] or versions
        return max(applied, key=lambda each: (each.effective_from, each.version))


def _lies_in(event: DREvent, versions: Sequence[Program], season: str) -> bool:
    return any(
        each.season_of(event.window.start.astimezone(each.zone).date()) == season
        for each in versions
        if each.version == event.program_version
    )


def performance_of(event: DREvent, member: Member) -> EventPerformance:
    """Return what a member's part in an event counts for.

    Who is excluded, opted out before the window, or gave nothing, did not take part
    and counts zero. Who opted out during the event keeps what was delivered before.
    """
    exported = -member.delivered if member.delivered else ZERO_ENERGY
    stayed = member.opted_out_at is None or member.opted_out_at > event.window.start
    participated = (
        member.outcome is not Outcome.EXCLUDED and stayed and exported > ZERO_ENERGY
    )
    return EventPerformance(
        member.evse,
        event.id,
        event.window,
        exported,
        participated=participated,
        reason=_main_reason(member),
        quality=member.quality or Quality.MISSING,
    )


def _main_reason(member: Member) -> Reason | None:
    if member.exclusions:
        return member.exclusions[0]
    if member.opted_out_at is not None:
        return Reason.OPT_OUT
    reasons = member.reasons or {}
    return min(reasons, key=lambda why: (reasons[why], why), default=None)


def promised(member: Member, window: Interval) -> tuple[Setpoint, ...]:
    """Return the setpoint that was planned for a member when the window opened.

    It may end before the window does: energy over power is how long it lasts.
    """
    if not member.planned or not member.planned_power or not member.planned_power.watts:
        return ()
    seconds = round(member.planned.watt_seconds / member.planned_power.watts)
    end = min(window.start + timedelta(seconds=seconds), window.end)
    return (
        Setpoint(
            member.evse,
            Interval(window.start, end),
            member.planned_power,
            "promised",
        ),
    )


def _account(event: DREvent, member: Member, exported: Exported) -> MemberAccount:
    parts = attribute(
        event.window,
        promised(member, event.window),
        exported.energy,
        spells_of(member, event.window),
    )
    outcome, _ = outcome_of(
        parts,
        excluded=bool(member.exclusions),
        opted_out=member.opted_out_at is not None,
    )
    return MemberAccount(
        outcome,
        -exported.energy,
        {why: -energy for why, energy in parts.missing.items()},
        exported.quality,
    )


async def _exported(
    work: Work, evses: Sequence[EvseId], window: Interval
) -> Mapping[EvseId, Exported]:
    """Return what each meter says was given to the grid; nothing said is nothing."""
    reach = timedelta(seconds=REACH)
    around = Interval(window.start - reach, window.end + reach)
    kept = await work.telemetry.readings(dict.fromkeys(evses, around))
    exports: dict[EvseId, Exported] = {}
    for evse in evses:
        timeline = Timeline(each.reading for each in kept.get(evse, ()))
        metered = timeline.metered(window)
        exports[evse] = (
            Exported(ZERO_ENERGY, Quality.MISSING)
            if metered.export_ws is None
            else Exported(Energy(metered.export_ws), Quality[metered.quality.name])
        )
    return exports


async def _accounts(
    work: Work, events: Sequence[DREvent]
) -> Mapping[DREvent, Sequence[EventPerformance]]:
    """Return what was performed in each event whose books are closed."""
    accounts: dict[DREvent, Sequence[EventPerformance]] = {}
    for event in events:
        if event.stage is Stage.SETTLED and not event.test:
            members = await work.events.members(event.id)
            if all(member.outcome is not None for member in members):
                accounts[event] = [performance_of(event, each) for each in members]
    return accounts


def _summary(stated: Season) -> dict[str, object]:
    return {
        "season": stated.season,
        "version": stated.version,
        "total": str(stated.total.amount),
        "currency": stated.total.currency,
        "input_hash": stated.input_hash,
    }


def _explained(event: DREvent, member: Member) -> Explanation:
    performance = performance_of(event, member)
    planned = -member.planned.as_kwh if member.planned else 0.0
    power = member.planned_power or ZERO_POWER
    missing = ", ".join(
        f"{-energy.as_kwh:.2f} kWh {why}"
        for why, energy in (member.reasons or {}).items()
    )
    if member.exclusions:
        text = f"excluded: {', '.join(member.exclusions)}"
    else:
        text = (
            f"planned {planned:.2f} kWh at {-power.as_kw:.2f} kW, "
            f"delivered {performance.exported.as_kwh:.2f} kWh over "
            f"{event.window.hours:g} h = {performance.mean_power_kw} kW"
        )
        text += f"; missing {missing}" if missing else ""
    return Explanation(member, performance, text)
