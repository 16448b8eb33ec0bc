"""Block B: how stations introduce themselves, and the parts of what they report."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from csms.blocks.device_reports import DeviceReports, Taken
from csms.blocks.routing import Payload, Route, route, route_whole
from csms.clock import Clock
from csms.domain.ids import StationId
from csms.domain.station import Boot, Make, Standing
from csms.ocpp.codes import CallRefused, RpcErrorCode
from csms.ocpp.messages.provisioning import (
    BOOT_NOTIFICATION,
    NOTIFY_REPORT,
    BootNotificationRequest,
    BootNotificationResponse,
    NotifyReportRequest,
    NotifyReportResponse,
    RegistrationStatus,
)
from csms.services.ports.wire import Deviations, DeviationSeen

REGISTRATION = {
    Standing.ACCEPTED: RegistrationStatus.ACCEPTED,
    Standing.PENDING: RegistrationStatus.PENDING,
    Standing.REJECTED: RegistrationStatus.REJECTED,
}


class Stations(Protocol):
    """Whoever decides what a station is told when it starts."""

    async def boot(self, boot: Boot) -> Standing:
        """Take note of a start; return what the station is to be told."""
        ...


@dataclass(frozen=True, slots=True)
class Intervals:
    """How long a station waits before it is heard of again (B01 to B03).

    Attributes:
        accepted: Between heartbeats.
        pending: Until it boots again. It is asked to boot as soon as it is provisioned,
            so this is for when that fails.
        rejected: Until it boots again.
    """

    accepted: timedelta
    pending: timedelta
    rejected: timedelta

    def of(self, standing: Standing) -> int:
        """Return whole seconds of the station's own time, never less than one.

        None is told to choose by itself, which zero would mean (B02.FR.07).
        """
        span = {
            Standing.ACCEPTED: self.accepted,
            Standing.PENDING: self.pending,
            Standing.REJECTED: self.rejected,
        }[standing]
        return max(1, round(span.total_seconds()))


class Serials(Protocol):
    """Whoever knows which serial number a station's certificate names."""

    def expose(self, station: StationId, serial: str) -> bool:
        """Tell whether it is another one, and close the connection if so."""
        ...


@dataclass(frozen=True, slots=True)
class Provisioning:
    """Answers what a station says about itself.

    Attributes:
        stations: Decides what it is told.
        reports: Shared with those who ask for reports.
        clock: Where the time we tell stations comes from.
        intervals: How long each waits before it is heard of again.
        deviations: Where odd parts of reports are counted.
        serials: Holds serial numbers against certificates; none where there are none.
    """

    stations: Stations
    reports: DeviceReports
    clock: Clock
    intervals: Intervals
    deviations: Deviations
    serials: Serials | None = None

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(BOOT_NOTIFICATION, self.boot_notification)
        yield route_whole(NOTIFY_REPORT, self.notify_report)

    async def boot_notification(
        self, station: StationId, request: BootNotificationRequest
    ) -> BootNotificationResponse:
        """Answer a station that has started (B01, B02, B03).

        Raises:
            CallRefused: If its certificate names another serial number (B01.FR.12).
        """
        now, make = self.clock.now(), _make(request)
        if self.serials is not None and self.serials.expose(station, make.serial):
            raise CallRefused(
                RpcErrorCode.SECURITY_ERROR,
                "the certificate names another serial number (B01.FR.12)",
            )
        boot = Boot(station, make, request.reason.value, now)
        standing = await self.stations.boot(boot)
        return BootNotificationResponse(
            current_time=self.clock.now(),
            interval=self.intervals.of(standing),
            status=REGISTRATION[standing],
        )

    async def notify_report(
        self,
        station: StationId,
        request: NotifyReportRequest,
        said: Payload | None = None,
    ) -> NotifyReportResponse:
        """Take a part of a device model (B07, B08).

        The answer has no room for a refusal; an odd part is counted instead.
        """
        taken = self.reports.take(station, request, said)
        if taken is not Taken.KEPT:
            detail = f"requestId {request.request_id}, seqNo {request.seq_no}"
            seen = DeviationSeen(taken.value, "NotifyReport.requestId", detail)
            self.deviations.count(station, [seen], self.clock.now())
        return NotifyReportResponse()


def _make(request: BootNotificationRequest) -> Make:
    said = request.charging_station
    return Make(
        vendor=said.vendor_name,
        model=said.model,
        firmware=said.firmware_version or "",
        serial=said.serial_number or "",
    )
