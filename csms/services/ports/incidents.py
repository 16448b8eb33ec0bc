"""What is kept of incidents once they are raised: who looks after them, their end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from csms.domain.alert import Alert
from csms.services.ports.queries import IncidentRow

ACKNOWLEDGED_BY, ACKNOWLEDGED_AT = "acknowledged_by", "acknowledged_at"
RESOLVED_BY = "resolved_by"
"""Names in the detail of an incident."""


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident that is not over.

    Attributes:
        incident: What went wrong.
        alert: The alert that raised it; None if no event of a monitor did.
    """

    incident: IncidentRow
    alert: Alert | None

    @property
    def acknowledged_by(self) -> str | None:
        """Return who looks after it; None if nobody does."""
        return self.incident.detail.get(ACKNOWLEDGED_BY)

    @property
    def acknowledged_at(self) -> datetime | None:
        """Return since when somebody looks after it."""
        said = self.incident.detail.get(ACKNOWLEDGED_AT)
        return None if said is None else datetime.fromisoformat(said)


class IncidentStore(Protocol):
    """The incidents of one unit of work."""

    async def open(
        self, *, before: int | None = None, limit: int = 100
    ) -> Sequence[OpenIncident]:
        """Return those that are not over, youngest first, below a number."""
        ...

    async def find(self, number: int) -> OpenIncident | None:
        """Return one that is not over, and keep others from changing it; or None."""
        ...

    async def acknowledge(self, number: int, by: str, at: datetime) -> None:
        """Keep who looks after it."""
        ...

    async def resolve(self, number: int, by: str, at: datetime) -> None:
        """Keep that it is over."""
        ...
