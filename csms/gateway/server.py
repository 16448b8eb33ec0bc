"""Accept stations' sockets: who they are, what they speak, and until when."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from ssl import SSLContext
from typing import cast

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from csms.domain.ids import StationId
from csms.gateway.asking import Surroundings
from csms.gateway.connection import Connection
from csms.gateway.deflate import ThriftyDeflateFactory
from csms.gateway.door import Admitted, Door, TurnedAway, any_edition
from csms.gateway.limits import Limits, Tally
from csms.gateway.ports import Ports
from csms.gateway.registry import Flaps, Registry
from csms.gateway.securing import BASIC, TLS, SecuredConnection, Securing
from csms.gateway.throttle import Pace
from csms.gateway.turns import Turns
from csms.ocpp.wire import Edition

NO_STATUS = 0
"""Stands for the HTTP status of a handshake that failed below HTTP."""

REALM = 'Basic realm="OCPP", charset="UTF-8"'

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listening:
    """A port on which stations are accepted: one security profile per port.

    Attributes:
        host: The address.
        port: The port; 0 is any free one.
        profile: The security profile (A00.FR.006).
        context: Returns the present TLS context; None for profile 1.
    """

    host: str
    port: int
    profile: int = BASIC
    context: Callable[[], SSLContext] | None = None


class StationSocket(SecuredConnection):
    """A socket that knows how its handshake was judged.

    Attributes:
        admitted: Who came in, if anyone did.
        name: Who it said it is, as far as that can be read.
        reason: Why it was turned away, if we did so.
    """

    admitted: Admitted
    name: str = ""
    reason: str = ""

    @property
    def remote(self) -> str:
        """Return the address at the other end, without its port."""
        address = self.remote_address
        return str(address[0]) if address else ""


class Gateway:
    """The door for stations, and everything that is connected through it.

    Attributes:
        registry: Which stations are connected.
        tally: What was counted.
        flaps: Which stations keep coming back.
    """

    def __init__(
        self,
        ports: Ports,
        limits: Limits | None = None,
        *,
        pin: Callable[[StationId], Edition | None] = any_edition,
    ) -> None:
        """Build a gateway that does not listen yet.

        Args:
            ports: Everyone it talks to.
            limits: How much it takes and how long it waits.
            pin: Returns the only edition a station may speak, if it is held to one.
        """
        self.registry = Registry()
        self.tally = Tally()
        self._limits = limits or Limits()
        self.flaps = Flaps(self._limits.flap_window)
        self._ports = ports
        self._around = Surroundings(ports, self._limits, self.tally)
        pace = Pace(self._limits.connections_per_second, self._limits.connection_burst)
        self._door = Door(ports.doorkeeper, pace, pin, ports.identities)
        self._turns = Turns()
        self._servers: list[Server] = []
        self._ports_open: list[int] = []
        self._securing: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Return the port that is listened on; the first one of several.

        Raises:
            RuntimeError: If the gateway was not started.
        """
        if not self._ports_open:
            raise RuntimeError("the gateway was not started")
        return self._ports_open[0]

    async def start(
        self, host: str, port: int, *, ssl: SSLContext | None = None
    ) -> None:
        """Listen for stations at ``/ocpp/<station id>``, by a password.

        Raises:
            OSError: If the address cannot be listened on.
        """
        if ssl is None:
            await self.listen(Listening(host, port))
        else:
            await self.listen(Listening(host, port, TLS, lambda: ssl))

    async def listen(self, listening: Listening) -> int:
        """Listen for stations on one more port; return its number.

        Raises:
            OSError: If the address cannot be listened on.
        """
        limits = self._limits
        securing = Securing(
            listening.profile,
            listening.context,
            limits.open_deadline,
            self._not_secured,
            self._securing,
        )
        server = await serve(
            self._serve,
            listening.host,
            listening.port,
            create_connection=cast(
                "type[StationSocket]", partial(StationSocket, securing=securing)
            ),
            extensions=[ThriftyDeflateFactory()] if limits.compression else None,
            compression=None,
            select_subprotocol=_agreed,
            process_request=self._judge,
            process_response=self._note,
            server_header=None,
            open_timeout=limits.open_deadline,
            ping_interval=limits.ping_interval,
            ping_timeout=limits.ping_deadline,
            close_timeout=limits.close_deadline,
            max_size=limits.frame_bytes,
            logger=_quiet_logger(),
            backlog=1024,
        )
        port = int(server.sockets[0].getsockname()[1])
        self._servers.append(server)
        self._ports_open.append(port)
        log.info(
            "gateway.opened",
            host=listening.host,
            port=port,
            security_profile=listening.profile,
        )
        return port

    async def stop(self) -> None:
        """Let no one in, give the answers under way, close every socket (1001)."""
        if not self._servers:
            return
        self._door.stopping = True
        for handshake in tuple(self._securing):
            handshake.cancel()
        await asyncio.gather(*(one.drain() for one in self.registry.all()))
        for server in self._servers:
            server.close(
                code=CloseCode.GOING_AWAY, reason="the central system is stopping"
            )
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        log.info("gateway.closed")

    # The handshake

    async def _judge(
        self, socket: ServerConnection, request: Request
    ) -> Response | None:
        """Let a station in, or say why not."""
        station = cast("StationSocket", socket)
        now = asyncio.get_running_loop().time()
        try:
            station.admitted = await self._door.judge(
                request, station.remote, now, station.entrance
            )
        except TurnedAway as refusal:
            station.name, station.reason = refusal.station, refusal.reason
            response = socket.respond(refusal.status, f"{refusal.reason}\n")
            if refusal.status == HTTPStatus.UNAUTHORIZED:
                response.headers["WWW-Authenticate"] = REALM
            if refusal.retry_after is not None:
                response.headers["Retry-After"] = str(refusal.retry_after)
            return response
        station.name = station.admitted.station
        return None

    def _note(
        self, socket: ServerConnection, request: Request, response: Response
    ) -> None:
        """Keep every refusal, ours and those of the WebSocket protocol."""
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            return
        station = cast("StationSocket", socket)
        reason = station.reason or (response.body or b"").decode().strip()
        name = station.name or request.path[:100]
        self.tally.rejected += 1
        log.warning(
            "handshake.rejected",
            station=name,
            remote=station.remote,
            status=response.status_code,
            reason=reason,
        )
        self._ports.rejections.record(
            name, station.remote, response.status_code, reason
        )

    def _not_secured(self, remote: str, reason: str) -> None:
        """Keep a handshake that failed before a word of HTTP was read."""
        self.tally.rejected += 1
        log.warning("handshake.rejected", remote=remote, reason=reason)
        self._ports.rejections.record("", remote, NO_STATUS, reason)

    # The connection

    async def _serve(self, socket: ServerConnection) -> None:
        """Serve one station's socket from its handshake to its end."""
        accepted = cast("StationSocket", socket)
        station, edition = accepted.admitted.station, accepted.admitted.edition
        connection = Connection(socket, station, edition, accepted.remote, self._around)
        self._welcome(connection)
        greeting = self._turns.take(station, self._greet(connection))
        try:
            await connection.run(greeting)
        finally:
            if self.registry.remove(connection):
                farewell = self._part(station, connection.ended or "connection lost")
                await self._turns.take(station, farewell)
            await connection.finish()

    def _welcome(self, connection: Connection) -> None:
        """Give the station's place to its newest socket, and close the older one."""
        station, now = connection.station, asyncio.get_running_loop().time()
        self.tally.accepted += 1
        older = self.registry.put(connection)
        flaps = self.flaps.note(station, now)
        if older is not None:
            self.tally.superseded += 1
            older.close(CloseCode.POLICY_VIOLATION, "superseded by a newer connection")
        if flaps and flaps % self._limits.flaps == 0:
            self.tally.flap_alarms += 1
            log.error(
                "station.flapping",
                station=station,
                times=flaps,
                seconds=self.flaps.window,
                remote=connection.remote,
                superseded=older.remote if older else None,
                remedy="look for a bad line, or for two devices with one identity",
            )

    async def _greet(self, connection: Connection) -> None:
        try:
            await self._ports.presence.connected(
                connection.station, connection.edition, connection.remote, connection
            )
        except Exception:
            log.exception("presence.failed", station=connection.station)

    async def _part(self, station: StationId, reason: str) -> None:
        try:
            await self._ports.presence.disconnected(station, reason)
        except Exception:
            log.exception("presence.failed", station=station)


def _agreed(socket: ServerConnection, _offered: object) -> Subprotocol:
    """Return the subprotocol that was agreed on when the handshake was judged."""
    return Subprotocol(cast("StationSocket", socket).admitted.edition)


def _quiet_logger() -> logging.Logger:
    """Return the logger of the WebSocket library; we log its events ourselves."""
    logger = logging.getLogger("csms.gateway.websockets")
    logger.setLevel(logging.ERROR)
    return logger
