"""Requests in the words of the wire: checked strictly, judged, and sent as they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from csms.blocks.discharging import discharge_of
from csms.blocks.translating import FindLink, field_errors
from csms.domain.ids import StationId
from csms.ocpp.editions import NotInEdition, check
from csms.ocpp.link import Priority, Refused, Stale, Unanswered, Unreachable
from csms.ocpp.messages import SENT
from csms.ocpp.wire import Action, Edition
from csms.services.ports.wire import (
    CommandResult,
    Discharge,
    FieldError,
    Outcome,
    Silence,
)

_ACTIONS: Mapping[str, Action[Any, Any]] = {each.name: each for each in SENT}
_PRIORITY = {
    "AFRRSignal": Priority.SETPOINT,
    "ClearChargingProfile": Priority.CANCEL,
    "RequestStopTransaction": Priority.CANCEL,
    "SetChargingProfile": Priority.SETPOINT,
    "UpdateDynamicSchedule": Priority.SETPOINT,
}


Ear = Callable[[StationId, str, Mapping[str, Any], str], None]
"""Takes note of what a station answered to a command as it was."""


@dataclass(frozen=True, slots=True)
class StationCommands:
    """Checks and sends requests as they are: the port ``RawWire``.

    Attributes:
        link: Finds the way to a station.
        ears: Told of every answer: station, action, payload and status.
    """

    link: FindLink
    ears: Sequence[Ear] = ()

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
            return field_errors(error)
        except NotInEdition as error:
            return [FieldError(error.field, f"{error.reason} in {error.edition}")]
        return ()

    def discharge(self, action: str, payload: dict[str, Any]) -> Discharge | None:
        """Return how the request would make an EVSE discharge; None if it does not.

        It errs on the side of caution: whatever could leave the direction of power to
        anybody else counts.
        """
        return discharge_of(action, payload)

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
        for heard in self.ears:
            heard(station, action, payload, str(answer.get("status", "")))
        return CommandResult(Outcome.ANSWERED, payload=answer)
