from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.event import Duty, Stage
from csms.flex.lifecycle import (
    CANCELLING,
    LIFE,
    NotThatWay,
    advance,
    allowed,
    cancel,
    due,
    schedule,
)
from tests.unit.flex.fleets import END, START, event

CALLED = START - timedelta(hours=22)
SETTLED = END + timedelta(minutes=30)
MOMENT = timedelta(seconds=1)

PLANNED = (Duty.PLAN, Duty.NOTIFY)
WHOLE_LIFE = (*PLANNED, Duty.DISPATCH, Duty.RELEASE, Duty.SETTLE)


@pytest.mark.parametrize(
    ("now", "stage", "duties"),
    [
        pytest.param(CALLED - MOMENT, Stage.SCHEDULED, (), id="before-the-call"),
        pytest.param(CALLED, Stage.NOTIFIED, PLANNED, id="called"),
        pytest.param(START - MOMENT, Stage.NOTIFIED, PLANNED, id="eve"),
        pytest.param(START, Stage.ACTIVE, WHOLE_LIFE[:3], id="start"),
        pytest.param(END, Stage.COMPLETED, WHOLE_LIFE[:4], id="end"),
        pytest.param(SETTLED, Stage.SETTLED, WHOLE_LIFE, id="grace-over"),
    ],
)
def test_a_scheduled_event_comes_as_far_as_time_has(
    now: datetime, stage: Stage, duties: tuple[Duty, ...]
) -> None:
    come, owed = advance(event(), now)

    assert come.stage is stage
    assert owed == duties


@given(st.lists(st.integers(-1500, 300), min_size=1, max_size=8))
def test_however_often_it_is_looked_at_every_duty_is_owed_once(
    minutes: list[int],
) -> None:
    looks = [START + timedelta(minutes=m) for m in sorted(minutes)]
    at_once = advance(event(), looks[-1])

    step = event()
    owed: tuple[Duty, ...] = ()
    for now in looks:
        step, more = advance(step, now)
        owed += more

    assert (step, owed) == at_once


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage.DRAFT, None),
        (Stage.SCHEDULED, CALLED),
        (Stage.NOTIFIED, START),
        (Stage.ACTIVE, END),
        (Stage.COMPLETED, SETTLED),
        (Stage.SETTLED, None),
        (Stage.CANCELLED, None),
    ],
)
def test_an_event_is_due_when_its_next_leg_is(
    stage: Stage, expected: datetime | None
) -> None:
    assert due(event(stage=stage)) == expected


def test_the_ways_of_an_event_are_these_and_no_others() -> None:
    way = [
        Stage.DRAFT,
        Stage.SCHEDULED,
        Stage.NOTIFIED,
        Stage.ACTIVE,
        Stage.COMPLETED,
        Stage.SETTLED,
    ]
    expected = {*pairwise(way), *((s, Stage.CANCELLED) for s in way[:4])}

    ways = {(a, b) for a, b in product(Stage, Stage) if allowed(a, b)}

    assert ways == expected


def test_every_stage_is_either_left_by_time_or_an_end_or_a_draft() -> None:
    assert set(Stage) - set(LIFE) == {Stage.DRAFT, Stage.SETTLED, Stage.CANCELLED}


def test_a_draft_waits_for_somebody_to_schedule_it() -> None:
    draft = event(stage=Stage.DRAFT)

    assert advance(draft, SETTLED) == (draft, ())
    assert schedule(draft) == replace(draft, stage=Stage.SCHEDULED, revision=2)


def test_only_a_draft_is_scheduled() -> None:
    with pytest.raises(NotThatWay, match="active event cannot be scheduled"):
        schedule(event(stage=Stage.ACTIVE))


@pytest.mark.parametrize("stage", CANCELLING)
def test_those_who_were_told_are_told_of_a_cancellation(stage: Stage) -> None:
    told = stage in {Stage.NOTIFIED, Stage.ACTIVE}

    cancelled, duties = cancel(event(stage=stage), "storm")

    assert (cancelled.stage, cancelled.cancel_reason) == (Stage.CANCELLED, "storm")
    assert (Duty.RETRACT in duties) is told
    assert (Duty.RELEASE in duties) is told


@pytest.mark.parametrize("stage", [Stage.COMPLETED, Stage.SETTLED, Stage.CANCELLED])
def test_what_is_over_is_not_cancelled(stage: Stage) -> None:
    with pytest.raises(NotThatWay):
        cancel(event(stage=stage), "late")
