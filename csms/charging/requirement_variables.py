"""What a station must have for its variables to be read, set, monitored or reported."""

from collections.abc import Iterator, Mapping
from typing import Any

from csms.charging.device_model import value_problem
from csms.charging.requirement import Lack, Request, Rule
from csms.domain.device_model import ACTUAL
from csms.domain.station import Variable, VariableKey

_NUMBERS = ("integer", "decimal")


def key_of(entry: Mapping[str, Any]) -> VariableKey:
    """Read the name of the variable that an entry of a request is about."""
    component, variable = entry["component"], entry.get("variable") or {}
    evse = component.get("evse") or {}
    return VariableKey(
        component["name"],
        variable.get("name", ""),
        component.get("instance") or "",
        variable.get("instance") or "",
        evse.get("id", 0),
        evse.get("connectorId") or 0,
    )


def repeated(entries: list[Mapping[str, Any]]) -> int | None:
    """Return the place of the first entry that says what one before it said too.

    B05.FR.13: component, variable and attribute type; one left out is Actual.
    """
    seen = set()
    for index, entry in enumerate(entries):
        name = key_of(entry), entry.get("attributeType", ACTUAL)
        if name in seen:
            return index
        seen.add(name)
    return None


def writable(path: str = "setVariableData") -> Rule:
    """Require variables that are there, can be written, and take the value (B05)."""

    def check(request: Request) -> Iterator[Lack]:
        for index, entry in enumerate(request.at(path)):
            where = f"{path}[{index}]"
            found = list(_unknown(request, entry, where))
            yield from found or _unwritable(request, entry, where)

    return Rule(check)


def readable(path: str = "getVariableData") -> Rule:
    """Require variables that are there and may be read (B06)."""

    def check(request: Request) -> Iterator[Lack]:
        for index, entry in enumerate(request.at(path)):
            where = f"{path}[{index}]"
            found = list(_unknown(request, entry, where))
            yield from found
            there = request.model.find(
                key_of(entry), entry.get("attributeType", ACTUAL)
            )
            if there is not None and there.mutability == "WriteOnly":
                yield Lack(
                    f"{where}.variable",
                    f"does not let {there.key.text} be read (B06.FR.09)",
                    "leave it out",
                )

    return Rule(check)


def monitorable(path: str = "setMonitoringData") -> Rule:
    """Require variables that are there and can be monitored (N04)."""

    def check(request: Request) -> Iterator[Lack]:
        for index, entry in enumerate(request.at(path)):
            where = f"{path}[{index}]"
            found = list(_unknown(request, entry, where))
            yield from found or _unmonitored(request, entry, where)

    return Rule(check)


def reportable(path: str = "componentVariable") -> Rule:
    """Require components that are there; variables may be left out (B08)."""

    def check(request: Request) -> Iterator[Lack]:
        for index, entry in enumerate(request.at(path) or ()):
            name = entry["component"]["name"]
            if not request.model.has(name):
                yield Lack(
                    f"{path}[{index}].component",
                    f"has no component {name}",
                    "see its device model",
                    said=False,
                )

    return Rule(check)


def _unknown(request: Request, entry: Mapping[str, Any], where: str) -> Iterator[Lack]:
    key, model = key_of(entry), request.model
    attribute = entry.get("attributeType", ACTUAL)
    if not model.has(key.component):
        yield Lack(
            f"{where}.component",
            f"has no component {key.component}",
            "see its device model",
            said=False,
        )
    elif not model.knows(key):
        yield Lack(
            f"{where}.variable",
            f"has no variable {key.text}",
            "see its device model",
            said=False,
        )
    elif model.find(key, attribute) is None:
        yield Lack(
            f"{where}.attributeType",
            f"has no {attribute} of {key.text}",
            "ask for a value that it reports",
            said=False,
        )


def _unwritable(
    request: Request, entry: Mapping[str, Any], where: str
) -> Iterator[Lack]:
    key, model = key_of(entry), request.model
    there = model.find(key, entry.get("attributeType", ACTUAL))
    if there is not None and _fixed(there):
        yield Lack(
            f"{where}.variable",
            f"does not let {key.text} be written",
            "leave it out: it is read-only",
        )
        return
    problem = value_problem(entry["attributeValue"], model.traits(key))
    if problem is not None:
        yield Lack(
            f"{where}.attributeValue",
            f"takes no such value for {key.text}: it {problem}",
            "see the characteristics of the variable",
        )


def _fixed(there: Variable) -> bool:
    return there.mutability == "ReadOnly" or there.constant is True


def _unmonitored(
    request: Request, entry: Mapping[str, Any], where: str
) -> Iterator[Lack]:
    key = key_of(entry)
    traits = request.model.traits(key)
    if traits.monitored is False:
        yield Lack(
            f"{where}.variable",
            f"does not monitor {key.text} (supportsMonitoring is false)",
            "monitor another variable",
        )
    elif "Threshold" in str(entry.get("type")) and traits.data_type not in _NUMBERS:
        yield Lack(
            f"{where}.type",
            f"has no number in {key.text}, so that no threshold can be passed",
            "use a Delta monitor",
            said=bool(request.model.find(key)),
        )
