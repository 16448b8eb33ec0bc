from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.enrollment import Enrollment
from csms.domain.errors import Broken
from csms.domain.event import DREvent, Reason, Stage
from csms.domain.ids import EventId, ProgramId
from csms.domain.interval import Interval
from csms.domain.program import Program
from csms.domain.settlement import EventPerformance, Money, Quality, Settlement
from csms.domain.units import Energy, Power
from csms.flex.settling import render, settle
from tests.unit.flex.fleets import WINDOW, enrollment, event, evse, program

SUMMER = "2026-summer"
HOME = program(payment={"kind": "K1", "rate": 275, "currency": "USD"})


def on_day(number: int, hours: int = 3, **changes: str) -> DREvent:
    start = WINDOW.start + timedelta(days=number)
    window = Interval(start, start + timedelta(hours=hours))
    called = event(stage=Stage.SETTLED, window=window, name=f"e{number:02}")
    return replace(called, **changes)  # type: ignore[arg-type]


def season(days: int = 45) -> list[DREvent]:
    return [on_day(number) for number in range(days)]


def performed(
    called: DREvent, kw: float, number: int = 1, reason: Reason | None = None
) -> EventPerformance:
    return EventPerformance(
        evse(number),
        called.id,
        called.window,
        exported=Power.kw(kw).over(called.window.duration),
        participated=reason is None,
        reason=reason,
    )


def settled(
    rules: Program,
    events: Sequence[DREvent],
    performances: Sequence[EventPerformance],
    *enrollments: Enrollment,
) -> Settlement:
    takers = enrollments or (enrollment(),)
    return settle(rules, SUMMER, events, performances, takers)


class TestThePublishedVectors:
    @pytest.mark.parametrize(
        ("rules", "kw", "dollars"),
        [
            pytest.param(program(), 44, "8800.00", id="bus-44-kw"),
            pytest.param(HOME, 7.6, "2090.00", id="car-7.6-kw"),
            pytest.param(HOME, 12.4, "3410.00", id="car-12.4-kw"),
            pytest.param(HOME, 9.6, "2640.00", id="pickup-9.6-kw"),
        ],
    )
    def test_a_full_season_pays_the_table(
        self, rules: Program, kw: float, dollars: str
    ) -> None:
        events = season()

        result = settled(rules, events, [performed(each, kw) for each in events])

        assert result.total == Money(Decimal(dollars), "USD")

    def test_opt_outs_are_zeros(self) -> None:
        events = season()
        there = [performed(each, 9.6) for each in events[:40]]
        out = [performed(each, 0, reason=Reason.OPT_OUT) for each in events[40:]]

        [line] = settled(HOME, events, [*there, *out]).lines

        assert (line.called, line.attended) == (45, 40)
        assert line.quantity == Decimal("8.533")
        assert line.net.amount == Decimal("2346.67")

    def test_half_an_event_counts_half(self) -> None:
        called = on_day(0)
        half = replace(performed(called, 44), exported=Energy.kwh(66))

        [line] = settled(program(), [called], [half]).lines

        assert line.events[0].mean_power_kw == Decimal("22.000")

    @pytest.mark.parametrize(
        ("aggregation", "kw"), [("mean_of_events", "7.5"), ("hour_weighted_mean", "7")]
    )
    def test_events_of_different_length_are_averaged_by_rule(
        self, aggregation: str, kw: str
    ) -> None:
        rules = program(
            season_statistic={
                "aggregation": aggregation,
                "denominator": "events_called",
            }
        )
        two, three = on_day(0, hours=2), on_day(1, hours=3)

        [line] = settled(
            rules, [two, three], [performed(two, 10), performed(three, 5)]
        ).lines

        assert line.quantity == Decimal(kw)

    def test_a_season_of_absence_pays_zero_and_is_no_gap(self) -> None:
        [line] = settled(program(), season(), []).lines

        assert (line.called, line.attended) == (45, 0)
        assert line.net == Money(Decimal("0.00"), "USD")
        assert line.events[0].quality is Quality.MISSING
        assert line.events[0].reason is Reason.UNKNOWN

    @pytest.mark.parametrize(
        ("denominator", "called", "dollars"),
        [
            ("events_called", 45, "3911.11"),
            ("events_eligible_since_enrolment", 20, "8800.00"),
        ],
    )
    def test_an_enrollment_in_mid_season_is_averaged_by_rule(
        self, denominator: str, called: int, dollars: str
    ) -> None:
        rules = program(
            season_statistic={
                "aggregation": "mean_of_events",
                "denominator": denominator,
            }
        )
        events = season()
        late = replace(enrollment(), starts_on=date(2026, 7, 14) + timedelta(days=25))

        [line] = settled(
            rules, events, [performed(each, 44) for each in events], late
        ).lines

        assert line.called == called
        assert line.net.amount == Decimal(dollars)

    def test_energy_is_paid_by_the_kilowatt_hour(self) -> None:
        rules = program(payment={"kind": "K2", "rate": "2.00", "currency": "USD"})
        events = season(10)

        [line] = settled(rules, events, [performed(each, 44) for each in events]).lines

        assert (line.quantity, line.unit) == (Decimal(1320), "kWh")
        assert line.net.amount == Decimal(2640)


