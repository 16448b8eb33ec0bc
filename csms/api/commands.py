"""Commands: any OCPP request to one station, and one of three distinct results."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field

from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.services.ports.wire import CommandResult, Outcome, Silence
from csms.web.auth import NodeOf, Operator

ROUTER = APIRouter(tags=["commands"], route_class=GuardedRoute)
_STATUS = {Outcome.ANSWERED: 200, Outcome.CALL_ERROR: 502, Outcome.NO_ANSWER: 504}


class Actions(BaseModel):
    """What may be sent to a station in the edition that it speaks."""

    edition: str | None
    actions: list[str]


class CommandAnswer(BaseModel):
    """What came of a command."""

    outcome: Outcome = Field(
        description="`answered` (200), `call_error` (502) or `no_answer` (504)."
    )
    payload: dict[str, Any] | None = Field(
        None, description="The station's answer, if it was answered."
    )
    code: str | None = Field(None, description="The CALLERROR's code.")
    description: str | None = Field(None, description="The CALLERROR's words.")
    details: dict[str, Any] | None = Field(None, description="The CALLERROR's details.")
    silence: Silence | None = Field(
        None, description="Why there was no answer: `unanswered` leaves it open."
    )


class Checked(BaseModel):
    """The command would be sent; nothing was."""

    outcome: Literal["checked"] = "checked"
    warnings: list[str] = Field(
        [], description="What the station may lack; its device model does not tell."
    )


@ROUTER.get("/stations/{station}/commands", summary="List what may be sent")
async def list_commands(node: NodeOf, station: str) -> Actions:
    """Return the actions that exist in the station's edition."""
    name = known_station(node, station)
    known = node.book.station(name)
    edition = None if known is None else known.edition
    return Actions(edition=edition, actions=sorted(node.commands.actions(name)))


@ROUTER.post(
    "/stations/{station}/commands/{action}",
    summary="Send an OCPP request and wait for what comes of it",
    responses={
        502: {"model": CommandAnswer, "description": "The station's CALLERROR."},
        504: {"model": CommandAnswer, "description": "No answer."},
    },
    response_model_exclude_none=True,
)
async def send_command(  # noqa: PLR0913, PLR0917 path, body, caller and response
    node: NodeOf,
    caller: Operator,
    response: Response,
    station: str,
    action: str,
    payload: Annotated[
        dict[str, Any], Body(description="The request, in the words of OCPP.")
    ],
    dry_run: bool = False,  # noqa: FBT001, FBT002 a flag of the query
) -> CommandAnswer | Checked:
    """Check the payload against its schema, send it, return one of three results.

    A discharge is refused unless plan, notice and consent stand behind it.
    """
    name = known_station(node, station)
    if dry_run:
        warnings = await node.commands.check(name, action, payload)
        return Checked(warnings=list(warnings))
    result = await node.commands.send(name, action, payload, by=caller.name)
    return answer_of(result, response)


def answer_of(result: CommandResult, response: Response) -> CommandAnswer:
    """Return what came of a command, and set the status that says which."""
    response.status_code = _STATUS[result.outcome]
    refused = result.outcome is Outcome.CALL_ERROR
    return CommandAnswer(
        outcome=result.outcome,
        payload=result.payload,
        code=result.code,
        description=result.description if refused else None,
        details=result.details if refused else None,
        silence=result.silence,
    )
