"""What in a request could make an EVSE discharge: judged action by action, pure.

It errs on the side of caution: whatever could leave the direction of power to anybody
else counts, and so does what lets a discharge that is on the station come into force.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from csms.services.ports.wire import Discharge, Means

Payload = Mapping[str, Any]

_HARMLESS_MODES = frozenset({None, "Idle", "ChargingOnly", "CentralSetpoint"})
_CURVES = ("v2xFreqWattCurve", "v2xSignalWattCurve", "v2xBaseline")
_SUFFIXES = ("", "_L2", "_L3")
_TELLING = re.compile(r"discharg|v2g|v2h|v2x|export|backfeed|feed.?in", re.IGNORECASE)
"""A vendor may count discharge upwards: a word of it, with a figure, is enough."""
_FIGURE = re.compile(r"[-+]?\d+(?:\.\d+)?")

_PLAIN_V2X = frozenset(
    {
        "Enabled",
        "TxStartedMeasurands",
        "TxUpdatedMeasurands",
        "TxUpdatedInterval",
        "TxEndedMeasurands",
        "TxEndedInterval",
        "LocalFrequencyUpdateThreshold",
    }
)
"""Variables of V2XChargingCtrlr that move no energy."""

_HANDS_OVER = {
    "ExternalControlSignalsEnabled": "true",
    "ExternalConstraintsProfileDisallowed": "false",
    "SetpointPriority": "External",
}
"""Variables that let an external system set the power, and how (Q05, Q06)."""

_ACTIVE_CONTROLS = frozenset({"FreqDroop", "FreqWatt", "VoltWatt"})
"""Controls that set active power; all others only trip, bound or shape it (R04)."""

_BODIES = (
    "curve",
    "enterService",
    "fixedPFAbsorb",
    "fixedPFInject",
    "fixedVar",
    "freqDroop",
    "gradient",
    "limitMaxDischarge",
)
_OF_WATTS = frozenset({"PctMaxW", "PctWAvail"})


def discharge_of(action: str, payload: Payload) -> Discharge | None:
    """Return how the request would make an EVSE discharge; None if it does not."""
    judge = _JUDGES.get(action)
    found = judge(payload) if judge else None
    return found or _of_custom(payload)


def _of_set_profile(payload: Payload) -> Discharge | None:
    return _of_profile(payload.get("evseId"), payload["chargingProfile"])


def _of_start(payload: Payload) -> Discharge | None:
    profile = payload.get("chargingProfile")
    return None if profile is None else _of_profile(payload.get("evseId"), profile)


def _of_profile(evse: int | None, profile: Payload) -> Discharge | None:
    schedules = profile["chargingSchedule"]
    means = {each for schedule in schedules for each in _of_schedule(schedule)}
    if not means:
        return None
    return Discharge(evse, frozenset(means), finite=_is_finite(profile))


def _of_schedule(schedule: Payload) -> Iterator[Means]:
    above = schedule.get("limitAtSoC") or {}
    if _is_negative(above.get("limit")) or _is_negative(
        schedule.get("minChargingRate")
    ):
        yield Means.NEGATIVE_LIMIT
    for period in schedule["chargingSchedulePeriod"]:
        yield from _of_period(period)


def _of_period(period: Payload) -> Iterator[Means]:
    if _below_zero(period, "setpoint"):
        yield Means.SETPOINT
    if _below_zero(period, "limit"):
        yield Means.NEGATIVE_LIMIT
    open_mode = period.get("operationMode") not in _HARMLESS_MODES
    bound = _below_zero(period, "dischargeLimit") and period.get("setpoint") is None
    curve = any(period.get(name) is not None for name in _CURVES)
    if open_mode or bound or curve:
        yield Means.OTHER


def _is_finite(profile: Payload) -> bool:
    """Tell whether it ends for good: what recurs, or begins anew, does not (rule 7)."""
    lasting = all(
        each.get("duration") is not None for each in profile["chargingSchedule"]
    )
    anew = profile.get("chargingProfileKind") == "Recurring" or (
        profile.get("chargingProfileKind") == "Relative"
        and profile.get("chargingProfilePurpose") != "TxProfile"
    )
    return lasting and (not anew or profile.get("validTo") is not None)


def _of_update(payload: Payload) -> Discharge | None:
    """Judge an update: any one arms a profile again that had lapsed (K28.FR.14)."""
    update = payload.get("scheduleUpdate") or {}
    means = frozenset(_of_period(update))
    if means:
        return Discharge(None, means, finite=True)
    if update.get("setpoint") is not None:
        return None
    return Discharge(None, frozenset({Means.RESUMING}), finite=True)


def _of_signal(_: Payload) -> Discharge:
    """A signal is worth what the curve on the station says (Q08.FR.10)."""
    return Discharge(None, frozenset({Means.OTHER}), finite=True)


def _of_transfers(payload: Payload) -> Discharge | None:
    """A mode of both directions must be allowed before it can be used (Q02.FR.05)."""
    modes = [str(each) for each in payload["allowedEnergyTransfer"]]
    if not any("BPT" in each or "DER" in each for each in modes):
        return None
    return Discharge(None, frozenset({Means.SERVICE}), finite=True)


def _of_priority(payload: Payload) -> Discharge | None:
    """Without priority charging, what lies below it is followed again (K21)."""
    if payload.get("activate") is not False:
        return None
    return Discharge(None, frozenset({Means.RESUMING}), finite=True)


def _of_control(payload: Payload) -> Discharge | None:
    body: Payload = next(
        (payload[name] for name in _BODIES if payload.get(name) is not None), {}
    )
    kind = payload.get("controlType")
    units = {body.get("unit"), body.get("yUnit")}
    setpoint = body.get("setpoint")
    inverted = isinstance(setpoint, int | float) and setpoint > 0
    if kind not in _ACTIVE_CONTROLS and not units & _OF_WATTS and not inverted:
        return None
    lasting = payload.get("isDefault") is False and body.get("duration") is not None
    return Discharge(None, frozenset({Means.CONTROL}), finite=lasting)


def _of_cleared_control(_: Payload) -> Discharge:
    """What a control held back may flow once it is gone."""
    return Discharge(None, frozenset({Means.RESUMING}), finite=True)


def _below_zero(period: Payload, name: str) -> bool:
    return any(_is_negative(period.get(f"{name}{suffix}")) for suffix in _SUFFIXES)


def _is_negative(value: object) -> bool:
    return isinstance(value, int | float) and value < 0


def _of_transfer_of_data(payload: Payload) -> Discharge | None:
    message, data = payload.get("messageId"), payload.get("data")
    if _TELLING.search(f"{message} {data}") and any(_numbers(_figures(data))):
        return Discharge(None, frozenset({Means.VENDOR_WORDS}), finite=True)
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            return _of_text(str(data))
    if any(number < 0 for number in _numbers(data)):
        return Discharge(None, frozenset({Means.VENDOR_WORDS}), finite=True)
    return None


def _of_custom(payload: Payload) -> Discharge | None:
    """Judge what a vendor adds to any message: it may carry a setpoint beside it."""
    for added in _custom_data(payload):
        words = {name: each for name, each in added.items() if name != "vendorId"}
        text = json.dumps(words)
        telling = _TELLING.search(text) and any(_numbers(_figures(text)))
        if telling or any(number < 0 for number in _numbers(words)):
            return Discharge(None, frozenset({Means.VENDOR_WORDS}), finite=False)
    return None


def _custom_data(root: object) -> Iterator[Payload]:
    stack: list[object] = [root]
    while stack:
        value = stack.pop()
        if isinstance(value, Mapping):
            added = value.get("customData")
            if isinstance(added, Mapping):
                yield added
            stack.extend(each for name, each in value.items() if name != "customData")
        elif isinstance(value, list | tuple):
            stack.extend(value)


def _figures(data: object) -> object:
    """Return what may hold a number: the data, and the figures within a text."""
    return _FIGURE.findall(data) if isinstance(data, str) else data


def _of_text(text: str) -> Discharge | None:
    words = text.replace("=", " ").replace(",", " ").replace(":", " ").split()
    negative = any(word.startswith("-") and word[1:2].isdigit() for word in words)
    if not negative:
        return None
    return Discharge(None, frozenset({Means.VENDOR_WORDS}), finite=False)


def _numbers(root: object) -> Iterator[float]:
    """Yield every number in a JSON value, texts of numbers included."""
    stack: list[object] = [root]
    while stack:
        value = stack.pop()
        if isinstance(value, Mapping):
            stack.extend(value.values())
        elif isinstance(value, list | tuple):
            stack.extend(value)
        elif isinstance(value, str | int | float):
            try:
                yield float(value)
            except (ValueError, OverflowError):
                continue


def _of_variables(payload: Payload) -> Discharge | None:
    settings: Iterable[Payload] = payload["setVariableData"]
    if not any(_sets_power(each) for each in settings):
        return None
    return Discharge(None, frozenset({Means.OTHER}), finite=False)


def _sets_power(setting: Payload) -> bool:
    """Tell whether a variable moves energy, or lets an external system move it.

    None of the standard is below zero; a vendor's setpoint is, or counts upwards.
    """
    component = str(setting["component"].get("name", ""))
    variable = str(setting["variable"].get("name", ""))
    value = str(setting["attributeValue"])
    if any(number < 0 for number in _numbers(value)):
        return True
    if component == "V2XChargingCtrlr" and variable in _PLAIN_V2X:
        return False
    handing = _HANDS_OVER.get(variable)
    if handing is not None and value.lower().startswith(handing.lower()):
        return True
    return bool(_TELLING.search(f"{component} {variable}")) and any(_numbers(value))


_JUDGES: Mapping[str, Callable[[Payload], Discharge | None]] = {
    "AFRRSignal": _of_signal,
    "ClearDERControl": _of_cleared_control,
    "DataTransfer": _of_transfer_of_data,
    "NotifyAllowedEnergyTransfer": _of_transfers,
    "RequestStartTransaction": _of_start,
    "SetChargingProfile": _of_set_profile,
    "SetDERControl": _of_control,
    "SetVariables": _of_variables,
    "UpdateDynamicSchedule": _of_update,
    "UsePriorityCharging": _of_priority,
}
"""Every other action moves no energy: the test of this module names each of them."""
