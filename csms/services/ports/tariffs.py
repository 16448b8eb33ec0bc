"""What is kept of tariffs, costs and signed values, and how stations are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.tariff import (
    Prices,
    Tariff,
    TariffAssignment,
    TransactionCost,
)
from csms.services.ports.wire import FieldError, Reply


@dataclass(frozen=True, slots=True)
class Bill:
    """What a transaction's cost is reckoned from.

    Attributes:
        evse: Where it runs; None if it never said.
        ended_at: When it ended; None while it goes on.
        states: Instant and charging state of each report, in order.
        registers: Location, lowest and highest register of imported energy.
    """

    evse: int | None
    ended_at: datetime | None
    states: Sequence[tuple[datetime, str | None]]
    registers: Sequence[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Running:
    """A transaction that goes on, and what it has cost so far.

    Attributes:
        evse: Where it runs; 0 if it never said.
        since: When it was first heard of.
        cost: What this system reckoned; None where it reckoned nothing yet.
    """

    station: StationId
    evse: int
    transaction: TransactionId
    since: datetime
    cost: TransactionCost | None


class TariffStore(Protocol):
    """The tariffs of one unit of work."""

    async def save(self, tariff: Tariff, by: str, at: datetime) -> None:
        """Keep a tariff in place of one with the same id."""
        ...

    async def find(self, tariff: str) -> Tariff | None:
        """Return one tariff."""
        ...

    async def all(self) -> Sequence[Tariff]:
        """Return every tariff, by id."""
        ...

    async def is_used(self, tariff: str) -> bool:
        """Tell whether it holds anywhere, or costs were reckoned by it."""
        ...

    async def remove(self, tariff: str) -> None:
        """Forget a tariff that was never used."""
        ...

    async def assign(self, assignment: TariffAssignment) -> None:
        """Keep where a tariff holds, in place of the one that held there."""
        ...

    async def unassign(self, station: StationId, evse: int) -> None:
        """Keep that no tariff holds there any more."""
        ...

    async def assignments(
        self, station: StationId | None = None
    ) -> Sequence[TariffAssignment]:
        """Return where tariffs hold, by station and EVSE."""
        ...

    async def bill(self, station: StationId, transaction: TransactionId) -> Bill | None:
        """Return what the cost of a transaction is reckoned from."""
        ...

    async def save_cost(self, cost: TransactionCost) -> None:
        """Keep what a transaction has cost so far; a final cost is not changed."""
        ...

    async def cost(
        self, station: StationId, transaction: TransactionId
    ) -> TransactionCost | None:
        """Return what it has cost so far."""
        ...

    async def ongoing(
        self, stations: Sequence[StationId]
    ) -> Sequence[tuple[EvseId, TransactionId]]:
        """Return the ongoing transactions of some stations."""
        ...

    async def running(self, limit: int) -> Sequence[Running]:
        """Return the ongoing transactions where tariffs hold, with their cost."""
        ...


@dataclass(frozen=True, slots=True)
class SignedValue:
    """What a meter has signed, word for word (J02.FR.21).

    Attributes:
        evse: Where; number 0 for the main meter.
        data: The signed data, in base64 as it came.
        signing_method: How it was signed; 2.1 may leave it out.
        encoding_method: How it was encoded before it was signed.
        public_key: With which key it can be checked, if it was said.
    """

    evse: EvseId
    at: datetime
    context: str
    measurand: str
    location: str
    phase: str
    transaction: TransactionId | None
    data: str
    signing_method: str | None
    encoding_method: str
    public_key: str | None


class SignedValueStore(Protocol):
    """What meters have signed."""

    async def add(self, values: Sequence[SignedValue]) -> None:
        """Keep them; what was kept before stays."""
        ...

    async def of(
        self,
        station: StationId,
        transaction: TransactionId | None = None,
        limit: int = 1000,
    ) -> Sequence[SignedValue]:
        """Return them, the latest first."""
        ...


@dataclass(frozen=True, slots=True)
class InstalledTariff:
    """A tariff that a station says it holds (I09).

    Attributes:
        kind: ``DefaultTariff`` or ``DriverTariff``.
        evses: Where; empty for everywhere.
        tokens: For whom; empty for everybody.
    """

    tariff: str
    kind: str
    evses: tuple[int, ...] = ()
    tokens: tuple[str, ...] = ()
    valid_from: datetime | None = None


class TariffWire(Protocol):
    """Reads tariffs, and tells stations of them and of costs.

    What asks a station raises ``NoAnswer`` and ``RefusedByStation``.
    """

    def check(self, document: Mapping[str, Any]) -> Sequence[FieldError]:
        """Return what is wrong with a tariff, by its schema."""
        ...

    def prices(self, document: Mapping[str, Any]) -> Prices | None:
        """Return its prices; none if it has conditions, which stations reckon with."""
        ...

    async def set_default(
        self, station: StationId, evse: int, document: Mapping[str, Any]
    ) -> Reply:
        """Install a tariff for everybody (I07, 2.1)."""
        ...

    async def installed(self, station: StationId) -> Sequence[InstalledTariff]:
        """Return which tariffs the station holds (I09, 2.1)."""
        ...

    async def clear(
        self, station: StationId, evse: int | None, tariffs: Sequence[str]
    ) -> Mapping[str, str]:
        """Clear tariffs, all if none is named; return the status of each (I10)."""
        ...

    async def change(
        self,
        station: StationId,
        transaction: TransactionId,
        document: Mapping[str, Any],
    ) -> Reply:
        """Give a transaction another tariff (I11, 2.1)."""
        ...

    async def tell_cost(
        self, station: StationId, transaction: TransactionId, total: float
    ) -> None:
        """Tell what a transaction has cost so far (I02)."""
        ...
