from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.charging.readings import Timeline, Turn, believable_soc
from csms.charging.touching import touched
from csms.domain.ids import TransactionId
from csms.domain.interval import QUARTER, Interval, quarter_of
from csms.domain.reading import Metered, Quality, Reading
from csms.domain.transaction import EventType
from csms.domain.units import Power
from tests.fakes.clock import DAWN
from tests.fakes.sessions import EVSE, TRANSACTION, a_reading, a_session

KWH = 3_600_000
FIRST = Interval(DAWN, DAWN + QUARTER)


def at(minutes: float) -> datetime:
    return DAWN + timedelta(minutes=minutes)


def registers(*shown: tuple[float, int]) -> list[Reading]:
    return [a_reading(at(when), import_ws=0, export_ws=ws) for when, ws in shown]


class TestRegisters:
    """Knowledge: interval energy computation, rules 1 to 5."""

    def test_the_difference_at_the_boundaries_is_exact(self) -> None:
        timeline = Timeline(registers((0, 5 * KWH), (7, 6 * KWH), (15, 9 * KWH)))

        assert timeline.metered(FIRST) == Metered(0, 4 * KWH, Quality.OK)

    def test_a_boundary_is_interpolated_between_near_readings(self) -> None:
        timeline = Timeline(
            registers((-1, 0), (1, 2 * KWH), (14, 5 * KWH), (16, 7 * KWH))
        )

        assert timeline.metered(FIRST) == Metered(0, 5 * KWH, Quality.OK)

    def test_a_boundary_between_far_readings_is_estimated(self) -> None:
        timeline = Timeline(registers((-2, 0), (2, 2 * KWH), (15, 5 * KWH)))

        assert timeline.metered(FIRST) == Metered(0, 4 * KWH, Quality.ESTIMATED)

    def test_a_flat_register_leaves_no_doubt_however_far(self) -> None:
        timeline = Timeline(registers((-50, 3 * KWH), (50, 3 * KWH)))

        assert timeline.metered(FIRST) == Metered(0, 0, Quality.OK)

    def test_a_quarter_within_silence_is_estimated(self) -> None:
        timeline = Timeline(registers((-15, 0), (30, 3 * KWH)))

        assert timeline.metered(FIRST) == Metered(0, KWH, Quality.ESTIMATED)

    def test_nothing_flows_before_a_transaction_begins_or_after_it_ends(self) -> None:
        begin, end = registers((3, KWH), (12, 4 * KWH))
        begin = replace(begin, context="Transaction.Begin")
        end = replace(end, context="Transaction.End")

        assert Timeline([begin, end]).metered(FIRST).quality is Quality.OK
        cut = Timeline([begin, replace(end, context="Sample.Periodic")])
        assert cut.metered(FIRST) == Metered(0, 3 * KWH, Quality.ESTIMATED)

    def test_a_fall_is_a_new_baseline(self) -> None:
        timeline = Timeline(registers((0, 9 * KWH), (5, 10 * KWH), (6, 0), (15, KWH)))

        assert timeline.metered(FIRST) == Metered(0, 2 * KWH, Quality.ESTIMATED)

    def test_a_fall_elsewhere_does_not_matter(self) -> None:
        timeline = Timeline(registers((-9, 9 * KWH), (0, 0), (15, KWH)))

        assert timeline.metered(FIRST) == Metered(0, KWH, Quality.OK)

    def test_a_tremor_of_the_register_is_not_a_fall(self) -> None:
        timeline = Timeline(
            registers((0, KWH), (5, KWH - 3600), (10, KWH), (15, 2 * KWH))
        )

        assert timeline.metered(FIRST) == Metered(0, KWH, Quality.OK)

    def test_one_side_alone_tells_nothing(self) -> None:
        assert Timeline(registers((-3, KWH), (-1, KWH))).metered(FIRST) == Metered(
            None, None, Quality.MISSING
        )
        assert (
            Timeline(
                registers(
                    (16, KWH),
                )
            )
            .metered(FIRST)
            .quality
            is Quality.MISSING
        )
        assert (
            Timeline(
                registers(
                    (7, KWH),
                )
            )
            .metered(FIRST)
            .quality
            is Quality.MISSING
        )

    def test_readings_out_of_reach_are_not_looked_at(self) -> None:
        timeline = Timeline(registers((-61, 0), (5, KWH), (15, 2 * KWH)))

        assert timeline.metered(FIRST) == Metered(0, KWH, Quality.ESTIMATED)

    def test_any_stretch_can_be_asked_about(self) -> None:
        timeline = Timeline(
            registers(*((minute, minute * 100) for minute in range(200)))
        )

        window = Interval(at(0.5), at(180))

        assert timeline.metered(window) == Metered(0, 17_950, Quality.OK)

    def test_a_direction_without_register_is_unknown_not_zero(self) -> None:
        timeline = Timeline(
            [a_reading(at(0), import_ws=0), a_reading(at(15), import_ws=9)]
        )

        assert timeline.metered(FIRST) == Metered(9, None, Quality.ESTIMATED)
        assert timeline.metered(FIRST).net_ws is None


