"""Price information in charging schedules (ISO 15118-2 and -20)."""

from typing import Annotated

from pydantic import Field

from csms.ocpp.wire import (
    Instant,
    Integer,
    Many,
    Natural,
    Number,
    Percent,
    Wire,
    Word,
    at_most,
    text,
)


class CostKind(Word):
    """What a cost is measured in."""

    CARBON_DIOXIDE_EMISSION = "CarbonDioxideEmission"
    RELATIVE_PRICE_PERCENTAGE = "RelativePricePercentage"
    RENEWABLE_GENERATION_PERCENTAGE = "RenewableGenerationPercentage"


class RationalNumber(Wire):
    """A value times a power of ten."""

    exponent: Integer
    value: Integer


class AdditionalSelectedServices(Wire):
    """A service that costs extra (ISO 15118-20)."""

    service_fee: RationalNumber
    service_name: Annotated[str, text(80)]


class OverstayRule(Wire):
    """What it costs to stay too long (ISO 15118-20)."""

    overstay_fee: RationalNumber
    start_time: Integer
    overstay_fee_period: Integer
    overstay_rule_description: Annotated[str, text(32)] | None = None


class OverstayRuleList(Wire):
    """What it costs to stay too long (ISO 15118-20)."""

    overstay_rule: Annotated[Many[OverstayRule], at_most(5)]
    overstay_power_threshold: RationalNumber | None = None
    overstay_time_threshold: Integer | None = None


class PriceRule(Wire):
    """The price from a level of power on (ISO 15118-20)."""

    energy_fee: RationalNumber
    power_range_start: RationalNumber
    parking_fee_period: Integer | None = None
    carbon_dioxide_emission: Natural | None = None
    renewable_generation_percentage: Percent | None = None
    parking_fee: RationalNumber | None = None


class PriceRuleStack(Wire):
    """Price rules that hold for some seconds."""

    duration: Integer
    price_rule: Annotated[Many[PriceRule], at_most(8)]


class TaxRule(Wire):
    """A tax, and what it is put on (ISO 15118-20)."""

    tax_rule_id: Natural = Field(alias="taxRuleID")
    applies_to_energy_fee: bool
    applies_to_parking_fee: bool
    applies_to_overstay_fee: bool
    applies_to_minimum_maximum_cost: bool
    tax_rate: RationalNumber
    tax_rule_name: Annotated[str, text(100)] | None = None
    tax_included_in_price: bool | None = None


class AbsolutePriceSchedule(Wire):
    """Prices for the energy of a schedule, in money (ISO 15118-20)."""

    time_anchor: Instant
    price_schedule_id: Natural = Field(alias="priceScheduleID")
    currency: Annotated[str, text(3)]
    language: Annotated[str, text(8)]
    price_algorithm: Annotated[str, text(2000)]
    price_rule_stacks: Annotated[Many[PriceRuleStack], at_most(1024)]
    price_schedule_description: Annotated[str, text(160)] | None = None
    minimum_cost: RationalNumber | None = None
    maximum_cost: RationalNumber | None = None
    tax_rules: Annotated[Many[TaxRule], at_most(10)] | None = None
    overstay_rule_list: OverstayRuleList | None = None
    additional_selected_services: (
        Annotated[Many[AdditionalSelectedServices], at_most(5)] | None
    ) = None


class PriceLevelScheduleEntry(Wire):
    """A price level for some seconds."""

    duration: Integer
    price_level: Natural


class PriceLevelSchedule(Wire):
    """Prices for the energy of a schedule, as levels (ISO 15118-20)."""

    price_level_schedule_entries: Annotated[Many[PriceLevelScheduleEntry], at_most(100)]
    time_anchor: Instant
    price_schedule_id: Natural
    number_of_price_levels: Natural
    price_schedule_description: Annotated[str, text(32)] | None = None


class Cost(Wire):
    """One kind of cost (ISO 15118-2)."""

    cost_kind: CostKind
    amount: Integer
    amount_multiplier: Integer | None = None


class ConsumptionCost(Wire):
    """Cost from a level of power on (ISO 15118-2)."""

    start_value: Number
    cost: Annotated[Many[Cost], at_most(3)]


class RelativeTimeInterval(Wire):
    """Seconds from the start of a schedule."""

    start: Integer
    duration: Integer | None = None


class SalesTariffEntry(Wire):
    """Relative prices for some time (ISO 15118-2)."""

    relative_time_interval: RelativeTimeInterval
    e_price_level: Natural | None = None
    consumption_cost: Annotated[Many[ConsumptionCost], at_most(3)] | None = None


class SalesTariff(Wire):
    """Relative prices for a schedule (ISO 15118-2)."""

    id: Natural
    sales_tariff_entry: Annotated[Many[SalesTariffEntry], at_most(1024)]
    sales_tariff_description: Annotated[str, text(32)] | None = None
    num_e_price_levels: Natural | None = None
