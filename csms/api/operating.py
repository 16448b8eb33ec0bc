"""What an operator asks of stations by hand, and their connectors."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.ids import EvseId, TransactionId
from csms.domain.station_request import RequestKind, RequestState, StationRequest
from csms.domain.token import IdToken
from csms.domain.units import Power
from csms.web.auth import NodeOf, Operator
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["operating"], route_class=GuardedRoute)
CREATED = 201
Number = Annotated[int, Field(ge=1)]


class StartBody(RequestBody):
    """A transaction to be started (F01, F02)."""

    evse: Number
    id_token: str = Field(min_length=1, max_length=255)
    type: str = Field("Central", max_length=20, description="Type of the token.")
    max_kw: float | None = Field(
        None, gt=0, description="Most that the vehicle may be charged with."
    )


class UnlockBody(RequestBody):
    """A connector to be unlocked (F05)."""

    evse: Number
    connector: Number = 1


class TriggerBody(RequestBody):
    """A message to be sent by the station (F06)."""

    message: str = Field(
        max_length=200, description="`StatusNotification`, or `Custom:name` (2.1)."
    )
    evse: Number | None = None
    connector: Number | None = None


class AvailabilityBody(RequestBody):
    """What is to be put in or out of service (G03, G04)."""

    operative: bool
    evse: Number | None = Field(None, description="None for the whole station.")
    connector: Number | None = None


class RequestItem(BaseModel):
    """One thing asked of a station, and what became of it."""

    id: int = Field(description="For a start also the remoteStartId on the wire.")
    kind: RequestKind
    evse: int | None
    connector: int | None
    detail: dict[str, Any]
    asked_at: datetime
    asked_by: str
    state: RequestState = Field(
        description="`open`: no answer, so what the station did is not known."
    )
    status: str | None = Field(description="The station's word.")
    info: str
    transaction: str | None
    done_at: datetime | None


class ConnectorItem(BaseModel):
    """What a connector was last said to be."""

    evse: int
    connector: int
    status: str
    at: datetime


@ROUTER.post(
    "/stations/{station}/transactions",
    status_code=CREATED,
    summary="Start a transaction",
)
async def start_transaction(
    node: NodeOf, caller: Operator, station: str, body: StartBody
) -> RequestItem:
    """Ask the station to start one; it is found by its number when it begins."""
    evse = EvseId(known_station(node, station), body.evse)
    token = IdToken(body.id_token, body.type)
    limit = None if body.max_kw is None else Power.kw(body.max_kw)
    return _item(await node.operating.start(evse, token, caller.name, limit))


@ROUTER.post(
    "/stations/{station}/transactions/{transaction}/stop",
    status_code=CREATED,
    summary="Stop a transaction",
)
async def stop_transaction(
    node: NodeOf, caller: Operator, station: str, transaction: str
) -> RequestItem:
    """Ask the station to stop one that goes on."""
    name = known_station(node, station)
    found = await node.operating.stop(name, TransactionId(transaction), caller.name)
    return _item(found)


@ROUTER.post(
    "/stations/{station}/unlock", status_code=CREATED, summary="Unlock a connector"
)
async def unlock_connector(
    node: NodeOf, caller: Operator, station: str, body: UnlockBody
) -> RequestItem:
    """Ask the station to let a plug go."""
    evse = EvseId(known_station(node, station), body.evse)
    return _item(await node.operating.unlock(evse, body.connector, caller.name))


@ROUTER.post(
    "/stations/{station}/trigger", status_code=CREATED, summary="Ask for a message"
)
async def trigger_message(
    node: NodeOf, caller: Operator, station: str, body: TriggerBody
) -> RequestItem:
    """Ask the station to send a message it sends by itself at other times."""
    name = known_station(node, station)
    found = await node.operating.trigger(
        name, body.message, caller.name, body.evse, body.connector
    )
    return _item(found)


@ROUTER.post(
    "/stations/{station}/availability",
    status_code=CREATED,
    summary="Put a station, EVSE or connector in or out of service",
)
async def set_availability(
    node: NodeOf, caller: Operator, station: str, body: AvailabilityBody
) -> RequestItem:
    """Ask the station; with an ongoing transaction it is scheduled, and then done."""
    found = await node.operating.set_availability(
        known_station(node, station),
        caller.name,
        operative=body.operative,
        evse=body.evse,
        connector=body.connector,
    )
    return _item(found)


@ROUTER.get("/stations/{station}/requests", summary="List what was asked of a station")
async def list_requests(
    node: NodeOf, station: str, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[RequestItem]:
    """Return what was asked by hand, youngest first."""
    name = known_station(node, station)
    before = read_cursor(cursor, int)
    async with node.begin() as work:
        rows = await work.requests.of_station(
            name, before[0] if before else None, limit + 1
        )
    return page(rows, limit, _item, lambda row: row.id)


@ROUTER.get("/stations/{station}/connectors", summary="List a station's connectors")
async def list_connectors(node: NodeOf, station: str) -> Page[ConnectorItem]:
    """Return each connector as it was last reported."""
    name = known_station(node, station)
    async with node.begin() as work:
        rows = await work.requests.connectors(name)
    items = [
        ConnectorItem(
            evse=row.evse.number, connector=row.connector, status=row.status, at=row.at
        )
        for row in rows
    ]
    return Page(items=items, next=None)


def _item(request: StationRequest) -> RequestItem:
    return RequestItem(
        id=request.id,
        kind=request.kind,
        evse=request.evse,
        connector=request.connector,
        detail=dict(request.detail),
        asked_at=request.asked_at,
        asked_by=request.asked_by,
        state=request.state,
        status=request.status,
        info=request.info,
        transaction=request.transaction,
        done_at=request.done_at,
    )