class TestMeterPoints:
    """Knowledge: location and what to settle on."""

    def test_the_grid_side_is_preferred(self) -> None:
        outlet = registers((0, 0), (15, 2 * KWH))
        inlet = [
            replace(said, location="Inlet", export_ws=(said.export_ws or 0) * 9 // 10)
            for said in outlet
        ]

        assert Timeline([*outlet, *inlet]).metered(FIRST).export_ws == 2 * KWH * 9 // 10

    def test_a_place_that_knows_is_preferred_to_one_that_guesses(self) -> None:
        outlet = registers((0, 0), (15, 2 * KWH))
        inlet = a_reading(at(5), location="Inlet", import_w=0, export_w=5000)
        inlet2 = a_reading(at(6), location="Inlet", import_w=0, export_w=5000)

        answer = Timeline([*outlet, inlet, inlet2]).metered(FIRST)

        assert answer == Metered(0, 2 * KWH, Quality.OK)

    def test_the_vehicle_is_no_meter(self) -> None:
        said = [replace(one, location="EV") for one in registers((0, 0), (15, KWH))]

        assert Timeline(said).metered(FIRST).quality is Quality.MISSING


class TestPower:
    """What power tells where registers do not, and against them where they do."""

    def test_power_stands_in_for_registers(self) -> None:
        said = [
            a_reading(at(minute), import_w=0, export_w=4000) for minute in range(16)
        ]

        assert Timeline(said).metered(FIRST) == Metered(0, KWH, Quality.ESTIMATED)

    def test_power_is_not_integrated_across_long_silence(self) -> None:
        said = [
            a_reading(at(minute), import_w=0, export_w=4000)
            for minute in (-6, 0, 1, 17)
        ]

        metered = Timeline(said).metered(FIRST)

        assert metered.export_ws == 4000 * 60

    def test_registers_that_power_contradicts_are_bad(self) -> None:
        said = [
            a_reading(
                at(minute), import_ws=0, export_ws=minute * 480_000, export_w=4000
            )
            for minute in range(16)
        ]

        assert Timeline(said).metered(FIRST).quality is Quality.BAD

    def test_a_step_between_samples_is_no_contradiction(self) -> None:
        said = [
            a_reading(
                at(minute),
                import_ws=0,
                export_ws=max(minute - 5, 0) * 7600 * 60,
                import_w=0,
                export_w=7600 if minute > 5 else 0,
            )
            for minute in range(16)
        ]

        assert Timeline(said).metered(FIRST).quality is Quality.OK

    @pytest.mark.parametrize(
        ("inward", "outward", "expected"),
        [
            (5, 0, 5),
            (0, 5, -5),
            (5, None, 5),
            (None, 5, -5),
            (0, None, None),
            (None, 0, None),
            (None, None, None),
        ],
    )
    def test_a_missing_direction_is_unknown(
        self, inward: int | None, outward: int | None, expected: int | None
    ) -> None:
        said = a_reading(DAWN, import_w=inward, export_w=outward)

        assert said.power == (None if expected is None else Power(expected))


class TestQuarters:
    """What a quarter of an hour tells besides energy."""

    def test_a_session_becomes_quarters(self) -> None:
        said = [
            replace(one, evse=EVSE) for report in a_session() for one in report.readings
        ]
        timeline = Timeline(said)

        quarters = [timeline.quarter(EVSE, at(15 * number)) for number in range(5)]

        first, second, *_, fifth = quarters
        assert first is not None
        assert second is not None
        assert first.export_ws == 7600 * 60 * 5
        assert first.discharge_start_at == at(12)
        assert first.discharge_stop_at is None
        assert (second.export_ws, second.import_ws) == (7600 * 900, 0)
        assert second.mean_w == -7600
        assert second.quality is Quality.OK
        assert second.transaction == TRANSACTION
        assert fifth is not None
        assert fifth.soc_at == at(60)

    def test_charging_and_discharging_start_and_stop_beyond_the_dead_band(self) -> None:
        shape = {0: 0, 1: 90, 2: 5000, 3: 50, 4: -90, 5: -5000, 6: -5000, 7: 0, 8: 3000}
        said = [
            a_reading(at(minute), import_w=max(watts, 0), export_w=max(-watts, 0))
            for minute, watts in shape.items()
        ]

        quarter = Timeline(said).quarter(EVSE, DAWN)

        assert quarter is not None
        assert (quarter.charge_start_at, quarter.charge_stop_at) == (at(2), at(3))
        assert (quarter.discharge_start_at, quarter.discharge_stop_at) == (at(5), at(7))

    def test_what_went_on_before_the_quarter_did_not_start_in_it(self) -> None:
        said = [
            a_reading(at(minute), import_w=0, export_w=5000) for minute in (-1, 1, 3)
        ]

        quarter = Timeline(said).quarter(EVSE, DAWN)

        assert quarter is not None
        assert quarter.discharge_start_at is None

    def test_plugging_is_taken_from_its_own_triggers(self) -> None:
        turns = [
            Turn(TRANSACTION, at(1), EventType.STARTED, "RemoteStart"),
            Turn(TRANSACTION, at(2), EventType.UPDATED, "CablePluggedIn"),
            Turn(TRANSACTION, at(9), EventType.UPDATED, "EVDeparted"),
            Turn(TRANSACTION, at(11), EventType.ENDED, "StopAuthorized", "Local"),
        ]

        quarter = Timeline([]).quarter(EVSE, DAWN, turns)

        assert quarter is not None
        assert (quarter.plug_in_at, quarter.plug_out_at) == (at(2), at(9))
        assert quarter.quality is Quality.MISSING

    def test_without_triggers_start_and_disconnection_stand_in(self) -> None:
        turns = [
            Turn(TRANSACTION, at(1), EventType.STARTED, "Authorized"),
            Turn(TRANSACTION, at(9), EventType.ENDED, "Trigger", "EVDisconnected"),
        ]

        quarter = Timeline([]).quarter(EVSE, DAWN, turns)

        assert quarter is not None
        assert (quarter.plug_in_at, quarter.plug_out_at) == (at(1), at(9))

    def test_nothing_known_is_no_quarter(self) -> None:
        assert Timeline([]).quarter(EVSE, DAWN) is None

    def test_artefacts_of_the_state_of_charge_are_passed_over(self) -> None:
        shown = {0: 0.0, 1: 60.0, 2: 1.0, 3: 59.0, 4: 99.0, 5: 58.5, 6: 0.0}
        said = [a_reading(at(minute), soc_pct=soc) for minute, soc in shown.items()]

        quarter = Timeline(said).quarter(EVSE, DAWN)

        assert quarter is not None
        assert (quarter.soc_pct, quarter.soc_at) == (58.5, at(5))


class TestStateOfCharge:
    """Rule 21: zero, one percent and jumps are sensor artefacts."""

    @pytest.mark.parametrize("soc", [0.0, 1.0, 100.1, -3.0])
    def test_what_no_first_reading_says_is_not_believed(self, soc: float) -> None:
        assert not believable_soc(soc, DAWN, None)

    def test_a_jump_is_not_believed_until_there_was_time_for_it(self) -> None:
        assert not believable_soc(80, at(1), (50, DAWN))
        assert believable_soc(80, at(5), (50, DAWN))

    def test_a_battery_that_runs_empty_is_believed(self) -> None:
        assert believable_soc(1, at(1), (3, DAWN))
        assert not believable_soc(0, at(30), (50, DAWN))


minutes = st.integers(-100, 160).map(lambda half: half / 2)


@st.composite
def meters(draw: st.DrawFn) -> list[Reading]:
    """A meter with honest registers, heard now and then, in part or whole."""
    times = sorted(draw(st.lists(minutes, min_size=1, max_size=14, unique=True)))
    inward = outward = 10 * KWH
    readings = []
    for before, now in pairwise([times[0], *times]):
        power = draw(st.sampled_from([-7600, 0, 0, 50, 7600]))
        inward += max(power, 0) * round((now - before) * 60)
        outward += max(-power, 0) * round((now - before) * 60)
        silent = draw(st.sets(st.sampled_from(("registers", "power", "soc"))))
        readings.append(
            a_reading(
                at(now),
                location=draw(st.sampled_from(["Outlet", "Outlet", "Inlet", "EV"])),
                import_ws=None if "registers" in silent else inward,
                export_ws=None if "registers" in silent else outward,
                import_w=None if "power" in silent else max(power, 0),
                export_w=None if "power" in silent else max(-power, 0),
                soc_pct=None if "soc" in silent else 50.0,
            )
        )
    return readings


@given(readings=meters(), data=st.data())
def test_no_order_of_readings_changes_a_quarter(
    readings: list[Reading], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(readings))
    repeated = data.draw(st.lists(st.sampled_from(readings), max_size=4))

    for number in range(-4, 6):
        start = at(15 * number)
        assert Timeline(readings).quarter(EVSE, start) == Timeline(
            [*shuffled, *repeated]
        ).quarter(EVSE, start)


@given(readings=meters(), data=st.data())
def test_what_a_late_reading_does_not_touch_it_does_not_change(
    readings: list[Reading], data: st.DataObject
) -> None:
    late = data.draw(st.lists(st.sampled_from(readings), min_size=1, unique_by=id))
    early = [one for one in readings if one not in late]
    starts = touched(readings, late)

    for number in range(-12, 14):
        start = quarter_of(at(15 * number))
        if start not in starts:
            before = Timeline(early).quarter(EVSE, start)
            assert before == Timeline(readings).quarter(EVSE, start)


@given(readings=meters(), cut=st.integers(0, 59))
def test_parts_of_a_stretch_never_hold_more_than_the_whole(
    readings: list[Reading], cut: int
) -> None:
    outlet = [one for one in readings if one.location == "Outlet" and one.says_energy]
    timeline = Timeline(outlet)
    whole = timeline.metered(Interval(at(0), at(60)))
    parts = [
        timeline.metered(Interval(at(0), at(cut))),
        timeline.metered(Interval(at(cut), at(60))),
    ]

    if whole.export_ws is not None and whole.quality is Quality.OK:
        held = sum(part.export_ws or 0 for part in parts)
        assert held <= whole.export_ws + 2


def test_a_reading_among_others_touches_its_own_quarter_only() -> None:
    readings = registers(*((minute, minute * 100) for minute in range(0, 60, 2)))
    fresh = [one for one in readings if one.at == at(20)]

    assert touched(readings, fresh) == {at(15)}


def test_a_reading_on_a_boundary_touches_both_sides() -> None:
    readings = registers(*((minute, minute * 100) for minute in range(0, 60, 5)))
    fresh = [one for one in readings if one.at == at(30)]

    assert touched(readings, fresh) == {at(15), at(30)}


def test_transactions_are_told_apart_in_the_state_of_charge() -> None:
    said = [
        a_reading(at(1), soc_pct=30.0),
        a_reading(at(2), soc_pct=80.0, transaction=TransactionId("next")),
    ]

    quarter = Timeline(said).quarter(EVSE, DAWN)

    assert quarter is not None
    assert (quarter.soc_pct, quarter.transaction) == (80.0, "next")
