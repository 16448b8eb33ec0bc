"""What a station holds of charging profiles and grid controls, and what results."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import Response

from csms.console.shell import PageRoute, ShellOf
from csms.console.wording import zone_of
from csms.domain.errors import DomainError
from csms.domain.ids import EvseId, StationId
from csms.domain.interval import Interval
from csms.domain.profile import Composite, OperationMode, Period, RateUnit
from csms.services.asking import asked
from csms.services.ledger import Ledger
from csms.services.ports.charging import ExternalLimit, HeldProfile
from csms.services.ports.der import Alarm, HeldControl
from csms.services.reception import UnknownStation
from csms.web.auth import NodeOf, Viewer

if TYPE_CHECKING:
    from csms.services.composites import Comparison
    from csms.services.node import Node

router = APIRouter(route_class=PageRoute, include_in_schema=False)
SPAN = timedelta(hours=24)
ALARMS = 5
_PER_KW = 1000


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a composite schedule, in words."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class ChargingView:
    """What the station page shows of charging.

    Attributes:
        steps: What we expect to result at each EVSE, within a day; 0 is the station.
        profiles: Each profile, and how intent and report stand to each other.
        controls: What the grid asks of it.
        kinds: Which grid controls it says it can follow.
    """

    steps: dict[int, Sequence[Step]]
    profiles: Sequence[tuple[HeldProfile, str]]
    limits: Sequence[ExternalLimit]
    controls: Sequence[HeldControl]
    alarms: Sequence[Alarm]
    kinds: Sequence[str]


async def charging_view(node: "Node", station: StationId) -> ChargingView:
    """Return what the station page shows of charging; nobody is asked for it."""
    now = node.clock.now()
    window = Interval(now, now + SPAN)
    places = [EvseId(station, 0), *(each.id for each in node.book.evses(station))]
    async with node.begin() as work:
        limits = await work.charging.limits(station)
        controls = await work.der.controls(station)
        alarms = await work.der.alarms(station, ALARMS)
    return ChargingView(
        steps={
            each.number: steps_of(node.composites.composite(each, window))
            for each in places
        },
        profiles=[
            (each, Ledger.standing(each).value)
            for each in node.charging.ledger.rows(station)
        ],
        limits=limits,
        controls=controls,
        alarms=alarms,
        kinds=sorted(node.book.capability(station).der_kinds),
    )


@router.get("/stations/{station}/composite")
async def compare(
    station: StationId, caller: Viewer, node: NodeOf, shell: ShellOf
) -> Response:
    """Ask the station for its composite schedules, and show them beside ours."""
    row = await node.queries.station(station)
    if row is None or node.book.station(station) is None:
        raise UnknownStation(f"there is no station {station}")
    window = Interval(node.clock.now(), node.clock.now() + SPAN)
    found: dict[int, tuple[Sequence[Step], Sequence[Step], Comparison | str]] = {}
    for number in (0, *(each.id.number for each in node.book.evses(station))):
        evse = EvseId(station, number)
        try:
            said = await asked(node.composites.compare(evse, SPAN))
        except DomainError as error:
            ours = steps_of(node.composites.composite(evse, window))
            found[number] = (ours, (), str(error))
        else:
            theirs = steps_of(said.theirs) if said.theirs else ()
            found[number] = (steps_of(said.ours), theirs, said)
    return shell.page(
        "composite.html",
        caller,
        row=row,
        zone=zone_of(row.timezone),
        found=found,
    )


def steps_of(composite: Composite) -> Sequence[Step]:
    """Return a composite schedule in words."""
    return [
        Step(
            composite.start + timedelta(seconds=period.start_s),
            words_of(period, composite.unit),
        )
        for period in composite.periods
    ]


def words_of(period: Period, unit: RateUnit) -> str:
    """Return what a period lets flow, in words."""
    if period.mode is OperationMode.IDLE:
        return "stands still"
    said: list[str] = []
    if period.setpoint is not None:
        way = "gives" if period.setpoint < 0 else "takes"
        said.append(f"{way} {_figure(abs(period.setpoint), unit)}")
    if period.limit is not None and period.setpoint is None:
        said.append(f"takes up to {_figure(period.limit, unit)}")
    if period.discharge_limit is not None and period.setpoint is None:
        said.append(f"gives up to {_figure(-period.discharge_limit, unit)}")
    mode = period.mode
    if mode not in (None, OperationMode.CHARGING_ONLY, OperationMode.CENTRAL_SETPOINT):
        said.append(f"({mode.value})" if mode else "")
    return " ".join(said) or "unbounded"


def _figure(value: float, unit: RateUnit) -> str:
    if unit is RateUnit.AMPERES:
        return f"{value:g} A"
    return f"{value / _PER_KW:.1f} kW"
