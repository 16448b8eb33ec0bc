"""Work beside what asked for it."""

import asyncio

import pytest

from csms.services.errands import Errands


async def _wait(done: list[str], name: str, seconds: float = 1) -> None:
    await asyncio.sleep(seconds)
    done.append(name)


class TestErrands:
    """``Errands``."""

    async def test_all_that_was_begun_is_done_though_one_failed(self) -> None:
        errands, done = Errands("test"), list[str]()

        async def fail() -> None:
            raise ValueError

        errands.begin(_wait(done, "first"))
        errands.begin(fail())
        errands.begin(_wait(done, "second", 2))
        await errands.idle()

        assert done == ["first", "second"]

    async def test_what_is_under_way_ends_with_the_worker(self) -> None:
        errands, done = Errands("test"), list[str]()
        worker = asyncio.create_task(errands.run())
        errands.begin(_wait(done, "late", 60))
        await asyncio.sleep(1)

        worker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await worker
        await asyncio.sleep(120)

        assert done == []
