"""Monitors: what a station is to raise events about, and what it says it does (N)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.numbers import number_in
from csms.api.variable_items import (
    ComponentOrVariable,
    VariableName,
    variable_name,
)
from csms.domain.ids import StationId
from csms.domain.monitor import (
    Base,
    Criterion,
    MonitorIntent,
    MonitorKind,
    MonitorSetting,
    ReportedMonitor,
    StreamParams,
)
from csms.services.monitor_reports import NoSuchReport
from csms.services.ports.monitors import MonitoringReport, ReportRequest
from csms.services.ports.wire import Reply
from csms.web.auth import NodeOf, Operator
from csms.web.paging import Page

ROUTER = APIRouter(tags=["diagnostics"], route_class=GuardedRoute)
ACCEPTED = 202

ReportId = Annotated[str, Path(description="Its number.")]


class StreamItem(RequestBody):
    """How often a periodic event stream is sent; one of the two at least."""

    interval_s: int | None = Field(None, ge=0, lt=2**31)
    values: int | None = Field(None, ge=0, lt=2**31)

    def params(self) -> StreamParams:
        """Return what it says."""
        return StreamParams(self.interval_s, self.values)


class MonitorWanted(VariableName):
    """A monitor that is to be set."""

    kind: MonitorKind
    value: float = Field(
        description="The threshold or the difference; seconds if it is periodic.",
        allow_inf_nan=False,
    )
    severity: int = Field(ge=0, le=9, description="From 0, danger, to 9, debugging.")
    transaction_only: bool = False
    stream: StreamItem | None = Field(
        None, description="Lets its values come in a stream (OCPP 2.1)."
    )
    id: int | None = Field(
        None, ge=0, lt=2**31, description="The station's number, to replace one."
    )

    def setting(self) -> MonitorSetting:
        """Return what is to be set."""
        return MonitorSetting(
            key=self.key(),
            kind=self.kind,
            value=self.value,
            severity=self.severity,
            transaction_only=self.transaction_only,
            stream=None if self.stream is None else self.stream.params(),
            id=self.id,
        )


class MonitorsWanted(RequestBody):
    """Monitors that are to be set."""

    monitors: list[MonitorWanted] = Field(min_length=1, max_length=1000)


class IntentItem(BaseModel):
    """A monitor that we want, and what became of it."""

    variable: VariableName
    kind: MonitorKind
    value: float
    severity: int
    transaction_only: bool
    stream: StreamItem | None
    id: int | None = Field(description="The station's number for it.")
    status: str = Field(
        description="The station's word; `Asked`, `NoAnswer`, `Refused`, `NoResult`, "
        "`Missing`, `Cleared` and `Dropped` are ours."
    )
    info: str
    set_by: str
    updated_at: datetime


class ReportedItem(BaseModel):
    """A monitor that a station says it has."""

    id: int
    variable: VariableName
    kind: str
    value: float
    severity: int
    transaction_only: bool
    origin: str | None = Field(description="Who set it; null from 2.0.1 stations.")


class MonitorsItem(BaseModel):
    """Everything that is known of the monitors on a station."""

    base: Base | None
    base_at: datetime | None
    level: int | None = Field(description="The least grave severity it reports.")
    level_at: datetime | None
    wanted: list[IntentItem]
    reported: list[ReportedItem]


class ClearWanted(RequestBody):
    """Monitors that are to be cleared, by the station's numbers."""

    ids: list[Annotated[int, Field(ge=0, lt=2**31)]] = Field(
        min_length=1, max_length=1000
    )


class ClearedItem(BaseModel):
    """What became of a monitor that was to be cleared."""

    id: int
    status: str
    info: str


class BaseWanted(RequestBody):
    """With which monitors a station is to start afresh."""

    base: Base


class LevelWanted(RequestBody):
    """How grave an event must be to be reported."""

    severity: int = Field(ge=0, le=9)


class AnswerItem(BaseModel):
    """What a station answered."""

    accepted: bool
    status: str
    info: str


class ReportWanted(RequestBody):
    """Which monitors are to be reported; all if nothing is said."""

    criteria: list[Criterion] = Field(default=[], max_length=3)
    variables: list[ComponentOrVariable] = Field(default=[], max_length=1000)


class ReportItem(BaseModel):
    """A report that was asked for, and how much of it has come."""

    id: int = Field(description="Also the request id on the wire.")
    station: str
    criteria: list[Criterion]
    variables: list[VariableName]
    requested_by: str
    requested_at: datetime
    status: str
    info: str
    parts: int
    monitors: int
    complete: bool


@ROUTER.get("/stations/{station}/monitors", summary="Show a station's monitors")
async def show_monitors(node: NodeOf, station: str) -> MonitorsItem:
    """Return what we want there, and what the station last reported."""
    view = await node.diagnostics.monitors.view(StationId(station))
    return MonitorsItem(
        base=view.monitoring.base,
        base_at=view.monitoring.base_at,
        level=view.monitoring.level,
        level_at=view.monitoring.level_at,
        wanted=[intent_item(each) for each in view.intents],
        reported=[reported_item(each) for each in view.reported],
    )


