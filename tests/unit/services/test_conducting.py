"""Which step brings an EVSE closer to what it should hold (rules 15, 17, 24)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from csms.domain.ids import EvseId, StationId
from csms.domain.interval import Interval
from csms.domain.profile import Role
from csms.domain.units import Power
from csms.services.conducting import Step, Target, Trust, next_step
from csms.services.ports.profiles import HELD, Intent, IntentState

START = datetime(2026, 7, 14, 21, tzinfo=UTC)
WINDOW = Interval(START, START + timedelta(hours=3))
TARGET = Target("mark", Power(-10_000), WINDOW, readable=True)
UNREADABLE = replace(TARGET, readable=False)


def held(state: IntentState, mark: str = "mark") -> Intent:
    return Intent(
        evse=EvseId(StationId("S"), 1),
        role=Role.EVENT,
        profile_id=111,
        fingerprint=mark,
        state=state,
        document={},
        updated_at=datetime(2026, 7, 14, tzinfo=UTC),
    )


def test_nothing_wanted_and_nothing_held_needs_nothing() -> None:
    assert next_step(None, None, Trust.FULL) is Step.NOTHING


def test_what_is_wanted_is_given() -> None:
    assert next_step(TARGET, None, Trust.FULL) is Step.GIVE


@pytest.mark.parametrize("state", sorted(HELD))
@pytest.mark.parametrize("trust", list(Trust))
def test_what_may_be_held_and_is_not_wanted_is_taken_back(
    state: IntentState, trust: Trust
) -> None:
    assert next_step(None, held(state), trust) is Step.TAKE_BACK


@pytest.mark.parametrize(
    "state", [IntentState.REJECTED, IntentState.RELEASED, IntentState.EXPIRED]
)
def test_what_is_not_held_is_given_when_wanted_and_left_otherwise(
    state: IntentState,
) -> None:
    assert next_step(TARGET, held(state), Trust.FULL) is Step.GIVE
    assert next_step(None, held(state), Trust.FULL) is Step.NOTHING


@pytest.mark.parametrize("state", sorted(HELD))
def test_another_content_replaces_what_is_held(state: IntentState) -> None:
    assert next_step(TARGET, held(state, "other"), Trust.FULL) is Step.GIVE


@pytest.mark.parametrize(
    "state", [IntentState.SENT, IntentState.UNKNOWN, IntentState.ACCEPTED]
)
def test_an_unproven_profile_is_read_back(state: IntentState) -> None:
    assert next_step(TARGET, held(state), Trust.FULL) is Step.READ_BACK


@pytest.mark.parametrize(
    "state", [IntentState.ECHOED, IntentState.OBEYED, IntentState.NOT_OBEYED]
)
def test_a_proven_profile_is_left_alone_until_it_is_doubted(state: IntentState) -> None:
    assert next_step(TARGET, held(state), Trust.FULL) is Step.NOTHING
    assert next_step(TARGET, held(state), Trust.DOUBT) is Step.READ_BACK


@pytest.mark.parametrize("state", sorted(HELD))
def test_after_a_long_absence_a_profile_is_given_again(state: IntentState) -> None:
    """Q12: what was invalidated offline is not resumed by itself."""
    assert next_step(TARGET, held(state), Trust.VOID) is Step.GIVE


def test_what_cannot_be_read_back_is_given_again_when_in_doubt() -> None:
    accepted = held(IntentState.ACCEPTED)

    assert next_step(UNREADABLE, accepted, Trust.FULL) is Step.NOTHING
    assert next_step(UNREADABLE, accepted, Trust.DOUBT) is Step.GIVE
    assert next_step(UNREADABLE, held(IntentState.UNKNOWN), Trust.FULL) is Step.GIVE
