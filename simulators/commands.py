"""How a station answers what the CSMS asks of it."""

import json
from collections.abc import Callable
from typing import Any

from simulators.chores import CHORES, MODERN_CHORES
from simulators.evse import VendorOrder
from simulators.instants import instant, iso
from simulators.profile_rules import Refusal
from simulators.profiles import Payload, Profile
from simulators.registration import boot
from simulators.safeguards import ask_for_certificate
from simulators.screen import SCREEN
from simulators.smart_charging import Setting
from simulators.station import Station
from simulators.timeline import restart
from simulators.upkeep import UPKEEP
from simulators.vehicle_talk import renegotiate

VENDOR_ID = "org.example.v2g"
RESTART_S = 90.0


class Unknown(Exception):
    """The action is not one that the station implements."""


def answer(station: Station, action: str, request: Payload) -> Payload:
    """Return the station's response payload.

    Raises:
        Unknown: If the station does not implement the action (NotImplemented).
        KeyError: If something required is missing.
        TypeError: If something has the wrong type.
        ValueError: If a value cannot be read.
    """
    command = _COMMANDS.get(action)
    if command is None or (action in _MODERN and not station.system.persona.modern):
        raise Unknown(action)
    return command(station, request)


def _refused(refusal: Refusal) -> Payload:
    info = {"reasonCode": refusal.code[:20], "additionalInfo": refusal.info}
    return {"status": "Rejected", "statusInfo": info}


def _rejected(code: str, info: str) -> Payload:
    return _refused(Refusal(code, info))


def _base_report(station: Station, request: Payload) -> Payload:
    if request["reportBase"] == "SummaryInventory":
        return {"status": "NotSupported"}
    _keep_current(station)
    for part in station.model.report(request["requestId"], iso(station.now)):
        station.send("NotifyReport", part, before_boot=True)
    return {"status": "Accepted"}


def _keep_current(station: Station) -> None:
    station.model.put("ClockCtrlr", None, "DateTime", iso(station.now))
    soc = station.evse.soc
    if station.system.persona.modern:
        text = "" if soc is None else f"{soc:.1f}"
        station.model.put("ConnectedEV", 1, "StateOfCharge", text)


def _get_variables(station: Station, request: Payload) -> Payload:
    _keep_current(station)
    asked = request["getVariableData"]
    return {"getVariableResult": [station.model.get(one) for one in asked]}


def _set_variables(station: Station, request: Payload) -> Payload:
    results = [station.model.set(one) for one in request["setVariableData"]]
    station.redials = any(
        each["attributeStatus"] == "Accepted"
        and each["variable"]["name"] == "BasicAuthPassword"
        for each in results
    )
    persona = station.system.persona
    if persona.vendor_setpoint == "setvariables":
        watts = float(station.model.text("V2XChargingCtrlr", "Setpoint") or 0)
        order = VendorOrder(watts, station.t, float("inf")) if watts else None
        station.evse.order = order
    station.refresh()
    return {"setVariableResult": results}


def _set_profile(station: Station, request: Payload) -> Payload:
    tx = station.tx.id if station.tx else None
    raw = request["chargingProfile"]
    refusal = station.smart.install(request["evseId"], raw, tx, station.now)
    if refusal:
        return _refused(refusal)
    station.refresh()
    return {"status": "Accepted"}


def _update_dynamic(station: Station, request: Payload) -> Payload:
    change = request["scheduleUpdate"]
    refusal = station.smart.update(request["chargingProfileId"], change, station.now)
    if refusal:
        return _refused(refusal)
    station.refresh()
    return {"status": "Accepted"}


def _criteria(request: Payload, evse: int | None) -> Callable[[Profile], bool]:
    ids = request.get("chargingProfileId")
    purpose = request.get("chargingProfilePurpose")
    stack = request.get("stackLevel")
    sources = request.get("chargingLimitSource")

    def matches(profile: Profile) -> bool:
        return (
            (ids is None or profile.id in ids)
            and (purpose is None or profile.purpose == purpose)
            and (stack is None or profile.stack == stack)
            and (evse is None or profile.evse == evse)
            and (sources is None or "CSO" in sources)
        )

    return matches


