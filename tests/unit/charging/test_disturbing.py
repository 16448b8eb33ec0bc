"""Who may be disturbed: nobody whose vehicle would not be ready, nobody in an event."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.charging.disturbing import EFFICIENCY, OUTAGE, Stay, bar, needs_charge
from csms.domain.interval import Interval
from csms.domain.units import Energy, Power
from csms.domain.vehicle import DepartureNeed

NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CAR = Stay(
    plugged=True,
    soc_pct=60.0,
    min_soc_pct=30.0,
    departure=DepartureNeed(NOW + 10 * HOUR, 80.0),
    battery=Energy.kwh(40),
    charge=Power.kw(8),
)


def why(stay: Stay, *events: Interval, begins: datetime = NOW) -> str:
    return bar([stay], events, NOW, begins)


def test_a_vehicle_with_time_to_spare_may_wait() -> None:
    assert why(CAR) == ""
    assert why(replace(CAR, departure=None)) == ""
    assert why(replace(CAR, soc_pct=80.0, charge=Power(0))) == ""
    assert why(Stay(plugged=False, priority=True)) == ""


@pytest.mark.parametrize(
    ("stay", "said"),
    [
        (replace(CAR, soc_pct=29.9), "below the 30 %"),
        (replace(CAR, priority=True), "with priority"),
        (replace(CAR, departure=DepartureNeed(NOW + 3 * HOUR, 80.0)), "needs its ch"),
        (replace(CAR, charge=Power(0)), "needs its charge"),
        (replace(CAR, soc_pct=None), "is not known"),
        (replace(CAR, battery=None), "is not known"),
        (Stay(plugged=True), "is not known"),
    ],
)
def test_what_is_needed_or_not_known_comes_first(stay: Stay, said: str) -> None:
    assert said in why(stay)


def test_a_vehicle_that_leaves_late_need_not_be_seen() -> None:
    late = DepartureNeed(NOW + 48 * HOUR, 80.0)
    assert why(replace(CAR, soc_pct=None, departure=late)) == ""


@pytest.mark.parametrize(
    ("start_h", "end_h", "begins_h", "barred"),
    [
        (1, 4, 0, True),  # it begins while the station may be away
        (-1, 1, 0, True),  # it runs
        (3, 6, 0, False),
        (-4, -1, 0, False),  # it is over
        (8, 11, 10, True),  # the installation would fall into it
        (13, 14, 10, False),
    ],
)
def test_an_event_comes_first(
    start_h: int, end_h: int, begins_h: int, *, barred: bool
) -> None:
    window = Interval(NOW + start_h * HOUR, NOW + end_h * HOUR)
    idle = Stay(plugged=False)

    assert bool(why(idle, window, begins=NOW + begins_h * HOUR)) is barred


@settings(max_examples=50)
@given(
    st.floats(0, 100),
    st.floats(0, 100),
    st.integers(0, 48 * 60),
    st.integers(1, 100_000),
    st.integers(0, 22_000),
)
def test_who_is_disturbed_is_ready_all_the_same(
    soc: float, wanted: float, minutes: int, battery_wh: int, watts: int
) -> None:
    """Played through: away for the whole outage, then charged, and left in time."""
    leaves = NOW + timedelta(minutes=minutes)
    stay = Stay(
        plugged=True,
        soc_pct=soc,
        min_soc_pct=0.0,
        departure=DepartureNeed(leaves, wanted),
        battery=Energy(battery_wh * 3600),
        charge=Power(watts),
    )
    back = NOW + OUTAGE
    if needs_charge(stay, NOW, back):
        return
    seconds = max((leaves - back).total_seconds(), 0)
    gained = 100 * watts * seconds * EFFICIENCY / (battery_wh * 3600)
    assert soc + gained >= wanted - 1e-6
