"""Participants, sites, vehicles, EVSEs and enrollments, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from sqlalchemy import Row, Table, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.domain.enrollment import Enrollment
from csms.domain.ids import (
    EvseId,
    ParticipantId,
    ProgramId,
    SiteId,
    StationId,
    VehicleId,
)
from csms.domain.participant import Participant, ParticipantKind
from csms.domain.site import CustomerClass, Site
from csms.domain.station import Evse
from csms.domain.units import Energy, Power
from csms.domain.vehicle import Departure, MobilityNeed, Override, Vehicle

_PARTICIPANT = tables.participant
_SITE = tables.site
_VEHICLE = tables.vehicle
_EVSE = tables.evse
_ENROLLMENT = tables.enrollment


@dataclass(frozen=True, slots=True)
class PostgresFleetStore:
    """The fleet of one unit of work."""

    connection: AsyncConnection

    async def participant(self, participant: ParticipantId) -> Participant | None:
        """Return one participant, or None."""
        row = await self._one(_PARTICIPANT, participant)
        return None if row is None else participant_from(row)

    async def participants(self) -> Sequence[Participant]:
        """Return every participant, by id."""
        return [participant_from(row) for row in await self._all(_PARTICIPANT)]

    async def save_participant(self, participant: Participant) -> None:
        """Keep a participant."""
        await self._save(
            _PARTICIPANT,
            {
                "id": participant.id,
                "name": participant.name,
                "email": participant.email,
                "language": participant.language,
                "kind": participant.kind.value,
            },
        )

    async def site(self, site: SiteId) -> Site | None:
        """Return one site, or None."""
        row = await self._one(_SITE, site)
        return None if row is None else site_from(row)

    async def sites(self) -> Sequence[Site]:
        """Return every site, by id."""
        return [site_from(row) for row in await self._all(_SITE)]

    async def save_site(self, site: Site) -> None:
        """Keep a site."""
        await self._save(
            _SITE,
            {
                "id": site.id,
                "participant_id": site.participant,
                "name": site.name,
                "utility": site.utility,
                "timezone": site.timezone,
                "customer_class": site.customer_class.value,
                "import_cap_w": site.import_cap.watts,
                "export_cap_w": site.export_cap.watts,
                "export_permission": site.export_permission,
            },
        )

    async def vehicle(self, vehicle: VehicleId) -> Vehicle | None:
        """Return one vehicle, or None."""
        row = await self._one(_VEHICLE, vehicle)
        return None if row is None else vehicle_from(row)

    async def vehicles(self) -> Sequence[Vehicle]:
        """Return every vehicle, by id."""
        return [vehicle_from(row) for row in await self._all(_VEHICLE)]

    async def save_vehicle(self, vehicle: Vehicle) -> None:
        """Keep a vehicle with its mobility need."""
        await self._save(
            _VEHICLE,
            {
                "id": vehicle.id,
                "participant_id": vehicle.participant,
                "name": vehicle.name,
                "battery_ws": vehicle.battery.watt_seconds,
                "max_charge_w": vehicle.max_charge.watts,
                "max_discharge_w": vehicle.max_discharge.watts,
                **_need_row(vehicle.need),
            },
        )

    async def save_need(self, vehicle: VehicleId, need: MobilityNeed) -> bool:
        """Keep what its driver needs; tell whether there is such a vehicle."""
        done = await self.connection.execute(
            update(_VEHICLE).where(_VEHICLE.c.id == vehicle).values(_need_row(need))
        )
        return done.rowcount > 0

    async def evse(self, evse: EvseId) -> Evse | None:
        """Return one EVSE, or None."""
        rows = await self.connection.execute(
            select(_EVSE)
            .where(_EVSE.c.station_id == evse.station)
            .where(_EVSE.c.number == evse.number)
        )
        row = rows.one_or_none()
        return None if row is None else evse_from(row)

    async def evses(self) -> Sequence[Evse]:
        """Return every EVSE, by id."""
        return [evse_from(row) for row in await self._all(_EVSE)]

    async def evses_of(self, station: StationId) -> Sequence[Evse]:
        """Return the EVSEs of one station, by number."""
        rows = await self.connection.execute(
            select(_EVSE).where(_EVSE.c.station_id == station).order_by(_EVSE.c.number)
        )
        return [evse_from(row) for row in rows]

    async def save_evse(self, evse: Evse) -> None:
        """Keep an EVSE."""
        await self._save(
            _EVSE,
            {
                "station_id": evse.id.station,
                "number": evse.id.number,
                "vehicle_id": evse.vehicle,
                "max_charge_w": evse.max_charge.watts,
                "max_discharge_w": evse.max_discharge.watts,
                "min_discharge_w": evse.min_discharge.watts,
                "grid_parallel": evse.grid_parallel,
            },
        )

    async def enrollments(
        self, program: ProgramId | None = None, on: date | None = None
    ) -> Sequence[Enrollment]:
        """Return enrollments, by program and EVSE."""
        query = select(_ENROLLMENT).order_by(*_ENROLLMENT.primary_key)
        if program is not None:
            query = query.where(_ENROLLMENT.c.program_id == program)
        if on is not None:
            query = query.where(
                _ENROLLMENT.c.starts_on <= on,
                or_(_ENROLLMENT.c.ends_on.is_(None), _ENROLLMENT.c.ends_on >= on),
            )
        return [enrollment_from(row) for row in await self.connection.execute(query)]

    async def enrollments_of(self, participant: ParticipantId) -> Sequence[Enrollment]:
        """Return the enrollments of one participant."""
        rows = await self.connection.execute(
            select(_ENROLLMENT)
            .where(_ENROLLMENT.c.participant_id == participant)
            .order_by(*_ENROLLMENT.primary_key)
        )
        return [enrollment_from(row) for row in rows]

    async def save_enrollment(self, enrollment: Enrollment) -> None:
        """Keep an enrollment, one per program and EVSE."""
        await self._save(
            _ENROLLMENT,
            {
                "program_id": enrollment.program,
                "station_id": enrollment.evse.station,
                "evse": enrollment.evse.number,
                "participant_id": enrollment.participant,
                "starts_on": enrollment.starts_on,
                "ends_on": enrollment.ends_on,
                "participant_share": enrollment.participant_share,
            },
        )

    async def _one(self, table: Table, key: str) -> Row[Any] | None:
        rows = await self.connection.execute(select(table).where(table.c.id == key))
        return rows.one_or_none()

    async def _all(self, table: Table) -> Sequence[Row[Any]]:
        query = select(table).order_by(*table.primary_key)
        return (await self.connection.execute(query)).all()

    async def _save(self, table: Table, row: dict[str, Any]) -> None:
        keys = [column.name for column in table.primary_key]
        await self.connection.execute(
            insert(table)
            .values(row)
            .on_conflict_do_update(
                index_elements=keys,
                set_={name: row[name] for name in row if name not in keys},
            )
        )


def participant_from(row: Row[Any]) -> Participant:
    """Read a row of ``participant``."""
    return Participant(
        id=ParticipantId(row.id),
        name=row.name,
        email=row.email,
        language=row.language,
        kind=ParticipantKind(row.kind),
    )


def site_from(row: Row[Any]) -> Site:
    """Read a row of ``site``."""
    return Site(
        id=SiteId(row.id),
        name=row.name,
        participant=ParticipantId(row.participant_id),
        utility=row.utility,
        timezone=row.timezone,
        customer_class=CustomerClass(row.customer_class),
        import_cap=Power(row.import_cap_w),
        export_cap=Power(row.export_cap_w),
        export_permission=row.export_permission,
    )


def vehicle_from(row: Row[Any]) -> Vehicle:
    """Read a row of ``vehicle``."""
    return Vehicle(
        id=VehicleId(row.id),
        participant=ParticipantId(row.participant_id),
        name=row.name,
        battery=Energy(row.battery_ws),
        max_charge=Power(row.max_charge_w),
        max_discharge=Power(row.max_discharge_w),
        need=MobilityNeed(
            min_soc_pct=row.min_soc_pct,
            departures=tuple(
                Departure(
                    each["weekday"], time.fromisoformat(each["time"]), each["soc_pct"]
                )
                for each in row.departures
            ),
            overrides=tuple(
                Override(
                    date.fromisoformat(each["date"]),
                    time.fromisoformat(each["time"]) if each["time"] else None,
                    each["soc_pct"],
                )
                for each in row.overrides
            ),
        ),
    )


def _need_row(need: MobilityNeed) -> dict[str, Any]:
    return {
        "min_soc_pct": need.min_soc_pct,
        "departures": [
            {
                "weekday": each.weekday,
                "time": each.time.isoformat("minutes"),
                "soc_pct": each.soc_pct,
            }
            for each in need.departures
        ],
        "overrides": [
            {
                "date": each.date.isoformat(),
                "time": each.time.isoformat("minutes") if each.time else None,
                "soc_pct": each.soc_pct,
            }
            for each in need.overrides
        ],
    }


def evse_from(row: Row[Any]) -> Evse:
    """Read a row of ``evse``."""
    return Evse(
        id=EvseId(StationId(row.station_id), row.number),
        vehicle=VehicleId(row.vehicle_id) if row.vehicle_id else None,
        max_charge=Power(row.max_charge_w),
        max_discharge=Power(row.max_discharge_w),
        min_discharge=Power(row.min_discharge_w),
        grid_parallel=row.grid_parallel,
    )


def enrollment_from(row: Row[Any]) -> Enrollment:
    """Read a row of ``enrollment``."""
    return Enrollment(
        program=ProgramId(row.program_id),
        evse=EvseId(StationId(row.station_id), row.evse),
        participant=ParticipantId(row.participant_id),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        participant_share=row.participant_share,
    )
