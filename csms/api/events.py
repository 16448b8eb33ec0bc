"""Events: look beforehand, call, follow, cancel, opt out, read the report."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from csms.api.event_items import (
    Cancellation,
    EventItem,
    EventRequest,
    LiveScore,
    MemberItem,
    NoticeItem,
    OptOut,
    OptOutAnswer,
    event_item,
    live_score,
    member_item,
    notice_item,
)
from csms.api.event_reports import (
    Curve,
    Preview,
    Report,
    curve,
    preview_item,
    report,
)
from csms.api.guard import GuardedRoute
from csms.domain.event import Stage
from csms.domain.ids import EventId, EvseId, ParticipantId, ProgramId, StationId
from csms.domain.interval import Interval
from csms.domain.units import Power
from csms.services.events import EventDraft, NoSuchEvent, NotAWindow
from csms.services.node import Node
from csms.services.ports.queries import EventRow
from csms.web.auth import NodeOf, Operator
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["events"], route_class=GuardedRoute)
CREATED, OK = 201, 200


@ROUTER.get("/events", summary="List events, the latest start first")
async def list_events(
    node: NodeOf,
    program: str | None = None,
    stage: Annotated[Sequence[Stage], Query(description="Any of these.")] = (),
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[EventItem]:
    """Return events with their figures."""
    after = read_cursor(cursor, datetime, str)
    rows = await node.queries.events(
        program=ProgramId(program) if program else None,
        stages=stage,
        after=(after[0], EventId(after[1])) if after else None,
        limit=limit + 1,
    )
    return page(rows, limit, event_item, _key)


@ROUTER.post(
    "/events",
    summary="Call an event",
    status_code=CREATED,
    response_model=EventItem | Preview,
    responses={OK: {"model": Preview, "description": "The preview of a dry run."}},
)
async def call_event(
    node: NodeOf,
    caller: Operator,
    wanted: EventRequest,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=255, description="Repeats do nothing more."),
    ] = None,
) -> EventItem | Preview:
    """Call the event: participants are told at once.

    With `dry_run` nothing is kept and the preview is returned. A rule of the program
    that forbids the event is a problem of status 403 that names every rule.
    """
    draft = _draft(wanted)
    if wanted.dry_run:
        response.status_code = OK
        return preview_item(await node.events.preview(draft))
    event = await node.events.call(draft, by=caller.name, idempotency=idempotency_key)
    response.headers["Location"] = f"/api/v1/events/{event}"
    return event_item(await _found(node, event))


@ROUTER.post("/events/preview", summary="See what calling an event would mean")
async def preview_event(node: NodeOf, wanted: EventRequest) -> Preview:
    """Return what would be planned, who is excluded and why, and what would go out."""
    return preview_item(await node.events.preview(_draft(wanted)))


@ROUTER.get("/events/{event}", summary="Show one event")
async def show_event(node: NodeOf, event: str) -> EventItem:
    """Return one event with its figures."""
    return event_item(await _found(node, EventId(event)))


@ROUTER.post("/events/{event}/cancel", summary="Call an event off")
async def cancel_event(
    node: NodeOf, caller: Operator, event: str, why: Cancellation
) -> EventItem:
    """Release everything, and tell whoever was told of it; again changes nothing."""
    await node.events.cancel(EventId(event), why.reason, by=caller.name)
    return event_item(await _found(node, EventId(event)))


@ROUTER.get("/events/{event}/members", summary="List who takes part, and how it fares")
async def list_members(
    node: NodeOf, event: str, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[MemberItem]:
    """Return every enrolled EVSE, excluded ones with their reasons."""
    after = read_cursor(cursor, str, int)
    name = EventId(event)
    rows = await node.queries.members(
        name,
        after=EvseId(StationId(after[0]), after[1]) if after else None,
        limit=limit + 1,
    )
    if not rows:
        await _found(node, name)
    return page(
        rows,
        limit,
        member_item,
        lambda row: [row.member.evse.station, row.member.evse.number],
    )


@ROUTER.get("/events/{event}/live", summary="See how an event stands right now")
async def show_live(node: NodeOf, event: str) -> LiveScore:
    """Return wanted and given power, and energy so far by the registers."""
    score = await node.scoreboard.score(EventId(event))
    if score is None:
        raise NoSuchEvent(f"there is no event {event}")
    return live_score(score)


@ROUTER.get("/events/{event}/curve", summary="See given against wanted over time")
async def show_curve(node: NodeOf, event: str) -> Curve:
    """Return the quarters of the window, and what was seen while somebody looked."""
    name = EventId(event)
    quarters = await node.scoreboard.quarters(name)
    if not quarters:
        raise NoSuchEvent(f"there is no event {event}")
    return curve(quarters, node.scoreboard.samples(name))


@ROUTER.get("/events/{event}/report", summary="Read what an event came to")
async def show_report(node: NodeOf, event: str) -> Report:
    """Return each EVSE's way from plan to figure, and the sums."""
    row = await _found(node, EventId(event))
    return report(
        row,
        await node.settlement.explain(EventId(event)),
        await node.scoreboard.quarters(EventId(event)),
    )


@ROUTER.get("/events/{event}/notices", summary="List notices and their evidence")
async def list_notices(node: NodeOf, event: str) -> Page[NoticeItem]:
    """Return every notice of the event, oldest first."""
    await _found(node, EventId(event))
    rows = await node.queries.notices(EventId(event))
    return Page(items=[notice_item(each) for each in rows], next=None)


@ROUTER.post("/events/{event}/opt-outs", summary="Opt a participant out")
async def opt_out(
    node: NodeOf, caller: Operator, event: str, who: OptOut
) -> OptOutAnswer:
    """Take a participant at their word, before or during the event, at once."""
    await _found(node, EventId(event))
    done = await node.participation.opt_out_of(
        EventId(event), ParticipantId(who.participant), by=caller.name
    )
    return OptOutAnswer(
        event=done.event,
        participant=done.participant,
        at=done.at,
        evses=[str(each) for each in done.evses],
        repeated=done.repeated,
    )


async def _found(node: Node, event: EventId) -> EventRow:
    row = await node.queries.event(event)
    if row is None:
        raise NoSuchEvent(f"there is no event {event}")
    return row


def _draft(wanted: EventRequest) -> EventDraft:
    if wanted.ends_at <= wanted.starts_at:
        raise NotAWindow(field="ends_at", remedy="let it end after it starts")
    target = None if wanted.target_kw is None else Power.kw(wanted.target_kw)
    return EventDraft(
        ProgramId(wanted.program),
        Interval(wanted.starts_at, wanted.ends_at),
        wanted.name,
        target,
        wanted.test,
    )


def _key(row: EventRow) -> object:
    return [row.record.event.window.start, row.record.event.id]
