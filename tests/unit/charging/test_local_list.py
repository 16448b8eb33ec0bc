"""What stands on a station's list, and the messages that get it there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.charging.authority import Authority
from csms.charging.local_list import (
    applied,
    difference,
    in_parts,
    next_version,
    wanted,
)
from csms.charging.tokens import Spot
from csms.domain.ids import StationId
from csms.domain.local_list import HIGHEST_VERSION, ListEntry, ListUpdate
from csms.domain.station import EDITION_21, EDITION_201
from csms.domain.token import IdToken, Judgement, Place, TokenRecord, Verdict

NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE = StationId("HERE")
SPOT = Spot(HERE, None, {1: frozenset()})
KINDS = [Verdict.ACCEPTED, Verdict.BLOCKED]

entries = st.builds(
    ListEntry,
    st.builds(IdToken, st.sampled_from("abcdefghijkl"), st.just("ISO14443")),
    st.builds(Judgement, st.sampled_from(KINDS)),
)
lists = st.lists(entries, unique_by=lambda each: each.token.key, max_size=10).map(
    lambda found: tuple(sorted(found, key=lambda each: each.token.key))
)


def record(value: str, **rules: Any) -> TokenRecord:  # noqa: ANN401
    kind = rules.pop("type", "ISO14443")
    return TokenRecord(IdToken(value, kind), **rules)


def named(records: list[TokenRecord], most: int = 0, edition: str = EDITION_21) -> str:
    found = wanted(records, SPOT, NOW, most, edition)
    return "".join(each.token.value for each in found.entries)


@settings(max_examples=50)
@given(lists, lists, st.integers(1, 4), st.integers(0, 60), st.booleans())
def test_whatever_is_sent_the_station_ends_with_what_is_wanted(
    held: tuple[ListEntry, ...],
    want: tuple[ListEntry, ...],
    items: int,
    room: int,
    full: bool,  # noqa: FBT001
) -> None:
    """D01.FR.11, D01.FR.15 to D01.FR.17: every message fits, and they add up."""
    update = ListUpdate(full=True, entries=want) if full else difference(held, want)
    said = Authority(list_items=items, list_bytes=20 + room)

    def size(part: ListUpdate) -> int:
        return 10 + 10 * len(part)

    parts = list(in_parts(update, said, size))

    for part in parts:
        held = applied(held, part)
        assert len(part) <= items
        assert size(part) <= 20 + room
    assert held == want
    assert [each.full for each in parts] == [full] + [False] * (len(parts) - 1)


def test_equal_lists_differ_by_nothing() -> None:
    one = (ListEntry(IdToken("a", "ISO14443"), Judgement(Verdict.ACCEPTED)),)

    assert len(difference(one, one)) == 0


def test_an_entry_too_large_for_any_message_is_an_error() -> None:
    entry = ListEntry(IdToken("a", "ISO14443"), Judgement(Verdict.ACCEPTED))
    for full in (True, False):
        update = ListUpdate(full, (entry, entry))
        with pytest.raises(ValueError, match="larger"):
            list(in_parts(update, Authority(list_bytes=5), lambda _: 6))


def test_what_belongs_on_a_list_is_what_decides_without_us() -> None:
    elsewhere = (Place(StationId("THERE")),)
    records = [
        record("a"),
        record("b", blocked=True),
        record("c", blocked=True, places=elsewhere),
        record("d", places=elsewhere),
        record("e", valid_until=NOW),
        record("f", valid_from=NOW + HOUR),
        record("g", listed=False),
        record("h", blocked=True, valid_until=NOW),
    ]

    assert named(records) == "ab"


def test_a_list_changes_by_itself_when_a_token_begins_or_ends() -> None:
    begins = record("f", valid_from=NOW + HOUR)
    ends = record("e", valid_until=NOW + 2 * HOUR)

    assert wanted([begins, ends], SPOT, NOW, 0, EDITION_21).due_at == NOW + HOUR
    assert wanted([ends], SPOT, NOW, 0, EDITION_21).due_at == NOW + 2 * HOUR
    assert wanted([record("a")], SPOT, NOW, 0, EDITION_21).due_at is None


def test_where_room_is_scarce_those_placed_there_come_first_and_the_blocked_last() -> (
    None
):
    records = [
        record("a"),
        record("b", blocked=True, places=(Place(HERE),)),
        record("c", priority=3),
        record("d", places=(Place(HERE),)),
    ]

    assert [named(records, most) for most in (1, 2, 3, 0)] == ["d", "cd", "acd", "abcd"]
    assert wanted(records, SPOT, NOW, 3, EDITION_21).left_out == 1


def test_a_station_of_201_is_told_only_of_what_it_can_say() -> None:
    records = [
        record("a"),
        record("b", type="VIN"),
        record("c" * 37),
        record("d", group=IdToken("g" * 37, "Central")),
        record("", type="NoAuthorization"),
    ]

    assert named(records, edition=EDITION_201) == "a"
    assert named(records) == "a" + "c" * 37 + "d" + "b"


@pytest.mark.parametrize(
    ("known", "version"),
    [
        ((0, None), 1),
        ((0, 0), 1),
        ((3, 7), 8),
        ((9, 7), 10),
        ((0, -5), 1),
        ((HIGHEST_VERSION, 4), 1),
        ((0, HIGHEST_VERSION), 1),
    ],
)
def test_a_version_is_above_all_that_are_known_until_they_begin_again(
    known: tuple[int, int | None], version: int
) -> None:
    """D01.FR.18, D01.FR.19."""
    assert next_version(*known) == version
