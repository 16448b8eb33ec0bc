"""Stations that send reports as fast as they are answered: the load of every figure.

A process of its own: `python -m tests.bench.client '{"mode": "load", ...}'`. It writes
one JSON object per line: what phase begins or ends, and at the end what was measured.
"""

import asyncio
import base64
import json
import sys
import time
from array import array
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import uvloop
from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.bench.frames import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    Inbox,
    Reports,
    frame,
    handshake,
)

OPENING_AT_ONCE = 64
FIRST_PART = 4
"""Of idle connections, one in so many is there before memory is looked at."""

PATIENCE_S = 120.0
HEARTBEAT = b'[2,"beat-%d","Heartbeat",{}]'
ACCEPTED = b'[3,"%s",{"status":"Accepted"}]'


@dataclass(frozen=True, slots=True)
class Order:
    """What a client is to do.

    Attributes:
        mode: `load`, `idle`, `push` or `storm`.
        port: Where the server listens.
        stations: How many.
        warm_s: Seconds of load that are not counted.
        seconds: Seconds that are counted.
        run: Makes transaction names of this run unlike those of all others.
        password: What every station says.
        pause_s: Seconds between two reports of one station, in a storm.
        lean: Whether load comes through our own bytes, and not through the
            `websockets` library.
    """

    mode: str
    port: int
    stations: int
    warm_s: float = 1.0
    seconds: float = 5.0
    run: str = "0"
    password: str = ""
    pause_s: float = 1.0
    lean: bool = False


def station_id(number: int) -> str:
    """Return the id of a station of the bench."""
    return f"BENCH-{number:04d}"


def tell(phase: str, **figures: object) -> None:
    """Write one line for whoever started this process."""
    sys.stdout.write(json.dumps({"phase": phase, **figures}) + "\n")
    sys.stdout.flush()


