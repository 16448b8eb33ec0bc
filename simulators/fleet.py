"""Many stations in one process, stepped together and reported on."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from csms.clock import Clock, pause
from simulators.days import Placed, timeline
from simulators.drivers import Drivers, wishes
from simulators.instants import iso
from simulators.link import Link, Watch, ignore
from simulators.observer import Observer
from simulators.population import Fleet, System
from simulators.safeguards import ROOT
from simulators.station import Station
from simulators.vehicle import new_vehicle

STEP_BUSINESS_S = 30.0
SHORTEST_STEP_S = 0.05
LONGEST_STEP_S = 1.0
REPORT_EVERY_S = 5.0
STAGGER_S = 0.01
Progress = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Mailbox:
    """Where drivers read their mail.

    Attributes:
        url: Base address of the mail catcher.
        token: What opens it.
    """

    url: str
    token: str


@dataclass(slots=True)
class Run:
    """One run of a fleet against a central system.

    Attributes:
        fleet: Who takes part.
        placed: What the day brings to whom.
        clock: Business time.
        url: The endpoint of the central system, without a station's identity.
        mailbox: Where drivers read, or none if they do not.
        watch: Told every text on the wire, for tests.
        trusted: Roots, PEM, that every station believes from the beginning.
        start: Unix seconds at which the run began.
    """

    fleet: Fleet
    placed: Placed
    clock: Clock
    url: str
    mailbox: Mailbox | None = None
    watch: Watch = ignore
    trusted: str = ""
    start: float = field(init=False)
    observer: Observer = field(init=False)
    stations: list[Station] = field(init=False)
    links: list[Link] = field(init=False)

    def __post_init__(self) -> None:
        """Build every station with its vehicle at the cable."""
        self.start = self.clock.now().timestamp()
        self.observer = Observer(self.fleet, self.start)
        self.stations = [self._station(system) for system in self.fleet.systems]
        self.links = [
            Link(station, self.clock, self.url, self.watch) for station in self.stations
        ]
        wanted = wishes(self.fleet, self.placed, self.start)
        for participant in wanted:
            self.observer.drivers[participant].wanted = True

    async def run(self, stop: asyncio.Event, until: float, progress: Progress) -> None:
        """Let the fleet live until an instant, or until it is stopped.

        Args:
            stop: Set it to end the run early.
            until: Unix seconds of business time; may be infinite.
            progress: Told about the fleet every few real seconds.
        """
        tasks = [asyncio.create_task(self._connect(n)) for n in range(len(self.links))]
        if self.mailbox:
            tasks.append(asyncio.create_task(self._drivers(self.mailbox).run()))
        step = min(
            max(STEP_BUSINESS_S / self.clock.rate, SHORTEST_STEP_S), LONGEST_STEP_S
        )
        loop = asyncio.get_running_loop()
        spoken = loop.time()
        try:
            while not stop.is_set():
                now = min(self.clock.now().timestamp(), until)
                self._step(now)
                if loop.time() - spoken >= REPORT_EVERY_S:
                    spoken = loop.time()
                    progress(self.summary())
                if now >= until:
                    break
                _failed(tasks)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), step)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._step(min(self.clock.now().timestamp(), until))

    @property
    def lived(self) -> float:
        """Return the Unix seconds up to which the fleet has lived."""
        return max((station.t for station in self.stations), default=self.start)

    def summary(self) -> dict[str, Any]:
        """Return the fleet at a glance; powers in kW, positive from the grid."""
        watts = [station.evse.watts for station in self.stations]
        refused = [link for link in self.links if link.refused]
        return {
            "at": iso(self.lived),
            "stations": len(self.stations),
            "online": sum(station.online for station in self.stations),
            "booted": sum(station.booted for station in self.stations),
            "plugged": sum(s.evse.vehicle is not None for s in self.stations),
            "import_kw": round(sum(w for w in watts if w > 0) / 1000, 1),
            "export_kw": round(-sum(w for w in watts if w < 0) / 1000, 1),
            "waiting": sum(len(station.outbox) for station in self.stations),
            "sent": sum(link.sent for link in self.links),
            "refused": refused[0].refused if refused else "",
        }

    def _step(self, now: float) -> None:
        for station, link in zip(self.stations, self.links, strict=True):
            station.advance(now)
            link.look()

    async def _connect(self, number: int) -> None:
        await pause(number * STAGGER_S)
        await self.links[number].run()

    def _drivers(self, mailbox: Mailbox) -> Drivers:
        people = {self.fleet.email(p).lower(): p for p in self.observer.drivers}
        wanted = wishes(self.fleet, self.placed, self.start)
        return Drivers(
            self.observer, self.clock, mailbox.url, mailbox.token, people, wanted
        )

    def _station(self, system: System) -> Station:
        chance = random.Random(
            f"{self.fleet.seed}/{self.fleet.name}/{system.vehicle_id}"
        )
        low, high = self.placed.day.soc_pct[0], self.placed.day.soc_pct[-1]
        soc = max(chance.uniform(low, high), system.min_soc_pct + 5.0)
        vehicle = new_vehicle(system.vehicle_id, system.vehicle, soc)
        acts = timeline(system, self.placed, self.start)
        station = Station(system, vehicle, acts, self.observer, self.start)
        if self.trusted:
            station.cabinet.roots[ROOT, "given"] = self.trusted
        return station


def _failed(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()):
            raise error


def never() -> float:
    """Return an instant that does not come."""
    return datetime.max.replace(tzinfo=UTC).timestamp()
