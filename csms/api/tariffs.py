"""Tariffs, where they hold, what transactions cost, and signed meter values."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.errors import NotFound
from csms.domain.ids import TransactionId
from csms.domain.tariff import AssignmentState, TariffAssignment
from csms.web.auth import NodeOf, Operator
from csms.web.paging import USUAL, Limit, Page

ROUTER = APIRouter(tags=["tariffs"], route_class=GuardedRoute)
NO_CONTENT = 204


class NoCost(NotFound):
    """No tariff held when the transaction went on, or the station reckoned itself."""

    code = "no-cost"
    usual_remedy = "see csms tariffs held"


class TariffItem(BaseModel):
    """A tariff as OCPP 2.1 describes one."""

    id: str
    currency: str
    document: dict[str, Any]


class AssignBody(RequestBody):
    """Which tariff is to hold, and where."""

    tariff: str = Field(max_length=60)
    evse: int = Field(0, ge=0, description="0 for all of the station.")


class AssignmentItem(BaseModel):
    """A tariff that holds for everybody somewhere."""

    station: str
    evse: int
    tariff: str
    state: AssignmentState = Field(
        description="`accepted`: the station reckons by it; `kept`: this system does."
    )
    assigned_at: datetime
    assigned_by: str


class InstalledItem(BaseModel):
    """A tariff that a station says it holds."""

    tariff: str
    kind: str
    evses: list[int]
    tokens: list[str]
    valid_from: datetime | None


class Cleared(BaseModel):
    """What the station said to it, if it reckons itself."""

    statuses: dict[str, str] | None


class ChangeBody(RequestBody):
    """Which tariff an ongoing transaction is to have from now on."""

    tariff: str = Field(max_length=60)


class CostItem(BaseModel):
    """What a transaction has cost so far."""

    tariff: str
    currency: str
    total: Decimal
    final: bool
    at: datetime
    told_at: datetime | None


class SignedItem(BaseModel):
    """What a meter has signed, word for word."""

    evse: int
    at: datetime
    context: str
    measurand: str
    location: str
    phase: str
    transaction: str | None
    data: str
    signing_method: str | None
    encoding_method: str
    public_key: str | None


@ROUTER.get("/tariffs", summary="List tariffs")
async def list_tariffs(node: NodeOf) -> Page[TariffItem]:
    """Return every tariff, by id."""
    async with node.begin() as work:
        rows = await work.tariffs.all()
    items = [
        TariffItem(id=e.id, currency=e.currency, document=dict(e.document))
        for e in rows
    ]
    return Page(items=items, next=None)


@ROUTER.put("/tariffs", summary="Keep a tariff")
async def save_tariff(
    node: NodeOf,
    caller: Operator,
    document: Annotated[
        dict[str, Any], Body(description="The TariffType of OCPP 2.1.")
    ],
) -> TariffItem:
    """Keep a tariff in place of one of the same id; its schema is checked."""
    saved = await node.tariffs.save(document, caller.name)
    return TariffItem(id=saved.id, currency=saved.currency, document=document)


@ROUTER.delete("/tariffs/{tariff}", status_code=NO_CONTENT, summary="Forget a tariff")
async def remove_tariff(node: NodeOf, caller: Operator, tariff: str) -> None:
    """Forget a tariff that holds nowhere."""
    await node.tariffs.remove(tariff, caller.name)


@ROUTER.get("/stations/{station}/tariffs", summary="List which tariffs hold where")
async def list_assignments(node: NodeOf, station: str) -> Page[AssignmentItem]:
    """Return which tariffs hold at a station."""
    name = known_station(node, station)
    async with node.begin() as work:
        rows = await work.tariffs.assignments(name)
    return Page(items=[_assignment(row) for row in rows], next=None)


@ROUTER.put("/stations/{station}/tariffs", summary="Let a tariff hold")
async def assign_tariff(
    node: NodeOf, caller: Operator, station: str, body: AssignBody
) -> AssignmentItem:
    """Let a tariff hold for everybody; a 2.1 station that reckons is given it."""
    name = known_station(node, station)
    found = await node.tariffs.assign(name, body.evse, body.tariff, caller.name)
    return _assignment(found)


@ROUTER.delete(
    "/stations/{station}/tariffs/{evse}", summary="Let no tariff hold any more"
)
async def clear_tariff(
    node: NodeOf, caller: Operator, station: str, evse: int
) -> Cleared:
    """Clear the tariff of an EVSE, 0 for that of the station."""
    name = known_station(node, station)
    said = await node.tariffs.clear(name, evse, caller.name)
    return Cleared(statuses=None if said is None else dict(said))


@ROUTER.get(
    "/stations/{station}/tariffs/installed",
    summary="Ask a 2.1 station which tariffs it holds",
)
async def list_installed(node: NodeOf, station: str) -> Page[InstalledItem]:
    """Return what the station says now."""
    rows = await node.tariffs.installed(known_station(node, station))
    items = [
        InstalledItem(
            tariff=row.tariff,
            kind=row.kind,
            evses=list(row.evses),
            tokens=list(row.tokens),
            valid_from=row.valid_from,
        )
        for row in rows
    ]
    return Page(items=items, next=None)


@ROUTER.put(
    "/stations/{station}/transactions/{transaction}/tariff",
    status_code=NO_CONTENT,
    summary="Give an ongoing transaction another tariff (2.1)",
)
async def change_tariff(
    node: NodeOf, caller: Operator, station: str, transaction: str, body: ChangeBody
) -> None:
    """Ask the station to go on under another tariff."""
    name = known_station(node, station)
    await node.tariffs.change(
        name, TransactionId(transaction), body.tariff, caller.name
    )


@ROUTER.get(
    "/stations/{station}/transactions/{transaction}/cost",
    summary="Show what a transaction has cost so far",
)
async def show_cost(node: NodeOf, station: str, transaction: str) -> CostItem:
    """Return the cost that this system reckons."""
    name = known_station(node, station)
    async with node.begin() as work:
        found = await work.tariffs.cost(name, TransactionId(transaction))
    if found is None:
        raise NoCost
    return CostItem(
        tariff=found.tariff,
        currency=found.currency,
        total=found.total,
        final=found.final,
        at=found.at,
        told_at=found.told_at,
    )


@ROUTER.get("/stations/{station}/signed-values", summary="Read what meters have signed")
async def list_signed_values(
    node: NodeOf,
    station: str,
    transaction: str | None = None,
    limit: Limit = USUAL,
) -> Page[SignedItem]:
    """Return signed values word for word, youngest first."""
    name = known_station(node, station)
    async with node.begin() as work:
        rows = await work.signed_values.of(
            name, TransactionId(transaction) if transaction else None, limit
        )
    items = [
        SignedItem(
            evse=row.evse.number,
            at=row.at,
            context=row.context,
            measurand=row.measurand,
            location=row.location,
            phase=row.phase,
            transaction=row.transaction,
            data=row.data,
            signing_method=row.signing_method,
            encoding_method=row.encoding_method,
            public_key=row.public_key,
        )
        for row in rows
    ]
    return Page(items=items, next=None)


def _assignment(held: TariffAssignment) -> AssignmentItem:
    return AssignmentItem(
        station=held.station,
        evse=held.evse,
        tariff=held.tariff,
        state=held.state,
        assigned_at=held.assigned_at,
        assigned_by=held.assigned_by,
    )
