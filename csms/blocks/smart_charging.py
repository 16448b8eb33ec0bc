"""Block K: what stations say about charging profiles, limits and vehicles' needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from csms.blocks.charging_profiles import ProfileReports
from csms.blocks.profile_words import update_of
from csms.blocks.routing import Route, route
from csms.domain.ids import EvseId, StationId
from csms.domain.profile import Profile
from csms.ocpp.messages import smart_charging as wire
from csms.ocpp.messages.common import GenericStatus, StatusInfo
from csms.ocpp.messages.profiles import ChargingProfileStatus
from csms.services.live import LiveFleet


@dataclass(frozen=True, slots=True)
class SmartCharging:
    """Answers what a station says about charging.

    Attributes:
        live: Where limits, needs and a driver's priority are kept for dispatch, which
            yields to them within seconds (rule 23).
        reports: Where parts of profile reports are collected.
        dynamic: Finds the Dynamic profile that a station may pull, by its id.
    """

    live: LiveFleet
    reports: ProfileReports
    dynamic: Callable[[StationId, int], Profile | None]

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
        """Keep what the vehicle needs; a profile follows when an event wants one.

        Processing promises nothing yet (Q01.FR.07): the floor holds until then.
        """
        evse = EvseId(station, request.evse_id)
        self.live.update(evse, ev_needs=request.charging_needs.write())
        return wire.NotifyEVChargingNeedsResponse(
            status=wire.NotifyEVChargingNeedsStatus.PROCESSING
        )

    async def schedule(
        self, station: StationId, request: wire.NotifyEVChargingScheduleRequest
    ) -> wire.NotifyEVChargingScheduleResponse:
        """Take note of the vehicle's own schedule (K15); the meter decides later."""
        del station, request
        return wire.NotifyEVChargingScheduleResponse(status=GenericStatus.ACCEPTED)

    async def limit(
        self, station: StationId, request: wire.NotifyChargingLimitRequest
    ) -> wire.NotifyChargingLimitResponse:
        """Keep a limit that comes from outside (K12, Q06): it is never fought."""
        limit = request.write()
        for evse in self._evses(station, request.evse_id):
            self.live.update(evse, external_limit=limit)
        return wire.NotifyChargingLimitResponse()

    async def limit_cleared(
        self, station: StationId, request: wire.ClearedChargingLimitRequest
    ) -> wire.ClearedChargingLimitResponse:
        """Forget a limit from outside (K13)."""
        for evse in self._evses(station, request.evse_id):
            self.live.update(evse, external_limit=None)
        return wire.ClearedChargingLimitResponse()

    async def report(
        self, station: StationId, request: wire.ReportChargingProfilesRequest
    ) -> wire.ReportChargingProfilesResponse:
        """Collect a part of a report (K09)."""
        self.reports.take(station, request)
        return wire.ReportChargingProfilesResponse()

    async def pull(
        self, station: StationId, request: wire.PullDynamicScheduleUpdateRequest
    ) -> wire.PullDynamicScheduleUpdateResponse:
        """Give a Dynamic profile its values, if it is still wanted (K28.FR.07)."""
        profile = self.dynamic(station, request.charging_profile_id)
        if profile is None:
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
        for live in self.live.all():
            mine = live.evse.station == station
            if mine and live.transaction == request.transaction_id:
                self.live.update(live.evse, priority_charging=request.activated)
        return wire.NotifyPriorityChargingResponse()

    def _evses(self, station: StationId, number: int | None) -> Iterator[EvseId]:
        """Yield the EVSE, or every EVSE of the station for none or 0."""
        if number:
            yield EvseId(station, number)
            return
        for live in self.live.all():
            if live.evse.station == station:
                yield live.evse
