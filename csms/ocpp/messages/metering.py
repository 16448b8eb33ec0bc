"""Measured values, within a transaction and outside (block J)."""

from typing import Annotated

from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    Action,
    Instant,
    Integer,
    Many,
    Natural,
    Number,
    Wire,
    Word,
    text,
)


class Location(Word):
    """Where a value was measured; Outlet if it is not said."""

    BODY = "Body"
    CABLE = "Cable"
    EV = "EV"
    INLET = "Inlet"
    OUTLET = "Outlet"
    UPSTREAM = "Upstream"


class Measurand(Word):
    """What was measured; Energy.Active.Import.Register if it is not said."""

    CURRENT_EXPORT = "Current.Export"
    CURRENT_EXPORT_OFFERED = "Current.Export.Offered"
    CURRENT_EXPORT_MINIMUM = "Current.Export.Minimum"
    CURRENT_IMPORT = "Current.Import"
    CURRENT_IMPORT_OFFERED = "Current.Import.Offered"
    CURRENT_IMPORT_MINIMUM = "Current.Import.Minimum"
    CURRENT_OFFERED = "Current.Offered"
    DISPLAY_PRESENT_SOC = "Display.PresentSOC"
    DISPLAY_MINIMUM_SOC = "Display.MinimumSOC"
    DISPLAY_TARGET_SOC = "Display.TargetSOC"
    DISPLAY_MAXIMUM_SOC = "Display.MaximumSOC"
    DISPLAY_REMAINING_TIME_TO_MINIMUM_SOC = "Display.RemainingTimeToMinimumSOC"
    DISPLAY_REMAINING_TIME_TO_TARGET_SOC = "Display.RemainingTimeToTargetSOC"
    DISPLAY_REMAINING_TIME_TO_MAXIMUM_SOC = "Display.RemainingTimeToMaximumSOC"
    DISPLAY_CHARGING_COMPLETE = "Display.ChargingComplete"
    DISPLAY_BATTERY_ENERGY_CAPACITY = "Display.BatteryEnergyCapacity"
    DISPLAY_INLET_HOT = "Display.InletHot"
    ENERGY_ACTIVE_EXPORT_INTERVAL = "Energy.Active.Export.Interval"
    ENERGY_ACTIVE_EXPORT_REGISTER = "Energy.Active.Export.Register"
    ENERGY_ACTIVE_IMPORT_INTERVAL = "Energy.Active.Import.Interval"
    ENERGY_ACTIVE_IMPORT_REGISTER = "Energy.Active.Import.Register"
    ENERGY_ACTIVE_IMPORT_CABLE_LOSS = "Energy.Active.Import.CableLoss"
    ENERGY_ACTIVE_IMPORT_LOCAL_GENERATION_REGISTER = (
        "Energy.Active.Import.LocalGeneration.Register"
    )
    ENERGY_ACTIVE_NET = "Energy.Active.Net"
    ENERGY_ACTIVE_SETPOINT_INTERVAL = "Energy.Active.Setpoint.Interval"
    ENERGY_APPARENT_EXPORT = "Energy.Apparent.Export"
    ENERGY_APPARENT_IMPORT = "Energy.Apparent.Import"
    ENERGY_APPARENT_NET = "Energy.Apparent.Net"
    ENERGY_REACTIVE_EXPORT_INTERVAL = "Energy.Reactive.Export.Interval"
    ENERGY_REACTIVE_EXPORT_REGISTER = "Energy.Reactive.Export.Register"
    ENERGY_REACTIVE_IMPORT_INTERVAL = "Energy.Reactive.Import.Interval"
    ENERGY_REACTIVE_IMPORT_REGISTER = "Energy.Reactive.Import.Register"
    ENERGY_REACTIVE_NET = "Energy.Reactive.Net"
    ENERGY_REQUEST_TARGET = "EnergyRequest.Target"
    ENERGY_REQUEST_MINIMUM = "EnergyRequest.Minimum"
    ENERGY_REQUEST_MAXIMUM = "EnergyRequest.Maximum"
    ENERGY_REQUEST_MINIMUM_V2X = "EnergyRequest.Minimum.V2X"
    ENERGY_REQUEST_MAXIMUM_V2X = "EnergyRequest.Maximum.V2X"
    ENERGY_REQUEST_BULK = "EnergyRequest.Bulk"
    FREQUENCY = "Frequency"
    POWER_ACTIVE_EXPORT = "Power.Active.Export"
    POWER_ACTIVE_IMPORT = "Power.Active.Import"
    POWER_ACTIVE_SETPOINT = "Power.Active.Setpoint"
    POWER_ACTIVE_RESIDUAL = "Power.Active.Residual"
    POWER_EXPORT_MINIMUM = "Power.Export.Minimum"
    POWER_EXPORT_OFFERED = "Power.Export.Offered"
    POWER_FACTOR = "Power.Factor"
    POWER_IMPORT_OFFERED = "Power.Import.Offered"
    POWER_IMPORT_MINIMUM = "Power.Import.Minimum"
    POWER_OFFERED = "Power.Offered"
    POWER_REACTIVE_EXPORT = "Power.Reactive.Export"
    POWER_REACTIVE_IMPORT = "Power.Reactive.Import"
    SOC = "SoC"
    VOLTAGE = "Voltage"
    VOLTAGE_MINIMUM = "Voltage.Minimum"
    VOLTAGE_MAXIMUM = "Voltage.Maximum"


