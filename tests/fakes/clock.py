"""Business time that moves only when a test says so."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

DAWN = datetime(2026, 7, 13, 23, 30, tzinfo=UTC)
_ROUNDS = 25
"""Turns of the event loop that a woken task gets before time moves on."""


class ManualClock:
    """A clock that stands still until it is advanced.

    It wakes sleepers in the order of their instants and lets each of them act before
    time moves on, so a test sees what a slow real clock would have shown.

    Attributes:
        rate: Business seconds per real second that it claims to run at.
    """

    def __init__(self, now: datetime = DAWN, *, rate: float = 1.0) -> None:
        self.rate = rate
        self._now = now
        self._sleepers: list[tuple[datetime, int, asyncio.Event]] = []
        self._order = count()

    def now(self) -> datetime:
        """Return the current instant, always in UTC."""
        return self._now

    async def sleep_until(self, instant: datetime) -> None:
        """Return once a test has advanced this clock to the instant."""
        if instant <= self._now:
            await asyncio.sleep(0)
            return
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (instant, next(self._order), woken))
        await woken.wait()

    async def advance(self, by: timedelta) -> None:
        """Let business time pass, waking everyone whose instant comes up."""
        await self.advance_to(self._now + by)

    async def advance_to(self, instant: datetime) -> None:
        """Let business time pass until the instant."""
        await _let_others_act()
        while self._sleepers and self._sleepers[0][0] <= instant:
            due, _, woken = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            woken.set()
            await _let_others_act()
        self._now = max(self._now, instant)
        await _let_others_act()

    def jump_to(self, instant: datetime) -> None:
        """Show another instant at once, waking nobody: for code that does not wait."""
        self._now = instant


async def _let_others_act() -> None:
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
