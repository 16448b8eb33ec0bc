"""Workers under supervision: they come back, and one falls without the others."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from csms.bootstrap.workers import Workers


class Stumbling:
    """Falls over so many times, and then works for ever."""

    def __init__(self, falls: int, lasts: float = 0.0) -> None:
        self.left, self.lasts = falls, lasts
        self.begun: list[float] = []
        self.ended = False

    async def run(self) -> None:
        self.begun.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.lasts)
        if self.left > 0:
            self.left -= 1
            raise RuntimeError("stumbled")
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers()
    yield made
    await made.stop()


async def test_a_worker_runs_until_it_is_stopped(workers: Workers) -> None:
    worker = Stumbling(0)
    workers.start({"one": worker.run})
    await asyncio.sleep(3600)
    await workers.stop()

    assert len(worker.begun) == 1
    assert worker.ended
    assert workers.falls == {"one": 0}


async def test_a_worker_that_falls_over_comes_back_later_each_time(
    workers: Workers,
) -> None:
    worker = Stumbling(3)
    workers.start({"one": worker.run})
    await asyncio.sleep(100)

    rests = [b - a for a, b in zip(worker.begun, worker.begun[1:], strict=False)]
    assert [round(each) for each in rests] == [1, 2, 4]
    assert workers.falls == {"one": 3}


async def test_its_rest_is_bounded(workers: Workers) -> None:
    worker = Stumbling(12)
    workers.start({"one": worker.run})
    await asyncio.sleep(1000)

    assert len(worker.begun) == 13
    assert worker.begun[-1] - worker.begun[-2] == pytest.approx(30)


async def test_after_a_long_life_a_fall_is_a_first_one_again(workers: Workers) -> None:
    worker = Stumbling(3, lasts=31)
    workers.start({"one": worker.run})
    await asyncio.sleep(1000)

    rests = [b - a - 31 for a, b in zip(worker.begun, worker.begun[1:], strict=False)]
    assert [round(each) for each in rests] == [1, 1, 1]


async def test_who_rests_is_told_and_why(workers: Workers) -> None:
    workers.start({"one": Stumbling(1).run, "two": Stumbling(0).run})
    await asyncio.sleep(0.5)
    assert workers.resting == {"one": "RuntimeError: stumbled"}
    await asyncio.sleep(1)

    assert workers.resting == {}


async def test_one_that_falls_does_not_stop_the_others(workers: Workers) -> None:
    good = Stumbling(0)
    workers.start({"bad": Stumbling(10**6).run, "good": good.run})
    await asyncio.sleep(500)

    assert not good.ended
    assert workers.falls["bad"] > 10
    assert workers.falls["good"] == 0


async def test_they_end_in_the_opposite_order(workers: Workers) -> None:
    ended: list[str] = []

    def named(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
        async def run() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(1)
                ended.append(name)

        return run

    workers.start({"first": named("first"), "second": named("second")})
    await asyncio.sleep(1)
    await workers.stop()

    assert ended == ["second", "first"]


async def test_one_that_is_done_is_not_started_again(workers: Workers) -> None:
    begun: list[int] = []

    async def once() -> None:
        begun.append(1)

    workers.start({"one": once})
    await asyncio.sleep(100)

    assert begun == [1]
    assert workers.resting == {}
