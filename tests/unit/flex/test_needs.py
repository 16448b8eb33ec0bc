from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.units import Energy, Power
from csms.domain.vehicle import DepartureNeed
from csms.flex.needs import Charging, Floor, floor_at
from tests.unit.flex.fleets import END, percents

SLOW = Charging(Energy.kwh(40), Power.kw(4), efficiency=0.9)


def test_without_a_departure_the_minimum_and_its_guard_remain() -> None:
    assert floor_at(30, None, SLOW, ends_at=END) == Floor(32, departure=False)


def test_a_guard_never_asks_for_more_than_full() -> None:
    assert floor_at(99, None, SLOW, ends_at=END).soc_pct == 100


def test_an_early_departure_raises_the_floor_by_what_cannot_be_charged_again() -> None:
    leaving = DepartureNeed(END + timedelta(hours=2), 80)

    floor = floor_at(30, leaving, SLOW, ends_at=END)

    assert floor.departure
    assert floor.soc_pct == pytest.approx(80 - 100 * 4 * 2 * 0.9 / 40)


def test_a_late_departure_leaves_the_minimum_in_charge() -> None:
    leaving = DepartureNeed(END + timedelta(hours=10), 80)

    assert floor_at(30, leaving, SLOW, ends_at=END) == Floor(32, departure=False)


def test_a_departure_at_the_end_leaves_no_time_to_charge() -> None:
    leaving = DepartureNeed(END, 80)

    assert floor_at(30, leaving, SLOW, ends_at=END) == Floor(80, departure=True)


@given(
    minimum=percents,
    needed=percents,
    minutes=st.integers(-180, 1440),
    kilowatts=st.integers(0, 80),
)
def test_charging_at_full_power_from_the_floor_meets_the_need(
    minimum: float, needed: float, minutes: int, kilowatts: int
) -> None:
    charging = Charging(Energy.kwh(60), Power.kw(kilowatts), efficiency=0.9)
    leaving = DepartureNeed(END + timedelta(minutes=minutes), needed)

    floor = floor_at(minimum, leaving, charging, ends_at=END)

    reached = floor.soc_pct + charging.gain_pct(END, leaving.at)
    assert reached >= needed - 1e-9
    assert floor.soc_pct >= minimum