def _get_profiles(station: Station, request: Payload) -> Payload:
    matches = _criteria(request["chargingProfile"], request.get("evseId"))
    found = [p for p in station.smart.profiles.values() if matches(p)]
    if not found:
        return {"status": "NoProfiles"}
    evses = sorted({profile.evse for profile in found})
    for evse in evses:
        report: Payload = {
            "requestId": request["requestId"],
            "chargingLimitSource": "CSO",
            "evseId": evse,
            "chargingProfile": [p.raw for p in found if p.evse == evse],
        }
        if evse != evses[-1]:
            report["tbc"] = True
        station.send("ReportChargingProfiles", report, before_boot=True)
    return {"status": "Accepted"}


def _clear_profile(station: Station, request: Payload) -> Payload:
    if "chargingProfileId" in request:
        matches = _criteria({"chargingProfileId": [request["chargingProfileId"]]}, None)
    else:
        criteria = request.get("chargingProfileCriteria", {})
        matches = _criteria(criteria, criteria.get("evseId"))
    gone = station.smart.clear(matches)
    station.refresh()
    return {"status": "Accepted" if gone else "Unknown"}


def _composite(station: Station, request: Payload) -> Payload:
    if request["evseId"] not in (0, 1):
        return _rejected("UnknownEvse", "there is one EVSE")
    persona = station.system.persona
    unit = request.get("chargingRateUnit", persona.rate_units[0])
    if unit not in persona.rate_units:
        return _rejected("UnsupportedRateUnit", unit)
    started = station.tx.started if station.tx else station.now
    duration = request["duration"]
    plan = station.smart.composite(station.now, duration, started)
    scale = 1.0 if unit == "W" else 1.0 / persona.volts
    periods = [_period(station, start, one, scale) for start, one in plan]
    return {
        "status": "Accepted",
        "schedule": {
            "evseId": request["evseId"],
            "duration": duration,
            "scheduleStart": iso(station.now),
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": _distinct(periods),
        },
    }


def _distinct(periods: list[Payload]) -> list[Payload]:
    kept: list[Payload] = []
    for period in periods:
        if kept and kept[-1]["startPeriod"] == period["startPeriod"]:
            kept.pop()
        kept.append(period)
    return kept


def _period(station: Station, start: float, setting: Setting, scale: float) -> Payload:
    persona = station.system.persona
    period: Payload = {"startPeriod": round(start - station.now)}
    limit = min(setting.limit, float(persona.max_charge_w))
    if persona.modern:
        if setting.mode != "ChargingOnly":
            period["operationMode"] = setting.mode
        if setting.mode == "Idle":
            return period
        if setting.setpoint is not None:
            return {**period, "setpoint": round(setting.setpoint * scale, 1)}
        return {**period, "limit": round(limit * scale, 1)}
    watts = limit if setting.setpoint is None else setting.setpoint
    if persona.echo_as_told and setting.told is not None:
        watts = setting.told
    return {**period, "limit": round(watts * scale, 1)}


def _request_start(station: Station, request: Payload) -> Payload:
    if station.tx is not None:
        return {**_rejected("TxInProgress", "running"), "transactionId": station.tx.id}
    if station.evse.vehicle is None or not station.operative:
        return _rejected("NoVehicle", "plug a vehicle in first")
    tx = station.start_transaction("RemoteStart", request["remoteStartId"])
    profile = request.get("chargingProfile")
    if profile:
        profile = {**profile, "transactionId": tx.id}
        refusal = station.smart.install(1, profile, tx.id, station.now)
        if refusal:
            return _refused(refusal)
        station.refresh()
    return {"status": "Accepted", "transactionId": tx.id}


def _request_stop(station: Station, request: Payload) -> Payload:
    if station.tx is None or station.tx.id != request["transactionId"]:
        return _rejected("TxNotFound", "no such transaction")
    station.end_transaction("RemoteStop", "Remote")
    return {"status": "Accepted"}


def _read_meter(station: Station) -> None:
    listed = station.model.measurands("AlignedDataCtrlr", "Measurands")
    station.meter_values(listed, "Trigger")


_TOLD: dict[str, Callable[[Station], None]] = {
    "Heartbeat": lambda station: station.send("Heartbeat", {}),
    "StatusNotification": Station.status,
    "MeterValues": _read_meter,
    "SignChargingStationCertificate": ask_for_certificate,
}
"""What is told at once when it is triggered (F06)."""


