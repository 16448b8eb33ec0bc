"""What concerns one station happens one after the other, in the order of asking."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from csms.domain.ids import StationId


class Turns:
    """One queue of work per station; stations do not wait for one another.

    Without it, a slow note that a station has left could overtake the note that it
    is back, and the station would seem gone while it is here.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[StationId, asyncio.Task[None]] = {}

    def take(
        self, station: StationId, work: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        """Begin the work as soon as the station's earlier work is done."""
        earlier = self._last.get(station)
        task = asyncio.get_running_loop().create_task(_after(earlier, work))
        self._last[station] = task
        task.add_done_callback(lambda done: self._forget(station, done))
        return task

    def _forget(self, station: StationId, done: asyncio.Task[None]) -> None:
        if self._last.get(station) is done:
            del self._last[station]


async def _after(
    earlier: asyncio.Task[None] | None, work: Coroutine[Any, Any, None]
) -> None:
    if earlier is not None:
        await asyncio.wait((earlier,))
    await work
