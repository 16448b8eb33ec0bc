"""What a vehicle says it needs and can do (ISO 15118), as a station relays it.

Powers in watts, energies in watt-hours, currents in amperes.
"""

from typing import Annotated

from pydantic import Field

from csms.ocpp.messages.common import EnergyTransferMode
from csms.ocpp.wire import (
    Instant,
    Integer,
    Many,
    Number,
    Percent,
    Wire,
    Word,
    at_most,
    text,
)


class ControlMode(Word):
    """Who sets the pace in ISO 15118-20: schedules, or setpoints as it goes."""

    SCHEDULED_CONTROL = "ScheduledControl"
    DYNAMIC_CONTROL = "DynamicControl"


class MobilityNeedsMode(Word):
    """Who says what the vehicle needs: it alone, or the station too."""

    EVCC = "EVCC"
    EVCC_SECC = "EVCC_SECC"


class DERControl(Word):
    """A kind of control of a distributed energy resource."""

    ENTER_SERVICE = "EnterService"
    FREQ_DROOP = "FreqDroop"
    FREQ_WATT = "FreqWatt"
    FIXED_PF_ABSORB = "FixedPFAbsorb"
    FIXED_PF_INJECT = "FixedPFInject"
    FIXED_VAR = "FixedVar"
    GRADIENTS = "Gradients"
    HF_MUST_TRIP = "HFMustTrip"
    HF_MAY_TRIP = "HFMayTrip"
    HV_MUST_TRIP = "HVMustTrip"
    HV_MOM_CESS = "HVMomCess"
    HV_MAY_TRIP = "HVMayTrip"
    LIMIT_MAX_DISCHARGE = "LimitMaxDischarge"
    LF_MUST_TRIP = "LFMustTrip"
    LV_MUST_TRIP = "LVMustTrip"
    LV_MOM_CESS = "LVMomCess"
    LV_MAY_TRIP = "LVMayTrip"
    POWER_MONITORING_MUST_TRIP = "PowerMonitoringMustTrip"
    VOLT_VAR = "VoltVar"
    VOLT_WATT = "VoltWatt"
    WATT_PF = "WattPF"
    WATT_VAR = "WattVar"


class IslandingDetection(Word):
    """How a vehicle notices that the grid is gone."""

    NO_ANTI_ISLANDING_SUPPORT = "NoAntiIslandingSupport"
    ROCOF = "RoCoF"
    UVP_OVP = "UVP_OVP"
    UFP_OFP = "UFP_OFP"
    VOLTAGE_VECTOR_SHIFT = "VoltageVectorShift"
    ZERO_CROSSING_DETECTION = "ZeroCrossingDetection"
    OTHER_PASSIVE = "OtherPassive"
    IMPEDANCE_MEASUREMENT = "ImpedanceMeasurement"
    IMPEDANCE_AT_FREQUENCY = "ImpedanceAtFrequency"
    SLIP_MODE_FREQUENCY_SHIFT = "SlipModeFrequencyShift"
    SANDIA_FREQUENCY_SHIFT = "SandiaFrequencyShift"
    SANDIA_VOLTAGE_SHIFT = "SandiaVoltageShift"
    FREQUENCY_JUMP = "FrequencyJump"
    RCLQ_FACTOR = "RCLQFactor"
    OTHER_ACTIVE = "OtherActive"


class ACChargingParameters(Wire):
    """What a vehicle needs on alternating current."""

    energy_amount: Number
    ev_min_current: Number
    ev_max_current: Number
    ev_max_voltage: Number


class DCChargingParameters(Wire):
    """What a vehicle needs on direct current.

    Attributes:
        state_of_charge: Percent of the energy capacity.
        energy_amount: Watt-hours the vehicle wants.
    """

    ev_max_current: Number
    ev_max_voltage: Number
    ev_max_power: Number | None = None
    ev_energy_capacity: Number | None = None
    energy_amount: Number | None = None
    state_of_charge: Percent | None = None
    full_soc: Percent | None = Field(default=None, alias="fullSoC")
    bulk_soc: Percent | None = Field(default=None, alias="bulkSoC")


