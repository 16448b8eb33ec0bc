"""Block G: signs of life, and the state of connectors."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from csms.blocks.places import Places, Ratings
from csms.blocks.routing import Route, route
from csms.clock import Clock
from csms.domain.ids import EvseId, StationId
from csms.domain.station_request import ConnectorState
from csms.ocpp.messages.availability import (
    HEARTBEAT,
    STATUS_NOTIFICATION,
    HeartbeatRequest,
    HeartbeatResponse,
    StatusNotificationRequest,
    StatusNotificationResponse,
)
from csms.services.ports.wire import Deviations


class LiveConnectors(Protocol):
    """Whoever keeps what connectors are doing now."""

    def is_timely(self, at: datetime) -> bool:
        """Tell whether an instant is near enough to now to drive control."""
        ...

    def update(self, evse: EvseId, **changes: object) -> None:
        """Change what is known of an EVSE."""
        ...


class Notes(Deviations, Protocol):
    """Whoever notes in passing what stations say."""

    def connector(self, state: ConnectorState) -> None:
        """Note what a connector is."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectorStates:
    """Takes the state of a connector from whichever message brings it.

    A state from a time without connection changes nothing (rule 22), nor does that of
    an EVSE that nobody has registered.

    Attributes:
        live: Where the state is kept for control.
        evses: Knows which EVSEs there are.
        notes: Where every state is noted, and states of unknown connectors counted.
        clock: Where business time comes from.
    """

    live: LiveConnectors
    evses: Ratings
    notes: Notes
    clock: Clock

    def take(self, evse: EvseId, connector: int, status: str, at: datetime) -> None:
        """Keep the state of a connector."""
        path, place = "StatusNotification.evseId", f"{evse} #{connector}"
        if not Places(self.evses, self.notes, self.clock).check(evse, path, place):
            return
        self.notes.connector(ConnectorState(evse, connector, status, at))
        if not self.live.is_timely(at):
            return
        self.live.update(evse, connector_status=status, connector_status_at=at)


@dataclass(frozen=True, slots=True)
class Availability:
    """Answers heartbeats and status notifications.

    Attributes:
        connectors: Where states of connectors go.
        clock: Where the time we tell stations comes from.
    """

    connectors: ConnectorStates
    clock: Clock

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(HEARTBEAT, self.heartbeat)
        yield route(STATUS_NOTIFICATION, self.status_notification)

    async def heartbeat(
        self, station: StationId, request: HeartbeatRequest
    ) -> HeartbeatResponse:
        """Tell the time (G02)."""
        del station, request
        return HeartbeatResponse(current_time=self.clock.now())

    async def status_notification(
        self, station: StationId, request: StatusNotificationRequest
    ) -> StatusNotificationResponse:
        """Keep the state of a connector (G01)."""
        self.connectors.take(
            EvseId(station, request.evse_id),
            request.connector_id,
            request.connector_status.value,
            request.timestamp,
        )
        return StatusNotificationResponse()
