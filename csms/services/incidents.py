"""What went wrong and is not over: who looks after it, and its end by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from csms.clock import Clock
from csms.domain.errors import NotFound
from csms.services.alerts import end_alert
from csms.services.ports.incidents import OpenIncident
from csms.services.ports.work import Begin, Work


class NoOpenIncident(NotFound):
    """There is no such incident, or it is over already."""

    code = "no-open-incident"
    usual_remedy = "see csms incidents"


@dataclass(frozen=True, slots=True)
class Incidents:
    """Lets people look after incidents.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
    """

    clock: Clock
    begin: Begin

    async def open(
        self, *, before: int | None = None, limit: int = 100
    ) -> Sequence[OpenIncident]:
        """Return those that are not over, youngest first, below a number."""
        async with self.begin() as work:
            return await work.incidents.open(before=before, limit=limit)

    async def acknowledge(self, number: int, by: str) -> None:
        """Say that somebody looks after an incident; it stays open.

        Raises:
            NoOpenIncident: If there is none of this number that is not over.
        """
        now = self.clock.now()
        async with self.begin() as work:
            found = await _found(work, number)
            await work.incidents.acknowledge(number, by, now)
            await work.access.audit(
                by, "incident.acknowledged", _subject(found), {"incident": number}, now
            )

    async def resolve(self, number: int, by: str) -> None:
        """End an incident by hand, and the alert that raised it.

        Raises:
            NoOpenIncident: If there is none of this number that is not over.
        """
        now = self.clock.now()
        async with self.begin() as work:
            found = await _found(work, number)
            detail = {"incident": number}
            if found.alert is not None:
                detail["alert"] = found.alert.id
                await end_alert(work, found.alert, by, now)
            await work.incidents.resolve(number, by, now)
            await work.access.audit(
                by, "incident.resolved", _subject(found), detail, now
            )


async def _found(work: Work, number: int) -> OpenIncident:
    found = await work.incidents.find(number)
    if found is None:
        raise NoOpenIncident(f"there is no open incident {number}")
    return found


def _subject(found: OpenIncident) -> str:
    return found.incident.station or found.incident.kind
