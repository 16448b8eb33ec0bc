"""Charging profiles on the way to stations, and back from domain to wire (block K)."""

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from csms.blocks.profile_words import from_wire, period_from, to_wire, update_of
from csms.blocks.translating import FindLink, translated
from csms.domain.ids import EvseId, StationId
from csms.domain.profile import (
    Composite,
    Profile,
    RateUnit,
    VendorCommand,
)
from csms.ocpp.link import Link, Priority
from csms.ocpp.messages import smart_charging as wire
from csms.ocpp.messages.common import GenericStatus
from csms.ocpp.messages.data_transfer import (
    DATA_TRANSFER,
    DataTransferRequest,
    DataTransferStatus,
)
from csms.ocpp.messages.profiles import (
    ChargingProfileCriterion,
    ChargingProfileStatus,
)
from csms.services.ports.profiles import Urgency, Verdict

T = TypeVar("T")

_FIRST_IDS = 1 << 30
"""Request ids begin anywhere below, so that no report of an earlier process fits."""

_PRIORITY = {
    Urgency.CANCEL: Priority.CANCEL,
    Urgency.SAFE_FLOOR: Priority.SAFE_FLOOR,
    Urgency.SETPOINT: Priority.SETPOINT,
    Urgency.ROUTINE: Priority.ROUTINE,
}


@dataclass(slots=True)
class _Report:
    """Profiles that a station is reporting, part by part."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    profiles: list[Profile] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)


class ProfileReports:
    """Reports of installed profiles that are under way (K09)."""

    def __init__(self) -> None:
        self._open: dict[tuple[StationId, int], _Report] = {}
        self._ids = itertools.count(secrets.randbelow(_FIRST_IDS) + 1)

    @contextlib.contextmanager
    def expect(self, station: StationId) -> Iterator[tuple[int, _Report]]:
        """Give a request id, and what will have arrived under it."""
        number, report = next(self._ids), _Report()
        self._open[station, number] = report
        try:
            yield number, report
        finally:
            del self._open[station, number]

    def take(
        self, station: StationId, request: wire.ReportChargingProfilesRequest
    ) -> bool:
        """Add one part; the last one says that no other follows.

        Returns:
            Whether anybody waits for it.
        """
        report = self._open.get((station, request.request_id))
        if report is None:
            return False
        evse = EvseId(station, request.evse_id)
        report.profiles += [from_wire(evse, each) for each in request.charging_profile]
        report.sources += [request.charging_limit_source] * len(
            request.charging_profile
        )
        if not request.tbc:
            report.done.set()
        return True


@dataclass(frozen=True, slots=True)
class StationProfiles:
    """Asks stations about profiles: the port ``ProfileWire``.

    Attributes:
        link: Finds the way to a station.
        reports: Shared with the block that hears the parts.
        report_patience: Real seconds to wait for the parts of a report.
    """

    link: FindLink
    reports: ProfileReports
    report_patience: float = 20.0

    async def set(self, profile: Profile, *, urgency: Urgency) -> Verdict:
        """Put a profile on its station (K01)."""
        answer = await self._ask(
            profile.evse.station,
            lambda link: link.ask(
                wire.SET_CHARGING_PROFILE,
                wire.SetChargingProfileRequest(
                    evse_id=profile.evse.number, charging_profile=to_wire(profile)
                ),
                priority=_PRIORITY[urgency],
            ),
        )
        accepted = answer.status is ChargingProfileStatus.ACCEPTED
        said = answer.status_info
        return Verdict(
            accepted,
            reason=said.reason_code if said else answer.status.value,
            info=(said.additional_info or "") if said else "",
        )

    async def command(self, command: VendorCommand, *, urgency: Urgency) -> Verdict:
        """Send a vendor's own setpoint (P01)."""
        answer = await self._ask(
            command.evse.station,
            lambda link: link.ask(
                DATA_TRANSFER,
                DataTransferRequest(
                    vendor_id=command.vendor_id,
                    message_id=command.message_id,
                    data=command.data,
                ),
                priority=_PRIORITY[urgency],
            ),
        )
        return Verdict(
            answer.status is DataTransferStatus.ACCEPTED, reason=answer.status.value
        )

    async def update(self, profile: Profile, *, expires_s: float) -> Verdict:
        """Push the setpoint of a Dynamic profile (K28); dropped when stale."""
        request = wire.UpdateDynamicScheduleRequest(
            charging_profile_id=profile.id, schedule_update=update_of(profile)
        )
        answer = await self._ask(
            profile.evse.station,
            lambda link: link.ask(
                wire.UPDATE_DYNAMIC_SCHEDULE,
                request,
                priority=Priority.SETPOINT,
                expires=expires_s,
            ),
        )
        said = answer.status_info
        return Verdict(
            answer.status is ChargingProfileStatus.ACCEPTED,
            reason=said.reason_code if said else answer.status.value,
        )

    async def clear(
        self, station: StationId, profile_id: int, *, urgency: Urgency
    ) -> bool:
        """Remove a profile by id (K10); tell whether there was one."""
        answer = await self._ask(
            station,
            lambda link: link.ask(
                wire.CLEAR_CHARGING_PROFILE,
                wire.ClearChargingProfileRequest(charging_profile_id=profile_id),
                priority=_PRIORITY[urgency],
            ),
        )
        return answer.status is wire.ClearChargingProfileStatus.ACCEPTED

    async def held(self, station: StationId, ids: Sequence[int]) -> Sequence[Profile]:
        """Return which of these profiles the station says it holds (K09)."""
        with self.reports.expect(station) as (number, report):
            request = wire.GetChargingProfilesRequest(
                request_id=number,
                charging_profile=ChargingProfileCriterion(
                    charging_profile_id=tuple(ids)
                ),
            )
            answer = await self._ask(
                station, lambda link: link.ask(wire.GET_CHARGING_PROFILES, request)
            )
            if answer.status is wire.GetChargingProfileStatus.ACCEPTED:
                await asyncio.wait_for(report.done.wait(), self.report_patience)
            return tuple(report.profiles)

    async def composite(self, evse: EvseId, seconds: int) -> Composite | None:
        """Return what will result from all its profiles (K08), if it can tell."""
        request = wire.GetCompositeScheduleRequest(
            evse_id=evse.number, duration=seconds
        )
        answer = await self._ask(
            evse.station, lambda link: link.ask(wire.GET_COMPOSITE_SCHEDULE, request)
        )
        if answer.status is not GenericStatus.ACCEPTED or answer.schedule is None:
            return None
        schedule = answer.schedule
        return Composite(
            evse=evse,
            start=schedule.schedule_start,
            duration=timedelta(seconds=schedule.duration),
            unit=RateUnit(schedule.charging_rate_unit.value),
            periods=tuple(map(period_from, schedule.charging_schedule_period)),
        )

    async def _ask(self, station: StationId, call: Callable[[Link], Awaitable[T]]) -> T:
        return await translated(self.link(station), call, station)
