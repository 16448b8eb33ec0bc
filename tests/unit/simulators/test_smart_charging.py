import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.instants import iso
from simulators.persona import Persona, load_persona
from simulators.smart_charging import Setting, SmartCharging
from tests.unit.simulators.profile_builders import (
    MODERN,
    OLDER,
    T0,
    TX,
    Payload,
    idle,
    limit,
    profile,
    setpoint,
)


def station(persona: Persona, *profiles: Payload) -> SmartCharging:
    smart = SmartCharging(persona)
    for one in profiles:
        evse = 0 if one["chargingProfilePurpose"] != "TxProfile" else 1
        assert smart.install(evse, one, TX, T0) is None
    return smart


def at(smart: SmartCharging, seconds: float) -> tuple[float, float | None, str]:
    setting = smart.setting(T0 + seconds, T0 - 600)
    return setting.limit, setting.setpoint, setting.mode


CHARGING = "ChargingOnly"
SET = "CentralSetpoint"
MAX = {"purpose": "ChargingStationMaxProfile"}
DEFAULT = {"purpose": "TxDefaultProfile"}
FREE = (math.inf, None, CHARGING)


@pytest.mark.parametrize(
    ("profiles", "seconds", "expected"),
    [
        pytest.param([], 0, FREE, id="nothing limits nothing"),
        pytest.param([profile(20, limit(5))], 0, (5, None, CHARGING), id="a limit"),
        pytest.param(
            [profile(20, limit(5)), profile(21, limit(7), stack=2)],
            0,
            (7, None, CHARGING),
            id="the higher stack level wins",
        ),
        pytest.param(
            [profile(20, limit(5)), profile(21, limit(7), stack=2, duration=60)],
            60,
            (5, None, CHARGING),
            id="an expired schedule makes way for the next lower one",
        ),
        pytest.param(
            [profile(20, limit(5), duration=60), profile(21, limit(7), **DEFAULT)],
            59.9,
            (5, None, CHARGING),
            id="a TxProfile overrules a TxDefaultProfile",
        ),
        pytest.param(
            [profile(20, limit(5), duration=60), profile(21, limit(7), **DEFAULT)],
            60,
            (7, None, CHARGING),
            id="the TxDefaultProfile follows an expired TxProfile",
        ),
        pytest.param(
            [profile(20, limit(5), duration=60)], 60, FREE, id="then nothing limits"
        ),
        pytest.param(
            [profile(20, limit(5)), profile(21, limit(3), **MAX)],
            0,
            (3, None, CHARGING),
            id="the lowest of the purposes applies",
        ),
        pytest.param(
            [profile(20, setpoint(-9)), profile(21, limit(3), **MAX)],
            0,
            (3, -9, SET),
            id="a station maximum does not stop a discharge",
        ),
        pytest.param(
            [profile(20, setpoint(9)), profile(21, limit(3), **MAX)],
            0,
            (3, 3, SET),
            id="a station maximum bounds a positive set-point",
        ),
        pytest.param(
            [profile(20, limit(5), start=T0 + 60)], 59, FREE, id="a start to come"
        ),
        pytest.param(
            [profile(20, limit(5), validFrom=iso(T0 + 60))],
            0,
            FREE,
            id="not valid yet (K01.FR.36)",
        ),
        pytest.param(
            [profile(20, limit(5), validTo=iso(T0 + 60))],
            60,
            FREE,
            id="no longer valid (K01.FR.37)",
        ),
        pytest.param(
            [profile(20, setpoint(-9), idle(60))], 60, (0, 0, "Idle"), id="idle"
        ),
        pytest.param(
            [profile(20, limit(5), limit(6, 60), limit(7, 120))],
            119,
            (6, None, CHARGING),
            id="the period that runs",
        ),
        pytest.param(
            [
                profile(
                    20,
                    limit(5),
                    limit(6, 3600),
                    kind="Recurring",
                    recurrencyKind="Daily",
                    start=T0 - 3 * 86400,
                    duration=7200,
                )
            ],
            3600,
            (6, None, CHARGING),
            id="a daily recurrence",
        ),
        pytest.param(
            [
                profile(
                    20,
                    limit(5),
                    kind="Recurring",
                    recurrencyKind="Daily",
                    start=T0 - 3 * 86400,
                    duration=7200,
                )
            ],
            7200,
            FREE,
            id="a daily recurrence pauses after its duration",
        ),
        pytest.param(
            [profile(20, limit(5), limit(6, 900), kind="Relative", start=None)],
            300,
            (6, None, CHARGING),
            id="relative to the start of the transaction",
        ),
    ],
)
def test_what_applies(
    profiles: list[Payload],
    seconds: float,
    expected: tuple[float, float | None, str],
) -> None:
    assert at(station(MODERN, *profiles), seconds) == expected


