from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.event import Reason
from csms.domain.ids import SiteId
from csms.domain.interval import Interval
from csms.domain.plan import Availability, Plan, PlanEntry
from csms.domain.units import Energy, Power
from csms.domain.vehicle import DepartureNeed
from csms.flex.planning import plan
from tests.unit.flex.fleets import (
    END,
    EVENING_BEFORE,
    SITES,
    START,
    WINDOW,
    availabilities,
    available,
    event,
    evse,
    fleets,
    moments,
    site,
)

DEPOT = {SiteId("depot"): site()}
targets = st.none() | st.integers(0, 300).map(Power.kw)


def entry_for(each: Availability, now: datetime = EVENING_BEFORE) -> PlanEntry:
    return plan(event(), [each], DEPOT, None, now=now).entries[0]


class TestOneVehicle:
    def test_a_big_battery_gives_what_the_evse_can(self) -> None:
        entry = entry_for(available())

        assert entry.power == Power.kw(-44)
        assert entry.planned == Energy.kwh(-132)
        assert entry.limited_by == "EVSE"
        assert entry.setpoint is not None
        assert entry.setpoint.window == WINDOW
        assert entry.setpoint.reason == "program:ma-cs-ci"
        assert entry.expected_soc_end_pct == pytest.approx(98 - 132 / 0.92 / 2)

    def test_a_weaker_vehicle_limits_the_evse(self) -> None:
        entry = entry_for(available(vehicle_max_discharge=Power.kw(30)))

        assert (entry.power, entry.limited_by) == (Power.kw(-30), "vehicle")

    def test_the_derate_leaves_floor_guard_and_reserve(self) -> None:
        entry = entry_for(available(max_discharge=Power.kw(66)))

        usable = (98 - 20 - 2 - 2) / 100 * 200 * 0.92
        assert entry.power.watts == -int(usable / 3 * 1000)
        assert entry.limited_by == "energy"

    def test_the_bus_of_the_seeds_gives_53_kw_before_losses(self) -> None:
        bus = available(
            max_discharge=Power.kw(66),
            vehicle_max_discharge=Power.kw(66),
            expected_soc_pct=100,
            floor_soc_pct=18,  # with the guard 20
            reserve_pct=0,
            discharge_efficiency=1,
        )

        assert entry_for(bus).power == Power(-53_333)

    def test_below_the_floor_there_is_nothing(self) -> None:
        entry = entry_for(available(expected_soc_pct=22))

        assert entry.setpoint is None
        assert (entry.power, entry.planned) == (Power(0), Energy(0))
        assert entry.planned_within(WINDOW) == Energy(0)
        assert entry.limited_by == "floor"

    def test_less_than_the_minimum_power_is_nothing(self) -> None:
        entry = entry_for(available(expected_soc_pct=25))

        assert (entry.setpoint, entry.limited_by) == (None, "minimum_power")

    def test_an_early_departure_keeps_energy_back(self) -> None:
        leaving = DepartureNeed(END + timedelta(hours=1), 90)
        slow = available(max_charge=Power.kw(20), next_departure=leaving)

        entry = entry_for(slow)

        needed = 90 - 100 * 20 * 0.92 / 200
        usable = (98 - needed - 2) / 100 * 200 * 0.92
        assert entry.power.watts == -int(usable / 3 * 1000)
        assert entry.limited_by == "departure"

    def test_who_leaves_within_the_event_gives_until_then(self) -> None:
        leaving = DepartureNeed(START + timedelta(hours=1), 40)

        entry = entry_for(available(next_departure=leaving))

        assert entry.setpoint is not None
        assert entry.setpoint.window == Interval(START, leaving.at)
        assert entry.planned == Energy.kwh(-44)

    def test_who_leaves_at_the_start_is_excluded(self) -> None:
        entry = entry_for(available(next_departure=DepartureNeed(START, 40)))

        assert entry.exclusions == (Reason.DEPARTURE,)


