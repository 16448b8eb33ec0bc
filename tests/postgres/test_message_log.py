import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from csms.db.engine import connect_raw
from csms.db.message_log import MOST_CHARACTERS, MessageLog, MessageLogLimits
from csms.domain.ids import StationId
from csms.services.ports.telemetry import MessageFilter, MessageLogView
from tests.fakes.clock import DAWN, ManualClock

pytestmark = pytest.mark.postgres

STATION, OTHER = StationId("MA-1"), StationId("MA-2")
CALL = '[2,"m-1","Heartbeat",{}]'
ANSWER = '[3,"m-1",{"currentTime":"2026-07-13T23:30:00Z"}]'


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def message_log(database: str, clock: ManualClock) -> AsyncIterator[MessageLog]:
    message_log = MessageLog(database, clock)
    yield message_log
    await message_log.close()


async def partitions(database: str) -> list[str]:
    connection = await connect_raw(database)
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relname LIKE 'message\\_log\\_2%'"
        " AND relkind = 'r' ORDER BY relname"
    )
    await connection.close()
    return [row["relname"] for row in rows]


async def test_a_frame_is_found_again_as_it_was(message_log: MessageLog) -> None:
    message_log.record(STATION, "in", CALL)
    await message_log.flush()

    (found,) = await message_log.find(MessageFilter())

    assert (found.station, found.direction, found.kind) == (STATION, "in", 2)
    assert (found.message_id, found.action) == ("m-1", "Heartbeat")
    assert (found.at, found.text) == (DAWN, CALL)


async def test_an_answer_bears_the_action_of_its_call(message_log: MessageLog) -> None:
    view: MessageLogView = message_log
    message_log.record(STATION, "in", CALL)
    message_log.record(OTHER, "out", ANSWER)
    message_log.record(STATION, "out", ANSWER)
    await message_log.flush()

    call, answer = await view.exchange(STATION, "m-1")

    assert (call.text, answer.text) == (CALL, ANSWER)
    assert answer.action == "Heartbeat"
    assert (await view.find(MessageFilter(station=OTHER)))[0].action == ""


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (MessageFilter(station=STATION), [4, 2, 0]),
        (MessageFilter(direction="out"), [3, 1]),
        (MessageFilter(action="Heartbeat"), [4, 2, 0]),
        (MessageFilter(message_id="m-3"), [3]),
        (MessageFilter(text="B_%"), [1]),
        (MessageFilter(since=DAWN + timedelta(hours=3)), [4, 3]),
        (MessageFilter(until=DAWN + timedelta(hours=1)), [0]),
    ],
)
async def test_frames_are_filtered(
    message_log: MessageLog,
    clock: ManualClock,
    wanted: MessageFilter,
    expected: list[int],
) -> None:
    for number in range(5):
        action = "Reset" if number % 2 else "Heartbeat"
        body = '{"x":"b_%"}' if number == 1 else "{}"
        message_log.record(
            OTHER if number % 2 else STATION,
            "out" if number % 2 else "in",
            f'[2,"m-{number}","{action}",{body}]',
        )
        clock.jump_to(DAWN + timedelta(hours=number + 1))
    await message_log.flush()

    found = await message_log.find(wanted)

    assert [int(one.message_id.removeprefix("m-")) for one in found] == expected


async def test_pages_follow_one_another_without_gap(message_log: MessageLog) -> None:
    for number in range(7):
        message_log.record(STATION, "in", f'[2,"m-{number}","Heartbeat",{{}}]')
    await message_log.flush()

    seen: list[str] = []
    before: int | None = None
    while page := await message_log.find(
        MessageFilter(station=STATION), before=before, limit=3
    ):
        seen += [one.message_id for one in page]
        before = page[-1].id

    assert seen == [f"m-{number}" for number in reversed(range(7))]


@pytest.mark.parametrize("text", ["", "no json \0 at all", "[9]", '[2,"', "[" * 999])
async def test_what_is_no_frame_is_kept_all_the_same(
    message_log: MessageLog, text: str
) -> None:
    message_log.record(STATION, "in", text)
    await message_log.flush()

    (found,) = await message_log.find(MessageFilter())

    assert found.kind == 0
    assert found.text == text.replace("\0", "\ufffd")


async def test_a_very_long_frame_is_cut(message_log: MessageLog) -> None:
    message_log.record(STATION, "in", "x" * (MOST_CHARACTERS + 1))
    await message_log.flush()

    (found,) = await message_log.find(MessageFilter())

    assert found.text.endswith(f"({MOST_CHARACTERS + 1} characters)")


async def test_a_full_queue_drops_and_counts(database: str, clock: ManualClock) -> None:
    message_log = MessageLog(database, clock, MessageLogLimits(queue=2))
    for _ in range(5):
        message_log.record(STATION, "in", CALL)

    assert (message_log.waiting, message_log.dropped) == (2, 3)
    assert await message_log.flush() == 2
    await message_log.close()


async def test_days_are_made_ahead_and_dropped_when_old(
    database: str, clock: ManualClock
) -> None:
    message_log = MessageLog(database, clock, MessageLogLimits(days=1))
    await message_log.tidy()
    assert await partitions(database) == [
        "message_log_20260713",
        "message_log_20260714",
        "message_log_20260715",
    ]

    clock.jump_to(DAWN + timedelta(days=2))
    await message_log.tidy()

    assert await partitions(database) == [
        "message_log_20260714",
        "message_log_20260715",
        "message_log_20260716",
        "message_log_20260717",
    ]
    await message_log.close()


async def test_too_much_is_dropped_by_whole_days_but_never_today(
    database: str, clock: ManualClock
) -> None:
    message_log = MessageLog(database, clock, MessageLogLimits(megabytes=0))
    message_log.record(STATION, "in", CALL)
    await message_log.flush()
    clock.jump_to(DAWN + timedelta(days=1))
    message_log.record(STATION, "in", ANSWER)
    await message_log.flush()

    await message_log.tidy()

    assert "message_log_20260713" not in await partitions(database)
    assert [one.text for one in await message_log.find(MessageFilter())] == [ANSWER]
    await message_log.close()


async def test_a_day_nobody_prepared_is_made_on_the_way(
    message_log: MessageLog, clock: ManualClock
) -> None:
    await message_log.flush()
    clock.jump_to(DAWN + timedelta(days=30))
    message_log.record(STATION, "in", CALL)

    assert await message_log.flush() == 1


async def test_frames_wait_while_the_database_is_away(
    database: str, clock: ManualClock
) -> None:
    away = True

    async def connect() -> object:
        if away:
            raise ConnectionRefusedError
        return await connect_raw(database)

    message_log = MessageLog(database, clock, connect=connect)  # type: ignore[arg-type]
    message_log.record(STATION, "in", CALL)
    task = asyncio.create_task(message_log.run())
    await asyncio.sleep(0.4)
    assert (message_log.waiting, message_log.dropped) == (1, 0)

    away = False
    await asyncio.sleep(0.6)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert message_log.written == 1


async def test_what_is_left_is_written_at_the_end(
    message_log: MessageLog,
) -> None:
    task = asyncio.create_task(message_log.run())
    await asyncio.sleep(0)
    message_log.record(STATION, "in", CALL)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert message_log.written == 1
