"""How a station keeps its books when the CSMS asks: lists, reservations, monitors."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulators.cabinet import Payload
from simulators.device_model import MOST_TOKENS
from simulators.instants import instant, iso
from simulators.timeline import Act

if TYPE_CHECKING:
    from simulators.station import Station

Command = Callable[["Station", Payload], Payload]
ACCEPTED: Payload = {"status": "Accepted"}


def _send_list(station: "Station", request: Payload) -> Payload:
    cabinet = station.cabinet
    entries = request.get("localAuthorizationList", [])
    if request["updateType"] == "Full":
        tokens = {}
    elif request["versionNumber"] <= cabinet.list_version:
        return {"status": "VersionMismatch"}
    else:
        tokens = dict(cabinet.tokens)
    for entry in entries:
        name = entry["idToken"]["idToken"].lower()
        if "idTokenInfo" in entry:
            tokens[name] = entry
        else:
            tokens.pop(name, None)
    if len(tokens) > MOST_TOKENS:
        return {"status": "Failed"}
    cabinet.tokens, cabinet.list_version = tokens, request["versionNumber"]
    station.model.put("LocalAuthListCtrlr", None, "Entries", str(len(tokens)))
    return ACCEPTED


def _list_version(station: "Station", _: Payload) -> Payload:
    return {"versionNumber": station.cabinet.list_version}


def _reserve(station: "Station", request: Payload) -> Payload:
    if request.get("evseId") not in (None, 1):
        return {"status": "Rejected"}
    if not station.operative:
        return {"status": "Unavailable"}
    others = station.cabinet.reservations.keys() - {request["id"]}
    if station.tx is not None or others:
        return {"status": "Occupied"}
    ends = instant(request["expiryDateTime"])
    if ends <= station.now:
        return {"status": "Rejected"}
    station.cabinet.reservations[request["id"]] = request
    station.timeline.add(Act(ends, lambda s: _expire(s, request)))
    station.occupy()
    return ACCEPTED


def _expire(station: "Station", reservation: Payload) -> None:
    number = reservation["id"]
    if station.cabinet.reservations.get(number) is not reservation:
        return
    del station.cabinet.reservations[number]
    said = {"reservationId": number, "reservationUpdateStatus": "Expired"}
    station.send("ReservationStatusUpdate", said)
    station.occupy()


def _cancel_reservation(station: "Station", request: Payload) -> Payload:
    gone = station.cabinet.reservations.pop(request["reservationId"], None)
    station.occupy()
    return ACCEPTED if gone else {"status": "Rejected"}


def _unlock(station: "Station", request: Payload) -> Payload:
    if (request["evseId"], request["connectorId"]) != (1, 1):
        return {"status": "UnknownConnector"}
    if station.tx is not None:
        return {"status": "OngoingAuthorizedTransaction"}
    return {"status": "Unlocked"}


def _clear_cache(_station: "Station", _: Payload) -> Payload:
    return ACCEPTED


def _report(station: "Station", request: Payload) -> Payload:
    names = {each["component"]["name"] for each in request.get("componentVariable", ())}
    parts = list(station.model.report(request["requestId"], iso(station.now)))
    kept = [
        one
        for part in parts
        for one in part["reportData"]
        if not names or one["component"]["name"] in names
    ]
    if not kept:
        return {"status": "EmptyResultSet"}
    station.send(
        "NotifyReport", {**parts[0], "seqNo": 0, "tbc": False, "reportData": kept}
    )
    return ACCEPTED


def _network(station: "Station", request: Payload) -> Payload:
    slot, data = request["configurationSlot"], request["connectionData"]
    profile = int(station.model.text("SecurityCtrlr", "SecurityProfile") or 1)
    if data["securityProfile"] < profile:
        return {"status": "Rejected"}
    station.cabinet.networks[slot] = data
    return ACCEPTED


def _set_monitors(station: "Station", request: Payload) -> Payload:
    monitors = station.cabinet.monitors
    results = []
    for one in request["setMonitoringData"]:
        place = {name: one[name] for name in ("component", "variable")}
        known = station.model.get(place)["attributeStatus"]
        result = {"type": one["type"], "severity": one["severity"], **place}
        if known in ("UnknownComponent", "UnknownVariable"):
            results.append({**result, "status": known})
            continue
        number = one.get("id") or max(monitors, default=0) + 1
        monitors[number] = {**one, "id": number}
        results.append({**result, "id": number, "status": "Accepted"})
    return {"setMonitoringResult": results}


def _clear_monitors(station: "Station", request: Payload) -> Payload:
    results = []
    for number in request["id"]:
        gone = station.cabinet.monitors.pop(number, None)
        results.append({"id": number, "status": "Accepted" if gone else "NotFound"})
    return {"clearMonitoringResult": results}


def _monitoring_report(station: "Station", request: Payload) -> Payload:
    monitors = station.cabinet.monitors.values()
    if not monitors:
        return {"status": "EmptyResultSet"}
    reported = [_monitor(station, one) for one in monitors]
    part = {
        "requestId": request["requestId"],
        "seqNo": 0,
        "tbc": False,
        "generatedAt": iso(station.now),
        "monitor": reported,
    }
    station.send("NotifyMonitoringReport", part)
    return ACCEPTED


def _monitor(station: "Station", one: Payload) -> Payload:
    shown = {
        "id": one["id"],
        "transaction": one.get("transaction", False),
        "value": one["value"],
        "type": one["type"],
        "severity": one["severity"],
    }
    if station.system.persona.modern:
        shown["eventNotificationType"] = "CustomMonitor"
    place = {name: one[name] for name in ("component", "variable")}
    return {**place, "variableMonitoring": [shown]}


def _monitoring_base(station: "Station", request: Payload) -> Payload:
    if request["monitoringBase"] != "All":
        station.cabinet.monitors.clear()
    return ACCEPTED


def _monitoring_level(_station: "Station", request: Payload) -> Payload:
    return ACCEPTED if request["severity"] in range(10) else {"status": "Rejected"}


def _customer(station: "Station", request: Payload) -> Payload:
    named = [each for each in ("customerIdentifier", "idToken") if each in request]
    if not named and "customerCertificate" not in request:
        return {"status": "Invalid"}
    if request.get("clear") and "idToken" in request:
        station.cabinet.tokens.pop(request["idToken"]["idToken"].lower(), None)
    part = {
        "data": "nothing is known" if request.get("report") else "",
        "seqNo": 0,
        "tbc": False,
        "generatedAt": iso(station.now),
        "requestId": request["requestId"],
    }
    station.send("NotifyCustomerInformation", part)
    return ACCEPTED


def _cost(_station: "Station", _: Payload) -> Payload:
    return {}


def _set_tariff(station: "Station", request: Payload) -> Payload:
    if request["evseId"] not in (0, 1):
        return {"status": "Rejected"}
    station.cabinet.tariffs[request["evseId"]] = request["tariff"]
    return ACCEPTED


def _get_tariffs(station: "Station", request: Payload) -> Payload:
    held = [
        {"tariffId": one["tariffId"], "tariffKind": "DefaultTariff", "evseIds": [evse]}
        for evse, one in station.cabinet.tariffs.items()
        if request["evseId"] in (0, evse)
    ]
    if not held:
        return {"status": "NoTariff"}
    return {"status": "Accepted", "tariffAssignments": held}


def _clear_tariffs(station: "Station", request: Payload) -> Payload:
    names = request.get("tariffIds")
    tariffs = station.cabinet.tariffs
    gone = [
        evse
        for evse, one in tariffs.items()
        if (names is None or one["tariffId"] in names)
        and request.get("evseId") in (None, evse)
    ]
    cleared = [tariffs.pop(evse)["tariffId"] for evse in gone]
    asked = names or cleared
    if not asked:
        return {"clearTariffsResult": [{"status": "NoTariff"}]}
    return {
        "clearTariffsResult": [
            {"tariffId": one, "status": "Accepted" if one in cleared else "NoTariff"}
            for one in asked
        ]
    }


def _change_tariff(station: "Station", request: Payload) -> Payload:
    if station.tx is None or station.tx.id != request["transactionId"]:
        return {"status": "TxNotFound"}
    return ACCEPTED


def _set_control(station: "Station", request: Payload) -> Payload:
    station.cabinet.controls[request["controlId"]] = request
    return ACCEPTED


def _get_controls(station: "Station", request: Payload) -> Payload:
    wanted = [
        one
        for one in station.cabinet.controls.values()
        if request.get("controlId") in (None, one["controlId"])
        and request.get("controlType") in (None, one["controlType"])
        and request.get("isDefault") in (None, one["isDefault"])
    ]
    if not wanted:
        return {"status": "NotFound"}
    report: Payload = {"requestId": request["requestId"]}
    for one in wanted:
        name = next(key for key in one if isinstance(one[key], dict))
        body = {
            "id": one["controlId"],
            "isDefault": one["isDefault"],
            "isSuperseded": False,
            name: one[name],
        }
        report.setdefault(name, []).append(body)
    station.send("ReportDERControl", report)
    return ACCEPTED


def _clear_controls(station: "Station", request: Payload) -> Payload:
    gone = [
        number
        for number, one in station.cabinet.controls.items()
        if request.get("controlId") in (None, number)
        and request.get("controlType") in (None, one["controlType"])
        and one["isDefault"] == request["isDefault"]
    ]
    for number in gone:
        del station.cabinet.controls[number]
    return ACCEPTED if gone else {"status": "NotFound"}


def _streams(station: "Station", _: Payload) -> Payload:
    return (
        {"constantStreamData": list(station.cabinet.streams.values())}
        if (station.cabinet.streams)
        else {}
    )


def _adjust_stream(station: "Station", request: Payload) -> Payload:
    stream = station.cabinet.streams.get(request["id"])
    if stream is None:
        return {"status": "Rejected"}
    stream["params"] = request["params"]
    return ACCEPTED


def _reject(_station: "Station", _: Payload) -> Payload:
    return {"status": "Rejected"}


CHORES: dict[str, Command] = {
    "SendLocalList": _send_list,
    "GetLocalListVersion": _list_version,
    "ReserveNow": _reserve,
    "CancelReservation": _cancel_reservation,
    "UnlockConnector": _unlock,
    "ClearCache": _clear_cache,
    "GetReport": _report,
    "SetNetworkProfile": _network,
    "SetVariableMonitoring": _set_monitors,
    "ClearVariableMonitoring": _clear_monitors,
    "GetMonitoringReport": _monitoring_report,
    "SetMonitoringBase": _monitoring_base,
    "SetMonitoringLevel": _monitoring_level,
    "CustomerInformation": _customer,
    "CostUpdated": _cost,
    "PublishFirmware": _reject,
}
MODERN_CHORES: dict[str, Command] = {
    "SetDefaultTariff": _set_tariff,
    "GetTariffs": _get_tariffs,
    "ClearTariffs": _clear_tariffs,
    "ChangeTransactionTariff": _change_tariff,
    "SetDERControl": _set_control,
    "GetDERControl": _get_controls,
    "ClearDERControl": _clear_controls,
    "GetPeriodicEventStream": _streams,
    "AdjustPeriodicEventStream": _adjust_stream,
    "AFRRSignal": _reject,
    "RequestBatterySwap": _reject,
}
