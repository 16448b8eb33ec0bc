"""Reservations: EVSEs kept free for somebody, now and in the past."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from csms.console.forms import (
    BLANK,
    FAULTS,
    Filled,
    fault_of,
    instant,
    station_of,
    whole,
)
from csms.console.shell import PageRoute, ShellOf, to
from csms.console.tokens import TYPES
from csms.domain.errors import Broken
from csms.domain.ids import StationId
from csms.domain.reservation import ReservationState
from csms.domain.token import KEY_CODE, IdToken, TokenType
from csms.services.reserving import UnknownReservation, Wish
from csms.web.auth import NodeOf, Operator, Viewer

if TYPE_CHECKING:
    from datetime import tzinfo

    from csms.console.shell import Shell
    from csms.services.access import Caller
    from csms.services.node import Node

router = APIRouter(route_class=PageRoute, include_in_schema=False)
HERE = "/reservations"
PAGE, SUGGESTED = 50, 200
USUAL = timedelta(hours=1)

STATES: Mapping[ReservationState, tuple[str, str]] = {
    ReservationState.ASKED: ("asked", "warn"),
    ReservationState.HELD: ("kept free", "good"),
    ReservationState.REFUSED: ("not taken", "bad"),
    ReservationState.USED: ("used", "good"),
    ReservationState.CANCELLED: ("taken back", ""),
    ReservationState.EXPIRED: ("nobody came", ""),
    ReservationState.REMOVED: ("given up by the station", "warn"),
    ReservationState.NO_TRANSACTION: ("somebody came, nothing followed", "warn"),
}
NAMES = {"token": "value"}
"""What the service calls a token, the form asks for as its value."""


class ReservationForm(BaseModel):
    """What an operator asks to be kept free."""

    model_config = ConfigDict(frozen=True)

    station: str = ""
    evse: str = ""
    type: str = ""
    value: str = ""
    group: str = ""
    expires_at: str = ""

    def wish(self, node: "Node", zone: "tzinfo") -> tuple[StationId, Wish]:
        """Return where and what.

        Raises:
            Broken: If a field makes no sense; it says which.
        """
        station = station_of(node, self.station)
        evse = whole(self.evse, "evse")
        if evse and evse not in {e.id.number for e in node.book.evses(station)}:
            raise Broken(
                f"{station} has no EVSE {evse}",
                field="evse",
                remedy="see the station's page, or leave it empty for any",
            )
        until = instant(self.expires_at, "expires_at", zone)
        if until is None:
            raise Broken("an end is due", field="expires_at")
        group = self.group.strip()
        token = IdToken(self.value.strip(), self.type)
        return station, Wish(
            token,
            until,
            evse or None,
            group=IdToken(group, TokenType.CENTRAL) if group else None,
        )


@router.get(HERE)
async def show(
    caller: Viewer,
    node: NodeOf,
    shell: ShellOf,
    station: Annotated[str, Query(max_length=255)] = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """Show open reservations, and those that are over."""
    return await _page(node, shell, caller, station=station.strip(), before=before)


@router.post(HERE)
async def reserve(
    caller: Operator,
    node: NodeOf,
    shell: ShellOf,
    asked: Annotated[ReservationForm, Form()],
) -> Response:
    """Ask a station to keep an EVSE free."""
    try:
        station, wish = asked.wish(node, shell.zone)
        await node.reservations.reserve(station, wish, caller.name)
    except FAULTS as error:
        filled = Filled("reserve", asked.model_dump(), fault_of(error), NAMES)
        return await _page(node, shell, caller, filled)
    return to(HERE)


@router.post(HERE + "/{number}/cancel")
async def cancel(
    number: str, caller: Operator, node: NodeOf, shell: ShellOf
) -> Response:
    """Take a reservation back."""
    if not number.isascii() or not number.isdigit():
        raise UnknownReservation(f"there is no reservation {number}")
    try:
        await node.reservations.cancel(int(number), caller.name)
    except FAULTS as error:
        filled = Filled("open", {}, fault_of(error))
        return await _page(node, shell, caller, filled)
    return to(HERE)


async def _page(
    node: "Node",
    shell: "Shell",
    caller: "Caller",
    filled: Filled = BLANK,
    *,
    station: str = "",
    before: int | None = None,
) -> Response:
    only = StationId(station) if station else None
    async with node.begin() as work:
        running = await work.reservations.open()
        found = await work.reservations.of(only, before, PAGE + 1)
    able = [
        each.id
        for each in node.book.stations()
        if node.book.capability(each.id).authority.reserves
    ]
    tokens = [each.token for each in node.id_tokens.all()]
    ends = (node.clock.now() + USUAL).astimezone(shell.zone)
    return shell.page(
        "reservations.html",
        caller,
        filled.status,
        filled=filled,
        running=[each for each in running if only in (None, each.station)],
        over=[each for each in found[:PAGE] if not each.is_open],
        more=found[PAGE - 1].id if len(found) > PAGE else None,
        station=station,
        able=able[:SUGGESTED],
        known=[each.value for each in tokens if each.type != KEY_CODE][:SUGGESTED],
        states=STATES,
        types=TYPES,
        usual_end=f"{ends:%Y-%m-%dT%H:%M}",
    )