class Phase(Word):
    """Between which conductors a value was measured; all phases if it is not said."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    N = "N"
    L1_N = "L1-N"
    L2_N = "L2-N"
    L3_N = "L3-N"
    L1_L2 = "L1-L2"
    L2_L3 = "L2-L3"
    L3_L1 = "L3-L1"


class ReadingContext(Word):
    """Why a value was measured; Sample.Periodic if it is not said."""

    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"
    OTHER = "Other"
    SAMPLE_CLOCK = "Sample.Clock"
    SAMPLE_PERIODIC = "Sample.Periodic"
    TRANSACTION_BEGIN = "Transaction.Begin"
    TRANSACTION_END = "Transaction.End"
    TRIGGER = "Trigger"


class SignedMeterValue(Wire):
    """A measured value with the signature of the meter."""

    signed_meter_data: Annotated[str, text(32768)]
    encoding_method: Annotated[str, text(50)]
    signing_method: Annotated[str, text(50)] | None = None
    public_key: Annotated[str, text(2500)] | None = None


class UnitOfMeasure(Wire):
    """The unit of a measured value.

    Attributes:
        unit: Wh if it is not said and the measurand is an energy.
        multiplier: The power of ten to multiply with; 0 if it is not said.
    """

    unit: Annotated[str, text(20)] | None = None
    multiplier: Integer | None = None


class SampledValue(Wire):
    """One measured value.

    Attributes:
        value: The number; times ten to the power of the multiplier, in the unit.
        measurand: Energy.Active.Import.Register if it is not said.
        unit_of_measure: Watt-hours if it is not said and the measurand is an energy.
    """

    value: Number
    measurand: Measurand | None = None
    context: ReadingContext | None = None
    phase: Phase | None = None
    location: Location | None = None
    signed_meter_value: SignedMeterValue | None = None
    unit_of_measure: UnitOfMeasure | None = None


class MeterValue(Wire):
    """Values measured at one instant."""

    sampled_value: Many[SampledValue]
    timestamp: Instant


class MeterValuesRequest(Wire):
    """Values measured outside a transaction (J01)."""

    evse_id: Natural
    meter_value: Many[MeterValue]


class MeterValuesResponse(Wire):
    """The values are noted."""


METER_VALUES: Action[MeterValuesRequest, MeterValuesResponse] = Action(
    "MeterValues", MeterValuesRequest, MeterValuesResponse, BOTH, FROM_STATION
)
