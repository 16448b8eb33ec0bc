"""A small fleet around one event, on a real database, killed at any step."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar, cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from csms.db.access import PostgresAccessStore
from csms.db.events import PostgresEventStore
from csms.db.facts import PostgresFactStore
from csms.db.fleet import PostgresFleetStore
from csms.db.notices import PostgresNoticeStore
from csms.db.settlements import PostgresSettlementStore
from csms.db.stations import PostgresStationStore
from csms.domain.enrollment import Enrollment
from csms.domain.ids import (
    EventId,
    EvseId,
    ParticipantId,
    ProgramId,
    SiteId,
    StationId,
    VehicleId,
)
from csms.domain.interval import Interval
from csms.domain.notice import Letter
from csms.domain.participant import Participant, ParticipantKind
from csms.domain.reading import Reading
from csms.domain.site import CustomerClass, Site
from csms.domain.station import Evse
from csms.domain.units import Energy, Power
from csms.domain.vehicle import Departure, MobilityNeed, Vehicle
from csms.notify.letters import TemplateLetters
from csms.services.alarm import Alarm
from csms.services.duties import Duties
from csms.services.events import EventDraft, Events
from csms.services.live import LiveFleet
from csms.services.notices import Notices
from csms.services.participation import Participation
from csms.services.planning import Planning
from csms.services.ports.telemetry import Kept
from csms.services.ports.work import Begin, Work
from csms.services.program_records import load_programs
from csms.services.replanning import Replanner
from csms.services.running import EventRunner
from csms.services.sending import NoticeSender
from csms.services.settlement import Settlement
from csms.services.stations import EvseFacts
from tests.fakes.clock import ManualClock

T = TypeVar("T")
EVENING = datetime(2026, 7, 13, 23, 30, tzinfo=UTC)
WINDOW = Interval(
    datetime(2026, 7, 14, 21, tzinfo=UTC), datetime(2026, 7, 15, 0, tzinfo=UTC)
)
SMALL = ProgramId("ma-cs-small")
DRAFT = EventDraft(SMALL, WINDOW, "Peak event")
REGISTRY = ("participant", "site", "vehicle", "station", "evse", "enrollment")
EVENTS = (
    "event, duty, event_member, plan, notice, signed_link, settlement, fact, cursor"
)


class Killed(BaseException):
    """The process is gone, in the middle of what it was doing."""


@dataclass(slots=True)
class Fate:
    """Counts the steps of a process and ends it before one of them.

    Attributes:
        at: Before which step it ends; none for never.
        every: Ends again after so many steps; each time a few more, so that it gets on.
        steps: The steps so far, by name.
        struck: Whether it has ended once.
    """

    at: int | None = None
    every: int | None = None
    steps: list[str] = field(default_factory=list)
    struck: bool = False
    left: int = 0

    def step(self, name: str) -> None:
        self.steps.append(name)
        self.left -= 1
        again = self.every is not None and self.left < 0
        if again or len(self.steps) - 1 == self.at:
            self.struck = True
            self.every = self.every + 1 if self.every is not None else None
            self.left = self.every or 0
            raise Killed(name)


class _Store:
    """Passes everything on, and may be the last thing that a process does."""

    def __init__(self, store: object, name: str, fate: Fate) -> None:
        self._store, self._name, self._fate = store, name, fate

    def __getattr__(self, method: str) -> object:
        self._fate.step(f"{self._name}.{method}")
        return getattr(self._store, method)


@dataclass(slots=True)
class Meters:
    """What meters said."""

    said: dict[EvseId, list[Reading]] = field(default_factory=dict)

    async def readings(
        self, spans: Mapping[EvseId, Interval]
    ) -> Mapping[EvseId, Sequence[Kept]]:
        return {
            evse: [
                Kept(each, each.at)
                for each in self.said.get(evse, [])
                if span.start <= each.at <= span.end
            ]
            for evse, span in spans.items()
        }

    def export(self, evse: EvseId, watts: int, window: Interval) -> None:
        """Let a meter count a flat export from zero, once a minute."""
        minutes = round(window.duration.total_seconds() / 60)
        self.said[evse] = [
            Reading(
                evse,
                window.start + timedelta(minutes=minute),
                import_ws=0,
                export_ws=minute * 60 * watts,
            )
            for minute in range(minutes + 1)
        ]


class OneWork:
    """The stores that events need, on one connection."""

    def __init__(self, connection: AsyncConnection, meters: Meters, fate: Fate) -> None:
        stores = {
            "events": PostgresEventStore(connection),
            "notices": PostgresNoticeStore(connection),
            "settlements": PostgresSettlementStore(connection),
            "fleet": PostgresFleetStore(connection),
            "stations": PostgresStationStore(connection),
            "facts": PostgresFactStore(connection),
            "access": PostgresAccessStore(connection),
            "telemetry": meters,
        }
        for name, store in stores.items():
            setattr(self, name, _Store(store, name, fate))


@dataclass(slots=True)
class Mails:
    """A mail server that accepts everything and forgets nothing."""

    fate: Fate
    sent: list[tuple[str, Letter, str]] = field(default_factory=list)
    refusing: Exception | None = None

    async def send(self, to: str, letter: Letter, message_id: str) -> None:
        self.fate.step("mail.before")
        if self.refusing is not None:
            raise self.refusing
        self.sent.append((to, letter, message_id))
        self.fate.step("mail.after")


@dataclass(slots=True)
class Nudges:
    """A dispatcher that only notes what it is told."""

    evses: list[EvseId] = field(default_factory=list)
    events: list[EventId] = field(default_factory=list)

    def nudge(self, evse: EvseId) -> None:
        self.evses.append(evse)

    def nudge_event(self, event: EventId) -> None:
        self.events.append(event)


@dataclass(slots=True)
class Book:
    """What is known of EVSEs."""

    known: dict[EvseId, EvseFacts] = field(default_factory=dict)

    def facts(self, evse: EvseId) -> EvseFacts:
        return self.known.get(evse, EvseFacts(evse))


@dataclass(slots=True)
class World:
    """A fleet, its people, and one node that can be started again."""

    engine: AsyncEngine
    clock: ManualClock = field(default_factory=partial(ManualClock, EVENING))
    fate: Fate = field(default_factory=Fate)
    meters: Meters = field(default_factory=Meters)
    nudges: Nudges = field(default_factory=Nudges)
    book: Book = field(default_factory=Book)
    mails: Mails = field(init=False)
    live: LiveFleet = field(init=False)
    node: "Node" = field(init=False)

    def __post_init__(self) -> None:
        self.mails = Mails(self.fate)
        self.live = LiveFleet(self.clock)
        self.node = Node.start(self)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        async with self.engine.begin() as connection:
            yield cast("Work", OneWork(connection, self.meters, self.fate))
            self.fate.step("commit.before")
        self.fate.step("commit.after")

    @asynccontextmanager
    async def look(self) -> AsyncIterator[Work]:
        """Begin a unit of work of the test's own, which is never killed."""
        async with self.engine.begin() as connection:
            yield cast("Work", OneWork(connection, self.meters, Fate()))

    async def drain(self) -> None:
        """Let the node do all it can do now; start it again if it is killed."""
        while True:
            try:
                while await self.node.runner.step() or await self.node.sender.step():
                    pass
            except Killed:
                self.node = Node.start(self)
            else:
                return

    async def insist(self, action: Callable[[], Awaitable[T]]) -> T:
        """Do what a person does: the same again if there was no answer."""
        while True:
            try:
                return await action()
            except Killed:
                self.node = Node.start(self)

    async def until(self, instant: datetime) -> None:
        """Let time pass."""
        self.clock.jump_to(instant)
        await self.drain()

    def plug(self, evse: EvseId, soc_pct: float = 80.0) -> None:
        self.live.set_connected(evse.station, connected=True)
        self.live.update(evse, plugged=True, soc_pct=soc_pct, soc_at=self.clock.now())

    async def add(  # noqa: PLR0913 one household in all its parts
        self,
        name: str,
        *,
        utility: str = "eversource-ma",
        email: str | None = None,
        evses: int = 1,
        verified: bool = True,
        export_permission: bool = True,
        kw: float = 7.6,
        battery_kwh: float = 40.0,
    ) -> list[EvseId]:
        """Add a participant with a site, vehicles and enrolled EVSEs."""
        person, site = ParticipantId(name), SiteId(name)
        address = f"{name}@example.org" if email is None else email
        ids = [EvseId(StationId(f"MA-{name}"), each + 1) for each in range(evses)]
        async with self.look() as work:
            await work.fleet.save_participant(
                Participant(person, name, address, "en", ParticipantKind.RESIDENTIAL)
            )
            await work.fleet.save_site(
                Site(
                    site,
                    name,
                    person,
                    utility,
                    "America/New_York",
                    CustomerClass.RESIDENTIAL,
                    Power.kw(100),
                    Power.kw(100),
                    export_permission,
                )
            )
            await work.stations.enlist(ids[0].station, site, "no hash")
            for evse in ids:
                vehicle = VehicleId(f"veh-{name}-{evse.number}")
                await work.fleet.save_vehicle(
                    Vehicle(
                        vehicle,
                        person,
                        f"Car of {name}",
                        Energy.kwh(battery_kwh),
                        Power.kw(kw),
                        Power.kw(kw),
                        MobilityNeed(30.0, (Departure(2, time(7, 30), 80.0),)),
                    )
                )
                await work.fleet.save_evse(
                    Evse(
                        evse,
                        vehicle,
                        Power.kw(kw),
                        Power.kw(kw),
                        Power.kw(1),
                        grid_parallel=True,
                    )
                )
                await work.fleet.save_enrollment(
                    Enrollment(SMALL, evse, person, date(2026, 6, 1), None, Decimal(1))
                )
        for evse in ids:
            self.book.known[evse] = EvseFacts(
                evse,
                known=True,
                site=site,
                online=True,
                provisioned=True,
                vehicle=VehicleId(f"veh-{name}-{evse.number}"),
                verified=verified,
                grid_parallel=True,
                max_charge=Power.kw(kw),
                max_discharge=Power.kw(kw),
                min_discharge=Power.kw(1),
                obstacle=None,
            )
            self.plug(evse)
        return ids

    def be_fated(self, fate: Fate) -> None:
        """Begin another life of the node, with empty mailboxes."""
        self.fate = self.mails.fate = fate
        self.mails.sent.clear()
        self.meters.said.clear()
        self.clock.jump_to(EVENING)
        self.node = Node.start(self)

    async def forget_events(self) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(f"TRUNCATE {EVENTS} CASCADE"))


@dataclass(frozen=True, slots=True)
class Node:
    """Everything that is gone when the process is."""

    events: Events
    runner: EventRunner
    sender: NoticeSender
    participation: Participation
    settlement: Settlement
    replanner: Replanner

    @classmethod
    def start(cls, world: World) -> "Node":
        begin: Begin = world.begin
        programs = load_programs()
        planning = Planning(programs, world.live, world.book)
        notices = Notices(planning, TemplateLetters(), "Mass Save", "help@example.org")
        settlement = Settlement(world.clock, begin, programs)
        wake, sender_wake = Alarm(), Alarm()
        return cls(
            Events(world.clock, begin, planning, wake=wake),
            EventRunner(
                world.clock,
                begin,
                Duties(planning, notices, settlement),
                world.nudges,
                sender_wake,
                wake=wake,
            ),
            NoticeSender(
                world.clock,
                begin,
                world.mails,
                "http://127.0.0.1:8000",
                wake=sender_wake,
            ),
            Participation(world.clock, begin, notices, world.nudges, wake),
            settlement,
            Replanner(world.clock, begin, world.live, wake),
        )


def token_in(letter: Letter) -> str:
    """Return the token of the link in a letter."""
    return letter.text.split("/p/")[1].split()[0]
