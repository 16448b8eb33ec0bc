"""Everyone around the gateway, in memory, and a station that is only a socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection, connect
from websockets.headers import build_authorization_basic
from websockets.typing import Subprotocol

from csms.domain.ids import StationId
from csms.gateway.limits import Limits
from csms.gateway.ports import Admission, Ports
from csms.gateway.server import Gateway
from csms.ocpp.codes import CallRefused, RpcErrorCode
from csms.ocpp.link import Link
from csms.ocpp.wire import Edition

Payload = dict[str, Any]
PASSWORD = "correct horse battery"
Handler = Callable[[StationId, dict[str, Any]], Awaitable[dict[str, Any]]]


@dataclass
class FakeHandlers:
    """Answers Echo with what it was asked, and whatever a test adds."""

    actions: dict[str, Handler] = field(default_factory=dict)
    answered: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    heard: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    complaints: list[Exception] = field(default_factory=list)

    async def answer(
        self, station: StationId, _edition: Edition, action: str, payload: Payload
    ) -> dict[str, Any]:
        self.answered.append((station, action, payload))
        if (handler := self.actions.get(action)) is not None:
            return await handler(station, payload)
        if action == "Echo":
            return dict(payload)
        raise CallRefused(RpcErrorCode.NOT_IMPLEMENTED, action)

    async def told(
        self, station: StationId, _edition: Edition, action: str, payload: Payload
    ) -> None:
        self.heard.append((station, action, payload))
        if self.complaints:
            raise self.complaints.pop(0)


@dataclass
class FakeDoorkeeper:
    """Knows every station whose name does not begin with X, and one password."""

    asked: list[tuple[str, str | None, str]] = field(default_factory=list)
    broken: bool = False

    async def admit(
        self, station: StationId, password: str | None, remote: str
    ) -> Admission:
        self.asked.append((station, password, remote))
        if self.broken:
            raise OSError("the database is gone")
        if station.startswith("X"):
            return Admission.UNKNOWN_STATION
        if password != PASSWORD:
            return Admission.WRONG_PASSWORD
        return Admission.ADMITTED


@dataclass
class FakePresence:
    """Remembers who came and went, in order."""

    notes: list[tuple[str, str]] = field(default_factory=list)
    links: dict[str, Link] = field(default_factory=dict)
    on_connected: Callable[[Link], Awaitable[None]] | None = None
    on_disconnected: Callable[[], Awaitable[None]] | None = None

    async def connected(
        self, station: StationId, _edition: Edition, _remote: str, link: Link
    ) -> None:
        if self.on_connected is not None:
            await self.on_connected(link)
        self.links[station] = link
        self.notes.append(("connected", station))

    async def disconnected(self, station: StationId, _reason: str) -> None:
        if self.on_disconnected is not None:
            await self.on_disconnected()
        self.notes.append(("disconnected", station))

    def online(self) -> set[str]:
        """Return who is here, by the notes alone."""
        here: set[str] = set()
        for note, station in self.notes:
            (here.add if note == "connected" else here.discard)(station)
        return here


@dataclass
class FakeFrameLog:
    """Keeps every frame."""

    frames: list[tuple[str, str, str]] = field(default_factory=list)
    broken: bool = False

    def record(
        self, station: StationId, direction: Literal["in", "out"], text: str
    ) -> None:
        if self.broken and direction == "in":
            raise RuntimeError("the log is broken")
        self.frames.append((station, direction, text))


@dataclass
class FakeRejections:
    """Keeps every refused handshake."""

    refusals: list[tuple[str, int, str]] = field(default_factory=list)

    def record(self, station: str, _remote: str, status: int, reason: str) -> None:
        self.refusals.append((station, status, reason))


@dataclass
class Street:
    """A gateway and everyone around it."""

    handlers: FakeHandlers = field(default_factory=FakeHandlers)
    doorkeeper: FakeDoorkeeper = field(default_factory=FakeDoorkeeper)
    presence: FakePresence = field(default_factory=FakePresence)
    frames: FakeFrameLog = field(default_factory=FakeFrameLog)
    rejections: FakeRejections = field(default_factory=FakeRejections)
    pins: dict[str, Edition] = field(default_factory=dict)
    gateway: Gateway = field(init=False)

    def build(self, limits: Limits) -> None:
        ports = Ports(
            self.handlers, self.doorkeeper, self.presence, self.frames, self.rejections
        )
        self.gateway = Gateway(ports, limits, pin=self.pins.get)

    def url(self, station: str) -> str:
        return f"ws://127.0.0.1:{self.gateway.port}/ocpp/{station}"

    async def connect(
        self,
        station: str,
        *,
        offers: tuple[str, ...] = ("ocpp2.1", "ocpp2.0.1"),
        password: str | None = PASSWORD,
        **options: Any,  # noqa: ANN401, the options of websockets.connect
    ) -> ClientConnection:
        """Open a station's socket; ``password=None`` sends no credentials."""
        headers = dict(options.pop("headers", {}))
        if password is not None:
            headers["Authorization"] = build_authorization_basic(station, password)
        options.setdefault("compression", None)
        return await connect(
            options.pop("url", None) or self.url(station),
            subprotocols=[Subprotocol(name) for name in offers] or None,
            additional_headers=headers,
            proxy=None,
            **options,
        )

    @asynccontextmanager
    async def station(
        self,
        name: str,
        **options: Any,  # noqa: ANN401, as above
    ) -> AsyncIterator[ClientConnection]:
        """Have a station connected, known to the registry, and closed afterwards."""
        socket = await self.connect(name, **options)
        try:
            await until(lambda: name in self.presence.links)
            yield socket
        finally:
            await socket.close()

    def link(self, station: str) -> Link:
        link = self.gateway.registry.link(StationId(station))
        assert link is not None
        return link


@asynccontextmanager
async def opened(limits: Limits | None = None) -> AsyncIterator[Street]:
    """Open a street on a free port, and stop its gateway afterwards."""
    street = Street()
    street.build(limits or QUICK)
    await street.gateway.start("127.0.0.1", 0)
    try:
        yield street
    finally:
        await street.gateway.stop()


QUICK = Limits(patience=2.0, close_deadline=0.3, grace=2.0)
"""Limits for tests: nobody waits long."""


async def until(done: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.002)


async def say(socket: ClientConnection, frame: list[Any]) -> None:
    await socket.send(json.dumps(frame))


async def hear(socket: ClientConnection, seconds: float = 5.0) -> list[Any]:
    """Return the next frame, parsed."""
    async with asyncio.timeout(seconds):
        frame = json.loads(await socket.recv())
    assert isinstance(frame, list)
    return frame


async def exchange(socket: ClientConnection, frame: list[Any]) -> list[Any]:
    await say(socket, frame)
    return await hear(socket)
