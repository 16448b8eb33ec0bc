"""Events and their members as the API shows them: given back is positive here."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.figures import given_kw, given_kwh, kw, kwh
from csms.domain.event import Reason
from csms.domain.units import Energy
from csms.services.ports.queries import EventRow, MemberRow, NoticeRow
from csms.services.scoreboard import Score


class EventRequest(RequestBody):
    """An event to be called, or looked at beforehand."""

    program: str = Field(min_length=1)
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    name: str = Field("", max_length=200)
    target_kw: float | None = Field(
        None, gt=0, le=1_000_000, description="Export wished for; none for all."
    )
    test: bool = Field(default=False, description="A test is never settled.")
    dry_run: bool = Field(
        default=False, description="Return the preview, keep nothing."
    )


class Cancellation(RequestBody):
    """Why an event is called off."""

    reason: str = Field(min_length=1, max_length=500)


class OptOut(RequestBody):
    """Who opts out."""

    participant: str = Field(min_length=1)


class OptOutAnswer(BaseModel):
    """What an opt-out came to."""

    event: str
    participant: str
    at: datetime
    evses: list[str]
    repeated: bool = Field(description="Whether all that was so before.")


class NoticeCountsItem(BaseModel):
    """How far the notices have come that leave the house."""

    sent: int
    failed: int
    waiting: int


class EventItem(BaseModel):
    """An event in figures."""

    id: str
    name: str
    program: str
    program_version: str
    starts_at: datetime
    ends_at: datetime
    stage: str
    test: bool
    target_kw: float | None
    called_at: datetime
    created_by: str
    notify_by: datetime = Field(
        description="A notice accepted later does not allow dispatch."
    )
    due_at: datetime | None
    cancel_reason: str | None
    revision: int
    planned_kw: float
    planned_kwh: float
    delivered_kwh: float | None = Field(description="By the accounts; none before.")
    members: int
    excluded: int
    opted_out: int
    notices: NoticeCountsItem


class StateItem(BaseModel):
    """One moment in a member's way through an event."""

    at: datetime
    state: str
    detail: str


class MemberItem(BaseModel):
    """One EVSE's part in an event."""

    station: str
    evse: int
    participant: str
    participant_name: str
    participant_kind: str
    site: str
    site_name: str
    timezone: str
    vehicle: str | None
    vehicle_name: str | None
    vendor: str | None
    model: str | None
    exclusions: list[str]
    planned_kw: float | None
    planned_kwh: float | None
    limited_by: str | None
    expected_soc_end_pct: float | None
    delivered_kwh: float | None
    quality: str | None
    outcome: str | None
    reasons: dict[str, float] = Field(description="Undelivered kWh by reason.")
    opted_out_at: datetime | None
    opted_out_by: str | None
    released_at: datetime | None
    release_reason: str | None
    states: list[StateItem]


class LiveScore(BaseModel):
    """How an event stands at this instant."""

    at: datetime
    stage: str
    starts_at: datetime
    ends_at: datetime
    target_kw: float
    delivered_kw: float
    delivered_kwh: float
    planned_kwh: float
    members: int
    excluded: int
    opted_out: int
    unseen: int = Field(description="Dispatched, and without a connection.")
    released: dict[str, int]
    states: dict[str, int]
    outcomes: dict[str, int]


class NoticeItem(BaseModel):
    """A notice and the evidence of it."""

    id: str
    participant: str
    participant_name: str
    kind: str
    channel: str
    address: str
    subject: str
    outcome: str
    created_at: datetime
    sent_at: datetime | None
    failed_at: datetime | None
    opened_at: datetime | None
    attempts: int
    error: str | None


def event_item(row: EventRow) -> EventItem:
    """Return an event in figures."""
    record, event = row.record, row.record.event
    told = row.notices
    return EventItem(
        id=event.id,
        name=event.name,
        program=event.program,
        program_version=event.program_version,
        starts_at=event.window.start,
        ends_at=event.window.end,
        stage=event.stage,
        test=event.test,
        target_kw=None if event.target is None else kw(event.target),
        called_at=event.called_at,
        created_by=record.created_by,
        notify_by=record.notify_by,
        due_at=record.due_at,
        cancel_reason=event.cancel_reason,
        revision=event.revision,
        planned_kw=kw(-row.planned_power),
        planned_kwh=kwh(-row.planned),
        delivered_kwh=given_kwh(row.delivered),
        members=row.members,
        excluded=row.excluded,
        opted_out=row.opted_out,
        notices=NoticeCountsItem(
            sent=told.sent, failed=told.failed, waiting=told.waiting
        ),
    )


def member_item(row: MemberRow) -> MemberItem:
    """Return one EVSE's part in an event."""
    member = row.member
    return MemberItem(
        station=member.evse.station,
        evse=member.evse.number,
        participant=member.participant,
        participant_name=row.participant_name,
        participant_kind=row.participant_kind,
        site=member.site,
        site_name=row.site_name,
        timezone=row.timezone,
        vehicle=row.vehicle,
        vehicle_name=row.vehicle_name,
        vendor=row.vendor,
        model=row.model,
        exclusions=list(member.exclusions),
        planned_kw=given_kw(member.planned_power),
        planned_kwh=given_kwh(member.planned),
        limited_by=member.limited_by,
        expected_soc_end_pct=member.expected_soc_end_pct,
        delivered_kwh=given_kwh(member.delivered),
        quality=member.quality,
        outcome=member.outcome,
        reasons=reasons_kwh(member.reasons),
        opted_out_at=member.opted_out_at,
        opted_out_by=member.opted_out_by,
        released_at=member.released_at,
        release_reason=member.release_reason,
        states=[
            StateItem(at=each.at, state=each.state, detail=each.detail)
            for each in member.states
        ],
    )


def live_score(score: Score) -> LiveScore:
    """Return how an event stands."""
    pulse = score.pulse
    return LiveScore(
        at=score.at,
        stage=pulse.stage,
        starts_at=pulse.window.start,
        ends_at=pulse.window.end,
        target_kw=kw(score.target),
        delivered_kw=kw(score.delivered_power),
        delivered_kwh=kwh(score.delivered),
        planned_kwh=kwh(-pulse.planned),
        members=pulse.members,
        excluded=pulse.excluded,
        opted_out=pulse.opted_out,
        unseen=score.unseen,
        released=dict(pulse.released),
        states=dict(pulse.states),
        outcomes=dict(pulse.outcomes),
    )


def notice_item(row: NoticeRow) -> NoticeItem:
    """Return a notice and the evidence of it."""
    return NoticeItem(
        id=row.id,
        participant=row.participant,
        participant_name=row.participant_name,
        kind=row.kind,
        channel=row.channel,
        address=row.address,
        subject=row.subject,
        outcome=row.outcome,
        created_at=row.created_at,
        sent_at=row.sent_at,
        failed_at=row.failed_at,
        opened_at=row.opened_at,
        attempts=row.attempts,
        error=row.error,
    )


def reasons_kwh(reasons: Mapping[Reason, Energy] | None) -> dict[str, float]:
    """Return undelivered kilowatt-hours by reason."""
    return {str(why): kwh(-energy) for why, energy in (reasons or {}).items()}
