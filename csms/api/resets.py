"""Restarts of stations and single EVSEs (B11 to B13)."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.device_model import ResetRecord
from csms.web.auth import NodeOf, Operator
from csms.web.paging import Page

ROUTER = APIRouter(tags=["device models"], route_class=GuardedRoute)
CREATED = 201


class ResetBody(RequestBody):
    """A restart."""

    type: Literal["Immediate", "OnIdle", "ImmediateAndResume"] = Field(
        "OnIdle", description="`OnIdle` waits until no transaction goes on."
    )
    evse: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Only this EVSE; without it the whole station."
    )


class ResetItem(BaseModel):
    """A restart that was asked for."""

    evse: int | None
    type: str
    status: str = Field(
        description="`Scheduled`: once the transactions that go on have ended."
    )
    info: str
    by: str
    asked_at: datetime
    done_at: datetime | None = Field(description="When the station booted again.")
    boot_reason: str | None


@ROUTER.post(
    "/stations/{station}/resets", summary="Restart a station", status_code=CREATED
)
async def ask_reset(
    node: NodeOf, caller: Operator, station: str, body: ResetBody
) -> ResetItem:
    """Ask for a restart, and return what the station said to it."""
    record = await node.setup.resets.ask(
        known_station(node, station), body.type, body.evse, by=caller.name
    )
    return _item(record)


@ROUTER.get("/stations/{station}/resets", summary="List restarts that were asked for")
async def list_resets(node: NodeOf, station: str) -> Page[ResetItem]:
    """Return the restarts that were asked for, the youngest first."""
    found = await node.setup.resets.of(known_station(node, station))
    return Page(items=[_item(each) for each in found], next=None)


def _item(record: ResetRecord) -> ResetItem:
    return ResetItem(
        evse=record.evse or None,
        type=record.kind,
        status=record.status,
        info=record.info,
        by=record.by,
        asked_at=record.asked_at,
        done_at=record.done_at,
        boot_reason=record.boot_reason,
    )
