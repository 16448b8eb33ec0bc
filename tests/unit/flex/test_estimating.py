from decimal import Decimal
from fractions import Fraction

import pytest

from csms.domain.units import Energy, Power
from csms.flex.estimating import Asset, estimate_season
from tests.unit.flex.fleets import program

THREE_HOURS = {Decimal(3): 45}
COMMERCIAL = {"kind": "K1", "rate": 200, "currency": "USD"}
HOME = {"kind": "K1", "rate": 275, "currency": "USD"}


@pytest.mark.parametrize(
    ("kw", "kwh", "efficiency", "payment", "dollars"),
    [
        pytest.param(44, 200, "1", COMMERCIAL, "8800.00", id="bus-44-kw"),
        pytest.param(66, 200, "1", COMMERCIAL, "10666.67", id="bus-66-kw-derated"),
        pytest.param(66, 200, "0.95", COMMERCIAL, "10133.33", id="bus-66-kw-losses"),
        pytest.param(66, 200, "0.92", COMMERCIAL, "9813.33", id="bus-66-kw-more"),
        pytest.param(7.6, 40, "1", HOME, "2090.00", id="car-40-kwh"),
        pytest.param(12.4, 76.1, "1", HOME, "3410.00", id="car-76-kwh"),
        pytest.param(11.5, 76.1, "1", HOME, "3162.50", id="car-76-kwh-11.5-kw"),
        pytest.param(9.6, 98, "1", HOME, "2640.00", id="pickup-98-kwh"),
    ],
)
def test_the_compensation_table(
    kw: float,
    kwh: float,
    efficiency: str,
    payment: dict[str, object],
    dollars: str,
) -> None:
    asset = Asset(Power.kw(kw), Energy.kwh(kwh), Decimal(20), Decimal(efficiency))

    estimate = estimate_season(asset, THREE_HOURS, program(payment=payment))

    assert estimate.gross.amount == Decimal(dollars)
    assert estimate.derated is (kw == 66)


def test_a_derate_is_shown_in_the_sentence() -> None:
    bus = Asset(Power.kw(66), Energy.kwh(200), Decimal(20))

    estimate = estimate_season(bus, THREE_HOURS, program())

    assert estimate.sustained_kw == {Fraction(3): Fraction(160, 3)}
    assert estimate.text == (
        "45 events of 3 h at 53.333 kW; 53.333 kW x 200 USD/kW = 10,666.67 USD"
    )


@pytest.mark.parametrize(
    ("aggregation", "kw", "dollars"),
    [
        ("mean_of_events", Fraction("57.5556"), "11511.11"),
        ("hour_weighted_mean", Fraction("56.5"), "11300.00"),
    ],
)
def test_shorter_events_bear_more_power(
    aggregation: str, kw: Fraction, dollars: str
) -> None:
    statistic = {"aggregation": aggregation, "denominator": "events_called"}
    bus = Asset(Power.kw(66), Energy.kwh(200), Decimal(20))
    mix = {Decimal(3): 30, Decimal(2): 15}

    estimate = estimate_season(bus, mix, program(season_statistic=statistic))

    assert estimate.quantity.value == pytest.approx(kw, abs=1e-4)
    assert estimate.gross.amount == Decimal(dollars)


def test_energy_programs_are_estimated_too() -> None:
    bus = Asset(Power.kw(44), Energy.kwh(200), Decimal(20))
    rules = program(payment={"kind": "K2", "rate": "2.00", "currency": "USD"})

    estimate = estimate_season(bus, {Decimal(3): 10}, rules)

    assert estimate.gross.amount == Decimal(2640)