class TestExclusions:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            pytest.param(
                {"exclusions": (Reason.ISLAND_ONLY, Reason.CHARGE_ONLY)},
                (Reason.ISLAND_ONLY, Reason.CHARGE_ONLY),
                id="told-by-the-caller",
            ),
            pytest.param({"opted_out": True}, (Reason.OPT_OUT,), id="opt-out"),
            pytest.param(
                {"opted_out": True, "exclusions": (Reason.OPT_OUT,)},
                (Reason.OPT_OUT,),
                id="opt-out-told-twice",
            ),
            pytest.param(
                {"site": SiteId("nowhere")},
                (Reason.NO_EXPORT_PERMISSION,),
                id="unknown-site",
            ),
            pytest.param(
                {"site": SiteId("mute"), "exclusions": (Reason.NO_EXPORT_PERMISSION,)},
                (Reason.NO_EXPORT_PERMISSION,),
                id="no-permission",
            ),
            pytest.param(
                {"expected_soc_pct": None}, (Reason.SOC_UNKNOWN,), id="no-soc-at-all"
            ),
        ],
    )
    def test_an_excluded_evse_stays_in_the_plan_with_its_reasons(
        self, changes: dict[str, Any], expected: tuple[Reason, ...]
    ) -> None:
        sites = {**DEPOT, SiteId("mute"): site("mute", permitted=False)}

        [entry] = plan(
            event(), [available(**changes)], sites, None, now=EVENING_BEFORE
        ).entries

        assert entry.setpoint is None
        assert entry.exclusions == expected
        assert entry.limited_by == f"excluded:{expected[0]}"

    def test_an_unplugged_vehicle_may_come_back_before_the_event(self) -> None:
        assert entry_for(available(plugged=False)).setpoint

    def test_an_unplugged_vehicle_is_out_once_the_event_runs(self) -> None:
        away = available(plugged=False, soc_pct=90, soc_at=START)

        assert entry_for(away, START).exclusions == (Reason.UNPLUGGED,)


class TestTheStateOfCharge:
    def test_a_plan_made_ahead_rests_on_the_forecast(self) -> None:
        entry = entry_for(available(soc_pct=10, soc_at=EVENING_BEFORE))

        assert entry.forecast
        assert entry.setpoint

    def test_without_a_forecast_it_rests_on_the_measurement(self) -> None:
        measured = available(soc_pct=10, soc_at=EVENING_BEFORE, expected_soc_pct=None)

        entry = entry_for(measured)

        assert not entry.forecast
        assert entry.limited_by == "floor"

    def test_in_the_event_only_a_measurement_counts(self) -> None:
        assert entry_for(available(), START).exclusions == (Reason.SOC_UNKNOWN,)
        unknown_age = available(soc_pct=80)
        assert entry_for(unknown_age, START).exclusions == (Reason.SOC_UNKNOWN,)

    def test_an_old_measurement_starts_nothing_new(self) -> None:
        old = available(soc_pct=80, soc_at=START - timedelta(minutes=6))

        assert entry_for(old, START).setpoint is None

    def test_an_old_measurement_keeps_what_was_promised_as_far_as_it_is_safe(
        self,
    ) -> None:
        promised = plan(
            event(),
            [available(expected_soc_pct=60, max_discharge=Power.kw(20))],
            DEPOT,
            None,
            now=EVENING_BEFORE,
        )
        now = START + timedelta(hours=1)
        old = available(soc_pct=59, soc_at=START + timedelta(minutes=6))

        again = plan(event(), [old], DEPOT, promised, now=now)

        assert again is promised

    def test_what_was_given_since_the_measurement_is_gone(self) -> None:
        promised = plan(event(), [available()], DEPOT, None, now=EVENING_BEFORE)
        now = START + timedelta(hours=1)
        old = available(soc_pct=35, soc_at=START + timedelta(minutes=30))

        [entry] = plan(event(), [old], DEPOT, promised, now=now).entries

        left = 35 - 100 * 22 / 0.92 / 200 - 24
        assert left < 0
        assert entry.limited_by == "floor"


