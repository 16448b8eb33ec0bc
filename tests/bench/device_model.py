"""`python -m tests.bench.device_model`: store a report of 5,000 variables.

How long a station's full report takes from the text of its frames until PostgreSQL has
committed it, beside the time that a bare parse of the same frames takes (``json`` and
pydantic, nothing else), round by round in one run. The way is that of a node without
its socket: frame, router, tolerance, parts, set-based writing, drift. Garbage is
collected as in a node, for both.
"""

import argparse
import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from csms.blocks.commanding import StationCommands
from csms.blocks.device_models import StationModels
from csms.blocks.device_reports import DeviceReports
from csms.blocks.provisioning import Intervals, Provisioning
from csms.blocks.routing import Router
from csms.bootstrap.node import keep_for_good
from csms.charging.configuration import Sampling
from csms.db.embedded import EmbeddedPostgres
from csms.db.migrating import migrate
from csms.ocpp.frames import Call, CallResult, decode, encode
from csms.ocpp.messages.provisioning import NotifyReportRequest
from csms.ocpp.wire import Edition
from csms.services.aftermath import Aftermath
from csms.services.commands import Commands
from csms.services.desires import Desires
from csms.services.device_reports import DeviceReporting
from csms.services.ports.wire import Inventory
from csms.services.ports.work import Work
from csms.services.template_records import shipped_templates
from tests.fakes.link import FakeLink
from tests.station_world import STATION, Lobby, lobby_on

VARIABLES, PER_FRAME, ROUNDS = 5000, 50, 7
TARGET = 2.0
"""Storing may take so many times what a bare parse takes."""

