"""Requests in the words of the wire: checked strictly, judged, and sent as they are."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from csms.blocks.translating import FindLink
from csms.domain.ids import StationId
from csms.ocpp.editions import NotInEdition, check
from csms.ocpp.link import Priority, Refused, Stale, Unanswered, Unreachable
from csms.ocpp.messages import SENT
from csms.ocpp.wire import Action, Edition
from csms.services.ports.wire import (
    CommandResult,
    Discharge,
    FieldError,
    Means,
    Outcome,
    Silence,
)

_ACTIONS: Mapping[str, Action[Any, Any]] = {each.name: each for each in SENT}
_PRIORITY = {
    "ClearChargingProfile": Priority.CANCEL,
    "RequestStopTransaction": Priority.CANCEL,
    "SetChargingProfile": Priority.SETPOINT,
    "UpdateDynamicSchedule": Priority.SETPOINT,
}
_HARMLESS_MODES = frozenset({None, "Idle", "ChargingOnly", "CentralSetpoint"})
_CURVES = ("v2xFreqWattCurve", "v2xSignalWattCurve", "v2xBaseline")
_SUFFIXES = ("", "_L2", "_L3")
_TELLING = re.compile(r"discharg|v2g|v2h|v2x|export|backfeed|feed.?in", re.IGNORECASE)
_FIGURE = re.compile(r"[-+]?\d+(?:\.\d+)?")
"""A vendor may count discharge upwards: a word of it, with a figure, is enough."""


@dataclass(frozen=True, slots=True)
class StationCommands:
    """Checks and sends requests as they are: the port ``RawWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    def actions(self, edition: str) -> Sequence[str]:
        """Return the names of the actions that may be sent in the edition."""
        return sorted(
            name for name, each in _ACTIONS.items() if Edition(edition) in each.editions
        )

    def check(
        self, edition: str, action: str, payload: dict[str, Any]
    ) -> Sequence[FieldError]:
        """Return what is wrong with a request: strictly, down to unknown fields."""
        found = _ACTIONS[action]
        try:
            check(Edition(edition), found, found.request.read_whole(payload))
        except ValidationError as error:
            return [
                FieldError(_path(each["loc"]), each["msg"])
                for each in error.errors(include_url=False)
                if each["type"] != "too_short" or not each["input"]
            ]
        except NotInEdition as error:
            return [FieldError(error.field, f"{error.reason} in {error.edition}")]
        return ()

    def discharge(self, action: str, payload: dict[str, Any]) -> Discharge | None:
        """Return how the request would make an EVSE discharge; None if it does not.

        It errs on the side of caution: whatever could leave the direction of power to
        anybody else counts.
        """
        match action:
            case "SetChargingProfile":
                return _of_profile(payload.get("evseId"), payload["chargingProfile"])
            case "RequestStartTransaction" if "chargingProfile" in payload:
                return _of_profile(payload.get("evseId"), payload["chargingProfile"])
            case "UpdateDynamicSchedule":
                means = _means(payload.get("scheduleUpdate") or {})
                return Discharge(None, frozenset(means), finite=True) if means else None
            case "DataTransfer":
                return _of_data(payload.get("messageId"), payload.get("data"))
            case "SetVariables":
                return _of_variables(payload["setVariableData"])
            case _:
                return None

    async def ask(
        self, station: StationId, action: str, payload: dict[str, Any]
    ) -> CommandResult:
        """Send a request that was checked, and return what came of it."""
        link = self.link(station)
        if link is None:
            return CommandResult(Outcome.NO_ANSWER, silence=Silence.UNREACHABLE)
        priority = _PRIORITY.get(action, Priority.ROUTINE)
        try:
            answer = await link.ask_raw(action, payload, priority=priority)
        except Refused as error:
            return CommandResult(
                Outcome.CALL_ERROR,
                code=str(error.code),
                description=error.description,
                details=error.details,
            )
        except Unreachable:
            return CommandResult(Outcome.NO_ANSWER, silence=Silence.UNREACHABLE)
        except Unanswered:
            return CommandResult(Outcome.NO_ANSWER, silence=Silence.UNANSWERED)
        except Stale:
            return CommandResult(Outcome.NO_ANSWER, silence=Silence.STALE)
        return CommandResult(Outcome.ANSWERED, payload=answer)


def _path(loc: Iterable[str | int]) -> str:
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def _of_profile(evse: int | None, profile: Mapping[str, Any]) -> Discharge | None:
    schedules = profile["chargingSchedule"]
    periods = [
        period
        for schedule in schedules
        for period in schedule["chargingSchedulePeriod"]
    ]
    means = {each for period in periods for each in _means(period)}
    if not means:
        return None
    finite = all(schedule.get("duration") is not None for schedule in schedules)
    return Discharge(evse, frozenset(means), finite=finite)


def _means(period: Mapping[str, Any]) -> set[Means]:
    means: set[Means] = set()
    if _below_zero(period, "setpoint"):
        means.add(Means.SETPOINT)
    if _below_zero(period, "limit"):
        means.add(Means.NEGATIVE_LIMIT)
    open_mode = period.get("operationMode") not in _HARMLESS_MODES
    bound = _below_zero(period, "dischargeLimit") and period.get("setpoint") is None
    curve = any(period.get(name) is not None for name in _CURVES)
    if open_mode or bound or curve:
        means.add(Means.OTHER)
    return means


def _below_zero(period: Mapping[str, Any], name: str) -> bool:
    values = (period.get(f"{name}{suffix}") for suffix in _SUFFIXES)
    return any(isinstance(each, int | float) and each < 0 for each in values)


def _of_data(message: object, data: object) -> Discharge | None:
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


def _of_variables(settings: Iterable[Mapping[str, Any]]) -> Discharge | None:
    """No variable of the standard is below zero; a vendor's setpoint is."""
    for each in settings:
        if any(number < 0 for number in _numbers(each["attributeValue"])):
            return Discharge(None, frozenset({Means.OTHER}), finite=False)
    return None