class TestSharing:
    def test_a_site_cap_is_shared_in_proportion_and_to_the_watt(self) -> None:
        tight = {SiteId("depot"): site(cap_kw=60)}
        fleet = [available(1), available(2, max_discharge=Power.kw(22))]

        entries = plan(event(), fleet, tight, None, now=EVENING_BEFORE).entries

        assert [e.power for e in entries] == [Power.kw(-40), Power.kw(-20)]
        assert {e.limited_by for e in entries} == {"site_export"}

    def test_who_would_fall_below_the_minimum_stands_back_for_the_others(
        self,
    ) -> None:
        tight = {SiteId("depot"): site(cap_kw=50)}
        fleet = [available(1), available(2), available(3, min_discharge=Power.kw(20))]

        entries = plan(event(), fleet, tight, None, now=EVENING_BEFORE).entries

        assert [e.power.watts for e in entries] == [-25_000, -25_000, 0]
        assert entries[2].limited_by == "site_export"

    def test_a_site_too_small_for_any_minimum_gives_nothing(self) -> None:
        tight = {SiteId("depot"): site(cap_kw=1)}

        [entry] = plan(event(), [available()], tight, None, now=EVENING_BEFORE).entries

        assert (entry.setpoint, entry.limited_by) == (None, "minimum_power")

    def test_a_target_is_met_exactly_when_the_fleet_can(self) -> None:
        made = plan(
            event(Power(50_001)),
            [available(n) for n in range(3)],
            DEPOT,
            None,
            now=EVENING_BEFORE,
        )

        assert made.power == Power(-50_001)
        assert made.shortfall == Power(0)
        assert {e.limited_by for e in made.entries} == {"target"}

    def test_what_is_missing_of_a_target_is_reported(self) -> None:
        made = plan(event(Power.kw(50)), [available()], DEPOT, None, now=EVENING_BEFORE)

        assert made.shortfall == Power.kw(6)

    def test_the_shortfall_is_that_of_the_weakest_moment(self) -> None:
        leaving = DepartureNeed(START + timedelta(hours=1), 40)
        fleet = [available(1), available(2, next_departure=leaving)]

        made = plan(event(Power.kw(80)), fleet, DEPOT, None, now=EVENING_BEFORE)

        assert made.power == Power.kw(-80)
        assert made.shortfall == Power.kw(40)

    def test_without_anybody_the_whole_target_is_missing(self) -> None:
        made = plan(event(Power.kw(80)), [], DEPOT, None, now=START)

        assert (made.entries, made.shortfall) == ((), Power.kw(80))
        assert made.planned == Energy(0)


class TestPlanningAgain:
    NOW = START + timedelta(hours=1)

    def promised(self, *fleet: Availability) -> Plan:
        return plan(event(), fleet, DEPOT, None, now=EVENING_BEFORE)

    def live(self, number: int = 1, soc_pct: float = 74) -> Availability:
        return available(number, soc_pct=soc_pct, soc_at=self.NOW)

    def test_without_news_the_promise_stays_as_it_is(self) -> None:
        promised = self.promised(available())

        assert plan(event(), [self.live()], DEPOT, promised, now=self.NOW) is promised

    def test_an_opt_out_leaves_the_others_as_they_are(self) -> None:
        promised = self.promised(available(1), available(2))
        out = replace(self.live(2), opted_out=True)

        again = plan(event(), [self.live(1), out], DEPOT, promised, now=self.NOW)

        assert again.revision == 2
        assert again.entries[0] is promised.entries[0]
        assert again.entries[1].exclusions == (Reason.OPT_OUT,)

    def test_who_comes_late_gives_what_is_left_of_the_event(self) -> None:
        promised = self.promised(available(1))

        again = plan(
            event(), [self.live(1), self.live(2)], DEPOT, promised, now=self.NOW
        )

        late = again.entry(evse(2))
        assert late is not None
        assert late.setpoint is not None
        assert late.setpoint.window == Interval(self.NOW, END)
        assert again.entry(evse(3)) is None

    def test_too_little_energy_reduces_the_promise(self) -> None:
        promised = self.promised(available())

        [entry] = plan(
            event(), [self.live(soc_pct=50)], DEPOT, promised, now=self.NOW
        ).entries

        assert entry.power.watts == -int((50 - 24) / 100 * 200 * 0.92 / 2 * 1000)
        assert entry.limited_by == "energy"

    def test_the_reserve_bears_small_errors(self) -> None:
        tight = available(max_discharge=Power.kw(43))
        promised = self.promised(tight)
        needed = 100 * 43 * 2 / 0.92 / 200
        live = replace(
            tight, soc_pct=22.5 + needed, soc_at=self.NOW, expected_soc_pct=None
        )

        assert plan(event(), [live], DEPOT, promised, now=self.NOW) is promised

    def test_without_a_reserve_the_smallest_lack_reduces_the_promise(self) -> None:
        tight = available(max_discharge=Power.kw(43), reserve_pct=0)
        promised = self.promised(tight)
        enough_for_42 = 22 + 100 * 42 * 2 / 0.92 / 200
        live = replace(tight, soc_pct=enough_for_42 + 1e-6, soc_at=self.NOW)

        [entry] = plan(event(), [live], DEPOT, promised, now=self.NOW).entries

        assert entry.power == Power.kw(-42)

    def test_another_reason_for_an_exclusion_is_told(self) -> None:
        promised = self.promised(available(opted_out=True))
        away = replace(self.live(), plugged=False)

        [entry] = plan(event(), [away], DEPOT, promised, now=self.NOW).entries

        assert entry.exclusions == (Reason.UNPLUGGED,)

    def test_a_higher_target_out_of_reach_raises_the_shortfall_only(self) -> None:
        fleet = [available()]
        held = plan(event(Power.kw(50)), fleet, DEPOT, None, now=EVENING_BEFORE)

        again = plan(event(Power.kw(60)), fleet, DEPOT, held, now=EVENING_BEFORE)

        assert again.entries == held.entries
        assert again.shortfall == Power.kw(16)

    def test_an_earlier_departure_shortens_the_setpoint(self) -> None:
        promised = self.promised(available())
        leaving = DepartureNeed(START + timedelta(hours=2), 30)
        live = replace(self.live(), next_departure=leaving)

        [entry] = plan(event(), [live], DEPOT, promised, now=self.NOW).entries

        assert entry.setpoint is not None
        assert entry.setpoint.window == Interval(self.NOW, leaving.at)

    def test_a_cap_that_shrinks_a_little_still_binds(self) -> None:
        promised = self.promised(available(1), available(2))
        tight = {SiteId("depot"): site(cap_kw=87.9)}

        again = plan(
            event(), [self.live(1), self.live(2)], tight, promised, now=self.NOW
        )

        assert again.power == Power(-87_900)

    def test_a_target_that_shrinks_a_little_still_binds(self) -> None:
        fleet = [available(1), available(2)]
        promised = plan(event(Power.kw(60)), fleet, DEPOT, None, now=EVENING_BEFORE)

        again = plan(event(Power(59_900)), fleet, DEPOT, promised, now=EVENING_BEFORE)

        assert again.power == Power(-59_900)

    def test_after_the_end_nothing_is_planned(self) -> None:
        promised = self.promised(available())

        assert plan(event(), [available()], DEPOT, promised, now=END) is promised
        assert plan(event(), [available()], DEPOT, None, now=END).entries == ()


