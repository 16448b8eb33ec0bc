"""What a station can do, from its device model: assume little where it is silent.

What is absent is read in the way that promises least. A capability says
what the *station* claims; what experience adds is in ``domain.vendor_profile``.
"""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from csms.charging.authority import (
    SILENT,
    Authority,
    authority,
    from_words,
    to_words,
)
from csms.charging.model_words import Model, as_flag, as_members
from csms.domain.profile import OperationMode, RateUnit
from csms.domain.station import EDITION_21, EDITION_201, Variable

__all__ = ["Capability", "V2x", "as_flag", "as_members", "capability"]

DEFAULT_ITEMS = 10
"""Variables asked for at once where ItemsPerMessage is not reported."""
_EXPORT = "Energy.Active.Export.Register"
_IMPORT = "Energy.Active.Import.Register"


@dataclass(frozen=True, slots=True)
class V2x:
    """What one EVSE says about feeding back (2.1, V2XChargingCtrlr).

    Attributes:
        evse: Its number.
        enabled: Whether V2X is switched on; None when it does not say.
        modes: SupportedOperationModes, words it does not share with us left out.
        transfer_modes: SupportedEnergyTransferModes, in the words of the wire.
    """

    evse: int
    enabled: bool | None
    modes: frozenset[OperationMode]
    transfer_modes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Capability:
    """What a station says it can do. The defaults are what silence means.

    Attributes:
        edition: The edition it was read in.
        read: Whether the device model was read at all (rule 1).
        smart_charging: Whether it takes charging profiles at all.
        units: SmartChargingCtrlr.RateUnit; amperes where it is silent.
        periods_per_schedule: Most periods of a schedule.
        max_stack_level: Highest stack level.
        max_profiles: Most profiles installed at once.
        dynamic_profiles: SupportsDynamicProfiles (K01.FR.121).
        max_offline_duration: SupportsMaxOfflineDuration.
        limit_at_soc: SupportsLimitAtSoC.
        evse_sleep: SupportsEvseSleep.
        setpoint_priority: SetpointPriority; empty when it does not say.
        max_external_id: Highest profile id of external origin; ours lie above it
            (K01.FR.80).
        persistent: Purposes of profiles that outlive a reboot.
        v2x: One entry for each EVSE that has a V2XChargingCtrlr.
        connectors: (EVSE, connector) of every plug.
        measurands: What its meter can report, as far as it lists it.
        has_display: Whether it can show messages (block O).
        event_sampling: Whether it can sample faster by itself while it is dispatched
            (V2XChargingCtrlr.TxUpdatedInterval of CentralSetpoint).
        items_per_get: Most variables in one GetVariables (B06.FR.05).
        items_per_set: Most variables in one SetVariables (B05.FR.11).
        tx_start_points: What begins a transaction.
        tx_stop_points: What ends one.
        authority: What it decides by itself: lists, caches, reservations.
        additional_purposes: SupportedAdditionalPurposes (K01.FR.120).
        local_time: SupportsUseLocalTime (K01.FR.123).
        random_delay: SupportsRandomizedDelay (K01.FR.124).
        phase_switching: EVSEs whose phase can be chosen (K01.FR.20); 0 for all.
        dc_phases: EVSEs of direct current whose input phases can be chosen
            (K01.FR.44, FR.54); 0 for all.
        balances: EVSEs whose four values for local load balancing are set and fit
            together (Q09.FR.02).
        der_controls: Kinds of grid controls that it says it can follow, by EVSE (R01,
            R03).
    """

    edition: str = EDITION_201
    read: bool = False
    smart_charging: bool = False
    units: frozenset[RateUnit] = frozenset({RateUnit.AMPERES})
    periods_per_schedule: int = 1
    max_stack_level: int = 0
    max_profiles: int = 2
    dynamic_profiles: bool = False
    max_offline_duration: bool = False
    limit_at_soc: bool = False
    evse_sleep: bool = False
    setpoint_priority: str = ""
    max_external_id: int = 0
    persistent: frozenset[str] = frozenset()
    v2x: tuple[V2x, ...] = ()
    connectors: tuple[tuple[int, int], ...] = ()
    measurands: frozenset[str] = frozenset()
    has_display: bool = False
    event_sampling: bool = False
    items_per_get: int = DEFAULT_ITEMS
    items_per_set: int = DEFAULT_ITEMS
    tx_start_points: frozenset[str] = frozenset()
    tx_stop_points: frozenset[str] = frozenset()
    authority: Authority = SILENT
    additional_purposes: frozenset[str] = frozenset()
    local_time: bool = False
    random_delay: bool = False
    phase_switching: frozenset[int] = frozenset()
    dc_phases: frozenset[int] = frozenset()
    balances: frozenset[int] = frozenset()
    der_controls: tuple[tuple[int, frozenset[str]], ...] = ()

    @property
    def der_kinds(self) -> frozenset[str]:
        """Return every kind of grid control that some EVSE of it can follow."""
        return frozenset(kind for _, kinds in self.der_controls for kind in kinds)

    def v2x_of(self, evse: int) -> V2x | None:
        """Return what the EVSE says about feeding back; None when it says nothing.

        A controller that the station reports without an EVSE speaks for all of them.
        """
        for number in (evse, 0):
            for each in self.v2x:
                if each.evse == number:
                    return each
        return None

    def supports(self, evse: int, mode: OperationMode) -> bool:
        """Tell whether the EVSE says it can follow the operation mode (rule 3)."""
        found = self.v2x_of(evse)
        return found is not None and found.enabled is not False and mode in found.modes

    @property
    def meters_export(self) -> bool | None:
        """Tell whether it says it meters what flows back; None when it is silent."""
        return _EXPORT in self.measurands if self.measurands else None

    @property
    def idle_keeps_transaction(self) -> bool:
        """Tell whether a transaction outlives standing still."""
        return "EnergyTransfer" not in self.tx_stop_points


