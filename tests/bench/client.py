"""Stations that send reports as fast as they are answered: the load of every figure.

A process of its own: `python -m tests.bench.client '{"mode": "load", ...}'`. It writes
one JSON object per line: what phase begins or ends, and at the end what was measured.
"""

import asyncio
import json
import sys
import time
from array import array
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import uvloop

from tests.bench.stations import (
    PATIENCE_S,
    Beating,
    LibraryReporter,
    Order,
    Reporter,
    Station,
    Steady,
)

OPENING_AT_ONCE = 64
FIRST_PART = 4
"""Of idle connections, one in so many is there before memory is looked at."""


def tell(phase: str, **figures: object) -> None:
    """Write one line for whoever started this process."""
    sys.stdout.write(json.dumps({"phase": phase, **figures}) + "\n")
    sys.stdout.flush()


async def open_all(stations: Sequence[Station]) -> float:
    """Connect all of them, a bounded number at once; return how long that took."""
    turns = asyncio.Semaphore(OPENING_AT_ONCE)

    async def one(station: Station) -> None:
        async with turns:
            await station.open()

    began = time.perf_counter()
    await asyncio.gather(*map(one, stations))
    return time.perf_counter() - began


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which the given share of all values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


async def load(order: Order) -> None:
    """Send reports for a while; tell how many were answered, and how fast."""
    kind = Reporter if order.lean else LibraryReporter
    stations = [kind(order, number) for number in range(order.stations)]
    await open_all(stations)
    for station in stations:
        station.begin()
    await asyncio.sleep(order.warm_s)
    for station in stations:
        station.counting = True
    tell("begin")
    began = time.perf_counter()
    await asyncio.sleep(order.seconds)
    for station in stations:
        station.counting = False
    seconds = time.perf_counter() - began
    tell("end")
    for station in stations:
        station.going = False
    took = array("d")
    for station in stations:
        took.extend(station.took)
    await asyncio.sleep(1.0)
    tell(
        "result",
        messages=len(took),
        seconds=seconds,
        p50_ms=percentile(took, 0.5) * 1000,
        p99_ms=percentile(took, 0.99) * 1000,
        errors=sum(station.errors for station in stations),
        silent=sum(not station.took for station in stations),
    )


async def idle(order: Order) -> None:
    """Connect in two parts, say nothing, and leave when the standard input ends."""
    stations = [Station(order, number) for number in range(order.stations)]
    first = order.stations // FIRST_PART
    seconds = await open_all(stations[:first])
    tell("first", stations=first)
    await asyncio.sleep(order.pause_s)
    seconds += await open_all(stations[first:])
    tell("ready", stations=order.stations, seconds=seconds)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    tell("result", seconds=seconds)


async def push(order: Order) -> None:
    """Accept charging profiles, with a heartbeat now and then, until told to stop."""
    stations = [Beating(order, number) for number in range(order.stations)]
    await open_all(stations)
    tell("ready")
    stop = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    turn = 0
    while not stop.done():
        # Every station beats about once in four seconds, a few at each step.
        for station in stations[turn % 100 :: 100]:
            station.beat()
        turn += 1
        await asyncio.sleep(0.04)
    took = array("d")
    for station in stations:
        took.extend(station.took)
    tell(
        "result",
        heartbeats=len(took),
        heartbeat_p50_ms=percentile(took, 0.5) * 1000,
        heartbeat_p99_ms=percentile(took, 0.99) * 1000,
        errors=sum(station.errors for station in stations),
    )


async def storm(order: Order) -> None:
    """Report steadily, be cut off all at once, come back at once, lose nothing."""
    stations = [Steady(order, number) for number in range(order.stations)]
    await open_all(stations)
    for station in stations:
        station.refusals = 0
    lives = [asyncio.create_task(station.live()) for station in stations]
    await asyncio.sleep(order.warm_s + order.pause_s)
    loop = asyncio.get_running_loop()
    cut_at = loop.time()
    for station in stations:
        if station.socket is not None:
            station.socket.abort()
    while any(station.back_at < cut_at for station in stations):
        if loop.time() - cut_at > PATIENCE_S:
            break
        await asyncio.sleep(0.02)
    back = [station.back_at - cut_at for station in stations if station.back_at]
    await asyncio.sleep(order.seconds)
    for station in stations:
        station.stopping = True
    await asyncio.wait(lives, timeout=30.0)
    tell(
        "result",
        back=len(back),
        all_back_s=max(back, default=0.0),
        half_back_s=percentile(back, 0.5),
        turned_away=sum(station.refusals for station in stations),
        acknowledged=sum(station.acknowledged for station in stations),
        errors=sum(station.errors for station in stations),
    )


MODES: Mapping[str, Callable[[Order], Awaitable[None]]] = {
    "load": load,
    "idle": idle,
    "push": push,
    "storm": storm,
}


async def main(told: Mapping[str, Any]) -> None:
    """Do what was ordered."""
    order = Order(**told)
    await MODES[order.mode](order)


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.argv[1])))
