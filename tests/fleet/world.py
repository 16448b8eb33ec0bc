"""A whole system for tests: a node on a real database, a fleet on real sockets.

Both live in this process and speak over loopback as they would between machines; what
happens to whom is a script, what really happened is the observer's report.
"""

import asyncio
import contextlib
import gc
import socket
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx
import structlog
import uvloop

from csms.bootstrap.node import node
from csms.clock import ScaledClock
from csms.db.engine import connect_raw
from csms.services.node import Node
from csms.settings import Settings, load
from simulators.days import Day, Happening, Placed
from simulators.fleet import Mailbox, Run, never
from simulators.link import Watch, ignore
from simulators.population import load_fleet
from simulators.registry import registry
from simulators.station import Station
from simulators.timeline import Act
from tests.databases import at_database
from tests.fleet.account import Account, Json, Window

DATA = Path(__file__).parent / "data"
TOKEN = "test-of-the-whole-system"
RELEASE_REAL_S = 2.0
"""Real seconds in which an opt-out or a trip must take effect."""

KNOWN_S = 60.0
SETTLED_S = 120.0

T = TypeVar("T")
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Script:
    """What is played.

    Attributes:
        fleet: A fleet's file.
        opens: Business instant at which everything comes up.
        rate: Business seconds per real second.
        happenings: What the day brings, by station.
        settings: What differs from a demonstration's settings.
        folder: Where the fleet's file lies.
    """

    fleet: str
    opens: datetime
    rate: float
    happenings: Mapping[str, Sequence[Happening]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = DATA


@dataclass(frozen=True, slots=True)
class Desk:
    """The API, for somebody with every right."""

    api: httpx.AsyncClient

    async def get(self, path: str) -> Json:
        answer = await self.api.get(f"/api/v1/{path}")
        assert answer.is_success, answer.text
        got: Json = answer.json()
        return got

    async def post(self, path: str, body: Mapping[str, Any]) -> Json:
        answer = await self.api.post(f"/api/v1/{path}", json=body)
        assert answer.is_success, answer.text
        got: Json = answer.json()
        return got

    async def items(self, path: str) -> list[Json]:
        joint = "&" if "?" in path else "?"
        found: list[Json] = (await self.get(f"{path}{joint}limit=500"))["items"]
        return found

    async def call(self, program: str, window: Window, *, test: bool = False) -> str:
        """Call an event and return its name."""
        body = {
            "program": program,
            "starts_at": window.start.isoformat(),
            "ends_at": window.end.isoformat(),
            "test": test,
        }
        called: str = (await self.post("events", body))["id"]
        return called

    async def known(self) -> None:
        """Wait until every station is provisioned, and has said how full it is."""
        async with asyncio.timeout(KNOWN_S):
            while not all(_is_known(each) for each in await self.items("stations")):
                await asyncio.sleep(0.1)

    async def reached(self, stage: str, *events: str) -> None:
        """Wait until events have come to a stage."""
        async with asyncio.timeout(SETTLED_S):
            for event in events:
                while (await self.get(f"events/{event}"))["stage"] != stage:
                    await asyncio.sleep(0.05)

    async def settled(self, *events: str) -> None:
        """Wait until every member of these events has its outcome."""
        await self.reached("settled", *events)
        async with asyncio.timeout(SETTLED_S):
            for event in events:
                while not all(
                    each["outcome"]
                    for each in await self.items(f"events/{event}/members")
                ):
                    await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class World:
    """A running node, a running fleet, and what moves them."""

    script: Script
    clock: ScaledClock
    run: Run
    desk: Desk
    document: Json

    def station(self, name: str) -> Station:
        """Return a simulated station."""
        return next(each for each in self.run.stations if each.id == name)

    def at(self, moment: datetime, station: str, act: Any) -> None:  # noqa: ANN401
        """Let something happen to a station at an instant."""
        self.station(station).timeline.add(Act(moment.timestamp(), act))

    async def account(self, window: Window, *events: str) -> Account:
        """Return what both sides say about events."""
        members: dict[str, Json] = {}
        for event in events:
            for each in await self.desk.items(f"events/{event}/members"):
                members[f"{each['station']}/{each['evse']}"] = each
        day = timedelta(days=1)
        span = f"from={_z(window.start - day / 4)}&to={_z(window.end + day / 24)}"
        return Account(
            window=window,
            allowance=timedelta(seconds=RELEASE_REAL_S * self.script.rate),
            document=self.document,
            observed=self.run.observer.report(self.run.lived),
            members=members,
            events={each: await self.desk.get(f"events/{each}") for each in events},
            quarters=(await self.desk.get(f"telemetry/quarters?{span}"))["items"],
            quarantines=await self.desk.items("quarantines"),
            incidents=await self.desk.items("incidents"),
            statements={
                program: await self.desk.get(
                    f"programs/{program}/statement?season=2026"
                )
                for program in sorted(
                    {each["program"] for each in self.document["enrollments"]}
                )
            },
        )


@dataclass(frozen=True, slots=True)
class Served:
    """A node that serves, and the ways to it.

    Attributes:
        clock: Business time.
        api: A client with every right.
        base: Where its pages are.
        ocpp: Where stations connect.
        node: Its services.
    """

    clock: ScaledClock
    api: httpx.AsyncClient
    base: str
    ocpp: str
    node: Node


@contextlib.asynccontextmanager
async def serving(database: str, script: Script) -> AsyncIterator[Served]:
    """Give a node on its own ports, for as long as the block lasts."""
    ocpp_port, http_port = free_port(), free_port()
    clock = ScaledClock(datetime.now(UTC), script.opens, script.rate)
    base = f"http://127.0.0.1:{http_port}"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with tempfile.TemporaryDirectory() as folder, _node_log(Path(folder)):
        settings = _settings(script, clock, database, ocpp_port, http_port, folder)
        async with (
            node(settings) as face,
            httpx.AsyncClient(base_url=base, headers=headers, timeout=20) as api,
        ):
            yield Served(clock, api, base, f"ws://127.0.0.1:{ocpp_port}/ocpp", face)


@contextlib.asynccontextmanager
async def playing(
    database: str, script: Script, watch: Watch = ignore
) -> AsyncIterator[World]:
    """Bring node and fleet up; the registry is imported, stations are connecting."""
    fleet = load_fleet(script.fleet, seed=1, folder=script.folder)
    happenings = {name: list(each) for name, each in script.happenings.items()}
    placed = Placed(Day("script", (55, 80), ()), happenings)
    async with serving(database, script) as served:
        mailbox = Mailbox(served.base, TOKEN)
        run = Run(fleet, placed, served.clock, served.ocpp, mailbox, watch)
        world = World(script, served.clock, run, Desk(served.api), registry(fleet))
        await world.desk.post("registry", world.document)
        async with _living(run):
            yield world


@contextlib.asynccontextmanager
async def _living(run: Run) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(run.run(stop, never(), lambda _: None))
    try:
        yield
    finally:
        stop.set()
        await task


def _settings(
    script: Script,
    clock: ScaledClock,
    database: str,
    ocpp_port: int,
    http_port: int,
    folder: str,
) -> Settings:
    usual: Json = {
        "database_url": database,
        "data_dir": folder,
        "ocpp_port": ocpp_port,
        "http_port": http_port,
        "clock_anchor": clock.anchor,
        "clock_epoch": clock.epoch,
        "clock_rate": clock.rate,
        "allow_accelerated": True,
        "accept_simulated_evidence": True,
        "mail_catcher": True,
        "admin_token": TOKEN,
        "metering_grace_s": 1800,
        "sampling_idle_s": 600,
        "sampling_event_s": 120,
        "stale_soc_s": 3600,
        "heartbeat_s": 86400,
    }
    return load(**usual | dict(script.settings))


@contextlib.contextmanager
def _node_log(folder: Path) -> Iterator[None]:
    """Keep what the node logs out of the way, and the collector as it was."""
    before = structlog.get_config()
    with (folder / "node.log").open("w") as log:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(default=str),
            ],
            logger_factory=structlog.PrintLoggerFactory(log),
        )
        threshold = gc.get_threshold()
        try:
            yield
        finally:
            structlog.configure(**before)
            gc.set_threshold(*threshold)
            gc.unfreeze()


@contextlib.contextmanager
def fresh_database(postgres_url: str, template: str) -> Iterator[str]:
    """Give a database with every table, for as long as the block lasts."""
    name = f"csms_fleet_{next(_numbers)}"
    in_real_time(_execute(postgres_url, f"DROP DATABASE IF EXISTS {name}"))
    in_real_time(_execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield at_database(postgres_url, name)
    in_real_time(_execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


def in_real_time(work: Coroutine[Any, Any, T]) -> T:
    """Run something to its end on a loop like that of a real node."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _execute(url: str, statement: str) -> None:
    connection = await connect_raw(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _is_known(station: Json) -> bool:
    charges = [evse["soc_pct"] is not None for evse in station["evses"]]
    return station["connected"] and station["provisioned"] and all(charges)


def _z(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