UNREAD = Capability()
"""What is known of a station whose device model was never read: nothing."""


def capability(variables: Iterable[Variable], edition: str) -> Capability:
    """Return what a device model says a station can do.

    Args:
        variables: What GetBaseReport and GetVariables brought; later ones win.
        edition: The edition it was read in.
    """
    variables = tuple(variables)
    model = Model(variables)
    smart = "SmartChargingCtrlr"
    enabled = model.flag(smart, "Enabled")
    available = model.flag(smart, "Available")
    units = model.members(smart, "RateUnit")
    return Capability(
        edition=edition,
        read=bool(model.actual),
        smart_charging=(enabled is True or available is True)
        and enabled is not False
        and available is not False,
        units=frozenset(RateUnit(each) for each in units if each in set(RateUnit))
        or UNREAD.units,
        periods_per_schedule=max(1, model.number(smart, "PeriodsPerSchedule", 1)),
        max_stack_level=max(0, model.number(smart, "ProfileStackLevel", 0)),
        max_profiles=max(1, model.most(smart, "Entries", 2, "ChargingProfiles")),
        dynamic_profiles=model.feature("DynamicProfiles"),
        max_offline_duration=model.feature("MaxOfflineDuration"),
        limit_at_soc=model.feature("LimitAtSoC"),
        evse_sleep=model.feature("EvseSleep"),
        setpoint_priority=model.text(smart, "SetpointPriority") or "",
        max_external_id=max(0, model.number(smart, "MaxExternalConstraintsId", 0)),
        persistent=_persistent(model, edition),
        v2x=_v2x(model),
        connectors=_connectors(model),
        measurands=_measurands(model),
        has_display=model.flag("DisplayMessageCtrlr", "Available") is True
        or model.flag("DisplayMessageCtrlr", "Enabled") is True,
        event_sampling=model.text(
            "V2XChargingCtrlr", "TxUpdatedInterval", "CentralSetpoint"
        )
        is not None,
        items_per_get=_items(model, "GetVariables"),
        items_per_set=_items(model, "SetVariables"),
        tx_start_points=model.members("TxCtrlr", "TxStartPoint"),
        tx_stop_points=model.members("TxCtrlr", "TxStopPoint"),
        authority=authority(variables),
        additional_purposes=model.members(smart, "SupportedAdditionalPurposes"),
        local_time=model.feature("UseLocalTime") or model.feature("LocalTime"),
        random_delay=model.feature("RandomizedDelay"),
        phase_switching=_flagged(model, "ACPhaseSwitchingSupported"),
        dc_phases=_flagged(model, "DCInputPhaseControl"),
        balances=_balances(model),
        der_controls=_der_controls(model),
    )


def to_document(value: Capability) -> dict[str, Any]:
    """Return the capability as JSON knows it; sets are sorted."""
    return {
        name: _plain(getattr(value, name)) for name in Capability.__dataclass_fields__
    }


