"""Makes of station: what they can do, and how they depart from the specification."""

from dataclasses import dataclass
from pathlib import Path

from simulators.quirks import QUIRKS
from simulators.tables import HERE, ScenarioError, load, read

PERSONAS = HERE / "personas"
PROTOCOLS = ("ocpp2.1", "ocpp2.0.1")
NEGATIVE = ("discharge", "full_charge", "ignore", "absolute", "clamp", "reject")
SETPOINTS = ("none", "datatransfer", "setvariables")
EXPORT_METERING = ("separate_registers", "signed_import", "none")


@dataclass(frozen=True, slots=True)
class Persona:
    """One make of station as data; every default is a conforming station.

    Attributes:
        vendor: BootNotification vendorName.
        model: BootNotification model.
        firmware: BootNotification firmwareVersion.
        protocol: ``ocpp2.1`` or ``ocpp2.0.1``.
        max_charge_w: Greatest import at the grid side, in watts.
        max_discharge_w: Greatest export at the grid side, in watts, positive.
        min_discharge_w: Below this magnitude the inverter stays at zero.
        island_only: Whether it exports only when the grid is away.
        v2x: Whether it offers the bidirectional functions of OCPP 2.1.
        pull_updates: Whether it pulls dynamic schedules (K28) by itself.
        negative_limit: What a negative ``limit`` does on this station.
        negative_in: The profile purposes whose negative limit it understands.
        zero_limit_discharges: Whether ``limit = 0`` flips it to full discharge.
        vendor_setpoint: A setpoint beside the standard, if it has one.
        rate_units: Units of charging profiles it takes.
        step_w: Power is rounded towards zero to this step.
        max_stack_level: Highest stackLevel accepted.
        max_periods: PeriodsPerSchedule.
        max_profiles: Profiles it can hold.
        echo_as_told: Whether a composite schedule repeats the order it got,
            even where the station does something else.
        dynamic: Whether it supports profile kind Dynamic (2.1).
        max_offline: Whether it supports maxOfflineDuration (2.1).
        keeps_profiles_over_reboot: Whether all profiles survive a reboot.
        resumes_transaction: Whether a reboot keeps the transaction open.
        boots_after_reconnect: Whether it boots anew after a lost socket.
        charging_needs: Whether it sends NotifyEVChargingNeeds after plug-in.
        export_metering: How exported energy is measured.
        meter_point: OCPP location of its power and energy readings.
        display: Whether it shows messages that it is sent.
        volts: Nominal voltage for amperes.
        reaction_s: Seconds between an order and the first movement.
        ramp_s: Seconds from zero to full power.
        meter_error: Greatest relative error of its meter.
        quirks: How it departs from the specification on the wire, by names of
            ``simulators.quirks``.
    """

    vendor: str
    model: str
    firmware: str
    protocol: str
    max_charge_w: int
    max_discharge_w: int
    min_discharge_w: int = 500
    island_only: bool = False
    v2x: bool = True
    pull_updates: bool = False
    negative_limit: str = "reject"
    negative_in: tuple[str, ...] = ("TxProfile", "TxDefaultProfile")
    zero_limit_discharges: bool = False
    vendor_setpoint: str = "none"
    rate_units: tuple[str, ...] = ("W",)
    step_w: int = 1
    max_stack_level: int = 8
    max_periods: int = 48
    max_profiles: int = 12
    echo_as_told: bool = False
    dynamic: bool = True
    max_offline: bool = True
    keeps_profiles_over_reboot: bool = False
    resumes_transaction: bool = False
    boots_after_reconnect: bool = False
    charging_needs: bool = True
    export_metering: str = "separate_registers"
    meter_point: str = "Inlet"
    display: bool = True
    volts: int = 240
    reaction_s: float = 2.0
    ramp_s: float = 5.0
    meter_error: float = 0.002
    quirks: tuple[str, ...] = ()

    @property
    def modern(self) -> bool:
        """Whether the station speaks OCPP 2.1."""
        return self.protocol == "ocpp2.1"

    @property
    def hazardous(self) -> bool:
        """Whether it may charge when it is told to discharge."""
        return self.negative_limit in ("full_charge", "ignore", "absolute")


def load_persona(name: str, folder: Path = PERSONAS) -> Persona:
    """Return a make by its file name.

    Raises:
        ScenarioError: If there is none, or its data cannot be used.
    """
    persona = read(Persona, load(folder / f"{name}.toml"), f"personas/{name}")
    _one_of(name, "protocol", persona.protocol, PROTOCOLS)
    _one_of(name, "negative_limit", persona.negative_limit, NEGATIVE)
    _one_of(name, "vendor_setpoint", persona.vendor_setpoint, SETPOINTS)
    _one_of(name, "export_metering", persona.export_metering, EXPORT_METERING)
    for quirk in persona.quirks:
        _one_of(name, "quirks", quirk, QUIRKS)
    return persona


def _one_of(name: str, key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ScenarioError(
            f"personas/{name}.{key}: '{value}' is none of: {', '.join(allowed)}."
        )
