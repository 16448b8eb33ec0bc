"""Charging profiles and schedules as the API tells and takes them."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from csms.api.bodies import RequestBody
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import (
    Kind,
    OperationMode,
    Period,
    Profile,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from csms.services.composites import Comparison
from csms.services.ledger import Ledger
from csms.services.ports.charging import HeldProfile, Negotiation
from csms.services.profile_documents import composite_document, profile_document

HIGHEST = 2**31 - 1
Seconds = Annotated[int, Field(ge=0, le=HIGHEST)]
Watts = Annotated[float, Field(allow_inf_nan=False)]


class ValuesBody(RequestBody):
    """What should flow, in the unit of the schedule; negative discharges."""

    limit: Watts | None = None
    limit_l2: Watts | None = None
    limit_l3: Watts | None = None
    setpoint: Watts | None = None
    setpoint_l2: Watts | None = None
    setpoint_l3: Watts | None = None
    discharge_limit: Annotated[Watts, Field(le=0)] | None = None
    discharge_limit_l2: Annotated[Watts, Field(le=0)] | None = None
    discharge_limit_l3: Annotated[Watts, Field(le=0)] | None = None
    reactive: Watts | None = None
    reactive_l2: Watts | None = None
    reactive_l3: Watts | None = None


class PeriodBody(ValuesBody):
    """One step of a schedule."""

    start_s: Seconds = 0
    mode: OperationMode | None = Field(None, description="ChargingOnly if not said.")
    phases: Annotated[int, Field(ge=1, le=3)] | None = None
    phase_to_use: Annotated[int, Field(ge=1, le=3)] | None = None
    preconditioning: bool | None = None
    sleep: bool | None = None
    baseline: Watts | None = None
    freq_curve: list[tuple[Watts, Watts]] = Field(default=[], max_length=20)
    signal_curve: list[tuple[int, Watts]] = Field(default=[], max_length=20)

    def value(self) -> Period:
        """Return it in the words of the domain."""
        said = self.model_dump()
        said["freq_curve"] = tuple(map(tuple, said["freq_curve"]))
        said["signal_curve"] = tuple(map(tuple, said["signal_curve"]))
        return Period(**said)


class ScheduleBody(RequestBody):
    """Limits and setpoints over time."""

    unit: RateUnit = RateUnit.WATTS
    periods: Annotated[list[PeriodBody], Field(min_length=1, max_length=1024)]
    start: AwareDatetime | None = None
    duration_s: Seconds | None = None
    min_rate: Watts | None = None
    above_soc: tuple[Annotated[int, Field(ge=0, le=100)], Watts] | None = None
    local_time: bool = False
    random_delay_s: Seconds | None = None

    def schedule(self, number: int) -> Schedule:
        """Return it in the words of the domain."""
        return Schedule(
            id=number,
            unit=self.unit,
            periods=tuple(each.value() for each in self.periods),
            start=self.start,
            duration=_span(self.duration_s),
            min_rate=self.min_rate,
            above_soc=self.above_soc,
            local_time=self.local_time,
            random_delay=_span(self.random_delay_s),
        )


class ProfileBody(ScheduleBody):
    """A charging profile to be set; the same id replaces."""

    id: Annotated[int, Field(ge=1, le=HIGHEST)]
    evse: Annotated[int, Field(ge=0, le=HIGHEST)]
    purpose: Purpose
    kind: Kind = Kind.ABSOLUTE
    stack_level: Annotated[int, Field(ge=0, le=HIGHEST)] = 0
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None
    transaction: Annotated[str, Field(max_length=36)] | None = None
    recurrency: Recurrency | None = None
    max_offline_s: Seconds | None = None
    invalid_after_offline: bool | None = None
    pull_interval_s: Seconds | None = None
    alternatives: list[ScheduleBody] = Field(default=[], max_length=2)

    def profile(self, station: StationId) -> Profile:
        """Return it in the words of the domain."""
        own = self.schedule(self.id)
        return Profile(
            id=self.id,
            evse=EvseId(station, self.evse),
            purpose=self.purpose,
            kind=self.kind,
            stack_level=self.stack_level,
            unit=own.unit,
            periods=own.periods,
            start=own.start,
            duration=own.duration,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            transaction=TransactionId(self.transaction) if self.transaction else None,
            max_offline=_span(self.max_offline_s),
            invalid_after_offline=self.invalid_after_offline,
            pull_interval=_span(self.pull_interval_s),
            recurrency=self.recurrency,
            min_rate=own.min_rate,
            above_soc=own.above_soc,
            local_time=own.local_time,
            random_delay=own.random_delay,
            alternatives=tuple(
                each.schedule(self.id + number)
                for number, each in enumerate(self.alternatives, start=1)
            ),
        )


class ProfileItem(BaseModel):
    """A profile on a station: what was meant, and what the station says."""

    id: int
    standing: str = Field(
        description="`unreported`, `matches`, `differs`, `missing` or `foreign`."
    )
    source: str = Field(description="Who limits by it: CSO is this system.")
    purpose: str | None
    evse: int | None
    by: str | None
    intended: dict[str, Any] | None
    intended_at: datetime | None
    reported: dict[str, Any] | None
    reported_at: datetime | None


class VerdictItem(BaseModel):
    """What a station said to a profile."""

    accepted: bool
    reason: str
    info: str


class DifferenceItem(BaseModel):
    """A stretch in which the two schedules say another thing."""

    start: datetime
    end: datetime
    name: str
    ours: float | str | None
    theirs: float | str | None


class ComparisonItem(BaseModel):
    """Our composite schedule, the station's, and where they differ."""

    ours: dict[str, Any]
    theirs: dict[str, Any] | None
    refusal: str = Field(description="Why the station could not tell; may be empty.")
    differences: list[DifferenceItem]


