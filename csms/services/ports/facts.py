"""Facts: what has happened in this system, kept with what they are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that has happened, in the past tense.

    Attributes:
        id: Grows with every fact; a reader resumes after the last it has seen.
        kind: A dotted word, such as ``event.called``.
        subject: What it is about, such as an event's id.
    """

    id: int
    at: datetime
    kind: str
    subject: str
    body: dict[str, Any]


class FactStore(Protocol):
    """The facts of one unit of work."""

    async def add(
        self, kind: str, subject: str, body: dict[str, Any], at: datetime
    ) -> None:
        """Keep a fact, in the same commit as what it is about."""
        ...

    async def after(self, last: int, limit: int) -> Sequence[Fact]:
        """Return facts younger than the last one seen, oldest first."""
        ...

    async def latest(self) -> int:
        """Return the id of the youngest fact; 0 if there is none."""
        ...
