"""The one place where this system learns what time it is.

Business time comes from here and may be accelerated; transport time (pings, call
timeouts) comes from the event loop and never is.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of business time."""

    @property
    def rate(self) -> float:
        """Return how many business seconds pass in one real second."""
        ...

    def now(self) -> datetime:
        """Return the current instant, always in UTC."""
        ...

    async def sleep_until(self, instant: datetime) -> None:
        """Return once this clock has reached the instant."""
        ...


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Business time as a straight line over real time.

    Every process given the same three numbers agrees on the time without
    exchanging a message. A rate of one, anchored at its own epoch, is reality.

    Attributes:
        anchor: The real instant at which this clock showed its epoch.
        epoch: What this clock showed at the anchor.
        rate: Business seconds per real second.
    """

    anchor: datetime
    epoch: datetime
    rate: float = 1.0

    def now(self) -> datetime:
        """Return the current instant, always in UTC."""
        if self.rate == 1.0 and self.anchor is self.epoch:
            return datetime.now(UTC)
        return self.epoch + (datetime.now(UTC) - self.anchor) * self.rate

    async def sleep_until(self, instant: datetime) -> None:
        """Return once this clock has reached the instant."""
        while (left := instant - self.now()) > timedelta(0):
            await asyncio.sleep(min(left.total_seconds() / self.rate, 3600.0))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REALITY = ScaledClock(anchor=_EPOCH, epoch=_EPOCH, rate=1.0)
"""The clock of a production node: one business second per real second."""


async def pause(seconds: float) -> None:
    """Wait for real seconds: transport time, for backoff and polling only."""
    await asyncio.sleep(seconds)