def exports_by_site(fleet: list[Availability], made: Plan) -> dict[SiteId, int]:
    exports: dict[SiteId, int] = defaultdict(int)
    for each in fleet:
        entry = made.entry(each.evse)
        exports[each.site] += -entry.power.watts if entry else 0
    return exports


@given(fleet=fleets(), target=targets, now=moments)
def test_limits_hold_for_any_fleet(
    fleet: list[Availability], target: Power | None, now: datetime
) -> None:
    made = plan(event(target), fleet, SITES, None, now=now)

    for name, export in exports_by_site(fleet, made).items():
        assert export <= (SITES[name].export_cap.watts if name in SITES else 0)
    for each in fleet:
        entry = made.entry(each.evse)
        assert entry is not None
        given_watts = -entry.power.watts
        assert given_watts <= each.max_discharge.watts
        assert given_watts <= each.vehicle_max_discharge.watts
        assert given_watts == 0 or given_watts >= each.min_discharge.watts
        assert not (given_watts and (each.opted_out or each.exclusions))
        assert not (given_watts and now >= START and not each.plugged)
    if target is not None:
        assert -made.power.watts <= target.watts


@given(each=availabilities(1), now=moments)
def test_no_vehicle_is_taken_below_its_floor_or_its_need(
    each: Availability, now: datetime
) -> None:
    [entry] = plan(event(), [each], SITES, None, now=now).entries

    if entry.setpoint is None:
        return
    soc = each.expected_soc_pct if entry.forecast else each.soc_pct
    assert soc is not None
    kwh_out = -entry.planned.as_kwh / each.discharge_efficiency
    end = soc - 100 * kwh_out / each.battery.as_kwh
    assert end >= each.floor_soc_pct - 1e-6
    assert entry.expected_soc_end_pct == pytest.approx(end, abs=1e-3)
    if each.next_departure is None:
        return
    assert entry.setpoint.window.end <= each.next_departure.at
    hours = Interval(entry.setpoint.window.end, each.next_departure.at).hours
    kwh_in = each.max_charge.as_kw * hours * each.charge_efficiency
    reached = end + 100 * kwh_in / each.battery.as_kwh
    assert reached >= each.next_departure.soc_pct - 1e-6


