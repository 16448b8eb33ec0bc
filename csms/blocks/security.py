"""Block A: what stations report about their own security."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from csms.blocks.routing import Route, route
from csms.clock import Clock
from csms.domain.ids import StationId
from csms.domain.station import StationNotice
from csms.ocpp.messages.security import (
    SECURITY_EVENT_NOTIFICATION,
    SecurityEventNotificationRequest,
    SecurityEventNotificationResponse,
)

CRITICAL = frozenset(
    {
        "FirmwareUpdated",
        "SettingSystemTime",
        "StartupOfTheDevice",
        "ResetOrReboot",
        "SecurityLogWasCleared",
        "MemoryExhaustion",
        "TamperDetectionActivated",
        "InvalidFirmwareSignature",
        "InvalidFirmwareSigningCertificate",
        "InvalidCsmsCertificate",
        "InvalidChargingStationCertificate",
        "DiscardedRenewedClientCertificate",
        "InvalidTLSVersion",
        "InvalidTLSCipherSuite",
        "MaintenanceLoginAccepted",
        "MaintenanceLoginFailed",
    }
)
"""Events of the standard's list that are marked critical (2.1 part 2, appendices)."""

SEVERITY_CRITICAL = 2
SEVERITY_NOTICE = 5


class Notices(Protocol):
    """Whoever keeps what stations tell of themselves."""

    def note(self, notice: StationNotice) -> None:
        """Keep it."""
        ...


@dataclass(frozen=True, slots=True)
class Security:
    """Answers security events.

    Attributes:
        notices: Where they are kept.
        clock: Where business time comes from.
    """

    notices: Notices
    clock: Clock

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(SECURITY_EVENT_NOTIFICATION, self.security_event)

    async def security_event(
        self, station: StationId, request: SecurityEventNotificationRequest
    ) -> SecurityEventNotificationResponse:
        """Keep a security event (A04)."""
        critical = request.type in CRITICAL
        self.notices.note(
            StationNotice(
                station,
                request.timestamp,
                self.clock.now(),
                "SecurityEvent",
                SEVERITY_CRITICAL if critical else SEVERITY_NOTICE,
                {"type": request.type, "techInfo": request.tech_info},
            )
        )
        return SecurityEventNotificationResponse()
