"""How we want stations to be set up: 15-minute data, both directions, SoC.

Quarter hours by the clock for settlement, finer samples within transactions for
control. Only what a station has and may be written is set, and only where it differs;
what cannot be had becomes a shortcoming.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from csms.charging.capability import as_flag, as_members
from csms.domain.station import Make, Variable, VariableKey

IMPORT_REGISTER = "Energy.Active.Import.Register"
EXPORT_REGISTER = "Energy.Active.Export.Register"
IMPORT_POWER = "Power.Active.Import"
EXPORT_POWER = "Power.Active.Export"
SOC = "SoC"
MEASURANDS = (IMPORT_REGISTER, EXPORT_REGISTER, IMPORT_POWER, EXPORT_POWER, SOC)
"""What settlement and control need, most needed first."""

ALIGNED = "AlignedDataCtrlr"
SAMPLED = "SampledDataCtrlr"
SMART = "SmartChargingCtrlr"
V2X = "V2XChargingCtrlr"
SAMPLING = VariableKey(SAMPLED, "TxUpdatedInterval")
"""How often a transaction is sampled."""

EVENT_MODES = ("CentralSetpoint",)
"""Operation modes in which we dispatch, for mode-specific sampling (2.1)."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How often meters are read, in seconds of the station's own time.

    Attributes:
        aligned_s: Clock-aligned readings; 900 is what settlement wants.
        idle_s: Samples of a transaction outside events.
        event_s: Samples of a transaction while it is dispatched.
        heartbeat_s: Most silence before a heartbeat.
    """

    aligned_s: int = 900
    idle_s: int = 60
    event_s: int = 30
    heartbeat_s: int = 300


class Fit(StrEnum):
    """When a value is as it should be."""

    EXACT = "exact"
    """It is the value wanted, however it is written."""
    AT_LEAST = "at_least"
    """It is a number that is not less."""
    AT_MOST = "at_most"
    """It is a number that is not more."""
    CONTAINS = "contains"
    """It is a list that holds every member wanted."""


METERING = "metering"
"""The template that this module is: what dispatch and settlement need."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A variable and the value it should have.

    Attributes:
        key: The variable.
        value: The value wanted.
        needed: Whether its absence is a shortcoming, and not just less comfort.
        fit: When another value will do as well.
        template: What wants it.
    """

    key: VariableKey
    value: str
    needed: bool = True
    fit: Fit = Fit.EXACT
    template: str = METERING

    @property
    def is_list(self) -> bool:
        """Tell whether it is a list of measurands."""
        return self.key.variable.endswith("Measurands")


def essentials(evses: Sequence[int]) -> list[VariableKey]:
    """Return the variables to ask for one by one where no report can be had."""
    names = (
        ("ChargingStation", "VendorName", ""),
        ("ChargingStation", "Model", ""),
        ("ChargingStation", "SerialNumber", ""),
        ("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables"),
        ("DeviceDataCtrlr", "ItemsPerMessage", "SetVariables"),
        (SMART, "Enabled", ""),
        (SMART, "Available", ""),
        (SMART, "RateUnit", ""),
        (SMART, "PeriodsPerSchedule", ""),
        (SMART, "ProfileStackLevel", ""),
        (SMART, "SupportsDynamicProfiles", ""),
        (SMART, "SupportsMaxOfflineDuration", ""),
        (SMART, "MaxExternalConstraintsId", ""),
        (SMART, "SetpointPriority", ""),
        ("TxCtrlr", "TxStartPoint", ""),
        ("TxCtrlr", "TxStopPoint", ""),
        ("OCPPCommCtrlr", "HeartbeatInterval", ""),
        (ALIGNED, "Enabled", ""),
        (ALIGNED, "Interval", ""),
        (ALIGNED, "Measurands", ""),
        (ALIGNED, "SendDuringIdle", ""),
        (ALIGNED, "TxEndedInterval", ""),
        (ALIGNED, "TxEndedMeasurands", ""),
        (SAMPLED, "Enabled", ""),
        (SAMPLED, "TxStartedMeasurands", ""),
        (SAMPLED, "TxUpdatedMeasurands", ""),
        (SAMPLED, "TxUpdatedInterval", ""),
        (SAMPLED, "TxEndedMeasurands", ""),
        (SAMPLED, "RegisterValuesWithoutPhases", ""),
    )
    keys = [VariableKey(c, v, variable_instance=i) for c, v, i in names]
    words = ("Enabled", "SupportedOperationModes", "SupportedEnergyTransferModes")
    keys += [VariableKey(V2X, word, evse=evse) for evse in evses for word in words]
    return keys


def wanted(known: Mapping[VariableKey, Variable], sampling: Sampling) -> list[Wanted]:
    """Return the settings that a station of this device model should have.

    Args:
        known: The Actual attribute of every variable it has.
        sampling: How often meters are to be read.
    """
    lists = ",".join(MEASURANDS)
    plain = [
        Wanted(VariableKey(ALIGNED, "Enabled"), "true"),
        Wanted(VariableKey(ALIGNED, "SendDuringIdle"), "false", needed=False),
        Wanted(VariableKey(ALIGNED, "Interval"), str(sampling.aligned_s)),
        Wanted(VariableKey(ALIGNED, "Measurands"), lists),
        Wanted(
            VariableKey(ALIGNED, "TxEndedInterval"),
            str(sampling.aligned_s),
            needed=False,
        ),
        Wanted(VariableKey(ALIGNED, "TxEndedMeasurands"), lists, needed=False),
        Wanted(VariableKey(SAMPLED, "Enabled"), "true"),
        Wanted(VariableKey(SAMPLED, "TxStartedMeasurands"), lists),
        Wanted(VariableKey(SAMPLED, "TxUpdatedMeasurands"), lists),
        Wanted(SAMPLING, str(sampling.idle_s)),
        Wanted(VariableKey(SAMPLED, "TxEndedMeasurands"), lists),
        Wanted(
            VariableKey(SAMPLED, "RegisterValuesWithoutPhases"), "true", needed=False
        ),
        Wanted(
            VariableKey("OCPPCommCtrlr", "HeartbeatInterval"),
            str(sampling.heartbeat_s),
            needed=False,
        ),
    ]
    modes = [
        Wanted(key, str(sampling.event_s), needed=False)
        for key in sorted(known)
        if key.component == V2X
        and key.variable == "TxUpdatedInterval"
        and key.variable_instance in EVENT_MODES
    ]
    switches = [
        Wanted(key, "true")
        for key in sorted(known)
        if key.component == V2X and key.variable == "Enabled"
    ]
    return plain + switches + modes


def to_set(
    settings: Iterable[Wanted], known: Mapping[VariableKey, Variable]
) -> tuple[list[Wanted], list[str]]:
    """Return what has to be set, and what cannot be, as shortcomings.

    Measurand lists are cut to what the station says it can measure.
    """
    due: list[Wanted] = []
    short: list[str] = []
    for each in settings:
        there = known.get(each.key)
        fitted = each if there is None else fitted_to(each, there)
        if there is not None and fitted.is_list:
            short += missing(fitted)
        if there is not None and same(there.value, fitted):
            continue
        obstacle = _obstacle(there)
        if obstacle is None and fitted.value:
            due.append(fitted)
        elif obstacle is not None and each.needed:
            short.append(f"{each.key.text} {obstacle}")
    return due, short


def same(value: str | None, setting: Wanted) -> bool:
    """Tell whether a variable has the value wanted, however it is written."""
    if value is None:
        return False
    if setting.fit is not Fit.EXACT:
        return _fits(value, setting)
    if setting.is_list:
        return as_members(value) == as_members(setting.value)
    if setting.value in ("true", "false"):
        return as_flag(value) == as_flag(setting.value)
    try:
        return float(value) == float(setting.value)
    except ValueError:
        return value.strip() == setting.value


def _fits(value: str, setting: Wanted) -> bool:
    if setting.fit is Fit.CONTAINS:
        return as_members(setting.value) <= as_members(value)
    try:
        number, bound = float(value), float(setting.value)
    except ValueError:
        return False
    return number >= bound if setting.fit is Fit.AT_LEAST else number <= bound


def missing(setting: Wanted) -> list[str]:
    """Return a shortcoming for each measurand that a list lacks."""
    members = as_members(setting.value)
    return [
        f"{setting.key.text} cannot hold {each}"
        for each in MEASURANDS
        if each not in members
    ]


def by_key(variables: Iterable[Variable]) -> dict[VariableKey, Variable]:
    """Return the Actual attributes by their name; later ones win."""
    return {each.key: each for each in variables if each.attribute == "Actual"}


def make_of(known: Mapping[VariableKey, Variable]) -> Make | None:
    """Return what a device model says the station is; None if it does not say.

    For stations that do not boot after they have reconnected.
    """

    def said(component: str, variable: str) -> str:
        found = known.get(VariableKey(component, variable))
        return "" if found is None else (found.value or "").strip()

    vendor, model = (
        said("ChargingStation", "VendorName"),
        said("ChargingStation", "Model"),
    )
    if not vendor or not model:
        return None
    firmware = said("Controller", "FirmwareVersion") or said(
        "ChargingStation", "FirmwareVersion"
    )
    return Make(vendor, model, firmware, said("ChargingStation", "SerialNumber"))


def _obstacle(there: Variable | None) -> str | None:
    if there is None:
        return "does not exist"
    if there.mutability == "ReadOnly":
        return f"is {there.value!r} and cannot be set"
    return None


def fitted_to(setting: Wanted, there: Variable) -> Wanted:
    """Return a setting cut to what the station says the variable can hold."""
    offered = as_members((there.characteristics or {}).get("valuesList"))
    if not setting.is_list or not offered:
        return setting
    kept = [each for each in MEASURANDS if each in offered]
    return replace(setting, value=",".join(kept))
