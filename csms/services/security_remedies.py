"""Mends what stations complain of, a few times each; then a person has to.

A station that discarded its new certificate, or was sent one that is no good, is asked
to renew it again (A02.FR.29). One that cannot believe our certificate is given the
roots that it leads to.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from csms.clock import Clock, pause
from csms.domain.errors import DomainError
from csms.domain.ids import StationId
from csms.domain.security import SecurityEvent
from csms.domain.signing import CertificateUse
from csms.services.ports.profiles import Incident
from csms.services.ports.security import Connections
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.ports.work import Begin
from csms.services.renewal import Renewal
from csms.services.station_certificates import Outcome

log = structlog.get_logger()

MOST: Final = 3
"""How often one kind of complaint is answered by a remedy."""

FIRST: Final = timedelta(minutes=10)
"""Before the first remedy; twice as long before each that follows."""

WITHIN: Final = timedelta(days=7)
"""Complaints that are older are forgotten."""

LOOK_S: Final = 5.0
SYSTEM: Final = "system"
Remedy = Callable[[StationId], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class SecurityRemedies:
    """Answers security events by what mends them.

    How often something was tried is told by the events that are kept, so that a restart
    forgets nothing of it.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        renewal: Has certificates renewed.
        roots: Has a station hold the roots that our certificate leads to.
        connections: Knows which stations are here.
    """

    clock: Clock
    begin: Begin
    renewal: Renewal
    roots: Callable[[StationId, str], Awaitable[Sequence[Outcome]]]
    connections: Connections
    _due: dict[tuple[StationId, str], datetime] = field(default_factory=dict)
    _told: dict[tuple[StationId, str], datetime] = field(default_factory=dict)

    @property
    def _remedies(self) -> Mapping[str, Remedy]:
        return {
            "DiscardedRenewedClientCertificate": self._renew,
            "InvalidChargingStationCertificate": self._renew,
            "InvalidCsmsCertificate": self._give_roots,
        }

    async def told(self, event: SecurityEvent) -> None:
        """Take note of what a station complains of, once it is kept."""
        if event.type not in self._remedies:
            return
        async with self.begin() as work:
            kept = await work.security.events(station=event.station, limit=200)
        since = event.received_at - WITHIN
        times = sum(
            each.type == event.type and each.received_at >= since for each in kept
        )
        if times <= MOST:
            wait = FIRST * 2 ** (times - 1)
            self._due[event.station, event.type] = event.received_at + wait
        else:
            await self._give_up(event)

    async def run(self) -> None:
        """Do what is due, for ever."""
        while True:
            await self.step()
            await pause(LOOK_S)

    async def step(self) -> None:
        """Try what is due at stations that are here."""
        now = self.clock.now()
        for (station, type_), due in list(self._due.items()):
            if due > now or not self.connections.is_connected(station):
                continue
            del self._due[station, type_]
            try:
                said = await self._remedies[type_](station)
            except (NoAnswer, RefusedByStation, DomainError) as error:
                said = str(error)
            log.info("security.remedy", station=station, type=type_, said=said)

    async def _renew(self, station: StationId) -> str:
        reply = await self.renewal.renew(station, CertificateUse.STATION, SYSTEM)
        return reply.status

    async def _give_roots(self, station: StationId) -> str:
        outcomes = await self.roots(station, SYSTEM)
        return ", ".join(each.status for each in outcomes) or "no root of ours is known"

    async def _give_up(self, event: SecurityEvent) -> None:
        """Tell a person, once for all complaints that are not forgotten."""
        what, now = (event.station, event.type), event.received_at
        self._due.pop(what, None)
        if now < self._told.get(what, now - WITHIN) + WITHIN:
            return
        self._told[what] = now
        detail = {
            "type": event.type,
            "tech_info": event.tech_info,
            "tried": MOST,
            "remedy": "see csms stations security, and the station's security log: "
            f"csms logs ask {event.station}",
        }
        kind = "security.not_mended"
        async with self.begin() as work:
            await work.profiles.note(
                Incident(now, "critical", kind, event.station, None, None, detail)
            )
        log.error(kind, station=event.station, type=event.type)
