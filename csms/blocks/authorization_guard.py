"""Commands as they are that start somebody or keep an EVSE free (C, F, H).

They pass what the typed resources pass, and are kept like those.
"""

from dataclasses import dataclass
from typing import Any, Final

from csms.blocks.translating import token_from
from csms.domain.errors import DomainError
from csms.domain.ids import StationId
from csms.ocpp.messages.remote_control import (
    REQUEST_START_TRANSACTION,
    RequestStartTransactionRequest,
)
from csms.ocpp.messages.reservation import (
    CANCEL_RESERVATION,
    RESERVE_NOW,
    CancelReservationRequest,
    ReserveNowRequest,
)
from csms.services.asking import StationRefused, StationSilent
from csms.services.commands import Ask
from csms.services.ports.wire import (
    CommandResult,
    NoAnswer,
    Outcome,
    RefusedByStation,
    Reply,
    Silence,
)
from csms.services.reservations import Reservations
from csms.services.reserving import Wish
from csms.services.starting import RAW, Starts

_ACCEPTED: Final = "Accepted"
_FIELDS: Final = {
    "token": "idToken",
    "evse": "evseId",
    "expires_at": "expiryDateTime",
    "connector_type": "connectorType",
}
"""What the fields of a reservation are called on the wire."""


@dataclass(frozen=True, slots=True)
class StartGuard:
    """Holds starts and reservations against what tokens may and what is kept free.

    Attributes:
        starts: Judges starts.
        reservations: Judges reservations.
    """

    starts: Starts
    reservations: Reservations

    async def permit(
        self, station: StationId, action: str, payload: dict[str, Any]
    ) -> None:
        """Raise why a command must not be sent, if it must not.

        Raises:
            TokenRefused: If the token may not charge there.
            ReservedForAnother: If the EVSE is kept free for somebody else.
            MalformedReservation: If a reservation does not make sense.
            ReservationKnown: If one of its number is there, or was.
            NoRoom: If another reservation stands against it.
        """
        if action == REQUEST_START_TRANSACTION.name:
            start = RequestStartTransactionRequest.read(payload)
            group = start.group_id_token
            self.starts.require(
                station,
                token_from(start.id_token),
                start.evse_id,
                None if group is None else token_from(group),
                RAW,
            )
        elif action == RESERVE_NOW.name:
            number, wish = _wish(payload)
            try:
                await self.reservations.require(station, wish, number)
            except DomainError as problem:
                problem.field = _FIELDS.get(problem.field or "", problem.field)
                raise


@dataclass(frozen=True, slots=True)
class ReservationCommands:
    """Keeps reservations that are made and cancelled in the words of the wire.

    Attributes:
        reservations: Where they are kept.
    """

    reservations: Reservations

    async def send(
        self, station: StationId, payload: dict[str, Any], by: str, ask: Ask
    ) -> CommandResult:
        """Ask, and keep what comes of it as the typed resource does (H01, H02)."""
        heard: list[CommandResult] = []

        async def asked() -> Reply:
            heard.append(await ask())
            return _reply(station, heard[0])

        try:
            if "reservationId" in payload:
                number = CancelReservationRequest.read(payload).reservation_id
                await self.reservations.cancel_by(station, number, by, asked)
            else:
                number, wish = _wish(payload)
                await self.reservations.reserve_by(station, number, wish, by, asked)
        except (StationRefused, StationSilent):
            if not heard:
                raise
        return heard[0]

    @property
    def actions(self) -> tuple[str, ...]:
        """Return the actions that it sends."""
        return RESERVE_NOW.name, CANCEL_RESERVATION.name


def _wish(payload: dict[str, Any]) -> tuple[int, Wish]:
    said = ReserveNowRequest.read(payload)
    group = said.group_id_token
    return said.id, Wish(
        token_from(said.id_token),
        said.expiry_date_time,
        said.evse_id,
        said.connector_type,
        None if group is None else token_from(group),
    )


def _reply(station: StationId, result: CommandResult) -> Reply:
    """Return what a station said.

    Raises:
        NoAnswer: If it said nothing.
        RefusedByStation: If it answered by an error.
    """
    if result.outcome is Outcome.NO_ANSWER:
        raise NoAnswer(station, result.silence or Silence.UNANSWERED)
    if result.outcome is Outcome.CALL_ERROR:
        raise RefusedByStation(station, result.code or "", result.description or "")
    answer = result.payload or {}
    info = answer.get("statusInfo") or {}
    words = (info.get("reasonCode"), info.get("additionalInfo"))
    status = str(answer.get("status", ""))
    return Reply(status == _ACCEPTED, status, ": ".join(each for each in words if each))
