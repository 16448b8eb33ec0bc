"""What may be reserved: everything that is held against a wish before it is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from csms.charging.reservations import room
from csms.clock import Clock
from csms.domain.errors import Broken, Conflict, NotAllowed, NotFound
from csms.domain.ids import StationId
from csms.domain.reservation import Reservation, ReservationState
from csms.domain.station import EDITION_201, Standing
from csms.domain.token import NO_AUTHORIZATION, IdToken
from csms.services.asking import lacks
from csms.services.reception import UnknownStation
from csms.services.stations import StationBook
from csms.services.tokens import Tokens

LONGEST = timedelta(days=7)
"""How far ahead an EVSE may be kept free: longer takes it from everybody else."""

REMEDIES: Mapping[str, str] = {
    "Occupied": "choose another EVSE, or wait until it is free (H01.FR.11)",
    "Faulted": "the EVSE has a fault; see the notices of the station (H01.FR.12)",
    "Unavailable": "take the EVSE into service first (H01.FR.14)",
    "Rejected": "the station is configured to take none (H01.FR.01)",
}
"""What usually helps, by what the station answered."""


class UnknownReservation(NotFound):
    """There is no such reservation."""

    code = "unknown-reservation"
    usual_remedy = "see csms reservations list"


class MalformedReservation(Broken):
    """What is asked for does not make sense."""

    code = "malformed-reservation"


class ReservationKnown(Conflict):
    """There is a reservation of this number, or was."""

    code = "reservation-known"
    usual_remedy = "cancel it first, or choose another number"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="id")


class NoRoom(Conflict):
    """Another reservation stands against it."""

    code = "reservation-overlaps"


class TokenRefused(NotAllowed):
    """The token may not charge there."""

    code = "id-token-refused"


class ReservationOver(Conflict):
    """The reservation has ended already."""

    code = "reservation-over"
    usual_remedy = "make a new one"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks to be kept free.

    Attributes:
        token: For whom.
        expires_at: Until when.
        evse: Which EVSE; any if there is none, or if it is 0.
        connector_type: With which plug; any if there is none.
        group: Who else may use it.
    """

    token: IdToken
    expires_at: datetime
    evse: int | None = None
    connector_type: str | None = None
    group: IdToken | None = None


def asked_for(
    station: StationId, wish: Wish, number: int, now: datetime
) -> Reservation:
    """Return a wish as a reservation of which nobody knows yet whether it is held."""
    return Reservation(
        id=number,
        station=station,
        token=wish.token,
        expires_at=wish.expires_at,
        evse=wish.evse,
        connector_type=wish.connector_type,
        group=wish.group,
        state=ReservationState.ASKED,
        asked_at=now,
        changed_at=now,
    )


@dataclass(frozen=True, slots=True)
class Wishes:
    """Holds wishes against what stations can do and what tokens may.

    Attributes:
        clock: Where business time comes from.
        book: What is known of every station.
        tokens: Who may charge where.
    """

    clock: Clock
    book: StationBook
    tokens: Tokens

    def require(self, station: StationId, wish: Wish) -> None:
        """Let a wish pass that the station can be told of.

        Raises:
            UnknownStation: If no such station is in the registry.
            StationLacks: If the station takes no such reservation.
            NotAllowed: If the station is not accepted.
            MalformedReservation: If the wish does not make sense.
            TokenRefused: If the token may not charge there.
        """
        known = self.book.station(station)
        if known is None:
            raise UnknownStation(f"there is no station {station}")
        said = self.book.capability(station).authority
        if not said.reserves:
            raise lacks(
                station, "takes no reservations", "ReservationCtrlr.Enabled = true"
            )
        if wish.evse is None and not said.reserves_any:
            raise lacks(
                station,
                "reserves only a certain EVSE",
                "ReservationCtrlr.NonEvseSpecific = true (H01.FR.19)",
            )
        if known.standing is not Standing.ACCEPTED:
            raise NotAllowed(f"{station} is {known.standing}")
        now = self.clock.now()
        if wish.expires_at <= now or wish.expires_at > now + LONGEST:
            raise MalformedReservation(
                f"it ends after now and within {LONGEST.days} days", field="expires_at"
            )
        if wish.evse is not None and wish.connector_type is not None:
            raise MalformedReservation(
                "an EVSE or a connector type is reserved, not both",
                field="connector_type",
                remedy="leave one out",
            )
        self._require_token(station, known.edition or EDITION_201, wish)

    def _require_token(self, station: StationId, edition: str, wish: Wish) -> None:
        if wish.token.type == NO_AUTHORIZATION or not wish.token.value:
            raise MalformedReservation(
                "it is kept free for somebody: name a token", field="token"
            )
        for each in filter(None, (wish.token, wish.group)):
            if edition == EDITION_201 and not each.is_of_201:
                raise MalformedReservation(
                    f"{station} speaks 2.0.1 and cannot be told of {each.type} tokens "
                    "or of more than 36 characters",
                    field="token",
                )
        told = self.tokens.judge(station, wish.token, wish.evse, starting=True)
        if not told.accepted:
            raise TokenRefused(
                f"{wish.token.type} {wish.token.shown} is {told.verdict} at {station}",
                field="token",
            )

    def require_room(
        self, station: StationId, wish: Wish, held: Sequence[Reservation]
    ) -> None:
        """Let a wish pass that there is room for.

        Raises:
            NoRoom: If another reservation stands against it.
        """
        found = room(
            held,
            (wish.evse, wish.connector_type),
            self.tokens.spot(station).evses,
        )
        if not found:
            against = ", ".join(map(str, found.against))
            raise NoRoom(
                f"{station}: {found.reason}" + (f" ({against})" if against else ""),
                field="evse" if wish.evse is not None else "connector_type",
                remedy="cancel what stands against it" if against else None,
            )
