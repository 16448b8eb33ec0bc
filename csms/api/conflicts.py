"""Reports that contradict one that is kept: put aside for a person to look at."""

import json
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.ids import TransactionId
from csms.services.ports.telemetry import Conflict
from csms.web.auth import NodeOf
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["stations"], route_class=GuardedRoute)


class ConflictItem(BaseModel):
    """A report under a known number with another content."""

    transaction: str
    seq_no: int
    received_at: datetime
    payload: dict[str, Any] = Field(description="What came later; it does not count.")
    kept: dict[str, Any] = Field(description="What came first; it counts.")


@ROUTER.get(
    "/stations/{station}/conflicts", summary="Read reports that contradict one kept"
)
async def list_conflicts(
    node: NodeOf, station: str, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[ConflictItem]:
    """Return reports under a known number with another content, latest first."""
    name = known_station(node, station)
    before = read_cursor(cursor, datetime, str, int)
    async with node.begin() as work:
        rows = await work.telemetry.conflicts(
            name,
            (before[0], TransactionId(before[1]), before[2]) if before else None,
            limit + 1,
        )
    return page(
        rows, limit, _item, lambda row: [row.received_at, row.transaction, row.seq_no]
    )


def _item(conflict: Conflict) -> ConflictItem:
    return ConflictItem(
        transaction=conflict.transaction,
        seq_no=conflict.seq_no,
        received_at=conflict.received_at,
        payload=json.loads(conflict.payload),
        kept=json.loads(conflict.kept),
    )