@ROUTER.put("/stations/{station}/monitors", summary="Set monitors on a station")
async def set_monitors(
    node: NodeOf, caller: Operator, station: str, wanted: MonitorsWanted
) -> Page[IntentItem]:
    """Set monitors, in as many messages as it takes; return what became of each.

    One of the same variable, kind and severity that was set before is replaced.
    """
    done = await node.diagnostics.monitors.set(
        StationId(station), [each.setting() for each in wanted.monitors], caller.name
    )
    return Page(items=[intent_item(each) for each in done], next=None)


@ROUTER.post("/stations/{station}/monitors/clear", summary="Clear monitors")
async def clear_monitors(
    node: NodeOf, caller: Operator, station: str, wanted: ClearWanted
) -> Page[ClearedItem]:
    """Clear monitors by the station's numbers; return what became of each."""
    done = await node.diagnostics.monitors.clear(
        StationId(station), wanted.ids, caller.name
    )
    items = [
        ClearedItem(id=number, status=each.status, info=each.info)
        for number, each in done.items()
    ]
    return Page(items=items, next=None)


@ROUTER.put("/stations/{station}/monitoring-base", summary="Start monitoring afresh")
async def set_base(
    node: NodeOf, caller: Operator, station: str, wanted: BaseWanted
) -> AnswerItem:
    """Have a station start afresh with some of its own monitors.

    `FactoryDefault` and `HardWiredOnly` drop those that were set; ask for a report
    afterwards to know what is left.
    """
    name = StationId(station)
    return answer_item(
        await node.diagnostics.monitors.set_base(name, wanted.base, caller.name)
    )


@ROUTER.put("/stations/{station}/monitoring-level", summary="Set what is reported")
async def set_level(
    node: NodeOf, caller: Operator, station: str, wanted: LevelWanted
) -> AnswerItem:
    """Have a station report events of this severity and graver ones only."""
    name = StationId(station)
    return answer_item(
        await node.diagnostics.monitors.set_level(name, wanted.severity, caller.name)
    )


@ROUTER.post(
    "/stations/{station}/monitoring-reports",
    summary="Ask a station which monitors it has",
    status_code=ACCEPTED,
)
async def ask_report(
    node: NodeOf, caller: Operator, station: str, wanted: ReportWanted
) -> ReportItem:
    """Return what the station answered; its monitors follow part by part."""
    report = await node.diagnostics.reports.ask(
        ReportRequest(
            StationId(station),
            tuple(dict.fromkeys(wanted.criteria)),
            tuple(each.key() for each in wanted.variables),
        ),
        caller.name,
    )
    return report_item(report)


@ROUTER.get(
    "/stations/{station}/monitoring-reports", summary="List reports of monitors"
)
async def list_reports(node: NodeOf, station: str) -> Page[ReportItem]:
    """Return the latest reports, youngest first."""
    rows = await node.diagnostics.reports.of(StationId(station))
    return Page(items=[report_item(each) for each in rows], next=None)


@ROUTER.get("/monitoring-reports/{report}", summary="Show how much of a report came")
async def show_report(node: NodeOf, report: ReportId) -> ReportItem:
    """Return one report."""
    return report_item(
        await node.diagnostics.reports.find(number_in(report, NoSuchReport))
    )


def answer_item(reply: Reply) -> AnswerItem:
    """Return what a station answered."""
    return AnswerItem(accepted=reply.accepted, status=reply.status, info=reply.info)


def intent_item(intent: MonitorIntent) -> IntentItem:
    """Return a monitor that we want."""
    setting, stream = intent.setting, intent.setting.stream
    return IntentItem(
        variable=variable_name(setting.key),
        kind=setting.kind,
        value=setting.value,
        severity=setting.severity,
        transaction_only=setting.transaction_only,
        stream=None
        if stream is None
        else StreamItem(interval_s=stream.interval, values=stream.values),
        id=setting.id,
        status=intent.status,
        info=intent.info,
        set_by=intent.by,
        updated_at=intent.updated_at,
    )


def reported_item(monitor: ReportedMonitor) -> ReportedItem:
    """Return a monitor that a station says it has."""
    return ReportedItem(
        id=monitor.id,
        variable=variable_name(monitor.key),
        kind=monitor.kind,
        value=monitor.value,
        severity=monitor.severity,
        transaction_only=monitor.transaction_only,
        origin=monitor.origin,
    )


def report_item(report: MonitoringReport) -> ReportItem:
    """Return a report."""
    return ReportItem(
        id=report.id,
        station=report.request.station,
        criteria=list(report.request.criteria),
        variables=[variable_name(each) for each in report.request.variables],
        requested_by=report.by,
        requested_at=report.requested_at,
        status=report.status,
        info=report.info,
        parts=len(report.numbers),
        monitors=report.monitors,
        complete=report.complete,
    )
