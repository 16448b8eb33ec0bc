"""What participants read."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from csms.domain.event import UNDELIVERED
from csms.domain.ids import EvseId, StationId
from csms.domain.notice import (
    CARRIES_LINK,
    LINK_MARK,
    NoticeContent,
    NoticeKind,
    OptOutCost,
    Part,
    PartResult,
)
from csms.notify.letters import REASONS, TemplateLetters, clock, day, money, number

BOSTON = ZoneInfo("America/New_York")
START = datetime(2026, 7, 14, 17, tzinfo=BOSTON)
EVSE = EvseId(StationId("MA-HOME-01"), 1)
PART = Part(
    EVSE,
    "Family car",
    9.6,
    28.8,
    41.24,
    30.0,
    ready_at=START + timedelta(hours=6),
    ready_soc_pct=80.0,
    departure_at=datetime(2026, 7, 15, 7, 30, tzinfo=BOSTON),
)
CONTENT = NoticeContent(
    NoticeKind.CALLED,
    "Ann & Bob <Home>",
    "en",
    "Peak event",
    "ConnectedSolutions",
    "Mass Save",
    START,
    START + timedelta(hours=3),
    "help@example.org",
    (PART,),
    OptOutCost(45, Decimal(59), Decimal(2640), "USD"),
)
RESULT = PartResult(
    EVSE,
    "Family car",
    20.1,
    28.8,
    6.7,
    "partial",
    (("soc_floor", 8.66), ("unknown", 0.04)),
)
LETTERS = TemplateLetters()


def test_the_call_says_everything_a_participant_must_know() -> None:
    letter = LETTERS.write(CONTENT)

    assert letter.subject == "Peak event: Tuesday, July 14, 5:00 PM EDT to 8:00 PM EDT"
    for words in (
        "Mass Save has called",
        "28.8 kWh at up to 9.6 kW",
        "about 41.2 %",
        "never below the 30 % you set",
        "back at 80 % by about 11:00 PM EDT",
        "in time for Wednesday, July 15, 7:30 AM EDT",
        LINK_MARK,
        "counts 0 kW, one of about 45",
        "-$59 of $2,640",
        "help@example.org",
    ):
        assert words in letter.text


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_both_forms_of_every_kind_say_when_and_whom_to_ask(kind: NoticeKind) -> None:
    letter = LETTERS.write(replace(CONTENT, kind=kind, results=(RESULT,)))

    for form in (letter.text, letter.html):
        assert "Tuesday, July 14" in form
        assert "5:00 PM EDT" in form
        assert "help@example.org" in form
        assert (LINK_MARK in form) == (kind in CARRIES_LINK)
    assert letter.subject
    assert "\n" not in letter.subject


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_markup_in_names_stays_text(kind: NoticeKind) -> None:
    letter = LETTERS.write(replace(CONTENT, kind=kind))

    assert "Ann &amp; Bob &lt;Home&gt;" in letter.html
    assert "Ann & Bob <Home>" in letter.text


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_html_has_a_language_a_title_and_one_heading(kind: NoticeKind) -> None:
    html = LETTERS.write(replace(CONTENT, kind=kind)).html

    assert '<html lang="en">' in html
    assert "<title>Peak event</title>" in html
    assert html.count("<h1") == 1


def test_an_unknown_cost_is_not_made_up() -> None:
    letter = LETTERS.write(replace(CONTENT, cost=None))

    assert "counts 0 kW. There is no other penalty." in letter.text
    assert "Estimated" not in letter.text + letter.html


def test_a_forecast_that_is_not_known_is_left_out() -> None:
    part = replace(PART, soc_end_pct=None, ready_at=None, departure_at=None)

    letter = LETTERS.write(replace(CONTENT, parts=(part,)))

    assert "battery at the end" not in letter.text + letter.html
    assert "by about" not in letter.text + letter.html


def test_several_vehicles_add_up() -> None:
    letter = LETTERS.write(replace(CONTENT, parts=(PART, PART)))

    assert "57.6 kWh at up to 19.2 kW from your vehicles" in letter.text


def test_a_test_says_that_it_is_one() -> None:
    letter = LETTERS.write(replace(CONTENT, test=True))

    assert letter.subject.startswith("[Test] ")
    assert "Test event" in letter.html


def test_a_cancelled_event_gives_its_reason() -> None:
    letter = LETTERS.write(
        replace(CONTENT, kind=NoticeKind.CANCELLED, cancel_reason="storm <watch>")
    )

    assert "Reason given: storm <watch>" in letter.text
    assert "Reason given: storm &lt;watch&gt;" in letter.html


def test_the_result_says_what_was_given_and_why_not_more() -> None:
    letter = LETTERS.write(replace(CONTENT, kind=NoticeKind.RESULT, results=(RESULT,)))

    assert "gave 20.1 of 28.8 kWh planned" in letter.text
    assert "8.7 kWh less: the battery had reached" in letter.text
    assert "could not find out" not in letter.text


def test_every_reason_has_words() -> None:
    assert set(REASONS) == {reason.value for reason in UNDELIVERED}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.04, "0"), (-0.01, "0"), (7.6, "7.6"), (28.0, "28"), (1234.56, "1,234.6")],
)
def test_figures_are_short(value: float, expected: str) -> None:
    assert number(value) == expected


def test_times_are_local_and_name_their_zone() -> None:
    winter = datetime(2026, 1, 5, 0, 5, tzinfo=BOSTON)

    assert clock(winter) == "12:05 AM EST"
    assert day(winter) == "Monday, January 5"


def test_another_currency_is_named() -> None:
    cost = OptOutCost(45, Decimal(59), Decimal(2640), "EUR")

    assert money(cost, "season") == "EUR 2,640"
