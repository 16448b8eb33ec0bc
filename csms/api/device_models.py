"""Device models: variables read and set, reports asked for (B05 to B08)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.station_items import VariableItem, variable_item
from csms.api.stations import known_station
from csms.domain.device_model import ReportRecord
from csms.domain.errors import Broken
from csms.domain.secrecy import HIDDEN, is_secret
from csms.domain.station import Variable, VariableKey
from csms.services.device_models import Written
from csms.services.ports.device_model import ReportQuestion, VariableQuestion
from csms.services.ports.wire import Inventory, VariableResult, VariableSetting
from csms.web.auth import NodeOf, Operator
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["device models"], route_class=GuardedRoute)
MOST_VARIABLES = 500
Name = Annotated[str, Field(min_length=1, max_length=50)]
Instance = Annotated[str, Field(max_length=50)]
Attribute = Literal["Actual", "Target", "MinSet", "MaxSet"]
Criterion = Literal["Active", "Available", "Enabled", "Problem"]
Place = Annotated[int, Field(ge=0)]


class ComponentName(RequestBody):
    """A component of a station.

    Without an EVSE it is that of the station.
    """

    component: Name
    component_instance: Instance = ""
    evse: Place = 0
    connector: Place = 0


class VariableName(ComponentName):
    """A variable of a station."""

    variable: Name
    variable_instance: Instance = ""

    def key(self) -> VariableKey:
        """Return its name as services know it."""
        return VariableKey(
            self.component,
            self.variable,
            self.component_instance,
            self.variable_instance,
            self.evse,
            self.connector,
        )


class ReadVariable(VariableName):
    """A value that is to be read."""

    attribute: Attribute = "Actual"


class SetVariable(VariableName):
    """A value that is to be set."""

    value: str = Field(max_length=2500)
    attribute: Attribute = "Actual"


class ReportedVariable(ComponentName):
    """A component, and one of its variables or all of them."""

    variable: Name | None = None
    variable_instance: Instance = ""

    def key(self) -> VariableKey:
        """Return its name as services know it; no variable is all of them."""
        return VariableKey(
            self.component,
            self.variable or "",
            self.component_instance,
            self.variable_instance,
            self.evse,
            self.connector,
        )


class ReadBody(RequestBody):
    """Values that are to be read."""

    variables: list[ReadVariable] = Field(min_length=1, max_length=MOST_VARIABLES)


class WriteBody(RequestBody):
    """Values that are to be set."""

    variables: list[SetVariable] = Field(min_length=1, max_length=MOST_VARIABLES)


class ReportBody(RequestBody):
    """A report that is to be made: a base report, or one of chosen variables."""

    base: Inventory | None = Field(None, description="A base report (B07).")
    criteria: list[Criterion] = Field(
        [], max_length=4, description="Of components that are any of these (B08)."
    )
    variables: list[ReportedVariable] = Field(
        [], max_length=MOST_VARIABLES, description="Of these components and variables."
    )


class ResultItem(BaseModel):
    """What the station said to one variable."""

    component: str
    component_instance: str
    evse: int
    connector: int
    variable: str
    variable_instance: str
    attribute: str
    status: str = Field(
        description="The station's word; `NoResult` if it did not mention it, else "
        "why there was no answer to the message that it was in."
    )
    info: str
    value: str | None = Field(description="What it reads; never that of a secret.")
    due: bool = Field(
        default=False, description="It was set, and takes effect at the next restart."
    )


class ReportItem(BaseModel):
    """How a report went."""

    id: int
    kind: str
    asked: dict[str, Any]
    by: str
    asked_at: datetime
    ended_at: datetime
    status: str = Field(
        description="The station's word: `Accepted`, `Rejected`, `NotSupported`, "
        "`EmptyResultSet`; or why there was none."
    )
    request_id: int
    parts: int
    missing: int = Field(description="Parts that did not come, as numbers tell.")
    repeated: int
    variables: int
    complete: bool
    generated_at: datetime | None


class MadeReport(BaseModel):
    """How a report went, and what it brought."""

    report: ReportItem
    variables: list[VariableItem]


class WordlessReport(Broken):
    """A report is either a base report or one of chosen components."""

    code = "wordless-report"


@ROUTER.post("/stations/{station}/variables/read", summary="Read variables now")
async def read_variables(
    node: NodeOf, caller: Operator, station: str, body: ReadBody
) -> Page[ResultItem]:
    """Ask the station for values, in as many messages as it needs (B06)."""
    del caller
    name = known_station(node, station)
    questions = [
        VariableQuestion(each.key(), each.attribute) for each in body.variables
    ]
    results = await node.setup.models.read(name, questions)
    return Page(items=[_result(each) for each in results], next=None)


@ROUTER.patch("/stations/{station}/variables", summary="Set variables")
async def set_variables(
    node: NodeOf, caller: Operator, station: str, body: WriteBody
) -> Page[ResultItem]:
    """Set values, in as many messages as the station needs, and read them back (B05).

    Nothing is sent unless all of it fits the station's device model.
    """
    name = known_station(node, station)
    settings = [
        VariableSetting(each.key(), each.value, each.attribute)
        for each in body.variables
    ]
    written = await node.setup.models.write(name, settings, by=caller.name)
    return Page(items=[_written(each) for each in written], next=None)


@ROUTER.post("/stations/{station}/reports", summary="Have the device model reported")
async def make_report(
    node: NodeOf, caller: Operator, station: str, body: ReportBody
) -> MadeReport:
    """Ask for a report, wait for its parts, keep and return what came (B07, B08)."""
    name = known_station(node, station)
    custom = bool(body.criteria or body.variables)
    if custom is (body.base is not None):
        raise WordlessReport(
            field="base",
            remedy="name a base report, or criteria and variables, and not both",
        )
    if body.base is not None:
        made = await node.setup.reporting.base(name, body.base, by=caller.name)
    else:
        question = ReportQuestion(
            tuple(body.criteria), tuple(each.key() for each in body.variables)
        )
        made = await node.setup.reporting.custom(name, question, by=caller.name)
    record, variables = made
    return MadeReport(report=_report(record), variables=_shown(variables))


@ROUTER.get("/stations/{station}/reports", summary="List reports of the device model")
async def list_reports(
    node: NodeOf, station: str, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[ReportItem]:
    """Return how reports went, the youngest first."""
    name, before = known_station(node, station), read_cursor(cursor, int)
    async with node.begin() as work:
        rows = await work.models.reports(name, before[0] if before else None, limit + 1)
    return page(rows, limit, _report, lambda row: row.id)


def _shown(variables: Sequence[Variable]) -> list[VariableItem]:
    return [variable_item(each) for each in variables]


def _result(result: VariableResult) -> ResultItem:
    key = result.key
    return ResultItem(
        component=key.component,
        component_instance=key.component_instance,
        evse=key.evse,
        connector=key.connector,
        variable=key.variable,
        variable_instance=key.variable_instance,
        attribute=result.attribute,
        status=result.status,
        info=result.info,
        value=HIDDEN if result.value and is_secret(key.variable) else result.value,
        due=False,
    )


def _written(written: Written) -> ResultItem:
    item = _result(written.result)
    return item.model_copy(update={"value": written.reads, "due": written.due})


def _report(record: ReportRecord) -> ReportItem:
    return ReportItem(
        id=record.id,
        kind=record.kind,
        asked=dict(record.asked),
        by=record.by,
        asked_at=record.asked_at,
        ended_at=record.ended_at,
        status=record.status,
        request_id=record.request_id,
        parts=record.parts,
        missing=record.missing,
        repeated=record.repeated,
        variables=record.variables,
        complete=record.complete,
        generated_at=record.generated_at,
    )
