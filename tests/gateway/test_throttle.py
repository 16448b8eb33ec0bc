"""How fast connections and wrong passwords may come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.gateway import throttle
from csms.gateway.throttle import Failures, Pace, Slowing, Throttle

HOME, AWAY = "192.0.2.1", "198.51.100.7"


class TestPace:
    def test_a_burst_passes_and_the_rest_comes_at_the_rate(self) -> None:
        pace = Pace(rate=2, burst=3)

        assert [pace.take(100) for _ in range(7)] == [0, 0, 0, 1, 1, 2, 2]
        assert [pace.take(100.5), pace.take(100.5)] == [0, 1]
        assert [pace.take(200) for _ in range(4)] == [0, 0, 0, 1]

    def test_no_one_is_sent_away_for_long(self) -> None:
        pace = Pace(rate=1, burst=1)

        assert max(pace.take(1) for _ in range(1000)) == 30

    @given(st.lists(st.floats(0, 3), max_size=200))
    def test_never_more_than_burst_and_rate_come_in(self, gaps: list[float]) -> None:
        pace, now, let_in = Pace(rate=5, burst=10), 50.0, 0
        for gap in gaps:
            now += gap
            let_in += pace.take(now) == 0
        assert let_in <= 10 + 5 * (now - 50) + 1e-6


class TestSlowing:
    def test_the_delay_doubles_up_to_a_bound(self) -> None:
        slowing = Slowing(free=2, most=10)

        assert [slowing.delay(n) for n in range(8)] == [0, 0, 0, 1, 2, 4, 8, 10]
        assert slowing.delay(10_000) == 10

    def test_failures_are_forgotten_in_the_end(self) -> None:
        failures = Failures(Slowing(free=0, most=10, forget=100))
        failures.count(("A", HOME), 0)

        assert failures.left(("A", HOME), 0.25) == 0.75
        assert failures.delay(("A", HOME), 100) == 1
        assert failures.delay(("A", HOME), 101) == 0
        failures.count(("A", HOME), 101)
        assert failures.delay(("A", HOME), 101) == 1

    def test_only_so_many_are_remembered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(throttle, "REMEMBERED", 2)
        failures, slow = Failures(Slowing(free=0, most=10)), Throttle()
        for name in "abc":
            failures.count((name, HOME), 0)
            slow.passed(name, HOME)

        assert failures.left(("a", HOME), 0) == 0
        assert failures.left(("c", HOME), 0) == 1


class TestThrottle:
    def test_guesses_at_one_station_are_put_off_for_growing_times(self) -> None:
        slow, put_off = Throttle(), []
        for _ in range(8):
            slow.failed("A", HOME, 0)
            put_off.append(slow.put_off("A", HOME, 0))

        assert put_off == [0, 0, 0, 1, 2, 4, 8, 16]
        assert slow.put_off("A", HOME, 10.5) == 6
        assert slow.put_off("B", HOME, 0) == 0
        assert slow.put_off("A", AWAY, 0) == 0

    def test_guesses_from_one_address_at_many_stations_are_put_off(self) -> None:
        slow = Throttle()
        slow.passed("At home", AWAY)
        for n in range(40):
            slow.failed(f"S{n}", AWAY, 0)

        assert slow.put_off("Another", AWAY, 0) == 10
        assert slow.put_off("At home", AWAY, 0) == 0
        assert slow.put_off("Another", HOME, 0) == 0

    def test_looking_for_stations_counts_against_the_address(self) -> None:
        slow = Throttle()
        for _ in range(30):
            slow.missed(AWAY, 0)

        assert slow.put_off("A", AWAY, 0) == 10

    def test_guesses_from_many_addresses_drag_but_lock_no_one_out(self) -> None:
        slow = Throttle()
        slow.passed("A", HOME)
        for n in range(1000):
            slow.failed("A", f"203.0.113.{n}", 0)

        assert slow.put_off("A", HOME, 0) == 0
        assert slow.drag("A", HOME, 0) == 0
        assert slow.put_off("A", AWAY, 0) == 0
        assert slow.drag("A", AWAY, 0) == 2
        assert slow.drag("B", AWAY, 0) == 0

    def test_the_right_password_forgives_the_wrong_ones(self) -> None:
        slow = Throttle()
        for _ in range(6):
            slow.failed("A", HOME, 0)
        assert slow.put_off("A", HOME, 0) > 0

        slow.passed("A", HOME)

        assert slow.put_off("A", HOME, 0) == 0
