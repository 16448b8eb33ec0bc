"""Watches whether stations still hold the roots that they should hold.

Stations of which nobody wants anything are left alone; the others are asked about once
a day. A person hears of a difference, until it is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from csms.clock import Clock
from csms.domain.errors import DomainError
from csms.domain.ids import StationId
from csms.services.alarm import Alarm
from csms.services.certificate_overview import Drift
from csms.services.ports.profiles import Incident
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.ports.work import Begin
from csms.services.station_certificates import StationCertificates
from csms.services.together import together

log = structlog.get_logger()

EVERY_REAL_S = 60.0
ASKED_EVERY = timedelta(days=1)
AT_ONCE = 4
DRIFTED = "certificates.drifted"


@dataclass(frozen=True, slots=True)
class DriftWatch:
    """Asks stations what they hold, and raises and closes incidents.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        stations: Asks, and knows what differs.
        wake: Wakes the worker.
    """

    clock: Clock
    begin: Begin
    stations: StationCertificates
    wake: Alarm
    _tried: dict[StationId, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self.step()
            await self.wake.wait(EVERY_REAL_S)

    async def step(self) -> None:
        """Ask whoever is due, and settle what differs."""
        async with self.begin() as work:
            intents = await work.certificates.intents()
        wanted = sorted({each.station for each in intents})
        due = [each for each in wanted if self._is_due(each)]
        await together(due, self._ask, at_once=AT_ONCE)
        await self._settle(due)

    def _is_due(self, station: StationId) -> bool:
        last = self._tried.get(station)
        late = last is None or self.clock.now() - last >= ASKED_EVERY
        return late and self.stations.book.is_online(station)

    async def _ask(self, station: StationId) -> None:
        self._tried[station] = self.clock.now()
        try:
            await self.stations.read(station)
        except NoAnswer as problem:
            del self._tried[station]
            log.info("certificates.unread", station=station, why=str(problem))
        except (RefusedByStation, DomainError) as problem:
            log.info("certificates.unread", station=station, why=str(problem))

    async def _settle(self, asked: Sequence[StationId]) -> None:
        """Raise and close incidents of who was asked, or has one."""
        now = self.clock.now()
        async with self.begin() as work:
            open_ones = await work.certificates.open_incidents(DRIFTED)
        having = {station for _, station, _ in open_ones if station is not None}
        found: dict[tuple[StationId | None, str], Incident] = {}
        for station in sorted(having | set(asked)):
            for each in (await self.stations.overview(station)).drift:
                incident = _incident(station, each, now)
                found[station, each.fingerprint] = incident
        async with self.begin() as work:
            for number, where, fingerprint in open_ones:
                if (where, fingerprint) not in found:
                    await work.certificates.resolve_incident(number, now)
            for incident in found.values():
                await work.certificates.raise_incident(incident)


def _incident(station: StationId, drift: Drift, now: datetime) -> Incident:
    detail = {
        "certificate": drift.fingerprint,
        "use": drift.use,
        "subject": drift.subject,
        "difference": drift.kind,
        "remedy": "see csms roots installed, then install or delete it",
    }
    return Incident(now, "warning", DRIFTED, station, None, None, detail)
