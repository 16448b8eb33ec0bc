"""A station's WebSocket: one call at a time, answers meanwhile, and coming back."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from csms.clock import Clock, pause
from simulators import framing
from simulators.commands import Unknown, answer
from simulators.outbox import Message
from simulators.quirks import disguised
from simulators.registration import boot_failed
from simulators.safeguards import came_in, context_of, headers_of, way_of
from simulators.station import Station

PATIENCE_S = 30.0
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0
SLOW_ANSWER_S = 1.5
BLOCKING = ("link-cut", "half-open")
Heard = Callable[[dict[str, Any]], None]
Watch = Callable[[str, str, framing.Frame | str], None]


def ignore(_station: str, _direction: str, _frame: framing.Frame | str) -> None:
    """Watch nothing."""


@dataclass(slots=True)
class Link:
    """The connection of one station, for as long as the fleet runs.

    Attributes:
        station: Who speaks here.
        clock: Where business time comes from.
        url: The endpoint without the station's identity.
        watch: Told every text sent and frame heard, for tests.
        refused: The reason of the last handshake that failed.
        sent: How many calls were made.
    """

    station: Station
    clock: Clock
    url: str
    watch: Watch = ignore
    refused: str = ""
    sent: int = 0
    _socket: ClientConnection | None = None
    _pending: tuple[str, asyncio.Future[framing.Frame]] | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _dead: ClientConnection | None = None
    _count: int = 0
    _failures: int = 0
    _slow: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Connect, converse and come back, until cancelled."""
        chance = random.Random(self.station.id)
        wait = FIRST_WAIT_S
        while True:
            if self._blocked():
                await pause(0.05)
                continue
            if await self._session():
                wait = FIRST_WAIT_S
            await pause(wait * chance.uniform(0.5, 1.5))
            wait = min(wait * 2, LONGEST_WAIT_S)

    def look(self) -> None:
        """Notice new messages and new faults; called after every step of time."""
        if self._blocked():
            self._break()
        elif self._dead is not None:
            self._dead.transport.abort()
            self._dead = None
        elif len(self.station.outbox):
            self._wake.set()

    def _blocked(self) -> bool:
        station = self.station
        return not station.powered or any(f in station.faults for f in BLOCKING)

    def _break(self) -> None:
        socket = self._socket
        if socket is None:
            return
        self._socket = None
        self._advance()
        self.station.disconnected()
        if "half-open" in self.station.faults:
            self._dead = socket
            socket.transport.pause_reading()
        else:
            socket.transport.abort()
        if self._pending and not self._pending[1].done():
            self._pending[1].cancel()

    async def _session(self) -> bool:
        station, ghost = self.station, None
        way = way_of(station, self.url, self._failures)
        protocol = Subprotocol(station.system.persona.protocol)
        dial = partial(
            connect,
            f"{way.url.rstrip('/')}/{station.id}",
            subprotocols=[protocol],
            additional_headers=headers_of(station, way),
            ssl=context_of(station, way),
            compression=None,
            open_timeout=10,
            close_timeout=1,
            ping_interval=20,
            proxy=None,
        )
        try:
            if "double_sockets" in station.system.persona.quirks:
                ghost = await dial()
            socket = await dial()
        except (OSError, WebSocketException, TimeoutError) as error:
            self.refused = f"{type(error).__name__}: {error}"
            self._failures += 1
            return False
        self.refused, self._failures = "", 0
        came_in(station, way)
        await self._converse(socket)
        if ghost is not None:
            await ghost.close()
        return True

    async def _converse(self, socket: ClientConnection) -> None:
        if self._blocked():
            socket.transport.abort()
            return
        self._socket = socket
        self._advance()
        self.station.connected()
        self.station.advance(self.station.t + 0.001)
        self._wake.set()
        talker = asyncio.create_task(self._talk(socket))
        try:
            async for text in socket:
                self._hear(socket, text)
        except ConnectionClosed:
            pass
        finally:
            talker.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await talker
            await self._leave(socket)

    async def _leave(self, socket: ClientConnection) -> None:
        if self._socket is socket:
            self._socket = None
            self._advance()
            self.station.disconnected()
        await socket.close()

    def _advance(self) -> None:
        self.station.advance(self.clock.now().timestamp())

    async def _talk(self, socket: ClientConnection) -> None:
        while True:
            message = self.station.outbox.take(booted=self.station.booted)
            if message is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            try:
                await self._call(socket, message)
            except (ConnectionClosed, asyncio.CancelledError):
                if message.durable:
                    self.station.outbox.put_first(message)
                raise

    async def _call(self, socket: ClientConnection, message: Message) -> None:
        self._count += 1
        quirks = self.station.system.persona.quirks
        message_id = f"{self._count:x}-{random.getrandbits(32):08x}"
        if "reused_message_ids" in quirks:
            message_id = str(self._count % 3)
        payload = disguised(quirks, message.action, message.payload)
        text = framing.encode_call(message_id, message.action, payload)
        future = asyncio.get_running_loop().create_future()
        self._pending = (message_id, future)
        message.attempts += 1
        self.watch(self.station.id, "call", text)
        await socket.send(text)
        self.sent += 1
        self.station.last_sent = self.station.t
        try:
            async with asyncio.timeout(PATIENCE_S):
                frame = await future
        except TimeoutError:
            self._retry(message, "no answer")
            return
        finally:
            self._pending = None
        if frame.kind == framing.ERROR:
            self._retry(message, f"{frame.action} {frame.payload}")
        elif message.heard:
            self._advance()
            self._tell(message, message.heard, frame.payload)

    def _tell(self, message: Message, heard: Heard, payload: dict[str, Any]) -> None:
        try:
            heard(payload)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            detail = f"{message.action}: {type(error).__name__}: {error}"
            station = self.station
            station.observer.incident(station.t, station.id, "odd-answer", detail)
            if message.action == "BootNotification":
                boot_failed(station)

    def _retry(self, message: Message, why: str) -> None:
        station = self.station
        detail = f"{message.action}: {why}"
        station.observer.incident(station.t, station.id, "call-refused", detail)
        attempts = station.model.seconds(
            "OCPPCommCtrlr", "MessageAttempts", "TransactionEvent"
        )
        if message.durable and message.attempts < attempts:
            station.outbox.put_first(message)
        elif message.action == "BootNotification":
            boot_failed(station)

    def _hear(self, socket: ClientConnection, text: str | bytes) -> None:
        try:
            frame = framing.decode(text)
        except framing.Malformed as error:
            code = "FormatViolation"
            self._reply(
                socket, framing.encode_error(error.message_id, code, str(error))
            )
            return
        self.watch(self.station.id, "heard", frame)
        if frame.kind in (framing.RESULT, framing.ERROR):
            pending = self._pending
            if pending and pending[0] == frame.id and not pending[1].done():
                pending[1].set_result(frame)
        elif frame.kind == framing.CALL:
            self._advance()
            self._reply(socket, self._answer(frame))
            self.look()

    def _answer(self, frame: framing.Frame) -> str:
        try:
            payload: dict[str, Any] = answer(self.station, frame.action, frame.payload)
        except Unknown:
            detail = f"{frame.action} is not implemented"
            return framing.encode_error(frame.id, "NotImplemented", detail)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            detail = f"{type(error).__name__}: {error}"
            return framing.encode_error(frame.id, "FormatViolation", detail)
        return framing.encode_result(frame.id, payload)

    def _reply(self, socket: ClientConnection, text: str) -> None:
        self.watch(self.station.id, "answer", text)
        task = asyncio.create_task(self._send_reply(socket, text))
        self._slow.add(task)
        task.add_done_callback(self._slow.discard)

    async def _send_reply(self, socket: ClientConnection, text: str) -> None:
        quirks = self.station.system.persona.quirks
        if "slow-answers" in self.station.faults or "slow_answers" in quirks:
            await pause(SLOW_ANSWER_S)
        with contextlib.suppress(ConnectionClosed):
            await socket.send(text)
            if self.station.redials:
                self.station.redials = False
                await socket.close()
