"""What people look at, in PostgreSQL: each answer by a few set-wise statements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from csms.db import view_energy, view_events, view_fleet, view_stations
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


@dataclass(frozen=True, slots=True)
class PostgresQueries:
    """Answers what people ask, each question on a connection of its own."""

    engine: AsyncEngine

    async def stations(
        self,
        wanted: StationFilter,
        *,
        after: StationId | None = None,
        limit: int = 100,
    ) -> Sequence[StationRow]:
        """Return stations, by id."""
        async with self.engine.connect() as connection:
            return await view_stations.stations(
                connection, wanted, after=after, limit=limit
            )

    async def station(self, station: StationId) -> StationRow | None:
        """Return one station, or None."""
        async with self.engine.connect() as connection:
            return await view_stations.station(connection, station)

    async def events(
        self,
        *,
        program: ProgramId | None = None,
        stages: Collection[Stage] = (),
        after: tuple[datetime, EventId] | None = None,
        limit: int = 100,
    ) -> Sequence[EventRow]:
        """Return events, the latest start first; no stage named means all."""
        async with self.engine.connect() as connection:
            return await view_events.events(
                connection, program=program, stages=stages, after=after, limit=limit
            )

    async def event(self, event: EventId) -> EventRow | None:
        """Return one event, or None."""
        async with self.engine.connect() as connection:
            return await view_events.event(connection, event)

    async def pulse(self, event: EventId) -> Pulse | None:
        """Return what changes while an event runs."""
        async with self.engine.connect() as connection:
            return await view_events.pulse(connection, event)

    async def members(
        self, event: EventId, *, after: EvseId | None = None, limit: int | None = None
    ) -> Sequence[MemberRow]:
        """Return an event's members, by EVSE."""
        async with self.engine.connect() as connection:
            return await view_events.members(
                connection, event, after=after, limit=limit
            )

    async def notices(self, event: EventId) -> Sequence[NoticeRow]:
        """Return an event's notices, oldest first."""
        async with self.engine.connect() as connection:
            return await view_events.notices(connection, event)

    async def curve(self, event: EventId) -> Sequence[CurvePoint]:
        """Return what the members did in each quarter of the window."""
        async with self.engine.connect() as connection:
            return await view_energy.curve(connection, event)

    async def export_registers(
        self, evses: Sequence[EvseId], at: datetime
    ) -> Mapping[EvseId, int]:
        """Return what each register of energy given back showed at an instant."""
        async with self.engine.connect() as connection:
            return await view_energy.export_registers(connection, evses, at)

    async def sites(
        self, *, after: SiteId | None = None, limit: int = 100
    ) -> Sequence[SiteRow]:
        """Return sites, by id."""
        async with self.engine.connect() as connection:
            return await view_fleet.sites(connection, after=after, limit=limit)

    async def site(self, site: SiteId) -> SiteRow | None:
        """Return one site, or None."""
        async with self.engine.connect() as connection:
            found = await view_fleet.sites(connection, only=site)
        return found[0] if found else None

    async def participants(
        self, *, after: ParticipantId | None = None, limit: int = 100
    ) -> Sequence[ParticipantRow]:
        """Return participants, by id."""
        async with self.engine.connect() as connection:
            return await view_fleet.participants(connection, after=after, limit=limit)

    async def participant(self, participant: ParticipantId) -> ParticipantRow | None:
        """Return one participant, or None."""
        async with self.engine.connect() as connection:
            found = await view_fleet.participants(connection, only=participant)
        return found[0] if found else None

    async def vehicles(
        self,
        *,
        participant: ParticipantId | None = None,
        after: VehicleId | None = None,
        limit: int = 100,
    ) -> Sequence[VehicleRow]:
        """Return vehicles, by id."""
        async with self.engine.connect() as connection:
            return await view_fleet.vehicles(
                connection, participant=participant, after=after, limit=limit
            )

    async def vehicle(self, vehicle: VehicleId) -> VehicleRow | None:
        """Return one vehicle, or None."""
        async with self.engine.connect() as connection:
            found = await view_fleet.vehicles(connection, only=vehicle)
        return found[0] if found else None

    async def enrollments(
        self,
        *,
        program: ProgramId | None = None,
        participant: ParticipantId | None = None,
        after: tuple[ProgramId, EvseId] | None = None,
        limit: int = 100,
    ) -> Sequence[EnrollmentRow]:
        """Return enrollments, by program and EVSE."""
        async with self.engine.connect() as connection:
            return await view_fleet.enrollments(
                connection,
                program=program,
                participant=participant,
                after=after,
                limit=limit,
            )

    async def incidents(
        self,
        *,
        station: StationId | None = None,
        event: EventId | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[IncidentRow]:
        """Return incidents, youngest first, below a number if one is given."""
        async with self.engine.connect() as connection:
            return await view_stations.incidents(
                connection, station=station, event=event, before=before, limit=limit
            )

    async def attention(self, since: datetime) -> Attention:
        """Return what waits for an operator."""
        async with self.engine.connect() as connection:
            return await view_stations.attention(connection, since)

    async def resources(
        self, *, station: StationId | None = None, evse: int | None = None
    ) -> Sequence[Resource]:
        """Return how EVSEs are named in reports, by id."""
        async with self.engine.connect() as connection:
            return await view_stations.resources(connection, station, evse)

    async def parts(
        self, evses: Collection[EvseId], interval: Interval
    ) -> Sequence[Part]:
        """Return which EVSE was asked by which event that overlaps the interval."""
        async with self.engine.connect() as connection:
            return await view_energy.parts(connection, evses, interval)

    async def notice_outcomes(self) -> Mapping[tuple[Channel, str], int]:
        """Return how many notices there are, by channel and outcome."""
        async with self.engine.connect() as connection:
            return await view_events.notice_outcomes(connection)

    async def newest_fact(self) -> int:
        """Return the number of the newest fact; 0 if there is none."""
        async with self.engine.connect() as connection:
            return await view_events.newest_fact(connection)
