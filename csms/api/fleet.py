"""Sites, participants, vehicles, enrollments, and how they come in."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.figures import kw, kwh
from csms.api.guard import GuardedRoute
from csms.domain.errors import NotFound
from csms.domain.ids import (
    EvseId,
    ParticipantId,
    ProgramId,
    SiteId,
    StationId,
    VehicleId,
)
from csms.domain.vehicle import Departure, MobilityNeed, Override
from csms.services.participation import NoSuchVehicle
from csms.services.ports.queries import (
    EnrollmentRow,
    ParticipantRow,
    SiteRow,
    VehicleRow,
)
from csms.web.auth import Admin, NodeOf, Operator
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["fleet"], route_class=GuardedRoute)


class NoSuchSite(NotFound):
    """There is no such site."""

    code = "no-such-site"
    usual_remedy = "see csms sites list"


class NoSuchParticipant(NotFound):
    """There is no such participant."""

    code = "no-such-participant"
    usual_remedy = "see csms participants list"


class SiteItem(BaseModel):
    """A site and its connection to the grid."""

    id: str
    name: str
    participant: str
    participant_name: str
    utility: str
    timezone: str
    customer_class: str
    import_cap_kw: float
    export_cap_kw: float
    export_permission: bool
    stations: int
    evses: int


class ParticipantItem(BaseModel):
    """Someone who lends batteries."""

    id: str
    name: str
    email: str
    language: str
    kind: str
    sites: int
    vehicles: int
    evses: int
    programs: list[str]


class DepartureItem(RequestBody):
    """A standing departure, local to the site."""

    weekday: int = Field(ge=0, le=6, description="0 for Monday to 6 for Sunday.")
    time: dt.time
    soc_pct: float = Field(ge=0, le=100)


class OverrideItem(RequestBody):
    """What one date has instead of its standing departures."""

    date: dt.date
    time: dt.time | None = Field(None, description="None: nobody leaves that day.")
    soc_pct: float = Field(ge=0, le=100)


class NeedItem(RequestBody):
    """What a driver needs, come what may."""

    min_soc_pct: float = Field(ge=0, le=100)
    departures: list[DepartureItem] = Field(default=[], max_length=50)
    overrides: list[OverrideItem] = Field(default=[], max_length=400)


class VehicleItem(BaseModel):
    """A vehicle, whose it is, where it parks and what its driver needs."""

    id: str
    participant: str
    participant_name: str
    name: str
    battery_kwh: float
    max_charge_kw: float
    max_discharge_kw: float
    station: str | None
    evse: int | None
    site: str | None
    timezone: str | None
    soc_pct: float | None
    plugged: bool | None
    need: NeedItem


class EnrollmentItem(BaseModel):
    """The agreement of one EVSE to take part in one program."""

    program: str
    station: str
    evse: int
    participant: str
    participant_name: str
    site: str
    vendor: str | None
    model: str | None
    starts_on: dt.date
    ends_on: dt.date | None
    participant_share: float


class ImportCounts(BaseModel):
    """What an import came to."""

    created: int
    updated: int
    unchanged: int


@ROUTER.post("/registry", summary="Import a registry document: all of it, or nothing")
async def import_registry(
    node: NodeOf,
    caller: Admin,
    document: Annotated[dict[str, Any], Body(description="Version 1.")],
) -> ImportCounts:
    """Keep participants, sites, vehicles, stations and enrollments.

    What the document does not mention stays as it is; the same document again
    changes nothing. Passwords are kept as hashes only.
    """
    result = await node.registry.import_registry(document, by=caller.name)
    await node.refreshed()
    return ImportCounts(
        created=len(result.created),
        updated=len(result.updated),
        unchanged=len(result.unchanged),
    )


@ROUTER.get("/sites", summary="List sites")
async def list_sites(
    node: NodeOf, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[SiteItem]:
    """Return sites, by id."""
    after = read_cursor(cursor, str)
    rows = await node.queries.sites(
        after=SiteId(after[0]) if after else None, limit=limit + 1
    )
    return page(rows, limit, _site, lambda row: row.site.id)


@ROUTER.get("/sites/{site}", summary="Show one site")
async def show_site(node: NodeOf, site: str) -> SiteItem:
    """Return one site."""
    row = await node.queries.site(SiteId(site))
    if row is None:
        raise NoSuchSite(f"there is no site {site}")
    return _site(row)


@ROUTER.get("/participants", summary="List participants")
async def list_participants(
    node: NodeOf, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[ParticipantItem]:
    """Return participants, by id."""
    after = read_cursor(cursor, str)
    rows = await node.queries.participants(
        after=ParticipantId(after[0]) if after else None, limit=limit + 1
    )
    return page(rows, limit, _participant, lambda row: row.participant.id)


@ROUTER.get("/participants/{participant}", summary="Show one participant")
async def show_participant(node: NodeOf, participant: str) -> ParticipantItem:
    """Return one participant."""
    row = await node.queries.participant(ParticipantId(participant))
    if row is None:
        raise NoSuchParticipant(f"there is no participant {participant}")
    return _participant(row)


@ROUTER.get("/vehicles", summary="List vehicles")
async def list_vehicles(
    node: NodeOf,
    participant: str | None = None,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[VehicleItem]:
    """Return vehicles, by id."""
    after = read_cursor(cursor, str)
    rows = await node.queries.vehicles(
        participant=ParticipantId(participant) if participant else None,
        after=VehicleId(after[0]) if after else None,
        limit=limit + 1,
    )
    return page(
        rows, limit, lambda row: _vehicle(node, row), lambda row: row.vehicle.id
    )


@ROUTER.get("/vehicles/{vehicle}", summary="Show one vehicle")
async def show_vehicle(node: NodeOf, vehicle: str) -> VehicleItem:
    """Return one vehicle with what its driver needs."""
    row = await node.queries.vehicle(VehicleId(vehicle))
    if row is None:
        raise NoSuchVehicle(f"there is no vehicle {vehicle}")
    return _vehicle(node, row)


@ROUTER.put("/vehicles/{vehicle}/need", summary="Say what a driver needs")
async def set_need(
    node: NodeOf, caller: Operator, vehicle: str, need: NeedItem
) -> VehicleItem:
    """Replace what the driver needs; it counts at once, in running events too."""
    name = VehicleId(vehicle)
    await node.participation.set_need(name, _need(need), by=caller.name)
    return await show_vehicle(node, vehicle)


@ROUTER.get("/enrollments", summary="List enrollments")
async def list_enrollments(
    node: NodeOf,
    program: str | None = None,
    participant: str | None = None,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[EnrollmentItem]:
    """Return enrollments, by program and EVSE."""
    after = read_cursor(cursor, str, str, int)
    rows = await node.queries.enrollments(
        program=ProgramId(program) if program else None,
        participant=ParticipantId(participant) if participant else None,
        after=(ProgramId(after[0]), EvseId(StationId(after[1]), after[2]))
        if after
        else None,
        limit=limit + 1,
    )
    return page(rows, limit, _enrollment, _enrollment_key)


def _enrollment_key(row: EnrollmentRow) -> object:
    kept = row.enrollment
    return [kept.program, kept.evse.station, kept.evse.number]


def _site(row: SiteRow) -> SiteItem:
    site = row.site
    return SiteItem(
        id=site.id,
        name=site.name,
        participant=site.participant,
        participant_name=row.participant_name,
        utility=site.utility,
        timezone=site.timezone,
        customer_class=site.customer_class,
        import_cap_kw=kw(site.import_cap),
        export_cap_kw=kw(site.export_cap),
        export_permission=site.export_permission,
        stations=row.stations,
        evses=row.evses,
    )


def _participant(row: ParticipantRow) -> ParticipantItem:
    person = row.participant
    return ParticipantItem(
        id=person.id,
        name=person.name,
        email=person.email,
        language=person.language,
        kind=person.kind,
        sites=row.sites,
        vehicles=row.vehicles,
        evses=row.evses,
        programs=list(row.programs),
    )


def _vehicle(node: NodeOf, row: VehicleRow) -> VehicleItem:
    vehicle, need = row.vehicle, row.vehicle.need
    live = None if row.evse is None else node.live.get(row.evse)
    return VehicleItem(
        id=vehicle.id,
        participant=vehicle.participant,
        participant_name=row.participant_name,
        name=vehicle.name,
        battery_kwh=kwh(vehicle.battery),
        max_charge_kw=kw(vehicle.max_charge),
        max_discharge_kw=kw(vehicle.max_discharge),
        station=None if row.evse is None else row.evse.station,
        evse=None if row.evse is None else row.evse.number,
        site=row.site,
        timezone=row.timezone,
        soc_pct=None if live is None else live.soc_pct,
        plugged=None if live is None else live.plugged,
        need=NeedItem(
            min_soc_pct=need.min_soc_pct,
            departures=[
                DepartureItem(
                    weekday=each.weekday, time=each.time, soc_pct=each.soc_pct
                )
                for each in need.departures
            ],
            overrides=[
                OverrideItem(date=each.date, time=each.time, soc_pct=each.soc_pct)
                for each in need.overrides
            ],
        ),
    )


def _enrollment(row: EnrollmentRow) -> EnrollmentItem:
    kept = row.enrollment
    return EnrollmentItem(
        program=kept.program,
        station=kept.evse.station,
        evse=kept.evse.number,
        participant=kept.participant,
        participant_name=row.participant_name,
        site=row.site,
        vendor=row.vendor,
        model=row.model,
        starts_on=kept.starts_on,
        ends_on=kept.ends_on,
        participant_share=float(kept.participant_share),
    )


def _need(said: NeedItem) -> MobilityNeed:
    return MobilityNeed(
        said.min_soc_pct,
        tuple(
            Departure(each.weekday, each.time, each.soc_pct) for each in said.departures
        ),
        tuple(Override(each.date, each.time, each.soc_pct) for each in said.overrides),
    )
