"""Which rules of its program an event would break."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from csms.domain.event import DREvent, Stage
from csms.domain.ids import EventId
from csms.domain.interval import Interval
from csms.domain.program import EventCount, NoticeRule, Program
from csms.services.program_records import load_programs
from csms.services.rules import Request, minimum_lead, violations

(SMALL,) = [each for each in load_programs() if each.id == "ma-cs-small"]
START = datetime(2026, 7, 14, 21, tzinfo=UTC)
WINDOW = Interval(START, START + timedelta(hours=3))
EVENING = START - timedelta(hours=21)


def a_request(**changes: object) -> Request:
    request = Request(SMALL, WINDOW, False, EVENING, timedelta(minutes=30))  # noqa: FBT003
    return replace(request, **changes)  # type: ignore[arg-type]


def a_program(**changes: object) -> Program:
    return SMALL.model_copy(update=changes)


def an_event(days: int, *, stage: Stage = Stage.SETTLED, test: bool = False) -> DREvent:
    start = START + timedelta(days=days)
    return DREvent(
        EventId(f"e{days}"),
        SMALL.id,
        SMALL.version,
        "An event",
        Interval(start, start + timedelta(hours=3)),
        stage,
        start,
        test=test,
    )


def broken(request: Request, *called: DREvent) -> dict[str, bool]:
    return {each.rule: each.blocking for each in violations(request, called)}


def test_an_event_by_the_book_breaks_nothing() -> None:
    assert broken(a_request()) == {}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (START, {"past": True}),
        (START - timedelta(minutes=29), {"minimum_lead": True}),
        (START - timedelta(minutes=31), {"notice_lead": False}),
        (START - timedelta(hours=16, minutes=59), {"notice_lead": False}),
        (START - timedelta(hours=17, minutes=1), {}),
    ],
)
def test_the_lead_of_its_notice(now: datetime, expected: dict[str, bool]) -> None:
    assert broken(a_request(now=now)) == expected


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Interval(START - timedelta(hours=6), START - timedelta(hours=3)), "hours"),
        (Interval(START - timedelta(hours=2), START + timedelta(hours=3)), "longer"),
        (Interval(START, START + timedelta(hours=1)), "shorter"),
        (
            Interval(START + timedelta(days=120), START + timedelta(days=120, hours=3)),
            "season",
        ),
        (
            Interval(START + timedelta(days=55), START + timedelta(days=55, hours=3)),
            "holiday",
        ),
    ],
)
def test_the_record_of_its_program(window: Interval, words: str) -> None:
    found = violations(a_request(window=window), [])

    assert any(words in each.text and each.blocking for each in found)


def test_a_test_is_only_warned_by_the_record() -> None:
    window = Interval(START, START + timedelta(hours=1))

    assert broken(a_request(window=window, test=True)) == {"program": False}


def test_one_event_a_day() -> None:
    assert broken(a_request(), an_event(0)) == {"max_per_day": True}


@pytest.mark.parametrize("stage", [Stage.DRAFT, Stage.CANCELLED])
def test_drafts_and_cancelled_events_do_not_count(stage: Stage) -> None:
    assert broken(a_request(), an_event(0, stage=stage)) == {}


def test_tests_do_not_count() -> None:
    assert broken(a_request(), an_event(0, test=True)) == {}


def test_the_number_of_events_of_a_season() -> None:
    request = a_request(program=a_program(events=EventCount(max=2)))

    assert broken(request, an_event(-1)) == {}
    assert broken(request, an_event(-1), an_event(1)) == {"events_max": True}
    assert broken(request, an_event(-1), an_event(-365)) == {}


def test_the_hours_of_a_season() -> None:
    request = a_request(program=a_program(max_hours=6))

    assert broken(request, an_event(-1)) == {}
    assert broken(request, an_event(-1), an_event(1)) == {"max_hours": True}


def test_days_in_a_row() -> None:
    request = a_request(program=a_program(max_consecutive_days=2))

    assert broken(request, an_event(-1)) == {}
    assert broken(request, an_event(-2), an_event(2)) == {}
    assert broken(request, an_event(-1), an_event(1)) == {"max_consecutive_days": True}


def test_the_gap_between_events() -> None:
    request = a_request(program=a_program(min_gap=timedelta(hours=22)))

    assert broken(request) == {}
    assert broken(request, an_event(-2)) == {}
    assert broken(request, an_event(1)) == {"min_gap": True}


def test_the_programs_own_lead_counts_before_the_default() -> None:
    hour = timedelta(hours=1)
    own = a_program(notice=NoticeRule(minimum_lead=timedelta(hours=2)))

    assert minimum_lead(SMALL, hour) == hour
    assert minimum_lead(own, hour) == timedelta(hours=2)
