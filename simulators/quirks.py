"""How real stations depart from the specification on the wire, each way by its name.

A persona names the ways of its make. What concerns single payloads is done here; what
concerns the conversation is done where that is held (``simulators.link``).
"""

from collections.abc import Callable
from typing import Any

from simulators.outbox import Payload

IN_CONVERSATION = ("double_sockets", "reused_message_ids", "slow_answers")
IN_LIFE = ("boot_loop", "clock_ahead")
REGISTERS = "Energy.Active."
_WH_PER_KWH = 1000


def disguised(quirks: tuple[str, ...], action: str, payload: Payload) -> Payload:
    """Return a payload as a make with these quirks sends it."""
    for name in quirks:
        if name in _DISGUISES:
            payload = _DISGUISES[name](action, payload)
    return payload


def _each(value: Any, change: Callable[[str, Any], Any], key: str = "") -> Any:  # noqa: ANN401
    """Return a JSON value with every leaf changed."""
    if isinstance(value, dict):
        return {name: _each(inner, change, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_each(inner, change, key) for inner in value]
    return change(key, value)


def _zoneless(_action: str, payload: Payload) -> Payload:
    def change(key: str, value: Any) -> Any:  # noqa: ANN401
        is_instant = key == "timestamp" and isinstance(value, str)
        return value.removesuffix("Z") if is_instant else value

    changed: Payload = _each(payload, change)
    return changed


def _placeless(action: str, payload: Payload) -> Payload:
    """Say the EVSE of a transaction once."""
    if action != "TransactionEvent" or payload["eventType"] == "Started":
        return payload
    return {name: value for name, value in payload.items() if name != "evse"}


def _of_16(action: str, payload: Payload) -> Payload:
    if action == "BootNotification":
        make = payload["chargingStation"]
        return {
            "chargePointVendor": make["vendorName"],
            "chargePointModel": make["model"],
            "firmwareVersion": make["firmwareVersion"],
        }
    if action == "StatusNotification":
        return {
            "connectorId": payload["evseId"],
            "errorCode": "NoError",
            "status": payload["connectorStatus"].replace("Occupied", "Charging"),
            "timestamp": payload["timestamp"],
        }
    return payload


def _texts(_action: str, payload: Payload) -> Payload:
    def change(key: str, value: Any) -> Any:  # noqa: ANN401
        return (
            str(value) if key == "value" and isinstance(value, float | int) else value
        )

    changed: Payload = _each(payload, change)
    return changed


def _words(action: str, payload: Payload) -> Payload:
    if action != "TransactionEvent":
        return payload
    return {**payload, "triggerReason": "VendorTimer"}


def _empty(action: str, payload: Payload) -> Payload:
    if action != "TransactionEvent" or "meterValue" not in payload:
        return payload
    nothing = {"timestamp": payload["timestamp"], "sampledValue": []}
    return {**payload, "meterValue": [nothing, *payload["meterValue"]]}


def _extra(_action: str, payload: Payload) -> Payload:
    return {**payload, "firmwareBuild": "x"}


def _kwh(_action: str, payload: Payload) -> Payload:
    """Count energy in kWh, and call it nothing."""
    if "meterValue" not in payload:
        return payload
    values = [
        {**value, "sampledValue": [_in_kwh(each) for each in value["sampledValue"]]}
        for value in payload["meterValue"]
    ]
    return {**payload, "meterValue": values}


def _in_kwh(sample: Payload) -> Payload:
    if not sample.get("measurand", REGISTERS).startswith(REGISTERS):
        return sample
    bare = {name: said for name, said in sample.items() if name != "unitOfMeasure"}
    return {**bare, "value": sample["value"] / _WH_PER_KWH}


def _counting_anew(action: str, payload: Payload) -> Payload:
    """Count reports in rounds of four."""
    if action != "TransactionEvent":
        return payload
    return {**payload, "seqNo": payload["seqNo"] % 4}


_DISGUISES: dict[str, Callable[[str, Payload], Payload]] = {
    "zoneless_timestamps": _zoneless,
    "evse_said_once": _placeless,
    "shapes_of_1_6": _of_16,
    "numbers_as_text": _texts,
    "unknown_words": _words,
    "empty_samples": _empty,
    "extra_properties": _extra,
    "kwh_called_nothing": _kwh,
    "counts_anew": _counting_anew,
}
QUIRKS = (*_DISGUISES, *IN_CONVERSATION, *IN_LIFE)
