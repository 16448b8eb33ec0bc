"""Quarter hours, as JSON for programs and as the CSV that a funder asks for."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response, StreamingResponse

from csms.api.figures import kwh
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.errors import Broken
from csms.domain.ids import EvseId
from csms.domain.interval import QUARTER, Interval
from csms.domain.reading import Quarter
from csms.domain.units import Energy
from csms.services.interval_export import Label, csv_rows
from csms.services.node import Node
from csms.services.ports.queries import Part, Resource
from csms.web.auth import NodeOf
from csms.web.paging import Page

ROUTER = APIRouter(tags=["telemetry"], route_class=GuardedRoute)
MOST_ROWS = 50_000
AT_ONCE = 20_000
"""Rows in memory at once while a CSV is written."""

MOST_QUARTERS = 366 * 96


class TooMuch(Broken):
    """That is more than fits into one answer."""

    code = "too-much"


class QuarterItem(BaseModel):
    """A quarter of an hour of one EVSE."""

    station: str
    evse: int
    start: datetime
    import_kwh: float | None
    export_kwh: float | None
    power_kw: float | None = Field(description="Signed mean: positive while charging.")
    soc_pct: float | None
    soc_at: datetime | None
    quality: str
    event: str | None
    transaction: str | None
    plug_in_at: datetime | None
    plug_out_at: datetime | None
    charge_start_at: datetime | None
    charge_stop_at: datetime | None
    discharge_start_at: datetime | None
    discharge_stop_at: datetime | None


@ROUTER.get(
    "/telemetry/quarters",
    summary="Read what every EVSE did in each quarter of an hour",
    response_model=Page[QuarterItem],
    responses={200: {"content": {"text/csv": {}}}},
)
async def list_quarters(
    node: NodeOf,
    since: Annotated[AwareDatetime, Query(alias="from")],
    until: Annotated[AwareDatetime, Query(alias="to")],
    station: str | None = None,
    evse: Annotated[int | None, Query(ge=1)] = None,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Page[QuarterItem] | Response:
    """Return quarters that start in the interval; CSV is streamed, however long."""
    interval = _interval(node, since, until)
    name = None if station is None else known_station(node, station)
    resources = await node.queries.resources(station=name, evse=evse)
    each = sum(1 for _ in interval.quarters())
    if each > MOST_QUARTERS:
        raise TooMuch(field="to", remedy="ask for a year at most")
    if form == "csv":
        return StreamingResponse(
            _csv(node, resources, interval, max(AT_ONCE // max(each, 1), 1)),
            media_type="text/csv",
            headers={"Content-Disposition": 'attachment; filename="quarters.csv"'},
        )
    if each * len(resources) > MOST_ROWS:
        raise TooMuch(
            f"that would be {each * len(resources)} quarters",
            field="to",
            remedy="name a station, a shorter time, or format=csv",
        )
    evses = [each.evse for each in resources]
    quarters = await node.telemetry.series(evses, interval)
    event_of = _events(await node.queries.parts(evses, interval))
    return Page(items=[_item(each, event_of) for each in quarters], next=None)


def _interval(node: Node, since: datetime, until: datetime) -> Interval:
    """Return the interval asked for; what is yet to come says nothing."""
    if until <= since:
        raise Broken("an interval ends after it starts", field="to")
    return Interval(since, max(since, min(until, node.clock.now())))


async def _csv(
    node: Node, resources: Sequence[Resource], interval: Interval, chunk: int
) -> AsyncIterator[str]:
    zones = {each.evse: each.timezone for each in resources}
    evses = list(zones)

    def label(evse: EvseId) -> Label:
        return Label(str(evse), zones[evse])

    yield _lines(csv_rows((), label, _events(())))
    for first in range(0, len(evses), chunk):
        some = evses[first : first + chunk]
        quarters = await node.telemetry.series(some, interval)
        event_of = _events(await node.queries.parts(some, interval))
        rows = csv_rows(quarters, label, event_of)
        next(rows)
        yield _lines(rows)


def _lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _events(parts: Sequence[Part]) -> Callable[[EvseId, datetime], str | None]:
    """Return what names the event that an EVSE took part in during a quarter."""
    by_evse: dict[EvseId, list[Part]] = {}
    for part in parts:
        by_evse.setdefault(part.evse, []).append(part)

    def find(evse: EvseId, start: datetime) -> str | None:
        quarter = Interval(start, start + QUARTER)
        for part in by_evse.get(evse, ()):
            if part.window.overlap(quarter):
                return part.event
        return None

    return find


def _item(
    quarter: Quarter, event_of: Callable[[EvseId, datetime], str | None]
) -> QuarterItem:
    power = quarter.mean_w
    return QuarterItem(
        station=quarter.evse.station,
        evse=quarter.evse.number,
        start=quarter.start,
        import_kwh=_kwh(quarter.import_ws),
        export_kwh=_kwh(quarter.export_ws),
        power_kw=None if power is None else power / 1000,
        soc_pct=quarter.soc_pct,
        soc_at=quarter.soc_at,
        quality=quarter.quality,
        event=event_of(quarter.evse, quarter.start),
        transaction=quarter.transaction,
        plug_in_at=quarter.plug_in_at,
        plug_out_at=quarter.plug_out_at,
        charge_start_at=quarter.charge_start_at,
        charge_stop_at=quarter.charge_stop_at,
        discharge_start_at=quarter.discharge_start_at,
        discharge_stop_at=quarter.discharge_stop_at,
    )


def _kwh(ws: int | None) -> float | None:
    return None if ws is None else kwh(Energy(ws))
