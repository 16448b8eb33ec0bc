"""Sites, participants, vehicles and enrollments, as people look at them."""

from collections.abc import Sequence

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.db.fleet import enrollment_from, participant_from, site_from, vehicle_from
from csms.domain.ids import (
    EvseId,
    ParticipantId,
    ProgramId,
    SiteId,
    StationId,
    VehicleId,
)
from csms.services.ports.queries import (
    EnrollmentRow,
    ParticipantRow,
    SiteRow,
    VehicleRow,
)

_PARTICIPANT = tables.participant
_SITE = tables.site
_VEHICLE = tables.vehicle
_STATION = tables.station
_EVSE = tables.evse
_ENROLLMENT = tables.enrollment


async def sites(
    connection: AsyncConnection,
    *,
    only: SiteId | None = None,
    after: SiteId | None = None,
    limit: int = 1,
) -> Sequence[SiteRow]:
    """Return sites, by id."""
    stations = (
        select(func.count())
        .where(_STATION.c.site_id == _SITE.c.id)
        .correlate(_SITE)
        .scalar_subquery()
    )
    evses = (
        select(func.count())
        .select_from(_EVSE.join(_STATION, _STATION.c.id == _EVSE.c.station_id))
        .where(_STATION.c.site_id == _SITE.c.id)
        .correlate(_SITE)
        .scalar_subquery()
    )
    query = (
        select(
            _SITE,
            _PARTICIPANT.c.name.label("participant_name"),
            stations.label("stations"),
            evses.label("evses"),
        )
        .join(_PARTICIPANT, _PARTICIPANT.c.id == _SITE.c.participant_id)
        .order_by(_SITE.c.id)
        .limit(limit)
    )
    if only is not None:
        query = query.where(_SITE.c.id == only)
    if after is not None:
        query = query.where(_SITE.c.id > after)
    return [
        SiteRow(site_from(row), row.participant_name, row.stations, row.evses)
        for row in await connection.execute(query)
    ]


async def participants(
    connection: AsyncConnection,
    *,
    only: ParticipantId | None = None,
    after: ParticipantId | None = None,
    limit: int = 1,
) -> Sequence[ParticipantRow]:
    """Return participants, by id."""
    mine = _SITE.c.participant_id == _PARTICIPANT.c.id
    count = select(func.count())
    evses = _EVSE.join(_STATION, _STATION.c.id == _EVSE.c.station_id).join(
        _SITE, _SITE.c.id == _STATION.c.site_id
    )
    programs = (
        select(func.array_agg(_ENROLLMENT.c.program_id.distinct()))
        .where(_ENROLLMENT.c.participant_id == _PARTICIPANT.c.id)
        .correlate(_PARTICIPANT)
    )
    counts = {
        "sites": count.select_from(_SITE).where(mine),
        "vehicles": count.where(_VEHICLE.c.participant_id == _PARTICIPANT.c.id),
        "evses": count.select_from(evses).where(mine),
    }
    query = (
        select(
            _PARTICIPANT,
            programs.scalar_subquery().label("programs"),
            *(
                each.correlate(_PARTICIPANT).scalar_subquery().label(name)
                for name, each in counts.items()
            ),
        )
        .order_by(_PARTICIPANT.c.id)
        .limit(limit)
    )
    if only is not None:
        query = query.where(_PARTICIPANT.c.id == only)
    if after is not None:
        query = query.where(_PARTICIPANT.c.id > after)
    return [
        ParticipantRow(
            participant_from(row),
            row.sites,
            row.vehicles,
            row.evses,
            tuple(ProgramId(each) for each in sorted(row.programs or ())),
        )
        for row in await connection.execute(query)
    ]


async def vehicles(
    connection: AsyncConnection,
    *,
    only: VehicleId | None = None,
    participant: ParticipantId | None = None,
    after: VehicleId | None = None,
    limit: int = 1,
) -> Sequence[VehicleRow]:
    """Return vehicles, by id."""
    place = (
        select(_EVSE.c.station_id, _EVSE.c.number, _SITE.c.id, _SITE.c.timezone)
        .join(_STATION, _STATION.c.id == _EVSE.c.station_id)
        .join(_SITE, _SITE.c.id == _STATION.c.site_id)
        .where(_EVSE.c.vehicle_id == _VEHICLE.c.id)
        .order_by(_EVSE.c.station_id, _EVSE.c.number)
        .limit(1)
        .lateral("place")
    )
    query = (
        select(
            _VEHICLE,
            _PARTICIPANT.c.name.label("participant_name"),
            place.c.station_id,
            place.c.number,
            place.c.id.label("site"),
            place.c.timezone,
        )
        .join(_PARTICIPANT, _PARTICIPANT.c.id == _VEHICLE.c.participant_id)
        .outerjoin(place, place.c.station_id.is_not(None))
        .order_by(_VEHICLE.c.id)
        .limit(limit)
    )
    if only is not None:
        query = query.where(_VEHICLE.c.id == only)
    if participant is not None:
        query = query.where(_VEHICLE.c.participant_id == participant)
    if after is not None:
        query = query.where(_VEHICLE.c.id > after)
    return [
        VehicleRow(
            vehicle_from(row),
            row.participant_name,
            EvseId(StationId(row.station_id), row.number) if row.station_id else None,
            SiteId(row.site) if row.site else None,
            row.timezone,
        )
        for row in await connection.execute(query)
    ]


async def enrollments(
    connection: AsyncConnection,
    *,
    program: ProgramId | None,
    participant: ParticipantId | None,
    after: tuple[ProgramId, EvseId] | None,
    limit: int,
) -> Sequence[EnrollmentRow]:
    """Return enrollments, by program and EVSE."""
    key = (_ENROLLMENT.c.program_id, _ENROLLMENT.c.station_id, _ENROLLMENT.c.evse)
    query = (
        select(
            _ENROLLMENT,
            _PARTICIPANT.c.name.label("participant_name"),
            _STATION.c.site_id,
            _STATION.c.vendor,
            _STATION.c.model,
        )
        .join(_PARTICIPANT, _PARTICIPANT.c.id == _ENROLLMENT.c.participant_id)
        .join(_STATION, _STATION.c.id == _ENROLLMENT.c.station_id)
        .order_by(*key)
        .limit(limit)
    )
    if program is not None:
        query = query.where(_ENROLLMENT.c.program_id == program)
    if participant is not None:
        query = query.where(_ENROLLMENT.c.participant_id == participant)
    if after is not None:
        last, evse = after
        query = query.where(tuple_(*key) > (last, evse.station, evse.number))
    return [
        EnrollmentRow(
            enrollment_from(row),
            row.participant_name,
            SiteId(row.site_id),
            row.vendor,
            row.model,
        )
        for row in await connection.execute(query)
    ]
