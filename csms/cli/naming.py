"""Names of variables as people write them at a terminal."""

import re
from typing import Any

from csms.cli.failures import ExitCode, Failed

_NAME = re.compile(
    r"(?P<component>[^\[\]@.=]+)"
    r"(\[(?P<component_instance>[^\]]+)\])?"
    r"(@(?P<evse>\d+)(:(?P<connector>\d+))?)?"
    r"(\.(?P<variable>[^\[\]@.=#]+)(\[(?P<variable_instance>[^\]]+)\])?)?"
    r"(#(?P<attribute>\w+))?"
)
EXAMPLE = "OCPPCommCtrlr.OfflineThreshold, EVSE@1.Power, TxCtrlr.TxStartPoint#Target"


def named(said: str, *, whole: bool = True) -> dict[str, Any]:
    """Return a name as the API takes it.

    Args:
        said: ``Component[instance]@evse:connector.Variable[instance]#Attribute``.
        whole: Whether the variable must be named, or a component is enough.

    Raises:
        Failed: If it is none.
    """
    found = _NAME.fullmatch(said.strip())
    if found is None or (whole and found["variable"] is None):
        raise Failed(
            f"{said} names no variable.",
            code=ExitCode.USAGE,
            field="VARIABLE",
            remedy=f"Write it as {EXAMPLE}.",
        )
    parts: dict[str, Any] = {
        name: part for name, part in found.groupdict().items() if part
    }
    numbers: dict[str, Any] = {
        name: int(parts[name]) for name in ("evse", "connector") if name in parts
    }
    return {**parts, **numbers}


def assigned(said: str) -> dict[str, Any]:
    """Return a name and the value that it is given, as the API takes them.

    Raises:
        Failed: If there is no ``=`` in it, or no name before that.
    """
    name, equals, value = said.partition("=")
    if not equals:
        raise Failed(
            f"{said} gives no value.",
            code=ExitCode.USAGE,
            field="SETTING",
            remedy="Write it as OCPPCommCtrlr.OfflineThreshold=300.",
        )
    return {**named(name), "value": value}
