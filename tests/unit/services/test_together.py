"""Many things at once, but not all."""

import asyncio

from csms.services.together import together


class TestTogether:
    """``together``."""

    async def test_what_came_of_each_stands_in_the_order_of_the_things(self) -> None:
        async def slowest_first(number: int) -> int:
            await asyncio.sleep(10 - number)
            return number * number

        assert await together([1, 2, 3], slowest_first, at_once=3) == [1, 4, 9]

    async def test_no_more_than_so_many_at_a_time_and_the_first_begin_first(
        self,
    ) -> None:
        running, most, begun = 0, 0, list[int]()

        async def count(number: int) -> None:
            nonlocal running, most
            begun.append(number)
            running += 1
            most = max(most, running)
            await asyncio.sleep(number % 3)
            running -= 1

        await together(range(20), count, at_once=4)

        assert most == 4
        assert begun == list(range(20))

    async def test_one_that_is_silent_holds_up_no_other(self) -> None:
        done = []

        async def ask(name: str) -> None:
            await asyncio.sleep(60 if name == "silent" else 1)
            done.append((name, asyncio.get_running_loop().time() - began))

        began = asyncio.get_running_loop().time()
        await together(["silent", "prompt", "quick"], ask, at_once=2)

        assert done == [("prompt", 1), ("quick", 2), ("silent", 60)]
