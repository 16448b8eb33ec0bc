from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.event import UNDELIVERED, Outcome, Reason
from csms.domain.interval import Interval
from csms.domain.plan import Setpoint
from csms.domain.units import Energy, Power
from csms.flex.attribution import (
    Attribution,
    Spell,
    attribute,
    attribute_event,
    outcome_of,
    summed,
)
from tests.unit.flex.fleets import END, START, WINDOW, evse

QUARTER = Interval(START, START + timedelta(minutes=15))
TEN_KW = [Setpoint(evse(1), WINDOW, Power.kw(-10), "program:test")]


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def spell(start: int, end: int, reason: Reason) -> Spell:
    return Spell(Interval(minute(start), minute(end)), reason)


class TestOneQuarter:
    def test_full_delivery_leaves_nothing_to_explain(self) -> None:
        split = attribute(QUARTER, TEN_KW, Energy.kwh(2.5), [])

        assert (split.missing, split.surplus) == ({}, Energy(0))
        assert split.main_reason is None

    def test_a_surplus_is_told_apart(self) -> None:
        split = attribute(QUARTER, TEN_KW, Energy.kwh(-2.6), [])

        assert split.delivered == Energy.kwh(2.6)
        assert (split.missing, split.surplus) == ({}, Energy.kwh(0.1))

    def test_what_nothing_explains_is_unknown(self) -> None:
        split = attribute(QUARTER, TEN_KW, Energy(0), [])

        assert split.missing == {Reason.UNKNOWN: Energy.kwh(2.5)}

    def test_an_opt_out_explains_what_was_planned_after_it(self) -> None:
        opted_out = spell(6, 180, Reason.OPT_OUT)

        split = attribute(QUARTER, TEN_KW, Energy.kwh(0.9), [opted_out])

        assert split.missing == {
            Reason.OPT_OUT: Energy.kwh(1.5),
            Reason.UNKNOWN: Energy.kwh(0.1),
        }
        assert split.main_reason is Reason.OPT_OUT

    def test_of_two_reasons_at_once_the_drivers_will_counts(self) -> None:
        both = [spell(0, 15, Reason.OFFLINE), spell(0, 15, Reason.OPT_OUT)]

        split = attribute(QUARTER, TEN_KW, Energy(0), both)

        assert split.missing == {Reason.OPT_OUT: Energy.kwh(2.5)}

    def test_reasons_that_explain_too_much_share_what_is_missing(self) -> None:
        two = [spell(0, 5, Reason.UNPLUGGED), spell(5, 15, Reason.OFFLINE)]

        split = attribute(QUARTER, TEN_KW, Energy.kwh(1), two)

        assert split.missing == {
            Reason.UNPLUGGED: Energy.kwh(0.5),
            Reason.OFFLINE: Energy.kwh(1),
        }

    def test_a_pause_between_two_spells_belongs_to_neither(self) -> None:
        two = [spell(0, 5, Reason.UNPLUGGED), spell(10, 15, Reason.UNPLUGGED)]

        split = attribute(QUARTER, TEN_KW, Energy(0), two)

        assert split.missing == {
            Reason.UNPLUGGED: Energy(10_000 * 600),
            Reason.UNKNOWN: Energy(10_000 * 300),
        }

    def test_of_two_equal_parts_the_earlier_reason_is_the_main_one(self) -> None:
        two = [spell(0, 7, Reason.LIMIT), spell(7, 14, Reason.UNPLUGGED)]

        split = attribute(QUARTER, TEN_KW, Energy.kwh(2.5 / 15), two)

        assert split.main_reason is Reason.UNPLUGGED


class TestAnEvent:
    def test_every_quarter_is_cut_to_the_event(self) -> None:
        window = Interval(minute(5), minute(40))
        whole = [Setpoint(evse(1), window, Power.kw(-10), "program:test")]

        parts = attribute_event(window, whole, {minute(15): Energy.kwh(2.5)}, [])

        assert [part.window for part in parts] == [
            Interval(minute(5), minute(15)),
            Interval(minute(15), minute(30)),
            Interval(minute(30), minute(40)),
        ]
        assert [part.delivered.as_kwh for part in parts] == [0, 2.5, 0]

    def test_a_surplus_does_not_make_up_for_a_gap(self) -> None:
        delivered = {minute(0): Energy.kwh(3), minute(15): Energy.kwh(2)}
        window = Interval(START, minute(30))

        whole = summed(attribute_event(window, TEN_KW, delivered, []), window)

        assert whole.surplus == Energy.kwh(0.5)
        assert whole.missing == {Reason.UNKNOWN: Energy.kwh(0.5)}