def now_text() -> str:
    """Return the real instant, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


class Refused(Exception):
    """A handshake was refused.

    Attributes:
        status: By which HTTP status.
        retry_after: Seconds after which the server wants to be asked again.
    """

    def __init__(self, status: int, retry_after: float) -> None:
        self.status = status
        self.retry_after = retry_after
        super().__init__(f"HTTP {status}")


class Socket(asyncio.Protocol):
    """One station's socket."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._hear = hear
        self._inbox = Inbox()
        self._head = b""
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._judge(head.decode())
        for opcode, payload in self._inbox.feed(data):
            if opcode == TEXT:
                self._hear(payload)
            elif opcode == PING:
                self.write(frame(payload, PONG))
            elif opcode == CLOSE:
                self.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(str(exc)))
        if not self.closed.done():
            self.closed.set_result(None)

    def write(self, data: bytes) -> None:
        """Send bytes; into the void if the socket is gone."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def abort(self) -> None:
        """Cut the connection, as a network does."""
        if self._transport is not None:
            self._transport.abort()

    def _judge(self, head: str) -> None:
        status = int(head.split(" ", 2)[1])
        if status == 101:
            self.opened.set_result(None)
            return
        fields = dict(
            line.lower().split(": ", 1)
            for line in head.splitlines()[1:]
            if ": " in line
        )
        self.opened.set_exception(
            Refused(status, float(fields.get("retry-after", "1")))
        )
        self.abort()


class Station:
    """One station: opens its socket, and hears what comes."""

    def __init__(self, order: Order, number: int) -> None:
        self.id = station_id(number)
        self.refusals = 0
        self.errors = 0
        self.socket: Socket | None = None
        self._order = order

    async def open(self) -> None:
        """Connect, as often as it takes; a busy server says when to come again."""
        loop = asyncio.get_running_loop()
        order = self._order
        host = f"127.0.0.1:{order.port}"
        ask = handshake(f"/ocpp/{self.id}", host, self.id, order.password, "ocpp2.0.1")
        while True:
            socket: Socket | None = None
            try:
                _, socket = await loop.create_connection(
                    lambda: Socket(self.hear), "127.0.0.1", order.port
                )
                socket.write(ask)
                await asyncio.wait_for(socket.opened, PATIENCE_S)
            except Refused as refused:
                self.refusals += 1
                await asyncio.sleep(refused.retry_after)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                self.socket = socket
                return

    def say(self, payload: bytes) -> None:
        """Send one message."""
        if self.socket is not None:
            self.socket.write(frame(payload))

    def hear(self, payload: bytes) -> None:
        """Take one message: an answer, or a call that is accepted at once."""
        if payload.startswith(b"[2,") and b'"SetChargingProfile"' in payload:
            self.say(ACCEPTED % payload.split(b'"', 2)[1])
        elif payload.startswith(b"[4,"):
            self.errors += 1
            sys.stderr.write(f"{payload.decode()}\n")
            self.answered(good=False)
        else:
            self.answered(good=True)

    def answered(self, *, good: bool) -> None:
        """Take note that the last call was answered, by a result or by an error."""


class Reporter(Station):
    """Sends the next report as soon as the last one is answered."""

    def __init__(self, order: Order, number: int) -> None:
        super().__init__(order, number)
        self.took = array("d")
        self.counting = False
        self.going = False
        self._reports = Reports(self.id, f"{order.run}-{number:06d}")
        self._sent = 0.0

    def begin(self) -> None:
        """Send the first report."""
        self.going = True
        self._send()

    @override
    def answered(self, *, good: bool) -> None:
        if self.counting and good:
            self.took.append(time.perf_counter() - self._sent)
        if self.going:
            self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self.say(self._reports.next(now_text()))


class LibraryReporter(Reporter):
    """The same through the client of the `websockets` library, as stations have it."""

    _library: ClientConnection
    _task: asyncio.Task[None]

    @override
    async def open(self) -> None:
        order = self._order
        credentials = base64.b64encode(f"{self.id}:{order.password}".encode()).decode()
        self._library = await connect(
            f"ws://127.0.0.1:{order.port}/ocpp/{self.id}",
            subprotocols=[Subprotocol("ocpp2.0.1")],
            additional_headers={"Authorization": f"Basic {credentials}"},
            compression=None,
            open_timeout=PATIENCE_S,
            ping_interval=None,
            proxy=None,
        )

    @override
    def begin(self) -> None:
        self.going = True
        self._task = asyncio.create_task(self._converse())

    async def _converse(self) -> None:
        while self.going:
            self._sent = time.perf_counter()
            await self._library.send(self._reports.next(now_text()), text=True)
            answer = await self._library.recv(decode=False)
            good = not answer.startswith(b"[4,")
            self.errors += not good
            if self.counting and good:
                self.took.append(time.perf_counter() - self._sent)


class Beating(Station):
    """Sends a heartbeat now and then, and does what it is told."""

    def __init__(self, order: Order, number: int) -> None:
        super().__init__(order, number)
        self.took = array("d")
        self._sent = 0.0
        self._beats = 0

    def beat(self) -> None:
        """Send a heartbeat, unless the last one is not answered yet."""
        if not self._sent:
            self._beats += 1
            self._sent = time.perf_counter()
            self.say(HEARTBEAT % self._beats)

    @override
    def answered(self, *, good: bool) -> None:
        self.took.append(time.perf_counter() - self._sent)
        self._sent = 0.0


class Steady(Station):
    """Reports at a steady pace, and again what was not answered when it was cut."""

    def __init__(self, order: Order, number: int) -> None:
        super().__init__(order, number)
        self.acknowledged = 0
        self.back_at = 0.0
        self.stopping = False
        self._reports = Reports(self.id, f"{order.run}-{number:06d}")
        self._done: asyncio.Future[bool] | None = None
        self._first_at = number / order.stations * order.pause_s

    async def live(self) -> None:
        """Report until told to stop; reconnect at once whenever the socket is lost."""
        await asyncio.sleep(self._first_at)
        while not self.stopping:
            await self.report(self._reports.next(now_text()))
            await asyncio.sleep(self._order.pause_s)

    async def report(self, payload: bytes) -> None:
        """Send one report until it is answered."""
        loop = asyncio.get_running_loop()
        while True:
            assert self.socket is not None
            lost = self.socket.closed
            done = self._done = loop.create_future()
            self.say(payload)
            await asyncio.wait((done, lost), return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                await self.open()
                self.back_at = loop.time()
            elif done.result():
                self.acknowledged += 1
                return
            else:
                await asyncio.sleep(self._order.pause_s)

    @override
    def answered(self, *, good: bool) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(good)


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
