"""What a station must have for each request: one row for each action.

A request that asks a station for what it does not have is not sent. Rows name the
device model's own words, so that the answer to a refusal is to look there. What a
station reported decides; where it was silent although its report was complete, what is
absent is not there; where no complete report was ever read, silence only warns.

Requests that make a station safer (``ClearChargingProfile``) have no row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from csms.charging.device_model import DeviceModel
from csms.charging.requirement import (
    Lack,
    Payload,
    Request,
    Rule,
    evse,
    member,
    most,
    needs,
    octets,
    protocol_of,
    yes,
)
from csms.charging.requirement_profiles import (
    charging_profile,
    dynamic_profiles,
    network_profile,
    reset,
)
from csms.charging.requirement_variables import (
    monitorable,
    readable,
    repeated,
    reportable,
    writable,
)
from csms.charging.slots import spare_slot

UNREAD = "its device model was never read, so nothing was checked against it"

_DATA, _MONITOR, _LIST = "DeviceDataCtrlr", "MonitoringCtrlr", "LocalAuthListCtrlr"
_SMART, _DISPLAY, _COST = "SmartChargingCtrlr", "DisplayMessageCtrlr", "TariffCostCtrlr"
_COMM, _TRANSFER = "OCPPCommCtrlr", "FileTransferProtocols"
_DER = ("DCDERCtrlr", "ACDERCtrlr")
_LISTS = {
    "SetVariables": "setVariableData",
    "GetVariables": "getVariableData",
}


def _any_evse() -> Rule:
    """A reservation without an EVSE needs NonEvseSpecific (H01.FR.19)."""

    def check(request: Request) -> Iterator[Lack]:
        allowed = request.model.flag("ReservationCtrlr", "NonEvseSpecific")
        if request.at("evseId") is None and not allowed:
            yield Lack(
                "evseId",
                "reserves single EVSEs only (ReservationCtrlr.NonEvseSpecific)",
                "name an EVSE",
                said=allowed is False,
            )

    return Rule(check, ("ReservationCtrlr",))


def _der_control(path: str = "") -> Rule:
    """A DER control needs a controller that lists its mode (R04)."""

    def check(request: Request) -> Iterator[Lack]:
        model = request.model
        if not any(model.has(each) for each in _DER):
            yield Lack("", "has no DER controller", "ask another station", said=False)
            return
        listed = [model.members(each, "ModesSupported") for each in _DER]
        modes = frozenset().union(*(each for each in listed if each))
        word = request.at(path) if path else None
        if word is not None and modes and word not in modes:
            yield Lack(
                path,
                f"does not support {word} (ModesSupported)",
                f"it supports {', '.join(sorted(modes))}",
            )

    return Rule(check, _DER)


def _v2g_root() -> Rule:
    """A root of the V2G world is of use to who speaks ISO 15118 only (M03)."""

    def check(request: Request) -> Iterator[Lack]:
        if request.at("certificateType") == "V2GRootCertificate" and not (
            request.model.has("ISO15118Ctrlr")
        ):
            yield Lack(
                "certificateType",
                "has no ISO15118Ctrlr",
                "install it where ISO 15118 is spoken",
                said=False,
            )

    return Rule(check, ("ISO15118Ctrlr",))


def _streams() -> Rule:
    """A stream needs room for one (N15)."""

    def check(request: Request) -> Iterator[Lack]:
        if request.model.number(_MONITOR, "MaxPeriodicEventStreams") == 0:
            yield Lack("", "keeps no periodic event streams", "use a monitor instead")

    return Rule(check, (_MONITOR,))


def _vendor() -> Rule:
    """A vendor's extension may be switched off (P01)."""

    def check(request: Request) -> Iterator[Lack]:
        vendor = str(request.at("vendorId"))
        enabled = request.model.flag(
            "CustomizationCtrlr", "CustomImplementationEnabled", vendor
        )
        if enabled is False:
            yield Lack(
                "vendorId",
                f"has {vendor} switched off (CustomImplementationEnabled)",
                "switch it on first",
            )

    return Rule(check, ("CustomizationCtrlr",))