spells = st.lists(
    st.builds(
        lambda start, length, reason: spell(start, start + length, reason),
        st.integers(-30, 180),
        st.integers(0, 120),
        st.sampled_from(UNDELIVERED),
    ),
    max_size=6,
)
delivery = st.dictionaries(
    st.integers(0, 11).map(lambda quarter: minute(15 * quarter)),
    st.integers(0, 60_000_000).map(Energy),
)
setpoints = st.lists(
    st.builds(
        lambda start, length, watts: Setpoint(
            evse(1),
            Interval(minute(start), minute(start + length)),
            Power(-watts),
            "program:test",
        ),
        st.integers(0, 180),
        st.integers(0, 180),
        st.integers(0, 66_000),
    ),
    max_size=3,
)


@given(planned=setpoints, delivered=delivery, happened=spells)
def test_delivered_and_reasons_make_the_plan_to_the_watt_second(
    planned: list[Setpoint], delivered: dict[datetime, Energy], happened: list[Spell]
) -> None:
    parts = attribute_event(WINDOW, planned, delivered, happened)

    for part in (*parts, summed(parts, WINDOW)):
        explained = Energy.total(part.missing.values())
        assert part.delivered + explained == part.planned + part.surplus
        assert all(energy > Energy(0) for energy in part.missing.values())
        assert set(part.missing) <= set(UNDELIVERED)
    in_event = -Energy.total(each.energy_within(WINDOW) for each in planned)
    assert summed(parts, WINDOW).planned == in_event


@given(planned=setpoints, delivered=delivery, happened=spells, data=st.data())
def test_the_order_of_what_happened_does_not_matter(
    planned: list[Setpoint],
    delivered: dict[datetime, Energy],
    happened: list[Spell],
    data: st.DataObject,
) -> None:
    shuffled = data.draw(st.permutations(happened))

    parts = attribute_event(WINDOW, planned, delivered, happened)

    assert attribute_event(WINDOW, planned, delivered, shuffled) == parts


@given(planned=setpoints, happened=spells)
def test_a_reason_explains_no_more_than_was_planned_in_its_time(
    planned: list[Setpoint], happened: list[Spell]
) -> None:
    whole = attribute(WINDOW, planned, Energy(0), happened)

    for reason, energy in whole.missing.items():
        if reason is Reason.UNKNOWN:
            continue
        during = Energy.total(
            -setpoint.energy_within(one.window)
            for one in happened
            if one.reason is reason
            for setpoint in planned
        )
        assert energy <= during


@pytest.mark.parametrize(
    ("delivered_kwh", "excluded", "opted_out", "expected"),
    [
        pytest.param(30, False, False, (Outcome.DELIVERED, None), id="all"),
        pytest.param(
            29.1, False, False, (Outcome.DELIVERED, Reason.UNKNOWN), id="nearly-all"
        ),
        pytest.param(29, False, False, (Outcome.PARTIAL, Reason.UNKNOWN), id="in-part"),
        pytest.param(
            0, False, False, (Outcome.NOT_DELIVERED, Reason.UNKNOWN), id="nothing"
        ),
        pytest.param(
            10, False, True, (Outcome.OPTED_OUT, Reason.OPT_OUT), id="opted-out"
        ),
        pytest.param(0, True, False, (Outcome.EXCLUDED, None), id="excluded"),
    ],
)
def test_every_evse_has_one_outcome(
    delivered_kwh: float,
    excluded: bool,  # noqa: FBT001 - a column of the table
    opted_out: bool,  # noqa: FBT001 - a column of the table
    expected: tuple[Outcome, Reason | None],
) -> None:
    whole = attribute(WINDOW, TEN_KW, Energy.kwh(delivered_kwh), [])

    assert outcome_of(whole, excluded=excluded, opted_out=opted_out) == expected


@pytest.mark.parametrize("opted_out", [True, False])
def test_who_was_told_of_the_end_before_the_start_was_not_asked(
    *, opted_out: bool
) -> None:
    off = [spell(0, 180, Reason.CANCELLED), spell(0, 180, Reason.OPT_OUT)]
    whole = attribute(WINDOW, TEN_KW, Energy(0), off)

    outcome = outcome_of(whole, excluded=False, opted_out=opted_out)

    assert outcome == (Outcome.NOT_ASKED, Reason.CANCELLED)
    assert whole.missing == {Reason.CANCELLED: Energy.kwh(30)}


def test_what_was_never_planned_was_not_delivered() -> None:
    nothing = Attribution(
        Interval(START, END), Energy(0), Energy(0), missing={}, surplus=Energy(0)
    )

    outcome = outcome_of(nothing, excluded=False, opted_out=False)

    assert outcome == (Outcome.NOT_DELIVERED, None)
