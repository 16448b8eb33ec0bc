"""Which of several orders counts, and what the vehicle itself allows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from csms.domain.event import Reason, Stage
from csms.domain.ids import EventId, EvseId, ParticipantId, StationId
from csms.domain.interval import Interval
from csms.domain.live import LiveEvse
from csms.domain.plan import Setpoint
from csms.domain.units import Power
from csms.services.orders import UNBOUNDED_W, foremost, vehicle_limit_w
from csms.services.ports.events import MemberOrder

EVSE = EvseId(StationId("S"), 1)
START = datetime(2026, 7, 14, 21, tzinfo=UTC)
NOW = START + timedelta(minutes=5)
WINDOW = Interval(START, START + timedelta(hours=3))
LATER = Interval(WINDOW.end, WINDOW.end + timedelta(hours=1))
ORDER = MemberOrder(
    event=EventId("b"),
    stage=Stage.ACTIVE,
    window=WINDOW,
    evse=EVSE,
    participant=ParticipantId("p"),
    setpoint=Setpoint(EVSE, WINDOW, Power(-10_000), "program"),
    floor_soc_pct=20.0,
    excluded=(),
    opted_out_at=None,
    released_at=None,
    release_reason=None,
    notified=True,
)


def order(event: str, **changes: Any) -> MemberOrder:  # noqa: ANN401
    return replace(ORDER, event=EventId(event), **changes)


@pytest.mark.parametrize(
    ("other", "wins"),
    [
        pytest.param(order("a", window=LATER), "b", id="what is on, not what is next"),
        pytest.param(order("a", stage=Stage.CANCELLED), "b", id="not called off"),
        pytest.param(order("a", stage=Stage.SETTLED), "b", id="not over"),
        pytest.param(order("a", excluded=(Reason.CHARGE_ONLY,)), "b", id="barred"),
        pytest.param(order("a", setpoint=None), "b", id="not idle"),
        pytest.param(order("a", opted_out_at=NOW), "a", id="a no counts for its time"),
        pytest.param(order("a", released_at=NOW), "a", id="so does a release"),
        pytest.param(order("a"), "a", id="the same for everybody"),
    ],
)
def test_one_order_counts_whatever_their_order(other: MemberOrder, wins: str) -> None:
    for orders in ([ORDER, other], [other, ORDER]):
        assert foremost(orders, NOW)[EVSE].event == wins


def test_an_event_that_is_over_makes_way_for_the_next() -> None:
    following = order("a", window=LATER)

    assert foremost([ORDER, following], WINDOW.end)[EVSE] is following


def test_orders_of_other_evses_are_their_own() -> None:
    other = replace(ORDER, evse=EvseId(StationId("S"), 2))

    assert len(foremost([ORDER, other], NOW)) == 2


@pytest.mark.parametrize(
    ("said", "watts"),
    [
        pytest.param(None, UNBOUNDED_W, id="nothing"),
        pytest.param({}, UNBOUNDED_W, id="no word of it"),
        pytest.param({"maxDischargePower": 9_600.0}, 9_600, id="power"),
        pytest.param({"maxDischargePower": 0}, 0, id="none"),
        pytest.param({"maxDischargePower": "much"}, UNBOUNDED_W, id="nonsense"),
        pytest.param(
            {"maxDischargePower": 3_000, "maxDischargePower_L2": 2_000},
            5_000,
            id="by phase",
        ),
    ],
)
def test_a_vehicle_gives_what_it_says(said: object, watts: int) -> None:
    needs = None if said is None else {"v2xChargingParameters": said}

    assert vehicle_limit_w(LiveEvse(EVSE, ev_needs=needs)) == watts
