"""When duties are due, and when they are pointless."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.event import DREvent, Stage
from csms.domain.ids import EventId, ProgramId
from csms.domain.interval import Interval
from csms.services.timetable import Task, Timetable, pointless

START = datetime(2026, 7, 14, 21, tzinfo=UTC)
WINDOW = Interval(START, START + timedelta(hours=3))
CALLED = START - timedelta(hours=21, minutes=30)
EVENT = DREvent(
    EventId("e"), ProgramId("p"), "1", "An event", WINDOW, Stage.SCHEDULED, CALLED
)
TABLE = Timetable()
NOTIFY_BY = START - timedelta(minutes=30)

LIFE = [
    (CALLED, Stage.NOTIFIED, (Task.PLAN, Task.NOTIFY)),
    (START - timedelta(hours=2), Stage.NOTIFIED, (Task.REMIND,)),
    (START - timedelta(minutes=30), Stage.NOTIFIED, (Task.REMIND, Task.FINALISE)),
    (START, Stage.ACTIVE, (Task.REMIND, Task.FINALISE, Task.DISPATCH)),
    (WINDOW.end, Stage.COMPLETED, (Task.RELEASE,)),
    (WINDOW.end + timedelta(minutes=30), Stage.SETTLED, (Task.SETTLE,)),
]


def test_an_event_lives_as_its_table_says() -> None:
    event = EVENT

    for instant, stage, tasks in LIFE:
        event, owed = TABLE.advance(event, instant)
        assert (event.stage, owed) == (stage, tasks)

    assert TABLE.due(event, instant) is None
    assert TABLE.advance(event, instant + timedelta(days=1)) == (event, ())


def test_each_instant_of_the_table_is_due_in_turn() -> None:
    event, now, seen = EVENT, CALLED - timedelta(minutes=1), []
    while (due := TABLE.due(event, now)) is not None:
        now = due
        event, _ = TABLE.advance(event, now)
        seen.append(now)

    assert seen == [instant for instant, _, _ in LIFE]


@given(jumps=st.lists(st.integers(1, 600), max_size=40))
def test_whatever_the_pauses_each_task_is_owed_in_order(jumps: list[int]) -> None:
    event, now, owed = EVENT, CALLED, []
    for minutes in [0, *jumps, 3000]:
        now += timedelta(minutes=minutes)
        event, tasks = TABLE.advance(event, now)
        owed += [task for task in tasks if task not in owed]

    assert owed == [
        Task.PLAN,
        Task.NOTIFY,
        Task.REMIND,
        Task.FINALISE,
        Task.DISPATCH,
        Task.RELEASE,
        Task.SETTLE,
    ]


def test_a_milestone_before_the_call_is_none() -> None:
    late = replace(EVENT, called_at=START - timedelta(hours=1))

    assert [task for _, task in TABLE.milestones(late)] == [Task.FINALISE]


@pytest.mark.parametrize("task", list(Task))
def test_nothing_but_the_last_rites_is_owed_to_a_cancelled_event(task: Task) -> None:
    cancelled = replace(EVENT, stage=Stage.CANCELLED)

    why = pointless(task, cancelled, CALLED, NOTIFY_BY)

    kept = task in {Task.RELEASE, Task.SETTLE, Task.RETRACT}
    assert (why == "") == kept


@pytest.mark.parametrize(
    ("task", "at", "expected"),
    [
        (Task.NOTIFY, NOTIFY_BY, True),
        (Task.NOTIFY, NOTIFY_BY + timedelta(seconds=1), False),
        (Task.REMIND, START - timedelta(seconds=1), True),
        (Task.REMIND, START, False),
        (Task.PLAN, WINDOW.end - timedelta(seconds=1), True),
        (Task.PLAN, WINDOW.end, False),
        (Task.DISPATCH, WINDOW.end, False),
        (Task.RELEASE, WINDOW.end + timedelta(days=1), True),
        (Task.SETTLE, WINDOW.end + timedelta(days=1), True),
    ],
)
def test_a_task_makes_sense_until_its_time_is_over(
    task: Task, at: datetime, *, expected: bool
) -> None:
    active = replace(EVENT, stage=Stage.ACTIVE)

    assert (pointless(task, active, at, NOTIFY_BY) == "") is expected


@pytest.mark.parametrize(
    ("stage", "at"),
    [
        (Stage.DRAFT, None),
        (Stage.SCHEDULED, START),
        (Stage.NOTIFIED, START),
        (Stage.ACTIVE, START + EVENT.metering_grace),
        (Stage.SETTLED, None),
    ],
)
def test_a_cancelled_event_is_accounted_once_its_meters_can_be_read(
    stage: Stage, at: datetime | None
) -> None:
    event = replace(EVENT, stage=stage)

    assert Timetable().accounted_at(event, START) == at


def test_a_cancelled_event_owes_its_accounts_and_nothing_else() -> None:
    cancelled = replace(EVENT, stage=Stage.CANCELLED)
    later = WINDOW.end + timedelta(days=1)

    assert Timetable().advance(cancelled, later) == (cancelled, (Task.SETTLE,))
    assert Timetable().due(cancelled, later) is None
