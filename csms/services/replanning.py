"""Notice who comes and goes around an event, and ask for a new plan."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog

from csms.clock import Clock, pause
from csms.domain.event import Stage
from csms.domain.ids import EvseId
from csms.domain.live import LiveEvse
from csms.services.alarm import Alarm
from csms.services.live import LiveFleet
from csms.services.ports.events import EventRecord
from csms.services.ports.work import Begin
from csms.services.timetable import Task

log = structlog.get_logger()

REST_REAL_S = 0.5

Change: TypeAlias = tuple[EvseId, bool, datetime]
"""An EVSE, whether a vehicle is there now, and since when."""


@dataclass(frozen=True, slots=True)
class Replanner:
    """Turns plugging and unplugging into states of members and into new plans.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        live: The live state of the fleet.
        wake: Wakes the runner.
        ahead: How long before an event's start a change makes a new plan; earlier,
            the last plan before the start will see it.
    """

    clock: Clock
    begin: Begin
    live: LiveFleet
    wake: Alarm
    ahead: timedelta = timedelta(minutes=30)
    _changes: "asyncio.Queue[Change]" = field(default_factory=asyncio.Queue)

    async def run(self) -> None:
        """Work until cancelled."""
        self.watch()
        while True:
            news = [await self._changes.get()]
            news += [self._changes.get_nowait() for _ in range(self._changes.qsize())]
            try:
                news = await self._of_members(news)
                while news:
                    evse, plugged, at = news[0]
                    await self.handle(evse, plugged=plugged, at=at)
                    del news[0]
            except Exception:
                log.exception("replanning.failed", changes=len(news))
                await pause(REST_REAL_S)
                for each in news:
                    self._changes.put_nowait(each)

    async def _of_members(self, news: Sequence[Change]) -> list[Change]:
        """Return the changes at EVSEs that take part in anything just now.

        A fleet that comes back plugs in by the thousand, mostly without an event.
        """
        async with self.begin() as work:
            orders = await work.events.dispatchable(self.clock.now())
        members = {each.evse for each in orders}
        return [each for each in news if each[0] in members]

    def watch(self) -> None:
        """Begin to listen to the live fleet."""
        self.live.subscribe(self._changed)

    async def handle(self, evse: EvseId, *, plugged: bool, at: datetime) -> None:
        """Keep what happened with every running event it matters to."""
        owed = False
        async with self.begin() as work:
            for event in await work.events.running_with(evse):
                record = await work.events.hold(event)
                if record is None or not self._matters(record, at):
                    continue
                state = "plugged" if plugged else "unplugged"
                await work.events.note_state(event, evse, state, at)
                await work.events.owe_again(event, Task.REPLAN, at)
                owed = True
        if owed:
            self.wake.ring()

    def _changed(self, before: LiveEvse, after: LiveEvse) -> None:
        if before.plugged != after.plugged:
            self._changes.put_nowait((after.evse, after.plugged, self.clock.now()))

    def _matters(self, record: EventRecord, at: datetime) -> bool:
        event = record.event
        if event.stage not in (Stage.NOTIFIED, Stage.ACTIVE):
            return False
        return event.window.start - self.ahead <= at < event.window.end
