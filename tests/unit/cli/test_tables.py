import json
import os
import time
from collections.abc import Iterator

import pytest
from rich.table import Table

from csms.cli.tables import (
    NOTHING,
    figure,
    harmless,
    listing,
    local,
    moment,
    number,
    on_stdout,
    show,
    show_json,
    table,
    text,
    word,
)

COLUMNS = (text("station", "id"), number("kW", "power_w", 1, 0.001))
ROWS = [{"id": "A", "power_w": -7600}, {"id": "B", "power_w": 1_234_500}]


@pytest.fixture
def in_boston(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    assert os.environ.get("TZ") == before
    time.tzset()


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (1234.5, 1, "1,234.5"),
        (-0.04, 1, "0.0"),
        (-7.6, 1, "-7.6"),
        (0, 0, "0"),
        (1e6, 0, "1,000,000"),
    ],
)
def test_figures_have_thousands_and_no_minus_before_a_zero(
    value: float, digits: int, shown: str
) -> None:
    assert figure(value, digits) == shown


def test_an_instant_is_shown_in_the_zone_of_its_site() -> None:
    shown = local("2026-07-14T21:00:00Z", "America/New_York")

    assert shown == "Tue 2026-07-14 17:00 EDT"


@pytest.mark.usefixtures("in_boston")
def test_an_instant_without_a_site_is_shown_in_the_zone_of_the_machine() -> None:
    assert local("2026-01-14T21:00:00Z") == "Wed 2026-01-14 16:00 EST"


def test_no_instant_is_a_dash() -> None:
    assert local(None) == NOTHING


def test_seconds_are_shown_where_they_matter() -> None:
    column = moment("at", "at", seconds=True)

    shown = column.cell({"at": "2026-07-14T21:00:07Z", "timezone": "UTC"})

    assert shown == "Tue 2026-07-14 21:00:07 UTC"


def test_numbers_stand_at_the_right_and_words_at_the_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(table("Stations", COLUMNS, ROWS))

    lines = capsys.readouterr().out.splitlines()
    assert lines[-3] == "  A            -7.6"
    assert lines[-2] == "  B         1,234.5"


def test_what_is_unknown_is_a_dash_and_not_a_zero() -> None:
    assert COLUMNS[1].cell({"id": "A", "power_w": None}) == NOTHING


def test_nothing_to_show_says_what_to_do_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(listing("Stations", COLUMNS, [], "Import a registry."))

    assert capsys.readouterr().out == "Import a registry.\n"


def test_a_narrow_terminal_spares_columns_and_names_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "34")
    columns = (
        text("id", "id"),
        text("make", "make").spared(1),
        text("site", "site").spared(2),
        text("state", "state"),
    )
    row = {"id": "A" * 8, "make": "M" * 8, "site": "S" * 12, "state": "on"}

    made = table("", columns, [row])

    assert [str(each.header) for each in made.columns] == ["id", "make", "state"]
    assert str(made.caption).endswith("site")


def test_what_cannot_be_spared_stays_however_narrow_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "10")

    made = table("", COLUMNS, ROWS)

    assert isinstance(made, Table)
    assert len(made.columns) == 2
    assert made.caption is None


def test_texts_of_stations_cannot_steer_the_terminal() -> None:
    said = "\x1b[31mred\x07\u202e\x9b1m"

    assert harmless(said) == "\ufffd[31mred\ufffd\ufffd\ufffd1m"
    assert str(word(said)) == harmless(said)


def test_a_text_that_looks_like_markup_is_shown_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(table("", [text("name", "name")], [{"name": "[bold]x[/bold]"}]))

    assert "[bold]x[/bold]" in capsys.readouterr().out


def test_json_can_be_read_back_and_steers_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = {"name": "Zoë", "odd": "\x9b1m\x1b[0m\u202e"}

    show_json(document)

    said = capsys.readouterr().out
    assert json.loads(said) == document
    assert "Zoë" in said
    assert "\x9b" not in said
    assert "\u202e" not in said


def test_no_color_leaves_no_escape_even_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "")

    assert on_stdout().no_color


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, NOTHING),
        ("", NOTHING),
        (True, "yes"),
        (False, "no"),
        (3, "3"),
        (2.25, "2.2"),
        (["a", "b"], "a, b"),
        ([], NOTHING),
        ({"role": "viewer"}, "role viewer"),
    ],
)
def test_values_are_shown_as_people_read_them(value: object, shown: str) -> None:
    assert str(word(value)) == shown
