"""Gather what a plan needs: the registry, the live fleet and what the event says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from csms.domain.enrollment import Enrollment
from csms.domain.event import DREvent, Reason
from csms.domain.ids import EvseId, ParticipantId, SiteId, StationId, VehicleId
from csms.domain.live import LiveEvse
from csms.domain.participant import Participant
from csms.domain.plan import Availability
from csms.domain.program import Program
from csms.domain.site import Site
from csms.domain.units import Energy, Power
from csms.domain.vehicle import (
    DepartureNeed,
    MobilityNeed,
    Vehicle,
    next_departure,
)
from csms.flex.eligibility import EvseFacts as Eligible
from csms.flex.eligibility import exclusions
from csms.services.live import LiveFleet
from csms.services.ports.events import EventRecord, Member
from csms.services.ports.work import Work
from csms.services.stations import EvseFacts

FULL_PCT = 100.0
_NO_BATTERY = Energy(1)
_NO_POWER = Power(0)


class FactsBook(Protocol):
    """Knows every EVSE."""

    def facts(self, evse: EvseId) -> EvseFacts:
        """Return what decides whether it may be dispatched."""
        ...


@dataclass(frozen=True, slots=True)
class PlanningPolicy:
    """What an operator may tune.

    Attributes:
        discharge_efficiency: From battery to meter, one way.
        charge_efficiency: From meter to battery, one way.
        reserve_pct: State of charge that plans leave above floor and guard.
        measured_within: How long before the start a measured state of charge is taken
            for the one at the start; earlier it is forecast.
    """

    discharge_efficiency: float = 0.92
    charge_efficiency: float = 0.92
    reserve_pct: float = 2.0
    measured_within: timedelta = timedelta(minutes=45)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that a plan of one event is made from.

    Attributes:
        program: The version of the rules that applies.
        fleet: One per enrolled EVSE, ordered by EVSE.
        sites: Their sites.
        vehicles: The vehicle at each EVSE that has one.
        participants: Whose they are.
    """

    program: Program
    fleet: tuple[Availability, ...]
    sites: Mapping[SiteId, Site]
    vehicles: Mapping[EvseId, Vehicle]
    participants: Mapping[ParticipantId, Participant]

    @property
    def floors(self) -> Mapping[EvseId, float]:
        """Return the driver's minimum, or the program's if higher, per EVSE."""
        return {each.evse: each.floor_soc_pct for each in self.fleet}


@dataclass(frozen=True, slots=True)
class _Registry:
    """The part of the registry that an event is about."""

    enrollments: Sequence[Enrollment]
    site_of: Mapping[StationId, SiteId]
    sites: Mapping[SiteId, Site]
    vehicles: Mapping[VehicleId, Vehicle]
    participants: Mapping[ParticipantId, Participant]


@dataclass(frozen=True, slots=True)
class _Told:
    """What the event itself says about its members so far."""

    members: Mapping[EvseId, Member] = field(default_factory=dict)
    notified: frozenset[ParticipantId] | None = None


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Knows where to look.

    Attributes:
        live: The live state of the fleet.
        book: What is known of stations and EVSEs.
        policy: What an operator may tune.
    """

    live: LiveFleet
    book: FactsBook
    policy: PlanningPolicy

    async def for_draft(
        self, work: Work, program: Program, event: DREvent, now: datetime
    ) -> Gathered:
        """Return what a plan of an event is made from that nobody knows of yet."""
        return await self._gather(work, program, event, _Told(), now)

    async def for_record(
        self, work: Work, program: Program, record: EventRecord, now: datetime
    ) -> Gathered:
        """Return what a plan of a kept event is made from."""
        told = await _told(work, record, now)
        return await self._gather(work, program, record.event, told, now)

    async def for_participant(
        self,
        work: Work,
        program: Program,
        record: EventRecord,
        participant: ParticipantId,
        now: datetime,
    ) -> Gathered:
        """Return one participant's part of what a plan is made from."""
        told = await _told(work, record, now, participant)
        return await self._gather(work, program, record.event, told, now)

    async def _gather(
        self,
        work: Work,
        program: Program,
        event: DREvent,
        told: _Told,
        now: datetime,
    ) -> Gathered:
        registry = await _registry(work, event, program, told)
        fleet: list[Availability] = []
        vehicles: dict[EvseId, Vehicle] = {}
        for enrollment in registry.enrollments:
            facts = self.book.facts(enrollment.evse)
            vehicle = registry.vehicles.get(facts.vehicle) if facts.vehicle else None
            if vehicle:
                vehicles[enrollment.evse] = vehicle
            fleet.append(
                self._availability(
                    _Case(event, program, registry, enrollment, facts, vehicle),
                    told,
                    now,
                )
            )
        return Gathered(
            program,
            tuple(sorted(fleet, key=lambda each: each.evse)),
            registry.sites,
            vehicles,
            registry.participants,
        )

    def _availability(self, case: "_Case", told: _Told, now: datetime) -> Availability:
        live = self.live.get(case.enrollment.evse)
        vehicle, facts, member = case.vehicle, case.facts, told.members.get(live.evse)
        measured = self._is_measured(live, case.event, now)
        allowed = _allowed_by_vehicle(live)
        most = vehicle.max_discharge if vehicle else _NO_POWER
        return Availability(
            evse=live.evse,
            site=case.site.id,
            participant=case.enrollment.participant,
            max_discharge=facts.max_discharge,
            min_discharge=facts.min_discharge,
            max_charge=min(
                facts.max_charge, vehicle.max_charge if vehicle else _NO_POWER
            ),
            vehicle_max_discharge=min(most, allowed or most),
            battery=vehicle.battery if vehicle else _NO_BATTERY,
            soc_pct=live.soc_pct,
            soc_at=live.soc_at,
            expected_soc_pct=None
            if measured
            else case.forecast(live, self.policy, now),
            floor_soc_pct=_floor(vehicle, case.program),
            reserve_pct=self.policy.reserve_pct,
            discharge_efficiency=self.policy.discharge_efficiency,
            charge_efficiency=self.policy.charge_efficiency,
            plugged=live.plugged,
            next_departure=case.departure,
            exclusions=_exclusions(case, told, member, now),
            opted_out=member is not None and member.opted_out_at is not None,
        )

    def _is_measured(self, live: LiveEvse, event: DREvent, now: datetime) -> bool:
        near = event.window.start - now <= self.policy.measured_within
        return near and live.plugged and live.soc_pct is not None


