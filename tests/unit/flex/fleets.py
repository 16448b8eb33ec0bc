"""Fleets and events for tests, by hand and by chance."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from csms.domain.enrollment import Enrollment
from csms.domain.event import DREvent, Reason, Stage
from csms.domain.ids import EventId, EvseId, ParticipantId, ProgramId, SiteId, StationId
from csms.domain.interval import Interval
from csms.domain.plan import Availability
from csms.domain.program import Program, parse_program
from csms.domain.site import CustomerClass, Site
from csms.domain.units import Energy, Power
from csms.domain.vehicle import DepartureNeed

START = datetime(2026, 7, 14, 21, tzinfo=UTC)
END = START + timedelta(hours=3)
WINDOW = Interval(START, END)
EVENING_BEFORE = START - timedelta(hours=21)

RECORD: Mapping[str, Any] = {
    "id": "ma-cs-ci",
    "version": "test",
    "effective_from": "2026-01-01",
    "name": "A program",
    "utilities": ["eversource-ma"],
    "timezone": "America/New_York",
    "seasons": [{"id": "summer", "from": "06-01", "to": "09-30"}],
    "windows": [{"season": "summer", "start": "15:00", "end": "20:00"}],
    "mode": "called",
    "measurement": {
        "point": "evse_ac",
        "quantity": "export_kw",
        "interval_minutes": 15,
        "event_statistic": "mean_kw",
        "missing_data": "zero",
    },
    "baseline": {"method": "none"},
    "non_participation": {"opt_out": "zero", "unavailable": "zero"},
    "season_statistic": {
        "aggregation": "mean_of_events",
        "denominator": "events_called",
    },
    "payment": {"kind": "K1", "rate": 200, "currency": "USD"},
}


def program(**changes: object) -> Program:
    return parse_program({**RECORD, **changes})


def evse(number: int) -> EvseId:
    return EvseId(StationId(f"S{number:03}"), 1)


def event(
    target: Power | None = None,
    stage: Stage = Stage.SCHEDULED,
    window: Interval = WINDOW,
    name: str = "e1",
) -> DREvent:
    return DREvent(
        id=EventId(name),
        program=ProgramId("ma-cs-ci"),
        program_version="test",
        name=name,
        window=window,
        stage=stage,
        called_at=window.start - timedelta(hours=22),
        target=target,
    )


def site(name: str = "depot", cap_kw: float = 1000, *, permitted: bool = True) -> Site:
    return Site(
        id=SiteId(name),
        name=name,
        participant=ParticipantId("p"),
        utility="eversource-ma",
        timezone="America/New_York",
        customer_class=CustomerClass.COMMERCIAL,
        import_cap=Power.kw(1000),
        export_cap=Power.kw(cap_kw),
        export_permission=permitted,
    )


def available(number: int = 1, **changes: Any) -> Availability:  # noqa: ANN401
    facts: dict[str, Any] = {
        "evse": evse(number),
        "site": SiteId("depot"),
        "participant": ParticipantId("p"),
        "max_discharge": Power.kw(44),
        "min_discharge": Power.kw(2),
        "max_charge": Power.kw(44),
        "vehicle_max_discharge": Power.kw(60),
        "battery": Energy.kwh(200),
        "soc_pct": None,
        "soc_at": None,
        "expected_soc_pct": 98.0,
        "floor_soc_pct": 20.0,
    }
    return Availability(**{**facts, **changes})


def enrollment(number: int = 1, share: str = "1") -> Enrollment:
    return Enrollment(
        program=ProgramId("ma-cs-ci"),
        evse=evse(number),
        participant=ParticipantId("p"),
        starts_on=date(2026, 6, 1),
        ends_on=None,
        participant_share=Decimal(share),
    )


SITES = {SiteId(f"s{n}"): site(f"s{n}", cap) for n, cap in enumerate((15, 60, 500))}
percents = st.floats(0, 100, allow_nan=False)
kilowatts = st.integers(0, 80).map(Power.kw)
moments = st.integers(-1260, 179).map(lambda m: START + timedelta(minutes=m))
departures = st.none() | st.builds(
    DepartureNeed,
    at=st.integers(0, 2000).map(lambda m: START + timedelta(minutes=m)),
    soc_pct=percents,
)


@st.composite
def availabilities(draw: st.DrawFn, number: int) -> Availability:
    soc_at = draw(st.integers(-60, 180)) if draw(st.booleans()) else None
    return Availability(
        evse=evse(number),
        site=draw(st.sampled_from([*SITES, SiteId("unheard-of")])),
        participant=ParticipantId("p"),
        max_discharge=draw(kilowatts),
        min_discharge=Power.kw(draw(st.integers(0, 10))),
        max_charge=draw(kilowatts),
        vehicle_max_discharge=draw(kilowatts),
        battery=Energy.kwh(draw(st.integers(10, 250))),
        soc_pct=draw(st.none() | percents),
        soc_at=None if soc_at is None else START + timedelta(minutes=soc_at),
        expected_soc_pct=draw(st.none() | percents),
        floor_soc_pct=draw(percents),
        reserve_pct=draw(st.sampled_from([0.0, 2.0, 5.0])),
        discharge_efficiency=draw(st.floats(0.5, 1)),
        charge_efficiency=draw(st.floats(0.5, 1)),
        plugged=draw(st.booleans()),
        next_departure=draw(departures),
        exclusions=draw(st.sampled_from([(), (Reason.ISLAND_ONLY,)])),
        opted_out=draw(st.sampled_from([False, False, False, True])),
    )


@st.composite
def fleets(draw: st.DrawFn, most: int = 8) -> list[Availability]:
    return [draw(availabilities(n)) for n in range(draw(st.integers(0, most)))]