def _file(path: str) -> Rule:
    return member(path, _COMM, _TRANSFER, read=protocol_of)


TABLE: Mapping[str, tuple[Rule, ...]] = {
    # Block B, provisioning
    "GetReport": (
        most("componentVariable", _DATA, "ItemsPerMessage", "GetReport"),
        octets(_DATA, "GetReport"),
        reportable(),
    ),
    "GetVariables": (
        most("getVariableData", _DATA, "ItemsPerMessage", "GetVariables"),
        octets(_DATA, "GetVariables"),
        readable(),
    ),
    "SetVariables": (
        most("setVariableData", _DATA, "ItemsPerMessage", "SetVariables"),
        octets(_DATA, "SetVariables"),
        writable(),
        spare_slot(),
    ),
    "SetNetworkProfile": (network_profile(),),
    "Reset": (evse("evseId"), reset()),
    # Block C, D, tokens
    "ClearCache": (needs("AuthCacheCtrlr"),),
    "GetLocalListVersion": (needs(_LIST),),
    "SendLocalList": (
        needs(_LIST),
        most("localAuthorizationList", _LIST, "ItemsPerMessage"),
        octets(_LIST),
    ),
    # Block F, G, remote control, availability
    "RequestStartTransaction": (evse("evseId"), charging_profile()),
    "TriggerMessage": (
        evse("evse.id", "evse.connectorId"),
        member("customTrigger", "CustomizationCtrlr", "CustomTriggers"),
    ),
    "UnlockConnector": (evse("evseId", "connectorId"),),
    "ChangeAvailability": (evse("evse.id", "evse.connectorId"),),
    # Block H, reservations
    "ReserveNow": (needs("ReservationCtrlr"), evse("evseId"), _any_evse()),
    "CancelReservation": (needs("ReservationCtrlr"),),
    # Block I, costs and tariffs
    "CostUpdated": (needs(_COST, "Cost"),),
    "SetDefaultTariff": (needs(_COST, "Tariff"), evse("evseId")),
    "GetTariffs": (needs(_COST, "Tariff"), evse("evseId")),
    "ClearTariffs": (needs(_COST, "Tariff"), evse("evseId")),
    "ChangeTransactionTariff": (needs(_COST, "Tariff"),),
    "NotifyWebPaymentStarted": (needs("WebPaymentsCtrlr"), evse("evseId")),
    # Block K, smart charging
    "SetChargingProfile": (evse("evseId"), charging_profile()),
    "GetChargingProfiles": (needs(_SMART), evse("evseId")),
    "GetCompositeSchedule": (
        needs(_SMART),
        evse("evseId"),
        member("chargingRateUnit", _SMART, "RateUnit"),
    ),
    "UpdateDynamicSchedule": (needs(_SMART), dynamic_profiles()),
    "UsePriorityCharging": (needs(_SMART),),
    # Block L, M, firmware, certificates
    "UpdateFirmware": (_file("firmware.location"),),
    "PublishFirmware": (_file("location"),),
    "InstallCertificate": (_v2g_root(),),
    # Block N, diagnostics
    "GetLog": (_file("log.remoteLocation"),),
    "SetMonitoringBase": (needs(_MONITOR),),
    "SetMonitoringLevel": (needs(_MONITOR),),
    "GetMonitoringReport": (needs(_MONITOR),),
    "SetVariableMonitoring": (
        needs(_MONITOR),
        most("setMonitoringData", _MONITOR, "ItemsPerMessage", "SetVariableMonitoring"),
        octets(_MONITOR, "SetVariableMonitoring"),
        monitorable(),
    ),
    "ClearVariableMonitoring": (
        needs(_MONITOR),
        most("id", _MONITOR, "ItemsPerMessage", "ClearVariableMonitoring"),
        octets(_MONITOR, "ClearVariableMonitoring"),
    ),
    "GetPeriodicEventStream": (needs(_MONITOR), _streams()),
    "AdjustPeriodicEventStream": (needs(_MONITOR), _streams()),
    # Block O, displays
    "SetDisplayMessage": (
        needs(_DISPLAY),
        member("message.priority", _DISPLAY, "SupportedPriorities"),
        member("message.state", _DISPLAY, "SupportedStates"),
        member("message.message.format", _DISPLAY, "SupportedFormats"),
    ),
    "GetDisplayMessages": (needs(_DISPLAY),),
    "ClearDisplayMessage": (needs(_DISPLAY),),
    # Blocks P to S, data transfer, V2X, DER, battery swap
    "DataTransfer": (_vendor(),),
    "AFRRSignal": (needs("V2XChargingCtrlr"),),
    "NotifyAllowedEnergyTransfer": (
        yes("ISO15118Ctrlr", "ServiceRenegotiationSupport"),
    ),
    "SetDERControl": (_der_control("controlType"),),
    "GetDERControl": (_der_control(),),
    "ClearDERControl": (_der_control(),),
    "RequestBatterySwap": (needs("BatterySwapCtrlr"),),
}
"""Every action that needs something; those that are missing need nothing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of holding a request against a device model.

    Attributes:
        lacks: What the station lacks for it; if there is any, it is not sent.
        warnings: What it may lack, in prose.
    """

    lacks: tuple[Lack, ...] = ()
    warnings: tuple[str, ...] = ()