@dataclass(frozen=True, slots=True)
class _Case:
    """One enrolled EVSE in one event."""

    event: DREvent
    program: Program
    registry: _Registry
    enrollment: Enrollment
    facts: EvseFacts
    vehicle: Vehicle | None

    @property
    def site(self) -> Site:
        station = self.enrollment.evse.station
        return self.registry.sites[self.registry.site_of[station]]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.site.timezone)

    @property
    def day(self) -> date:
        return self.event.window.start.astimezone(self.program.zone).date()

    @property
    def departure(self) -> DepartureNeed | None:
        if self.vehicle is None:
            return None
        return next_departure(self.vehicle.need, self.event.window.start, self.zone)

    def forecast(
        self, live: LiveEvse, policy: PlanningPolicy, now: datetime
    ) -> float | None:
        """Return the state of charge expected at the event's start.

        Far ahead, a vehicle is expected as full as its driver asks for on that day;
        near the start, as it was last seen.
        """
        if self.vehicle is None:
            return live.soc_pct
        target = _target(self.vehicle.need, self.event.window.start, self.zone)
        if self.event.window.start - now <= policy.measured_within:
            return live.soc_pct if live.soc_pct is not None else target
        return target if target is not None else live.soc_pct


async def _registry(
    work: Work, event: DREvent, program: Program, told: _Told
) -> _Registry:
    day = event.window.start.astimezone(program.zone).date()
    enrollments = [
        each
        for each in await work.fleet.enrollments(program.id, day)
        if not told.members or each.evse in told.members
    ]
    return _Registry(
        enrollments,
        {each.id: each.site for each in await work.stations.all()},
        {each.id: each for each in await work.fleet.sites()},
        {each.id: each for each in await work.fleet.vehicles()},
        {each.id: each for each in await work.fleet.participants()},
    )


async def _told(
    work: Work,
    record: EventRecord,
    now: datetime,
    only: ParticipantId | None = None,
) -> _Told:
    """Return what is known of the event's members.

    Until the last instant at which a notice counts, everyone may still be told; after
    it, who was not told is not asked for anything.
    """
    event = record.event
    members = {
        each.evse: each
        for each in await work.events.members(event.id)
        if only is None or each.participant == only
    }
    if now <= record.notify_by:
        return _Told(members)
    return _Told(members, await work.notices.told(event.id, record.notify_by))


def _exclusions(
    case: _Case, told: _Told, member: Member | None, now: datetime
) -> tuple[Reason, ...]:
    facts = Eligible(
        grid_parallel=case.facts.grid_parallel,
        dialect_verified=case.facts.verified,
        quarantined=case.facts.quarantined,
        has_vehicle=case.vehicle is not None,
        max_discharge=case.facts.max_discharge,
    )
    reasons = [
        *exclusions(case.enrollment, case.site, facts, case.program, on=case.day)
    ]
    if told.notified is not None and case.enrollment.participant not in told.notified:
        reasons.append(Reason.NOT_NOTIFIED)
    if member is not None:
        if now >= case.event.window.start:
            reasons += member.exclusions
        if member.release_reason is not None:
            reasons.append(member.release_reason)
    return tuple(dict.fromkeys(reasons))


def _floor(vehicle: Vehicle | None, program: Program) -> float:
    rules = program.participant_rules
    drawn = FULL_PCT if rules.max_draw_pct is None else rules.max_draw_pct
    return max(
        vehicle.need.min_soc_pct if vehicle else FULL_PCT,
        rules.min_soc_floor_pct or 0.0,
        FULL_PCT - drawn,
    )


def _target(need: MobilityNeed, start: datetime, zone: ZoneInfo) -> float | None:
    """Return the state of charge the driver asks for on the day of the event."""
    day = start.astimezone(zone).date()
    overrides = [each.soc_pct for each in need.overrides if each.date == day]
    standing = [
        each.soc_pct for each in need.departures if each.weekday == day.weekday()
    ]
    return max(overrides or standing, default=None)


def _allowed_by_vehicle(live: LiveEvse) -> Power | None:
    """Return the most that the vehicle itself allows to be taken (rule 6)."""
    said = (live.ev_needs or {}).get("v2xChargingParameters")
    most = said.get("maxDischargePower") if isinstance(said, Mapping) else None
    return Power(int(abs(most))) if isinstance(most, int | float) else None
