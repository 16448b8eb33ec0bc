"""From states to spells."""

from datetime import UTC, datetime, timedelta

import pytest

from csms.domain.event import UNDELIVERED, Reason
from csms.domain.ids import EventId, EvseId, ParticipantId, SiteId, StationId
from csms.domain.interval import Interval
from csms.services.ports.events import Member, StateChange
from csms.services.spells import CLOSES, OPENS, spells_of

START = datetime(2026, 7, 14, 21, tzinfo=UTC)
WINDOW = Interval(START, START + timedelta(hours=3))


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def spells(
    *states: tuple[int, str] | tuple[int, str, str],
) -> list[tuple[int, int, str]]:
    member = Member(
        EventId("e"),
        EvseId(StationId("s"), 1),
        ParticipantId("p"),
        SiteId("x"),
        states=tuple(StateChange(at(minutes), *words) for minutes, *words in states),
    )
    return [
        (
            round((each.window.start - START).total_seconds() / 60),
            round((each.window.end - START).total_seconds() / 60),
            each.reason.value,
        )
        for each in spells_of(member, WINDOW)
    ]


def test_nothing_noted_is_no_spell() -> None:
    assert spells() == []


@pytest.mark.parametrize(("state", "reason"), OPENS.items())
def test_what_nothing_ends_lasts_to_the_end(state: str, reason: Reason) -> None:
    assert spells((60, state)) == [(60, 180, reason.value)]


def test_what_began_before_counts_from_the_start() -> None:
    assert spells((-20, "unplugged")) == [(0, 180, "unplugged")]


def test_what_ended_before_does_not_count() -> None:
    assert spells((-20, "unplugged"), (-10, "plugged")) == []


def test_coming_and_going() -> None:
    assert spells((30, "offline"), (40, "online"), (90, "offline"), (95, "online")) == [
        (30, 40, "offline"),
        (90, 95, "offline"),
    ]


def test_the_same_again_begins_no_second_spell() -> None:
    assert spells((30, "unplugged"), (40, "unplugged"), (50, "plugged")) == [
        (30, 50, "unplugged")
    ]


def test_obeying_ends_what_kept_it_from_delivering() -> None:
    assert spells((10, "not_obeyed"), (20, "obeyed")) == [(10, 20, "ev_refused")]


@pytest.mark.parametrize(
    ("begins", "ends", "reason"),
    [
        ("unplugged", "plugged", "unplugged"),
        ("offline", "online", "offline"),
        ("limited", "unlimited", "limit"),
        ("station_refused", "accepted", "station_refused"),
        ("opted_out", "opted_in", "opt_out"),
    ],
)
def test_each_state_has_one_that_ends_it(begins: str, ends: str, reason: str) -> None:
    assert spells((10, begins), (20, ends)) == [(10, 20, reason)]


def test_obeying_does_not_end_an_opt_out() -> None:
    assert spells((10, "opted_out"), (20, "obeyed")) == [(10, 180, "opt_out")]


def test_a_release_says_its_reason_and_lasts_until_it_is_undone() -> None:
    assert spells((10, "released", "soc_floor"), (30, "reinstated")) == [
        (10, 30, "soc_floor")
    ]
    assert spells((10, "released", "whatever")) == [(10, 180, "unknown")]


def test_two_reasons_may_hold_at_once() -> None:
    assert spells((10, "offline"), (20, "unplugged"), (30, "online")) == [
        (10, 30, "offline"),
        (20, 180, "unplugged"),
    ]


def test_order_of_noting_does_not_matter() -> None:
    assert spells((40, "online"), (30, "offline")) == [(30, 40, "offline")]


def test_only_reasons_for_undelivered_energy_occur() -> None:
    assert set(OPENS.values()) <= set(UNDELIVERED)
    assert frozenset().union(*CLOSES.values()) <= set(UNDELIVERED)
