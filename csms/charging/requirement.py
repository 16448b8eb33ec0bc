"""What a station must have for a request to make sense to it: the kinds of rules.

The table of all of them, action by action, is ``csms.charging.requirements``.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from csms.charging.device_model import DeviceModel

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a station lacks for a request.

    Attributes:
        field: The field of the request that needs it; empty for the whole.
        problem: What the station lacks, as a sentence without its subject.
        remedy: What the asker can do about it.
        said: Whether the station said so itself; else it is known from its silence.
    """

    field: str
    problem: str
    remedy: str
    said: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is about to be sent, and to whom.

    Attributes:
        payload: In the words of the wire; it obeys its schema.
        model: The device model of the station.
        edition: The edition it speaks.
    """

    payload: Payload
    model: DeviceModel
    edition: str

    def at(self, path: str) -> Any:  # noqa: ANN401, any JSON
        """Return what stands at a path such as ``evse.id``; None if nothing does."""
        value: Any = self.payload
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        return value


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a station must have.

    Attributes:
        check: Yields what it lacks.
        components: The components it looks at.
    """

    check: Callable[[Request], Iterator[Lack]]
    components: tuple[str, ...] = ()


def needs(component: str, instance: str = "") -> Rule:
    """Require a controller that is there, available and enabled.

    Args:
        component: The controller, such as ``ReservationCtrlr``.
        instance: The part of it, where it is switched part by part.
    """

    def check(request: Request) -> Iterator[Lack]:
        yield from switched_off(request.model, component, instance)

    return Rule(check, (component,))


def switched_off(
    model: DeviceModel, component: str, instance: str = ""
) -> Iterator[Lack]:
    """Yield why a controller cannot be used."""
    part = f"[{instance}]" if instance else ""
    if not model.has(component):
        yield Lack(
            "",
            f"has no {component}",
            "ask a station that has one, or read its device model again",
            said=False,
        )
    elif model.flag(component, "Available", instance) is False:
        yield Lack(
            "",
            f"says that {component}.Available{part} is false",
            "ask a station that has it",
        )
    elif model.flag(component, "Enabled", instance) is False:
        yield Lack(
            "",
            f"says that {component}.Enabled{part} is false",
            f"set {component}.Enabled{part} to true first",
        )


def most(path: str, component: str, variable: str, instance: str = "") -> Rule:
    """Require that a list is no longer than a variable says."""

    def check(request: Request) -> Iterator[Lack]:
        limit = request.model.number(component, variable, instance)
        count = len(request.at(path) or ())
        if limit is not None and count > limit > 0:
            part = f"[{instance}]" if instance else ""
            yield Lack(
                path,
                f"takes {limit} at once ({component}.{variable}{part}), not {count}",
                f"send at most {limit} in one request",
            )

    return Rule(check, (component,))


def octets(component: str, instance: str = "") -> Rule:
    """Require that the request is no longer than ``BytesPerMessage`` says."""

    def check(request: Request) -> Iterator[Lack]:
        limit = request.model.number(component, "BytesPerMessage", instance)
        length = len(json.dumps(request.payload, separators=(",", ":")).encode())
        if limit is not None and length > limit > 0:
            yield Lack(
                "",
                f"takes {limit} bytes at once (BytesPerMessage), not {length}",
                "send less in one request",
            )

    return Rule(check, (component,))


def evse(path: str, connector: str = "") -> Rule:
    """Require an EVSE that exists, and its connector if one is named; 0 is all."""

    def check(request: Request) -> Iterator[Lack]:
        number, plug = request.at(path), request.at(connector) if connector else None
        known = request.model.evses
        if number and known and number not in known:
            yield Lack(
                path,
                f"has no EVSE {number}",
                f"its EVSEs are {_listed(known)}",
                said=False,
            )
        elif number and plug:
            plugs = {each for one, each in request.model.connectors if one == number}
            if plugs and plug not in plugs:
                yield Lack(
                    connector,
                    f"has no connector {plug} at EVSE {number}",
                    f"its connectors there are {_listed(plugs)}",
                    said=False,
                )

    return Rule(check, ("EVSE", "Connector"))


def member(
    path: str, component: str, variable: str, read: Callable[[str], str] = str
) -> Rule:
    """Require that a field's word is among those that a variable lists.

    Args:
        path: The field; it may be left out of the request.
        component: The component of the variable.
        variable: The variable: a list of words.
        read: Turns what stands in the field into the word that is compared.
    """

    def check(request: Request) -> Iterator[Lack]:
        said = request.at(path)
        words = request.model.members(component, variable)
        if isinstance(said, str) and words and read(said) not in words:
            yield Lack(
                path,
                f"does not know {read(said)} ({component}.{variable})",
                f"it knows {', '.join(sorted(words))}",
            )

    return Rule(check, (component,))


def yes(component: str, variable: str, instance: str = "") -> Rule:
    """Require that a variable does not say no."""

    def check(request: Request) -> Iterator[Lack]:
        if request.model.flag(component, variable, instance) is False:
            yield Lack(
                "",
                f"says that {component}.{variable} is false",
                "ask a station that can do it",
            )

    return Rule(check, (component,))


def protocol_of(url: str) -> str:
    """Return the protocol of an address as FileTransferProtocols lists it."""
    return url.partition(":")[0].upper()


def _listed(numbers: Any) -> str:  # noqa: ANN401, a collection of numbers
    return ", ".join(map(str, sorted(numbers)))
