"""Block I: tariffs in stations, and what drivers are told to pay."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from csms.blocks.translating import FindLink, field_errors, translated, words_of
from csms.domain.ids import StationId, TransactionId
from csms.domain.tariff import Prices
from csms.ocpp.link import Link, Priority
from csms.ocpp.messages.tariff_and_cost import (
    CHANGE_TRANSACTION_TARIFF,
    CLEAR_TARIFFS,
    COST_UPDATED,
    GET_TARIFFS,
    SET_DEFAULT_TARIFF,
    ChangeTransactionTariffRequest,
    ClearTariffsRequest,
    CostUpdatedRequest,
    GetTariffsRequest,
    SetDefaultTariffRequest,
)
from csms.ocpp.messages.tariffs import Price, Tariff, TaxRate
from csms.ocpp.wire import A, Action, Q
from csms.services.ports.tariffs import InstalledTariff
from csms.services.ports.wire import FieldError, Reply

_ACCEPTED = "Accepted"
_PARTS = ("energy", "charging_time", "idle_time", "fixed_fee")
_WHOLE = Decimal(100)


@dataclass(frozen=True, slots=True)
class StationTariffs:
    """Reads tariffs, and tells stations of them: the port ``TariffWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    def check(self, document: Mapping[str, Any]) -> Sequence[FieldError]:
        """Return what is wrong with a tariff, by its schema."""
        try:
            Tariff.read_whole(dict(document))
        except ValidationError as error:
            return field_errors(error)
        return ()

    def prices(self, document: Mapping[str, Any]) -> Prices | None:
        """Return its prices; none if it has conditions, which stations reckon with."""
        tariff = Tariff.read_whole(dict(document))
        parts = [getattr(tariff, name) for name in _PARTS]
        lines = [line for part in parts if part for line in part.prices]
        if any(line.conditions is not None for line in lines) or any(
            part is not None and len(part.prices) > 1 for part in parts
        ):
            return None
        energy, charging, idle, fixed = (
            Decimal(0)
            if part is None
            else _taxed(_amount(part.prices[0]), part.tax_rates or ())
            for part in parts
        )
        return Prices(
            tariff.currency,
            per_kwh=energy,
            per_charging_minute=charging,
            per_idle_minute=idle,
            fixed=fixed,
            least=_price(tariff.min_cost),
            most=_price(tariff.max_cost),
        )

    async def set_default(
        self, station: StationId, evse: int, document: Mapping[str, Any]
    ) -> Reply:
        """Install a tariff for everybody (I07)."""
        tariff = Tariff.read_whole(dict(document))
        answer = await self._ask(
            station,
            SET_DEFAULT_TARIFF,
            SetDefaultTariffRequest(evse_id=evse, tariff=tariff),
        )
        return _reply(answer.status.value, words_of(answer.status_info))

    async def installed(self, station: StationId) -> Sequence[InstalledTariff]:
        """Return which tariffs the station holds (I09)."""
        answer = await self._ask(station, GET_TARIFFS, GetTariffsRequest(evse_id=0))
        return [
            InstalledTariff(
                each.tariff_id,
                each.tariff_kind.value,
                tuple(each.evse_ids or ()),
                tuple(each.id_tokens or ()),
                each.valid_from,
            )
            for each in answer.tariff_assignments or ()
        ]

    async def clear(
        self, station: StationId, evse: int | None, tariffs: Sequence[str]
    ) -> Mapping[str, str]:
        """Clear tariffs, all if none is named; return the status of each (I10)."""
        answer = await self._ask(
            station,
            CLEAR_TARIFFS,
            ClearTariffsRequest(evse_id=evse, tariff_ids=tuple(tariffs) or None),
        )
        return {
            each.tariff_id or "": each.status.value
            for each in answer.clear_tariffs_result
        }

    async def change(
        self,
        station: StationId,
        transaction: TransactionId,
        document: Mapping[str, Any],
    ) -> Reply:
        """Give a transaction another tariff (I11)."""
        tariff = Tariff.read_whole(dict(document))
        answer = await self._ask(
            station,
            CHANGE_TRANSACTION_TARIFF,
            ChangeTransactionTariffRequest(tariff=tariff, transaction_id=transaction),
        )
        return _reply(answer.status.value, words_of(answer.status_info))

    async def tell_cost(
        self, station: StationId, transaction: TransactionId, total: float
    ) -> None:
        """Tell what a transaction has cost so far (I02)."""
        await self._ask(
            station,
            COST_UPDATED,
            CostUpdatedRequest(total_cost=total, transaction_id=transaction),
        )

    async def _ask(self, station: StationId, action: Action[Q, A], request: Q) -> A:
        async def call(link: Link) -> A:
            return await link.ask(action, request, priority=Priority.ROUTINE)

        return await translated(self.link(station), call, station)


def _reply(status: str, info: str) -> Reply:
    return Reply(status == _ACCEPTED, status, info)


def _amount(line: Any) -> float:  # noqa: ANN401, each kind of price has its own field
    for name in ("price_kwh", "price_minute", "price_fixed"):
        if (amount := getattr(line, name, None)) is not None:
            return float(amount)
    return 0.0


def _taxed(amount: float, rates: Iterable[TaxRate]) -> Decimal:
    """Return an amount with taxes; those of a higher stack come upon the lower ones."""
    stacks: defaultdict[int, Decimal] = defaultdict(Decimal)
    for rate in rates:
        stacks[rate.stack or 0] += Decimal(str(rate.tax))
    total = Decimal(str(amount))
    for stack in sorted(stacks):
        total *= 1 + stacks[stack] / _WHOLE
    return total


def _price(said: Price | None) -> Decimal | None:
    if said is None:
        return None
    if said.incl_tax is not None:
        return Decimal(str(said.incl_tax))
    if said.excl_tax is None:
        return None
    return _taxed(said.excl_tax, said.tax_rates or ())
