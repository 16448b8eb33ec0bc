"""What a driver is told of the tariff before it is paid (I01, I08).

A tariff of a group of tokens goes to stations that reckon costs themselves, as it is.
Any other driver reads in words what holds where the token may charge, if the station
has where to show it. A station that reckons shows its default by itself (I07.FR.14).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import structlog

from csms.domain.ids import StationId
from csms.domain.tariff import Prices
from csms.domain.token import Judgement
from csms.services.ports.work import Begin, Work
from csms.services.stations import StationBook
from csms.services.tariffs import RECKONS, Tariffs, is_true

log = structlog.get_logger()

LONGEST = 512
"""Most characters of a message in 2.0.1."""


@dataclass(frozen=True, slots=True)
class Told:
    """What goes with the permission to charge.

    Attributes:
        tariff: The driver's own tariff, in the words of the wire; none for none.
        text: What the station shows of the tariff; empty for nothing.
    """

    tariff: Mapping[str, Any] | None = None
    text: str = ""


NOTHING = Told()


@dataclass(frozen=True, slots=True)
class TariffTelling:
    """Tells drivers what charging costs them.

    Attributes:
        begin: Begins a unit of work.
        book: What is known of every station.
        tariffs: What holds where.
        of_group: The tariff of each group of tokens, by the group in small letters.
    """

    begin: Begin
    book: StationBook
    tariffs: Tariffs
    of_group: Mapping[str, str] = field(default_factory=dict)

    async def told(self, station: StationId, judged: Judgement) -> Told:
        """Return what a driver is told; nothing ever keeps one from charging."""
        if not judged.accepted:
            return NOTHING
        group = None if judged.group is None else judged.group.value.casefold()
        own = self.of_group.get(group) if group is not None else None
        if own is None and not self.tariffs.holds(station):
            return NOTHING
        try:
            async with self.begin() as work:
                return await self._told(work, station, judged, own)
        except Exception:
            log.exception("tariff.untold", station=station)
            return NOTHING

    async def _told(
        self, work: Work, station: StationId, judged: Judgement, own: str | None
    ) -> Told:
        if await self.tariffs.reckons(work, station):
            found = None if own is None else await work.tariffs.find(own)
            return NOTHING if found is None else Told(_undated(found.document))
        name = self._here(station, judged)
        if name is None or not await self._shows(work, station):
            return NOTHING
        found = await work.tariffs.find(name)
        if found is None:
            return NOTHING
        prices = self.tariffs.prices(name)
        return Told(text=wording(found.document, prices, judged.languages))

    def _here(self, station: StationId, judged: Judgement) -> str | None:
        """Return the tariff that holds wherever the token may charge, if it is one."""
        evses = judged.evses or [each.id.number for each in self.book.evses(station)]
        names = {self.tariffs.holding(station, each) for each in evses}
        return names.pop() if len(names) == 1 else None

    async def _shows(self, work: Work, station: StationId) -> bool:
        """Tell whether it supports tariffs, or messages (I01.FR.02)."""
        if self.book.capability(station).has_display:
            return True
        return await is_true(work, station, RECKONS)


def wording(
    document: Mapping[str, Any], prices: Prices | None, languages: tuple[str, ...] = ()
) -> str:
    """Return a tariff in words: its own, or its prices; empty if neither is short.

    Args:
        document: The tariff in the words of the wire.
        prices: Its unconditional prices with taxes; none if there are conditions.
        languages: Which the driver would rather read.
    """
    said = [each for each in document.get("description") or () if each.get("content")]
    plain = [each for each in said if each.get("format") in ("ASCII", "UTF8")]
    for language in languages:
        for each in plain:
            if str(each.get("language", "")).casefold() == language.casefold():
                return _short(each["content"])
    if plain:
        return _short(plain[0]["content"])
    return "" if prices is None else _short(_priced(prices))


def _priced(prices: Prices) -> str:
    parts = (
        (prices.per_kwh, "/kWh"),
        (prices.per_charging_minute, "/min"),
        (prices.per_idle_minute, "/min idle"),
        (prices.fixed, " once"),
    )
    said = [
        f"{_figure(amount)} {prices.currency}{unit}" for amount, unit in parts if amount
    ]
    return ", ".join(said) or f"0.00 {prices.currency}"


def _figure(amount: Decimal) -> str:
    """Return a price with at least two places, and no more than four."""
    said = f"{amount:.4f}"
    return said[:-2] if said.endswith("00") else said.rstrip("0")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else ""


def _undated(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a tariff without its start: a driver's own has none (I08.FR.09)."""
    return {name: each for name, each in document.items() if name != "validFrom"}
