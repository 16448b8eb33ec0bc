"""Blocks K and Q, towards stations: whatever an operator or a service asks of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from csms.blocks.charging_profiles import ProfileReports, StationProfiles
from csms.blocks.discharging import discharge_of
from csms.blocks.profile_words import from_wire, period_from, to_wire
from csms.blocks.translating import FindLink, translated, words_of
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import Composite, Period, Profile, RateUnit
from csms.ocpp.link import Link, Priority
from csms.ocpp.messages import bidirectional
from csms.ocpp.messages import smart_charging as wire
from csms.ocpp.messages.common import EnergyTransferMode, GenericStatus
from csms.ocpp.messages.profiles import (
    ChargingProfile,
    ChargingProfileCriterion,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedulePeriod,
    ClearChargingProfile,
)
from csms.services.ports.charging import Criteria, Reported
from csms.services.ports.profiles import Urgency, Verdict
from csms.services.ports.wire import Discharge, Reply

T = TypeVar("T")

_EVERYONE: tuple[str, ...] = ("CSO", "EMS", "SO", "Other")
"""Whose profiles are meant where nobody is named: a question needs a filter
(K09.FR.03)."""


@dataclass(frozen=True, slots=True)
class StationCharging:
    """Asks stations about charging: the port ``ChargingWire``.

    Attributes:
        link: Finds the way to a station.
        reports: Shared with the block that hears the parts of reports.
        profiles: Sets, updates and clears single profiles.
        report_patience: Real seconds to wait for the parts of a report.
    """

    link: FindLink
    reports: ProfileReports
    profiles: StationProfiles
    report_patience: float = 20.0

    def judge(self, profile: Profile) -> Discharge | None:
        """Return how the profile would make an EVSE discharge; None if it does not."""
        return discharge_of(
            "SetChargingProfile",
            {
                "evseId": profile.evse.number,
                "chargingProfile": to_wire(profile).write(),
            },
        )

    async def set(self, profile: Profile, *, urgency: Urgency) -> Verdict:
        """Put a profile on its station (K01)."""
        return await self.profiles.set(profile, urgency=urgency)

    async def update(self, profile: Profile, *, expires_s: float) -> Verdict:
        """Push the values of a Dynamic profile (K28); dropped when stale."""
        return await self.profiles.update(profile, expires_s=expires_s)

    async def clear(
        self, station: StationId, profile_id: int, *, urgency: Urgency
    ) -> bool:
        """Remove a profile by id (K10); tell whether there was one."""
        return await self.profiles.clear(station, profile_id, urgency=urgency)

    async def clear_all(self, station: StationId, criteria: Criteria) -> bool:
        """Remove profiles by criteria (K10); tell whether there was any."""
        purpose = criteria.purpose
        request = wire.ClearChargingProfileRequest(
            charging_profile_criteria=ClearChargingProfile(
                evse_id=criteria.evse,
                charging_profile_purpose=ChargingProfilePurpose(purpose.value)
                if purpose
                else None,
                stack_level=criteria.stack_level,
            )
        )
        answer = await self._ask(
            station,
            lambda link: link.ask(
                wire.CLEAR_CHARGING_PROFILE, request, priority=Priority.CANCEL
            ),
        )
        return answer.status is wire.ClearChargingProfileStatus.ACCEPTED

    async def report(
        self, station: StationId, criteria: Criteria
    ) -> Sequence[Reported]:
        """Return the profiles that the station says it holds (K09)."""
        purpose = criteria.purpose
        source = criteria.source
        sources: tuple[str, ...] | None = (source,) if source else None
        ids = None if criteria.profile_id is None else (criteria.profile_id,)
        filters = (purpose, criteria.stack_level, sources, ids)
        if all(each is None for each in filters):
            sources = _EVERYONE
        with self.reports.expect(station) as (number, report):
            request = wire.GetChargingProfilesRequest(
                request_id=number,
                charging_profile=ChargingProfileCriterion(
                    charging_profile_purpose=ChargingProfilePurpose(purpose.value)
                    if purpose
                    else None,
                    stack_level=criteria.stack_level,
                    charging_limit_source=sources,
                    charging_profile_id=ids,
                ),
                evse_id=criteria.evse,
            )
            answer = await self._ask(
                station, lambda link: link.ask(wire.GET_CHARGING_PROFILES, request)
            )
            if answer.status is wire.GetChargingProfileStatus.ACCEPTED:
                await asyncio.wait_for(report.done.wait(), self.report_patience)
            return [
                Reported(profile, source)
                for profile, source in zip(report.profiles, report.sources, strict=True)
            ]

    async def composite_in(
        self, evse: EvseId, seconds: int, unit: RateUnit | None
    ) -> Composite | Reply:
        """Return what will result from all its profiles (K08), or why it cannot."""
        request = wire.GetCompositeScheduleRequest(
            evse_id=evse.number,
            duration=seconds,
            charging_rate_unit=ChargingRateUnit(unit.value) if unit else None,
        )
        answer = await self._ask(
            evse.station, lambda link: link.ask(wire.GET_COMPOSITE_SCHEDULE, request)
        )
        said = answer.schedule
        if answer.status is not GenericStatus.ACCEPTED or said is None:
            return Reply(
                accepted=False,
                status=answer.status.value,
                info=words_of(answer.status_info),
            )
        return Composite(
            evse=evse,
            start=said.schedule_start,
            duration=timedelta(seconds=said.duration),
            unit=RateUnit(said.charging_rate_unit.value),
            periods=tuple(map(period_from, said.charging_schedule_period)),
        )

    async def use_priority(
        self, station: StationId, transaction: TransactionId, *, activate: bool
    ) -> Reply:
        """Put charging first, or no longer (K21)."""
        request = wire.UsePriorityChargingRequest(
            transaction_id=transaction, activate=activate
        )
        answer = await self._ask(
            station, lambda link: link.ask(wire.USE_PRIORITY_CHARGING, request)
        )
        accepted = answer.status is wire.PriorityChargingStatus.ACCEPTED
        return Reply(accepted, answer.status.value, words_of(answer.status_info))

    async def allow_transfer(
        self, station: StationId, transaction: TransactionId, modes: Sequence[str]
    ) -> Reply:
        """Tell which ways of moving energy are allowed from now on (Q02.FR.05)."""
        request = bidirectional.NotifyAllowedEnergyTransferRequest(
            transaction_id=transaction,
            allowed_energy_transfer=tuple(map(EnergyTransferMode, modes)),
        )
        answer = await self._ask(
            station,
            lambda link: link.ask(
                bidirectional.NOTIFY_ALLOWED_ENERGY_TRANSFER, request
            ),
        )
        status = bidirectional.NotifyAllowedEnergyTransferStatus.ACCEPTED
        return Reply(
            answer.status is status, answer.status.value, words_of(answer.status_info)
        )

    async def signal(self, station: StationId, at: datetime, signal: int) -> Reply:
        """Hand on a signal of the grid's operator (Q08.FR.12)."""
        request = bidirectional.AFRRSignalRequest(timestamp=at, signal=signal)
        answer = await self._ask(
            station,
            lambda link: link.ask(
                bidirectional.AFRR_SIGNAL, request, priority=Priority.SETPOINT
            ),
        )
        accepted = answer.status is GenericStatus.ACCEPTED
        return Reply(accepted, answer.status.value, words_of(answer.status_info))

    async def _ask(self, station: StationId, call: Callable[[Link], Awaitable[T]]) -> T:
        return await translated(self.link(station), call, station)


def profile_in(
    station: StationId, action: str, payload: Mapping[str, Any]
) -> Profile | None:
    """Return the profile that a request carries, if it carries one."""
    said = payload.get("chargingProfile")
    if action not in ("SetChargingProfile", "RequestStartTransaction") or said is None:
        return None
    evse = EvseId(station, payload.get("evseId") or 0)
    return from_wire(evse, ChargingProfile.read(said))


def values_in(payload: Mapping[str, Any]) -> Period:
    """Return the values that an update of a Dynamic profile carries."""
    said = payload.get("scheduleUpdate") or {}
    return period_from(ChargingSchedulePeriod.read({"startPeriod": 0, **said}))