class DERChargingParameters(Wire):
    """What the inverter in a vehicle can do for the grid (R02)."""

    ev_supported_der_control: Many[DERControl] | None = Field(
        default=None, alias="evSupportedDERControl"
    )
    ev_over_excited_max_discharge_power: Number | None = None
    ev_over_excited_power_factor: Number | None = None
    ev_under_excited_max_discharge_power: Number | None = None
    ev_under_excited_power_factor: Number | None = None
    max_apparent_power: Number | None = None
    max_charge_apparent_power: Number | None = None
    max_charge_apparent_power_l2: Number | None = Field(
        default=None, alias="maxChargeApparentPower_L2"
    )
    max_charge_apparent_power_l3: Number | None = Field(
        default=None, alias="maxChargeApparentPower_L3"
    )
    max_discharge_apparent_power: Number | None = None
    max_discharge_apparent_power_l2: Number | None = Field(
        default=None, alias="maxDischargeApparentPower_L2"
    )
    max_discharge_apparent_power_l3: Number | None = Field(
        default=None, alias="maxDischargeApparentPower_L3"
    )
    max_charge_reactive_power: Number | None = None
    max_charge_reactive_power_l2: Number | None = Field(
        default=None, alias="maxChargeReactivePower_L2"
    )
    max_charge_reactive_power_l3: Number | None = Field(
        default=None, alias="maxChargeReactivePower_L3"
    )
    min_charge_reactive_power: Number | None = None
    min_charge_reactive_power_l2: Number | None = Field(
        default=None, alias="minChargeReactivePower_L2"
    )
    min_charge_reactive_power_l3: Number | None = Field(
        default=None, alias="minChargeReactivePower_L3"
    )
    max_discharge_reactive_power: Number | None = None
    max_discharge_reactive_power_l2: Number | None = Field(
        default=None, alias="maxDischargeReactivePower_L2"
    )
    max_discharge_reactive_power_l3: Number | None = Field(
        default=None, alias="maxDischargeReactivePower_L3"
    )
    min_discharge_reactive_power: Number | None = None
    min_discharge_reactive_power_l2: Number | None = Field(
        default=None, alias="minDischargeReactivePower_L2"
    )
    min_discharge_reactive_power_l3: Number | None = Field(
        default=None, alias="minDischargeReactivePower_L3"
    )
    nominal_voltage: Number | None = None
    nominal_voltage_offset: Number | None = None
    max_nominal_voltage: Number | None = None
    min_nominal_voltage: Number | None = None
    ev_inverter_manufacturer: Annotated[str, text(50)] | None = None
    ev_inverter_model: Annotated[str, text(50)] | None = None
    ev_inverter_serial_number: Annotated[str, text(50)] | None = None
    ev_inverter_sw_version: Annotated[str, text(50)] | None = None
    ev_inverter_hw_version: Annotated[str, text(50)] | None = None
    ev_islanding_detection_method: Many[IslandingDetection] | None = None
    ev_islanding_trip_time: Number | None = None
    ev_maximum_level1dc_injection: Number | None = Field(
        default=None, alias="evMaximumLevel1DCInjection"
    )
    ev_duration_level1dc_injection: Number | None = Field(
        default=None, alias="evDurationLevel1DCInjection"
    )
    ev_maximum_level2dc_injection: Number | None = Field(
        default=None, alias="evMaximumLevel2DCInjection"
    )
    ev_duration_level2dc_injection: Number | None = Field(
        default=None, alias="evDurationLevel2DCInjection"
    )
    ev_reactive_susceptance: Number | None = None
    ev_session_total_discharge_energy_available: Number | None = None


class EVPriceRule(Wire):
    """The price a vehicle asks from a level of power on."""

    energy_fee: Number
    power_range_start: Number


