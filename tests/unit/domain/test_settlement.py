from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.ids import EventId
from csms.domain.interval import Interval
from csms.domain.settlement import EventPerformance, Money, as_decimal
from csms.domain.units import Energy
from tests.unit.flex.fleets import START, WINDOW, evse

CENT = Decimal("0.01")
FULL = EventPerformance(
    evse(1), EventId("e"), WINDOW, Energy.kwh(132), participated=True
)


@pytest.mark.parametrize(
    ("value", "mode", "expected"),
    [
        (Fraction(1, 3), "ROUND_HALF_UP", "0.33"),
        (Fraction(2, 3), "ROUND_HALF_UP", "0.67"),
        (Fraction(1, 200), "ROUND_HALF_UP", "0.01"),
        (Fraction(1, 200), "ROUND_HALF_EVEN", "0.00"),
        (Fraction(3, 200), "ROUND_HALF_EVEN", "0.02"),
        (Fraction(2, 3), "ROUND_DOWN", "0.66"),
        (Fraction(-1, 3), "ROUND_HALF_UP", "-0.33"),
        (Fraction(-1, 200), "ROUND_HALF_UP", "-0.01"),
        (Fraction(32000, 3), "ROUND_HALF_UP", "10666.67"),
    ],
)
def test_rounding_is_decided_once_on_the_exact_value(
    value: Fraction, mode: str, expected: str
) -> None:
    assert as_decimal(value, CENT, mode) == Decimal(expected)


@given(st.fractions(-(10**6), 10**6))
def test_rounding_agrees_with_long_division(value: Fraction) -> None:
    with localcontext(prec=80):
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        expected = exact.quantize(CENT, rounding=ROUND_HALF_UP)

    assert as_decimal(value, CENT) == expected


def test_a_performance_is_the_mean_over_the_whole_event() -> None:
    half = replace(FULL, exported=Energy.kwh(66))

    assert FULL.mean_power_kw == Decimal("44.000")
    assert half.mean_power_kw == Decimal("22.000")


@pytest.mark.parametrize(
    "nothing",
    [
        pytest.param(replace(FULL, participated=False), id="did-not-take-part"),
        pytest.param(replace(FULL, exported=Energy(-5)), id="imported"),
        pytest.param(replace(FULL, window=Interval(START, START)), id="no-time"),
    ],
)
def test_what_gave_nothing_counts_zero(nothing: EventPerformance) -> None:
    assert nothing.mean_kw == 0


def test_money_reads_as_people_write_it() -> None:
    assert Money(Decimal("10666.67"), "USD").text == "10,666.67 USD"
