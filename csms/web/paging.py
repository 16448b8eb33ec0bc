"""Pages by key: what comes after the last row seen, never an offset."""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from csms.domain.errors import Broken

MOST = 500
USUAL = 100

T = TypeVar("T")
R = TypeVar("R")

Limit = Annotated[
    int, Query(ge=1, le=MOST, description="How many items the page has at most.")
]
Cursor = Annotated[
    str | None, Query(description="The `next` of the page before; none for the first.")
]


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(
        None, description="The cursor of the next page; absent on the last one."
    )


class BadCursor(Broken):
    """The cursor is none that this list gave out."""

    code = "bad-cursor"


def page(
    rows: Sequence[R], limit: int, show: Callable[[R], T], key: Callable[[R], object]
) -> Page[T]:
    """Return a page of rows that were asked for with one more than the limit.

    Args:
        rows: At most ``limit + 1`` of them; the one too many tells that more follow.
        limit: How many the page has at most.
        show: Turns a row into an item.
        key: Returns by what the list is ordered: texts, numbers and instants.
    """
    shown = [show(row) for row in rows[:limit]]
    last = cursor(key(rows[limit - 1])) if len(rows) > limit else None
    return Page(items=shown, next=last)


def cursor(key: object) -> str:
    """Return a key as an opaque word."""
    text = json.dumps(key, default=_plain, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(word: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """Return the parts of a key, or none for the first page.

    Args:
        word: What a page gave out as ``next``.
        kinds: The type of each part: text, number or instant.

    Raises:
        BadCursor: If it is none of this list.
    """
    if word is None:
        return None
    try:
        padded = word + "=" * (-len(word) % 4)
        said = json.loads(base64.urlsafe_b64decode(padded))
        parts = said if isinstance(said, list) else [said]
        return tuple(_read(part, kind) for part, kind in zip(parts, kinds, strict=True))
    except (ValueError, TypeError, RecursionError):
        raise BadCursor(
            field="cursor", remedy="use the `next` of the page before"
        ) from None


def _read(part: object, kind: type) -> object:
    if kind is datetime:
        if not isinstance(part, str):
            raise TypeError(part)
        return datetime.fromisoformat(part)
    if type(part) is not kind:
        raise TypeError(part)
    return part


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(value)
