"""Frames made from a schema: the smallest, the fullest, and broken ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.conformance.official import Schema, resolved

Json = Any
INSTANT = "2026-07-14T21:00:00Z"
WRONG_TYPES: dict[str, tuple[Any, ...]] = {
    "string": (5, True, None, {}, []),
    "integer": ("5", 1.5, True, None, {}),
    "number": ("5", True, None, []),
    "boolean": ("true", 1, None),
    "array": ({}, "x", None, []),
    "object": ([], "x", None, 5),
}


@dataclass(frozen=True, slots=True)
class Broken:
    """A frame with one thing changed.

    Attributes:
        what: The change, in words.
        frame: The frame.
    """

    what: str
    frame: dict[str, Any]


def smallest(root: Schema) -> Json:
    return _value(root, root, depth=0)


def fullest(root: Schema) -> Json:
    return _value(root, root, depth=99)


def widest(root: Schema) -> Json:
    """Every field of the type itself; its parts as small as they can be."""
    return _value(root, root, depth=1)


def changes(root: Schema) -> Iterator[Broken]:
    """Every change of one field of the type, harmless ones among them."""
    frame = widest(root)
    yield Broken("an unknown property", {**frame, "unheardOf": 1})
    for name, part in root["properties"].items():
        rest = {key: value for key, value in frame.items() if key != name}
        yield Broken(f"{name} left out", rest)
        for value in _others(root, part):
            yield Broken(f"{name} = {str(value)[:30]}", {**frame, name: value})


def _value(root: Schema, part: Schema, *, depth: int) -> Json:
    part = resolved(root, part)
    if "enum" in part:
        return part["enum"][-1]
    match part.get("type"):
        case "object":
            return _object(root, part, depth=depth)
        case "array":
            count = 2 if depth > 0 and part.get("maxItems", 2) > 1 else 1
            return [_value(root, part["items"], depth=depth)] * count
        case scalar:
            return _scalar(part, scalar)


def _scalar(part: Schema, kind: str | None) -> Json:
    values: dict[str | None, Json] = {
        "string": _text(part),
        "integer": int(max(part.get("minimum", 2), 2)),  # phases go to 3 only
        "number": min(7.25, part.get("maximum", 7.25)),
        "boolean": True,
        None: {"any": ["thing", 1.5]},
    }
    return values[kind]


def _object(root: Schema, part: Schema, *, depth: int) -> dict[str, Json]:
    wanted = part["properties"] if depth > 0 else part.get("required", ())
    return {
        name: _value(root, part["properties"][name], depth=depth - 1) for name in wanted
    }


def _text(part: Schema) -> str:
    if part.get("format") == "date-time":
        return INSTANT
    length: int = min(part.get("maxLength", 10), 10)
    return "x" * length


def _others(root: Schema, part: Schema) -> Iterator[Any]:
    part = resolved(root, part)
    if "type" not in part:
        yield from (None, 5, "x", [], {})
        return
    yield from WRONG_TYPES[part["type"]]
    if "enum" in part:
        yield from ("Bogus", *part["enum"])
    elif part["type"] == "string":
        yield from _texts(part)
    elif part["type"] == "array":
        yield from _lists(root, part)
    else:
        yield from _numbers(part)


def _texts(part: Schema) -> Iterator[str]:
    if part.get("format") == "date-time":
        yield from ("yesterday", "2026-07-14", "2026-07-14T21:00:00", "1784062800")
        yield from ("2026-07-14T21:00:00+03", "2026-07-14T23:00:00.5+02:00")
    elif "maxLength" in part:
        yield ""
        yield "é" * part["maxLength"]
        yield "x" * (part["maxLength"] + 1)


def _lists(root: Schema, part: Schema) -> Iterator[list[Any]]:
    entry = _value(root, part["items"], depth=0)
    yield [entry, 5.5]
    yield [None]
    if "maxItems" in part:
        yield [entry] * part["maxItems"]
        yield [entry] * (part["maxItems"] + 1)


def _numbers(part: Schema) -> Iterator[float]:
    if part["type"] not in {"integer", "number"}:
        return
    yield 1.0
    for bound in (part.get("minimum"), part.get("maximum")):
        if bound is not None:
            yield from (int(bound) - 1, int(bound), int(bound) + 1)