class EVAbsolutePriceScheduleEntry(Wire):
    """Prices at which a vehicle offers energy for some time."""

    duration: Integer
    ev_price_rule: Annotated[Many[EVPriceRule], at_most(8)]


class EVAbsolutePriceSchedule(Wire):
    """Prices at which a vehicle offers energy."""

    time_anchor: Instant
    currency: Annotated[str, text(3)]
    ev_absolute_price_schedule_entries: Annotated[
        Many[EVAbsolutePriceScheduleEntry], at_most(1024)
    ]
    price_algorithm: Annotated[str, text(2000)]


class EVPowerScheduleEntry(Wire):
    """Power that a vehicle offers for some time.

    Attributes:
        duration: Seconds.
        power: Watts; positive charges the vehicle, negative discharges it.
    """

    duration: Integer
    power: Number


class EVPowerSchedule(Wire):
    """Power that a vehicle offers over time."""

    ev_power_schedule_entries: Annotated[Many[EVPowerScheduleEntry], at_most(1024)]
    time_anchor: Instant


class EVEnergyOffer(Wire):
    """Energy that a vehicle offers, and its price."""

    ev_power_schedule: EVPowerSchedule
    ev_absolute_price_schedule: EVAbsolutePriceSchedule | None = None


class V2XChargingParameters(Wire):
    """What a vehicle can do in both directions (Q01).

    Attributes:
        ev_min_v2x_energy_request: Watt-hours up to where bidirectional use begins;
            positive if the battery is below.
        ev_max_v2x_energy_request: Watt-hours up to where bidirectional use ends;
            negative if the battery is above.
        target_soc: Percent.
    """

    min_charge_power: Number | None = None
    min_charge_power_l2: Number | None = Field(default=None, alias="minChargePower_L2")
    min_charge_power_l3: Number | None = Field(default=None, alias="minChargePower_L3")
    max_charge_power: Number | None = None
    max_charge_power_l2: Number | None = Field(default=None, alias="maxChargePower_L2")
    max_charge_power_l3: Number | None = Field(default=None, alias="maxChargePower_L3")
    min_discharge_power: Number | None = None
    min_discharge_power_l2: Number | None = Field(
        default=None, alias="minDischargePower_L2"
    )
    min_discharge_power_l3: Number | None = Field(
        default=None, alias="minDischargePower_L3"
    )
    max_discharge_power: Number | None = None
    max_discharge_power_l2: Number | None = Field(
        default=None, alias="maxDischargePower_L2"
    )
    max_discharge_power_l3: Number | None = Field(
        default=None, alias="maxDischargePower_L3"
    )
    min_charge_current: Number | None = None
    max_charge_current: Number | None = None
    min_discharge_current: Number | None = None
    max_discharge_current: Number | None = None
    min_voltage: Number | None = None
    max_voltage: Number | None = None
    ev_target_energy_request: Number | None = None
    ev_min_energy_request: Number | None = None
    ev_max_energy_request: Number | None = None
    ev_min_v2x_energy_request: Number | None = None
    ev_max_v2x_energy_request: Number | None = None
    target_soc: Percent | None = Field(default=None, alias="targetSoC")


class ChargingNeeds(Wire):
    """What a vehicle wants to do with its time at the EVSE (K15, Q01).

    Attributes:
        departure_time: When the vehicle means to leave.
        requested_energy_transfer: What it asks for now.
        available_energy_transfer: What it could be asked for.
    """

    requested_energy_transfer: EnergyTransferMode
    ac_charging_parameters: ACChargingParameters | None = None
    der_charging_parameters: DERChargingParameters | None = None
    ev_energy_offer: EVEnergyOffer | None = None
    dc_charging_parameters: DCChargingParameters | None = None
    v2x_charging_parameters: V2XChargingParameters | None = Field(
        default=None, alias="v2xChargingParameters"
    )
    available_energy_transfer: Many[EnergyTransferMode] | None = None
    control_mode: ControlMode | None = None
    mobility_needs_mode: MobilityNeedsMode | None = None
    departure_time: Instant | None = None
