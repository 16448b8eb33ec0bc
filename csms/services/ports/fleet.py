"""What is kept of participants, sites, vehicles, EVSEs and enrollments."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from csms.domain.enrollment import Enrollment
from csms.domain.ids import (
    EvseId,
    ParticipantId,
    ProgramId,
    SiteId,
    StationId,
    VehicleId,
)
from csms.domain.participant import Participant
from csms.domain.site import Site
from csms.domain.station import Evse
from csms.domain.vehicle import MobilityNeed, Vehicle


class FleetStore(Protocol):
    """The fleet of one unit of work. Every ``save`` adds or replaces by its id."""

    async def participant(self, participant: ParticipantId) -> Participant | None:
        """Return one participant, or None."""
        ...

    async def participants(self) -> Sequence[Participant]:
        """Return every participant, by id."""
        ...

    async def save_participant(self, participant: Participant) -> None:
        """Keep a participant."""
        ...

    async def site(self, site: SiteId) -> Site | None:
        """Return one site, or None."""
        ...

    async def sites(self) -> Sequence[Site]:
        """Return every site, by id."""
        ...

    async def save_site(self, site: Site) -> None:
        """Keep a site."""
        ...

    async def vehicle(self, vehicle: VehicleId) -> Vehicle | None:
        """Return one vehicle, or None."""
        ...

    async def vehicles(self) -> Sequence[Vehicle]:
        """Return every vehicle, by id."""
        ...

    async def save_vehicle(self, vehicle: Vehicle) -> None:
        """Keep a vehicle with its mobility need."""
        ...

    async def save_need(self, vehicle: VehicleId, need: MobilityNeed) -> bool:
        """Keep what its driver needs; tell whether there is such a vehicle."""
        ...

    async def evse(self, evse: EvseId) -> Evse | None:
        """Return one EVSE, or None."""
        ...

    async def evses(self) -> Sequence[Evse]:
        """Return every EVSE, by id."""
        ...

    async def evses_of(self, station: StationId) -> Sequence[Evse]:
        """Return the EVSEs of one station, by number."""
        ...

    async def save_evse(self, evse: Evse) -> None:
        """Keep an EVSE."""
        ...

    async def enrollments(
        self, program: ProgramId | None = None, on: date | None = None
    ) -> Sequence[Enrollment]:
        """Return enrollments, by program and EVSE.

        Args:
            program: Of this program only.
            on: Only those that cover this day.
        """
        ...

    async def enrollments_of(self, participant: ParticipantId) -> Sequence[Enrollment]:
        """Return the enrollments of one participant."""
        ...

    async def save_enrollment(self, enrollment: Enrollment) -> None:
        """Keep an enrollment, one per program and EVSE."""
        ...
