"""What stations send, for the tests of tolerance to alter."""

import copy
from datetime import UTC, datetime
from typing import Any

Json = Any
AT = "2026-07-14T21:00:00Z"
NOW = datetime(2026, 7, 14, 21, 5, tzinfo=UTC)
BOOT = {"reason": "PowerUp", "chargingStation": {"model": "m", "vendorName": "v"}}
REPORT = {"requestId": 1, "generatedAt": AT, "seqNo": 0}
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "a" * 64,
    "issuerKeyHash": "b" * 64,
    "serialNumber": "1f",
}
STREAM = {"id": 1, "pending": 0, "basetime": AT, "data": [{"t": 0.5, "v": "7600"}]}
DROOP = {
    "requestId": 1,
    "freqDroop": [
        {
            "id": "c-1",
            "isDefault": True,
            "isSuperseded": False,
            "freqDroop": {
                "priority": 0,
                "overFreq": 60.2,
                "underFreq": 59.8,
                "overDroop": 0.05,
                "underDroop": 0.05,
                "responseTime": 5,
            },
        }
    ],
}
STATUS = {
    "timestamp": AT,
    "connectorStatus": "Available",
    "evseId": 1,
    "connectorId": 1,
}
EVENT = {
    "eventType": "Updated",
    "timestamp": AT,
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 7,
    "transactionInfo": {"transactionId": "t-1", "chargingState": "Charging"},
    "evse": {"id": 1, "connectorId": 1},
    "meterValue": [{"timestamp": AT, "sampledValue": [{"value": 10}, {"value": 20}]}],
}
PROFILES = {
    "requestId": 1,
    "evseId": 1,
    "chargingLimitSource": "CSO",
    "chargingProfile": [
        {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [
                {
                    "id": 1,
                    "chargingRateUnit": "W",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 7600}],
                }
            ],
        }
    ],
}
NEEDS = {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC_BPT"}}
DEVICE_EVENT = {
    "eventId": 1,
    "timestamp": AT,
    "trigger": "Delta",
    "actualValue": "x",
    "eventNotificationType": "CustomMonitor",
    "component": {"name": "EVSE"},
    "variable": {"name": "AvailabilityState"},
}
EVENTS = {"generatedAt": AT, "seqNo": 0, "eventData": [DEVICE_EVENT]}


def altered(payload: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return the payload with one thing put in, or taken out if it is ``...``."""
    whole = copy.deepcopy(payload)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    part: Any = whole
    for step in way:
        part = part[step]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return whole


def got(payload: dict[str, Any], path: str) -> Json:
    """Return what stands at a path, or none."""
    part: Any = payload
    for step in path.split("."):
        if isinstance(part, list):
            part = part[int(step)] if int(step) < len(part) else None
        else:
            part = part.get(step) if part else None
    return part


def name_of(case: tuple[Any, ...]) -> str:
    return f"{case[0].name}-{case[2]}-{str(case[3])[:24]}"


SAMPLE = "meterValue.0.sampledValue.0"
STATION = "chargingStation"
LIMIT = "chargingProfile.0.chargingSchedule.0.chargingSchedulePeriod.0.limit"
START = LIMIT.replace("limit", "startPeriod")
