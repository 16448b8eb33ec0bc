"""Lift what a wrong-direction trip put aside, once a person has looked into it."""

from dataclasses import dataclass

from csms.clock import Clock
from csms.domain.errors import NotFound
from csms.services.ports.events import DispatchNudge
from csms.services.ports.work import Begin
from csms.services.stations import StationBook


class NotQuarantined(NotFound):
    """This vendor profile is not in quarantine."""

    code = "not-quarantined"
    usual_remedy = "see csms quarantines list"


@dataclass(frozen=True, slots=True)
class Quarantines:
    """Ends quarantines.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: Told at once, so that planning counts on the make again.
        dispatcher: Looks at the EVSEs of the make at once.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    dispatcher: DispatchNudge

    async def lift(self, vendor_profile: str, by: str) -> None:
        """Let the make be dispatched again (rule 16).

        Raises:
            NotQuarantined: If it is not put aside.
        """
        now = self.clock.now()
        async with self.begin() as work:
            if not await work.profiles.lift(vendor_profile, by, now):
                raise NotQuarantined(f"{vendor_profile} is not in quarantine")
            await work.access.audit(by, "quarantine.lifted", vendor_profile, {}, now)
            await work.facts.add("quarantine.lifted", vendor_profile, {"by": by}, now)
        self.book.lift(vendor_profile)
        for evse in self.book.sharing(vendor_profile):
            self.dispatcher.nudge(evse)
