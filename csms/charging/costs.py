"""What a transaction costs by a tariff's unconditional prices (I02, I03)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from csms.domain.reading import METER_POINTS
from csms.domain.tariff import Prices, Usage
from csms.domain.units import WS_PER_KWH

CENT = Decimal("0.01")
CHARGING = "Charging"
_MINUTE = 60


def cost(prices: Prices, usage: Usage) -> Decimal:
    """Return the total in the currency of the prices, rounded to the cent.

    Never below zero: a tariff cannot pay.
    """
    total = (
        prices.fixed
        + prices.per_kwh * Decimal(usage.import_ws) / WS_PER_KWH
        + prices.per_charging_minute * Decimal(usage.charging_s) / _MINUTE
        + prices.per_idle_minute * Decimal(usage.idle_s) / _MINUTE
    )
    if prices.least is not None:
        total = max(total, prices.least)
    if prices.most is not None:
        total = min(total, prices.most)
    return max(total, Decimal(0)).quantize(CENT, ROUND_HALF_UP)


def usage(
    states: Sequence[tuple[datetime, str | None]],
    registers: Iterable[tuple[str, int, int]],
    until: datetime,
) -> Usage:
    """Return what was used, from what the station reported.

    Args:
        states: Instant and charging state of each report, in order; a report without a
            state leaves it as it was.
        registers: Location, lowest and highest register of imported energy; the most
            trusted location counts.
        until: The end of the transaction, or now.
    """
    seconds = {True: 0.0, False: 0.0}
    flowing = False
    ends = [*(at for at, _ in states), until]
    for (_, state), (start, end) in zip(states, pairwise(ends), strict=True):
        if state is not None:
            flowing = state == CHARGING
        seconds[flowing] += max((end - start).total_seconds(), 0.0)
    by_place = {place: most - least for place, least, most in registers}
    energy = next((by_place[each] for each in METER_POINTS if each in by_place), 0)
    return Usage(max(energy, 0), seconds[True], seconds[False])
