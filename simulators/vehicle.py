"""What a vehicle is and what it says about its needs (K15, Q01)."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from simulators.battery import WS_PER_KWH, Battery
from simulators.tables import HERE, ScenarioError, load, read

Payload = dict[str, Any]
WS_PER_WH = 3600.0
VOLTS = 400.0


@dataclass(frozen=True, slots=True)
class VehicleType:
    """A kind of vehicle.

    Attributes:
        name: What people call it.
        battery_kwh: Usable battery capacity.
        max_charge_kw: Greatest power it takes.
        max_discharge_kw: Greatest power it gives.
    """

    name: str
    battery_kwh: float
    max_charge_kw: float
    max_discharge_kw: float


@cache
def load_vehicle_types() -> dict[str, VehicleType]:
    """Return every kind of vehicle by its key in ``vehicles.toml``."""
    tables = load(HERE / "vehicles.toml")
    return {
        key: read(VehicleType, table, f"vehicles.{key}")
        for key, table in tables.items()
    }


def vehicle_type(types: dict[str, VehicleType], key: str, where: str) -> VehicleType:
    """Return one kind of vehicle.

    Raises:
        ScenarioError: If there is none of that name.
    """
    if key not in types:
        raise ScenarioError(
            f"{where}.vehicle: there is no '{key}'. Choose one of: "
            f"{', '.join(sorted(types))}."
        )
    return types[key]


@dataclass(slots=True)
class Vehicle:
    """One vehicle, wherever it is.

    Attributes:
        id: Its name in the registry.
        type: What kind it is.
        battery: What it holds.
    """

    id: str
    type: VehicleType
    battery: Battery

    def charging_needs(self, max_charge_w: float, max_discharge_w: float) -> Payload:
        """Return 2.1 chargingNeeds that ask for DC_BPT; 0 W out asks for DC only.

        Energies are in watt-hours; a negative minimum V2X request means that the
        battery is above the vehicle's own floor by as much.
        """
        battery = self.battery
        room = (battery.capacity_ws - battery.stored_ws) / WS_PER_WH
        own_floor = battery.capacity_ws * battery.hard_min
        above = (battery.stored_ws - own_floor) / WS_PER_WH
        parameters: Payload = {
            "minChargePower": 0,
            "maxChargePower": round(min(max_charge_w, self.type.max_charge_kw * 1000)),
            "evTargetEnergyRequest": round(room),
            "evMinEnergyRequest": 0,
            "evMaxEnergyRequest": round(room),
            "targetSoC": 100,
        }
        if max_discharge_w:
            power = min(max_discharge_w, self.type.max_discharge_kw * 1000)
            parameters |= {
                "minDischargePower": 0,
                "maxDischargePower": round(power),
                "evMinV2XEnergyRequest": -round(above),
                "evMaxV2XEnergyRequest": round(room),
            }
        return {
            "requestedEnergyTransfer": "DC_BPT" if max_discharge_w else "DC",
            "availableEnergyTransfer": ["DC", "DC_BPT"],
            "controlMode": "DynamicControl",
            "mobilityNeedsMode": "EVCC",
            "v2xChargingParameters": parameters,
        }

    def charging_needs_201(self, max_charge_w: float) -> Payload:
        """Return 2.0.1 chargingNeeds: direct current, charging only."""
        battery = self.battery
        power = min(max_charge_w, self.type.max_charge_kw * 1000)
        room = (battery.capacity_ws - battery.stored_ws) / WS_PER_WH
        return {
            "requestedEnergyTransfer": "DC",
            "dcChargingParameters": {
                "evMaxCurrent": round(power / VOLTS),
                "evMaxVoltage": round(VOLTS * 1.1),
                "evMaxPower": round(power),
                "energyAmount": round(room),
                "stateOfCharge": round(battery.soc),
                "evEnergyCapacity": round(battery.capacity_ws / WS_PER_WH),
            },
        }


def new_vehicle(vehicle_id: str, kind: VehicleType, soc_pct: float) -> Vehicle:
    """Return a vehicle with its battery at a state of charge."""
    capacity = kind.battery_kwh * WS_PER_KWH
    return Vehicle(vehicle_id, kind, Battery(capacity, capacity * soc_pct / 100))