class LimitItem(BaseModel):
    """A limit that somebody else has put on the station."""

    evse: int
    source: str
    local_generation: bool
    grid_critical: bool | None
    since: datetime
    updated_at: datetime
    said: dict[str, Any]


class NegotiationItem(BaseModel):
    """What a vehicle asked for, was given, and made of it."""

    at: datetime
    transaction: str | None
    decision: str
    reason: str
    needs: dict[str, Any]
    profile: int | None
    sent_at: datetime | None
    sent_result: str | None
    schedule: dict[str, Any] | None
    verdict: str | None
    verdict_detail: str | None


class ReplyItem(BaseModel):
    """A station's yes or no."""

    accepted: bool
    status: str
    info: str


def profile_item(row: HeldProfile) -> ProfileItem:
    """Return a profile as the API tells it."""
    shown = row.profile or row.intended
    return ProfileItem(
        id=row.profile_id,
        standing=Ledger.standing(row).value,
        source=row.source,
        purpose=shown.purpose.value if shown else None,
        evse=shown.evse.number if shown else None,
        by=row.by,
        intended=profile_document(row.intended) if row.intended else None,
        intended_at=row.intended_at,
        reported=profile_document(row.reported) if row.reported else None,
        reported_at=row.reported_at,
    )


def comparison_item(found: Comparison) -> ComparisonItem:
    """Return a comparison as the API tells it."""
    return ComparisonItem(
        ours=composite_document(found.ours),
        theirs=composite_document(found.theirs) if found.theirs else None,
        refusal=found.refusal,
        differences=[
            DifferenceItem(
                start=each.start,
                end=each.end,
                name=each.name,
                ours=each.ours,
                theirs=each.theirs,
            )
            for each in found.found
        ],
    )


def negotiation_item(said: Negotiation) -> NegotiationItem:
    """Return a negotiation as the API tells it."""
    return NegotiationItem(
        at=said.at,
        transaction=said.transaction,
        decision=said.decision.value,
        reason=said.reason,
        needs=dict(said.needs),
        profile=said.profile_id,
        sent_at=said.sent_at,
        sent_result=said.sent_result,
        schedule=None if said.schedule is None else dict(said.schedule),
        verdict=said.verdict,
        verdict_detail=said.verdict_detail,
    )


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
