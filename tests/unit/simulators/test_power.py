import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.power import PowerStage


def test_an_order_takes_effect_after_the_reaction_time() -> None:
    stage = PowerStage(slew_w_per_s=1000, reaction_s=2)

    stage.order(0, -5000)

    assert stage.boundary() == 2
    assert stage.mean(0, 2) == 0
    assert stage.mean(2, 12) == pytest.approx(-(5 * 2500 + 5 * 5000) / 10)
    assert stage.watts == -5000


def test_repeating_an_order_does_not_delay_it() -> None:
    stage = PowerStage(1000, 2)

    stage.order(0, 3000)
    stage.order(1, 3000)

    assert stage.boundary() == 2


def test_an_opened_contactor_stops_at_once() -> None:
    stage = PowerStage(1000, 2, watts=4000, target=4000)

    stage.drop()

    assert stage.mean(0, 10) == 0


@given(cut=st.floats(2.01, 29.99), power=st.integers(-20_000, 20_000))
def test_cutting_a_stretch_changes_no_energy(cut: float, power: int) -> None:
    whole, parts = PowerStage(900, 0), PowerStage(900, 0)
    whole.order(2, power)
    parts.order(2, power)

    energy = whole.mean(2, 30) * 28
    pieces = parts.mean(2, cut) * (cut - 2) + parts.mean(cut, 30) * (30 - cut)

    assert pieces == pytest.approx(energy, abs=1e-3)
