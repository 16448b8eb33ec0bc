from zoneinfo import ZoneInfo

import pytest

from csms.cli.failures import ExitCode, Failed
from csms.cli.moments import instant, span

BOSTON = "America/New_York"


@pytest.mark.parametrize(
    "said", ["2026-07-14T17:00", "2026-07-14 17:00", "2026-07-14T21:00Z"]
)
def test_a_time_without_an_offset_is_local_to_the_zone(said: str) -> None:
    assert instant(said, "--from", ZoneInfo(BOSTON)) == "2026-07-14T21:00:00+00:00"


def test_no_time_stays_none() -> None:
    assert instant(None, "--from") is None


def test_an_end_that_is_only_a_time_is_on_the_day_of_the_start() -> None:
    window = span("2026-07-14T17:00", "20:00", None, BOSTON)

    assert window == ("2026-07-14T21:00:00+00:00", "2026-07-15T00:00:00+00:00")


def test_hours_stand_for_an_end() -> None:
    window = span("2026-07-14T17:00", None, 2.5, BOSTON)

    assert window[1] == "2026-07-14T23:30:00+00:00"


def test_an_event_over_the_change_of_clocks_lasts_its_hours() -> None:
    window = span("2026-11-01T00:30", None, 3, BOSTON)

    assert window == ("2026-11-01T04:30:00+00:00", "2026-11-01T07:30:00+00:00")


@pytest.mark.parametrize(
    ("end", "hours"), [(None, None), ("20:00", 3.0)], ids=["neither", "both"]
)
def test_an_event_has_exactly_one_end(end: str | None, hours: float | None) -> None:
    with pytest.raises(Failed) as raised:
        span("2026-07-14T17:00", end, hours, BOSTON)

    assert raised.value.code is ExitCode.USAGE
    assert raised.value.field == "--end"


@pytest.mark.parametrize("said", ["tomorrow", "17:00", "25:99", "", "2026-13-01"])
def test_what_is_no_time_names_its_option_and_a_remedy(said: str) -> None:
    with pytest.raises(Failed) as raised:
        instant(said, "--from")

    assert raised.value.code is ExitCode.USAGE
    assert raised.value.field == "--from"
    assert raised.value.remedy
