"""Which stations are connected here, and how to reach them."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from csms.domain.ids import StationId

if TYPE_CHECKING:
    from csms.gateway.connection import Connection
    from csms.ocpp.link import Link


class Registry:
    """The newest socket of each station; an older one can never push it out."""

    def __init__(self) -> None:
        self._connections: dict[StationId, Connection] = {}
        self._waiting: dict[StationId, asyncio.Future[Connection]] = {}

    def link(self, station: StationId) -> "Link | None":
        """Return the way to a station, if it is connected."""
        return self._connections.get(station)

    def connected(self) -> "Mapping[StationId, Link]":
        """Return a live view of every connected station and the way to it."""
        return MappingProxyType(self._connections)

    async def wait_connected(self, station: StationId) -> "Link":
        """Return the way to a station as soon as it is connected."""
        if (connection := self._connections.get(station)) is not None:
            return connection
        if (waiting := self._waiting.get(station)) is None:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting[station] = waiting
        return await asyncio.shield(waiting)

    def put(self, connection: "Connection") -> "Connection | None":
        """Take in a connection; return the older one of its station, if any."""
        older = self._connections.get(connection.station)
        self._connections[connection.station] = connection
        if (waiting := self._waiting.pop(connection.station, None)) is not None:
            waiting.set_result(connection)
        return older

    def remove(self, connection: "Connection") -> bool:
        """Take out a connection; return whether it still held its station's place."""
        if self._connections.get(connection.station) is not connection:
            return False
        del self._connections[connection.station]
        return True

    def all(self) -> "tuple[Connection, ...]":
        """Return every connection, as of now."""
        return tuple(self._connections.values())


class Flaps:
    """Counts how often each station comes back, to notice two with one identity.

    Attributes:
        window: Seconds over which reconnections are counted.
    """

    __slots__ = ("_seen", "window")

    def __init__(self, window: float) -> None:
        self.window = window
        self._seen: dict[StationId, tuple[float, int]] = {}

    def note(self, station: StationId, now: float) -> int:
        """Count one connection; return how many came back within the window."""
        since, flaps = self._seen.get(station, (now, -1))
        if now - since > self.window:
            since, flaps = now, -1
        self._seen[station] = (since, flaps + 1)
        return flaps + 1

    def counted(self, now: float) -> Mapping[StationId, int]:
        """Return the stations that came back within the window, and how often."""
        return {
            station: flaps
            for station, (since, flaps) in self._seen.items()
            if flaps > 0 and now - since <= self.window
        }
