"""Watches how long roots are still valid, in the trust store and in stations.

A person hears of it in time, and again when it is over; both end by themselves when the
root was replaced, removed, or deleted from the station.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from csms.clock import Clock
from csms.domain.certificate import TrustedRoot, soon_over
from csms.domain.ids import StationId
from csms.services.alarm import Alarm
from csms.services.ports.profiles import Incident
from csms.services.ports.work import Begin
from csms.services.roots import TrustStore

log = structlog.get_logger()

EVERY_REAL_S = 60.0
EXPIRING, EXPIRED = "root.expiring", "root.expired"
_Place = tuple[StationId | None, str]


@dataclass(frozen=True, slots=True)
class RootExpiry:
    """Raises and closes incidents about roots that end.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        trust: The trust store.
        warning: How long before the end a person hears of it.
        wake: Wakes the worker.
    """

    clock: Clock
    begin: Begin
    trust: TrustStore
    warning: timedelta
    wake: Alarm

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self.step()
            await self.wake.wait(EVERY_REAL_S)

    async def step(self) -> None:
        """Look at every root once."""
        await self.trust.load()
        now = self.clock.now()
        ending = await self._ending()
        over = {
            place: root for place, root in ending.items() if root.facts.not_after < now
        }
        soon = {place: root for place, root in ending.items() if place not in over}
        await self._settle(EXPIRING, "warning", soon)
        await self._settle(EXPIRED, "critical", over)

    async def _ending(self) -> dict[_Place, TrustedRoot]:
        """Return what ends soon or has ended: in the store, and in each station."""
        now = self.clock.now()
        found: dict[_Place, TrustedRoot] = {
            (None, each.fingerprint): each
            for each in self.trust.roots
            if each.replaced_by is None and soon_over(each.facts, now, self.warning)
        }
        async with self.begin() as work:
            holdings = await work.certificates.holdings()
        for station, installed in holdings:
            root = self.trust.identify(installed)
            if root is not None and soon_over(root.facts, now, self.warning):
                found[station, root.fingerprint] = root
        return found

    async def _settle(
        self, kind: str, severity: str, ending: dict[_Place, TrustedRoot]
    ) -> None:
        now = self.clock.now()
        async with self.begin() as work:
            known: set[_Place] = set()
            for number, station, fingerprint in await work.certificates.open_incidents(
                kind
            ):
                known.add((station, fingerprint))
                if (station, fingerprint) not in ending:
                    await work.certificates.resolve_incident(number, now)
            for place, root in ending.items():
                if place in known:
                    continue
                station, fingerprint = place
                detail = {
                    "certificate": fingerprint,
                    "use": root.use.value,
                    "subject": root.facts.subject,
                    "not_after": root.facts.not_after.isoformat(),
                    "remedy": "add its successor, then csms roots rotate",
                }
                incident = Incident(now, severity, kind, station, None, None, detail)
                await work.certificates.raise_incident(incident)
                log.warning(kind, station=station, fingerprint=fingerprint)
