"""Block O: messages on screens, as stations report them."""

import asyncio

import pytest

from csms.blocks.display import DisplayReports, StationDisplays, info_of, message_from
from csms.domain.display import (
    Priority,
    ScreenMessage,
    ScreenState,
    ScreenText,
    TextFormat,
)
from csms.ocpp.messages.display import MessageInfo, NotifyDisplayMessagesRequest
from csms.services.ports.displays import DisplayQuery, DisplayReport
from tests.asking import HOUR, NOW, STATION, TX, YES
from tests.fakes.link import FakeLink

MESSAGES = [
    ScreenMessage(
        3,
        (ScreenText("Hello", "en"), ScreenText("Salut", "", TextFormat.HTML)),
        Priority.IN_FRONT,
        ScreenState.IDLE,
        NOW,
        NOW + HOUR,
        TX,
        "left",
    ),
    ScreenMessage(4, (ScreenText("Hello", "en"),)),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_nothing_is_lost_on_the_way(message: ScreenMessage) -> None:
    assert message_from(MessageInfo.read(info_of(message).write())) == message


def part(
    number: int, message: ScreenMessage, **more: bool
) -> NotifyDisplayMessagesRequest:
    said = {"requestId": number, "messageInfo": [info_of(message).write()], **more}
    return NotifyDisplayMessagesRequest.read(said)


async def test_parts_come_until_the_last() -> None:
    """O03.FR.02, O04.FR.03."""
    reports, link = DisplayReports(), FakeLink({"GetDisplayMessages": YES})
    displays = StationDisplays(lambda _: link, reports, 1.0)
    query = DisplayQuery((3, 4), Priority.IN_FRONT, ScreenState.IDLE)
    asking = asyncio.create_task(displays.report(STATION, query))
    await asyncio.sleep(0.1)
    ((_, asked, _),) = link.asked
    number = asked.pop("requestId")
    assert asked == {"id": [3, 4], "priority": "InFront", "state": "Idle"}

    assert reports.take(STATION, part(number, MESSAGES[0], tbc=True))
    await asyncio.sleep(0.1)
    assert not asking.done()
    assert reports.take(STATION, part(number, MESSAGES[1]))

    assert await asking == DisplayReport("Accepted", tuple(MESSAGES))
    assert not reports.take(STATION, part(number, MESSAGES[1]))


async def test_what_does_not_come_is_not_waited_for_any_longer() -> None:
    reports, link = DisplayReports(), FakeLink({"GetDisplayMessages": YES})
    displays = StationDisplays(lambda _: link, reports, 1.0)

    assert await displays.report(STATION, DisplayQuery()) == DisplayReport(
        "Accepted", complete=False
    )
    assert list(link.asked[0][1]) == ["requestId"]


async def test_who_shows_a_message_says_how_long_it_may_take() -> None:
    link = FakeLink({"SetDisplayMessage": YES, "ClearDisplayMessage": YES})
    displays = StationDisplays(lambda _: link, DisplayReports())

    await displays.show(STATION, MESSAGES[1], patience_s=3)
    await displays.clear(STATION, 4, patience_s=4)
    await displays.clear(STATION, 4)

    assert link.patient == link.expiring == [3, 4, None]


async def test_none_is_none() -> None:
    link = FakeLink({"GetDisplayMessages": {"status": "Unknown"}})
    displays = StationDisplays(lambda _: link, DisplayReports(), 1.0)

    assert await displays.report(STATION, DisplayQuery()) == DisplayReport("Unknown")
