"""Cursors lead back to where a page ended, and nowhere else."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.web.paging import BadCursor, cursor, page, read_cursor

INSTANT = datetime(2026, 7, 14, 21, tzinfo=UTC)


def test_the_last_page_has_no_next() -> None:
    whole = page([1, 2], 2, str, lambda row: row)
    part = page([1, 2, 3], 2, str, lambda row: row)

    assert (whole.items, whole.next) == (["1", "2"], None)
    assert part.items == ["1", "2"]
    assert read_cursor(part.next, int) == (2,)


@given(st.text(), st.integers(), st.datetimes(timezones=st.just(UTC)))
def test_a_key_is_read_as_it_was_written(name: str, number: int, at: datetime) -> None:
    word = cursor([name, number, at])

    assert read_cursor(word, str, int, datetime) == (name, number, at)


def test_no_cursor_is_the_first_page() -> None:
    assert read_cursor(None, str) is None


@given(st.text())
def test_nonsense_is_refused_and_never_breaks_anything(word: str) -> None:
    with suppress(BadCursor):
        (number,) = read_cursor(word, int) or (None,)
        assert type(number) is int


@pytest.mark.parametrize(
    ("key", "kinds"),
    [
        (["a"], (int,)),
        ([1], (str,)),
        ([True], (int,)),
        (["a", 1], (str,)),
        (["a"], (str, int)),
        (["soon"], (datetime,)),
        ([5], (datetime,)),
        ({"a": 1}, (str,)),
        ([10**30], (datetime,)),
    ],
)
def test_the_cursor_of_another_list_is_refused(
    key: object, kinds: tuple[type, ...]
) -> None:
    with pytest.raises(BadCursor):
        read_cursor(cursor(key), *kinds)


def test_a_key_of_something_else_cannot_be_written() -> None:
    with pytest.raises(TypeError):
        cursor(object())
