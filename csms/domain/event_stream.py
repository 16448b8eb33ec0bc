"""Values of monitors in a steady stream: who may send one, and how much (2.1)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from csms.domain.ids import StationId
from csms.domain.monitor import StreamParams

MOST_OPEN = 100
"""Streams that one station may have open."""

GROWING_TOO_LONG = 3
"""Messages in a row that tell of more and more waiting values (N15.FR.05)."""

USUAL_VALUES = 60
LONGEST = timedelta(days=31)
AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class EventStream:
    """A stream that a station has opened.

    Attributes:
        id: The station's number for it.
        monitor: The monitor whose values it brings.
        received: How many values came.
        dropped: How many of them were not kept.
        pending: How many waited at the station, as it last said.
        growing: How many messages in a row that number has grown.
        last_at: When the latest value was measured.
    """

    station: StationId
    id: int
    monitor: int
    params: StreamParams
    opened_at: datetime
    closed_at: datetime | None = None
    received: int = 0
    dropped: int = 0
    pending: int = 0
    growing: int = 0
    last_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether values may come."""
        return self.closed_at is None

    @property
    def suggested(self) -> StreamParams | None:
        """Return how it should better be sent, if it cannot keep up (N15.FR.05).

        It is shown to operators and counted, and changed by nobody else (N14): larger
        messages, or more, take from what else the station has to say over its link, and
        that is to be weighed by whoever wanted the stream.
        """
        if self.growing < GROWING_TOO_LONG:
            return None
        values = self.params.values or USUAL_VALUES
        return replace(self.params, values=max(2 * values, values + self.pending))


@dataclass(frozen=True, slots=True)
class StreamValue:
    """One value of a stream, and when it was measured by the station's clock."""

    at: datetime
    value: str


def heard(stream: EventStream, pending: int) -> EventStream:
    """Return the stream after a message that tells how many values still wait."""
    growing = stream.growing + 1 if pending > stream.pending else 0
    return replace(stream, pending=pending, growing=growing)


def instant_of(base: datetime, seconds: float, now: datetime) -> datetime | None:
    """Return when a value was measured; None if that cannot be.

    Args:
        base: The instant that the message names.
        seconds: The value's distance from it.
        now: When it came.
    """
    try:
        at = base + timedelta(seconds=seconds)
        return at if now - LONGEST <= at <= now + AHEAD else None
    except OverflowError:
        return None


class Allowance:
    """How much one station may send: so many a second, and a burst.

    Args:
        per_s: How many values a second, for long.
        burst: How many at once.
        now: On any timeline in seconds that only moves forward.
    """

    def __init__(self, per_s: float, burst: int, now: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = float(burst)
        self._at = now

    def take(self, wanted: int, now: float) -> int:
        """Return how many of the values may be kept."""
        gained = max(0.0, now - self._at) * self._per_s
        self._left, self._at = min(self._left + gained, float(self._burst)), now
        granted = min(wanted, int(self._left))
        self._left -= granted
        return granted
