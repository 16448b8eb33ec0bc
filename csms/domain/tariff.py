"""What charging costs a driver: tariffs, prices, usage and running cost (block I)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from csms.domain.ids import StationId, TransactionId


@dataclass(frozen=True, slots=True)
class Tariff:
    """A tariff as OCPP 2.1 describes one (TariffType), kept as it was given.

    Attributes:
        id: Its ``tariffId``.
        currency: ISO 4217 code.
        document: All of it, in the words of the wire.
    """

    id: str
    currency: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Prices:
    """The unconditional prices of a tariff, with taxes.

    Attributes:
        currency: ISO 4217 code.
        per_kwh: For each kWh into the vehicle; what it gives back is settled elsewhere.
        per_charging_minute: For each minute in which energy flows.
        per_idle_minute: For each minute in which none does.
        fixed: Once.
        least: The least that a transaction costs; none if there is no least.
        most: The most.
    """

    currency: str
    per_kwh: Decimal = Decimal(0)
    per_charging_minute: Decimal = Decimal(0)
    per_idle_minute: Decimal = Decimal(0)
    fixed: Decimal = Decimal(0)
    least: Decimal | None = None
    most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a transaction has used so far.

    Attributes:
        import_ws: Energy into the vehicle, in watt-seconds.
        charging_s: Seconds in which energy flowed.
        idle_s: Seconds in which none did.
    """

    import_ws: int = 0
    charging_s: float = 0.0
    idle_s: float = 0.0


class AssignmentState(StrEnum):
    """How a station came to hold a tariff."""

    KEPT = "kept"
    """The station does no local cost: this system reckons and tells (I02)."""
    ACCEPTED = "accepted"
    """The station reckons by it (I07, 2.1)."""


@dataclass(frozen=True, slots=True)
class TariffAssignment:
    """A tariff that holds for everybody at an EVSE.

    Attributes:
        station: Where.
        evse: The EVSE's number; 0 for all of the station.
        tariff: The tariff's id.
        state: Who reckons.
        assigned_at: Since when.
        assigned_by: By whom.
    """

    station: StationId
    evse: int
    tariff: str
    state: AssignmentState
    assigned_at: datetime
    assigned_by: str


@dataclass(frozen=True, slots=True)
class TransactionCost:
    """What a transaction has cost so far.

    Attributes:
        total: Money with taxes, rounded to the cent.
        final: Whether the transaction has ended.
        told_at: When the station was told; none if it was not.
    """

    station: StationId
    transaction: TransactionId
    tariff: str
    currency: str
    total: Decimal
    final: bool
    at: datetime
    told_at: datetime | None = None