_CUSTOMERS = ("idToken", "customerCertificate", "customerIdentifier")


def looks_at(action: str, payload: Payload) -> frozenset[str]:
    """Return the components of a device model that decide about a request."""
    named = {each for rule in TABLE.get(action, ()) for each in rule.components}
    for entry in _entries(payload):
        component = entry.get("component")
        if isinstance(component, Mapping):
            named.add(str(component.get("name")))
    return frozenset(named)


def judge(action: str, payload: Payload, model: DeviceModel, edition: str) -> Verdict:
    """Return what a station lacks for a request.

    Args:
        action: The name of the action.
        payload: In the words of the wire; it obeys its schema.
        model: What the station reported; at least the components that
            ``looks_at`` names.
        edition: The edition it speaks.
    """
    rules = TABLE.get(action, ())
    if not rules:
        return Verdict()
    if not model.known:
        return Verdict((), (UNREAD,))
    request = Request(payload, model, edition)
    found = [each for rule in rules for each in rule.check(request)]
    sure = [each for each in found if each.said or model.complete]
    unsure = [each for each in found if each not in sure]
    return Verdict(
        tuple(dict.fromkeys(sure)),
        tuple(dict.fromkeys(f"perhaps it {each.problem}" for each in unsure)),
    )


def repetition(action: str, payload: Payload) -> str | None:
    """Return the field that says what one before it said (B05.FR.13); or None."""
    name = _LISTS.get(action)
    index = None if name is None else repeated(payload[name])
    return None if index is None else f"{name}[{index}]"


def nonsense(action: str, payload: Payload) -> tuple[str, str] | None:
    """Return the field that makes no sense to any station, and why; or None."""
    if (field := repetition(action, payload)) is not None:
        return field, "names a variable that an entry before it names too (B05.FR.13)"
    if action != "CustomerInformation":
        return None
    if not (payload["report"] or payload["clear"]):
        return "report", "it is to report, to clear, or both (N09.FR.07, N10.FR.07)"
    if sum(payload.get(each) is not None for each in _CUSTOMERS) != 1:
        return _CUSTOMERS[-1], "one reference names the customer (N09.FR.04, N10.FR.08)"
    return None


def _entries(payload: Payload) -> Iterator[Mapping[str, Any]]:
    for value in payload.values():
        if isinstance(value, list):
            yield from (each for each in value if isinstance(each, Mapping))
