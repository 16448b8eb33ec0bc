from datetime import UTC, date, datetime, timedelta

import pytest

from csms.domain.interval import Interval
from csms.domain.program import MalformedProgram, Season, parse_program
from tests.unit.flex.fleets import RECORD, program


def window(day: int, hour: int, minutes: int = 180, month: int = 7) -> Interval:
    start = datetime(2026, month, day, hour, tzinfo=UTC)
    return Interval(start, start + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"rat": 275}, "rat", id="unknown-key"),
        pytest.param({"payment": {"kind": "K1", "rte": 1}}, "payment.rte", id="inside"),
        pytest.param({"payment": {"kind": "K9"}}, "payment.kind", id="unknown-kind"),
        pytest.param({"timezone": "Boston"}, "timezone", id="no-zone"),
        pytest.param({"timezone": "../x"}, "timezone", id="no-zone-at-all"),
        pytest.param(
            {"seasons": [{"id": "s", "from": "13-01", "to": "01-01"}]},
            "seasons.0.from",
            id="no-day",
        ),
        pytest.param({"utilities": None}, "utilities", id="missing"),
    ],
)
def test_a_record_that_departs_from_the_blueprint_is_refused(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(MalformedProgram, match=message):
        parse_program({**RECORD, **changes})


def test_a_program_serves_its_utilities_less_those_excluded() -> None:
    rules = program(utilities=["eversource-ma", "plant"], excluded_utilities=["plant"])

    assert rules.serves("eversource-ma")
    assert not rules.serves("plant")
    assert not rules.serves("elsewhere")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 5, 31), None),
        (date(2026, 6, 1), "2026-summer"),
        (date(2026, 9, 30), "2026-summer"),
        (date(2026, 10, 1), None),
    ],
)
def test_a_season_holds_both_its_ends(day: date, expected: str | None) -> None:
    assert program().season_of(day) == expected


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 12, 1), 2026),
        (date(2027, 2, 28), 2026),
        (date(2027, 3, 1), None),
    ],
)
def test_a_winter_belongs_to_the_year_it_began_in(day: date, year: int | None) -> None:
    winter = Season.model_validate({"id": "winter", "from": "12-01", "to": "02-29"})

    assert winter.year_of(day) == year


STRICT = program(
    effective_to="2026-08-31",
    holiday_calendar=["2026-07-14"],
    day_types={"weekdays": True, "weekends": False, "holidays": False},
    duration={"min": "PT2H", "max": "PT3H"},
)


@pytest.mark.parametrize(
    ("wanted", "objections"),
    [
        pytest.param(window(15, 21), [], id="fits-to-the-minute"),
        pytest.param(window(15, 19), [], id="from-three"),
        pytest.param(window(15, 18), ["hours"], id="too-early"),
        pytest.param(window(15, 22), ["hours"], id="too-late"),
        pytest.param(window(15, 20, 27 * 60), ["hours", "longer"], id="over-night"),
        pytest.param(window(15, 21, 60), ["shorter"], id="short"),
        pytest.param(window(15, 20, 240), ["longer"], id="long"),
        pytest.param(window(14, 21), ["holiday"], id="holiday"),
        pytest.param(window(18, 21), ["weekend"], id="saturday"),
        pytest.param(window(15, 21, month=5), ["no season"], id="spring"),
        pytest.param(window(1, 21, month=9), ["not in force"], id="old-version"),
    ],
)
def test_every_rule_that_speaks_against_an_event_is_named(
    wanted: Interval, objections: list[str]
) -> None:
    found = STRICT.objections(wanted)

    assert len(found) == len(objections)
    for words, objection in zip(objections, found, strict=True):
        assert words in objection


def test_a_program_without_a_calendar_objects_to_nothing() -> None:
    rules = program(seasons=[], windows=[])

    assert rules.objections(window(15, 3, 600)) == ()


def test_a_weekend_program_objects_to_weekdays() -> None:
    rules = program(day_types={"weekdays": False})

    assert rules.objections(window(15, 21)) == ("2026-07-15 is a weekday",)
    assert rules.objections(window(18, 21)) == ()


def test_holidays_may_be_allowed() -> None:
    rules = program(holiday_calendar=["2026-07-14"], day_types={"holidays": True})

    assert rules.objections(window(14, 21)) == ()
