"""Charts as geometry: what goes where, for a template to draw. Pure.

Widths are in thousandths of the whole, so that a chart is as wide as its place; heights
are pixels, so that words keep their size on a phone.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from csms.console.wording import time_of_day
from csms.domain.interval import QUARTER, Interval
from csms.web.templates import number

if TYPE_CHECKING:
    from csms.services.scoreboard import QuarterScore, Sample

WIDE = 1000.0
HIGH = 240.0
MARGIN = timedelta(minutes=30)
LONG = timedelta(hours=5)
SETTLING = 2 * QUARTER
"""How long from its start a quarter may still grow: meters report late."""

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid, or a moment on the axis.

    Attributes:
        at: Where: pixels from above, or per cent from the left.
        word: What stands there.
    """

    at: float
    word: str


@dataclass(frozen=True, slots=True)
class Bar:
    """What was given in one quarter of an hour.

    Attributes:
        x: Where it starts, in thousandths.
        width: How wide, in thousandths.
        y: Where it ends, in pixels from above.
        height: How high, in pixels.
        word: The same for people.
        partial: Whether the quarter is so young that it may still grow.
    """

    x: float
    width: float
    y: float
    height: float
    word: str
    partial: bool


@dataclass(frozen=True, slots=True)
class PowerChart:
    """Delivered against planned power over an event's window.

    Attributes:
        high: Height of the drawing in pixels.
        ticks: Horizontal lines of the grid, in kW.
        times: Moments below, local time.
        bars: What was given.
        plan: SVG path of what is planned.
        trace: SVG path of what was seen from moment to moment, empty if nothing was.
        now: Where the present is, in thousandths; none if outside.
        window: Where the event starts and how wide it is, in thousandths.
    """

    high: float
    ticks: tuple[Tick, ...]
    times: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    plan: str
    trace: str
    now: float | None
    window: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole.

    Attributes:
        name: Of what.
        value: How much.
        x: Where it starts, in per cent.
        width: How wide, in per cent.
        color: Number of its color.
    """

    name: str
    value: float
    x: float
    width: float
    color: int


def round_scale(most: float, lines: int = _TICKS) -> tuple[float, ...]:
    """Return round values from zero to at least the most, about so many of them."""
    if most <= 0:
        most = 1.0
    raw = most / lines
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(each * size for each in _STEPS if each * size >= raw * (1 - 1e-9))
    count = math.ceil(most / step - 1e-9)
    return tuple(round(each * step, 9) for each in range(count + 1))


def power_chart(
    quarters: "Sequence[QuarterScore]",
    samples: "Sequence[Sample]",
    window: Interval,
    now: datetime,
    zone: tzinfo,
) -> PowerChart:
    """Return the chart of an event.

    Args:
        quarters: What was planned and given in each quarter hour, in order.
        samples: What was seen from moment to moment, in order.
        window: From when to when the event is.
        now: The present.
        zone: For the words.
    """
    shown = Interval(window.start - MARGIN, window.end + MARGIN)
    values = [each.target.as_kw for each in quarters]
    values += [each.delivered.as_kw for each in quarters if each.delivered is not None]
    values += [each.delivered.as_kw for each in samples if shown.covers(each.at)]
    scale = round_scale(max(values, default=0.0))
    top = scale[-1]

    def x(instant: datetime) -> float:
        return round((instant - shown.start) / shown.duration * WIDE, 2)

    def y(value: float) -> float:
        return round(HIGH * (1 - value / top), 2)

    return PowerChart(
        high=HIGH,
        ticks=tuple(
            Tick(y(value), number(value, _digits(scale[1]))) for value in scale
        ),
        times=tuple(
            Tick(x(each) / WIDE * 100, time_of_day(each, zone))
            for each in _hours(shown)
        ),
        bars=tuple(
            Bar(
                x(each.start) + 1,
                x(each.start + QUARTER) - x(each.start) - 2,
                y(each.delivered.as_kw),
                HIGH - y(each.delivered.as_kw),
                _said(each, zone),
                each.start <= now < each.start + SETTLING,
            )
            for each in quarters
            if each.delivered is not None
        ),
        plan=" ".join(
            f"{'M' if not place else 'L'}{x(each.start)} {y(each.target.as_kw)}"
            f"H{x(each.start + QUARTER)}"
            for place, each in enumerate(quarters)
        ),
        trace="".join(
            f"{'M' if not place else 'L'}{x(each.at)} {y(each.delivered.as_kw)}"
            for place, each in enumerate(s for s in samples if shown.covers(s.at))
        ),
        now=x(now) if shown.covers(now) else None,
        window=(x(window.start), x(window.end) - x(window.start)),
    )


def shares(parts: Mapping[str, float]) -> tuple[Share, ...]:
    """Return the parts of a whole, side by side; what is nothing is left out."""
    whole = sum(parts.values())
    found: list[Share] = []
    x = 0.0
    for color, (name, value) in enumerate(parts.items()):
        if whole > 0 and value > 0:
            width = value / whole * 100
            found.append(Share(name, value, round(x, 3), round(width, 3), color))
            x += width
    return tuple(found)


def _digits(step: float) -> int:
    return 0 if float(step).is_integer() else 1


def _said(quarter: "QuarterScore", zone: tzinfo) -> str:
    given = quarter.delivered
    said = number(given.as_kw, 1) if given is not None else "unknown"
    return (
        f"{time_of_day(quarter.start, zone)}: {said} kW delivered, "
        f"{number(quarter.target.as_kw, 1)} kW planned"
    )


def _hours(shown: Interval) -> Iterator[datetime]:
    """Yield the moments to name: every half hour, of long events every hour or two."""
    long = shown.duration > LONG
    step = timedelta(hours=max(1, round(shown.duration / LONG))) if long else MARGIN
    start = shown.start.astimezone(UTC)
    at = start.replace(minute=0, second=0, microsecond=0)
    while at < shown.end:
        if at > shown.start:
            yield at
        at += step
