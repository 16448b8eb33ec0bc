"""How monitors are portioned, and how results find what they are about."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from csms.blocks.monitors import ENVELOPE, StationMonitors, portions
from csms.domain.ids import StationId
from csms.domain.monitor import MonitorKind, MonitorSetting
from csms.domain.station import VariableKey
from csms.services.ports.monitors import MessageLimits
from tests.fakes.link import FakeLink
from tests.proving import proves

STATION = StationId("MA-TEST-01")


def a_setting(number: int, name: str = "Power") -> MonitorSetting:
    key = VariableKey("EVSE", name, evse=number)
    return MonitorSetting(key, MonitorKind.DELTA, 1.0, 8)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(1, 60), max_size=40),
    st.one_of(st.none(), st.integers(1, 9)),
    st.one_of(st.none(), st.integers(60, 200)),
)
def test_portions_hold_everything_in_order_and_within_the_limits(
    sizes: list[int], items: int | None, room: int | None
) -> None:
    size = None if room is None else ENVELOPE + room
    found = portions(sizes, MessageLimits(items, size), lambda each: each)

    assert [each for portion in found for each in portion] == sizes
    assert all(found)
    for portion in found:
        assert items is None or len(portion) <= items
        assert size is None or ENVELOPE + sum(portion) <= size


def taken(asked: dict[str, Any]) -> dict[str, Any]:
    kept = ("type", "component", "variable", "severity")
    results = [
        {name: each[name] for name in kept} | {"status": "Accepted", "id": 1}
        for each in asked["setMonitoringData"]
    ]
    return {"setMonitoringResult": results}


@proves("N04.FR.09")
async def test_no_message_is_longer_than_the_station_takes() -> None:
    link = FakeLink({"SetVariableMonitoring": taken})
    wire = StationMonitors(lambda _: link)
    limits = MessageLimits(None, 700)
    wanted = [a_setting(number, "P" * number) for number in range(1, 20)]

    for portion in wire.chunks(wanted, limits):
        await wire.set(STATION, portion)

    frames = [[2, "0" * 36, action, payload] for action, payload, _ in link.asked]
    assert len(frames) > 2
    assert all(len(to_json(frame)) <= 700 for frame in frames)
    with pytest.raises(ValueError, match="takes"):
        wire.chunks([a_setting(1, "P" * 50)], MessageLimits(None, 200))


async def test_results_find_their_monitor_whatever_their_order() -> None:
    def result(number: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        return {
            "component": {"name": "EVSE", "evse": {"id": number}},
            "variable": {"name": "Power"},
            "type": "Delta",
            "severity": 8,
            "status": "Accepted",
            **more,
        }

    answers = [
        result(2, id=22),
        result(9, id=99),
        result(1, status="Rejected", severity=3),
    ]
    link = FakeLink({"SetVariableMonitoring": {"setMonitoringResult": answers}})
    found = await StationMonitors(lambda _: link).set(
        STATION, [a_setting(1), a_setting(2), a_setting(3)]
    )

    assert [(each.status, each.id) for each in found] == [
        ("Rejected", None),
        ("Accepted", 22),
        ("NoResult", None),
    ]
