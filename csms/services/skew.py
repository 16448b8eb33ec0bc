"""How far each station's clock is off, from when its meter says that it measured.

A reading cannot arrive before it was taken, so that the least delay of the last few is
the best guess: positive for a clock that is behind, negative for one that is ahead.
"""

from collections import deque
from datetime import datetime, timedelta

from csms.clock import Clock
from csms.domain.ids import StationId
from csms.domain.live import LiveEvse

_KEPT = 5


class Skew:
    """Estimates of the clocks of stations, fed by the live fleet."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._delays: dict[StationId, deque[timedelta]] = {}

    def changed(self, before: LiveEvse, after: LiveEvse) -> None:
        """Take a change of the live fleet: a subscriber of it.

        What was known before a station was away counts no more: stations set their
        clocks when they connect.
        """
        station = after.evse.station
        if after.connected and not before.connected:
            self._delays.pop(station, None)
        measured = _news(before.power_at, after.power_at) or _news(
            before.soc_at, after.soc_at
        )
        if measured is not None:
            delays = self._delays.setdefault(station, deque(maxlen=_KEPT))
            delays.append(self._clock.now() - measured)

    def of(self, station: StationId) -> timedelta | None:
        """Return how far its clock is behind; negative for ahead, none for unknown."""
        delays = self._delays.get(station)
        return min(delays) if delays else None


def _news(before: datetime | None, after: datetime | None) -> datetime | None:
    return after if after is not None and after != before else None
