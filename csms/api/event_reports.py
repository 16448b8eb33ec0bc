"""Events beforehand and afterwards as the API shows them: previews and reports."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from csms.api.event_items import EventItem, event_item, reasons_kwh
from csms.api.figures import given_kwh, kw, kwh
from csms.domain.plan import PlanEntry
from csms.domain.units import ZERO_ENERGY, Energy
from csms.services.events import EventPreview, PreviewEntry
from csms.services.ports.queries import EventRow
from csms.services.scoreboard import QuarterScore, Sample
from csms.services.settlement import Explanation


class QuarterItem(BaseModel):
    """A quarter of an hour of an event, on average."""

    start: datetime
    target_kw: float
    delivered_kw: float | None
    evses: int


class SampleItem(BaseModel):
    """What somebody saw who looked."""

    at: datetime
    target_kw: float
    delivered_kw: float


class Curve(BaseModel):
    """Given against wanted: by quarters from the meters, and as it was looked at."""

    quarters: list[QuarterItem]
    samples: list[SampleItem]


class ReportLine(BaseModel):
    """One EVSE's way from plan to figure."""

    station: str
    evse: int
    participant: str
    outcome: str | None
    planned_kwh: float
    delivered_kwh: float
    mean_kw: float
    reasons: dict[str, float]
    quality: str
    explanation: str


class Report(BaseModel):
    """What an event came to."""

    event: EventItem
    planned_kwh: float
    delivered_kwh: float
    mean_kw: float
    outcomes: dict[str, int]
    reasons: dict[str, float]
    quarters: list[QuarterItem]
    lines: list[ReportLine]


class ViolationItem(BaseModel):
    """A rule that the event would break."""

    rule: str
    text: str
    blocking: bool


class PreviewEntryItem(BaseModel):
    """What would be asked of one EVSE, or why nothing."""

    station: str
    evse: int
    participant: str
    participant_name: str
    site: str
    vehicle_name: str | None
    planned_kw: float
    planned_kwh: float
    limited_by: str
    expected_soc_end_pct: float | None
    forecast: bool
    exclusions: list[str]


class PreviewNoticeItem(BaseModel):
    """A notice that would go out."""

    participant: str
    email: str
    kind: str
    at: datetime


class Preview(BaseModel):
    """Everything to be seen before an event is called."""

    program: str
    program_version: str
    name: str
    starts_at: datetime
    ends_at: datetime
    target_kw: float | None
    test: bool
    callable: bool
    violations: list[ViolationItem]
    notify_by: datetime
    planned_kw: float
    planned_kwh: float
    shortfall_kw: float
    members: int
    excluded: int
    excluded_by: dict[str, int]
    entries: list[PreviewEntryItem]
    notices: list[PreviewNoticeItem]


def curve(quarters: Sequence[QuarterScore], samples: Sequence[Sample]) -> Curve:
    """Return given against wanted."""
    return Curve(
        quarters=[_quarter(each) for each in quarters],
        samples=[
            SampleItem(
                at=each.at, target_kw=kw(each.target), delivered_kw=kw(each.delivered)
            )
            for each in samples
        ],
    )


def report(
    row: EventRow, explained: Sequence[Explanation], quarters: Sequence[QuarterScore]
) -> Report:
    """Return what an event came to."""
    members = [each.member for each in explained]
    planned = -Energy.total(each.planned or ZERO_ENERGY for each in members)
    delivered = -Energy.total(each.delivered or ZERO_ENERGY for each in members)
    reasons: Counter[str] = Counter()
    for member in members:
        for why, energy in (member.reasons or {}).items():
            reasons[why] -= energy.watt_seconds
    hours = row.record.event.window.hours
    return Report(
        event=event_item(row),
        planned_kwh=kwh(planned),
        delivered_kwh=kwh(delivered),
        mean_kw=round(delivered.as_kwh / hours, 3),
        outcomes=Counter(each.outcome.value for each in members if each.outcome),
        reasons={why: kwh(Energy(ws)) for why, ws in reasons.items()},
        quarters=[_quarter(each) for each in quarters],
        lines=[_report_line(each) for each in explained],
    )


def preview_item(preview: EventPreview) -> Preview:
    """Return everything to be seen before an event is called."""
    event, plan = preview.event, preview.plan
    return Preview(
        program=event.program,
        program_version=event.program_version,
        name=event.name,
        starts_at=event.window.start,
        ends_at=event.window.end,
        target_kw=None if event.target is None else kw(event.target),
        test=event.test,
        callable=preview.callable,
        violations=[
            ViolationItem(rule=each.rule, text=each.text, blocking=each.blocking)
            for each in preview.violations
        ],
        notify_by=preview.notify_by,
        planned_kw=kw(-plan.power),
        planned_kwh=kwh(-plan.planned),
        shortfall_kw=kw(plan.shortfall),
        members=len(preview.entries),
        excluded=sum(preview.excluded.values()),
        excluded_by={why.value: n for why, n in preview.excluded.items()},
        entries=[_entry(each, each.entry) for each in preview.entries],
        notices=[
            PreviewNoticeItem(
                participant=each.participant,
                email=each.email,
                kind=each.kind,
                at=each.at,
            )
            for each in preview.notices
        ],
    )


def _entry(named: PreviewEntry, entry: PlanEntry) -> PreviewEntryItem:
    return PreviewEntryItem(
        station=named.evse.station,
        evse=named.evse.number,
        participant=named.participant,
        participant_name=named.participant_name,
        site=named.site,
        vehicle_name=named.vehicle,
        planned_kw=kw(-entry.power),
        planned_kwh=kwh(-entry.planned),
        limited_by=entry.limited_by,
        expected_soc_end_pct=entry.expected_soc_end_pct,
        forecast=entry.forecast,
        exclusions=list(entry.exclusions),
    )


def _quarter(score: QuarterScore) -> QuarterItem:
    return QuarterItem(
        start=score.start,
        target_kw=kw(score.target),
        delivered_kw=None if score.delivered is None else kw(score.delivered),
        evses=score.evses,
    )


def _report_line(explained: Explanation) -> ReportLine:
    member, performance = explained.member, explained.performance
    return ReportLine(
        station=member.evse.station,
        evse=member.evse.number,
        participant=member.participant,
        outcome=member.outcome,
        planned_kwh=given_kwh(member.planned) or 0.0,
        delivered_kwh=given_kwh(member.delivered) or 0.0,
        mean_kw=float(performance.mean_power_kw),
        reasons=reasons_kwh(member.reasons),
        quality=performance.quality,
        explanation=explained.text,
    )
