"""What is kept of requests to stations, and how they are asked (blocks F and G)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import Profile
from csms.domain.station_request import (
    ConnectorState,
    RequestKind,
    RequestState,
    StationRequest,
)
from csms.domain.token import IdToken
from csms.services.ports.wire import Reply


class RequestStore(Protocol):
    """The requests and connectors of one unit of work."""

    async def open(  # noqa: PLR0913, each is a column
        self,
        station: StationId,
        kind: RequestKind,
        *,
        evse: int | None,
        connector: int | None,
        detail: Mapping[str, Any],
        by: str,
        at: datetime,
    ) -> int:
        """Write down what is about to be asked; return its number."""
        ...

    async def close(
        self,
        request: int,
        state: RequestState,
        *,
        status: str | None,
        info: str,
        transaction: TransactionId | None,
    ) -> StationRequest:
        """Write down what the station said to it; return the request as it is now."""
        ...

    async def supersede(
        self,
        station: StationId,
        evse: int | None,
        connector: int | None,
        but: int,
    ) -> None:
        """End scheduled changes of availability that another one replaces."""
        ...

    async def of_station(
        self, station: StationId, before: int | None = None, limit: int = 100
    ) -> Sequence[StationRequest]:
        """Return requests, the latest first, from below ``before``.

        A start comes with the transaction that names it, even if it was never answered.
        """
        ...

    async def save_connectors(self, states: Sequence[ConnectorState]) -> None:
        """Keep what connectors are; an earlier instant changes nothing.

        A scheduled change of availability that is seen to have happened is done.
        """
        ...

    async def connectors(self, station: StationId) -> Sequence[ConnectorState]:
        """Return the connectors of a station, in order."""
        ...


class OperatingWire(Protocol):
    """Asks stations to act; every method raises ``NoAnswer``, ``RefusedByStation``."""

    async def start(
        self,
        evse: EvseId,
        token: IdToken,
        remote_start_id: int,
        profile: Profile | None = None,
    ) -> Reply:
        """Ask for a transaction, with a TxProfile from its first moment on (F01)."""
        ...

    async def stop(self, station: StationId, transaction: TransactionId) -> Reply:
        """Ask for the end of a transaction (F03)."""
        ...

    async def unlock(self, evse: EvseId, connector: int) -> Reply:
        """Ask for a connector to be unlocked (F05)."""
        ...

    async def trigger(
        self,
        station: StationId,
        message: str,
        evse: int | None = None,
        connector: int | None = None,
    ) -> Reply:
        """Ask for a message (F06); ``Custom:name`` names one of a vendor's (2.1)."""
        ...

    async def change_availability(
        self,
        station: StationId,
        evse: int | None,
        *,
        operative: bool,
        connector: int | None = None,
    ) -> Reply:
        """Take a connector, an EVSE or the station in or out of service (G03, G04)."""
        ...
