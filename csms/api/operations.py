"""What an operator looks after: incidents, quarantines, refusals, mail, facts."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from csms.api.guard import GuardedRoute
from csms.api.numbers import number_in
from csms.domain.errors import NotFound
from csms.domain.ids import EventId, StationId
from csms.services.incidents import NoOpenIncident
from csms.services.node import CaughtMail
from csms.services.ports.facts import Fact
from csms.services.ports.profiles import Quarantine
from csms.services.ports.queries import IncidentRow
from csms.web.auth import Admin, NodeOf, Operator
from csms.web.paging import MOST, USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["operations"], route_class=GuardedRoute)
NO_CONTENT = 204
DAY = timedelta(days=1)
IncidentId = Annotated[str, Path(description="Its number.")]


class NoCatcher(NotFound):
    """This node delivers its mail; only a demonstration catches it."""

    code = "no-mail-catcher"


class IncidentItem(BaseModel):
    """Something that a person should know of."""

    id: int
    at: datetime
    severity: str
    kind: str
    station: str | None
    evse: int | None
    event: str | None
    detail: dict[str, Any]
    resolved_at: datetime | None


class QuarantineItem(BaseModel):
    """A vendor profile that is not dispatched any more, and why."""

    vendor_profile: str
    at: datetime
    station: str
    reason: str
    evidence: dict[str, Any]
    evses: list[str] = Field(description="What is not dispatched because of it.")


class HandshakeItem(BaseModel):
    """Somebody who knocked and was not let in."""

    id: int
    at: datetime
    station: str = Field(description="The identity claimed; not trusted.")
    remote: str
    status: int
    reason: str


class FactItem(BaseModel):
    """Something that has happened."""

    id: int
    at: datetime
    kind: str
    subject: str
    body: dict[str, Any]


class FactPage(BaseModel):
    """Facts, oldest first; `next` goes into `after`."""

    items: list[FactItem]
    next: int | None


class MailItem(BaseModel):
    """A message that was caught instead of sent."""

    id: int
    to: str
    subject: str
    text: str
    html: str
    received_at: datetime


class MailPage(BaseModel):
    """Messages, oldest first; `next` goes into `after`."""

    items: list[MailItem]
    next: int | None


class AttentionItem(BaseModel):
    """What waits for an operator, in figures."""

    stations: int
    offline: int
    pending: int
    incidents: int
    failed_notices: int
    quarantines: int
    turned_away: int = Field(description="Handshakes refused within a day.")


@ROUTER.get("/attention", summary="Count what waits for an operator")
async def show_attention(node: NodeOf) -> AttentionItem:
    """Return figures for a glance."""
    found = await node.queries.attention(node.clock.now() - DAY)
    return AttentionItem(
        stations=found.stations,
        offline=found.offline,
        pending=found.pending,
        incidents=found.incidents,
        failed_notices=found.failed_notices,
        quarantines=found.quarantines,
        turned_away=found.turned_away,
    )


@ROUTER.get("/incidents", summary="List incidents, youngest first")
async def list_incidents(
    node: NodeOf,
    station: str | None = None,
    event: str | None = None,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[IncidentItem]:
    """Return what a person should know of."""
    before = read_cursor(cursor, int)
    rows = await node.queries.incidents(
        station=StationId(station) if station else None,
        event=EventId(event) if event else None,
        before=before[0] if before else None,
        limit=limit + 1,
    )
    return page(rows, limit, _incident, lambda row: row.id)


@ROUTER.post(
    "/incidents/{incident}/acknowledge",
    summary="Say that somebody looks after an incident",
    status_code=NO_CONTENT,
)
async def acknowledge_incident(
    node: NodeOf, caller: Operator, incident: IncidentId
) -> None:
    """Keep who looks after it; it stays open."""
    number = number_in(incident, NoOpenIncident)
    await node.incidents.acknowledge(number, by=caller.name)


@ROUTER.post(
    "/incidents/{incident}/resolve",
    summary="End an incident by hand",
    status_code=NO_CONTENT,
)
async def resolve_incident(
    node: NodeOf, caller: Operator, incident: IncidentId
) -> None:
    """End an incident, and the alert that raised it."""
    number = number_in(incident, NoOpenIncident)
    await node.incidents.resolve(number, by=caller.name)


@ROUTER.get("/quarantines", summary="List what is not dispatched any more, and why")
async def list_quarantines(node: NodeOf) -> Page[QuarantineItem]:
    """Return the vendor profiles that are put aside now."""
    async with node.begin() as work:
        found = await work.profiles.quarantined()
    items = [
        _quarantine(each, [str(e) for e in node.book.sharing(each.vendor_profile)])
        for each in found
    ]
    return Page(items=items, next=None)


@ROUTER.delete(
    "/quarantines/{vendor_profile}",
    summary="Let a make be dispatched again",
    status_code=NO_CONTENT,
)
async def lift_quarantine(node: NodeOf, caller: Admin, vendor_profile: str) -> None:
    """End a quarantine, once a person has looked into it."""
    await node.quarantines.lift(vendor_profile, by=caller.name)


@ROUTER.get("/handshakes/rejected", summary="List who was not let in, and why")
async def list_rejections(
    node: NodeOf, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[HandshakeItem]:
    """Return refused handshakes, youngest first."""
    before = read_cursor(cursor, int)
    async with node.begin() as work:
        rows = await work.stations.rejections(before[0] if before else None, limit + 1)
    return page(
        rows,
        limit,
        lambda row: HandshakeItem(
            id=row[0],
            at=row[1].at,
            station=row[1].station,
            remote=row[1].remote,
            status=row[1].status,
            reason=row[1].reason,
        ),
        lambda row: row[0],
    )


@ROUTER.get("/facts", summary="Read what has happened")
async def list_facts(
    node: NodeOf,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Limit = USUAL,
) -> FactPage:
    """Return facts younger than the last one seen, oldest first."""
    async with node.begin() as work:
        rows = await work.facts.after(after, limit + 1)
    return FactPage(
        items=[fact_item(each) for each in rows[:limit]],
        next=rows[limit - 1].id if len(rows) > limit else None,
    )


@ROUTER.get("/mail", summary="Read the mail that was caught (demonstrations)")
async def list_mail(
    node: NodeOf,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Limit = MOST,
) -> MailPage:
    """Return messages younger than the last one seen, oldest first."""
    if node.mail is None:
        raise NoCatcher
    rows = node.mail.list(after, limit + 1)
    return MailPage(
        items=[_mail(each) for each in rows[:limit]],
        next=rows[limit - 1].id if len(rows) > limit else None,
    )


def fact_item(fact: Fact) -> FactItem:
    """Return something that has happened."""
    return FactItem(
        id=fact.id, at=fact.at, kind=fact.kind, subject=fact.subject, body=fact.body
    )


def _incident(row: IncidentRow) -> IncidentItem:
    return IncidentItem(
        id=row.id,
        at=row.at,
        severity=row.severity,
        kind=row.kind,
        station=row.station,
        evse=row.evse,
        event=row.event,
        detail=dict(row.detail),
        resolved_at=row.resolved_at,
    )


def _quarantine(quarantine: Quarantine, evses: list[str]) -> QuarantineItem:
    return QuarantineItem(
        vendor_profile=quarantine.vendor_profile,
        at=quarantine.at,
        station=quarantine.station,
        reason=quarantine.reason,
        evidence=dict(quarantine.evidence),
        evses=evses,
    )


def _mail(mail: CaughtMail) -> MailItem:
    return MailItem(
        id=mail.id,
        to=mail.to,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        received_at=mail.received_at,
    )
