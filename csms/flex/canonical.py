"""Values as canonical JSON, so that equal values give equal bytes."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any


def canonical(value: object) -> bytes:
    """Return the value as JSON with sorted keys and no spare characters.

    Raises:
        TypeError: If it holds something that has no one way to be written.
    """
    plain = plainly(value)
    return json.dumps(
        plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True
    ).encode()


def plainly(value: object) -> Any:  # noqa: ANN401 - JSON is what it is
    """Return the value as JSON would hold it: no float, instants in UTC.

    Raises:
        TypeError: If it holds something that has no one way to be written.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plainly(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plainly(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [plainly(each) for each in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | Fraction):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")
