"""Block N: events of the device model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from csms.blocks.availability import ConnectorStates
from csms.blocks.places import Places
from csms.blocks.routing import Route, route
from csms.blocks.translating import key_from
from csms.clock import Clock
from csms.domain.alert import SEVERITY_UNSAID, SeverityFrom, StationEvent, Trigger
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.station import ConnectorStatus, StationNotice, VariableKey
from csms.ocpp.messages.diagnostics import (
    NOTIFY_EVENT,
    EventData,
    NotifyEventRequest,
    NotifyEventResponse,
)

AVAILABILITY = "AvailabilityState"
CONNECTOR = "Connector"
_STATES = frozenset(ConnectorStatus)


class Notices(Protocol):
    """Whoever keeps what stations tell of themselves."""

    def note(self, notice: StationNotice) -> None:
        """Keep it."""
        ...


class Events(Protocol):
    """Whoever keeps notified events and acts on them."""

    async def take(self, events: Sequence[StationEvent]) -> None:
        """Keep the events of one station, and act on them in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """Answers events of the device model.

    Attributes:
        connectors: Where states of connectors go: in 2.1 they come as events.
        notices: Where everything else is kept, periodic values left out.
        events: Where everything else is judged.
        clock: Where business time comes from.
    """

    connectors: ConnectorStates
    notices: Notices
    events: Events
    clock: Clock

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(NOTIFY_EVENT, self.notify_event)

    async def notify_event(
        self, station: StationId, request: NotifyEventRequest
    ) -> NotifyEventResponse:
        """Take events of the device model (N07, N08; connector states: G01, B04)."""
        events: list[StationEvent] = []
        for said in request.event_data:
            key = key_from(said.component, said.variable)
            if _is_connector_state(key, said):
                self.connectors.take(
                    EvseId(station, key.evse),
                    key.connector,
                    said.actual_value,
                    said.timestamp,
                )
                continue
            self._check_place(station, key)
            event = self._event(station, key, said)
            if event.trigger is not Trigger.PERIODIC:
                self._note(event, said)
            events.append(event)
        await self.events.take(events)
        return NotifyEventResponse()

    def _event(
        self, station: StationId, key: VariableKey, said: EventData
    ) -> StationEvent:
        unsaid = said.severity is None
        return StationEvent(
            station=station,
            event_id=said.event_id,
            at=said.timestamp,
            received_at=self.clock.now(),
            trigger=Trigger(said.trigger.value),
            origin=said.event_notification_type.value,
            key=key,
            value=said.actual_value,
            severity=SEVERITY_UNSAID if said.severity is None else said.severity,
            severity_from=SeverityFrom.NOBODY if unsaid else SeverityFrom.EVENT,
            cleared=said.cleared,
            cause=said.cause,
            transaction=None
            if said.transaction_id is None
            else TransactionId(said.transaction_id),
            monitor=said.variable_monitoring_id,
            tech_code=said.tech_code,
            tech_info=said.tech_info,
        )

    def _note(self, event: StationEvent, said: EventData) -> None:
        self.notices.note(
            StationNotice(
                event.station,
                event.at,
                event.received_at,
                f"NotifyEvent {event.key.component}.{event.key.variable}",
                min(event.severity, 9),
                said.write(),
            )
        )

    def _check_place(self, station: StationId, key: VariableKey) -> None:
        """Count an event of an EVSE that there is not; it is kept all the same."""
        if key.evse:
            places = Places(self.connectors.evses, self.connectors.notes, self.clock)
            path = "NotifyEvent.eventData.component.evse.id"
            places.check(EvseId(station, key.evse), path, key.text)


def _is_connector_state(key: VariableKey, event: EventData) -> bool:
    return (
        key.variable == AVAILABILITY
        and key.component == CONNECTOR
        and key.evse > 0
        and event.actual_value in _STATES
    )
