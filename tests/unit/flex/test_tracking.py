from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.units import Power
from csms.flex.tracking import (
    LiveState,
    Patience,
    Verdict,
    Watch,
    plausible_soc,
    track,
)
from tests.unit.flex.fleets import START

NOW = START + timedelta(minutes=10)
WATCH = Watch(Power.kw(-10), START, floor_soc_pct=30)
GOOD = LiveState(
    power=Power.kw(-10),
    power_at=NOW,
    soc_pct=70,
    soc_at=NOW,
    plugged=True,
    offline=False,
)
LONG_AGO = NOW - timedelta(minutes=6)


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param(GOOD, Verdict.OBEYED, id="as-asked"),
        pytest.param(replace(GOOD, power=Power(-9000)), Verdict.OBEYED, id="ten-less"),
        pytest.param(
            replace(GOOD, power=Power(-8999)), Verdict.NOT_DELIVERING, id="too-little"
        ),
        pytest.param(
            replace(GOOD, power=Power(0)), Verdict.NOT_DELIVERING, id="nothing"
        ),
        pytest.param(
            replace(GOOD, power=Power(500)), Verdict.NOT_DELIVERING, id="idle-draw"
        ),
        pytest.param(
            replace(GOOD, power=Power(501)), Verdict.WRONG_DIRECTION, id="charges"
        ),
        pytest.param(
            replace(GOOD, power=Power(-11_001)), Verdict.EXCESSIVE, id="too-much"
        ),
        pytest.param(
            replace(GOOD, power=None), Verdict.UNKNOWN, id="no-export-measurand"
        ),
        pytest.param(
            replace(GOOD, power_at=None), Verdict.UNKNOWN, id="reading-without-time"
        ),
        pytest.param(
            replace(GOOD, power=Power.kw(10), power_at=LONG_AGO),
            Verdict.UNKNOWN,
            id="old-reading",
        ),
        pytest.param(
            replace(GOOD, soc_pct=32), Verdict.FLOOR_REACHED, id="floor-and-guard"
        ),
        pytest.param(replace(GOOD, soc_pct=32.1), Verdict.OBEYED, id="just-above"),
        pytest.param(replace(GOOD, soc_at=LONG_AGO), Verdict.STALE_SOC, id="stale"),
        pytest.param(replace(GOOD, soc_pct=None), Verdict.STALE_SOC, id="no-soc"),
        pytest.param(replace(GOOD, soc_at=None), Verdict.STALE_SOC, id="soc-when"),
        pytest.param(replace(GOOD, plugged=False), Verdict.UNPLUGGED, id="unplugged"),
        pytest.param(replace(GOOD, offline=True), Verdict.OFFLINE, id="offline"),
        pytest.param(
            replace(GOOD, power=Power.kw(10), plugged=False, soc_pct=10),
            Verdict.WRONG_DIRECTION,
            id="danger-first",
        ),
    ],
)
def test_a_verdict_is_the_gravest_that_applies(
    live: LiveState, expected: Verdict
) -> None:
    assert track(WATCH, live, NOW) is expected


class TestTheResponseWindow:
    SOON = START + timedelta(seconds=30)

    def test_a_vehicle_is_given_time_to_turn_around(self) -> None:
        charging = replace(GOOD, power=Power.kw(7), power_at=self.SOON)

        assert track(WATCH, charging, self.SOON) is Verdict.WAITING

    def test_a_reading_from_within_the_window_is_no_proof_afterwards(self) -> None:
        charging = replace(GOOD, power=Power.kw(7), power_at=self.SOON)
        later = START + timedelta(minutes=2)

        assert track(WATCH, charging, later) is Verdict.NOT_DELIVERING

    def test_a_reading_from_before_the_command_says_nothing(self) -> None:
        before = replace(GOOD, power_at=START - timedelta(seconds=1))
        later = START + timedelta(minutes=2)

        assert track(WATCH, before, later) is Verdict.UNKNOWN

    def test_the_floor_does_not_wait(self) -> None:
        empty = replace(GOOD, soc_pct=31, soc_at=self.SOON)

        assert track(WATCH, empty, self.SOON) is Verdict.FLOOR_REACHED


@given(watts=st.integers(-100_000, 100_000), commanded=st.integers(-100_000, -1))
def test_obeyed_means_within_tolerance_and_tripped_means_import(
    watts: int, commanded: int
) -> None:
    watch = replace(WATCH, commanded=Power(commanded))

    verdict = track(watch, replace(GOOD, power=Power(watts)), NOW)

    tolerance = max(round(-commanded / 10), 500)
    obeyed = abs(watts - commanded) <= tolerance and watts <= 500
    assert (verdict is Verdict.OBEYED) is obeyed
    assert (verdict is Verdict.WRONG_DIRECTION) is (watts > 500)


@given(soc=st.floats(0, 100))
def test_nothing_at_or_below_floor_and_guard_goes_on(soc: float) -> None:
    patience = Patience(guard_pct=5)

    verdict = track(WATCH, replace(GOOD, soc_pct=soc), NOW, patience)

    assert (verdict is Verdict.FLOOR_REACHED) is (soc <= 35)


@pytest.mark.parametrize(
    ("reported", "last", "minutes", "believed"),
    [
        pytest.param(0, None, 0, False, id="zero-when-idle"),
        pytest.param(1, None, 0, False, id="spurious-one"),
        pytest.param(100.5, None, 0, False, id="more-than-full"),
        pytest.param(50, None, 0, True, id="first"),
        pytest.param(52, 50, 0, True, id="rounding"),
        pytest.param(97, 50, 1, False, id="jump"),
        pytest.param(20, 50, 10, True, id="slow-change"),
        pytest.param(97, 50, -5, False, id="clock-skew"),
    ],
)
def test_artefacts_are_not_believed(
    reported: float,
    last: float | None,
    minutes: int,
    believed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert plausible_soc(reported, last, timedelta(minutes=minutes)) is believed
