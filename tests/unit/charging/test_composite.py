"""The composite schedule of ours, against a slow oracle and by hand (K08, SC.01)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.charging.composite import Circumstances, composite, composite_of_station
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.interval import Interval
from csms.domain.profile import (
    Kind,
    OperationMode,
    Period,
    Profile,
    Purpose,
    RateUnit,
    Recurrency,
)

STATION = StationId("MA-TEST-01")
EVSE = EvseId(STATION, 1)
WHOLE = EvseId(STATION, 0)
TX = TransactionId("tx-1")
NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = Interval(NOON, NOON + timedelta(days=1))
RUNNING = Circumstances(transaction=TX, began_at=NOON)
CHARGING = OperationMode.CHARGING_ONLY
CENTRAL = OperationMode.CENTRAL_SETPOINT


def a_profile(purpose: Purpose = Purpose.TX_DEFAULT, **more: object) -> Profile:
    fields: dict[str, object] = {
        "id": 1,
        "evse": WHOLE if purpose is Purpose.STATION_MAX else EVSE,
        "purpose": purpose,
        "kind": Kind.ABSOLUTE,
        "stack_level": 0,
        "unit": RateUnit.WATTS,
        "periods": (Period(0, limit=10_000),),
        "start": NOON - HOUR,
        "transaction": TX if purpose is Purpose.TX else None,
    }
    return Profile(**{**fields, **more})  # type: ignore[arg-type]


def at(
    *profiles: Profile, after: timedelta = timedelta(0), known: Circumstances = RUNNING
) -> Period:
    found = composite(profiles, EVSE, DAY, RateUnit.WATTS, known).at(NOON + after)
    assert found is not None
    return replace(found, start_s=0)


class TestStacking:
    def test_nothing_bounds_nothing(self) -> None:
        assert at() == Period(0)

    def test_the_lowest_of_the_purposes_holds(self) -> None:
        """SC.01."""
        most = a_profile(Purpose.STATION_MAX, periods=(Period(0, limit=7_000),))
        outside = a_profile(Purpose.EXTERNAL, periods=(Period(0, limit=8_000),))

        assert at(a_profile(), most, outside).limit == 7_000

    def test_of_a_purpose_the_highest_level_in_force_holds(self) -> None:
        """K01.FR.17, and K02.FR.08 when it is over."""
        above = a_profile(
            stack_level=1,
            start=NOON,
            duration=HOUR,
            periods=(Period(0, limit=20_000),),
        )

        assert at(a_profile(), above).limit == 20_000
        assert at(a_profile(), above, after=HOUR).limit == 10_000

    def test_that_of_the_transaction_overrules_the_default(self) -> None:
        """K02.FR.04."""
        own = a_profile(Purpose.TX, periods=(Period(0, limit=20_000),))
        foreign = replace(own, transaction=TransactionId("other"), stack_level=9)

        assert at(a_profile(stack_level=5), own, foreign).limit == 20_000
        assert at(a_profile(), own, known=Circumstances()).limit == 10_000

    def test_priority_overrules_both_while_it_is_on(self) -> None:
        """K21.FR.04, FR.07."""
        event = a_profile(
            Purpose.TX, periods=(Period(0, setpoint=-5_000, mode=CENTRAL),)
        )
        priority = a_profile(
            Purpose.PRIORITY, evse=WHOLE, periods=(Period(0, limit=22_000),)
        )

        assert at(event, priority).setpoint == -5_000
        first = at(event, priority, known=replace(RUNNING, priority=True))
        assert (first.limit, first.setpoint) == (22_000, None)

    def test_what_is_generated_here_comes_on_top(self) -> None:
        """K08.FR.04."""
        sun = a_profile(Purpose.LOCAL_GENERATION, periods=(Period(0, limit=3_000),))

        assert at(a_profile(), sun).limit == 13_000
        assert at(sun).limit is None

    def test_another_evse_does_not_matter(self) -> None:
        other = a_profile(evse=EvseId(STATION, 2), periods=(Period(0, limit=1),))

        assert at(other).limit is None


class TestSetpoints:
    @pytest.mark.parametrize(
        ("period", "setpoint"),
        [
            (Period(0, setpoint=9_000, mode=CENTRAL), 6_000),
            (Period(0, setpoint=-9_000, mode=CENTRAL), -4_000),
            (Period(0, setpoint=-3_000, mode=CENTRAL), -3_000),
        ],
    )
    def test_a_setpoint_is_held_to_both_bounds(
        self, period: Period, setpoint: int
    ) -> None:
        """V2X.03, V2X.04."""
        outside = a_profile(
            Purpose.EXTERNAL,
            periods=(Period(0, limit=6_000, discharge_limit=-4_000),),
        )

        found = at(a_profile(Purpose.TX, periods=(period,)), outside)

        assert (found.setpoint, found.mode) == (setpoint, CENTRAL)

    def test_of_discharge_limits_the_least_discharge_holds(self) -> None:
        """SC.04."""
        own = a_profile(Purpose.TX, periods=(Period(0, discharge_limit=-9_000),))
        outside = a_profile(
            Purpose.EXTERNAL, periods=(Period(0, discharge_limit=-2_000),)
        )

        assert at(own, outside).discharge_limit == -2_000

    @pytest.mark.parametrize(("own_first", "setpoint"), [(False, 500), (True, -700)])
    def test_who_sets_is_a_matter_of_priority(
        self,
        own_first: bool,  # noqa: FBT001
        setpoint: int,
    ) -> None:
        """Q06.FR.20 to FR.22."""
        own = a_profile(Purpose.TX, periods=(Period(0, setpoint=-700, mode=CENTRAL),))
        outside = a_profile(
            Purpose.EXTERNAL,
            kind=Kind.DYNAMIC,
            start=None,
            periods=(Period(0, setpoint=500, mode=OperationMode.EXTERNAL_SETPOINT),),
        )
        known = replace(RUNNING, own_setpoints_first=own_first)

        assert at(own, outside, known=known).setpoint == setpoint

    def test_idle_carries_no_figures(self) -> None:
        """Q10.FR.01."""
        idle = a_profile(
            Purpose.TX, periods=(Period(0, mode=OperationMode.IDLE, sleep=True),)
        )
        most = a_profile(Purpose.STATION_MAX)

        assert at(idle, most) == Period(0, mode=OperationMode.IDLE, sleep=True)

    def test_a_curve_goes_along_with_its_mode(self) -> None:
        period = Period(
            0,
            mode=OperationMode.LOCAL_FREQUENCY,
            baseline=100,
            freq_curve=((59.9, -1.0), (60.1, 1.0)),
        )

        assert at(a_profile(Purpose.TX, periods=(period,))) == period


class TestCalendar:
    def test_a_daily_schedule_begins_anew_each_day(self) -> None:
        daily = a_profile(
            kind=Kind.RECURRING,
            recurrency=Recurrency.DAILY,
            start=datetime(2020, 1, 1, 17, tzinfo=UTC),
            duration=3 * HOUR,
            periods=(Period(0, limit=2_000),),
        )

        assert at(daily, after=4 * HOUR).limit is None
        assert at(daily, after=5 * HOUR).limit == 2_000
        assert at(daily, after=8 * HOUR).limit is None

    def test_a_weekly_one_overrules_it_on_sundays(self) -> None:
        """The standard's own example (K 3.7.1)."""
        daily = a_profile(
            kind=Kind.RECURRING,
            recurrency=Recurrency.DAILY,
            start=datetime(2020, 1, 9, 17, tzinfo=UTC),
            duration=3 * HOUR,
            periods=(Period(0, limit=2_000),),
        )
        sundays = a_profile(
            id=2,
            stack_level=2,
            kind=Kind.RECURRING,
            recurrency=Recurrency.WEEKLY,
            start=datetime(2020, 1, 5, tzinfo=UTC),
            duration=24 * HOUR,
            periods=(Period(0, limit=999_999),),
        )
        week = Interval(NOON, NOON + timedelta(days=7))
        found = composite([daily, sundays], EVSE, week, RateUnit.WATTS, RUNNING)

        peaks = {
            day: period.limit if (period := found.at(evening)) else None
            for day in range(7)
            for evening in [NOON + timedelta(days=day, hours=6)]
        }
        assert peaks == dict.fromkeys(range(7), 2_000) | {5: 999_999}

    def test_a_relative_one_counts_from_the_transaction(self) -> None:
        """K01.FR.42."""
        relative = a_profile(
            Purpose.TX,
            kind=Kind.RELATIVE,
            start=None,
            periods=(Period(0, limit=100), Period(7200, limit=200)),
        )
        known = replace(RUNNING, began_at=NOON - HOUR)

        assert at(relative, known=known).limit == 100
        assert at(relative, after=HOUR, known=known).limit == 200

    def test_a_dynamic_one_lapses_without_news(self) -> None:
        """K28.FR.13."""
        dynamic = a_profile(
            Purpose.TX,
            kind=Kind.DYNAMIC,
            start=None,
            updated_at=NOON - HOUR,
            duration=2 * HOUR,
            periods=(Period(0, setpoint=-1_000, mode=CENTRAL),),
        )

        assert at(dynamic, a_profile()).setpoint == -1_000
        assert at(dynamic, a_profile(), after=HOUR).setpoint is None

    def test_offline_for_too_long_the_next_one_holds(self) -> None:
        """K01.FR.101, Q11."""
        event = a_profile(
            Purpose.TX,
            max_offline=HOUR,
            periods=(Period(0, setpoint=-1_000, mode=CENTRAL),),
        )
        known = replace(RUNNING, offline_since=NOON)

        assert at(event, a_profile(), after=HOUR, known=known).setpoint == -1_000
        later = at(event, a_profile(), after=HOUR + timedelta(seconds=1), known=known)
        assert (later.setpoint, later.limit) == (None, 10_000)

    def test_a_local_day_follows_the_clock_on_the_wall(self) -> None:
        """K01.FR.90, FR.91: New York, 2026-11-01, is set back at 06:00Z."""
        local = a_profile(
            kind=Kind.RECURRING,
            recurrency=Recurrency.DAILY,
            start=datetime(2026, 1, 1, tzinfo=UTC),
            local_time=True,
            periods=(Period(0, limit=100), Period(5 * 3600, limit=200)),
        )
        zone = ZoneInfo("America/New_York")
        night = Interval(
            datetime(2026, 11, 1, 3, tzinfo=UTC), datetime(2026, 11, 1, 12, tzinfo=UTC)
        )
        known = replace(RUNNING, zone=zone)

        found = composite([local], EVSE, night, RateUnit.WATTS, known)

        assert [(each.start_s // 3600, each.limit) for each in found.periods] == [
            (0, 200),
            (1, 100),
            (7, 200),
        ]


class TestUnits:
    def test_watts_become_amperes_by_phases_and_line_voltage(self) -> None:
        """K01.FR.49 to FR.51."""
        three = a_profile(periods=(Period(0, limit=6_900),))
        one = a_profile(periods=(Period(0, limit=6_900, phases=1),))

        def amperes(profile: Profile) -> float | None:
            found = composite([profile], EVSE, DAY, RateUnit.AMPERES, RUNNING)
            return found.periods[0].limit

        assert amperes(three) == pytest.approx(10)
        assert amperes(one) == pytest.approx(30)

    def test_the_least_phases_hold(self) -> None:
        """K01.FR.140."""
        one = a_profile(periods=(Period(0, limit=1, phases=1, phase_to_use=2),))
        three = a_profile(Purpose.STATION_MAX, periods=(Period(0, limit=1, phases=3),))

        found = at(one, three)
        assert (found.phases, found.phase_to_use) == (1, 2)

    def test_limits_by_phase_are_reported(self) -> None:
        """K08.FR.09."""
        by_phase = a_profile(
            Purpose.TX,
            unit=RateUnit.AMPERES,
            periods=(Period(0, limit=16, limit_l2=10, limit_l3=8),),
        )
        most = a_profile(
            Purpose.STATION_MAX, unit=RateUnit.AMPERES, periods=(Period(0, limit=9),)
        )

        found = composite([by_phase, most], EVSE, DAY, RateUnit.AMPERES, RUNNING)

        first = found.periods[0]
        assert (first.limit, first.limit_l2, first.limit_l3) == (9, 9, 8)

    def test_a_full_battery_is_charged_slower(self) -> None:
        """K01.FR.100."""
        profile = a_profile(above_soc=(80, 1_000))

        assert at(profile).limit == 10_000
        assert at(profile, known=replace(RUNNING, soc_pct=79)).limit == 10_000
        assert at(profile, known=replace(RUNNING, soc_pct=80)).limit == 1_000


class TestStations:
    def test_a_station_takes_what_its_evses_take_within_its_own_cap(self) -> None:
        """K08.FR.03."""
        profiles = [
            a_profile(Purpose.STATION_MAX, periods=(Period(0, limit=15_000),)),
            a_profile(evse=WHOLE),
        ]
        running = {1: RUNNING, 2: RUNNING}

        found = composite_of_station(profiles, STATION, DAY, RateUnit.WATTS, running)
        assert [each.limit for each in found.periods] == [15_000]

        alone = composite_of_station(
            profiles, STATION, DAY, RateUnit.WATTS, {1: RUNNING}
        )
        assert [each.limit for each in alone.periods] == [10_000]

    def test_one_that_gives_back_may_outweigh_the_others(self) -> None:
        profiles = [
            a_profile(Purpose.TX, periods=(Period(0, setpoint=-9_000, mode=CENTRAL),)),
            a_profile(evse=EvseId(STATION, 2), periods=(Period(0, limit=2_000),)),
        ]

        found = composite_of_station(
            profiles, STATION, DAY, RateUnit.WATTS, {1: RUNNING, 2: Circumstances()}
        )

        assert [(each.limit, each.setpoint) for each in found.periods] == [
            (None, -7_000)
        ]

    def test_one_without_bounds_leaves_only_the_cap(self) -> None:
        found = composite_of_station([], STATION, DAY, RateUnit.WATTS, {1: RUNNING})

        assert found.periods == (Period(0),)


# -- the oracle ---------------------------------------------------------------------

HOURS = st.integers(-30, 60).map(lambda hours: NOON + hours * HOUR)
SPANS = st.none() | st.integers(1, 40).map(lambda hours: hours * HOUR)
FIGURES = st.none() | st.integers(0, 20).map(lambda each: each * 1000.0)


@st.composite
def periods(draw: st.DrawFn) -> tuple[Period, ...]:
    starts = draw(st.sets(st.integers(1, 30), max_size=3))
    found = []
    for start in [0, *sorted(starts)]:
        setpoint = draw(st.none() | st.integers(-9, 9).map(lambda e: e * 1000.0))
        least = draw(FIGURES)
        found.append(
            Period(
                start * 3600,
                limit=draw(FIGURES),
                discharge_limit=None if least is None else -least,
                setpoint=setpoint,
            )
        )
    return tuple(found)


@st.composite
def profiles(draw: st.DrawFn) -> list[Profile]:
    found: list[Profile] = []
    for number in range(draw(st.integers(0, 6))):
        purpose = draw(st.sampled_from(sorted(Purpose)))
        kind = draw(st.sampled_from(sorted(Kind)))
        where = draw(st.sampled_from([WHOLE, EVSE]))
        level = draw(st.integers(0, 3))
        place = EVSE if purpose is Purpose.TX else where
        if any((e.purpose, e.stack_level) == (purpose, level) for e in found):
            continue  # a station may not hold two of these (K01.FR.06, FR.39)
        began = draw(HOURS)
        steps = draw(periods())
        found.append(
            Profile(
                id=number,
                evse=place,
                purpose=purpose,
                kind=kind,
                stack_level=level,
                unit=RateUnit.WATTS,
                periods=steps[:1] if kind is Kind.DYNAMIC else steps,
                start=began if kind in (Kind.ABSOLUTE, Kind.RECURRING) else None,
                updated_at=began if kind is Kind.DYNAMIC else None,
                recurrency=draw(st.sampled_from(sorted(Recurrency)))
                if kind is Kind.RECURRING
                else None,
                duration=draw(SPANS),
                valid_from=draw(st.none() | HOURS),
                valid_to=draw(st.none() | HOURS),
                transaction=draw(st.sampled_from([TX, TransactionId("other")]))
                if purpose is Purpose.TX
                else None,
                max_offline=draw(SPANS),
            )
        )
    return found


def oracle(  # noqa: C901 plain and slow on purpose
    held: Iterable[Profile], now: datetime, known: Circumstances
) -> tuple[float | None, float | None, float | None]:
    """Return limit, discharge limit and setpoint at an instant, the slow way."""
    best: dict[tuple[Purpose, bool], tuple[int, Period]] = {}
    for profile in held:
        period = oracle_period(profile, now, known)
        if period is None:
            continue
        apart = profile.purpose in (Purpose.EXTERNAL, Purpose.LOCAL_GENERATION)
        apart = apart or profile.purpose is Purpose.STATION_MAX
        key = profile.purpose, apart and profile.evse.number == 0
        if key not in best or best[key][0] < profile.stack_level:
            best[key] = profile.stack_level, period
    chosen = {key: period for key, (_, period) in best.items()}
    own: Period | None = None
    for purpose in (Purpose.TX_DEFAULT, Purpose.TX, Purpose.PRIORITY):
        own = chosen.get((purpose, False), own)
    merged = [
        period
        for (purpose, _), period in chosen.items()
        if purpose in (Purpose.EXTERNAL, Purpose.STATION_MAX)
    ]
    merged += [own] if own else []
    limits = [each.limit for each in merged if each.limit is not None]
    leasts = [
        each.discharge_limit for each in merged if each.discharge_limit is not None
    ]
    limit = min(limits) if limits else None
    least = max(leasts) if leasts else None
    for (purpose, _), period in chosen.items():
        if purpose is Purpose.LOCAL_GENERATION and limit is not None:
            limit += period.limit or 0
    setpoint = own.setpoint if own else None
    if setpoint is not None and setpoint > 0 and limit is not None:
        setpoint = min(setpoint, limit)
    if setpoint is not None and setpoint < 0 and least is not None:
        setpoint = max(setpoint, least)
    return limit, least, setpoint


def oracle_period(  # noqa: C901, PLR0911 plain and slow on purpose
    profile: Profile, now: datetime, known: Circumstances
) -> Period | None:
    if profile.purpose is Purpose.TX and profile.transaction != known.transaction:
        return None
    if profile.purpose is Purpose.TX and known.transaction is None:
        return None
    if profile.purpose is Purpose.PRIORITY and not known.priority:
        return None
    if profile.valid_from and now < profile.valid_from:
        return None
    if profile.valid_to and now >= profile.valid_to:
        return None
    away = known.offline_since
    if away and profile.max_offline and now - away > profile.max_offline:
        return None
    began = {
        Kind.ABSOLUTE: profile.start,
        Kind.RECURRING: profile.start,
        Kind.RELATIVE: known.began_at or NOON,
        Kind.DYNAMIC: profile.updated_at,
    }[profile.kind]
    assert began is not None
    if now < began:
        return None
    days = {None: None, Recurrency.DAILY: 1, Recurrency.WEEKLY: 7}[profile.recurrency]
    while days and now - began >= timedelta(days=days):
        began += timedelta(days=days)
    if profile.duration is not None and now - began >= profile.duration:
        return None
    last = None
    for period in profile.periods:
        if began + timedelta(seconds=period.start_s) <= now:
            last = period
    return last


@settings(max_examples=50, deadline=None)
@given(
    held=profiles(),
    transaction=st.sampled_from([None, TX]),
    priority=st.booleans(),
    began=st.integers(-20, 0),
    away=st.none() | st.integers(-20, 20),
)
def test_it_says_what_a_slow_oracle_says_at_every_half_hour(
    held: list[Profile],
    transaction: TransactionId | None,
    priority: bool,  # noqa: FBT001
    began: int,
    away: int | None,
) -> None:
    known = Circumstances(
        transaction=transaction,
        began_at=NOON + began * HOUR,
        priority=priority,
        offline_since=None if away is None else NOON + away * HOUR,
    )

    found = composite(held, EVSE, DAY, RateUnit.WATTS, known)

    for half in range(48):
        now = NOON + half * HOUR / 2 + timedelta(seconds=2)
        period = found.at(now)
        assert period is not None
        said = period.limit, period.discharge_limit, period.setpoint
        assert said == oracle(held, now, known)


@settings(max_examples=50, deadline=None)
@given(held=profiles())
def test_its_periods_begin_at_its_start_ascend_and_say_something_new(
    held: list[Profile],
) -> None:
    found = composite(held, EVSE, DAY, RateUnit.WATTS, RUNNING)

    starts = [each.start_s for each in found.periods]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    told = [replace(each, start_s=0) for each in found.periods]
    assert all(a != b for a, b in pairwise(told))
