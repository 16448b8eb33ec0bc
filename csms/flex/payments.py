"""The payment kinds, each one pure function from a season's events to a quantity.

K1 pays for average kilowatts and K2 for kilowatt-hours. The other kinds are known by
name and refused until their inputs (certificates, prices, nominations, tariffs) are
kept: refusing is a value of its own, never a silent zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from csms.domain.errors import NotAllowed
from csms.domain.program import Aggregation, PaymentKind
from csms.domain.settlement import MILLI, Money, as_decimal

if TYPE_CHECKING:
    from csms.domain.program import Program


class UnsupportedPaymentKind(NotAllowed):
    """This kind of payment cannot be settled yet."""

    code = "unsupported-payment-kind"

    def __init__(self, kind: PaymentKind) -> None:
        self.kind = kind
        super().__init__(
            f"payment kind {kind.value} ({kind.name.lower()}) cannot be settled yet",
            field="payment.kind",
        )


class Unconfirmed(NotAllowed):
    """The program leaves open what its payment needs."""

    code = "unconfirmed-program"


class UnsupportedRule(NotAllowed):
    """The program has a rule that cannot be settled yet."""

    code = "unsupported-program-rule"


@dataclass(frozen=True, slots=True)
class Performed:
    """What one event counts.

    Attributes:
        kw: Mean export over the whole event, in kilowatts, zero if it took no part.
        hours: How long the event lasted.
    """

    kw: Fraction
    hours: Fraction


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a rate is applied to.

    Attributes:
        value: How much, exactly.
        unit: ``kW`` or ``kWh``.
        how: How it came about, for a statement.
    """

    value: Fraction
    unit: str
    how: str


Payment = Callable[["Program", Sequence[Performed]], Quantity]


def quantity(program: "Program", events: Sequence[Performed]) -> Quantity:
    """Return what the program's rate is applied to.

    Args:
        program: The program.
        events: Every event that counts, those not attended as zero.

    Raises:
        Unconfirmed: If a field that the payment needs is null.
        UnsupportedPaymentKind: If the kind cannot be settled yet.
        UnsupportedRule: If a rule of the program cannot be settled yet.
    """
    compute = payment_of(program.payment.kind)
    if unconfirmed := missing_fields(program):
        raise Unconfirmed(
            f"{program.id} {program.version} leaves open: {', '.join(unconfirmed)}",
            field=unconfirmed[0],
            remedy="Check the tariff sheet, fill in the record, raise its version.",
        )
    return compute(program, events)


def product(program: "Program", amount: Quantity) -> str:
    """Return quantity times rate as people read it."""
    value = as_decimal(amount.value, MILLI)
    rate = Money(program.payment.rate or Decimal(0), program.payment.currency or "")
    return f"{value} {amount.unit} x {rate.text}/{amount.unit}"


def money(program: "Program", exact: Fraction) -> Money:
    """Return an exact amount, rounded as the program rounds."""
    rounding = program.payment.rounding
    amount = as_decimal(exact, rounding.step, rounding.mode)
    return Money(amount, program.payment.currency or "")


def payment_of(kind: PaymentKind) -> Payment:
    """Return the function that computes a payment kind.

    Raises:
        UnsupportedPaymentKind: If there is none yet.
    """
    match kind:
        case PaymentKind.SEASON_AVERAGE:
            return season_average
        case PaymentKind.EVENT_ENERGY:
            return event_energy
        case (
            PaymentKind.CERTIFICATES
            | PaymentKind.PRICE_SERIES
            | PaymentKind.NOMINATION_WITH_GATE
            | PaymentKind.FLAT
            | PaymentKind.BILL_DELTA
            | PaymentKind.VALUE_STACK
        ):
            raise UnsupportedPaymentKind(kind)
        case _:
            assert_never(kind)


def missing_fields(program: "Program") -> tuple[str, ...]:
    """Return the fields that the program's payment needs and that are null."""
    payment, statistic = program.payment, program.season_statistic
    needed: dict[str, object] = {
        "payment.rate": payment.rate,
        "payment.currency": payment.currency,
    }
    if payment.kind is PaymentKind.SEASON_AVERAGE:
        needed["season_statistic.aggregation"] = statistic.aggregation
        needed["season_statistic.denominator"] = statistic.denominator
        needed["measurement.event_statistic"] = program.measurement.event_statistic
        needed["measurement.missing_data"] = program.measurement.missing_data
    return tuple(field for field, value in needed.items() if value is None)


def season_average(program: "Program", events: Sequence[Performed]) -> Quantity:
    """Return the season's average kilowatts (K1); no events make zero, not "no data".

    Raises:
        UnsupportedRule: If the program averages or fills gaps in a way that K1 does
            not have here.
    """
    gaps = program.measurement.missing_data
    if gaps != "zero":
        raise UnsupportedRule(
            f"K1 cannot settle missing data as {gaps}",
            field="measurement.missing_data",
        )
    aggregation = program.season_statistic.aggregation
    if aggregation is Aggregation.MEAN_OF_EVENTS:
        return Quantity(_mean(events, weighted=False), "kW", "mean of events")
    if aggregation is Aggregation.HOUR_WEIGHTED_MEAN:
        return Quantity(_mean(events, weighted=True), "kW", "mean weighted by hours")
    raise UnsupportedRule(
        f"K1 cannot average by {aggregation}", field="season_statistic.aggregation"
    )


def event_energy(_: "Program", events: Sequence[Performed]) -> Quantity:
    """Return the season's kilowatt-hours (K2)."""
    kwh = sum((each.kw * each.hours for each in events), Fraction(0))
    return Quantity(kwh, "kWh", "sum of events")


def _mean(events: Sequence[Performed], *, weighted: bool) -> Fraction:
    weights = [each.hours if weighted else Fraction(1) for each in events]
    total = sum(weights, Fraction(0))
    if not total:
        return Fraction(0)
    parts = (each.kw * weight for each, weight in zip(events, weights, strict=True))
    return sum(parts, Fraction(0)) / total
