"""Calls of ours that wait their turn with one station, the most urgent first."""

import asyncio
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any

from csms.ocpp.link import Crowded, Priority, Stale


@dataclass(slots=True, eq=False)
class Waiting:
    """One call that has not been made yet.

    Attributes:
        action: What to ask.
        payload: With which fields.
        answer: Where whoever asked waits.
        patience: Seconds to wait for the answer, if not the usual ones.
        expires: Loop time after which it is not worth sending, if ever.
    """

    action: str
    payload: dict[str, Any]
    answer: asyncio.Future[dict[str, Any]]
    patience: float | None = None
    expires: float | None = None


class Line:
    """Who goes next: by priority, and within one priority in the order of asking.

    Attributes:
        most: How many may wait; the least urgent beyond it is turned away.
    """

    __slots__ = ("_count", "_heap", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self._count = 0
        self._heap: list[tuple[Priority, int, Waiting]] = []

    def join(self, priority: Priority, waiting: Waiting) -> None:
        """Stand in line; the last of the least urgent leaves if it is too long."""
        self._count += 1
        heappush(self._heap, (priority, self._count, waiting))
        if len(self._heap) > self.most:
            last = max(self._heap)
            self._heap.remove(last)
            heapify(self._heap)
            fail(last[2].answer, Crowded(f"{self.most} calls wait already"))

    def next(self, now: float) -> Waiting | None:
        """Return whose turn it is; who is stale or gave up is passed over."""
        while self._heap:
            waiting = heappop(self._heap)[2]
            if waiting.answer.done():
                continue
            if waiting.expires is None or now < waiting.expires:
                return waiting
            fail(waiting.answer, Stale(f"{waiting.action} came to its turn too late"))
        return None

    def dismiss(self, error: Exception) -> None:
        """Turn everyone away."""
        for _, _, waiting in self._heap:
            fail(waiting.answer, error)
        self._heap.clear()


def fail(answer: asyncio.Future[dict[str, Any]], error: Exception) -> None:
    """Tell whoever waits for the answer, unless they gave up, that none will come."""
    if not answer.done():
        answer.set_exception(error)
