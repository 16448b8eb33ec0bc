"""The conversions that more than one block needs."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from csms.domain.ids import StationId
from csms.domain.station import VariableKey
from csms.domain.token import IdToken
from csms.ocpp.link import Link, Refused, Stale, Unanswered, Unreachable
from csms.ocpp.messages.common import EVSE, Component, StatusInfo, Variable
from csms.ocpp.messages.common import IdToken as WireToken
from csms.services.ports.wire import NoAnswer, RefusedByStation, Silence

T = TypeVar("T")

FindLink = Callable[[StationId], Link | None]
"""Finds the way to a station; None if it is not connected."""


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
    """Read an id token."""
    return IdToken(token.id_token, token.type)


def words_of(info: StatusInfo | None) -> str:
    """Return a station's reason in its own words; empty if it gave none."""
    if info is None:
        return ""
    return ": ".join(part for part in (info.reason_code, info.additional_info) if part)
