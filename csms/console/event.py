"""One event, from call to accounts, on one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from csms.console.charts import power_chart, shares
from csms.console.shell import PageRoute, ShellOf, to
from csms.console.wording import MOVING_W, reason
from csms.domain.event import Outcome, Reason, Stage
from csms.domain.ids import EventId, ParticipantId
from csms.domain.live import LiveEvse
from csms.domain.units import ZERO_POWER, Energy, Power
from csms.services.events import NoSuchEvent
from csms.services.live import LiveFleet
from csms.services.ports.queries import EventRow, MemberRow, NoticeRow
from csms.web.auth import NodeOf, Operator, Viewer

if TYPE_CHECKING:
    from datetime import datetime

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LIVE = (Stage.SCHEDULED, Stage.NOTIFIED, Stage.ACTIVE, Stage.COMPLETED)
OVER = (Stage.COMPLETED, Stage.SETTLED)
HALF = 0.5


@dataclass(frozen=True, slots=True)
class MemberView:
    """One member as the page shows it.

    Attributes:
        row: Its part and its names.
        live: What it does now.
        word: Where it stands, in one word.
        detail: More of it.
        lags: Whether it should give back now and does not.
    """

    row: MemberRow
    live: LiveEvse
    word: str
    detail: str
    lags: bool

    @property
    def given(self) -> Power | None:
        """Return what it gives back now, as a magnitude; none if unknown."""
        if self.live.power is None:
            return None
        return max(-self.live.power, ZERO_POWER)


@router.get("/events/{event}")
async def show(
    event: EventId, caller: Viewer, node: NodeOf, shell: ShellOf
) -> Response:
    """Show an event, whatever its stage."""
    row = await node.queries.event(event)
    score = await node.scoreboard.score(event)
    if row is None or score is None:
        raise NoSuchEvent(f"there is no event {event}")
    members = await node.queries.members(event)
    notices = await node.queries.notices(event)
    quarters = await node.scoreboard.quarters(event)
    program = next(
        (
            each
            for each in node.programs
            if each.id == row.record.event.program
            and each.version == row.record.event.program_version
        ),
        None,
    )
    zone = program.zone if program else shell.zone
    active = row.record.event.stage is Stage.ACTIVE
    views = [_view(each, node.live, active=active) for each in members]
    asked = [each for each in views if not each.row.member.exclusions]
    return shell.page(
        "event.html",
        caller,
        row=row,
        event=row.record.event,
        program=program,
        score=score,
        zone=zone,
        asked=sorted(asked, key=lambda each: (not each.lags, each.row.member.evse)),
        lagging=[each for each in asked if each.lags],
        excluded=_excluded(members),
        notices=sorted(notices, key=lambda each: (each.outcome == "sent", each.id)),
        evidence=_evidence(notices),
        quarters=quarters,
        chart=power_chart(
            quarters,
            node.scoreboard.samples(event),
            row.record.event.window,
            node.clock.now(),
            zone,
        ),
        shares=shares(_whereabouts(row, members)),
        steps=_steps(row),
        following=row.record.event.stage in LIVE,
        incidents=await node.queries.incidents(event=event, limit=20),
        participants=_still_in(members),
    )


@router.post("/events/{event}/cancel")
async def cancel(
    event: EventId,
    caller: Operator,
    node: NodeOf,
    reason: Annotated[str, Form(min_length=3, max_length=300)],
) -> Response:
    """Call an event off; everyone who was told of it is told why."""
    await node.events.cancel(event, reason.strip(), caller.name)
    return to(f"/events/{event}")


@router.post("/events/{event}/opt-outs")
async def opt_out(
    event: EventId,
    caller: Operator,
    node: NodeOf,
    participant: Annotated[str, Form()],
) -> Response:
    """Opt a participant out who asked for it by another way."""
    await node.participation.opt_out_of(event, ParticipantId(participant), caller.name)
    return to(f"/events/{event}#members")


def _view(row: MemberRow, fleet: LiveFleet, *, active: bool) -> MemberView:
    member, live = row.member, fleet.get(row.member.evse)
    going = member.states and member.outcome is None
    detail = member.states[-1].detail if going else ""
    wanted = -member.planned_power.watts if member.planned_power else 0
    given = -live.power.watts if live.power is not None else 0
    out = member.opted_out_at is not None or member.released_at is not None
    lags = active and not out and wanted > MOVING_W and given < wanted * HALF
    return MemberView(row, live, _word(row), detail, lags)


def _word(row: MemberRow) -> str:
    member = row.member
    if member.outcome is not None:
        return member.outcome.value
    if member.opted_out_at is not None:
        return "opted_out"
    if member.release_reason is not None:
        return member.release_reason.value
    return member.states[-1].state if member.states else "planned"


def _excluded(members: Sequence[MemberRow]) -> Mapping[str, Sequence[MemberRow]]:
    """Return who is excluded, by the first reason."""
    groups: dict[str, list[MemberRow]] = {}
    for each in members:
        if each.member.exclusions:
            groups.setdefault(reason(each.member.exclusions[0]), []).append(each)
    return dict(sorted(groups.items(), key=lambda one: -len(one[1])))


def _evidence(notices: Sequence[NoticeRow]) -> Mapping[str, Mapping[str, int]]:
    """Return how many notices of each kind and channel came to what."""
    counts: dict[str, dict[str, int]] = {}
    for each in notices:
        of_kind = counts.setdefault(f"{each.kind.value}, {each.channel.value}", {})
        of_kind[each.outcome] = of_kind.get(each.outcome, 0) + 1
    return counts


def _whereabouts(row: EventRow, members: Sequence[MemberRow]) -> Mapping[str, float]:
    """Return where the planned energy went, in kilowatt-hours, once it is settled."""
    if row.delivered is None:
        return {}
    parts = {"delivered": -row.delivered.as_kwh}
    missing: dict[Reason, Energy] = {}
    for each in members:
        for why, energy in (each.member.reasons or {}).items():
            missing[why] = missing.get(why, Energy(0)) - energy
    order = sorted(missing, key=lambda why: -missing[why].watt_seconds)
    return parts | {reason(why): missing[why].as_kwh for why in order}


def _steps(row: EventRow) -> "list[tuple[str, datetime | None, str]]":
    """Return an event's way: each step, when, and whether it is done or here."""
    event = row.record.event
    if event.stage is Stage.CANCELLED:
        return [("Called", event.called_at, "done"), ("Cancelled", None, "here")]
    way = [
        (Stage.SCHEDULED, "Called", event.called_at),
        (Stage.NOTIFIED, "Notified by", row.record.notify_by),
        (Stage.ACTIVE, "Start", event.window.start),
        (Stage.COMPLETED, "End", event.window.end),
        (Stage.SETTLED, "Settled", event.window.end + event.metering_grace),
    ]
    order = [stage for stage, _, _ in way]
    reached = order.index(event.stage) if event.stage in order else -1
    return [
        (word, at, "here" if place == reached else "done" if place < reached else "")
        for place, (_, word, at) in enumerate(way)
    ]


def _still_in(members: Sequence[MemberRow]) -> Mapping[str, str]:
    """Return who can be opted out, by id."""
    return {
        each.member.participant: each.participant_name
        for each in members
        if not each.member.exclusions
        and each.member.opted_out_at is None
        and each.member.outcome is not Outcome.EXCLUDED
    }
