"""Rows in portions: one statement takes only so many parameters."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

PORTION = 500
"""Rows per statement; times columns it must stay below PostgreSQL's 32,767."""

T = TypeVar("T")


def batched(rows: Sequence[T], portion: int = PORTION) -> Iterator[Sequence[T]]:
    """Yield the rows in order, so many at a time; nothing for no rows."""
    for start in range(0, len(rows), portion):
        yield rows[start : start + portion]
