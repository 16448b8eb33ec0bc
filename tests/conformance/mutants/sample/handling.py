"""A handler to be broken on purpose."""

from dataclasses import dataclass, field
from enum import Enum


class Status(Enum):
    """What is answered."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


@dataclass
class Book:
    """Where reports are kept."""

    kept: list[dict[str, object]] = field(default_factory=list)

    def keep(self, *, station: str, value: int | None) -> None:
        """Keep a report."""
        self.kept.append({"station": station, "value": value})


@dataclass
class Handler:
    """Answers reports."""

    book: Book

    def report(self, station: str, value: int) -> Status:
        """Keep a report, unless it makes no sense."""
        if value < 0:
            return Status.REJECTED
        self.book.keep(station=station, value=value)
        return Status.ACCEPTED
