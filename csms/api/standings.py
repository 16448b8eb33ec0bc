"""Whether a station is served at all, and in which edition: an administrator's word."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.ids import StationId
from csms.domain.station import Standing
from csms.services.reception import UnknownStation
from csms.web.auth import Admin, NodeOf

ROUTER = APIRouter(tags=["stations"], route_class=GuardedRoute)


class StandingRequest(RequestBody):
    """Whether a station is served."""

    standing: Literal["rejected", "pending"] = Field(
        description="`rejected`: nothing is sent to it, and all it says but its boot "
        "is refused. `pending`: it may come back with its next boot."
    )


class EditionRequest(RequestBody):
    """The only edition that a station is offered."""

    edition: Literal["ocpp2.1", "ocpp2.0.1"] | None = Field(
        description="None: the newest that both speak."
    )


class StandingItem(BaseModel):
    """How a station stands with us."""

    id: str
    standing: Standing
    edition_pin: str | None


@ROUTER.put("/stations/{station}/standing", summary="Reject a station, or take it back")
async def set_standing(
    node: NodeOf, caller: Admin, station: str, wanted: StandingRequest
) -> StandingItem:
    """Reject a station from now on, or let it come back with its next boot."""
    name = known_station(node, station)
    await node.reception.set_standing(name, Standing(wanted.standing), by=caller.name)
    return _item(node, station)


@ROUTER.put("/stations/{station}/edition", summary="Hold a station to one edition")
async def pin_edition(
    node: NodeOf, caller: Admin, station: str, wanted: EditionRequest
) -> StandingItem:
    """Offer only this edition from the station's next connection on."""
    name = known_station(node, station)
    await node.reception.pin_edition(name, wanted.edition, by=caller.name)
    return _item(node, station)


def _item(node: NodeOf, station: str) -> StandingItem:
    known = node.book.station(StationId(station))
    if known is None:
        raise UnknownStation(f"there is no station {station}")
    return StandingItem(
        id=known.id, standing=known.standing, edition_pin=known.edition_pin
    )
