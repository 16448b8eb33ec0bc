"""Programs: what is bought, when, and under which rules, as a versioned record.

Everything a program says is data. A field nobody has confirmed stays null; the engine
refuses to settle when a field that the payment kind needs is null. Unknown keys are
refused, so that a misspelt rule is never silently ignored.
"""

from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from csms.domain.errors import Broken
from csms.domain.ids import ProgramId
from csms.domain.interval import Interval
from csms.domain.site import CustomerClass

SATURDAY = 5
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class MalformedProgram(Broken):
    """The program record does not follow the blueprint."""

    code = "malformed-program"


class Tag(StrEnum):
    """How far to trust a field of a record."""

    VERIFIED = "V"
    SECONDARY = "S"
    RECALLED = "R"


class PaymentKind(StrEnum):
    """How delivered flexibility becomes money."""

    SEASON_AVERAGE = "K1"
    EVENT_ENERGY = "K2"
    CERTIFICATES = "K3"
    PRICE_SERIES = "K4"
    NOMINATION_WITH_GATE = "K5"
    FLAT = "K6"
    BILL_DELTA = "K7"
    VALUE_STACK = "K8"


class Aggregation(StrEnum):
    """How the events of a season become one figure."""

    MEAN_OF_EVENTS = "mean_of_events"
    HOUR_WEIGHTED_MEAN = "hour_weighted_mean"
    SUM_KWH = "sum_kwh"
    BEST_N = "best_n"
    COINCIDENT_HOUR = "coincident_hour"


class Denominator(StrEnum):
    """Which events an average is taken over."""

    EVENTS_CALLED = "events_called"
    EVENTS_ELIGIBLE = "events_eligible_since_enrolment"


class Record(BaseModel):
    """A part of a program record; it refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Source(Record):
    """Where a fact was read, when, and how far to trust it."""

    title: str
    read_on: date | None = None
    tag: Tag
    covers: tuple[str, ...] = ()
    note: str | None = None


class Size(Record):
    """Limits on the size of what may enroll, in kilowatts."""

    min: float | None = None
    max: float | None = None
    basis: Literal["per_inverter", "per_account", "per_aggregation"] = "per_inverter"


class Season(Record):
    """A part of the year, both days included; it may run over the new year."""

    id: str
    from_: MonthDay = Field(alias="from")
    to: MonthDay

    def year_of(self, day: date) -> int | None:
        """Return the year in which the season that holds the day began, if any."""
        monthday = f"{day:%m-%d}"
        if self.from_ <= self.to:
            return day.year if self.from_ <= monthday <= self.to else None
        if monthday >= self.from_:
            return day.year
        return day.year - 1 if monthday <= self.to else None


class DailyWindow(Record):
    """Hours of a season's days in which events may lie, local time."""

    season: str
    start: time
    end: time


class DayTypes(Record):
    """On which days events may be called."""

    weekdays: bool = True
    weekends: bool = True
    holidays: bool = False


class EventCount(Record):
    """How many events a season has."""

    min: int | None = None
    typical: int | None = None
    max: int | None = None


class Duration(Record):
    """How long one event lasts, both ends included."""

    min: timedelta | None = None
    max: timedelta | None = None


class NoticeRule(Record):
    """How early participants are told."""

    default: str | None = None
    minimum_lead: timedelta | None = None
    emergency_lead: timedelta | None = None
    channels_required: tuple[str, ...] = ()
    operator_deadline: str | None = None


class Signal(Record):
    """How the sponsor's call reaches us."""

    transport: str = "manual"
    payload_map: Mapping[str, str] | None = None
    sign_profile: str | None = None
    cancel_semantics: str | None = None


class Measurement(Record):
    """What is metered, where, and how it is cut to the event."""

    point: Literal["evse_ac", "inverter_ac", "submeter", "utility_meter"]
    quantity: Literal["export_kw", "net_injection", "load_reduction", "kwh"]
    interval_minutes: int
    event_statistic: Literal["mean_kw", "kwh", "min_hour"] | None = None
    floor_at_zero: bool = True
    cap: Literal["nameplate", "nomination", "interconnection"] | None = None
    missing_data: Literal["zero", "estimate", "exclude", "operator"] | None = None
    charging_during_event: Literal["zero", "negative"] | None = None
    edge_rule: str | None = None


class Baseline(Record):
    """What would have flowed without the event, if the program asks."""

    method: str
    parameters: Mapping[str, Any] | None = None


class NonParticipation(Record):
    """What an opt-out or an absence does."""

    opt_out: Literal["zero", "excluded", "counts_toward_gate", "counted_limit"]
    unavailable: Literal["zero", "excluded", "counts_toward_gate", "counted_limit"]
    limit: Mapping[str, Any] | None = None
    penalty: str | None = None


class SeasonStatistic(Record):
    """How the events of a season become one figure."""

    aggregation: Aggregation | None = None
    denominator: Denominator | None = None


class Rounding(Record):
    """How money is rounded: to which step, and which way at a half."""

    step: Decimal = Decimal("0.01")
    mode: Literal["ROUND_HALF_UP", "ROUND_HALF_EVEN", "ROUND_DOWN"] = "ROUND_HALF_UP"