def from_document(document: Mapping[str, Any]) -> Capability:
    """Read what ``to_document`` wrote; what is missing is as silence means."""
    if not document:
        return UNREAD
    kept: dict[str, Any] = {
        name: value
        for name, value in document.items()
        if name in Capability.__dataclass_fields__
    }
    for name in ("persistent", "measurands", "tx_start_points", "tx_stop_points"):
        kept[name] = frozenset(kept.get(name, ()))
    kept["additional_purposes"] = frozenset(kept.get("additional_purposes", ()))
    for name in ("phase_switching", "dc_phases", "balances"):
        kept[name] = frozenset(map(int, kept.get(name, ())))
    kept["der_controls"] = tuple(
        (evse, frozenset(kinds)) for evse, kinds in kept.get("der_controls", ())
    )
    kept["units"] = frozenset(map(RateUnit, kept.get("units", UNREAD.units)))
    kept["connectors"] = tuple((e, c) for e, c in kept.get("connectors", ()))
    kept["v2x"] = tuple(
        V2x(
            each["evse"],
            each["enabled"],
            frozenset(map(OperationMode, each["modes"])),
            frozenset(each["transfer_modes"]),
        )
        for each in kept.get("v2x", ())
    )
    kept["authority"] = from_words(kept.get("authority", {}))
    return Capability(**kept)


def _plain(value: object) -> Any:  # noqa: ANN401, JSON has no narrower type
    match value:
        case frozenset():
            return sorted(str(each) for each in value)
        case V2x():
            return {
                "evse": value.evse,
                "enabled": value.enabled,
                "modes": _plain(value.modes),
                "transfer_modes": _plain(value.transfer_modes),
            }
        case Authority():
            return to_words(value)
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return value


def _persistent(model: Model, edition: str) -> frozenset[str]:
    known = {"ChargingStationMaxProfile", "TxDefaultProfile"}
    if edition != EDITION_21:
        return frozenset({*known, "TxProfile"})
    known.add("PriorityCharging")
    for key, each in model.actual.items():
        if key.variable == "ChargingProfilePersistence" and as_flag(each.value):
            known.add(key.variable_instance)
    return frozenset(known)


def _v2x(model: Model) -> tuple[V2x, ...]:
    said: dict[int, dict[str, str | None]] = {}
    for key, each in model.actual.items():
        if key.component == "V2XChargingCtrlr" and not key.variable_instance:
            said.setdefault(key.evse, {})[key.variable] = each.value
    known = set(OperationMode)
    return tuple(
        V2x(
            evse,
            as_flag(words.get("Enabled")),
            frozenset(
                OperationMode(mode)
                for mode in as_members(words.get("SupportedOperationModes"))
                if mode in known
            ),
            as_members(words.get("SupportedEnergyTransferModes")),
        )
        for evse, words in sorted(said.items())
    )


def _connectors(model: Model) -> tuple[tuple[int, int], ...]:
    plugs = {(key.evse, key.connector) for key in model.actual if key.connector > 0}
    return tuple(sorted(plugs))


def _measurands(model: Model) -> frozenset[str]:
    found: set[str] = set()
    for key, each in model.actual.items():
        if key.variable.endswith("Measurands"):
            found |= as_members(each.value)
            found |= as_members((each.characteristics or {}).get("valuesList"))
    return frozenset(found) if _IMPORT in found or _EXPORT in found else frozenset()


def _flagged(model: Model, variable: str) -> frozenset[int]:
    return frozenset(
        key.evse
        for key, each in model.actual.items()
        if key.variable == variable and as_flag(each.value)
    )


def _balances(model: Model) -> frozenset[int]:
    said: dict[int, dict[str, float]] = {}
    for key, each in model.actual.items():
        if (key.component, key.variable) == ("V2XChargingCtrlr", "LocalLoadBalancing"):
            with contextlib.suppress(ValueError):
                figure = float(each.value or "")
                said.setdefault(key.evse, {})[key.variable_instance] = figure
    needed = {"UpperThreshold", "LowerThreshold", "UpperOffset", "LowerOffset"}
    return frozenset(
        evse
        for evse, words in said.items()
        if needed <= words.keys() and words["UpperThreshold"] > words["LowerThreshold"]
    )


def _der_controls(model: Model) -> tuple[tuple[int, frozenset[str]], ...]:
    said: dict[int, frozenset[str]] = {}
    for key, each in model.actual.items():
        controller = key.component in {"DCDERCtrlr", "ACDERCtrlr", "DERCtrlr"}
        if controller and key.variable in {"ModesSupported", "SupportedDERControls"}:
            kinds = said.get(key.evse, frozenset())
            said[key.evse] = kinds | as_members(each.value)
    return tuple(sorted(said.items()))


def _items(model: Model, instance: str) -> int:
    found = model.number("DeviceDataCtrlr", "ItemsPerMessage", DEFAULT_ITEMS, instance)
    return max(1, found)
