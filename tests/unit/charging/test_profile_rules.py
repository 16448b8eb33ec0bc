"""Profiles held against the rules and against one station (K01.FR, K28, Q)."""

from dataclasses import replace
from typing import Any

import pytest

from csms.charging.profile_rules import Needs, Situation, breaches
from csms.domain.ids import EvseId
from csms.domain.profile import (
    Profile,
    RateUnit,
)
from csms.domain.station import EDITION_201
from tests.profile_cases import (
    ABLE,
    BAD,
    GOOD,
    HERE,
    HOUR,
    NOW,
    STATION,
    WHOLE,
    a_default,
    a_period,
    a_profile,
)
from tests.proving import proves


def told(profile: Profile, at: Situation = HERE) -> list[tuple[str, str]]:
    return [(each.field, each.rule) for each in breaches(profile, at)]


@pytest.mark.parametrize("profile", GOOD.values(), ids=GOOD.keys())
def test_what_keeps_the_rules_breaks_none(profile: Profile) -> None:
    at = replace(HERE, held=[a_profile(id=77)] if profile.id == 77 else [])

    assert told(profile, at) == []


@pytest.mark.parametrize(
    ("rule", "profile", "field"),
    [case[:3] for case in BAD],
    ids=[f"{case[0]} {case[3]}" for case in BAD],
)
def test_each_rule_names_the_field_at_fault(
    rule: str, profile: Profile, field: str
) -> None:
    assert (field, rule) in told(profile)


class TestNeighbors:
    def test_a_level_of_a_transaction_is_taken_once(self) -> None:
        at = replace(HERE, held=[a_profile(id=99)])

        assert told(a_profile(), at) == [("stack_level", "K01.FR.39")]
        assert told(a_profile(id=99), at) == []
        assert told(a_profile(stack_level=2), at) == []

    def test_elsewhere_only_if_they_are_valid_at_once(self) -> None:
        first = a_default(id=99, valid_to=NOW + HOUR)
        at = replace(HERE, held=[first])

        assert told(a_default(), at) == [("stack_level", "K01.FR.06")]
        assert told(a_default(valid_from=NOW + HOUR), at) == []

    def test_defaults_of_station_and_evse_are_at_different_levels(self) -> None:
        whole, own = a_default(id=99, evse=WHOLE), a_default()

        assert told(own, replace(HERE, held=[whole])) == [("stack_level", "K01.FR.53")]
        assert told(replace(whole, id=101), replace(HERE, held=[own])) == [
            ("stack_level", "K01.FR.52")
        ]

    def test_a_full_station_takes_only_replacements(self) -> None:
        held = [
            a_default(id=200 + level, stack_level=level, evse=EvseId(STATION, 2))
            for level in range(2)
        ]
        at = replace(HERE, held=held, capability=replace(ABLE, max_profiles=2))

        assert told(a_profile(), at) == [("", "K01")]
        assert told(held[0], at) == []


class TestWhatTheStationLacks:
    @pytest.mark.parametrize(
        ("change", "name", "rule"),
        [
            ({"smart_charging": False}, "a limit", "K01.FR.29"),
            ({"units": frozenset({RateUnit.AMPERES})}, "a limit", "K01.FR.26"),
            ({"dynamic_profiles": False}, "dynamic", "K01.FR.121"),
            ({"max_offline_duration": False}, "features", "K01.FR.104"),
            ({"limit_at_soc": False}, "features", "K01.FR.125"),
            ({"random_delay": False}, "features", "K01.FR.124"),
            ({"local_time": False}, "features", "K01.FR.123"),
            ({"evse_sleep": False}, "idle", "K01.FR.126"),
            ({"additional_purposes": frozenset()}, "priority", "K01.FR.120"),
            ({"v2x": ()}, "central", "K01.FR.115"),
            ({"balances": frozenset()}, "balancing", "Q09.FR.02"),
        ],
    )
    def test_it_is_said(self, change: dict[str, Any], name: str, rule: str) -> None:
        at = replace(HERE, capability=replace(ABLE, **change))

        assert rule in [each for _, each in told(GOOD[name], at)]

    @proves("K01.FR.20")
    def test_a_phase_can_be_chosen_only_where_it_switches(self) -> None:
        one = a_period(limit=1, phases=1, phase_to_use=2)
        fixed = replace(HERE, capability=replace(ABLE, phase_switching=frozenset()))

        assert told(one) == []
        assert told(one, fixed) == [("periods[0].phase_to_use", "K01.FR.20")]

    def test_direct_current_has_no_phases(self) -> None:
        one = a_period(limit=1, phases=1)
        direct = replace(HERE, direct_current=frozenset({1}))
        steered = replace(direct, capability=replace(ABLE, dc_phases=frozenset({1})))

        assert told(one, direct) == [("periods[0].phases", "K01.FR.44")]
        assert told(one, steered) == []

    def test_a_choice_is_for_vehicles_that_asked(self) -> None:
        three = GOOD["three schedules"]

        assert told(three, replace(HERE, needs={})) == [("alternatives", "K01.FR.34")]
        dynamic = replace(HERE, needs={1: Needs(bidirectional=True, dynamic=True)})
        assert told(three, dynamic) == [("alternatives", "K19.FR.07")]

    def test_a_vehicle_that_asked_to_charge_is_only_charged(self) -> None:
        at = replace(HERE, needs={1: Needs(bidirectional=False)})

        assert ("periods[0].mode", "Q02.FR.01") in told(GOOD["central"], at)
        assert told(GOOD["a limit"], at) == []

    def test_an_older_station_needs_a_limit_and_may_have_a_dialect(self) -> None:
        old = replace(HERE, capability=replace(ABLE, edition=EDITION_201))

        assert told(a_period(), old) == [("periods[0].limit", "K01")]
        assert told(a_period(limit=-1), old) == []
