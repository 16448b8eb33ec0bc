"""Block N: events of the device model."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from csms.blocks.availability import ConnectorStates
from csms.blocks.routing import Route, route
from csms.blocks.translating import key_from
from csms.clock import Clock
from csms.domain.ids import EvseId, StationId
from csms.domain.station import ConnectorStatus, StationNotice, VariableKey
from csms.ocpp.messages.diagnostics import (
    NOTIFY_EVENT,
    EventData,
    NotifyEventRequest,
    NotifyEventResponse,
)

SEVERITY_UNSAID = 6
AVAILABILITY = "AvailabilityState"
CONNECTOR = "Connector"
_STATES = frozenset(ConnectorStatus)


class Notices(Protocol):
    """Whoever keeps what stations tell of themselves."""

    def note(self, notice: StationNotice) -> None:
        """Keep it."""
        ...


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """Answers events of the device model.

    Attributes:
        connectors: Where states of connectors go: in 2.1 they come as events.
        notices: Where everything else is kept.
        clock: Where business time comes from.
    """

    connectors: ConnectorStates
    notices: Notices
    clock: Clock

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(NOTIFY_EVENT, self.notify_event)

    async def notify_event(
        self, station: StationId, request: NotifyEventRequest
    ) -> NotifyEventResponse:
        """Take events of the device model (N07; connector states: G01, B04)."""
        for event in request.event_data:
            key = key_from(event.component, event.variable)
            if _is_connector_state(key, event):
                self.connectors.take(
                    EvseId(station, key.evse),
                    key.connector,
                    event.actual_value,
                    event.timestamp,
                )
            else:
                self._note(station, key, event)
        return NotifyEventResponse()

    def _note(self, station: StationId, key: VariableKey, event: EventData) -> None:
        severity = SEVERITY_UNSAID if event.severity is None else event.severity
        self.notices.note(
            StationNotice(
                station,
                event.timestamp,
                self.clock.now(),
                f"NotifyEvent {key.component}.{key.variable}",
                min(severity, 9),
                event.write(),
            )
        )


def _is_connector_state(key: VariableKey, event: EventData) -> bool:
    return (
        key.variable == AVAILABILITY
        and key.component == CONNECTOR
        and key.evse > 0
        and event.actual_value in _STATES
    )
