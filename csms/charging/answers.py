"""What a station's answers about its variables tell of its device model (B05, B06)."""

from collections.abc import Mapping
from typing import Any

from csms.charging.requirement_variables import key_of
from csms.domain.device_model import ACTUAL, ATTRIBUTES
from csms.domain.station import Variable

ACCEPTED, RESTART = "Accepted", "RebootRequired"


def set_values(payload: Mapping[str, Any], answer: Mapping[str, Any]) -> list[Variable]:
    """Return what the variables of a SetVariables are now, where it was accepted.

    What takes effect at the next restart only is due until then. Results come in any
    order; they are told apart by name. An answer that is none tells nothing.
    """
    told = {
        (key_of(each), each.get("attributeType", ACTUAL)): each.get("attributeStatus")
        for each in _entries(answer, "setVariableResult")
    }
    found = []
    for each in _entries(payload, "setVariableData"):
        name = key_of(each), each.get("attributeType", ACTUAL)
        if told.get(name) == ACCEPTED:
            found.append(Variable(*name, value=each["attributeValue"]))
        elif told.get(name) == RESTART:
            found.append(Variable(*name, due=each["attributeValue"]))
    return found


def read_values(answer: Mapping[str, Any]) -> list[Variable]:
    """Return what a GetVariables brought."""
    return [
        Variable(
            key_of(each),
            each.get("attributeType", ACTUAL),
            each["attributeValue"],
        )
        for each in _entries(answer, "getVariableResult")
        if each.get("attributeStatus") == ACCEPTED
        and isinstance(each.get("attributeValue"), str)
    ]


def _entries(said: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = said.get(name)
    if not isinstance(found, list):
        return []
    return [each for each in found if _is_named(each)]


def _is_named(entry: object) -> bool:
    """Tell whether an entry names a variable as the standard has it."""
    if not isinstance(entry, Mapping):
        return False
    component, variable = entry.get("component"), entry.get("variable")
    if not isinstance(component, Mapping) or not isinstance(variable, Mapping):
        return False
    evse = component.get("evse", {"id": 0})
    texts = [component.get("name"), variable.get("name")]
    texts += [each.get("instance", "") for each in (component, variable)]
    return (
        all(isinstance(each, str) for each in texts)
        and isinstance(evse, Mapping)
        and isinstance(evse.get("id"), int)
        and isinstance(evse.get("connectorId", 0), int)
        and entry.get("attributeType", ACTUAL) in ATTRIBUTES
    )
