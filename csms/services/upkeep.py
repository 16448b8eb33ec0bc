"""What is looked after beside demand response: firmware, displays, vendors' words."""

from dataclasses import dataclass, field

import structlog

from csms.clock import Clock
from csms.services.alarm import Alarm
from csms.services.announcing import Announcer
from csms.services.campaigning import Campaigns
from csms.services.data_transfers import DataTransfers
from csms.services.displays import Displays
from csms.services.firmware import Images
from csms.services.ports.work import Begin
from csms.services.publishing import Publishing
from csms.services.updating import Updater

log = structlog.get_logger()

POLL_S = 2.0
REST_S = 1.0
"""Real seconds between two looks, and after a failure."""


@dataclass(frozen=True, slots=True)
class FirmwareRunner:
    """Takes the steps of updates and campaigns when they are due.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        updater: Takes the steps of updates.
        campaigns: Takes the steps of campaigns.
        wake: Wakes this runner.
    """

    clock: Clock
    begin: Begin
    updater: Updater
    campaigns: Campaigns
    wake: Alarm = field(default_factory=Alarm)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                while await self.step():
                    pass
                await self.updater.confirm()
                wait = await self._until_due()
            except Exception:
                log.exception("firmware.failed")
                wait = REST_S
            await self.wake.wait(wait)

    async def step(self) -> bool:
        """Take one step; tell whether there was one to take."""
        return await self.campaigns.step() or await self.updater.step()

    async def _until_due(self) -> float:
        async with self.begin() as work:
            dues = (await work.firmware.next_due(), await work.campaigns.next_due())
        now = self.clock.now()
        left = [(due - now).total_seconds() / self.clock.rate for due in dues if due]
        return min(max(min(left, default=POLL_S), 0.01), POLL_S)


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What operators look after, as the edges reach it.

    Attributes:
        images: Firmware images and their files.
        updater: Updates of single stations.
        campaigns: Updates of many.
        publishing: Local controllers.
        displays: Messages on displays.
        transfers: Vendors' messages.
        runner: Takes the steps of updates and campaigns.
        announcer: Shows events on displays.
    """

    images: Images
    updater: Updater
    campaigns: Campaigns
    publishing: Publishing
    displays: Displays
    transfers: DataTransfers
    runner: FirmwareRunner
    announcer: Announcer
