"""What a season could be worth before anything has happened, the derate shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from csms.domain.settlement import MILLI, Money, as_decimal
from csms.domain.units import WS_PER_KWH
from csms.flex.payments import Performed, Quantity, money, product, quantity

if TYPE_CHECKING:
    from csms.domain.program import Program
    from csms.domain.units import Energy, Power


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a season could be worth, before anything has happened.

    Attributes:
        sustained_kw: Flat power per event length in hours, after the derate.
        quantity: What the rate is applied to.
        derated: Whether the battery limits any event, rather than the power.
        gross: Before shares.
        text: The computation in one sentence.
    """

    sustained_kw: Mapping[Fraction, Fraction]
    quantity: Quantity
    derated: bool
    gross: Money
    text: str


@dataclass(frozen=True, slots=True)
class Asset:
    """What an estimate needs to know of a vehicle at a charger.

    Attributes:
        power: Least of charger, vehicle and export limit, a positive magnitude.
        battery: Usable capacity.
        floor_pct: State of charge that stays in the vehicle, in percent.
        efficiency: From battery to meter, 1 for a figure before losses.
    """

    power: "Power"
    battery: "Energy"
    floor_pct: Decimal
    efficiency: Decimal = Decimal(1)

    def sustained_kw(self, hours: Fraction) -> Fraction:
        """Return the flat power from a full battery over so many hours, kilowatts."""
        usable = Fraction(self.battery.watt_seconds, WS_PER_KWH)
        usable *= 1 - Fraction(self.floor_pct) / 100
        return min(
            Fraction(self.power.watts, 1000), usable * Fraction(self.efficiency) / hours
        )


def estimate_season(
    asset: Asset, mix: Mapping[Decimal, int], program: "Program"
) -> Estimate:
    """Return what a season could be worth if every event is attended in full.

    Args:
        asset: The vehicle at its charger.
        mix: How many events of which length in hours, such as 30 of 3 and 15 of 2.
        program: The program.
    """
    lengths = {Fraction(hours): count for hours, count in sorted(mix.items())}
    sustained = {hours: asset.sustained_kw(hours) for hours in lengths}
    events = [
        Performed(sustained[hours], hours)
        for hours, count in lengths.items()
        for _ in range(count)
    ]
    amount = quantity(program, events)
    rated = Fraction(asset.power.watts, 1000)
    rate = Fraction(program.payment.rate or 0)
    gross = money(program, amount.value * rate)
    derate = ", ".join(
        f"{count} events of {float(hours):g} h at {as_decimal(sustained[hours], MILLI)}"
        " kW"
        for hours, count in lengths.items()
    )
    return Estimate(
        sustained,
        amount,
        derated=any(kw < rated for kw in sustained.values()),
        gross=gross,
        text=f"{derate}; {product(program, amount)} = {gross.text}",
    )
