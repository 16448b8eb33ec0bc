"""Tariffs of drivers and the cost of a transaction (block I; 2.1 only)."""

from typing import Annotated

from csms.ocpp.messages.common import MessageContent
from csms.ocpp.wire import (
    Instant,
    Integer,
    Many,
    Natural,
    Number,
    Wire,
    Word,
    at_most,
    text,
)


class DayOfWeek(Word):
    """A day of the week."""

    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


class EvseKind(Word):
    """Whether an EVSE gives alternating or direct current."""

    AC = "AC"
    DC = "DC"


class CostDimensionEnum(Word):
    """What is paid for."""

    ENERGY = "Energy"
    MAX_CURRENT = "MaxCurrent"
    MIN_CURRENT = "MinCurrent"
    MAX_POWER = "MaxPower"
    MIN_POWER = "MinPower"
    IDLE_TIME = "IdleTIme"
    CHARGING_TIME = "ChargingTime"


class TariffCost(Word):
    """Whether a cost is the normal one or a bound of the tariff."""

    NORMAL_COST = "NormalCost"
    MIN_COST = "MinCost"
    MAX_COST = "MaxCost"


class TaxRate(Wire):
    """A tax, in percent."""

    type: Annotated[str, text(20)]
    tax: Number
    stack: Natural | None = None


class Price(Wire):
    """An amount of money, with and without tax."""

    excl_tax: Number | None = None
    incl_tax: Number | None = None
    tax_rates: Annotated[Many[TaxRate], at_most(5)] | None = None


class TariffConditions(Wire):
    """When a price holds."""

    start_time_of_day: str | None = None
    end_time_of_day: str | None = None
    day_of_week: Annotated[Many[DayOfWeek], at_most(7)] | None = None
    valid_from_date: str | None = None
    valid_to_date: str | None = None
    evse_kind: EvseKind | None = None
    min_energy: Number | None = None
    max_energy: Number | None = None
    min_current: Number | None = None
    max_current: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_time: Integer | None = None
    max_time: Integer | None = None
    min_charging_time: Integer | None = None
    max_charging_time: Integer | None = None
    min_idle_time: Integer | None = None
    max_idle_time: Integer | None = None


class TariffEnergyPrice(Wire):
    """What a kilowatt-hour costs, and when."""

    price_kwh: Number
    conditions: TariffConditions | None = None


class TariffEnergy(Wire):
    """What energy costs."""

    prices: Many[TariffEnergyPrice]
    tax_rates: Annotated[Many[TaxRate], at_most(5)] | None = None


class TariffConditionsFixed(Wire):
    """When a fixed price holds."""

    start_time_of_day: str | None = None
    end_time_of_day: str | None = None
    day_of_week: Annotated[Many[DayOfWeek], at_most(7)] | None = None
    valid_from_date: str | None = None
    valid_to_date: str | None = None
    evse_kind: EvseKind | None = None
    payment_brand: Annotated[str, text(20)] | None = None
    payment_recognition: Annotated[str, text(20)] | None = None


class TariffFixedPrice(Wire):
    """What is paid once, and when."""

    price_fixed: Number
    conditions: TariffConditionsFixed | None = None


class TariffFixed(Wire):
    """What is paid once."""

    prices: Many[TariffFixedPrice]
    tax_rates: Annotated[Many[TaxRate], at_most(5)] | None = None


class TariffTimePrice(Wire):
    """What a minute costs, and when."""

    price_minute: Number
    conditions: TariffConditions | None = None


class TariffTime(Wire):
    """What time costs."""

    prices: Many[TariffTimePrice]
    tax_rates: Annotated[Many[TaxRate], at_most(5)] | None = None


class Tariff(Wire):
    """What a driver pays."""

    tariff_id: Annotated[str, text(60)]
    currency: Annotated[str, text(3)]
    description: Annotated[Many[MessageContent], at_most(10)] | None = None
    energy: TariffEnergy | None = None
    valid_from: Instant | None = None
    charging_time: TariffTime | None = None
    idle_time: TariffTime | None = None
    fixed_fee: TariffFixed | None = None
    reservation_time: TariffTime | None = None
    reservation_fixed: TariffFixed | None = None
    min_cost: Price | None = None
    max_cost: Price | None = None


class CostDimension(Wire):
    """An amount that is paid for."""

    type: CostDimensionEnum
    volume: Number


class ChargingPeriod(Wire):
    """A part of a transaction with the same tariff."""

    start_period: Instant
    dimensions: Many[CostDimension] | None = None
    tariff_id: Annotated[str, text(60)] | None = None


class TotalPrice(Wire):
    """A sum of money, with and without tax."""

    excl_tax: Number | None = None
    incl_tax: Number | None = None


class TotalCost(Wire):
    """What a transaction costs in all."""

    currency: Annotated[str, text(3)]
    type_of_cost: TariffCost
    total: TotalPrice
    fixed: Price | None = None
    energy: Price | None = None
    charging_time: Price | None = None
    idle_time: Price | None = None
    reservation_time: Price | None = None
    reservation_fixed: Price | None = None


class TotalUsage(Wire):
    """What was used: kilowatt-hours and seconds."""

    energy: Number
    charging_time: Integer
    idle_time: Integer
    reservation_time: Integer | None = None


class CostDetails(Wire):
    """What a transaction has cost so far, reckoned by the station."""

    total_cost: TotalCost
    total_usage: TotalUsage
    charging_periods: Many[ChargingPeriod] | None = None
    failure_to_calculate: bool | None = None
    failure_reason: Annotated[str, text(500)] | None = None
