"""The models say what the official schemas of 2.1 say: no field more, none less."""

from typing import Any

import pytest

from csms.ocpp.editions import NEWLY_NEEDED_FIELDS
from csms.ocpp.wire import Edition
from tests.conformance.official import Schema, messages, resolved, schema, types

Shape = Any
TYPES = types(Edition.V21)
BITS_32 = {-(2**31), 2**31}
"""Bounds of every integer (Part 2, primitive types); the schemas leave them out."""


def _official(root: Schema, part: Schema) -> Shape:
    name = part.get("$ref", "").rpartition("/")[2].removesuffix("Type")
    part = resolved(root, part)
    if "enum" in part:
        return name.removesuffix("Enum"), tuple(sorted(part["enum"]))
    if name:
        return name
    if part.get("type") == "array":
        items = _official(root, part["items"])
        return "list", items, part.get("minItems", 0), part.get("maxItems")
    return _scalar(part)


def _ours(root: Schema, part: Schema) -> Shape:
    name = part.get("$ref", "").rpartition("/")[2]
    part = _present(root["$defs"][name] if name else part)
    if "$ref" in part or (not name and "anyOf" in part):
        return _ours(root, part)
    if "enum" in part:
        return part["title"].removesuffix("Enum"), tuple(sorted(part["enum"]))
    if name:
        return name
    if part.get("type") == "array":
        items = _ours(root, part["items"])
        return "list", items, part.get("minItems", 0), part.get("maxItems")
    return _scalar(part)


def _present(part: Schema) -> Schema:
    """Return what the field is when it is there: in Python it may also be None."""
    if "anyOf" not in part:
        return part
    [present] = [choice for choice in part["anyOf"] if choice != {"type": "null"}]
    return dict(present)


def _scalar(part: Schema) -> Shape:
    low, high = part.get("minimum"), part.get("maximum")
    return (
        part.get("type"),
        part.get("format"),
        part.get("maxLength"),
        None if low in BITS_32 else low,
        None if high in BITS_32 else high,
    )


def test_every_message_and_type_has_a_model() -> None:
    assert len(messages(Edition.V201)) == 2 * 64
    assert len(messages(Edition.V21)) == 2 * 90 + 1
    assert TYPES.keys() >= messages(Edition.V21).keys()
    assert len(TYPES) == 302


@pytest.mark.parametrize("name", TYPES)
def test_a_model_has_the_fields_of_its_schema(name: str) -> None:
    root, model = TYPES[name]
    ours = model.model_json_schema()
    ours.setdefault("$defs", {})

    assert set(ours.get("required", ())) == (
        set(root.get("required", ())) - NEWLY_NEEDED_FIELDS.get(name, frozenset())
    )
    assert {
        field: _ours(ours, part)
        for field, part in ours["properties"].items()
        if field != "customData"
    } == {
        field: _official(root, part)
        for field, part in root["properties"].items()
        if field != "customData"
    }


@pytest.mark.parametrize("name", TYPES)
def test_a_vendor_may_add_its_own_to_every_type(name: str) -> None:
    root, model = TYPES[name]

    assert "customData" in root["properties"]
    assert "custom_data" in model.model_fields


def test_the_comparison_sees_a_difference() -> None:
    root = schema(Edition.V21, "HeartbeatResponse")
    altered = {"type": "string", "maxLength": 9}

    assert _official(root, root["properties"]["currentTime"]) != _scalar(altered)
