"""Tariffs: what charging costs drivers, where, and what it has cost so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from csms.console.forms import BLANK, FAULTS, Filled, fault_of, station_of, whole
from csms.console.shell import PageRoute, ShellOf, to
from csms.domain.errors import Broken
from csms.domain.ids import StationId
from csms.domain.tariff import Prices, Tariff
from csms.web.auth import NodeOf, Operator, Viewer

if TYPE_CHECKING:
    from csms.console.shell import Shell
    from csms.services.access import Caller
    from csms.services.node import Node

router = APIRouter(route_class=PageRoute, include_in_schema=False)
HERE = "/tariffs"
PAGE = 200
PARTS: Mapping[str, tuple[str, str]] = {
    "per_kwh": ("energy", "priceKwh"),
    "per_minute": ("chargingTime", "priceMinute"),
    "per_idle_minute": ("idleTime", "priceMinute"),
    "fixed": ("fixedFee", "priceFixed"),
}
"""Fields of the form, and where they stand in a tariff of OCPP 2.1."""

NAMES = {"tariffId": "id"}


class TariffForm(BaseModel):
    """A plain tariff as an operator types it."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    currency: str = ""
    per_kwh: str = ""
    per_minute: str = ""
    per_idle_minute: str = ""
    fixed: str = ""

    def document(self) -> Mapping[str, Any]:
        """Return the tariff in the words of the wire.

        Raises:
            Broken: If a field makes no sense; it says which.
        """
        name, currency = self.id.strip(), self.currency.strip().upper()
        if not name:
            raise Broken("a name is due", field="id")
        if len(currency) != len("USD") or not currency.isalpha():
            raise Broken(
                "this is no currency", field="currency", remedy="write USD or EUR"
            )
        said: dict[str, Any] = {"tariffId": name, "currency": currency}
        for each, (part, unit) in PARTS.items():
            price = _amount(getattr(self, each), each)
            if price is not None:
                said[part] = {"prices": [{unit: price}]}
        if len(said) == len(("tariffId", "currency")):
            raise Broken(
                "a price is due", field="per_kwh", remedy="give one price at least"
            )
        return said


class HoldForm(BaseModel):
    """Where a tariff is to hold."""

    model_config = ConfigDict(frozen=True)

    tariff: str = ""
    station: str = ""
    evse: str = ""


@dataclass(frozen=True, slots=True)
class TariffView:
    """A tariff as the page shows it.

    Attributes:
        prices: Its prices in words; empty if only stations can reckon by it.
        places: At how many places it holds.
    """

    tariff: Tariff
    prices: Sequence[str]
    places: int


@router.get(HERE)
async def show(caller: Viewer, node: NodeOf, shell: ShellOf) -> Response:
    """Show tariffs, where they hold, and what runs under them."""
    return await _page(node, shell, caller)


@router.post(HERE)
async def save(
    caller: Operator, node: NodeOf, shell: ShellOf, asked: Annotated[TariffForm, Form()]
) -> Response:
    """Keep a plain tariff."""
    try:
        await node.tariffs.save(asked.document(), caller.name)
    except FAULTS as error:
        filled = Filled("save", asked.model_dump(), fault_of(error), NAMES)
        return await _page(node, shell, caller, filled)
    return to(HERE)


@router.post(HERE + "/places")
async def hold(
    caller: Operator, node: NodeOf, shell: ShellOf, asked: Annotated[HoldForm, Form()]
) -> Response:
    """Let a tariff hold somewhere."""
    try:
        station = station_of(node, asked.station)
        evse = whole(asked.evse, "evse")
        await node.tariffs.assign(station, evse, asked.tariff, caller.name)
    except FAULTS as error:
        filled = Filled("hold", asked.model_dump(), fault_of(error))
        return await _page(node, shell, caller, filled)
    return to(f"{HERE}#places")


@router.post(HERE + "/places/{station}/{evse}/clear")
async def clear(
    station: StationId, evse: int, caller: Operator, node: NodeOf, shell: ShellOf
) -> Response:
    """Let no tariff hold there any more."""
    try:
        await node.tariffs.clear(station, evse, caller.name)
    except FAULTS as error:
        filled = Filled("places", {}, fault_of(error))
        return await _page(node, shell, caller, filled)
    return to(f"{HERE}#places")


@router.post(HERE + "/remove")
async def remove(
    caller: Operator, node: NodeOf, shell: ShellOf, tariff: Annotated[str, Form()]
) -> Response:
    """Forget a tariff that was never used."""
    try:
        await node.tariffs.remove(tariff, caller.name)
    except FAULTS as error:
        return await _page(node, shell, caller, Filled("list", {}, fault_of(error)))
    return to(HERE)


async def _page(
    node: "Node", shell: "Shell", caller: "Caller", filled: Filled = BLANK
) -> Response:
    async with node.begin() as work:
        tariffs = await work.tariffs.all()
        places = await work.tariffs.assignments()
        running = await work.tariffs.running(PAGE)
    held = [each.tariff for each in places]
    reckoned_there = {each.station for each in places if each.state.value == "accepted"}
    return shell.page(
        "tariffs.html",
        caller,
        filled.status,
        filled=filled,
        rows=[
            TariffView(each, _words(node.tariffs.prices(each.id)), held.count(each.id))
            for each in tariffs
        ],
        choices={each.id: each.id for each in tariffs},
        places=places[:PAGE],
        more_places=max(len(places) - PAGE, 0),
        running=running,
        reckoned_there=reckoned_there,
        stations=[each.id for each in node.book.stations()][:PAGE],
    )


def _words(prices: Prices | None) -> Sequence[str]:
    if prices is None:
        return ()
    said = [
        (prices.per_kwh, "per kWh"),
        (prices.per_charging_minute, "per minute of charging"),
        (prices.per_idle_minute, "per minute without charging"),
        (prices.fixed, "once"),
        (prices.least, "at least"),
        (prices.most, "at most"),
    ]
    return [
        f"{_plain(amount)} {prices.currency} {what}" for amount, what in said if amount
    ]


def _plain(amount: Decimal) -> str:
    """Return an amount with cents, and with more where there is more."""
    cents = amount.quantize(Decimal("0.01"))
    return f"{cents if cents == amount else amount.normalize():f}"


def _amount(typed: str, field_name: str) -> float | None:
    said = typed.strip()
    if not said:
        return None
    try:
        amount = Decimal(said)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount < 10**6:
        raise Broken(
            "this is no price",
            field=field_name,
            remedy="write an amount such as 0.32, or nothing",
        )
    return float(amount)