def test_a_setting_says_until_when_it_holds() -> None:
    smart = station(
        MODERN, profile(20, setpoint(-9), idle(60), duration=90, start=T0 + 10)
    )

    untils = []
    t = T0
    while (until := smart.setting(t, T0).until) < math.inf:
        untils.append(until - T0)
        t = until

    assert untils == [10, 70, 100]


def test_amperes_count_per_phase_and_three_unless_told() -> None:
    smart = station(
        load_persona("x201-neg-a"),
        profile(20, {**limit(-10), "numberPhases": 1}, limit(5, 60), stack=0, unit="A"),
    )

    assert at(smart, 0) == (math.inf, -2400, SET)
    assert at(smart, 60) == (3600, None, CHARGING)


class TestDynamic:
    """K28 and Q04: the duration is a watchdog that each update winds up."""

    @pytest.fixture
    def smart(self) -> SmartCharging:
        return station(
            MODERN,
            profile(20, limit(5), stack=0),
            profile(21, setpoint(-9), stack=1, kind="Dynamic", start=None, duration=60),
        )

    def test_without_an_update_it_expires(self, smart: SmartCharging) -> None:
        assert at(smart, 59)[1] == -9
        assert at(smart, 60) == (5, None, CHARGING)

    def test_an_update_winds_the_watchdog_up(self, smart: SmartCharging) -> None:
        assert smart.update(21, {"setpoint": -7}, T0 + 50) is None

        assert at(smart, 109)[1] == -7
        assert at(smart, 110) == (5, None, CHARGING)

    def test_a_late_update_arms_it_again(self, smart: SmartCharging) -> None:
        smart.update(21, {"setpoint": -7}, T0 + 500)

        assert at(smart, 501)[1] == -7

    @pytest.mark.parametrize("profile_id", [20, 99])
    def test_what_is_not_dynamic_cannot_be_updated(
        self, smart: SmartCharging, profile_id: int
    ) -> None:
        refusal = smart.update(profile_id, {"setpoint": -7}, T0)

        assert refusal is not None
        assert refusal.code == "InvalidProfile"


class TestOffline:
    """Q11 and Q12: maxOfflineDuration and what follows."""

    def smart(self, *, invalid: bool) -> SmartCharging:
        return station(
            MODERN,
            profile(20, limit(5), stack=0),
            profile(
                21,
                setpoint(-9),
                stack=1,
                maxOfflineDuration=600,
                invalidAfterOfflineDuration=invalid,
            ),
        )

    def test_it_lasts_for_the_offline_duration(self) -> None:
        smart = self.smart(invalid=False)

        smart.go_offline(T0)

        assert at(smart, 599)[1] == -9
        assert at(smart, 600) == (5, None, CHARGING)
        assert smart.setting(T0, T0).until == T0 + 600

    @pytest.mark.parametrize(("invalid", "after"), [(False, -9), (True, None)])
    def test_back_online_it_resumes_unless_it_became_invalid(
        self, *, invalid: bool, after: float | None
    ) -> None:
        smart = self.smart(invalid=invalid)
        smart.go_offline(T0)

        smart.come_back(T0 + 700)

        assert at(smart, 700)[1] == after

    def test_a_short_outage_changes_nothing(self) -> None:
        smart = self.smart(invalid=True)
        smart.go_offline(T0)

        smart.come_back(T0 + 599)

        assert at(smart, 700)[1] == -9


