"""The questions that people ask of the database."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from csms.domain.event import Stage
from csms.domain.ids import (
    EventId,
    EvseId,
    ParticipantId,
    ProgramId,
    SiteId,
    StationId,
    VehicleId,
)
from csms.domain.interval import Interval
from csms.domain.notice import Channel
from csms.services.ports.queries import (
    Attention,
    CurvePoint,
    EnrollmentRow,
    EventRow,
    IncidentRow,
    MemberRow,
    NoticeRow,
    Part,
    ParticipantRow,
    Pulse,
    Resource,
    SiteRow,
    StationFilter,
    StationRow,
    VehicleRow,
)


class Queries(Protocol):
    """Answers what people ask. Nothing here changes anything.

    Pages go by key: ``after`` is the last key of the page before.
    """

    async def stations(
        self,
        wanted: StationFilter,
        *,
        after: StationId | None = None,
        limit: int = 100,
    ) -> Sequence[StationRow]:
        """Return stations, by id."""
        ...

    async def station(self, station: StationId) -> StationRow | None:
        """Return one station, or None."""
        ...

    async def events(
        self,
        *,
        program: ProgramId | None = None,
        stages: Collection[Stage] = (),
        after: tuple[datetime, EventId] | None = None,
        limit: int = 100,
    ) -> Sequence[EventRow]:
        """Return events, the latest start first; no stage named means all."""
        ...

    async def event(self, event: EventId) -> EventRow | None:
        """Return one event, or None."""
        ...

    async def pulse(self, event: EventId) -> Pulse | None:
        """Return what changes while an event runs; cheap enough to ask all the time."""
        ...

    async def members(
        self, event: EventId, *, after: EvseId | None = None, limit: int | None = None
    ) -> Sequence[MemberRow]:
        """Return an event's members, by EVSE."""
        ...

    async def notices(self, event: EventId) -> Sequence[NoticeRow]:
        """Return an event's notices, oldest first."""
        ...

    async def curve(self, event: EventId) -> Sequence[CurvePoint]:
        """Return what the members did in each quarter of the window, as far as known.

        Excluded members do not count.
        """
        ...

    async def export_registers(
        self, evses: Sequence[EvseId], at: datetime
    ) -> Mapping[EvseId, int]:
        """Return what each register of energy given back showed at an instant.

        It is the last reading up to then, else the first one after; an EVSE that has
        said nothing is left out. In watt-seconds.
        """
        ...

    async def sites(
        self, *, after: SiteId | None = None, limit: int = 100
    ) -> Sequence[SiteRow]:
        """Return sites, by id."""
        ...

    async def site(self, site: SiteId) -> SiteRow | None:
        """Return one site, or None."""
        ...

    async def participants(
        self, *, after: ParticipantId | None = None, limit: int = 100
    ) -> Sequence[ParticipantRow]:
        """Return participants, by id."""
        ...

    async def participant(self, participant: ParticipantId) -> ParticipantRow | None:
        """Return one participant, or None."""
        ...

    async def vehicles(
        self,
        *,
        participant: ParticipantId | None = None,
        after: VehicleId | None = None,
        limit: int = 100,
    ) -> Sequence[VehicleRow]:
        """Return vehicles, by id."""
        ...

    async def vehicle(self, vehicle: VehicleId) -> VehicleRow | None:
        """Return one vehicle, or None."""
        ...

    async def enrollments(
        self,
        *,
        program: ProgramId | None = None,
        participant: ParticipantId | None = None,
        after: tuple[ProgramId, EvseId] | None = None,
        limit: int = 100,
    ) -> Sequence[EnrollmentRow]:
        """Return enrollments, by program and EVSE."""
        ...

    async def incidents(
        self,
        *,
        station: StationId | None = None,
        event: EventId | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[IncidentRow]:
        """Return incidents, youngest first, below a number if one is given."""
        ...

    async def attention(self, since: datetime) -> Attention:
        """Return what waits for an operator.

        Args:
            since: From when on refused handshakes count.
        """
        ...

    async def resources(
        self, *, station: StationId | None = None, evse: int | None = None
    ) -> Sequence[Resource]:
        """Return how EVSEs are named in reports, by id."""
        ...

    async def parts(
        self, evses: Collection[EvseId], interval: Interval
    ) -> Sequence[Part]:
        """Return which EVSE was asked by which event that overlaps the interval."""
        ...

    async def notice_outcomes(self) -> Mapping[tuple[Channel, str], int]:
        """Return how many notices there are, by channel and outcome."""
        ...

    async def newest_fact(self) -> int:
        """Return the number of the newest fact; 0 if there is none."""
        ...
