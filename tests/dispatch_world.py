"""The real dispatcher and monitor on a real database, and stations that may be bad."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from csms.charging.capability import Capability, V2x, to_document
from csms.db.engine import create_engine
from csms.db.work import begin_on
from csms.domain.event import DREvent, Reason, Stage
from csms.domain.ids import (
    EventId,
    EvseId,
    ParticipantId,
    ProgramId,
    SiteId,
    StationId,
    TransactionId,
    VehicleId,
)
from csms.domain.interval import Interval
from csms.domain.live import LiveEvse
from csms.domain.participant import Participant, ParticipantKind
from csms.domain.plan import Plan, PlanEntry, Setpoint
from csms.domain.profile import OperationMode, RateUnit
from csms.domain.site import CustomerClass, Site
from csms.domain.station import EDITION_21, EDITION_201, Evse, Make, Standing, Station
from csms.domain.units import Energy, Power
from csms.domain.vehicle import MobilityNeed, Vehicle
from csms.domain.vendor_profile import (
    Dialect,
    Dynamic,
    Evidence,
    EvidenceKind,
    NegativeLimit,
    VendorProfile,
    VendorWords,
)
from csms.services.conducting import Conductor
from csms.services.dispatch import Dispatcher
from csms.services.floors import Floors
from csms.services.live import LiveFleet
from csms.services.monitoring import Monitor
from csms.services.ports.events import MemberPlan
from csms.services.ports.profiles import Intent, IntentState
from csms.services.ports.work import Begin, Work
from csms.services.premises import Premises
from csms.services.stations import StationBook
from csms.services.targeting import DispatchPolicy
from csms.services.watching import MonitorPolicy
from csms.services.world import World
from tests.fakes.clock import ManualClock
from tests.fakes.profile_store import FakeStations

START = datetime(2026, 7, 14, 21, tzinfo=UTC)
WINDOW = Interval(START, START + timedelta(hours=3))
EARLY = START - timedelta(minutes=20)
EVENT = EventId("event")
SIMULATED = Evidence(EvidenceKind.SIMULATED, "tests")
CENTRAL = frozenset({OperationMode.CENTRAL_SETPOINT, OperationMode.IDLE})


def a_make(name: str, dialect: Dialect, **more: Any) -> VendorProfile:  # noqa: ANN401
    return VendorProfile(
        id=name,
        vendor="Example",
        models=(name,),
        firmwares=("*",),
        dialect=dialect,
        response=timedelta(seconds=30),
        evidence=SIMULATED,
        **more,
    )


MAKES = (
    a_make("scheduled", Dialect.SETPOINT_SCHEDULED),
    a_make("other", Dialect.SETPOINT_SCHEDULED),
    a_make("slow", Dialect.SETPOINT_SCHEDULED, min_update=timedelta(minutes=5)),
    a_make(
        "push",
        Dialect.SETPOINT_DYNAMIC_PUSH,
        dynamic=Dynamic(timedelta(minutes=10), timedelta(minutes=3)),
    ),
    a_make(
        "pull",
        Dialect.SETPOINT_DYNAMIC_PULL,
        dynamic=Dynamic(timedelta(minutes=10), timedelta(minutes=2)),
    ),
    a_make(
        "negative",
        Dialect.NEGATIVE_LIMIT_TX,
        negative_limit=NegativeLimit.DISCHARGE,
    ),
    a_make(
        "words",
        Dialect.DATATRANSFER,
        words=VendorWords("org.example", "Setpoint", "ClearSetpoint"),
    ),
)


class Killed(BaseException):
    """The process is gone, in the middle of what it was doing."""


@dataclass
class Fate:
    """Ends a process before one of its steps; a dead one does nothing any more."""

    at: int | None = None
    steps: list[str] = field(default_factory=list)
    dead: bool = False

    def step(self, name: str) -> None:
        self.steps.append(name)
        if self.dead or len(self.steps) - 1 == self.at:
            self.dead = True
            raise Killed(name)


@dataclass
class Fleet:
    """A node's dispatch on a database, and everything around it."""

    engine: AsyncEngine
    clock: ManualClock
    stations: FakeStations
    live: LiveFleet
    book: StationBook
    world: World
    policy: DispatchPolicy
    watch: MonitorPolicy
    dispatcher: Dispatcher
    monitor: Monitor
    fate: Fate = field(default_factory=Fate)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    sampled: list[tuple[StationId, bool]] = field(default_factory=list)
    running: list[asyncio.Task[None]] = field(default_factory=list)
    plans: dict[EventId, dict[EvseId, int]] = field(default_factory=dict)
    revisions: dict[EventId, int] = field(default_factory=dict)

    # -- its life --------------------------------------------------------------------

    def build(self) -> None:
        """Make what is gone with a process."""

        async def sample(station: StationId, often: bool) -> None:  # noqa: FBT001
            self.sampled.append((station, often))

        floors = Floors(self.world, self.stations)
        conductor = Conductor(self.world, self.stations, sample)
        self.dispatcher = Dispatcher(self.world, floors, conductor, self.policy)
        self.monitor = Monitor(self.world, self.dispatcher, self.watch)

    async def start(self, *, monitor: bool = False) -> None:
        tasks = [self.dispatcher.run()]
        if monitor:
            tasks.append(self.monitor.run())
        self.running = [asyncio.create_task(each) for each in tasks]
        await asyncio.sleep(0)

    async def stop(self) -> None:
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        self.running = []

    async def restart(self, *, monitor: bool = False) -> None:
        """Be another process on the same database."""
        await self.stop()
        self.fate.dead, self.fate.at = False, None
        connected = [each.evse for each in self.live.all() if each.connected]
        self.renew_live()
        self.build()
        await self.start(monitor=monitor)
        for evse in connected:
            self.connect(evse)

    def renew_live(self) -> None:
        known = self.live.all()
        self.live = LiveFleet(self.clock)
        self.world = replace(self.world, live=self.live)
        for each in known:
            said = {
                name: getattr(each, name)
                for name in LiveEvse.__dataclass_fields__
                if name not in ("evse", "connected")
            }
            self.live.update(each.evse, **said)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        """Begin a unit of work of the node, in which it may be killed, or wait."""
        self.fate.step("begin")
        await self.gate.wait()
        async with begin_on(self.engine)() as work:
            yield work
            self.fate.step("commit")
        self.fate.step("committed")

    def look(self) -> AbstractAsyncContextManager[Work]:
        """Begin a unit of work of the test's own."""
        return begin_on(self.engine)()

    async def until(
        self, holds: Callable[[], bool], within_s: float = 5.0, what: str = ""
    ) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(within_s):
            while not holds():
                await asyncio.sleep(0.005)
        assert holds(), what

    async def rest(self, seconds: float = 0.15) -> None:
        """Let the node do what it would do for a while."""
        await asyncio.sleep(seconds)

    def jump(self, instant: datetime) -> None:
        self.clock.jump_to(instant)

    # -- what there is ---------------------------------------------------------------

    async def add(  # noqa: PLR0913 - one household in all its parts
        self,
        name: str,
        make: str = "scheduled",
        *,
        kw: float = 7.0,
        battery_kwh: float = 60.0,
        soc_pct: float = 80.0,
        site: str | None = None,
        export_cap_kw: float = 50.0,
        export_permission: bool = True,
        told: bool = True,
        event: EventId = EVENT,
        evses: int = 1,
    ) -> EvseId:
        """Add a station with EVSEs that are part of the event and ready to go."""
        person, place = ParticipantId(name), SiteId(site or name)
        station = StationId(f"S-{name}")
        edition = EDITION_201 if make in ("negative", "words") else EDITION_21
        async with self.look() as work:
            await work.fleet.save_participant(
                Participant(
                    person,
                    name,
                    f"{name}@example.org",
                    "en",
                    ParticipantKind.RESIDENTIAL,
                )
            )
            await work.fleet.save_site(
                Site(
                    place,
                    name,
                    person,
                    "eversource-ma",
                    "America/New_York",
                    CustomerClass.RESIDENTIAL,
                    Power.kw(100),
                    Power.kw(export_cap_kw),
                    export_permission,
                )
            )
            await work.stations.enlist(station, place, "no hash")
            for number in range(1, evses + 1):
                vehicle = VehicleId(f"veh-{name}-{number}")
                await work.fleet.save_vehicle(
                    Vehicle(
                        vehicle,
                        person,
                        name,
                        Energy.kwh(battery_kwh),
                        Power.kw(kw),
                        Power.kw(kw),
                        MobilityNeed(30.0),
                    )
                )
                await work.fleet.save_evse(
                    Evse(
                        EvseId(station, number),
                        vehicle,
                        Power.kw(11),
                        Power.kw(kw),
                        Power.kw(1),
                        grid_parallel=True,
                    )
                )
            ids = [EvseId(station, number + 1) for number in range(evses)]
            self.know(station, place, make, edition, evses)
            self.book.put_evses(await work.fleet.evses())
        await self.world.premises.refresh()
        for evse in ids:
            await self.want(evse, -round(kw * 1000), event=event, told=told)
            self.plug(evse, soc_pct=soc_pct)
            self.connect(evse)
        return ids[0]

    def know(
        self, station: StationId, site: SiteId, make: str, edition: str, evses: int = 1
    ) -> None:
        """Write a station into the book, as provisioned."""
        modern = edition == EDITION_21
        v2x = tuple(
            V2x(number + 1, enabled=True, modes=CENTRAL, transfer_modes=frozenset())
            for number in range(evses)
        )
        able = Capability(
            edition=edition,
            read=True,
            smart_charging=True,
            units=frozenset({RateUnit.WATTS}),
            periods_per_schedule=24,
            max_stack_level=3,
            dynamic_profiles=modern,
            max_offline_duration=modern,
            v2x=v2x if modern else (),
        )
        made = Make("Example", make, "1.0", station)
        self.book.put_station(
            Station(
                station,
                site,
                standing=Standing.ACCEPTED,
                make=made,
                provisioned_at=self.clock.now(),
                provisioned_for=made.fingerprint(edition),
                capabilities=to_document(able),
                edition=edition,
            )
        )

    def plug(self, evse: EvseId, soc_pct: float = 80.0, tx: str | None = None) -> None:
        now = self.clock.now()
        self.live.update(
            evse,
            plugged=True,
            plugged_at=now,
            transaction=TransactionId(tx or f"tx-{evse.station}-{evse.number}"),
            soc_pct=soc_pct,
            soc_at=now,
            ev_needs={"requestedEnergyTransfer": "DC_BPT"},
        )

    def unplug(self, evse: EvseId) -> None:
        self.stations.stored[evse.station] = {
            number: each
            for number, each in self.stations.stored[evse.station].items()
            if each.transaction is None
        }
        self.live.update(evse, plugged=False, transaction=None, ev_needs=None)

    def connect(self, evse: EvseId) -> None:
        self.live.set_connected(evse.station, True)  # noqa: FBT003, the port's words

    def disconnect(self, evse: EvseId) -> None:
        self.live.set_connected(evse.station, False)  # noqa: FBT003, the port's words

    def metered(self, evse: EvseId, watts: float, soc_pct: float | None = None) -> None:
        """Let the meter say what flows now."""
        now = self.clock.now()
        said: dict[str, Any] = {"power": Power(round(watts)), "power_at": now}
        if soc_pct is not None:
            said |= {"soc_pct": soc_pct, "soc_at": now}
        self.live.update(evse, **said)

    def measure(self, evse: EvseId, soc_pct: float | None = None) -> None:
        """Let the meter say what the station's profiles make flow."""
        self.metered(evse, self.stations.flow(evse), soc_pct)

    # -- the event -------------------------------------------------------------------

    async def call(
        self,
        event: EventId = EVENT,
        window: Interval = WINDOW,
        stage: Stage = Stage.NOTIFIED,
    ) -> None:
        async with self.look() as work:
            await work.events.add(
                DREvent(
                    event,
                    ProgramId("ma-cs-small"),
                    "1",
                    "Event",
                    window,
                    stage,
                    window.start - timedelta(days=1),
                ),
                by="test",
                notify_by=window.start - timedelta(minutes=30),
                due_at=None,
            )

    async def set_stage(self, stage: Stage, event: EventId = EVENT) -> None:
        async with self.look() as work:
            record = await work.events.find(event)
            assert record is not None
            await work.events.save(replace(record.event, stage=stage), None)

    async def want(
        self,
        evse: EvseId,
        watts: int | None,
        *,
        event: EventId = EVENT,
        told: bool = True,
    ) -> None:
        """Plan this for the EVSE, and everyone else as before; None for nothing."""
        async with self.look() as work:
            record = await work.events.find(event)
            assert record is not None
            window = record.event.window
            wanted = self.plans.setdefault(event, {})
            wanted[evse] = watts or 0
            entries = tuple(
                PlanEntry(
                    each,
                    Setpoint(each, window, Power(w), "program") if w else None,
                    Energy(0),
                    "EVSE",
                )
                for each, w in sorted(wanted.items())
            )
            self.revisions[event] = self.revisions.get(event, 0) + 1
            await work.events.keep_plan(
                Plan(event, self.revisions[event], self.clock.now(), entries),
                "test",
                dict.fromkeys(wanted, 30.0),
            )
            person = ParticipantId(evse.station.removeprefix("S-"))
            site = self.book.facts(evse).site
            assert site is not None
            await work.events.enter_members(
                event,
                [
                    MemberPlan(
                        evse,
                        person,
                        site,
                        (),
                        Power(watts or 0),
                        Energy(0),
                        "EVSE",
                        None,
                    )
                ],
                settled=False,
            )
            if told:
                await self._tell(event, person, window)

    async def _tell(
        self, event: EventId, person: ParticipantId, window: Interval
    ) -> None:
        at = window.start - timedelta(hours=20)
        async with self.engine.begin() as connection:
            await connection.execute(
                text(
                    "INSERT INTO notice (id, event_id, participant_id, kind, channel,"
                    " revision, address, subject, text, html, created_at, attempts,"
                    " sent_at) VALUES (:id, :event, :person, 'called', 'email', 1,"
                    " 'a', 's', 't', 'h', :at, 1, :at) ON CONFLICT DO NOTHING"
                ),
                {"id": f"{event}-{person}", "event": event, "person": person, "at": at},
            )

    async def opt_out(self, evse: EvseId, event: EventId = EVENT) -> None:
        """Do what a participant's button does."""
        person = ParticipantId(evse.station.removeprefix("S-"))
        async with self.look() as work:
            await work.events.opt_out(event, person, self.clock.now(), "test")
        self.dispatcher.nudge(evse)

    async def release(self, evse: EvseId, reason: Reason = Reason.SOC_FLOOR) -> None:
        async with self.look() as work:
            await work.events.release_member(EVENT, evse, reason, self.clock.now())
        self.dispatcher.nudge(evse)

    # -- what came of it -------------------------------------------------------------

    def state(self, evse: EvseId) -> IntentState | None:
        intent = self.dispatcher.intent(evse)
        return intent.state if intent is not None else None

    async def kept(self, evse: EvseId) -> Intent | None:
        """Return the intent as the database has it."""
        async with self.look() as work:
            found = await work.profiles.intents(evse.station)
        mine = [each for each in found if each.evse == evse]
        return mine[0] if mine else None

    async def words(self, evse: EvseId, event: EventId = EVENT) -> list[str]:
        """Return the member's way through the event."""
        async with self.look() as work:
            members = await work.events.members(event)
        return [
            change.state
            for member in members
            if member.evse == evse
            for change in member.states
        ]

    async def is_echoed(self, evse: EvseId) -> None:
        await self.until(lambda: self.state(evse) is IntentState.ECHOED)

    async def is_released(self, evse: EvseId) -> None:
        await self.until(lambda: self.state(evse) is IntentState.RELEASED)
        assert self.stations.events_at(evse) == []
        assert self.stations.flow(evse) == 0


