"""What will happen at one station, in order: trips, faults and a driver's wishes."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.station import Station

NEVER = float("inf")
SHUTDOWN_S = 5.0


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happens.

    Attributes:
        at: Unix seconds.
        perform: What it does to the station.
    """

    at: float
    perform: Callable[["Station"], None]


@dataclass(slots=True)
class Timeline:
    """Acts in order of time, with days added as they come near.

    Attributes:
        days: Yields the acts of one local day after another.
        next: When the next act is due.
    """

    days: Iterator[Iterable[Act]]
    next: float = NEVER
    _heap: list[tuple[float, int, Act]] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        """Take in the first day."""
        self._extend()

    def add(self, act: Act) -> None:
        """Put one more act into its place."""
        self._count += 1
        heapq.heappush(self._heap, (act.at, self._count, act))
        self.next = self._heap[0][0]

    def pop(self) -> Act:
        """Take the act that is due next."""
        act = heapq.heappop(self._heap)[2]
        if not self._heap:
            self._extend()
        self.next = self._heap[0][0] if self._heap else NEVER
        return act

    def _extend(self) -> None:
        for _attempt in range(10):
            for act in next(self.days, ()):
                self.add(act)
            if self._heap:
                return


def restart(station: "Station", reason: str, seconds: float) -> None:
    """Let a station lose power in a moment and come back after a while.

    Args:
        station: Which one.
        reason: The reason its next BootNotification gives.
        seconds: How long it is away.
    """
    down = station.t + SHUTDOWN_S
    station.timeline.add(Act(down, lambda s: s.power_down(reason)))
    station.timeline.add(Act(down + seconds, lambda s: s.power_up()))
