from fractions import Fraction

import pytest

from csms.domain.program import PaymentKind
from csms.flex.payments import (
    Performed,
    Unconfirmed,
    UnsupportedPaymentKind,
    UnsupportedRule,
    event_energy,
    missing_fields,
    payment_of,
    quantity,
    season_average,
)
from tests.unit.flex.fleets import RECORD, program

TWO = [
    Performed(Fraction(10), Fraction(2)),
    Performed(Fraction(5), Fraction(3)),
]


def averaging(
    aggregation: str | None, denominator: str | None = "events_called"
) -> dict[str, str | None]:
    return {"aggregation": aggregation, "denominator": denominator}


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("mean_of_events", Fraction("7.5")), ("hour_weighted_mean", Fraction(7))],
)
def test_k1_averages_as_the_program_says(aggregation: str, expected: Fraction) -> None:
    rules = program(season_statistic=averaging(aggregation))

    amount = quantity(rules, TWO)

    assert (amount.value, amount.unit) == (expected, "kW")


@pytest.mark.parametrize("aggregation", ["mean_of_events", "hour_weighted_mean"])
def test_k1_of_no_event_is_zero_and_not_an_error(aggregation: str) -> None:
    rules = program(season_statistic=averaging(aggregation))

    assert quantity(rules, []).value == 0


def test_k2_adds_up_energy() -> None:
    rules = program(payment={"kind": "K2", "rate": 2, "currency": "USD"})

    amount = quantity(rules, [Performed(Fraction(44), Fraction(3))] * 10)

    assert (amount.value, amount.unit) == (Fraction(1320), "kWh")


@pytest.mark.parametrize(
    "kind", [kind for kind in PaymentKind if kind.value not in {"K1", "K2"}]
)
def test_other_kinds_are_refused_by_name(kind: PaymentKind) -> None:
    rules = program(payment={"kind": kind.value})

    with pytest.raises(UnsupportedPaymentKind, match=kind.value) as refused:
        quantity(rules, TWO)

    assert refused.value.kind is kind


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"payment": {"kind": "K1"}}, ("payment.rate", "payment.currency"), id="rate"
        ),
        pytest.param({"payment": {"kind": "K2", "rate": 2}}, ("payment.currency",)),
        pytest.param(
            {"season_statistic": {}},
            ("season_statistic.aggregation", "season_statistic.denominator"),
            id="averaging",
        ),
        pytest.param(
            {
                "measurement": {
                    "point": "evse_ac",
                    "quantity": "export_kw",
                    "interval_minutes": 15,
                }
            },
            ("measurement.event_statistic", "measurement.missing_data"),
            id="measurement",
        ),
        pytest.param({}, (), id="nothing"),
    ],
)
def test_what_nobody_has_confirmed_is_not_settled(
    changes: dict[str, object], expected: tuple[str, ...]
) -> None:
    rules = program(**changes)

    assert missing_fields(rules) == expected
    if expected:
        with pytest.raises(Unconfirmed, match=expected[-1]):
            quantity(rules, TWO)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"season_statistic": averaging("best_n")}, "season_statistic.aggregation"),
        (
            {"measurement": {**RECORD["measurement"], "missing_data": "estimate"}},
            "measurement.missing_data",
        ),
    ],
)
def test_a_rule_that_is_not_built_is_refused(
    changes: dict[str, object], field: str
) -> None:
    with pytest.raises(UnsupportedRule) as refused:
        quantity(program(**changes), TWO)

    assert refused.value.field == field


def test_the_table_names_one_function_per_kind() -> None:
    assert payment_of(PaymentKind.SEASON_AVERAGE) is season_average
    assert payment_of(PaymentKind.EVENT_ENERGY) is event_energy
