"""Keeping an EVSE free for somebody (block H)."""

from typing import Annotated

from csms.ocpp.messages.common import IdToken, StatusInfo
from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    TO_STATION,
    Action,
    Instant,
    Natural,
    Wire,
    Word,
    text,
)


class CancelReservationStatus(Word):
    """Whether a reservation was cancelled."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ReserveNowStatus(Word):
    """Whether an EVSE was reserved."""

    ACCEPTED = "Accepted"
    FAULTED = "Faulted"
    OCCUPIED = "Occupied"
    REJECTED = "Rejected"
    UNAVAILABLE = "Unavailable"


class ReservationUpdateStatus(Word):
    """Why a reservation has ended."""

    EXPIRED = "Expired"
    REMOVED = "Removed"
    NO_TRANSACTION = "NoTransaction"


class ReserveNowRequest(Wire):
    """Reserve an EVSE until some instant (H01).

    Attributes:
        id: Of the reservation; one that exists is replaced.
        evse_id: Without it, any EVSE will do.
        group_id_token: Whoever is of this group may use the reservation.
    """

    id: Natural
    expiry_date_time: Instant
    id_token: IdToken
    connector_type: Annotated[str, text(20)] | None = None
    evse_id: Natural | None = None
    group_id_token: IdToken | None = None


class ReserveNowResponse(Wire):
    """Whether an EVSE was reserved."""

    status: ReserveNowStatus
    status_info: StatusInfo | None = None


class CancelReservationRequest(Wire):
    """Cancel a reservation (H02)."""

    reservation_id: Natural


class CancelReservationResponse(Wire):
    """Whether the reservation was cancelled."""

    status: CancelReservationStatus
    status_info: StatusInfo | None = None


class ReservationStatusUpdateRequest(Wire):
    """A reservation has ended without being used (H04)."""

    reservation_id: Natural
    reservation_update_status: ReservationUpdateStatus


class ReservationStatusUpdateResponse(Wire):
    """The end of the reservation is noted."""


RESERVE_NOW: Action[ReserveNowRequest, ReserveNowResponse] = Action(
    "ReserveNow", ReserveNowRequest, ReserveNowResponse, BOTH, TO_STATION
)
CANCEL_RESERVATION: Action[CancelReservationRequest, CancelReservationResponse] = (
    Action(
        "CancelReservation",
        CancelReservationRequest,
        CancelReservationResponse,
        BOTH,
        TO_STATION,
    )
)
RESERVATION_STATUS_UPDATE: Action[
    ReservationStatusUpdateRequest, ReservationStatusUpdateResponse
] = Action(
    "ReservationStatusUpdate",
    ReservationStatusUpdateRequest,
    ReservationStatusUpdateResponse,
    BOTH,
    FROM_STATION,
)