class TestPriorityCharging:
    """K21 and K22: the driver's wish overrules every plan."""

    def test_it_overrules_the_event(self) -> None:
        smart = station(MODERN, profile(20, setpoint(-9)))

        smart.priority = True

        assert at(smart, 0) == FREE

    def test_its_profile_applies_and_the_station_maximum_still_does(self) -> None:
        smart = station(
            MODERN,
            profile(20, setpoint(-9)),
            profile(21, limit(8), purpose="PriorityCharging"),
            profile(22, limit(6), **MAX),
        )

        smart.priority = True

        assert at(smart, 0) == (6, None, CHARGING)


class TestPersistence:
    """K01.FR.27 in 2.0.1 and K01.FR.56 and following in 2.1."""

    @pytest.mark.parametrize(("persona", "kept"), [(OLDER, {10, 20}), (MODERN, {10})])
    def test_what_survives_a_reboot(self, persona: Persona, kept: set[int]) -> None:
        smart = station(
            persona, profile(20, limit(5)), profile(10, limit(7), **DEFAULT)
        )

        smart.reboot()

        assert set(smart.profiles) == kept

    def test_a_tx_profile_dies_with_its_transaction(self) -> None:
        smart = station(MODERN, profile(20, limit(5)), profile(10, limit(7), **DEFAULT))

        smart.end_transaction()

        assert set(smart.profiles) == {10}


@pytest.mark.parametrize(
    ("meaning", "expected"),
    [
        ("discharge", (math.inf, -9.0, SET)),
        ("full_charge", FREE),
        ("ignore", (4.0, None, CHARGING)),
        ("absolute", (9.0, None, CHARGING)),
        ("clamp", (0.0, None, CHARGING)),
    ],
)
def test_what_a_negative_limit_means(
    meaning: str, expected: tuple[float, float | None, str]
) -> None:
    persona = replace(OLDER, negative_limit=meaning)

    smart = station(persona, profile(10, limit(4), **DEFAULT), profile(20, limit(-9)))

    assert at(smart, 0) == expected


def test_a_negative_limit_where_the_make_does_not_look_is_zero() -> None:
    persona = load_persona("x201-neg-default")

    assert at(station(persona, profile(20, limit(-9))), 0) == (0, None, CHARGING)
    assert at(station(persona, profile(20, limit(-9), **DEFAULT)), 0)[1] == -9


def test_limit_zero_may_flip_a_hazard_into_discharge() -> None:
    smart = station(load_persona("x201-zero-discharges"), profile(20, limit(0)))

    assert at(smart, 0)[1] == -20_000


def test_the_composite_lists_every_change_once() -> None:
    smart = station(
        MODERN,
        profile(20, setpoint(-9), setpoint(-9, 30), idle(60), duration=90),
        profile(10, limit(5), **DEFAULT),
    )

    plan = [(start - T0, one.mode) for start, one in smart.composite(T0, 3600, T0)]

    assert plan == [(0, SET), (60, "Idle"), (90, CHARGING)]


@given(
    limits=st.lists(st.integers(0, 50_000), min_size=1, max_size=6),
    seconds=st.integers(0, 500),
)
def test_no_purpose_is_ever_exceeded(limits: list[int], seconds: int) -> None:
    smart = SmartCharging(MODERN)
    for number, watts in enumerate(limits):
        purpose = ("TxProfile", "TxDefaultProfile", MAX["purpose"])[number % 3]
        one = profile(
            20 + number, limit(watts), purpose=purpose, stack=number, duration=100
        )
        smart.install(1 if purpose == "TxProfile" else 0, one, TX, T0)

    setting = smart.setting(T0 + seconds, T0)

    caps = [w for n, w in enumerate(limits) if n % 3 == 2]
    if seconds >= 100:
        assert setting.limit == math.inf
    elif caps:
        assert setting.limit <= caps[-1]
    assert isinstance(setting, Setting)