class TestWhatCounts:
    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(replace(on_day(1), test=True), id="test"),
            pytest.param(replace(on_day(1), stage=Stage.CANCELLED), id="cancelled"),
            pytest.param(replace(on_day(1), stage=Stage.ACTIVE), id="still-running"),
            pytest.param(
                replace(on_day(1), program=ProgramId("x")), id="other-program"
            ),
            pytest.param(on_day(100), id="after-the-season"),
        ],
    )
    def test_an_event_that_does_not_count_changes_nothing(self, other: DREvent) -> None:
        called = on_day(0)
        done = [performed(called, 44), performed(other, 1)]

        assert settled(program(), [called, other], done) == settled(
            program(), [called], done[:1]
        )

    def test_an_event_counts_alike_before_and_after_its_settlement(self) -> None:
        called = on_day(0)
        before = replace(called, stage=Stage.COMPLETED, revision=7)
        done = [performed(called, 44)]

        assert settled(program(), [before], done) == settled(program(), [called], done)

    def test_strangers_and_other_programs_do_no_harm(self) -> None:
        called = on_day(0)
        done = [performed(called, 44), performed(called, 9, number=2)]
        other = replace(enrollment(2), program=ProgramId("x"))

        result = settled(program(), [called], done, enrollment(), other)

        assert [line.evse for line in result.lines] == [evse(1)]

    @pytest.mark.parametrize(
        ("reason", "called"), [(Reason.OPT_OUT, 1), (Reason.UNPLUGGED, 2)]
    )
    def test_a_program_may_leave_opt_outs_out_of_the_average(
        self, reason: Reason, called: int
    ) -> None:
        rules = program(
            non_participation={"opt_out": "excluded", "unavailable": "zero"}
        )
        events = season(2)
        done = [performed(events[0], 44), performed(events[1], 0, reason=reason)]

        [line] = settled(rules, events, done).lines

        assert line.called == called

    def test_two_performances_in_one_event_are_refused(self) -> None:
        called = on_day(0)

        with pytest.raises(Broken, match="two performances"):
            settled(program(), [called], [performed(called, 1), performed(called, 2)])

    def test_the_same_performance_twice_is_one(self) -> None:
        called = on_day(0)
        done = [performed(called, 44)]

        assert settled(program(), [called], done * 2) == settled(
            program(), [called], done
        )


class TestTheStatement:
    def test_every_figure_can_be_followed(self) -> None:
        events = season(2)
        done = [
            performed(events[0], 44),
            performed(events[1], 0, reason=Reason.OPT_OUT),
        ]

        result = settled(program(), events, done, enrollment(share="0.8"))

        assert result.statement == (
            "ma-cs-ci test, 2026-summer: 3,520.00 USD\n"
            "S001/1: called 2, took part in 1; mean of events: "
            "22.000 kW x 200 USD/kW = 4,400.00 USD; share 0.8 = 3,520.00 USD\n"
            "  2026-07-14 17:00 to 20:00 EDT, e00: 44.000 kW over 3 h\n"
            "  2026-07-15 17:00 to 20:00 EDT, e01: counts 0 kW (opt_out)"
        )

    def test_a_shortfall_is_named_beside_its_figure(self) -> None:
        called = on_day(0)
        done = replace(performed(called, 20), reason=Reason.SOC_FLOOR)

        [line] = settled(program(), [called], [done]).lines

        assert line.events[0].text.endswith("20.000 kW over 3 h (soc_floor)")

    def test_shares_are_taken_before_rounding(self) -> None:
        rules = program(payment={"kind": "K1", "rate": "0.01", "currency": "USD"})
        called = on_day(0)

        [line] = settled(
            rules, [called], [performed(called, 0.5)], enrollment(share="0.5")
        ).lines

        assert (line.gross.amount, line.net.amount) == (
            Decimal("0.01"),
            Decimal("0.00"),
        )

    def test_the_total_is_the_sum_of_what_is_paid(self) -> None:
        rules = program(payment={"kind": "K1", "rate": "0.01", "currency": "USD"})
        called = on_day(0)
        done = [performed(called, 0.5, number) for number in (1, 2, 3)]

        result = settled(rules, [called], done, *(enrollment(n) for n in (1, 2, 3)))

        assert result.total.amount == Decimal("0.03")


@st.composite
def seasons(draw: st.DrawFn) -> tuple[list[DREvent], list[EventPerformance]]:
    events = [on_day(n, hours=draw(st.integers(1, 3))) for n in range(6)]
    kilowatts = st.none() | st.integers(0, 66)
    done = [
        performed(each, kw, number)
        for each in events
        for number in (1, 2, 3)
        if (kw := draw(kilowatts)) is not None
    ]
    return events, done


@given(year=seasons(), data=st.data())
def test_the_same_inputs_in_any_order_give_the_same_bytes(
    year: tuple[list[DREvent], list[EventPerformance]], data: st.DataObject
) -> None:
    events, done = year
    takers = [enrollment(n, share="0.7") for n in (1, 2, 3)]
    first = settle(program(), SUMMER, events, done, takers)

    again = settle(
        program(),
        SUMMER,
        data.draw(st.permutations(events)),
        data.draw(st.permutations(done)),
        data.draw(st.permutations(takers)),
    )

    assert render(again) == render(first)
    assert first.total.amount == sum(line.net.amount for line in first.lines)


def test_any_other_input_gives_another_hash() -> None:
    called = on_day(0)
    done = performed(called, 44)
    inputs = [
        (program(), [called], [done], enrollment()),
        (program(version="2"), [called], [done], enrollment()),
        (program(), [called, on_day(1)], [done], enrollment()),
        (program(), [replace(called, id=EventId("f"))], [done], enrollment()),
        (program(), [called], [replace(done, exported=Energy(1))], enrollment()),
        (program(), [called], [done], enrollment(share="0.5")),
    ]

    hashes = {settled(*each).input_hash for each in inputs}

    assert len(hashes) == len(inputs)
