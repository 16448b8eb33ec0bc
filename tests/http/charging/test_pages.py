"""The station page of the console: schedules and grid controls."""

from datetime import timedelta

import pytest

from csms.console.charging import charging_view, steps_of, words_of
from csms.domain.interval import Interval
from csms.domain.profile import OperationMode, Period, RateUnit
from tests.http.bay import TX, bay_on
from tests.http.nodes import Stage


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (Period(0), "unbounded"),
        (Period(0, limit=7000), "takes up to 7.0 kW"),
        (
            Period(0, setpoint=-5000, mode=OperationMode.CENTRAL_SETPOINT),
            "gives 5.0 kW",
        ),
        (Period(0, mode=OperationMode.IDLE), "stands still"),
        (
            Period(0, discharge_limit=-2000, mode=OperationMode.EXTERNAL_LIMITS),
            "gives up to 2.0 kW (ExternalLimits)",
        ),
    ],
)
def test_a_period_in_words(period: Period, words: str) -> None:
    assert words_of(period, RateUnit.WATTS) == words


@pytest.mark.postgres
async def test_the_page_shows_what_is_held_and_what_results(peopled: Stage) -> None:
    bay = bay_on(peopled)
    body = {
        "id": 200,
        "evse": 1,
        "purpose": "TxProfile",
        "stack_level": 1,
        "start": "2026-07-13T23:30:00Z",
        "transaction": TX,
        "periods": [{"limit": 7000}],
    }
    await bay.done("POST", "/charging-profiles", body)
    limit = {"kind": "LimitMaxDischarge", "priority": 1, "body": {"percent": 50}}
    await bay.done("PUT", "/der-controls/c", limit)

    view = await charging_view(peopled.node, bay.evse.station)

    assert [each.words for each in view.steps[1]] == ["takes up to 7.0 kW"]
    assert [(each.profile_id, standing) for each, standing in view.profiles] == [
        (200, "unreported")
    ]
    assert [each.control.id for each in view.controls] == ["c"]
    now = peopled.clock.now()
    window = Interval(now, now + timedelta(hours=1))
    found = peopled.node.composites.composite(bay.evse, window)
    assert steps_of(found)[0].at == now
