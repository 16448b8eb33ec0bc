"""Runs servers and clients, and measures the servers from outside."""

import asyncio
import contextlib
import json
import os
import platform
import secrets
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from csms.db.embedded import EmbeddedPostgres
from csms.db.engine import connect_raw
from csms.db.migrating import migrate
from csms.services.doorkeeping import Passwords
from tests.bench.fleet import enlist, free_port
from tests.bench.processes import (
    Running,
    cpu_s,
    cpu_with_children_s,
    memory_bytes,
    running,
)
from tests.bench.starting import first_boot

Figures = dict[str, Any]
SETTLE_S = 2.0
STARTS = 3
SERVERS = ("echo", "csms", "library")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Attributes:
        stations: How many report at once, load by load.
        fleet: How many stations in the other figures.
        warm_s: Seconds of each load that are not counted.
        seconds: Seconds of each load that are counted.
        rounds: How often a profile is pushed to everybody.
        parts: Which of memory, load, push, storm and start.
        servers: Who is put under load.
        lean: Whether load comes from our own client and not from `websockets`.
    """

    stations: tuple[int, ...]
    fleet: int
    warm_s: float
    seconds: float
    rounds: int
    parts: tuple[str, ...]
    servers: tuple[str, ...] = SERVERS
    lean: bool = False

    @property
    def most(self) -> int:
        """Return the most stations at once."""
        return max(self.fleet, *self.stations)


@dataclass(slots=True)
class Server:
    """A server under load.

    Attributes:
        name: `csms`, `echo` or `library`.
        process: Its process.
        port: Where it listens.
        database: The process of its PostgreSQL, if it has one.
    """

    name: str
    process: Running
    port: int
    database: int | None = None

    @property
    def pid(self) -> int:
        """Return the number of its process."""
        return self.process.pid

    def cpu(self) -> tuple[float, float]:
        """Return the CPU seconds used so far, and those of its PostgreSQL."""
        of_database = cpu_with_children_s(self.database) if self.database else 0.0
        return cpu_s(self.pid), of_database


class Bench:
    """One run of everything.

    Args:
        plan: What is measured.
        folder: Where databases and logs lie.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._password = secrets.token_urlsafe(20)
        self._url = ""
        self._runs = 0

    async def run(self) -> Figures:
        """Return every figure."""
        figures: Figures = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {
                "cores": len(os.sched_getaffinity(0)),
                "busy": os.getloadavg()[0],
                "processor": platform.processor() or platform.machine(),
                "python": platform.python_version(),
                "loop": "uvloop",
                "client": "lean" if self._plan.lean else "websockets",
            },
        }
        async with self._servers() as servers:
            if "memory" not in self._plan.parts:
                await self._greet(servers["csms"])
            for part in ("memory", "load", "push", "storm", "start"):
                if part in self._plan.parts:
                    figures[part] = await getattr(self, f"_{part}")(servers)
        return figures

    # What is started

    @contextlib.asynccontextmanager
    async def _servers(self) -> AsyncIterator[dict[str, Server]]:
        postgres = EmbeddedPostgres(self._folder / "postgres")
        await postgres.start()
        try:
            self._url = postgres.url
            await migrate(postgres.url)
            kept = await Passwords().hash(self._password)
            await enlist(postgres.url, self._plan.most, kept)
            async with contextlib.AsyncExitStack() as stack:
                servers = {
                    name: await self._reference(name, stack)
                    for name in ("echo", "library")
                }
                node = await self._node(postgres, stack)
                yield {"csms": node, **servers}
        finally:
            await postgres.stop()
            postgres.remove()

    async def _reference(self, name: str, stack: contextlib.AsyncExitStack) -> Server:
        arguments = ["tests.bench.references", name]
        process = await stack.enter_async_context(
            running(name, arguments, self._folder)
        )
        return Server(name, process, int(await process.line()))

    async def _node(
        self, postgres: EmbeddedPostgres, stack: contextlib.AsyncExitStack
    ) -> Server:
        port = free_port()
        environment = {
            "CSMS_DATABASE_URL": postgres.url,
            "CSMS_DATA_DIR": str(self._folder / "data"),
            "CSMS_OCPP_PORT": str(port),
            "CSMS_HTTP_PORT": str(free_port()),
            "CSMS_LOG_FORMAT": "json",
        }
        process = await stack.enter_async_context(
            running("node", ["tests.bench.node"], self._folder, environment)
        )
        await process.line()
        return Server("csms", process, port, postgres.pid)

    @contextlib.asynccontextmanager
    async def _client(
        self, mode: str, server: Server, stations: int, **more: object
    ) -> AsyncIterator[Running]:
        self._runs += 1
        order = {
            "mode": mode,
            "port": server.port,
            "stations": stations,
            "run": f"{os.getpid()}-{self._runs}",
            "password": self._password,
            **more,
        }
        arguments = ["tests.bench.client", json.dumps(order)]
        async with running(f"client-{self._runs}", arguments, self._folder) as client:
            yield client

    # What is measured

    async def _memory(self, servers: dict[str, Server]) -> Figures:
        """Resident memory of each idle connection, in servers that are warm."""
        found: Figures = {"stations": self._plan.most}
        for name in ("echo", "csms"):
            server = servers[name]
            async with self._client(
                "idle", server, self._plan.most, pause_s=2 * SETTLE_S
            ) as client:
                first = await client.said()
                await asyncio.sleep(SETTLE_S)
                before = memory_bytes(server.pid)
                ready = await client.said()
                await asyncio.sleep(SETTLE_S)
                grown = memory_bytes(server.pid) - before
                client.hang_up()
                await client.said()
            found[name] = {
                "kib_each": grown / 1024 / (ready["stations"] - first["stations"]),
                "connecting_s": ready["seconds"],
            }
            _progress(f"memory {name}: {found[name]['kib_each']:.1f} KiB each")
        return found

    async def _greet(self, server: Server) -> None:
        """Have every password checked once: that is no part of any other figure."""
        async with self._client("idle", server, self._plan.most) as client:
            await client.said()
            await client.said()
            client.hang_up()
            await client.said()

    async def _load(self, servers: dict[str, Server]) -> list[Figures]:
        rows = []
        for stations in self._plan.stations:
            for name in self._plan.servers:
                rows.append(await self._one_load(servers[name], stations))
                row = rows[-1]
                _progress(
                    f"load {stations} {name}: {row['rate']:.0f}/s "
                    f"cpu {row['cpu_s_per_1000']:.3f} s/1000 "
                    f"database {row['database_cpu_s_per_1000']:.3f}"
                )
        return rows

    async def _one_load(self, server: Server, stations: int) -> Figures:
        plan = self._plan
        # A server that is slow needs longer until everyone has had a turn.
        stretch = 1 + (server.name == "library") * stations / 1000
        async with self._client(
            "load",
            server,
            stations,
            warm_s=plan.warm_s,
            seconds=plan.seconds * stretch,
            lean=plan.lean,
        ) as client:
            await client.line()
            before, of_client = server.cpu(), cpu_s(client.pid)
            await client.line()
            after, of_client = server.cpu(), cpu_s(client.pid) - of_client
            said = await client.said()
            run = f"{os.getpid()}-{self._runs}"
        kept = await self._kept(run) if server.database else None
        messages = max(said["messages"], 1)
        return {
            "server": server.name,
            "stations": stations,
            "rate": said["messages"] / said["seconds"],
            "p50_ms": said["p50_ms"],
            "p99_ms": said["p99_ms"],
            "cpu_s_per_1000": (after[0] - before[0]) / messages * 1000,
            "database_cpu_s_per_1000": (after[1] - before[1]) / messages * 1000,
            "client_cpu_s_per_1000": of_client / messages * 1000,
            "cores": (sum(after) - sum(before)) / said["seconds"],
            "errors": said["errors"],
            "silent": said["silent"],
            "answered": said["messages"],
            "kept": kept,
        }

    async def _push(self, servers: dict[str, Server]) -> Figures:
        found: Figures = {"stations": self._plan.fleet}
        for name in ("echo", "csms"):
            server = servers[name]
            async with self._client("push", server, self._plan.fleet) as client:
                await client.line()
                rounds = []
                for _ in range(self._plan.rounds):
                    server.process.tell("push")
                    rounds.append(await server.process.said())
                client.hang_up()
                said = await client.said()
            seconds = sorted(each["seconds"] for each in rounds)
            found[name] = {
                "acknowledged": [each["stations"] for each in rounds],
                "seconds": seconds,
                "median_s": seconds[len(seconds) // 2],
                **{key: said[key] for key in said if key.startswith("heartbeat")},
            }
            _progress(f"push {name}: {found[name]['median_s']:.2f} s")
        return found

    async def _storm(self, servers: dict[str, Server]) -> Figures:
        server = servers["csms"]
        async with self._client(
            "storm", server, self._plan.fleet, seconds=3.0
        ) as client:
            said = await client.said()
            run = f"{os.getpid()}-{self._runs}"
        del said["phase"]
        said["stations"] = self._plan.fleet
        said["kept"] = await self._kept(run)
        said["alive"] = server.process.is_alive
        _progress(f"storm: all back after {said['all_back_s']:.1f} s")
        return said

    async def _start(self, _servers: dict[str, Server]) -> Figures:
        """Seconds until a new node answers its first boot: the best of some starts."""
        starts = [
            await first_boot(self._url, self._password, self._folder)
            for _ in range(STARTS)
        ]
        best = min(starts, key=lambda each: each["answered_s"])
        _progress(f"start: first boot answered after {best['answered_s']:.2f} s")
        return best

    async def _kept(self, run: str) -> int:
        """Return how many reports of a run the database holds."""
        connection = await connect_raw(self._url)
        try:
            kept: int = await connection.fetchval(
                "SELECT count(*) FROM transaction_report"
                " WHERE transaction_id LIKE $1 || '-%'",
                run,
            )
        finally:
            await connection.close()
        return kept


def _progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")
