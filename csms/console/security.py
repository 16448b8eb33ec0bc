"""Security: what stations told of it, and how safely each of them comes in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from csms.console import security_wording
from csms.console.shell import PageRoute, ShellOf, to
from csms.domain.errors import Broken
from csms.domain.ids import StationId
from csms.domain.security import SecurityEvent, SecurityProfile
from csms.domain.signing import IssuedCertificate
from csms.services import security_overview
from csms.services.reception import UnknownStation
from csms.services.renewal import newest
from csms.services.security_overview import Concern, StationDoor
from csms.web.auth import Admin, NodeOf, Viewer

if TYPE_CHECKING:
    from csms.services.node import Node

router = APIRouter(route_class=PageRoute, include_in_schema=False)
EVENTS, STATIONS, SHORT = 15, 20, 5
EVERY = "all"
DAY = timedelta(days=1)
CONCERNS = {
    "failed": Concern.FAILED,
    "changing": Concern.CHANGING,
    "open line": Concern.OPEN_LINE,
    "never in": Concern.NEVER_IN,
}


@dataclass(frozen=True, slots=True)
class SecurityView:
    """How safely a station comes in, as its page shows it.

    Attributes:
        door: The profile, the password, and what is changing.
        certificates: Those of its own that are in use.
        events: The latest security events.
    """

    door: StationDoor
    certificates: Sequence[IssuedCertificate]
    events: Sequence[SecurityEvent]


async def security_view(node: "Node", station: StationId) -> SecurityView:
    """Return how safely a station comes in."""
    known = node.book.station(station)
    if known is None:
        raise UnknownStation(f"there is no station {station}")
    door = await security_overview.door(node.begin, node.book, node.security, known)
    async with node.begin() as work:
        issued = await work.security.certificates(station=station)
        events = await work.security.events(station=station, limit=SHORT)
    return SecurityView(door, newest(issued), events)


@router.get("/security")
async def security(  # noqa: PLR0913, PLR0917 two lists and their filters
    caller: Viewer,
    node: NodeOf,
    shell: ShellOf,
    station: str = "",
    severity: str = "",
    concern: str = "",
    before: int | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Show security events, and how stations come in, what wants a look first."""
    part = station.replace("\0", "").strip()
    doors = await security_overview.doors(node.begin, node.book, node.security)
    now = node.clock.now()
    async with node.begin() as work:
        events = await work.security.events(
            severity=_severities(severity),
            part=part,
            before=before,
            limit=EVENTS + 1,
        )
        grave = await work.security.events(severity=security_wording.GRAVE, limit=100)
    wanted = CONCERNS.get(concern)
    fitting = [
        each
        for each in doors
        if part.lower() in each.station.lower() and wanted in (None, each.concern)
    ]
    first = (page - 1) * STATIONS
    return shell.page(
        "security.html",
        caller,
        say=security_wording,
        events=events[:EVENTS],
        older=events[EVENTS - 1].id if len(events) > EVENTS else None,
        grave=sum(now - each.received_at <= DAY for each in grave),
        doors=fitting[first : first + STATIONS],
        fitting=len(fitting),
        page_number=page,
        more=len(fitting) > first + STATIONS,
        totals={
            name: sum(each.concern is kind for each in doors)
            for name, kind in CONCERNS.items()
        },
        encrypted=sum((each.uses or 0) > SecurityProfile.BASIC for each in doors),
        stations=len(doors),
        max_age=node.security.passwords.max_age,
        filters={"station": part, "severity": severity, "concern": concern},
        before=before,
        severities=[*security_wording.SEVERITIES, EVERY],
        concerns=list(CONCERNS),
    )


@router.post("/stations/{station}/password")
async def rotate(station: StationId, caller: Admin, node: NodeOf) -> Response:
    """Give a station a new password (A01); nobody gets to see it."""
    await node.security.passwords.rotate(station, caller.name)
    return _back(station)


@router.post("/stations/{station}/upgrade")
async def upgrade(
    station: StationId, caller: Admin, node: NodeOf, profile: Annotated[int, Form()]
) -> Response:
    """Begin to bring a station to a higher profile (A05)."""
    if profile not in set(SecurityProfile):
        raise Broken(f"there is no security profile {profile}", field="profile")
    wanted = SecurityProfile(profile)
    await node.security.upgrades.begin(station, wanted, caller.name)
    return _back(station)


@router.post("/stations/{station}/upgrade/cancel")
async def cancel(station: StationId, caller: Admin, node: NodeOf) -> Response:
    """End an upgrade; the station is told its former ways in."""
    await node.security.upgrades.cancel(station, caller.name)
    return _back(station)


def _severities(chosen: str) -> tuple[int, int] | None:
    """Return from which severity to which; None for all."""
    if chosen == EVERY:
        return None
    return security_wording.SEVERITIES.get(chosen, security_wording.WORTH_A_LOOK)


def _back(station: StationId) -> Response:
    return to(f"/stations/{station}#security")
