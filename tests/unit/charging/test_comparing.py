"""Our composite schedule held against a station's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from csms.charging.comparing import Difference, differences
from csms.domain.ids import EvseId, StationId
from csms.domain.profile import Composite, OperationMode, Period, RateUnit

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)
EVSE = EvseId(StationId("MA-TEST-01"), 1)
HOUR = timedelta(hours=1)


def a_composite(*periods: Period, start: datetime = NOON) -> Composite:
    return Composite(EVSE, start, 4 * HOUR, RateUnit.WATTS, periods)


OURS = a_composite(Period(0, limit=7_000), Period(3600, limit=3_000))


def test_what_says_the_same_differs_nowhere() -> None:
    blurred = a_composite(Period(0, limit=7_000.4), Period(3600, limit=3_000))

    assert differences(OURS, blurred) == ()
    assert differences(OURS, replace(OURS, start=NOON)) == ()


def test_a_difference_has_its_stretch() -> None:
    theirs = a_composite(Period(0, limit=7_000))

    assert differences(OURS, theirs) == (
        Difference(NOON + HOUR, NOON + 4 * HOUR, "limit", 3_000, 7_000),
    )


def test_only_what_both_cover_is_compared() -> None:
    later = a_composite(Period(0, limit=3_000), start=NOON + HOUR)

    assert differences(OURS, later) == ()


@pytest.mark.parametrize("limit", [32_000, 999_999, None])
def test_a_great_limit_is_none(limit: float | None) -> None:
    free = a_composite(Period(0, limit=limit))

    assert differences(a_composite(Period(0)), free) == ()


def test_standing_still_is_standing_still() -> None:
    idle = a_composite(Period(0, mode=OperationMode.IDLE))

    assert differences(idle, a_composite(Period(0, limit=0))) == ()
    (found,) = differences(idle, a_composite(Period(0, limit=500)))
    assert (found.name, found.ours, found.theirs) == ("mode", "Idle", "ChargingOnly")


def test_another_direction_is_seen() -> None:
    back = Period(0, setpoint=-5_000, mode=OperationMode.CENTRAL_SETPOINT)

    found = differences(a_composite(back), a_composite(Period(0, limit=11_000)))

    assert {each.name for each in found} == {"limit", "setpoint"}
