"""What vendors exchange outside the standard: messages, and the rules that answer."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.commands import CommandAnswer, answer_of
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.data_transfer import (
    Transfer,
    TransferAnswer,
    TransferRule,
    TransferStatus,
)
from csms.domain.ids import StationId
from csms.web.auth import NodeOf, Operator
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["data transfer"], route_class=GuardedRoute)
NO_CONTENT = 204
Vendor = Annotated[str, Field(min_length=1, max_length=255)]
Message = Annotated[str, Field(max_length=50)]


class TransferBody(RequestBody):
    """A vendor's message for a station."""

    vendor_id: Vendor
    message_id: Message | None = None
    data: Any = Field(None, description="Any JSON that was agreed with the vendor.")


class TransferItem(BaseModel):
    """A vendor's message and its answer."""

    id: int
    station: str
    at: datetime
    direction: str = Field(description="`in` from the station, `out` to it.")
    vendor_id: str
    message_id: str | None
    data: Any
    status: str
    answer: Any
    detail: str
    asked_by: str | None


class RuleBody(RequestBody):
    """How a vendor's message from a station is answered."""

    vendor_id: Vendor
    message_id: Message = Field("", description="Every other message when empty.")
    status: TransferStatus
    data: Any = None
    note: str = Field("", max_length=1000)


class RuleItem(RuleBody):
    """A rule, and who made it."""

    created_at: datetime
    created_by: str


@ROUTER.get("/data-transfers", summary="List vendors' messages, the latest first")
async def list_transfers(
    node: NodeOf,
    station: str | None = None,
    vendor_id: str | None = None,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[TransferItem]:
    """Return messages in both directions, with their answers."""
    before = read_cursor(cursor, int)
    async with node.begin() as work:
        found = await work.data_transfers.transfers(
            StationId(station) if station else None,
            vendor_id=vendor_id,
            before=before[0] if before else None,
            limit=limit + 1,
        )
    return page(found, limit, _item, lambda row: row[0])


@ROUTER.post(
    "/stations/{station}/data-transfers",
    summary="Send a vendor's message to a station (P01)",
    responses={
        502: {"model": CommandAnswer, "description": "The station's CALLERROR."},
        504: {"model": CommandAnswer, "description": "No answer."},
    },
    response_model_exclude_none=True,
)
async def send_transfer(
    node: NodeOf, caller: Operator, response: Response, station: str, body: TransferBody
) -> CommandAnswer:
    """Send it, unless it could make a vehicle discharge outside an event."""
    name = known_station(node, station)
    result = await node.upkeep.transfers.send(
        name, body.vendor_id, body.message_id, body.data, caller.name
    )
    return answer_of(result, response)


@ROUTER.get("/data-transfer-rules", summary="List how vendors' messages are answered")
async def list_rules(node: NodeOf) -> Page[RuleItem]:
    """Return every rule, by vendor and message."""
    found = await node.upkeep.transfers.rules()
    return Page(items=[_rule(each) for each in found], next=None)


@ROUTER.put("/data-transfer-rules", summary="Agree how a message is answered")
async def save_rule(node: NodeOf, caller: Operator, body: RuleBody) -> RuleItem:
    """Keep a rule in place of the former one of its vendor and message."""
    rule = TransferRule(
        vendor_id=body.vendor_id,
        message_id=body.message_id,
        answer=TransferAnswer(body.status, body.data),
        created_at=node.clock.now(),
        created_by=caller.name,
        note=body.note,
    )
    await node.upkeep.transfers.agree(rule)
    return _rule(rule)


@ROUTER.delete("/data-transfer-rules", summary="Revoke a rule", status_code=NO_CONTENT)
async def drop_rule(
    node: NodeOf, caller: Operator, vendor_id: str, message_id: str = ""
) -> None:
    """Forget how a message is answered."""
    await node.upkeep.transfers.revoke(vendor_id, message_id, caller.name)


def _item(row: tuple[int, Transfer]) -> TransferItem:
    number, transfer = row
    return TransferItem(
        id=number,
        station=transfer.station,
        at=transfer.at,
        direction=transfer.heading.value,
        vendor_id=transfer.vendor_id,
        message_id=transfer.message_id,
        data=transfer.data,
        status=transfer.status,
        answer=transfer.answer,
        detail=transfer.detail,
        asked_by=transfer.asked_by,
    )


def _rule(rule: TransferRule) -> RuleItem:
    return RuleItem(
        vendor_id=rule.vendor_id,
        message_id=rule.message_id,
        status=rule.answer.status,
        data=rule.answer.data,
        note=rule.note,
        created_at=rule.created_at,
        created_by=rule.created_by,
    )
