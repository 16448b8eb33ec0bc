"""Payloads that break one rule of an official schema each."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from csms.ocpp.codes import RpcErrorCode
from tests.conformance.instances import fullest
from tests.conformance.official import Schema, resolved

Json = Any
Path = tuple[str | int, ...]

CODES: Mapping[str, RpcErrorCode] = {
    "required": RpcErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "minItems": RpcErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "maxItems": RpcErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "type": RpcErrorCode.TYPE_CONSTRAINT_VIOLATION,
    "enum": RpcErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "maxLength": RpcErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "minimum": RpcErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "maximum": RpcErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "format": RpcErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "additionalProperties": RpcErrorCode.FORMAT_VIOLATION,
}
"""How Part 4, 4.3 calls the breaking of a rule."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A payload with one rule broken.

    Attributes:
        rule: The keyword of the schema that is broken.
        path: Where; of what is missing, where it should be.
        payload: The payload.
    """

    rule: str
    path: Path
    payload: Json

    @property
    def field(self) -> str:
        """The place as people write it, such as ``meterValue[0].timestamp``."""
        steps = (
            f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.path
        )
        return "".join(steps).removeprefix(".")

    @override
    def __str__(self) -> str:
        return f"{self.rule} at {self.field or 'the top'}"


def broken(root: Schema) -> Iterator[Broken]:
    """Yield one payload for each rule of a schema, otherwise as full as it can be.

    What is defined once and used in many places is broken in the first of them.
    """
    whole = json.loads(json.dumps(fullest(root)))  # so that entries are not the same
    for part in whole.values():
        if isinstance(part, list | dict):
            _thin(part)
    used: set[str] = set()
    for rule, path, value in _breaks(_Rules(root, used), root, whole, ()):
        yield Broken(rule, path, _changed(whole, path, value))


def _thin(part: Json) -> None:
    """Leave one entry in each list within a part: reading is quicker then."""
    for each in part.values() if isinstance(part, dict) else part:
        if isinstance(each, list):
            del each[1:]
        if isinstance(each, list | dict):
            _thin(each)


_GONE = object()
_Break = tuple[str, Path, Json]


@dataclass(frozen=True, slots=True)
class _Rules:
    """A schema, and which of its definitions were broken already."""

    root: Schema
    used: set[str]

    def new(self, part: Schema) -> bool:
        """Tell whether a part is no definition that was used before."""
        name = part.get("$ref")
        if name is None:
            return True
        fresh = name not in self.used
        self.used.add(name)
        return fresh


def _breaks(rules: _Rules, part: Schema, value: Json, path: Path) -> Iterator[_Break]:
    if not rules.new(part):
        return
    part = resolved(rules.root, part)
    if path and "type" in part:
        yield "type", path, _of_another_type(part["type"])
    match part.get("type"):
        case "object":
            yield from _of_object(rules, part, value, path)
        case "array":
            yield from _of_array(rules, part, value, path)
        case "string":
            yield from _of_text(part, path)
        case "integer" | "number":
            yield from _of_number(part, path)
        case _:
            pass


def _of_object(
    rules: _Rules, part: Schema, value: Json, path: Path
) -> Iterator[_Break]:
    for name in part.get("required", ()):
        yield "required", (*path, name), _GONE
    if part.get("additionalProperties") is False:
        yield "additionalProperties", (*path, "unheardOf"), 1
    for name, inner in part.get("properties", {}).items():
        if name in value and name != "customData":
            yield from _breaks(rules, inner, value[name], (*path, name))


def _of_array(rules: _Rules, part: Schema, value: Json, path: Path) -> Iterator[_Break]:
    if part.get("minItems", 0) > 0:
        yield "minItems", path, value[: part["minItems"] - 1]
    if "maxItems" in part:
        yield "maxItems", path, [value[0]] * (part["maxItems"] + 1)
    yield from _breaks(rules, part["items"], value[0], (*path, 0))


def _of_text(part: Schema, path: Path) -> Iterator[_Break]:
    if "enum" in part:
        yield "enum", path, "Unheard-of"
    elif "maxLength" in part:
        yield "maxLength", path, "x" * (part["maxLength"] + 1)
    if part.get("format") == "date-time":
        yield "format", path, "the day after tomorrow"


def _of_number(part: Schema, path: Path) -> Iterator[_Break]:
    if "minimum" in part:
        yield "minimum", path, int(part["minimum"]) - 1
    if "maximum" in part:
        yield "maximum", path, int(part["maximum"]) + 1


def _of_another_type(kind: str) -> Json:
    """Return a value that no mend turns into what is expected."""
    return 5 if kind in ("object", "array") else {}


def _changed(whole: Json, path: Path, value: Json) -> Json:
    copy = deepcopy(whole)
    place = copy
    for step in path[:-1]:
        place = place[step]
    if value is _GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy
