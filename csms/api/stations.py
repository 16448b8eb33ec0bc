"""Stations: what they are, what they do now, what they said, what they hold."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from csms.api.guard import GuardedRoute
from csms.api.station_items import (
    MessageItem,
    StationDetail,
    StationItem,
    StationNoticeItem,
    VariableItem,
    message_item,
    station_detail,
    station_item,
    station_notice_item,
    variable_item,
)
from csms.domain.ids import ParticipantId, SiteId, StationId
from csms.services.node import Node
from csms.services.ports.queries import StationFilter
from csms.services.ports.telemetry import MessageFilter
from csms.services.reception import UnknownStation
from csms.web.auth import NodeOf
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["stations"], route_class=GuardedRoute)


class Status(StrEnum):
    """By what a list of stations may be narrowed."""

    CONNECTED = "connected"
    OFFLINE = "offline"
    ACCEPTED = "accepted"
    PENDING = "pending"
    REJECTED = "rejected"


@ROUTER.get("/stations", summary="List stations with what they are doing now")
async def list_stations(  # noqa: PLR0913, PLR0917 each is a filter of the list
    node: NodeOf,
    site: str | None = None,
    participant: str | None = None,
    status: Status | None = None,
    q: Annotated[str, Query(max_length=100, description="Occurs in its names.")] = "",
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[StationItem]:
    """Return stations by id; live values are those of this instant."""
    after = read_cursor(cursor, str)
    rows = await node.queries.stations(
        StationFilter(
            SiteId(site) if site else None,
            ParticipantId(participant) if participant else None,
            status,
            q,
        ),
        after=None if after is None else StationId(after[0]),
        limit=limit + 1,
    )
    return page(rows, limit, lambda row: station_item(node, row), lambda row: row.id)


@ROUTER.get("/stations/{station}", summary="Show everything about one station")
async def show_station(node: NodeOf, station: str) -> StationDetail:
    """Return identity, capability, vendor profile, intents and open transactions."""
    name = StationId(station)
    row = await node.queries.station(name)
    async with node.begin() as work:
        kept = await work.stations.find(name)
        deviations = await work.stations.deviations(name)
        intents = await work.profiles.intents(name)
        transactions = await work.telemetry.ongoing(name)
    if row is None or kept is None:
        raise UnknownStation(f"there is no station {station}")
    return station_detail(
        node,
        row,
        kept,
        deviations=deviations,
        intents=intents,
        transactions=transactions,
    )


@ROUTER.get("/stations/{station}/messages", summary="Read a station's OCPP frames")
async def list_messages(  # noqa: PLR0913, PLR0917 each is a filter of the list
    node: NodeOf,
    station: str,
    direction: Annotated[str | None, Query(pattern="^(in|out)$")] = None,
    action: str | None = None,
    message_id: str | None = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[MessageItem]:
    """Return frames, youngest first."""
    before = read_cursor(cursor, int)
    rows = await node.messages.find(
        MessageFilter(
            known_station(node, station),
            direction,
            action,
            message_id,
            q,
            since,
            until,
        ),
        before=None if before is None else before[0],
        limit=limit + 1,
    )
    return page(rows, limit, message_item, lambda row: row.id)


@ROUTER.get(
    "/stations/{station}/messages/{message_id}",
    summary="Read a call together with its answer",
)
async def show_exchange(
    node: NodeOf, station: str, message_id: str
) -> Page[MessageItem]:
    """Return the frames of one message id, oldest first."""
    name = known_station(node, station)
    found = await node.messages.exchange(name, message_id)
    return Page(items=[message_item(each) for each in found], next=None)


@ROUTER.get("/stations/{station}/variables", summary="Read a station's device model")
async def list_variables(
    node: NodeOf,
    station: str,
    component: str | None = None,
    q: Annotated[str, Query(max_length=100)] = "",
) -> Page[VariableItem]:
    """Return the device model as it was last read, by name."""
    name = known_station(node, station)
    async with node.begin() as work:
        variables = await work.models.variables(name)
    items = [
        variable_item(each)
        for each in variables
        if component in (None, each.key.component)
        and q.casefold() in each.key.text.casefold()
    ]
    return Page(items=items, next=None)


@ROUTER.get("/stations/{station}/notices", summary="Read what a station told of itself")
async def list_station_notices(
    node: NodeOf, station: str, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[StationNoticeItem]:
    """Return security events, faults and the like, youngest first."""
    name, before = known_station(node, station), read_cursor(cursor, int)
    async with node.begin() as work:
        rows = await work.stations.notices(
            name, None if before is None else before[0], limit + 1
        )
    return page(
        rows,
        limit,
        lambda row: station_notice_item(*row),
        lambda row: row[0],
    )


def known_station(node: Node, station: str) -> StationId:
    """Return the station's name.

    Raises:
        UnknownStation: If no such station is in the registry.
    """
    name = StationId(station)
    if node.book.station(name) is None:
        raise UnknownStation(f"there is no station {station}")
    return name
