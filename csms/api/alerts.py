"""Notified events, alerts, and the rules that make one of the other (block N)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.numbers import number_in
from csms.api.stations import known_station
from csms.api.variable_items import VariableName, variable_name
from csms.domain.alert import (
    Alert,
    AlertRule,
    Raises,
    SeverityFrom,
    StationEvent,
    Trigger,
)
from csms.domain.ids import StationId
from csms.services.alerts import NoSuchAlert, RuleInForce
from csms.services.ports.alerts import EventFilter
from csms.web.auth import Admin, NodeOf, Operator
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["diagnostics"], route_class=GuardedRoute)
NO_CONTENT = 204
RuleName = Annotated[str, Path(max_length=64)]
AlertId = Annotated[str, Path(description="Its number.")]


class EventItem(BaseModel):
    """Something that a monitor of a station noticed."""

    id: int
    station: str
    event_id: int = Field(description="The station's number for it.")
    at: datetime
    received_at: datetime
    trigger: Trigger
    origin: str
    variable: VariableName
    value: str
    severity: int
    severity_from: SeverityFrom
    cleared: bool | None
    cause: int | None
    transaction: str | None
    monitor: int | None
    tech_code: str | None
    tech_info: str | None


class AlertItem(BaseModel):
    """An event that became an incident, until it is over."""

    id: int
    station: str
    rule: str
    variable: VariableName
    monitor: int | None
    severity: int
    value: str
    raised_at: datetime
    last_at: datetime
    count: int = Field(description="How many events spoke of it.")
    incident: int
    cleared_at: datetime | None
    cleared_by: str | None


class RuleSaid(RequestBody):
    """Which events become incidents."""

    description: str = Field("", max_length=500)
    severity: int = Field(9, ge=0, le=9, description="This severity or a graver one.")
    component: str = Field("*", max_length=50, description="Pattern; * is anything.")
    variable: str = Field("*", max_length=50, description="Pattern.")
    value: str | None = Field(None, max_length=200, description="Pattern; null: any.")
    station: str = Field("*", max_length=50, description="Pattern.")
    triggers: list[Trigger] = Field(
        default=[Trigger.ALERTING, Trigger.DELTA], min_length=1, max_length=3
    )
    raises: Raises = Raises.WARNING
    enabled: bool = True


class RuleItem(RuleSaid):
    """A rule in force, and whether it is as it was delivered."""

    id: str
    is_default: bool
    changed_by: str | None


@ROUTER.get("/stations/{station}/events", summary="Read what a station notified")
async def list_station_events(  # noqa: PLR0913, PLR0917 each is a filter of the list
    node: NodeOf,
    station: str,
    severity: Annotated[int | None, Query(ge=0, le=9)] = None,
    component: str | None = None,
    transaction: str | None = None,
    cleared: bool | None = None,  # noqa: FBT001 a filter of the list
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[EventItem]:
    """Return notified events, youngest first; a severity means it or a graver one."""
    before = read_cursor(cursor, int)
    rows = await node.diagnostics.alerts.events(
        EventFilter(
            known_station(node, station), severity, component, transaction, cleared
        ),
        before=before[0] if before else None,
        limit=limit + 1,
    )
    return page(rows, limit, lambda row: event_item(*row), lambda row: row[0])


@ROUTER.get("/alerts", summary="List alerts, youngest first")
async def list_alerts(
    node: NodeOf,
    station: str | None = None,
    only_open: Annotated[bool, Query(alias="open")] = False,  # noqa: FBT002 a filter
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[AlertItem]:
    """Return alerts, those that are over too unless `open` is true."""
    before = read_cursor(cursor, int)
    rows = await node.diagnostics.alerts.alerts(
        station=StationId(station) if station else None,
        only_open=only_open,
        before=before[0] if before else None,
        limit=limit + 1,
    )
    return page(rows, limit, alert_item, lambda row: row.id)


@ROUTER.post(
    "/alerts/{alert}/end", summary="End an alert by hand", status_code=NO_CONTENT
)
async def end_alert(node: NodeOf, caller: Operator, alert: AlertId) -> None:
    """End an alert and resolve its incident: not every event tells when it is over."""
    await node.diagnostics.alerts.end(number_in(alert, NoSuchAlert), by=caller.name)


@ROUTER.get("/alert-rules", summary="List the rules that raise alerts")
async def list_rules(node: NodeOf) -> Page[RuleItem]:
    """Return every rule, defaults among them, by name."""
    rules = await node.diagnostics.alerts.rules()
    return Page(items=[rule_item(each) for each in rules], next=None)


@ROUTER.put("/alert-rules/{rule}", summary="Add or change a rule")
async def save_rule(
    node: NodeOf, caller: Admin, rule: RuleName, said: RuleSaid
) -> RuleItem:
    """Put a rule in place of the one of its name; a default is changed like that."""
    made = AlertRule(
        id=rule,
        description=said.description,
        severity=said.severity,
        component=said.component,
        variable=said.variable,
        value=said.value,
        station=said.station,
        triggers=tuple(dict.fromkeys(said.triggers)),
        raises=said.raises,
        enabled=said.enabled,
    )
    await node.diagnostics.alerts.save_rule(made, by=caller.name)
    rules = await node.diagnostics.alerts.rules()
    return rule_item(next(each for each in rules if each.rule.id == rule))


@ROUTER.delete(
    "/alert-rules/{rule}",
    summary="Forget a rule; a default comes back",
    status_code=NO_CONTENT,
)
async def forget_rule(node: NodeOf, caller: Admin, rule: RuleName) -> None:
    """Forget what was changed or added under a name."""
    await node.diagnostics.alerts.forget_rule(rule, by=caller.name)


def event_item(number: int, event: StationEvent) -> EventItem:
    """Return a notified event."""
    return EventItem(
        id=number,
        station=event.station,
        event_id=event.event_id,
        at=event.at,
        received_at=event.received_at,
        trigger=event.trigger,
        origin=event.origin,
        variable=variable_name(event.key),
        value=event.value,
        severity=event.severity,
        severity_from=event.severity_from,
        cleared=event.cleared,
        cause=event.cause,
        transaction=event.transaction,
        monitor=event.monitor,
        tech_code=event.tech_code,
        tech_info=event.tech_info,
    )


def alert_item(alert: Alert) -> AlertItem:
    """Return an alert."""
    return AlertItem(
        id=alert.id,
        station=alert.station,
        rule=alert.rule,
        variable=variable_name(alert.key),
        monitor=alert.monitor,
        severity=alert.severity,
        value=alert.value,
        raised_at=alert.raised_at,
        last_at=alert.last_at,
        count=alert.count,
        incident=alert.incident,
        cleared_at=alert.cleared_at,
        cleared_by=alert.cleared_by,
    )


def rule_item(known: RuleInForce) -> RuleItem:
    """Return a rule in force."""
    rule = known.rule
    return RuleItem(
        id=rule.id,
        description=rule.description,
        severity=rule.severity,
        component=rule.component,
        variable=rule.variable,
        value=rule.value,
        station=rule.station,
        triggers=list(rule.triggers),
        raises=rule.raises,
        enabled=rule.enabled,
        is_default=known.is_default,
        changed_by=known.changed_by,
    )
