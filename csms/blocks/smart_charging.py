"""Block K: what stations say about charging profiles, limits and vehicles' needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from csms.blocks.charging_profiles import ProfileReports
from csms.blocks.profile_words import schedule_from, update_of
from csms.blocks.routing import Route, route
from csms.clock import Clock
from csms.domain.ids import EvseId, StationId
from csms.domain.profile import Profile
from csms.ocpp.messages import smart_charging as wire
from csms.ocpp.messages.common import GenericStatus, StatusInfo
from csms.ocpp.messages.profiles import ChargingProfileStatus
from csms.services.live import LiveFleet
from csms.services.needs import TUPLES
from csms.services.negotiation import Answer, EvSchedule
from csms.services.ports.charging import ExternalLimit
from csms.services.ports.wire import Deviations, DeviationSeen


class Negotiations(Protocol):
    """Whoever answers vehicles."""

    def needs(self, evse: EvseId, said: dict[str, object]) -> Answer:
        """Answer what a vehicle needs."""
        ...

    def schedule(self, said: EvSchedule) -> bool:
        """Tell whether a vehicle's schedule keeps within ours."""
        ...


class OutsideLimits(Protocol):
    """Whoever keeps limits from outside."""

    async def begin(self, limit: ExternalLimit) -> None:
        """Keep a limit until its source clears it."""
        ...

    async def end(self, evse: EvseId, source: str) -> None:
        """Forget the limits of a source."""
        ...


@dataclass(frozen=True, slots=True)
class SmartCharging:
    """Answers what a station says about charging.

    Attributes:
        live: Where a driver's priority is kept for dispatch, which yields to it within
            seconds (rule 23).
        reports: Where parts of profile reports are collected.
        dynamic: Finds the Dynamic profile that a station may pull, by its id.
        negotiations: Answers vehicles.
        limits: Keeps limits from outside.
        deviations: Where words about what is not there are counted.
        clock: Where business time comes from.
    """

    live: LiveFleet
    reports: ProfileReports
    dynamic: Callable[[StationId, int], Profile | None]
    negotiations: Negotiations
    limits: OutsideLimits
    deviations: Deviations
    clock: Clock

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(wire.NOTIFY_EV_CHARGING_NEEDS, self.needs)
        yield route(wire.NOTIFY_EV_CHARGING_SCHEDULE, self.schedule)
        yield route(wire.NOTIFY_CHARGING_LIMIT, self.limit)
        yield route(wire.CLEARED_CHARGING_LIMIT, self.limit_cleared)
        yield route(wire.REPORT_CHARGING_PROFILES, self.report)
        yield route(wire.PULL_DYNAMIC_SCHEDULE_UPDATE, self.pull)
        yield route(wire.NOTIFY_PRIORITY_CHARGING, self.priority)

    async def needs(
        self, station: StationId, request: wire.NotifyEVChargingNeedsRequest
    ) -> wire.NotifyEVChargingNeedsResponse:
        """Answer what a vehicle needs; Accepted promises a plan (Q01.FR.07)."""
        said = request.charging_needs.write()
        if request.max_schedule_tuples is not None:
            said[TUPLES] = request.max_schedule_tuples
        answer = self.negotiations.needs(EvseId(station, request.evse_id), said)
        return wire.NotifyEVChargingNeedsResponse(
            status=wire.NotifyEVChargingNeedsStatus(answer.decision.value),
            status_info=StatusInfo(reason_code=answer.reason)
            if answer.reason
            else None,
        )

    async def schedule(
        self, station: StationId, request: wire.NotifyEVChargingScheduleRequest
    ) -> wire.NotifyEVChargingScheduleResponse:
        """Hold the vehicle's own schedule against ours (K15.FR.11, FR.12)."""
        within = self.negotiations.schedule(
            EvSchedule(
                evse=EvseId(station, request.evse_id),
                base=request.time_base,
                schedule=schedule_from(request.charging_schedule),
                selected=request.selected_charging_schedule_id,
                document=request.write(),
            )
        )
        return wire.NotifyEVChargingScheduleResponse(
            status=GenericStatus.ACCEPTED if within else GenericStatus.REJECTED
        )

    async def limit(
        self, station: StationId, request: wire.NotifyChargingLimitRequest
    ) -> wire.NotifyChargingLimitResponse:
        """Keep a limit that comes from outside (K12, Q06): it is never fought."""
        said, now = request.charging_limit, self.clock.now()
        await self.limits.begin(
            ExternalLimit(
                evse=EvseId(station, request.evse_id or 0),
                source=said.charging_limit_source,
                local_generation=said.is_local_generation is True,
                grid_critical=said.is_grid_critical,
                document=request.write(),
                since=now,
                updated_at=now,
            )
        )
        return wire.NotifyChargingLimitResponse()

    async def limit_cleared(
        self, station: StationId, request: wire.ClearedChargingLimitRequest
    ) -> wire.ClearedChargingLimitResponse:
        """Forget a limit from outside (K13)."""
        evse = EvseId(station, request.evse_id or 0)
        await self.limits.end(evse, request.charging_limit_source)
        return wire.ClearedChargingLimitResponse()

    async def report(
        self, station: StationId, request: wire.ReportChargingProfilesRequest
    ) -> wire.ReportChargingProfilesResponse:
        """Collect a part of a report (K09)."""
        if not self.reports.take(station, request):
            path = "ReportChargingProfiles.requestId"
            self._odd(station, "unknown-request", path, str(request.request_id))
        return wire.ReportChargingProfilesResponse()

    async def pull(
        self, station: StationId, request: wire.PullDynamicScheduleUpdateRequest
    ) -> wire.PullDynamicScheduleUpdateResponse:
        """Give a Dynamic profile its values, if it is still wanted (K28.FR.07)."""
        profile = self.dynamic(station, request.charging_profile_id)
        if profile is None:
            path = "PullDynamicScheduleUpdate.chargingProfileId"
            detail = str(request.charging_profile_id)
            self._odd(station, "unknown-profile", path, detail)
            return wire.PullDynamicScheduleUpdateResponse(
                status=ChargingProfileStatus.REJECTED,
                status_info=StatusInfo(reason_code="InvalidProfile"),
            )
        return wire.PullDynamicScheduleUpdateResponse(
            status=ChargingProfileStatus.ACCEPTED, schedule_update=update_of(profile)
        )

    async def priority(
        self, station: StationId, request: wire.NotifyPriorityChargingRequest
    ) -> wire.NotifyPriorityChargingResponse:
        """Let the driver have the vehicle charged first (K21): discharge stops."""
        found = [
            live.evse
            for live in self.live.all()
            if live.evse.station == station
            and live.transaction == request.transaction_id
        ]
        for evse in found:
            self.live.update(evse, priority_charging=request.activated)
        if not found:
            path = "NotifyPriorityCharging.transactionId"
            self._odd(station, "unknown-transaction", path, request.transaction_id)
        return wire.NotifyPriorityChargingResponse()

    def _odd(self, station: StationId, kind: str, path: str, detail: str) -> None:
        seen = DeviationSeen(kind, path, detail)
        self.deviations.count(station, [seen], self.clock.now())