@given(fleet=fleets(), target=targets, now=moments, data=st.data())
def test_the_order_of_the_fleet_does_not_matter(
    fleet: list[Availability],
    target: Power | None,
    now: datetime,
    data: st.DataObject,
) -> None:
    shuffled = data.draw(st.permutations(fleet))

    made = plan(event(target), fleet, SITES, None, now=now)

    assert plan(event(target), shuffled, SITES, None, now=now) == made


@given(fleet=fleets(), target=targets, now=moments)
def test_planning_twice_gives_the_same_plan(
    fleet: list[Availability], target: Power | None, now: datetime
) -> None:
    made = plan(event(target), fleet, SITES, None, now=now)

    assert plan(event(target), fleet, SITES, made, now=now) is made


@given(fleet=fleets(), later=fleets(), target=targets, data=st.data())
def test_a_second_plan_keeps_the_limits_whatever_was_promised(
    fleet: list[Availability],
    later: list[Availability],
    target: Power | None,
    data: st.DataObject,
) -> None:
    first, second = sorted(data.draw(st.tuples(moments, moments)))
    held = plan(event(), fleet, SITES, None, now=first)

    made = plan(event(target), later, SITES, held, now=second)

    for name, export in exports_by_site(later, made).items():
        assert export <= (SITES[name].export_cap.watts if name in SITES else 0)
    assert {entry.evse for entry in made.entries} == {each.evse for each in later}
    for each in later:
        entry = made.entry(each.evse)
        assert entry is not None
        if entry.setpoint and each.next_departure:
            assert entry.setpoint.window.end <= each.next_departure.at
        assert not (entry.setpoint and (each.opted_out or each.exclusions))


@given(fleet=fleets(), target=st.integers(0, 300).map(Power.kw), now=moments)
def test_the_weakest_moment_and_the_shortfall_make_the_target(
    fleet: list[Availability], target: Power, now: datetime
) -> None:
    made = plan(event(target), fleet, SITES, None, now=now)

    start = max(now, START)
    minutes = range(round((END - start).total_seconds() / 60))
    setpoints = [entry.setpoint for entry in made.entries if entry.setpoint]
    weakest = min(
        sum(-s.power.watts for s in setpoints if s.window.covers(moment))
        for moment in (start + timedelta(minutes=m) for m in minutes)
    )
    assert weakest + made.shortfall.watts == target.watts


@given(each=availabilities(1), floors=st.lists(st.floats(0, 100), min_size=2))
def test_a_higher_floor_never_gives_more(
    each: Availability, floors: list[float]
) -> None:
    powers = [
        -plan(
            event(),
            [replace(each, floor_soc_pct=floor)],
            SITES,
            None,
            now=EVENING_BEFORE,
        ).power.watts
        for floor in sorted(floors)
    ]

    assert all(a >= b for a, b in pairwise(powers))


@given(each=availabilities(1), promised=availabilities(1), now=st.integers(0, 179))
def test_no_promise_takes_a_vehicle_below_its_floor_once_charge_is_measured(
    each: Availability, promised: Availability, now: int
) -> None:
    moment = START + timedelta(minutes=now)
    held = plan(event(), [promised], SITES, None, now=EVENING_BEFORE)
    measured = replace(each, soc_at=moment)

    [entry] = plan(event(), [measured], SITES, held, now=moment).entries

    if entry.setpoint is None or measured.soc_pct is None:
        return
    left = Interval(moment, entry.setpoint.window.end)
    drawn = -entry.planned_within(left).as_kwh / measured.discharge_efficiency
    end = measured.soc_pct - 100 * drawn / measured.battery.as_kwh
    assert end >= measured.floor_soc_pct - 1e-6


def test_a_small_target_is_carried_by_as_few_as_the_minimum_allows() -> None:
    fleet = [available(number) for number in range(300)]

    made = plan(event(Power.kw(50)), fleet, DEPOT, None, now=EVENING_BEFORE)

    assert made.power == Power.kw(-50)
    powers = [entry.power.watts for entry in made.entries if entry.setpoint]
    assert len(powers) > 12
    assert max(powers) <= -2000
