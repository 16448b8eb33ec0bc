"""What pages say in figures: scales, charts, shares, ages, words. Pure."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.console import wording
from csms.console.charts import HIGH, power_chart, round_scale, shares
from csms.domain.event import Reason
from csms.domain.ids import EvseId, StationId
from csms.domain.interval import Interval
from csms.domain.live import LiveEvse
from csms.domain.units import Power
from csms.services.scoreboard import QuarterScore, Sample
from csms.web.templates import count, money, number, span

BOSTON = ZoneInfo("America/New_York")
START = datetime(2026, 7, 14, 21, tzinfo=UTC)
WINDOW = Interval(START, START + timedelta(hours=3))
EVSE = EvseId(StationId("MA-1"), 1)


class TestScales:
    @given(st.floats(min_value=0.01, max_value=1e7))
    def test_begin_at_zero_hold_the_most_and_waste_little(self, most: float) -> None:
        scale = round_scale(most)

        assert scale[0] == 0
        assert most <= scale[-1] * (1 + 1e-6)
        assert scale[-1] - most < scale[1]
        assert 3 <= len(scale) <= 6

    @pytest.mark.parametrize(
        ("most", "scale"),
        [
            (941, (0, 250, 500, 750, 1000)),
            (30.2, (0, 10, 20, 30, 40)),
            (7.6, (0, 2, 4, 6, 8)),
            (0, (0, 0.25, 0.5, 0.75, 1)),
        ],
    )
    def test_are_round(self, most: float, scale: tuple[float, ...]) -> None:
        assert round_scale(most) == scale


class TestThePowerChart:
    def quarters(self) -> list[QuarterScore]:
        return [
            QuarterScore(each.start, Power.kw(800), given, 20)
            for each, given in zip(
                WINDOW.quarters(),
                [Power.kw(700), Power.kw(400), None, *[None] * 9],
                strict=True,
            )
        ]

    def test_puts_the_window_between_half_hours_of_margin(self) -> None:
        chart = power_chart([], [], WINDOW, START, BOSTON)

        assert chart.window == (125.0, 750.0)
        assert chart.now == 125.0
        assert [each.word for each in chart.times] == [
            "5:00 PM",
            "5:30 PM",
            "6:00 PM",
            "6:30 PM",
            "7:00 PM",
            "7:30 PM",
            "8:00 PM",
        ]

    def test_draws_only_what_is_known_and_marks_what_may_grow(self) -> None:
        now = START + timedelta(minutes=31)
        chart = power_chart(self.quarters(), [], WINDOW, now, BOSTON)

        assert [each.partial for each in chart.bars] == [False, True]
        assert chart.bars[0].height == pytest.approx(HIGH * 700 / 800)
        assert chart.bars[0].word == "5:00 PM: 700.0 kW delivered, 800.0 kW planned"
        assert chart.ticks[-1].word == "800"

    def test_traces_what_was_seen_and_nothing_outside(self) -> None:
        seen = [
            Sample(START + timedelta(minutes=at), Power.kw(800), Power.kw(400))
            for at in (-60, 0, 30)
        ]
        chart = power_chart(self.quarters(), seen, WINDOW, START, BOSTON)

        assert chart.trace == "M125.0 120.0L250.0 120.0"

    def test_hides_the_present_when_it_is_elsewhere(self) -> None:
        chart = power_chart([], [], WINDOW, START + timedelta(days=1), BOSTON)

        assert chart.now is None

    def test_names_fewer_moments_of_a_long_event(self) -> None:
        day = Interval(START, START + timedelta(hours=12))

        assert len(power_chart([], [], day, START, BOSTON).times) <= 8


class TestShares:
    @given(st.dictionaries(st.text(min_size=1), st.floats(0, 1e6), max_size=8))
    def test_stand_side_by_side_and_fill_the_whole(
        self, parts: dict[str, float]
    ) -> None:
        found = shares(parts)

        assert {each.name for each in found} <= set(parts)
        if found:
            assert sum(each.width for each in found) == pytest.approx(100, abs=0.1)
        for one, next_one in pairwise(found):
            assert next_one.x == pytest.approx(one.x + one.width, abs=0.01)


class TestWords:
    @pytest.mark.parametrize(
        ("live", "word"),
        [
            (LiveEvse(EVSE), "Offline"),
            (LiveEvse(EVSE, connected=True), "Unplugged"),
            (LiveEvse(EVSE, connected=True, plugged=True), "Plugged in"),
            (
                LiveEvse(EVSE, connected=True, plugged=True, power=Power(-99)),
                "Plugged in",
            ),
            (
                LiveEvse(EVSE, connected=True, plugged=True, power=Power(-100)),
                "Discharging",
            ),
            (
                LiveEvse(EVSE, connected=True, plugged=True, power=Power(100)),
                "Charging",
            ),
            (LiveEvse(EVSE, connected=True, connector_status="Faulted"), "Faulted"),
            (LiveEvse(EVSE, plugged=True, power=Power(-9_000)), "Offline"),
        ],
    )
    def test_for_what_an_evse_does(self, live: LiveEvse, word: str) -> None:
        assert wording.doing(live)[0] == word

    def test_for_every_reason_there_is(self) -> None:
        assert {each.value for each in Reason} == set(wording.REASONS)

    @pytest.mark.parametrize(
        ("minutes", "tone"), [(0, "good"), (20, "good"), (21, "warn"), (61, "bad")]
    )
    def test_for_the_age_of_news(self, minutes: int, tone: str) -> None:
        assert wording.freshness(START, START + timedelta(minutes=minutes)) == tone
        assert wording.freshness(None, START) == ""

    def test_for_local_time_on_both_sides_of_a_change_of_clocks(self) -> None:
        before = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)

        assert wording.stamp(before, BOSTON) == "Sun, Nov 1, 1:30 AM EDT"
        after = before + timedelta(hours=1)
        assert wording.stamp(after, BOSTON) == "Sun, Nov 1, 1:30 AM EST"

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0, "0 s"),
            (-5, "0 s"),
            (59, "59 s"),
            (3_600, "1 h"),
            (5_400, "1 h 30 min"),
            (90_061, "1 d 1 h"),
        ],
    )
    def test_for_durations(self, seconds: int, text: str) -> None:
        assert span(timedelta(seconds=seconds)) == text

    @pytest.mark.parametrize(
        ("value", "digits", "text"),
        [
            (None, None, "\N{EN DASH}"),
            (-0.04, 1, "0.0"),
            (-7.64, 1, "\N{MINUS SIGN}7.6"),
            (1234.5, 0, "1,234"),
            (5.25, None, "5.2"),
            (12.7, None, "13"),
        ],
    )
    def test_for_figures(
        self, value: float | None, digits: int | None, text: str
    ) -> None:
        assert number(value, digits) == text

    def test_for_power_and_energy_as_people_say_them(self) -> None:
        assert wording.kw(Power(-7_640)) == "\N{MINUS SIGN}7.6"
        assert wording.kw(Power(-7_640), -1) == "7.6"
        assert wording.kw(Power(-940_400), -1) == "940"
        assert wording.kw(None) == wording.kwh(None) == "\N{EN DASH}"

    def test_for_counts_and_money(self) -> None:
        assert count(1, "station", "stations") == "1 station"
        assert count(1_000, "station", "stations") == "1,000 stations"
        assert money(2640) == "$2,640"
        assert money(10, "EUR") == "EUR 10"
