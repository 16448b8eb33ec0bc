"""The variables of a station on the independent library, and how they are reported."""

from typing import Any

Json = dict[str, Any]
Key = tuple[str, int | None, str, str | None]


def a_model(make: Json, *, modern: bool) -> dict[Key, tuple[str, bool]]:
    """Return variables with their values, and whether they may be written."""
    aligned, sampled = "AlignedDataCtrlr", "SampledDataCtrlr"
    smart, v2x = "SmartChargingCtrlr", "V2XChargingCtrlr"
    found: dict[Key, tuple[str, bool]] = {
        ("ChargingStation", None, "VendorName", None): (make["vendor_name"], False),
        ("ChargingStation", None, "Model", None): (make["model"], False),
        ("EVSE", 1, "Power", None): ("11000", False),
        ("Connector", 1, "ConnectorType", None): ("cCCS1", False),
        ("OCPPCommCtrlr", None, "HeartbeatInterval", None): ("300", True),
        (smart, None, "Enabled", None): ("true", True),
        (smart, None, "RateUnit", None): ("W", False),
        (smart, None, "PeriodsPerSchedule", None): ("24", False),
        (smart, None, "ProfileStackLevel", None): ("3", False),
        (aligned, None, "Enabled", None): ("false", True),
        (aligned, None, "Interval", None): ("0", True),
        (aligned, None, "Measurands", None): ("", True),
        (aligned, None, "SendDuringIdle", None): ("false", True),
        (sampled, None, "Enabled", None): ("true", True),
        (sampled, None, "TxStartedMeasurands", None): ("", True),
        (sampled, None, "TxUpdatedMeasurands", None): ("", True),
        (sampled, None, "TxUpdatedInterval", None): ("0", True),
        (sampled, None, "TxEndedMeasurands", None): ("", True),
    }
    if modern:
        modes = "Idle,ChargingOnly,CentralSetpoint"
        found |= {
            (v2x, 1, "Enabled", None): ("true", True),
            (v2x, 1, "SupportedOperationModes", None): (modes, False),
            (v2x, 1, "SupportedEnergyTransferModes", None): ("DC,DC_BPT", False),
            (smart, None, "SupportsMaxOfflineDuration", None): ("true", False),
        }
    return found


def key_of(asked: Json) -> Key:
    component, variable = asked["component"], asked["variable"]
    evse = component.get("evse", {}).get("id")
    return component["name"], evse, variable["name"], variable.get("instance")


def reported(key: Key, held: tuple[str, bool]) -> Json:
    name, evse, variable, _ = key
    value, writable = held
    component: Json = {"name": name}
    if evse is not None:
        component["evse"] = {"id": evse}
    return {
        "component": component,
        "variable": {"name": variable},
        "variable_attribute": [
            {"value": value, "mutability": "ReadWrite" if writable else "ReadOnly"}
        ],
    }
