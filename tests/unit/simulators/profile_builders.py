"""Charging profiles as a test writes them: raw, short, and relative to one instant."""

from typing import Any

from simulators.instants import iso
from simulators.persona import load_persona

T0 = 1_784_000_000.0
TX = "tx-1"
MODERN = load_persona("x21-scheduled")
OLDER = load_persona("x201-neg-w")
Payload = dict[str, Any]


def profile(
    profile_id: int,
    *periods: Payload,
    **more: Any,  # noqa: ANN401
) -> Payload:
    """Return an Absolute TxProfile that starts at T0, or what ``more`` makes of it."""
    purpose = more.pop("purpose", "TxProfile")
    start, duration = more.pop("start", T0), more.pop("duration", None)
    schedule: Payload = {
        "id": 1,
        "chargingRateUnit": more.pop("unit", "W"),
        "chargingSchedulePeriod": list(periods) or [{"startPeriod": 0, "limit": 1000}],
    }
    if start is not None:
        schedule["startSchedule"] = iso(start)
    if duration is not None:
        schedule["duration"] = duration
    if purpose == "TxProfile":
        more.setdefault("transactionId", TX)
    return {
        "id": profile_id,
        "stackLevel": more.pop("stack", 1),
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": more.pop("kind", "Absolute"),
        "chargingSchedule": [schedule],
        **more,
    }


def limit(watts: float, at: int = 0) -> Payload:
    return {"startPeriod": at, "limit": watts}


def setpoint(watts: float, at: int = 0) -> Payload:
    return {"startPeriod": at, "operationMode": "CentralSetpoint", "setpoint": watts}


def idle(at: int = 0) -> Payload:
    return {"startPeriod": at, "operationMode": "Idle"}
