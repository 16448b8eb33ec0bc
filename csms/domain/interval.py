"""Stretches of time, half open: the start belongs, the end does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A stretch of time from ``start`` up to, not including, ``end``; both aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("an interval needs instants with a time zone")
        if self.end < self.start:
            raise ValueError("an interval cannot end before it starts")

    @property
    def duration(self) -> timedelta:
        """Return how long it lasts."""
        return self.end - self.start

    @property
    def hours(self) -> float:
        """Return how long it lasts, in hours."""
        return self.duration.total_seconds() / 3600

    def covers(self, instant: datetime) -> bool:
        """Tell whether the instant lies within."""
        return self.start <= instant < self.end

    def overlap(self, other: "Interval") -> "Interval | None":
        """Return the stretch that both share, if any."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Interval(start, end) if start < end else None

    def quarters(self) -> Iterator["Interval"]:
        """Yield the clock-aligned quarter hours that it touches, in order."""
        start = quarter_of(self.start)
        while start < self.end:
            yield Interval(start, start + QUARTER)
            start += QUARTER


def quarter_of(instant: datetime) -> datetime:
    """Return the start of the UTC quarter hour that holds the instant."""
    instant = instant.astimezone(UTC)
    return instant.replace(
        minute=instant.minute - instant.minute % 15, second=0, microsecond=0
    )
