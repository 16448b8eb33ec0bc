"""Stations as a load: they report as soon as they are answered, beat, or come back."""

import asyncio
import base64
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
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

PATIENCE_S = 120.0
HEARTBEAT = b'[2,"beat-%d","Heartbeat",{}]'
OURS = (b'"TransactionEvent",', b'"Heartbeat",')
"""What stations call; an echo sends it back, which is its answer."""

ANSWERS = {
    b"SetChargingProfile": b'[3,"%s",{"status":"Accepted"}]',
    b"GetTransactionStatus": b'[3,"%s",{"messagesInQueue":false}]',
}
NO_ANSWER = b'[4,"%s","NotImplemented","",{}]'
HEAD = 200
"""Bytes of a message in which its action stands."""


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


def reply_to(message: bytes) -> bytes | None:
    """Return what a station says to a call of the server; none if it is no call."""
    head = message[:HEAD]
    if not head.startswith(b"[2,") or any(each in head for each in OURS):
        return None
    _, message_id, _, action, _ = head.split(b'"', 4)
    return ANSWERS.get(action, NO_ANSWER) % message_id


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
        if (reply := reply_to(payload)) is not None:
            self.say(reply)
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
        while True:
            try:
                self._library = await connect(
                    f"ws://127.0.0.1:{order.port}/ocpp/{self.id}",
                    subprotocols=[Subprotocol("ocpp2.0.1")],
                    additional_headers={"Authorization": f"Basic {credentials}"},
                    compression=None,
                    open_timeout=PATIENCE_S,
                    ping_interval=None,
                    proxy=None,
                )
            except InvalidStatus as refused:
                after = refused.response.headers.get("Retry-After", "1")
                await asyncio.sleep(float(after))
            else:
                return

    @override
    def begin(self) -> None:
        self.going = True
        self._task = asyncio.create_task(self._converse())

    async def _converse(self) -> None:
        while self.going:
            self._sent = time.perf_counter()
            await self._library.send(self._reports.next(now_text()), text=True)
            answer = await self._library.recv(decode=False)
            while (reply := reply_to(answer)) is not None:
                await self._library.send(reply, text=True)
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
