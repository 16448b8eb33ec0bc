"""Strict reading of TOML tables: an unknown key is an error that names itself."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

HERE = Path(__file__).parent
Table = Mapping[str, Any]
T = TypeVar("T")


class ScenarioError(Exception):
    """The scenario data cannot be used; the message names the field and the remedy."""


def load(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises:
        ScenarioError: If the file is missing or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.toml")))
        raise ScenarioError(
            f"{path.parent.name}: there is no '{path.stem}'. Choose one of: {known}."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path.name}: not valid TOML: {error}.") from None


def read(cls: type[T], table: Table, where: str) -> T:
    """Return a dataclass made from a table, refusing what it does not know.

    Args:
        cls: A dataclass whose fields are scalars or tuples of scalars.
        table: The TOML table.
        where: How to name the table in an error.

    Raises:
        ScenarioError: On an unknown or missing key, or a value of the wrong type.
    """
    known = {field.name: field for field in fields(cls)}  # type: ignore[arg-type]
    hints = get_type_hints(cls)
    for key in table:
        if key not in known:
            raise ScenarioError(
                f"{where}: unknown key '{key}'. Known keys: {', '.join(sorted(known))}."
            )
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name in table:
            values[name] = _value(table[name], str(hints[name]), f"{where}.{name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ScenarioError(f"{where}: the key '{name}' is missing. Add it.")
    return cls(**values)


_SCALARS: dict[str, tuple[type, ...]] = {
    "<class 'str'>": (str,),
    "<class 'int'>": (int,),
    "<class 'bool'>": (bool,),
    "<class 'float'>": (int, float),
}
_TUPLES: dict[str, tuple[type, ...]] = {
    "tuple[str, ...]": (str,),
    "tuple[int, ...]": (int,),
    "tuple[float, ...]": (int, float),
}


def _value(value: object, hint: str, where: str) -> object:
    if hint in _SCALARS:
        _check(value, _SCALARS[hint], where)
        return float(value) if "float" in hint else value  # type: ignore[arg-type]
    if hint in _TUPLES:
        if not isinstance(value, list) or not value:
            raise ScenarioError(f"{where}: give a list with at least one item.")
        for item in value:
            _check(item, _TUPLES[hint], where)
        return tuple(value)
    return value


def _check(value: object, allowed: tuple[type, ...], where: str) -> None:
    if isinstance(value, bool) != (allowed == (bool,)) or not isinstance(
        value, allowed
    ):
        wanted = " or ".join(kind.__name__ for kind in allowed)
        raise ScenarioError(f"{where}: {value!r} is not of type {wanted}.")