class Fated:
    """Passes every call on to stations, unless the process is dead."""

    def __init__(self, stations: FakeStations, fleet: Fleet) -> None:
        for name in ("set", "command", "update", "clear", "held"):
            hooks = (stations.before, stations.after)
            for hook, word in zip(hooks, ("before", "after"), strict=True):
                hook[name] = self._hook(fleet, f"{name}.{word}")

    def _hook(self, fleet: Fleet, name: str) -> Any:  # noqa: ANN401
        async def hook(_: StationId, __: Any) -> None:  # noqa: ANN401
            fleet.fate.step(name)

        return hook


@asynccontextmanager
async def fleet_on(url: str, *, now: datetime = EARLY) -> AsyncIterator[Fleet]:
    """Open a fleet on a fresh database, with one event and nobody in it."""
    engine = create_engine(url)
    clock = ManualClock(now)
    live = LiveFleet(clock)
    book = StationBook(MAKES, accept_simulated=True)
    holder: list[Fleet] = []

    @asynccontextmanager
    async def begin() -> AsyncIterator[Work]:
        async with holder[0].begin() as work:
            yield work

    plain: Begin = begin_on(engine)
    world = World(clock, begin, live, book, Premises(plain))
    stations = FakeStations(clock.now)
    policy = DispatchPolicy(tick_s=0.02, rest_s=0.03, longest_rest_s=0.1)
    watch = MonitorPolicy(jitter=timedelta(seconds=10), tick_s=0.02)
    floors, nobody = Floors(world, stations), _unsampled
    dispatcher = Dispatcher(world, floors, Conductor(world, stations, nobody), policy)
    fleet = Fleet(
        engine,
        clock,
        stations,
        live,
        book,
        world,
        policy,
        watch,
        dispatcher,
        Monitor(world, dispatcher, watch),
    )
    fleet.gate.set()
    holder.append(fleet)
    fleet.build()
    await fleet.call()
    try:
        yield fleet
    finally:
        await fleet.stop()
        await engine.dispose()


async def _unsampled(station: StationId, often: bool) -> None:  # noqa: FBT001
    del station, often
