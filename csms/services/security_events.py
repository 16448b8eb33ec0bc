"""Security events of stations: how grave each is, kept, and told to people (A04)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import structlog

from csms.clock import Clock
from csms.domain.ids import StationId
from csms.domain.security import SecurityEvent
from csms.services.ports.profiles import Incident
from csms.services.ports.work import Begin

log = structlog.get_logger()

QUIET: Final = timedelta(hours=1)
"""For so long, a station's event of one type is told to people once."""

WAITING: Final = 1_000
"""Events of our own that may wait to be kept; more are dropped."""


class Alert(StrEnum):
    """How loudly an event is told to people."""

    CRITICAL = "critical"
    WARNING = "warning"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """What Part 2's list says of a type of events, and what we make of it.

    Attributes:
        critical: Whether the list marks it as critical.
        severity: 0 (danger) to 9 (debug), as OCPP counts (N07).
        alert: How loudly it is told.
    """

    critical: bool
    severity: int
    alert: Alert


_LOUD = Listed(critical=True, severity=2, alert=Alert.CRITICAL)
_PLAIN = Listed(critical=True, severity=4, alert=Alert.WARNING)
_USUAL = Listed(critical=True, severity=6, alert=Alert.NONE)
_QUIET = Listed(critical=False, severity=5, alert=Alert.NONE)

LIST: Final[Mapping[str, Listed]] = {
    "FirmwareUpdated": _USUAL,
    "FailedToAuthenticateAtCsms": _QUIET,
    "CsmsFailedToAuthenticate": _QUIET,
    "SettingSystemTime": _USUAL,
    "StartupOfTheDevice": _USUAL,
    "ResetOrReboot": _USUAL,
    "SecurityLogWasCleared": _LOUD,
    "ReconfigurationOfSecurityParameters": _QUIET,
    "MemoryExhaustion": _PLAIN,
    "InvalidMessages": _QUIET,
    "AttemptedReplayAttacks": _QUIET,
    "TamperDetectionActivated": _LOUD,
    "InvalidFirmwareSignature": _LOUD,
    "InvalidFirmwareSigningCertificate": _LOUD,
    "InvalidCsmsCertificate": _LOUD,
    "InvalidChargingStationCertificate": _PLAIN,
    "DiscardedRenewedClientCertificate": _PLAIN,
    "InvalidTLSVersion": _PLAIN,
    "InvalidTLSCipherSuite": _PLAIN,
    "MaintenanceLoginAccepted": _USUAL,
    "MaintenanceLoginFailed": _PLAIN,
}
"""The list of Part 2, appendix 1 (2.0.1 v1.4 and 2.1 v2.0). What it marks as critical
is told to people, but for what happens at every start or visit: that is only listed, so
that an incident means something to do."""

UNLISTED: Final = Listed(critical=False, severity=5, alert=Alert.NONE)


class SecurityEvents:
    """Keeps security events before they are confirmed, and raises incidents.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.

    Attributes:
        told: Told of every event of a station, once it is kept.
    """

    def __init__(self, clock: Clock, begin: Begin) -> None:
        self.told: Callable[[SecurityEvent], Awaitable[None]] = _nobody
        self._clock = clock
        self._begin = begin
        self._told: dict[tuple[StationId, str], datetime] = {}
        self._own: asyncio.Queue[tuple[StationId, str, str]] = asyncio.Queue(WAITING)

    async def record(
        self, station: StationId, type_: str, tech_info: str, at: datetime
    ) -> SecurityEvent:
        """Keep a station's event, and tell who may mend it; return what was made of it.

        Args:
            station: Where it happened.
            type_: Its type, in the words of the wire.
            tech_info: What the station adds.
            at: When, by the station's clock.
        """
        event = await self._keep(station, type_, tech_info, at)
        await self.told(event)
        return event

    async def _keep(
        self, station: StationId, type_: str, tech_info: str, at: datetime
    ) -> SecurityEvent:
        listed, now = LIST.get(type_, UNLISTED), self._clock.now()
        event = SecurityEvent(
            station, type_, listed.critical, listed.severity, tech_info, at, now
        )
        alert = self._alert(event, listed)
        async with self._begin() as work:
            await work.security.add_event(event)
            if alert is not None:
                await work.profiles.note(alert)
        return event

    def noticed(self, station: StationId, type_: str, tech_info: str) -> None:
        """Keep an event that we noticed ourselves (A00.FR.408), soon and once an hour.

        It never blocks and never raises.
        """
        now = self._clock.now()
        if not self._is_news(station, f"own {type_}", now):
            return
        try:
            self._own.put_nowait((station, type_, tech_info))
        except asyncio.QueueFull:
            log.warning("security_event.dropped", station=station, type=type_)

    async def run(self) -> None:
        """Keep what we noticed ourselves, for ever."""
        while True:
            station, type_, tech_info = await self._own.get()
            await self._keep(station, type_, tech_info, self._clock.now())

    def _alert(self, event: SecurityEvent, listed: Listed) -> Incident | None:
        if listed.alert is Alert.NONE:
            return None
        if not self._is_news(event.station, event.type, event.received_at):
            return None
        detail = {"type": event.type, "tech_info": event.tech_info}
        return Incident(
            event.received_at,
            listed.alert.value,
            f"security.{event.type}",
            event.station,
            None,
            None,
            detail,
        )

    def _is_news(self, station: StationId, what: str, now: datetime) -> bool:
        last = self._told.get((station, what))
        if last is not None and now - last < QUIET:
            return False
        if len(self._told) > 10 * WAITING:
            self._told.clear()
        self._told[station, what] = now
        return True


async def _nobody(event: SecurityEvent) -> None:
    """Tell nobody."""
    del event
