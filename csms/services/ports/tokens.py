"""What tokens, local lists and reservations need: where they are kept, who is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from csms.domain.ids import StationId
from csms.domain.local_list import ListUpdate, LocalList
from csms.domain.reservation import Reservation
from csms.domain.token import TokenRecord
from csms.services.ports.wire import Reply


@dataclass(frozen=True, slots=True)
class Edge:
    """How far the tokens have come: it differs whenever any of them does.

    Attributes:
        revision: The revision of the one that changed last; removals count too.
        count: How many there are.
    """

    revision: int
    count: int


class TokenStore(Protocol):
    """The id tokens of one unit of work."""

    async def edge(self) -> Edge:
        """Return how far they have come."""
        ...

    async def all(self) -> Sequence[TokenRecord]:
        """Return every token, by number."""
        ...

    async def add(self, record: TokenRecord, at: datetime) -> TokenRecord | None:
        """Add a token; return it with its number, or none if it is there already."""
        ...

    async def change(self, record: TokenRecord, at: datetime) -> bool:
        """Replace what is known of a token, by its number; tell whether it is there."""
        ...

    async def remove(self, number: int) -> bool:
        """Forget a token; tell whether it was there."""
        ...


class LocalListStore(Protocol):
    """The local lists of one unit of work."""

    async def find(self, station: StationId) -> LocalList | None:
        """Return the list of a station, or None if nobody ever wanted one."""
        ...

    async def save(self, value: LocalList) -> None:
        """Keep the list of a station."""
        ...

    async def managed(self) -> Sequence[LocalList]:
        """Return the lists that are kept in step, without what they hold."""
        ...

    async def all(self) -> Sequence[LocalList]:
        """Return every list that was ever wanted, without what it holds."""
        ...


class ReservationStore(Protocol):
    """The reservations of one unit of work."""

    async def add(self, reservation: Reservation, by: str) -> Reservation:
        """Keep a new reservation; return it with its number."""
        ...

    async def save(self, reservation: Reservation) -> bool:
        """Keep how far an open one has come; tell whether it was still open."""
        ...

    async def find(self, number: int) -> Reservation | None:
        """Return one, or None."""
        ...

    async def open(self) -> Sequence[Reservation]:
        """Return every open one, by number."""
        ...

    async def of(
        self, station: StationId | None, before: int | None, limit: int
    ) -> Sequence[Reservation]:
        """Return those of a station or of all, youngest first, below a number."""
        ...


class LocalListWire(Protocol):
    """Asks stations about what they decide by themselves (blocks C and D).

    Every method that asks raises ``NoAnswer`` and ``RefusedByStation``.
    """

    async def version(self, station: StationId) -> int:
        """Return the version of its list; 0 if it has none (D02)."""
        ...

    async def send(self, station: StationId, version: int, update: ListUpdate) -> Reply:
        """Change its list (D01)."""
        ...

    def size(self, version: int, update: ListUpdate) -> int:
        """Return the bytes of the message that changes a list so."""
        ...

    async def clear_cache(self, station: StationId) -> Reply:
        """Clear its authorization cache (C11)."""
        ...


class ReservationWire(Protocol):
    """Asks stations to keep EVSEs free (block H).

    Every method raises ``NoAnswer`` and ``RefusedByStation``.
    """

    async def reserve(self, reservation: Reservation) -> Reply:
        """Ask to keep an EVSE free (H01)."""
        ...

    async def cancel(self, station: StationId, number: int) -> Reply:
        """Take a reservation back (H02)."""
        ...