def _trigger(station: Station, request: Payload) -> Payload:
    wanted = request["requestedMessage"]
    if wanted == "BootNotification":
        if station.booted:
            return {"status": "Rejected"}
        boot(station)
    elif wanted in _TOLD:
        _TOLD[wanted](station)
    elif wanted == "TransactionEvent":
        if station.tx is None:
            return {"status": "Rejected"}
        station.report("Updated", "Trigger", "Trigger", "TxUpdatedMeasurands")
    else:
        return {"status": "NotImplemented"}
    station.outbox.release()
    return {"status": "Accepted"}


def _transaction_status(station: Station, request: Payload) -> Payload:
    waiting = station.outbox.reports > 0
    asked = request.get("transactionId")
    if asked is None:
        return {"messagesInQueue": waiting}
    ongoing = station.tx is not None and station.tx.id == asked
    return {"ongoingIndicator": ongoing, "messagesInQueue": waiting}


def _reset(station: Station, request: Payload) -> Payload:
    if "evseId" in request:
        return {"status": "Rejected"}
    if request["type"] == "OnIdle" and station.tx is not None:
        station.reset_on_idle = True
        return {"status": "Scheduled"}
    restart(station, "RemoteReset", RESTART_S)
    return {"status": "Accepted"}


def _availability(station: Station, request: Payload) -> Payload:
    station.operative = request["operationalStatus"] == "Operative"
    if station.tx is not None:
        return {"status": "Accepted" if station.operative else "Scheduled"}
    station.occupy()
    if station.operative and station.evse.vehicle is not None:
        station.start_transaction("CablePluggedIn")
    return {"status": "Accepted"}


def _data_transfer(station: Station, request: Payload) -> Payload:
    dialect = station.system.persona.vendor_setpoint == "datatransfer"
    if not dialect or request["vendorId"] != VENDOR_ID:
        return {"status": "UnknownVendorId"}
    name = request.get("messageId")
    if name == "ClearSetpoint":
        station.evse.order = None
    elif name == "Setpoint":
        order = _vendor_order(request.get("data"))
        if order is None:
            return {"status": "Rejected"}
        station.evse.order = order
    else:
        return {"status": "UnknownMessageId"}
    station.refresh()
    return {"status": "Accepted"}


def _vendor_order(data: Any) -> VendorOrder | None:  # noqa: ANN401
    told = json.loads(data) if isinstance(data, str) else data
    if not isinstance(told, dict) or told.get("evseId") != 1:
        return None
    start, end = instant(told["startAt"]), instant(told["endAt"])
    return VendorOrder(float(told["setpointW"]), start, end) if end > start else None


def _allowed_transfer(station: Station, request: Payload) -> Payload:
    if station.tx is None or station.tx.id != request["transactionId"]:
        return _rejected("TxNotFound", "no such transaction")
    allowed = any("BPT" in mode for mode in request["allowedEnergyTransfer"])
    if allowed != bool(station.evse.bidirectional):
        renegotiate(station, bidirectional=allowed)
    return {"status": "Accepted"}


def _use_priority(station: Station, request: Payload) -> Payload:
    if station.tx is None or station.tx.id != request["transactionId"]:
        return _rejected("TxNotFound", "no such transaction")
    profiles = station.smart.profiles.values()
    if not any(profile.purpose == "PriorityCharging" for profile in profiles):
        return {"status": "NoProfile"}
    station.smart.priority = request["activate"]
    station.smart.version += 1
    station.refresh()
    return {"status": "Accepted"}


_MODERN = (
    "UpdateDynamicSchedule",
    "NotifyAllowedEnergyTransfer",
    "UsePriorityCharging",
    *MODERN_CHORES,
)
_COMMANDS: dict[str, Callable[[Station, Payload], Payload]] = {
    **CHORES,
    **MODERN_CHORES,
    **SCREEN,
    **UPKEEP,
    "GetBaseReport": _base_report,
    "GetVariables": _get_variables,
    "SetVariables": _set_variables,
    "SetChargingProfile": _set_profile,
    "UpdateDynamicSchedule": _update_dynamic,
    "GetChargingProfiles": _get_profiles,
    "ClearChargingProfile": _clear_profile,
    "GetCompositeSchedule": _composite,
    "RequestStartTransaction": _request_start,
    "RequestStopTransaction": _request_stop,
    "TriggerMessage": _trigger,
    "GetTransactionStatus": _transaction_status,
    "Reset": _reset,
    "ChangeAvailability": _availability,
    "DataTransfer": _data_transfer,
    "NotifyAllowedEnergyTransfer": _allowed_transfer,
    "UsePriorityCharging": _use_priority,
}
