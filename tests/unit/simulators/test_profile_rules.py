from dataclasses import replace
from typing import Any

import pytest

from simulators.persona import Persona, load_persona
from simulators.smart_charging import SmartCharging
from tests.unit.simulators.profile_builders import (
    MODERN,
    OLDER,
    T0,
    TX,
    idle,
    limit,
    profile,
    setpoint,
)

Payload = dict[str, Any]
DEFAULT = {"purpose": "TxDefaultProfile"}
MAX = {"purpose": "ChargingStationMaxProfile"}
PRIORITY = {"purpose": "PriorityCharging"}
DYNAMIC = {"kind": "Dynamic", "start": None}


def changed(raw: Payload, **schedule: Any) -> Payload:  # noqa: ANN401
    one = {**raw["chargingSchedule"][0], **schedule}
    return {**raw, "chargingSchedule": [one]}


def without(raw: Payload, key: str) -> Payload:
    return {name: value for name, value in raw.items() if name != key}


EXTERNAL = {"purpose": "ChargingStationExternalConstraints"}
BOTH = {**setpoint(-5), "limit": 5}


@pytest.mark.parametrize(
    ("persona", "evse", "raw", "code"),
    [
        (MODERN, 0, profile(20, **EXTERNAL), "InvalidValue"),
        (MODERN, 0, profile(20, purpose="LocalGeneration"), "UnsupportedPurpose"),
        (OLDER, 1, profile(20, **PRIORITY), "UnsupportedPurpose"),
        (MODERN, 7, profile(20), "UnknownEvse"),
        (MODERN, 1, profile(20, **MAX), "InvalidValue"),
        (
            MODERN,
            0,
            profile(20, kind="Relative", start=None, **MAX),
            "InvalidProfile",
        ),
        (MODERN, 1, profile(9), "InvalidProfileId"),
        (MODERN, 1, profile(20, stack=9), "InvalidStackLevel"),
        (MODERN, 0, profile(20), "InvalidValue"),
        (MODERN, 1, without(profile(20), "transactionId"), "MissingParam"),
        (MODERN, 1, profile(20, transactionId="other"), "TxNotFound"),
        (MODERN, 1, profile(20, start=None), "InvalidSchedule"),
        (MODERN, 1, profile(20, kind="Relative"), "InvalidSchedule"),
        (MODERN, 1, profile(20, kind="Recurring"), "InvalidProfile"),
        (OLDER, 1, profile(20, **DYNAMIC), "UnsupportedKind"),
        (
            MODERN,
            1,
            profile(20, setpoint(-5), setpoint(-4, 60), **DYNAMIC),
            "InvalidSchedule",
        ),
        (MODERN, 1, profile(20, unit="A"), "UnsupportedRateUnit"),
        (OLDER, 1, profile(20, *(limit(5, n) for n in range(25))), "InvalidSchedule"),
        (MODERN, 1, profile(20, limit(5, 1)), "InvalidSchedule"),
        (MODERN, 1, profile(20, limit(5), limit(5)), "InvalidSchedule"),
        (MODERN, 1, changed(profile(20), useLocalTime=True), "InvalidSchedule"),
        (MODERN, 1, changed(profile(20), randomizedDelay=5), "InvalidSchedule"),
        (
            replace(MODERN, max_offline=False),
            1,
            profile(20, maxOfflineDuration=60),
            "InvalidProfile",
        ),
        (
            MODERN,
            1,
            profile(20, {"startPeriod": 0, "operationMode": "LocalFrequency"}),
            "InvalidOperationMode",
        ),
        (
            replace(MODERN, v2x=False),
            1,
            profile(20, setpoint(-5)),
            "InvalidOperationMode",
        ),
        (MODERN, 0, profile(20, setpoint(5), **MAX), "InvalidOperationMode"),
        (MODERN, 1, profile(20, idle(), **PRIORITY), "InvalidOperationMode"),
        (MODERN, 1, profile(20, limit(-5)), "InvalidSchedule"),
        (MODERN, 1, profile(20, BOTH), "InvalidSchedule"),
        (MODERN, 1, profile(20, {**idle(), "limit": 0}), "InvalidSchedule"),
        (MODERN, 1, profile(20, {**limit(5), "setpoint": 5}), "InvalidSchedule"),
        (MODERN, 1, profile(20, without(setpoint(5), "setpoint")), "InvalidSchedule"),
        (load_persona("x201-neg-reject"), 1, profile(20, limit(-5)), "InvalidSchedule"),
        (OLDER, 1, profile(20, {"startPeriod": 0}), "MissingParam"),
    ],
)
def test_a_profile_that_breaks_a_rule_is_rejected(
    persona: Persona, evse: int, raw: Payload, code: str
) -> None:
    refusal = SmartCharging(persona).install(evse, raw, TX, T0)

    assert refusal is not None
    assert refusal.code == code


def test_a_tx_profile_needs_a_running_transaction() -> None:
    refusal = SmartCharging(MODERN).install(1, profile(20), None, T0)

    assert refusal is not None
    assert refusal.code == "TxNotFound"


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        pytest.param(
            (1, profile(20)), (1, profile(21)), "DuplicateProfile", id="K01.FR.39"
        ),
        pytest.param(
            (0, profile(20, **MAX)),
            (0, profile(21, **MAX)),
            "DuplicateProfile",
            id="K01.FR.06",
        ),
        pytest.param(
            (0, profile(20, **DEFAULT)),
            (1, profile(21, **DEFAULT)),
            "DuplicateProfile",
            id="K01.FR.52",
        ),
        pytest.param((1, profile(20)), (1, profile(20, limit(9))), None, id="same id"),
        pytest.param((1, profile(20)), (1, profile(21, stack=2)), None, id="stacked"),
        pytest.param(
            (0, profile(20, validTo="2026-07-01T00:00:00Z", **MAX)),
            (0, profile(21, validFrom="2026-07-01T00:00:00Z", **MAX)),
            None,
            id="one after the other",
        ),
        pytest.param(
            (0, profile(20, **MAX)), (0, profile(21, **DEFAULT)), None, id="purposes"
        ),
    ],
)
def test_two_profiles_may_not_claim_the_same_place(
    first: tuple[int, Payload], second: tuple[int, Payload], code: str | None
) -> None:
    smart = SmartCharging(MODERN)
    smart.install(*first, TX, T0)

    refusal = smart.install(*second, TX, T0)

    assert (refusal.code if refusal else None) == code


def test_a_full_station_takes_no_more_but_still_replaces() -> None:
    smart = SmartCharging(replace(MODERN, max_profiles=1))
    smart.install(1, profile(20), TX, T0)

    another = smart.install(1, profile(21, stack=2), TX, T0)
    same = smart.install(1, profile(20, limit(7)), TX, T0)

    assert another is not None
    assert another.code == "TooManyProfiles"
    assert same is None
