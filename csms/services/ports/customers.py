"""What is kept of what stations know of customers, and how to ask them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from csms.domain.customer import Customer, CustomerPart, CustomerRequest
from csms.domain.ids import StationId
from csms.domain.token import IdToken
from csms.services.ports.wire import Reply


class CustomerStore(Protocol):
    """The customer information of one unit of work."""

    async def add(self, request: CustomerRequest) -> int:
        """Add a request; return its number, whatever number it has now."""
        ...

    async def find(self, request: int, *, lock: bool = False) -> CustomerRequest | None:
        """Return one request with its parts, or None."""
        ...

    async def of(
        self,
        station: StationId | None = None,
        *,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[CustomerRequest]:
        """Return requests without their parts, youngest first, below a number."""
        ...

    async def answered(self, request: int, status: str, info: str) -> None:
        """Keep what the station answered."""
        ...

    async def add_part(
        self, request: int, part: CustomerPart, *, last_number: int | None
    ) -> bool:
        """Keep a part; tell whether it is new.

        The request is complete once there are all parts up to the last number.
        """
        ...

    async def delete(self, request: int) -> bool:
        """Forget a request and all that was told; tell whether it was there."""
        ...

    async def forget(self, before: datetime) -> Sequence[tuple[int, StationId]]:
        """Forget requests from before an instant; return which."""
        ...


class ListKeeper(Protocol):
    """Whoever keeps the local lists of stations."""

    async def forget(self, station: StationId, token: IdToken, by: str) -> bool:
        """Take a token off the lists; tell whether it may have been on one."""
        ...


class CustomerWire(Protocol):
    """Asks stations about customers (block N)."""

    async def ask(
        self,
        number: int,
        station: StationId,
        customer: Customer,
        *,
        report: bool,
        clear: bool,
    ) -> Reply:
        """Ask what it knows, or have it forget (N09, N10).

        Raises:
            NoAnswer: If it cannot be asked or does not answer.
            RefusedByStation: If it answers by an error.
        """
        ...
