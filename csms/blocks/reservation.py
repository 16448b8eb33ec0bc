"""Block H: keeping EVSEs free for somebody, both directions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from csms.blocks.routing import Route, route
from csms.blocks.translating import FindLink, token_of, translated, words_of
from csms.domain.ids import StationId
from csms.domain.reservation import Reservation, ReservationState
from csms.ocpp.link import Link, Priority
from csms.ocpp.messages.reservation import (
    CANCEL_RESERVATION,
    RESERVATION_STATUS_UPDATE,
    RESERVE_NOW,
    CancelReservationRequest,
    ReservationStatusUpdateRequest,
    ReservationStatusUpdateResponse,
    ReservationUpdateStatus,
    ReserveNowRequest,
)
from csms.ocpp.wire import A, Action, Q
from csms.services.ports.wire import Reply

_ACCEPTED = "Accepted"
_ENDS = {
    ReservationUpdateStatus.EXPIRED: ReservationState.EXPIRED,
    ReservationUpdateStatus.REMOVED: ReservationState.REMOVED,
    ReservationUpdateStatus.NO_TRANSACTION: ReservationState.NO_TRANSACTION,
}


class Reservations(Protocol):
    """Whoever keeps reservations."""

    async def ended(
        self, station: StationId, number: int, state: ReservationState
    ) -> None:
        """Take note that a station has ended a reservation."""
        ...


@dataclass(frozen=True, slots=True)
class ReservationUpdates:
    """Takes the end of reservations.

    Attributes:
        reservations: Where they are kept.
    """

    reservations: Reservations

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(RESERVATION_STATUS_UPDATE, self.ended)

    async def ended(
        self, station: StationId, request: ReservationStatusUpdateRequest
    ) -> ReservationStatusUpdateResponse:
        """Note the end of a reservation (H04, H01.FR.16, H01.FR.17)."""
        await self.reservations.ended(
            station, request.reservation_id, _ENDS[request.reservation_update_status]
        )
        return ReservationStatusUpdateResponse()


@dataclass(frozen=True, slots=True)
class StationReservations:
    """Asks stations to keep EVSEs free: the port ``ReservationWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    async def reserve(self, reservation: Reservation) -> Reply:
        """Ask to keep an EVSE free (H01); without an EVSE any will do."""
        group = reservation.group
        answer = await self._ask(
            reservation.station,
            RESERVE_NOW,
            ReserveNowRequest(
                id=reservation.id,
                expiry_date_time=reservation.expires_at,
                id_token=token_of(reservation.token),
                connector_type=reservation.connector_type,
                evse_id=reservation.evse,
                group_id_token=None if group is None else token_of(group),
            ),
        )
        status = answer.status.value
        return Reply(status == _ACCEPTED, status, words_of(answer.status_info))

    async def cancel(self, station: StationId, number: int) -> Reply:
        """Take a reservation back (H02)."""
        answer = await self._ask(
            station, CANCEL_RESERVATION, CancelReservationRequest(reservation_id=number)
        )
        status = answer.status.value
        return Reply(status == _ACCEPTED, status, words_of(answer.status_info))

    async def _ask(self, station: StationId, action: Action[Q, A], request: Q) -> A:
        async def call(link: Link) -> A:
            return await link.ask(action, request, priority=Priority.ROUTINE)

        return await translated(self.link(station), call, station)
