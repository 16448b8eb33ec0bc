"""Energy over a stretch of time, from registers and, failing them, from power.

Only readings within `REACH` of a stretch bear on it, so a late reading changes no
more than its neighborhood.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from csms.domain.units import WS_PER_WH

REACH = 3600.0
"""Seconds around a stretch within which readings bear on it."""

FLAT_WS = 10 * WS_PER_WH
"""A rise so small that its shape does not matter, and a fall that is only noise."""

HOLD = 900.0
"""Longest silence in seconds across which power is integrated."""


@dataclass(frozen=True, slots=True)
class Point:
    """What one direction's register showed.

    Attributes:
        at: Seconds since the epoch.
        ws: Watt-seconds on the register.
        begins: Whether a transaction began with it: nothing flowed before.
        ends: Whether a transaction ended with it: nothing flowed after.
    """

    at: float
    ws: int
    begins: bool = False
    ends: bool = False


class Register:
    """The timeline of one direction's register at one place.

    A fall is a new baseline (a reset or another meter): what flowed across it is
    unknown, counts as nothing and makes the stretch unsure.
    """

    __slots__ = ("_at", "_begins", "_ends", "_falls", "_total")

    def __init__(self, points: Sequence[Point]) -> None:
        self._at: list[float] = []
        self._total: list[int] = []
        self._falls: list[int] = []
        self._begins: list[bool] = []
        self._ends: list[bool] = []
        shown = 0
        for point in _one_per_instant(points):
            rise = point.ws - shown if self._at else 0
            fell = rise < -FLAT_WS
            self._append(point, max(rise, 0), fell=fell)
            shown = point.ws if fell else max(shown, point.ws)

    def __len__(self) -> int:
        return len(self._at)

    def over(self, start: float, end: float, gap: float) -> tuple[int, bool] | None:
        """Return the energy that flowed, and whether it is sure; none if unknown.

        Args:
            start: Seconds since the epoch.
            end: Seconds since the epoch.
            gap: Longest silence in seconds across which a boundary is interpolated
                without doubt.
        """
        low = bisect_left(self._at, start - REACH)
        high = bisect_left(self._at, end + REACH)
        first = bisect_left(self._at, start, low, high)
        last = bisect_right(self._at, end, low, high) - 1
        if first == high or last < low:
            return None
        if first == low and self._at[first] > start:
            opening, opens = float(self._total[first]), self._begins[first]
        else:
            opening, opens = self._between(first, start, gap)
        if last == high - 1 and self._at[last] < end:
            closing, closes = float(self._total[last]), self._ends[last]
        else:
            closing, closes = self._between(bisect_left(self._at, end), end, gap)
        whole = first > last or self._falls[first] == self._falls[last]
        sure = opens and closes and whole
        covered = min(end, self._at[high - 1]) - max(start, self._at[low])
        if covered <= 0:
            return None
        return max(round(closing - opening), 0), sure

    def _append(self, point: Point, rise: int, *, fell: bool) -> None:
        self._total.append((self._total[-1] if self._total else 0) + rise)
        self._falls.append((self._falls[-1] if self._falls else 0) + fell)
        self._at.append(point.at)
        self._begins.append(point.begins)
        self._ends.append(point.ends)

    def _between(self, after: int, at: float, gap: float) -> tuple[float, bool]:
        if self._at[after] == at:
            return float(self._total[after]), True
        before = after - 1
        width = self._at[after] - self._at[before]
        rise = self._total[after] - self._total[before]
        share = (at - self._at[before]) / width
        known = width <= gap or rise <= FLAT_WS
        fell = self._falls[after] != self._falls[before]
        return self._total[before] + rise * share, known and not fell


def _one_per_instant(points: Sequence[Point]) -> list[Point]:
    merged: dict[float, Point] = {}
    for point in points:
        known = merged.get(point.at)
        merged[point.at] = (
            point
            if known is None
            else Point(
                point.at,
                max(point.ws, known.ws),
                begins=point.begins or known.begins,
                ends=point.ends or known.ends,
            )
        )
    return [merged[at] for at in sorted(merged)]


@dataclass(frozen=True, slots=True)
class Integral:
    """What power adds up to over a stretch.

    Attributes:
        ws: Watt-seconds over the part that is covered.
        covered: Seconds of the stretch that lie between samples.
        slack: Watt-seconds by which the shape between samples may be off.
        widest: The longest silence in seconds across which was integrated.
    """

    ws: float
    covered: float
    slack: float
    widest: float


def integral(
    samples: Sequence[tuple[float, int]], start: float, end: float
) -> Integral | None:
    """Return the integral of power over the stretch; none if no part is covered.

    Args:
        samples: Seconds since the epoch and watts, in order of time.
        start: Seconds since the epoch.
        end: Seconds since the epoch.
    """
    ws = covered = slack = widest = 0.0
    first = max(bisect_left(samples, (start,)) - 1, 0)
    for index in range(first, len(samples) - 1):
        (at, watts), (then, next_watts) = samples[index], samples[index + 1]
        if at >= end:
            break
        width = then - at
        left, right = max(at, start), min(then, end)
        if width > HOLD or right <= left:
            continue
        slope = (next_watts - watts) / width
        middle = watts + slope * ((left + right) / 2 - at)
        ws += middle * (right - left)
        covered += right - left
        slack += abs(next_watts - watts) * width / 2
        widest = max(widest, width)
    return Integral(ws, covered, slack, widest) if covered else None
