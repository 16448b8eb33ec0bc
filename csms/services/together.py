"""Work on many things at once, of which one that is slow holds up no other."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def together(
    things: Iterable[T], do: Callable[[T], Awaitable[R]], *, at_once: int
) -> Sequence[R]:
    """Do something with each thing, and return what came of it, in their order.

    Args:
        things: What it is done with; the first of them begin first.
        do: What is done.
        at_once: With how many at a time.
    """
    room = asyncio.Semaphore(at_once)

    async def one(thing: T) -> R:
        async with room:
            return await do(thing)

    return await asyncio.gather(*map(one, things))
