"""What a station was asked to say is expected of it, for a while (B02.FR.02)."""

import asyncio

import pytest

from csms.blocks.prompting import LASTING_S, Prompts
from csms.blocks.remote_control import StationRemote
from csms.domain.ids import StationId
from csms.ocpp.link import Priority
from csms.ocpp.messages.remote_control import (
    TRIGGER_MESSAGE,
    MessageTrigger,
    TriggerMessageRequest,
)
from csms.ocpp.wire import Edition
from tests.fakes.link import FakeLink

STATION, OTHER = StationId("MA-TEST-01"), StationId("MA-TEST-02")
EMPTY = {"status": "EmptyResultSet"}


@pytest.mark.parametrize(
    ("action", "requested", "expected"),
    [
        ("TriggerMessage", "Heartbeat", "Heartbeat"),
        ("TriggerMessage", "SignV2GCertificate", "SignCertificate"),
        ("GetBaseReport", "", "NotifyReport"),
        ("GetReport", "", "NotifyReport"),
        ("GetChargingProfiles", "", "ReportChargingProfiles"),
    ],
)
async def test_what_was_asked_for_is_expected_for_a_while(
    action: str, requested: str, expected: str
) -> None:
    prompts = Prompts()
    assert not prompts.expects(STATION, expected)

    prompts.asked(STATION, action, requested)

    assert prompts.expects(STATION, expected)
    assert not prompts.expects(OTHER, expected)
    assert not prompts.expects(STATION, "MeterValues")
    await asyncio.sleep(LASTING_S)
    assert not prompts.expects(STATION, expected)


async def test_other_questions_prompt_nothing() -> None:
    prompts = Prompts()

    prompts.asked(STATION, "Reset")
    prompts.asked(STATION, "TriggerMessage")

    assert not prompts.expects(STATION, "")
    assert not prompts.expects(STATION, "BootNotification")


async def test_every_question_is_noted_on_its_way() -> None:
    prompts = Prompts()
    link = FakeLink({"TriggerMessage": {"status": "Accepted"}, "GetReport": EMPTY})
    find = prompts.noting(lambda station: link if station == STATION else None)

    way = find(STATION)
    assert way is not None
    assert (way.station, way.edition) == (STATION, Edition.V21)
    assert find(OTHER) is None
    assert (await StationRemote(find).trigger(STATION, "Heartbeat")).accepted
    assert prompts.expects(STATION, "Heartbeat")
    assert not prompts.expects(STATION, "NotifyReport")

    answer = await way.ask_raw(
        "GetReport", {"requestId": 1}, priority=Priority.CANCEL, patience=7
    )
    assert answer == EMPTY
    assert link.patient[-1] == 7
    assert prompts.expects(STATION, "NotifyReport")
    assert link.asked[1] == ("GetReport", {"requestId": 1}, Priority.CANCEL)

    raw = {"requestedMessage": "LogStatusNotification"}
    await way.ask_raw("TriggerMessage", raw)
    assert prompts.expects(STATION, "LogStatusNotification")


async def test_a_question_keeps_its_urgency_and_its_patience() -> None:
    link = FakeLink({"TriggerMessage": {"status": "Accepted"}})
    way = Prompts().noting(lambda _: link)(STATION)
    request = TriggerMessageRequest(requested_message=MessageTrigger.HEARTBEAT)

    assert way is not None
    await way.ask(
        TRIGGER_MESSAGE, request, priority=Priority.SETPOINT, patience=3, expires=4
    )

    assert (link.asked[0][2], link.patient, link.expiring) == (
        Priority.SETPOINT,
        [3],
        [4],
    )
