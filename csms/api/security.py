"""How safely stations come in: passwords, security profiles, security events."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.security import (
    PasswordRotation,
    RotationState,
    SecurityEvent,
    SecurityProfile,
    SecurityUpgrade,
    StationSecurity,
    UpgradeState,
)
from csms.web.auth import Admin, NodeOf
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["security"], route_class=GuardedRoute)
ACCEPTED = 202

ProfileNumber = Literal[1, 2, 3]


class RotationItem(BaseModel):
    """How far the change of a password has come; no password is ever shown."""

    id: int
    state: RotationState
    started_at: datetime
    changed_at: datetime
    by: str
    reason: str


class UpgradeItem(BaseModel):
    """How far a station has come on its way to a higher security profile."""

    id: int
    station: str
    target: ProfileNumber
    state: UpgradeState
    started_at: datetime
    changed_at: datetime
    deadline: datetime
    by: str
    reason: str


class DoorItem(BaseModel):
    """How a station must come in, and how it came."""

    station: str
    least_profile: ProfileNumber = Field(
        description="It is refused with a lower security profile."
    )
    accepts_expired: bool = Field(
        description="Whether it may come in with an expired certificate."
    )
    last_profile: ProfileNumber | None
    last_at: datetime | None
    password_changed_at: datetime | None
    certificate: str | None = Field(
        description="Fingerprint of the certificate that it came in with."
    )
    rotations: list[RotationItem]
    upgrades: list[UpgradeItem]


class DoorRequest(RequestBody):
    """How a station must come in from now on."""

    least_profile: ProfileNumber | None = None
    accepts_expired: bool | None = None


class UpgradeRequest(RequestBody):
    """Which profile a station is to come in with."""

    profile: Literal[2, 3]
    interface: str = Field(
        "Wired0",
        pattern="^(Wired[0-3]|Wireless[0-3]|Any)$",
        description="Through which of its interfaces the station connects.",
    )


class SecurityEventItem(BaseModel):
    """Something that matters to security happened at a station."""

    id: int
    station: str
    type: str
    critical: bool
    severity: int = Field(description="0 (danger) to 9 (debug).")
    tech_info: str
    at: datetime
    received_at: datetime


@ROUTER.get("/stations/{station}/security", summary="Show how a station comes in")
async def show_security(node: NodeOf, station: str) -> DoorItem:
    """Return its security profile, its password's changes and its upgrades."""
    return await _door(node, station)


@ROUTER.put("/stations/{station}/security", summary="Demand how a station comes in")
async def demand(
    node: NodeOf, caller: Admin, station: str, wanted: DoorRequest
) -> DoorItem:
    """Demand a least security profile; the one way to lower it (A00.FR.005)."""
    name, desk = known_station(node, station), node.security
    if wanted.least_profile is not None:
        least = SecurityProfile(wanted.least_profile)
        await desk.identities.demand(name, least, caller.name)
    if wanted.accepts_expired is not None:
        await desk.identities.accept_expired(
            name, caller.name, accepts=wanted.accepts_expired
        )
    return await _door(node, station)


@ROUTER.post("/stations/{station}/password", summary="Give a station a new password")
async def rotate_password(node: NodeOf, caller: Admin, station: str) -> RotationItem:
    """Send a new random password (A01); nobody gets to see it.

    Until the station has come in with it, the old one opens the door as well.
    """
    name = known_station(node, station)
    return _rotation(await node.security.passwords.rotate(name, caller.name))


@ROUTER.post(
    "/stations/{station}/upgrade",
    summary="Bring a station to a higher security profile",
    status_code=ACCEPTED,
)
async def upgrade(
    node: NodeOf, caller: Admin, station: str, wanted: UpgradeRequest
) -> UpgradeItem:
    """Begin an upgrade (A05); it goes on by itself, and falls back if it must."""
    name = known_station(node, station)
    begun = await node.security.upgrades.begin(
        name, SecurityProfile(wanted.profile), caller.name, wanted.interface
    )
    return _upgrade(begun)


@ROUTER.delete("/stations/{station}/upgrade", summary="End a security upgrade")
async def cancel_upgrade(node: NodeOf, caller: Admin, station: str) -> UpgradeItem:
    """End an upgrade; the station is told its former ways to connect again."""
    name = known_station(node, station)
    return _upgrade(await node.security.upgrades.cancel(name, caller.name))


@ROUTER.get("/security-events", summary="List security events of stations")
async def list_security_events(
    node: NodeOf,
    station: str | None = None,
    critical: Annotated[
        bool | None, Query(description="Only those that Part 2 marks so.")
    ] = None,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[SecurityEventItem]:
    """Return security events, youngest first (A04)."""
    before = read_cursor(cursor, int)
    async with node.begin() as work:
        rows = await work.security.events(
            station=None if station is None else known_station(node, station),
            critical=critical,
            before=None if before is None else before[0],
            limit=limit + 1,
        )
    return page(rows, limit, _event, lambda row: row.id)


async def _door(node: NodeOf, station: str) -> DoorItem:
    name, desk = known_station(node, station), node.security
    async with node.begin() as work:
        kept = {each.station: each for each in await work.security.doors()}
        rotations = await work.security.rotations(name)
        upgrades = await work.security.upgrades(name)
    door = kept.get(name) or StationSecurity(name)
    present = desk.identities.door(name)
    last = present.last_profile or door.last_profile
    return DoorItem(
        station=name,
        least_profile=_number(door.least),
        accepts_expired=door.accepts_expired,
        last_profile=None if last is None else _number(last),
        last_at=present.last_at or door.last_at,
        password_changed_at=door.password_at,
        certificate=desk.identities.certificate_of(name),
        rotations=[_rotation(each) for each in rotations],
        upgrades=[_upgrade(each) for each in upgrades],
    )


def _number(profile: SecurityProfile) -> ProfileNumber:
    match profile:
        case SecurityProfile.BASIC:
            return 1
        case SecurityProfile.TLS:
            return 2
        case SecurityProfile.MUTUAL:
            return 3


def _rotation(rotation: PasswordRotation) -> RotationItem:
    return RotationItem(
        id=rotation.id,
        state=rotation.state,
        started_at=rotation.started_at,
        changed_at=rotation.changed_at,
        by=rotation.by,
        reason=rotation.reason,
    )


def _upgrade(upgrade: SecurityUpgrade) -> UpgradeItem:
    return UpgradeItem(
        id=upgrade.id,
        station=upgrade.station,
        target=_number(upgrade.target),
        state=upgrade.state,
        started_at=upgrade.started_at,
        changed_at=upgrade.changed_at,
        deadline=upgrade.deadline,
        by=upgrade.by,
        reason=upgrade.reason,
    )


def _event(event: SecurityEvent) -> SecurityEventItem:
    return SecurityEventItem(
        id=event.id,
        station=event.station,
        type=event.type,
        critical=event.critical,
        severity=event.severity,
        tech_info=event.tech_info,
        at=event.at,
        received_at=event.received_at,
    )
