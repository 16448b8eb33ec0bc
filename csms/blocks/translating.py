"""The conversions that more than one block needs."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from pydantic import ValidationError

from csms.domain.ids import StationId
from csms.domain.station import VariableKey
from csms.domain.token import IdToken, Judgement, Verdict
from csms.ocpp.link import Link, Refused, Stale, Unanswered, Unreachable
from csms.ocpp.messages.common import (
    EVSE,
    AuthorizationStatus,
    Component,
    IdTokenInfo,
    MessageContent,
    MessageFormat,
    StatusInfo,
    Variable,
)
from csms.ocpp.messages.common import IdToken as WireToken
from csms.services.ports.wire import FieldError, NoAnswer, RefusedByStation, Silence

T = TypeVar("T")

FindLink = Callable[[StationId], Link | None]
"""Finds the way to a station; None if it is not connected."""

ACCEPTED = Judgement(Verdict.ACCEPTED)
_ACCEPTED = IdTokenInfo(status=AuthorizationStatus.ACCEPTED)


async def translated(
    link: Link | None,
    call: Callable[[Link], Awaitable[T]],
    station: StationId | None = None,
) -> T:
    """Make a call, and say what went wrong in the words of the services.

    Args:
        link: The way to the station, if it is connected.
        call: Asks over the way.
        station: Whom it was for, where there is no way that could tell.

    Raises:
        NoAnswer: The station cannot be asked, or did not answer.
        RefusedByStation: It answered by an error.
    """
    if link is None:
        raise NoAnswer(station or StationId(""), Silence.UNREACHABLE)
    name = StationId(link.station)
    try:
        return await call(link)
    except Unreachable as error:
        raise NoAnswer(name, Silence.UNREACHABLE) from error
    except Unanswered as error:
        raise NoAnswer(name, Silence.UNANSWERED) from error
    except Stale as error:
        raise NoAnswer(name, Silence.STALE) from error
    except Refused as error:
        raise RefusedByStation(
            name, error.code, error.description, error.details
        ) from error


def key_from(component: Component, variable: Variable) -> VariableKey:
    """Read the name of a variable; absent and empty instances are the same."""
    evse = component.evse
    return VariableKey(
        component=component.name,
        variable=variable.name,
        component_instance=component.instance or "",
        variable_instance=variable.instance or "",
        evse=0 if evse is None else evse.id,
        connector=(evse.connector_id or 0) if evse is not None else 0,
    )


def component_of(key: VariableKey) -> Component:
    """Write the component of a variable's name."""
    evse = None
    if key.evse or key.connector:
        evse = EVSE(id=key.evse, connector_id=key.connector or None)
    return Component(
        name=key.component, evse=evse, instance=key.component_instance or None
    )


def variable_of(key: VariableKey) -> Variable:
    """Write the variable of a variable's name."""
    return Variable(name=key.variable, instance=key.variable_instance or None)


def token_from(token: WireToken) -> IdToken:
    """Read an id token, and what else was said of who holds it."""
    extras = tuple(
        (each.type, each.additional_id_token) for each in token.additional_info or ()
    )
    return IdToken(token.id_token, token.type, extras)


def token_of(token: IdToken) -> WireToken:
    """Write an id token."""
    return WireToken(id_token=token.value, type=token.type)


def info_of(told: Judgement) -> IdTokenInfo:
    """Write what is known of an id token as ``idTokenInfo``.

    Its group is always said, so that the station can tell who may stop what another of
    the group has started (C01.FR.06, C09.FR.09, C09.FR.12).
    """
    if told == ACCEPTED:
        return _ACCEPTED
    first, second = (*told.languages, None, None)[:2]
    return IdTokenInfo(
        status=AuthorizationStatus(told.verdict.value),
        cache_expiry_date_time=told.until,
        charging_priority=told.priority,
        group_id_token=None if told.group is None else token_of(told.group),
        language1=first,
        language2=second,
        evse_id=told.evses or None,
        personal_message=(
            MessageContent(
                format=MessageFormat.UTF8, content=told.message, language=first
            )
            if told.message
            else None
        ),
    )


def words_of(info: StatusInfo | None) -> str:
    """Return a station's reason in its own words; empty if it gave none."""
    if info is None:
        return ""
    return ": ".join(part for part in (info.reason_code, info.additional_info) if part)


def field_errors(error: ValidationError) -> Sequence[FieldError]:
    """Return what a payload breaks, by the names of its fields."""
    return [
        FieldError(_path(each["loc"]), each["msg"])
        for each in error.errors(include_url=False)
        if each["type"] != "too_short" or not each["input"]
    ]


def _path(loc: Iterable[str | int]) -> str:
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")
