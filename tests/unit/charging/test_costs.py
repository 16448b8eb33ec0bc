from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.charging.costs import cost, usage
from csms.domain.tariff import Prices, Usage

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)
KWH = 3_600_000
money = st.decimals(0, 5, places=3)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        (Prices("USD"), "0.00"),
        (Prices("USD", per_kwh=Decimal("0.25")), "2.50"),
        (Prices("USD", per_charging_minute=Decimal("0.10")), "6.00"),
        (Prices("USD", per_idle_minute=Decimal("0.20")), "6.00"),
        (Prices("USD", fixed=Decimal("1.005")), "1.01"),
        (Prices("USD", per_kwh=Decimal("0.25"), least=Decimal(4)), "4.00"),
        (Prices("USD", per_kwh=Decimal("0.25"), most=Decimal(2)), "2.00"),
        (Prices("USD", fixed=Decimal(-3)), "0.00"),
    ],
)
def test_each_price_counts_for_what_it_is(prices: Prices, expected: str) -> None:
    used = Usage(import_ws=10 * KWH, charging_s=3600, idle_s=1800)

    assert cost(prices, used) == Decimal(expected)


@settings(max_examples=50)
@given(money, money, money, st.integers(0, 100 * KWH), st.integers(0, KWH))
def test_more_energy_never_costs_less(
    per_kwh: Decimal, fixed: Decimal, least: Decimal, energy: int, more: int
) -> None:
    prices = Prices("USD", per_kwh=per_kwh, fixed=fixed, least=least)

    one, other = (cost(prices, Usage(each)) for each in (energy, energy + more))

    assert least.quantize(Decimal("0.01")) <= one <= other


def test_time_counts_by_whether_energy_flowed() -> None:
    states = [
        (at(0), "EVConnected"),
        (at(5), "Charging"),
        (at(15), None),
        (at(25), "SuspendedEV"),
    ]

    used = usage(states, [], at(55))

    assert (used.charging_s, used.idle_s) == (20 * 60, 35 * 60)


def test_reports_after_the_end_cost_nothing() -> None:
    assert usage([(at(0), "Charging"), (at(9), None)], [], at(5)).charging_s == 9 * 60


def test_the_most_trusted_register_counts() -> None:
    registers = [("Outlet", 0, 5 * KWH), ("Inlet", KWH, 5 * KWH)]

    assert usage([], registers, at(0)).import_ws == 4 * KWH
    assert usage([], registers[:1], at(0)).import_ws == 5 * KWH
    assert usage([], [("Body", 0, KWH)], at(0)).import_ws == 0
