"""What a station decides by itself: its local list, and its authorization cache."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.local_list import ListEntry, LocalList
from csms.web.auth import NodeOf, Operator

ROUTER = APIRouter(tags=["local lists"], route_class=GuardedRoute)


class EntryItem(BaseModel):
    """A token that a station holds, and what it makes of it."""

    type: str
    value: str
    status: str
    group: str | None
    until: datetime | None
    evses: list[int]


class LocalListItem(BaseModel):
    """The local list of a station, as it should be and as it is."""

    station: str
    managed: bool = Field(description="Whether it is kept in step with the id tokens.")
    state: str = Field(description="`off`, `pending`, `synced` or `failed`.")
    intended_version: int
    known_version: int | None = Field(description="What the station said; 0 is none.")
    known_at: datetime | None
    left_out: int = Field(description="How many tokens have no room on it.")
    detail: str = Field(description="What went wrong last.")
    changed_at: datetime | None
    entries: list[EntryItem] = Field(description="What the station took.")


class Synchronize(RequestBody):
    """How to bring a list to a station."""

    full: bool = Field(
        False,  # noqa: FBT003 pydantic takes its default so
        description="Send the whole list, whatever the station holds.",
    )


class Cleared(BaseModel):
    """The station has forgotten the tokens it has seen."""

    status: str
    info: str


@ROUTER.get("/stations/{station}/local-list", summary="Show a station's local list")
async def show_list(node: NodeOf, station: str) -> LocalListItem:
    """Return the list as it should be and as it is."""
    return _item(await node.local_lists.show(known_station(node, station)))


@ROUTER.put("/stations/{station}/local-list", summary="Keep a local list in step")
async def manage_list(node: NodeOf, caller: Operator, station: str) -> LocalListItem:
    """Let a station have a list that follows the id tokens, from now on."""
    name = known_station(node, station)
    kept = await node.local_lists.manage(name, by=caller.name)
    node.id_tokens.changed.ring()
    return _item(kept)


@ROUTER.post("/stations/{station}/local-list/sync", summary="Bring the list, now")
async def synchronize_list(
    node: NodeOf, caller: Operator, station: str, wanted: Synchronize | None = None
) -> LocalListItem:
    """Ask for the version of the list, and send what the station lacks."""
    name = known_station(node, station)
    full = wanted is not None and wanted.full
    kept = await node.local_lists.synchronize(name, by=caller.name, full=full)
    return _item(kept)


@ROUTER.delete("/stations/{station}/local-list", summary="Empty a local list")
async def abandon_list(node: NodeOf, caller: Operator, station: str) -> LocalListItem:
    """Empty the list of a station, and let it be."""
    name = known_station(node, station)
    return _item(await node.local_lists.abandon(name, by=caller.name))


@ROUTER.delete(
    "/stations/{station}/authorization-cache", summary="Clear a station's cache"
)
async def clear_cache(node: NodeOf, caller: Operator, station: str) -> Cleared:
    """Let a station forget the tokens it has seen (C11)."""
    name = known_station(node, station)
    reply = await node.local_lists.clear_cache(name, by=caller.name)
    return Cleared(status=reply.status, info=reply.info)


def _item(kept: LocalList) -> LocalListItem:
    return LocalListItem(
        station=kept.station,
        managed=kept.managed,
        state=kept.state.value,
        intended_version=kept.intended_version,
        known_version=kept.known_version,
        known_at=kept.known_at,
        left_out=kept.left_out,
        detail=kept.detail,
        changed_at=kept.changed_at,
        entries=[_entry(each) for each in kept.held],
    )


def _entry(entry: ListEntry) -> EntryItem:
    told = entry.told
    return EntryItem(
        type=entry.token.type,
        value=entry.token.shown,
        status=told.verdict.value,
        group=None if told.group is None else told.group.value,
        until=told.until,
        evses=list(told.evses),
    )
