"""Reservations: EVSEs kept free for somebody."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.id_tokens import GroupName, Kind, Text
from csms.api.stations import known_station
from csms.domain.reservation import Reservation
from csms.domain.token import IdToken, TokenType
from csms.services.node import Node
from csms.services.reserving import UnknownReservation, Wish
from csms.web.auth import NodeOf, Operator
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["reservations"], route_class=GuardedRoute)
CREATED = 201
HIGHEST = 2**31 - 1


class HolderBody(RequestBody):
    """For whom an EVSE is kept free."""

    type: Kind
    value: Text


class ReservationBody(RequestBody):
    """What is asked to be kept free."""

    token: HolderBody
    expires_at: AwareDatetime
    evse: int | None = Field(
        None, ge=0, description="Which EVSE; any without one, or with 0."
    )
    connector_type: Annotated[str, Field(min_length=1, max_length=20)] | None = Field(
        None, description="With which plug, such as cCCS1; any without one."
    )
    group: GroupName | None = Field(
        None, description="Whoever is of this group may use it too."
    )


class ReservationItem(BaseModel):
    """A reservation, and how far it has come."""

    id: int
    station: str
    evse: int | None
    connector_type: str | None
    token_type: str
    token: str
    group: str | None
    expires_at: datetime
    state: str = Field(
        description="`asked`, `held`, `refused`, `used`, `cancelled`, `expired`, "
        "`removed` or `no_transaction`."
    )
    answer: str = Field(description="The station's word.")
    detail: str
    transaction: str | None
    asked_at: datetime
    changed_at: datetime


@ROUTER.get("/stations/{station}/reservations", summary="List reservations")
async def list_reservations(
    node: NodeOf, station: str, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[ReservationItem]:
    """Return the reservations of a station, youngest first."""
    name, before = known_station(node, station), read_cursor(cursor, int)
    async with node.begin() as work:
        rows = await work.reservations.of(
            name, None if before is None else before[0], limit + 1
        )
    return page(rows, limit, _item, lambda row: row.id)


@ROUTER.post(
    "/stations/{station}/reservations",
    summary="Keep an EVSE free for somebody",
    status_code=CREATED,
)
async def reserve(
    node: NodeOf, caller: Operator, station: str, wanted: ReservationBody
) -> ReservationItem:
    """Ask a station to keep an EVSE free, and wait for what it says."""
    name, group = known_station(node, station), wanted.group
    kept = await node.reservations.reserve(
        name,
        Wish(
            IdToken(wanted.token.value, wanted.token.type),
            wanted.expires_at,
            wanted.evse,
            wanted.connector_type,
            None if group is None else IdToken(group, TokenType.CENTRAL),
        ),
        by=caller.name,
    )
    return _item(kept)


@ROUTER.get(
    "/stations/{station}/reservations/{reservation}", summary="Show a reservation"
)
async def show_reservation(
    node: NodeOf, station: str, reservation: str
) -> ReservationItem:
    """Return one reservation."""
    return _item(await _found(node, station, reservation))


@ROUTER.delete(
    "/stations/{station}/reservations/{reservation}", summary="Take a reservation back"
)
async def cancel(
    node: NodeOf, caller: Operator, station: str, reservation: str
) -> ReservationItem:
    """Take a reservation back, and wait for what the station says."""
    found = await _found(node, station, reservation)
    return _item(await node.reservations.cancel(found.id, by=caller.name))


async def _found(node: Node, station: str, reservation: str) -> Reservation:
    name = known_station(node, station)
    if reservation.isascii() and reservation.isdigit() and int(reservation) <= HIGHEST:
        found = await node.reservations.find(int(reservation))
        if found.station == name:
            return found
    raise UnknownReservation(f"{station} has no reservation {reservation}")


def _item(kept: Reservation) -> ReservationItem:
    return ReservationItem(
        id=kept.id,
        station=kept.station,
        evse=kept.evse,
        connector_type=kept.connector_type,
        token_type=kept.token.type,
        token=kept.token.shown,
        group=None if kept.group is None else kept.group.value,
        expires_at=kept.expires_at,
        state=kept.state.value,
        answer=kept.answer,
        detail=kept.detail,
        transaction=kept.transaction,
        asked_at=kept.asked_at,
        changed_at=kept.changed_at,
    )
