"""Drift: what stations do not read as templates want it, and its repair."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.device_models import MOST_VARIABLES, VariableName
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.charging.configuration import Fit
from csms.charging.templates import Template
from csms.domain.device_model import Drift, DriftKind
from csms.domain.ids import StationId
from csms.services.drifts import Outcome, Repair
from csms.web.auth import NodeOf, Operator
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["device models"], route_class=GuardedRoute)


class DriftItem(BaseModel):
    """A variable that is not as it should be."""

    component: str
    component_instance: str
    evse: int
    connector: int
    variable: str
    variable_instance: str
    name: str = Field(description="The variable as people write it.")
    template: str = Field(description="The template that wants it.")
    wanted: str
    actual: str | None
    kind: DriftKind = Field(
        description="`value`: it reads something else. `absent`: the station does not "
        "have it. `fixed`: it cannot be written. `restart`: it was set, and takes "
        "effect at the next restart."
    )
    required: bool = Field(description="Whether it is wanted by all means.")
    since: datetime


class StationDrift(BaseModel):
    """What one station does not read as it should."""

    station: str
    items: list[DriftItem]


class RepairBody(RequestBody):
    """What is to be repaired."""

    variables: list[VariableName] | None = Field(
        None, max_length=MOST_VARIABLES, description="Only these; all without."
    )


class RepairItem(BaseModel):
    """What came of the repair of one variable."""

    name: str
    wanted: str
    outcome: Outcome = Field(
        description="`repaired`, `restart` (it takes effect at the next one), "
        "`refused`, `held` (it belongs to the dispatcher, the station is in an event) "
        "or `impossible`."
    )
    detail: str


class DesiredItem(BaseModel):
    """A variable that should read something."""

    component: str
    variable: str
    instance: str
    value: str
    fit: Fit
    required: bool
    why: str


class TemplateItem(BaseModel):
    """What stations of some makes should read."""

    id: str
    about: str
    editions: list[str]
    vendors: list[str]
    models: list[str]
    firmwares: list[str]
    variables: list[DesiredItem]


@ROUTER.get("/drift", summary="List stations that are not set up as they should be")
async def list_drift(
    node: NodeOf, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[StationDrift]:
    """Return what is not as it should be, by station."""
    after = read_cursor(cursor, str)
    found = await node.setup.drifts.fleet(
        StationId(after[0]) if after else None, limit + 1
    )
    return page(
        list(found.items()),
        limit,
        lambda row: StationDrift(station=row[0], items=_items(row[1])),
        lambda row: row[0],
    )


@ROUTER.get("/stations/{station}/drift", summary="Show what is not as it should be")
async def show_drift(node: NodeOf, station: str) -> Page[DriftItem]:
    """Return what a station does not read as it should, by name."""
    found = await node.setup.drifts.of(known_station(node, station))
    return Page(items=_items(found), next=None)


@ROUTER.post("/stations/{station}/drift/repair", summary="Set what should be")
async def repair_drift(
    node: NodeOf, caller: Operator, station: str, body: RepairBody
) -> Page[RepairItem]:
    """Set what is not as it should be, and read it back.

    What belongs to the dispatcher is left alone while the station is in an event.
    """
    keys = None if body.variables is None else [each.key() for each in body.variables]
    repairs = await node.setup.drifts.repair(
        known_station(node, station), keys, by=caller.name
    )
    return Page(items=[_repair(each) for each in repairs], next=None)


@ROUTER.get("/templates", summary="List what stations should read")
async def list_templates(node: NodeOf) -> Page[TemplateItem]:
    """Return the templates of desired variables."""
    return Page(items=[_template(each) for each in node.setup.templates], next=None)


def _items(drifts: Sequence[Drift]) -> list[DriftItem]:
    return [
        DriftItem(
            component=each.key.component,
            component_instance=each.key.component_instance,
            evse=each.key.evse,
            connector=each.key.connector,
            variable=each.key.variable,
            variable_instance=each.key.variable_instance,
            name=each.key.text,
            template=each.template,
            wanted=each.wanted,
            actual=each.actual,
            kind=each.kind,
            required=each.required,
            since=each.since,
        )
        for each in drifts
    ]


def _repair(repair: Repair) -> RepairItem:
    return RepairItem(
        name=repair.drift.key.text,
        wanted=repair.drift.wanted,
        outcome=repair.outcome,
        detail=repair.detail,
    )


def _template(template: Template) -> TemplateItem:
    return TemplateItem(
        id=template.id,
        about=template.about,
        editions=list(template.editions),
        vendors=list(template.vendors),
        models=list(template.models),
        firmwares=list(template.firmwares),
        variables=[
            DesiredItem(
                component=each.component,
                variable=each.variable,
                instance=each.instance,
                value=each.value,
                fit=each.fit,
                required=each.required,
                why=each.why,
            )
            for each in template.desired
        ],
    )
