"""What was delivered, and what it is worth."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from csms.domain.event import Reason
    from csms.domain.ids import EventId, EvseId, ParticipantId, ProgramId
    from csms.domain.interval import Interval
    from csms.domain.units import Energy

MILLI = Decimal("0.001")


class Quality(StrEnum):
    """How far the figure behind a performance may be trusted."""

    OK = "ok"
    ESTIMATED = "estimated"
    MISSING = "missing"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency, rounded as its program rounds.

    Attributes:
        amount: The amount, exact decimal.
        currency: ISO 4217 code.
    """

    amount: Decimal
    currency: str

    @property
    def text(self) -> str:
        """Return the amount as people read it."""
        return f"{self.amount:,} {self.currency}"


@dataclass(frozen=True, slots=True)
class EventPerformance:
    """What one EVSE did in one event, by its meter.

    Attributes:
        evse: The EVSE.
        event: The event.
        window: The event's window, over which the mean is taken.
        exported: Energy given to the grid inside the window, as a magnitude.
        participated: Whether it took part; if not, it counts as zero.
        reason: Why not, or why not in full.
        quality: How far the energy may be trusted.
    """

    evse: "EvseId"
    event: "EventId"
    window: "Interval"
    exported: "Energy"
    participated: bool
    reason: "Reason | None" = None
    quality: Quality = Quality.OK

    @property
    def mean_kw(self) -> Fraction:
        """Return the mean export over the whole window, in kilowatts, exactly."""
        seconds = round(self.window.duration.total_seconds())
        if not self.participated or not seconds:
            return Fraction(0)
        return Fraction(max(self.exported.watt_seconds, 0), seconds * 1000)

    @property
    def mean_power_kw(self) -> Decimal:
        """Return the mean export over the whole window, in kilowatts, to the watt."""
        return as_decimal(self.mean_kw, MILLI)


@dataclass(frozen=True, slots=True)
class EventStatement:
    """How one event enters a season's figure, so that anyone can follow it.

    Attributes:
        event: The event.
        name: Its name for people.
        window: From when to when.
        mean_power_kw: What it counts, in kilowatts, to the watt.
        participated: Whether the EVSE took part.
        reason: Why it did not, or not in full.
        quality: How far the figure may be trusted.
        text: The same in one sentence.
    """

    event: "EventId"
    name: str
    window: "Interval"
    mean_power_kw: Decimal
    participated: bool
    reason: "Reason | None"
    quality: Quality
    text: str


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """What one EVSE earned in a season.

    Attributes:
        evse: The EVSE.
        participant: Whose share it is.
        called: How many events the average is taken over.
        attended: In how many of them it took part.
        quantity: What the rate is applied to: kilowatts (K1) or kilowatt-hours (K2).
        unit: Unit of the quantity, ``kW`` or ``kWh``.
        rate: Money per unit.
        gross: Quantity times rate.
        share: The participant's part of it, 0 to 1.
        net: What the participant gets.
        events: One statement per event counted, in order of time.
        text: The whole computation in one sentence.
    """

    evse: "EvseId"
    participant: "ParticipantId"
    called: int
    attended: int
    quantity: Decimal
    unit: str
    rate: Money
    gross: Money
    share: Decimal
    net: Money
    events: tuple[EventStatement, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a season of a program is worth, per EVSE.

    Attributes:
        program: The program.
        version: The version of its rules that was applied.
        season: The season, such as ``2026-summer``.
        lines: One per enrolled EVSE, ordered by EVSE.
        total: Sum of the participants' net amounts.
        input_hash: SHA-256 of everything it was computed from, in hexadecimal.
    """

    program: "ProgramId"
    version: str
    season: str
    lines: tuple[SettlementLine, ...]
    total: Money
    input_hash: str

    @property
    def statement(self) -> str:
        """Return the whole settlement as text, one line per EVSE and event."""
        rows = [f"{self.program} {self.version}, {self.season}: {self.total.text}"]
        for line in self.lines:
            rows.append(f"{line.evse}: {line.text}")
            rows.extend(f"  {each.text}" for each in line.events)
        return "\n".join(rows)


def as_decimal(
    value: Fraction, places: Decimal, rounding: str = "ROUND_HALF_UP"
) -> Decimal:
    """Return an exact fraction as a decimal with the given number of places.

    Rounding is decided on the exact fraction, never on an already rounded value.
    """
    units = value / Fraction(places)
    floor, rest = divmod(units.numerator, units.denominator)
    nudge = Decimal(0)
    if rest:
        twice = 2 * rest
        nudge = Decimal("0.5")
        if twice != units.denominator:
            nudge = Decimal("0.75") if twice > units.denominator else Decimal("0.25")
    whole = (Decimal(floor) + nudge).quantize(Decimal(1), rounding=rounding)
    return (whole * places).quantize(places)
