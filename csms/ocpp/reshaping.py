"""Payloads that have the shape of OCPP 1.6 although another edition was agreed upon."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from csms.ocpp.messages.availability import StatusNotificationRequest
from csms.ocpp.messages.metering import MeterValuesRequest
from csms.ocpp.messages.provisioning import BootNotificationRequest
from csms.ocpp.wire import Wire

Body = dict[str, Any]

_MAKE = {
    "chargePointVendor": "vendorName",
    "chargePointModel": "model",
    "chargePointSerialNumber": "serialNumber",
    "firmwareVersion": "firmwareVersion",
}
_STATUSES = {
    "Preparing": "Occupied",
    "Charging": "Occupied",
    "SuspendedEV": "Occupied",
    "SuspendedEVSE": "Occupied",
    "Finishing": "Occupied",
}
_FAULTS = ("errorCode", "info", "vendorErrorCode", "vendorId")


def reshaped(model: type[Wire], body: Body) -> Body | None:
    """Return the payload in today's shape if it has that of OCPP 1.6, else none."""
    reshape = _SHAPES.get(model)
    return None if reshape is None else reshape(body)


def _boot(body: Body) -> Body | None:
    if "chargingStation" in body or not {*_MAKE} & body.keys() - {"firmwareVersion"}:
        return None
    station = {new: body[name] for name, new in _MAKE.items() if name in body}
    rest = {name: value for name, value in body.items() if name not in _MAKE}
    return {"reason": "Unknown", **rest, "chargingStation": station}


def _status(body: Body) -> Body | None:
    """Read a connector's state; 1.6 knows no EVSEs, so each connector is one."""
    if "evseId" in body or "status" not in body or "connectorStatus" in body:
        return None
    said = body["status"]
    rest = {k: v for k, v in body.items() if k not in ("status", *_FAULTS)}
    status = _STATUSES.get(said, said) if isinstance(said, str) else said
    number = body.get("connectorId")
    return {**rest, "evseId": number, "connectorId": 1, "connectorStatus": status}


def _meter_values(body: Body) -> Body | None:
    if "evseId" in body or "connectorId" not in body:
        return None
    values = body.get("meterValue")
    samples = [_value(each) for each in values] if isinstance(values, list) else values
    return {"evseId": body["connectorId"], "meterValue": samples}


def _value(value: object) -> object:
    if not isinstance(value, dict) or not isinstance(value.get("sampledValue"), list):
        return value
    return {**value, "sampledValue": [_sample(each) for each in value["sampledValue"]]}


def _sample(sample: object) -> object:
    """Put the unit of a sample where it belongs today."""
    if not isinstance(sample, dict):
        return sample
    rest = {
        name: said for name, said in sample.items() if name not in ("unit", "format")
    }
    if "unit" in sample and "unitOfMeasure" not in sample:
        return {**rest, "unitOfMeasure": {"unit": sample["unit"]}}
    return rest


_SHAPES: Mapping[type[Wire], Callable[[Body], Body | None]] = MappingProxyType(
    {
        BootNotificationRequest: _boot,
        StatusNotificationRequest: _status,
        MeterValuesRequest: _meter_values,
    }
)
