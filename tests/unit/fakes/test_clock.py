import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.fakes.clock import DAWN, ManualClock

if TYPE_CHECKING:
    from csms.clock import Clock


async def test_sleepers_wake_in_the_order_of_their_instants() -> None:
    manual = ManualClock()
    clock: Clock = manual
    woken: list[tuple[int, timedelta]] = []

    async def sleep(hours: int) -> None:
        await clock.sleep_until(DAWN + timedelta(hours=hours))
        woken.append((hours, clock.now() - DAWN))

    async with asyncio.TaskGroup() as tasks:
        for hours in (3, 1, 2):
            tasks.create_task(sleep(hours))
        await manual.advance(timedelta(hours=2, minutes=30))
        assert woken == [(1, timedelta(hours=1)), (2, timedelta(hours=2))]
        await manual.advance(timedelta(hours=1))

    assert woken[-1] == (3, timedelta(hours=3))
    assert clock.now() == DAWN + timedelta(hours=3, minutes=30)


async def test_a_sleeper_may_sleep_again_within_one_advance(
    manual_clock: ManualClock,
) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await manual_clock.sleep_until(manual_clock.now() + timedelta(minutes=1))
            ticks += 1

    task = asyncio.create_task(tick())
    await manual_clock.advance(timedelta(minutes=10))
    task.cancel()

    assert ticks == 10


async def test_an_hour_of_transport_time_takes_no_time() -> None:
    loop = asyncio.get_running_loop()
    before = loop.time()

    await asyncio.sleep(3600)

    assert loop.time() - before == 3600
