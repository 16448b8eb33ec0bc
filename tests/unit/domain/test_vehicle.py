from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.vehicle import (
    Departure,
    DepartureNeed,
    MobilityNeed,
    Override,
    next_departure,
    with_override,
)

BOSTON = ZoneInfo("America/New_York")
WORKDAYS = tuple(Departure(day, time(7, 30), 80) for day in range(5))
COMMUTER = MobilityNeed(30, WORKDAYS)
MONDAY_EVENING = datetime(2026, 7, 13, 23, 30, tzinfo=UTC)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
TUESDAY = date(2026, 7, 14)


def utc(day: int, hour: int, minute: int = 0, month: int = 7) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


class TestStandingDepartures:
    def test_the_next_one_is_found_in_local_time(self) -> None:
        coming = next_departure(COMMUTER, MONDAY_EVENING, BOSTON)

        assert coming == DepartureNeed(utc(14, 11, 30), 80)

    def test_one_that_is_right_now_is_still_the_next(self) -> None:
        now = utc(14, 11, 30)

        assert next_departure(COMMUTER, now, BOSTON) == DepartureNeed(now, 80)

    def test_one_that_has_passed_makes_way(self) -> None:
        coming = next_departure(COMMUTER, utc(17, 11, 31), BOSTON)

        assert coming == DepartureNeed(utc(20, 11, 30), 80)

    def test_a_weekly_one_comes_again_after_a_week(self) -> None:
        weekly = MobilityNeed(30, (Departure(1, time(7, 30), 80),))

        coming = next_departure(weekly, utc(14, 11, 31), BOSTON)

        assert coming == DepartureNeed(utc(21, 11, 30), 80)

    def test_of_two_at_once_the_more_demanding_counts(self) -> None:
        twice = MobilityNeed(
            30, (Departure(1, time(7, 30), 60), Departure(1, time(7, 30), 90))
        )

        assert next_departure(twice, MONDAY_EVENING, BOSTON) == DepartureNeed(
            utc(14, 11, 30), 90
        )

    def test_who_never_leaves_needs_nothing(self) -> None:
        assert next_departure(MobilityNeed(30), MONDAY_EVENING, BOSTON) is None


class TestOverrides:
    def test_an_override_replaces_every_departure_of_its_day(self) -> None:
        need = with_override(COMMUTER, Override(TUESDAY, time(9), 90))

        assert next_departure(need, MONDAY_EVENING, BOSTON) == DepartureNeed(
            utc(14, 13), 90
        )

    def test_a_day_off_has_no_departure(self) -> None:
        need = with_override(COMMUTER, Override(TUESDAY, None, 0))

        assert next_departure(need, MONDAY_EVENING, BOSTON) == DepartureNeed(
            utc(15, 11, 30), 80
        )

    def test_the_standing_departures_stay(self) -> None:
        need = with_override(COMMUTER, Override(TUESDAY, time(9), 90))

        assert need.departures == WORKDAYS
        assert next_departure(need, utc(21, 4), BOSTON) == DepartureNeed(
            utc(21, 11, 30), 80
        )

    def test_the_last_word_on_a_date_counts(self) -> None:
        once = with_override(COMMUTER, Override(TUESDAY, time(9), 90))
        other = with_override(once, Override(date(2026, 7, 1), None, 0))

        need = with_override(other, Override(TUESDAY, time(10), 70))

        assert need.overrides == (
            Override(date(2026, 7, 1), None, 0),
            Override(TUESDAY, time(10), 70),
        )

    def test_a_far_trip_is_seen_if_nothing_comes_before_it(self) -> None:
        trip = MobilityNeed(30, (), (Override(date(2026, 8, 20), time(6), 100),))

        coming = next_departure(trip, MONDAY_EVENING, BOSTON)

        assert coming == DepartureNeed(utc(20, 10, month=8), 100)


class TestDaylightSaving:
    @pytest.mark.parametrize(
        ("day", "clock", "expected"),
        [
            pytest.param(date(2026, 3, 8), time(2, 30), utc(8, 6, 30, 3), id="skipped"),
            pytest.param(date(2026, 11, 1), time(1, 30), utc(1, 5, 30, 11), id="twice"),
            pytest.param(date(2026, 3, 8), time(7, 30), utc(8, 11, 30, 3), id="later"),
        ],
    )
    def test_the_earlier_instant_counts(
        self, day: date, clock: time, expected: datetime
    ) -> None:
        need = MobilityNeed(30, (), (Override(day, clock, 80),))
        evening_before = expected - timedelta(hours=8)

        assert next_departure(need, evening_before, BOSTON) == DepartureNeed(
            expected, 80
        )


@given(
    now=st.integers(0, 365 * 24 * 60).map(lambda m: NEW_YEAR + timedelta(minutes=m)),
    standing=st.lists(
        st.builds(Departure, st.integers(0, 6), st.times(), st.floats(0, 100))
    ),
    dates=st.lists(st.dates(date(2026, 1, 1), date(2027, 1, 1)), max_size=3),
)
def test_the_next_departure_never_lies_in_the_past_nor_beyond_a_later_one(
    now: datetime, standing: list[Departure], dates: list[date]
) -> None:
    overrides = tuple(Override(day, time(12), 50) for day in dates)
    need = MobilityNeed(30, tuple(standing), overrides)

    coming = next_departure(need, now, BOSTON)

    if coming is not None:
        assert coming.at >= now
        assert next_departure(need, coming.at, BOSTON) == coming
