from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from simulators.battery import Battery

CAPACITY = 216_000_000.0


class AnyDay(RuleBasedStateMachine):
    """Whatever a day asks of a battery, energy is neither made nor lost."""

    def __init__(self) -> None:
        super().__init__()
        self.battery = Battery(CAPACITY, CAPACITY / 2)
        self.expected = CAPACITY / 2

    @rule(watts=st.integers(-70_000, 70_000), seconds=st.integers(0, 3_600))
    def hold(self, watts: int, seconds: int) -> None:
        self.battery, moved = self.battery.hold(watts, seconds)
        share = self.battery.efficiency
        self.expected += moved * share if moved >= 0 else moved / share
        assert abs(moved) <= abs(watts * seconds)
        assert moved * watts >= 0

    @invariant()
    def energy_is_conserved(self) -> None:
        assert abs(self.battery.stored_ws - self.expected) < 1.0

    @invariant()
    def the_battery_is_neither_overfull_nor_overdrawn(self) -> None:
        lowest = CAPACITY * self.battery.hard_min
        assert lowest - 1.0 <= self.battery.stored_ws <= CAPACITY


TestAnyDay = AnyDay.TestCase


def test_what_goes_in_comes_out_less_both_losses() -> None:
    battery, taken = Battery(CAPACITY, CAPACITY / 2).hold(10_000, 3_600)

    battery, given_back = battery.hold(-10_000, 3_249)

    assert taken == 36_000_000
    assert given_back == -32_490_000
    assert abs(battery.stored_ws - CAPACITY / 2) < 1


@given(share=st.floats(0.0, 1.0))
def test_appetite_falls_towards_full(share: float) -> None:
    appetite = Battery(CAPACITY, CAPACITY * share).appetite(10_000)

    assert 2_000 - 1e-6 <= appetite <= 10_000
    assert appetite == 10_000 or share > 0.88


def test_a_trip_never_leaves_less_than_nothing() -> None:
    assert Battery(CAPACITY, 1_000).drive(5_000).stored_ws == 0
