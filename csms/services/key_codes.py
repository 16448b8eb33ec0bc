"""Nobody finds a key code by trying: wrong ones make a station wait (C04.FR.06)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from csms.domain.ids import StationId

FREE = 5
"""How many wrong key codes in a row a station may send before it has to wait."""

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(hours=24)
MOST = 100_000
"""Stations that are remembered at most: a bound, not a rule."""


@dataclass(frozen=True, slots=True)
class _Tries:
    wrong: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Guesses:
    """Wrong key codes, by station, since the last right one."""

    _tries: dict[StationId, _Tries] = field(default_factory=dict)

    def must_wait(self, station: StationId, now: datetime) -> bool:
        """Tell whether key codes of a station are not even looked at now.

        Each wrong one after the first few doubles the wait.
        """
        tries = self._tries.get(station)
        if tries is None or tries.wrong < FREE:
            return False
        doubled: timedelta = FIRST_WAIT * 2 ** min(tries.wrong - FREE, 20)
        return now < tries.last + min(doubled, LONGEST_WAIT)

    def note(self, station: StationId, now: datetime, *, right: bool) -> None:
        """Take note of a key code that was looked at."""
        if right:
            self._tries.pop(station, None)
            return
        before = self._tries.get(station)
        fresh = before is None or now > before.last + FORGOTTEN_AFTER
        if fresh and len(self._tries) >= MOST:
            self._tries.clear()
        wrong = 1 if before is None or fresh else before.wrong + 1
        self._tries[station] = _Tries(wrong, now)
