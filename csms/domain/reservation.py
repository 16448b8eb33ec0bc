"""Keeping an EVSE free for somebody (block H)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from csms.domain.ids import StationId, TransactionId
from csms.domain.token import IdToken


class ReservationState(StrEnum):
    """How far a reservation has come."""

    ASKED = "asked"
    """The station was asked; what it made of it is not known."""
    HELD = "held"
    """The station keeps an EVSE free."""
    REFUSED = "refused"
    """The station did not take it, or never got it."""
    USED = "used"
    """A transaction has begun with it."""
    CANCELLED = "cancelled"
    """We took it back."""
    EXPIRED = "expired"
    """Nobody came in time."""
    REMOVED = "removed"
    """The station gave it up: it is faulted or out of service."""
    NO_TRANSACTION = "no_transaction"
    """Somebody came, and no transaction followed (2.1)."""


OPEN = frozenset({ReservationState.ASKED, ReservationState.HELD})
"""The states in which an EVSE is, or may be, kept free."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """An EVSE that is kept free for somebody.

    Attributes:
        id: Its number; unique over all stations.
        station: Where.
        token: For whom.
        expires_at: Until when.
        evse: Which EVSE; any if there is none.
        connector_type: With which plug; any if there is none.
        group: Who else may use it (H03).
        state: How far it has come.
        answer: The station's word, such as ``Occupied``; empty before there is one.
        detail: The station's reason, or ours.
        transaction: The transaction that used it.
        asked_at: When it was asked for.
        changed_at: When its state last changed.
    """

    id: int
    station: StationId
    token: IdToken
    expires_at: datetime
    evse: int | None
    connector_type: str | None
    group: IdToken | None
    state: ReservationState
    asked_at: datetime
    changed_at: datetime
    answer: str = ""
    detail: str = ""
    transaction: TransactionId | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether an EVSE is, or may be, kept free for it."""
        return self.state in OPEN

    def serves(self, token: IdToken, group: IdToken | None, evse: int | None) -> bool:
        """Tell whether a token at an EVSE may use it (H03.FR.01 to H03.FR.06)."""
        if self.evse is not None and evse is not None and self.evse != evse:
            return False
        if token.key == self.token.key:
            return True
        return (
            self.group is not None
            and group is not None
            and group.value.casefold() == self.group.value.casefold()
        )