Json = dict[str, Any]
_TRAITS: tuple[Json, ...] = (
    {"dataType": "string", "supportsMonitoring": False, "maxLimit": 50},
    {"dataType": "integer", "supportsMonitoring": True, "unit": "s", "minLimit": 0},
    {"dataType": "boolean", "supportsMonitoring": False},
    {"dataType": "MemberList", "supportsMonitoring": False, "valuesList": "A,B,C,D"},
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured, in seconds.

    Attributes:
        bare: The parse alone, round by round.
        stored: From the first frame to the commit, of a station that was not known.
        again: The same, of one that reports what it reported before.
    """

    bare: tuple[float, ...]
    stored: tuple[float, ...]
    again: tuple[float, ...]

    def ratio(self, figures: Sequence[float]) -> float:
        """Return how many times a bare parse it takes, in the middle round."""
        return statistics.median(
            one / other for one, other in zip(figures, self.bare, strict=True)
        )


def frames(request: int, variables: int = VARIABLES) -> list[str]:
    """Return the frames of a report of so many variables, each of one attribute."""
    data = [
        {
            "component": {"name": f"Component{number // 40}", "evse": {"id": 1}},
            "variable": {"name": f"Variable{number % 40}", "instance": "bench"},
            "variableAttribute": [
                {
                    "type": "Actual",
                    "value": str(number),
                    "mutability": "ReadWrite",
                    "persistent": True,
                    "constant": False,
                }
            ],
            "variableCharacteristics": _TRAITS[number % 4],
        }
        for number in range(variables)
    ]
    parts = [data[i : i + PER_FRAME] for i in range(0, len(data), PER_FRAME)]
    return [
        json.dumps(
            [
                2,
                f"bench-{number}",
                "NotifyReport",
                {
                    "requestId": request,
                    "generatedAt": "2026-07-14T00:00:00Z",
                    "seqNo": number,
                    "tbc": number + 1 < len(parts),
                    "reportData": part,
                },
            ]
        )
        for number, part in enumerate(parts)
    ]


def bare(texts: Sequence[str]) -> float:
    """Return how long a bare parse takes."""
    began = time.perf_counter()
    for text in texts:
        NotifyReportRequest.read(json.loads(text)[3])
    return time.perf_counter() - began


class _Station:
    """A station that sends its report as soon as it is asked for one."""

    def __init__(self, lobby: Lobby) -> None:
        clock, begin, book = lobby.clock, self._begin, lobby.book
        self._lobby = lobby
        self.texts: list[str] = []
        self.began = 0.0
        self.commits: list[float] = []
        self._sending: asyncio.Task[None] | None = None
        self._link = FakeLink({"GetBaseReport": self._answer})
        reports = DeviceReports()
        every = timedelta(minutes=5)
        block = Provisioning(
            lobby.reception,
            reports,
            clock,
            Intervals(every, every, every),
            lobby.journal,
        )
        self._router = Router(
            [block], stations=lobby.reception, journal=lobby.journal, clock=clock
        )
        wire = StationModels(lambda _: self._link, reports)
        commands = Commands(clock, begin, book, StationCommands(lambda _: self._link))
        after = Aftermath(
            clock, begin, book, Desires(clock, shipped_templates(), Sampling())
        )
        self._reporting = DeviceReporting(clock, begin, book, commands, wire, after)

    async def report(self) -> float:
        """Return how long it took from the first frame to the commit."""
        self.commits.clear()
        await self._reporting.base(STATION, Inventory.FULL, by="bench")
        stored = self.commits[-2]  # what follows from the report comes last
        return stored - self.began

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[Work]:
        """Begin a unit of work; note when it is committed."""
        async with self._lobby.begin() as work:
            yield work
        self.commits.append(time.perf_counter())

    def _answer(self, request: Json) -> Json:
        self.texts = frames(request["requestId"])
        self._sending = asyncio.create_task(self._send())
        return {"status": "Accepted"}

    async def _send(self) -> None:
        self.began = time.perf_counter()
        for text in self.texts:
            call = decode(text)
            assert isinstance(call, Call)
            answer = await self._router.answer(
                STATION, Edition.V21, call.action, call.payload
            )
            encode(CallResult(call.message_id, answer))
            await asyncio.sleep(0)  # a socket would have to be waited for


async def measure(url: str, rounds: int = ROUNDS) -> Figures:
    """Measure on a migrated database; one round before is not counted."""
    async with lobby_on(url) as lobby:
        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()
        station = _Station(lobby)
        parsed, stored, again = [], [], []
        for number in range(rounds + 1):
            async with lobby.begin() as work:
                await work.models.replace(STATION, (), lobby.clock.now())
            gc.collect()
            first = await station.report()
            gc.collect()
            second = await station.report()
            gc.collect()
            alone = bare(station.texts)
            if number:
                parsed.append(alone)
                stored.append(first)
                again.append(second)
        async with lobby.begin() as work:
            kept = await work.models.variables(STATION)
        assert len(kept) == VARIABLES
        return Figures(tuple(parsed), tuple(stored), tuple(again))


async def _main(rounds: int) -> int:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="csms-bench-"))
        server = EmbeddedPostgres(Path(folder) / "postgres")
        stack.callback(server.remove)
        await stack.enter_async_context(server)
        await migrate(server.url)
        keep_for_good()
        found = await measure(server.url, rounds)
    rows = [("bare parse (json, pydantic)", found.bare)]
    rows += [("stored in PostgreSQL", found.stored)]
    rows += [("stored once more, unchanged", found.again)]
    text = f"{VARIABLES} variables in {VARIABLES // PER_FRAME} frames, {rounds} rounds"
    for name, figures in rows:
        middle, ratio = statistics.median(figures), found.ratio(figures)
        text += f"\n  {name:28} {middle:7.3f} s   ratio {ratio:5.2f}"
    sys.stdout.write(f"{text}   (target {TARGET})\n")
    return 0 if found.ratio(found.stored) <= TARGET else 1


if __name__ == "__main__":
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(30)  # warnings and worse
    )
    parser = argparse.ArgumentParser(prog="python -m tests.bench.device_model")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    sys.exit(asyncio.run(_main(parser.parse_args().rounds)))
