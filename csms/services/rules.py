"""What in a program's rules speaks for or against calling an event. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from csms.domain.event import DREvent, Stage
from csms.domain.interval import Interval
from csms.domain.program import Program


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that an event would break.

    Attributes:
        rule: A stable word for the rule.
        text: The same for people.
        blocking: Whether the event cannot be called because of it.
    """

    rule: str
    text: str
    blocking: bool


@dataclass(frozen=True, slots=True)
class Request:
    """An event as it is asked for.

    Attributes:
        program: The rules that apply.
        window: From when to when.
        test: Whether it is a test: never settled, so the program's rules only warn.
        now: When it is asked for.
        minimum_lead: Least time between an accepted notice and the start.
    """

    program: Program
    window: Interval
    test: bool
    now: datetime
    minimum_lead: timedelta


def violations(request: Request, called: Sequence[DREvent]) -> tuple[Violation, ...]:
    """Return every rule that the event would break.

    Args:
        request: The event.
        called: The program's other events; drafts, tests and cancelled ones count not.
    """
    counted = [
        event
        for event in called
        if event.stage not in (Stage.DRAFT, Stage.CANCELLED) and not event.test
    ]
    return (*_of_time(request), *_of_record(request), *_of_counts(request, counted))


def minimum_lead(program: Program, default: timedelta) -> timedelta:
    """Return the least time between an accepted notice and an event's start."""
    return program.notice.minimum_lead or default


def _of_time(request: Request) -> Iterator[Violation]:
    left = request.window.start - request.now
    if left <= timedelta(0):
        yield Violation("past", "the window has opened already", blocking=True)
    elif left < request.minimum_lead:
        minutes = round(request.minimum_lead.total_seconds() / 60)
        yield Violation(
            "minimum_lead",
            f"participants must be told {minutes} minutes before the start",
            blocking=True,
        )
    elif request.program.notice.default == "day_ahead" and _same_day(request):
        yield Violation(
            "notice_lead", "the program gives notice the day before", blocking=False
        )


def _same_day(request: Request) -> bool:
    zone = request.program.zone
    called, starts = request.now.astimezone(zone), request.window.start.astimezone(zone)
    return called.date() >= starts.date()


def _of_record(request: Request) -> Iterator[Violation]:
    for text in request.program.objections(request.window):
        yield Violation("program", text, blocking=not request.test)


def _of_counts(request: Request, counted: Sequence[DREvent]) -> Iterator[Violation]:
    program, zone = request.program, request.program.zone
    day = request.window.start.astimezone(zone).date()
    season = program.season_of(day)
    days = [event.window.start.astimezone(zone).date() for event in counted]
    of_season = [
        event
        for event, its_day in zip(counted, days, strict=True)
        if program.season_of(its_day) == season
    ]
    hard = not request.test
    most = program.events.max
    if most is not None and len(of_season) >= most:
        yield Violation("events_max", f"{season} has its {most} events", blocking=hard)
    if program.max_per_day is not None and days.count(day) >= program.max_per_day:
        yield Violation("max_per_day", f"{day} has its event already", blocking=hard)
    hours = sum(event.window.hours for event in of_season) + request.window.hours
    if program.max_hours is not None and hours > program.max_hours:
        yield Violation(
            "max_hours", f"{hours:g} of {program.max_hours:g} hours", blocking=hard
        )
    if _run_of_days(day, set(days)) > (program.max_consecutive_days or len(days) + 1):
        yield Violation("max_consecutive_days", "too many days in a row", blocking=hard)
    if program.min_gap is not None and _gap(request.window, counted) < program.min_gap:
        yield Violation("min_gap", f"closer than {program.min_gap}", blocking=hard)


def _run_of_days(day: date, days: set[date]) -> int:
    """Return how many days in a row would have an event, this one included."""
    run = 1
    for step in (timedelta(days=-1), timedelta(days=1)):
        near = day + step
        while near in days:
            run += 1
            near += step
    return run


def _gap(window: Interval, others: Sequence[DREvent]) -> timedelta:
    gaps = [
        max(window.start - other.window.end, other.window.start - window.end)
        for other in others
    ]
    return min(gaps, default=timedelta.max)