class Payment(Record):
    """What is paid for what."""

    kind: PaymentKind
    rate: Decimal | None = None
    rate_table: tuple[Mapping[str, Any], ...] = ()
    currency: str | None = None
    per: str | None = None
    bonus: tuple[Mapping[str, Any], ...] = ()
    gate: Mapping[str, Any] | None = None
    cap: Decimal | None = None
    rounding: Rounding = Rounding()
    posting: tuple[str, ...] = ()
    pay_schedule: str | None = None


class ParticipantRules(Record):
    """What is promised to participants."""

    opt_out_until: str | None = None
    consequence_text_key: str | None = None
    min_soc_floor_pct: float | None = None
    max_draw_pct: float | None = None
    notice_required: bool = True


class Program(Record):
    """One version of one program.

    Attributes are those of the blueprint in ``csms/programs``; times are local to
    ``timezone``, sizes are kilowatts.
    """

    id: ProgramId
    version: str
    effective_from: date
    effective_to: date | None = None
    name: str
    sponsor: str | None = None
    administrator: str | None = None
    program_year: int | None = None
    status: Literal["active", "pending", "closed"] = "active"
    verified_on: date | None = None
    sources: tuple[Source, ...] = ()

    utilities: tuple[str, ...]
    excluded_utilities: tuple[str, ...] = ()
    customer_class: tuple[CustomerClass, ...] = ()
    resource_kinds: tuple[str, ...] = ()
    size_kw: Size = Size()
    min_aggregation_kw: float | None = None
    requires: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    enrol_by: MonthDay | None = None
    rate_lock_years: int | None = None
    exclusive_with: tuple[str, ...] = ()
    stackable_with: tuple[str, ...] = ()
    same_interval_policy: str | None = None

    timezone: str
    seasons: tuple[Season, ...] = ()
    windows: tuple[DailyWindow, ...] = ()
    day_types: DayTypes = DayTypes()
    holiday_calendar: tuple[date, ...] = ()
    storm_blackout: bool = False

    mode: Literal["called", "fixed_window", "price_series", "emergency"]
    events: EventCount = EventCount()
    max_hours: float | None = None
    duration: Duration = Duration()
    max_per_day: int | None = None
    max_consecutive_days: int | None = None
    min_gap: timedelta | None = None
    notice: NoticeRule = NoticeRule()
    signal: Signal = Signal()

    measurement: Measurement
    baseline: Baseline
    non_participation: NonParticipation
    season_statistic: SeasonStatistic = SeasonStatistic()
    payment: Payment
    certificates: Mapping[str, Any] | None = None
    prices: Mapping[str, Any] | None = None
    shares: Mapping[str, Decimal] | None = None
    participant_rules: ParticipantRules = ParticipantRules()
    reporting: Mapping[str, Any] | None = None

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone") from None
        return name

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone in which its times are meant."""
        return ZoneInfo(self.timezone)

    def in_force(self, day: date) -> bool:
        """Tell whether this version applies on the day."""
        until = self.effective_to
        return self.effective_from <= day and (until is None or day <= until)

    def serves(self, utility: str) -> bool:
        """Tell whether an account of the utility may enroll."""
        return utility in self.utilities and utility not in self.excluded_utilities

    def season_of(self, day: date) -> str | None:
        """Return the season that holds the day, such as ``2026-summer``, if any."""
        for season in self.seasons:
            year = season.year_of(day)
            if year is not None:
                return f"{year}-{season.id}"
        return None

    def objections(self, window: Interval) -> tuple[str, ...]:
        """Return what in the program's rules speaks against an event in the window."""
        return tuple(self._objections(window))

    def _objections(self, window: Interval) -> Iterator[str]:
        start = window.start.astimezone(self.zone)
        end = window.end.astimezone(self.zone)
        day = start.date()
        if not self.in_force(day):
            yield f"version {self.version} is not in force on {day}"
        if self.season_of(day) is None and self.seasons:
            yield f"{day} lies in no season"
        elif not self._within_hours(day, start.time(), end.time(), end.date()):
            yield f"{start:%H:%M} to {end:%H:%M} lies outside the program's hours"
        yield from self._objections_to_day(day)
        yield from self._objections_to_duration(window.duration)

    def _within_hours(self, day: date, start: time, end: time, last_day: date) -> bool:
        inside = {s.id for s in self.seasons if s.year_of(day) is not None}
        hours = [each for each in self.windows if each.season in inside]
        fits = any(each.start <= start and end <= each.end for each in hours)
        return not self.windows or (fits and day == last_day)

    def _objections_to_day(self, day: date) -> Iterator[str]:
        weekend = day.weekday() >= SATURDAY
        if day in self.holiday_calendar and not self.day_types.holidays:
            yield f"{day} is a holiday"
        if weekend and not self.day_types.weekends:
            yield f"{day} lies on a weekend"
        if not weekend and not self.day_types.weekdays:
            yield f"{day} is a weekday"

    def _objections_to_duration(self, duration: timedelta) -> Iterator[str]:
        if self.duration.min is not None and duration < self.duration.min:
            yield f"{duration} is shorter than {self.duration.min}"
        if self.duration.max is not None and duration > self.duration.max:
            yield f"{duration} is longer than {self.duration.max}"


def parse_program(document: Mapping[str, Any]) -> Program:
    """Return the program that a record describes.

    Raises:
        MalformedProgram: If a key is unknown, missing, or does not make sense.
    """
    try:
        return Program.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise MalformedProgram(f"{field}: {first['msg']}", field=field) from None
