"""One station: who it is, what it does, what it holds, what it says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from csms.console import security_wording
from csms.console.charging import charging_view
from csms.console.diagnostics import diagnostics_view
from csms.console.security import security_view
from csms.console.setup import setup_view
from csms.console.shell import PageRoute, ShellOf
from csms.console.wording import zone_of
from csms.domain.errors import Broken, DomainError
from csms.domain.ids import StationId
from csms.domain.live import LiveEvse
from csms.domain.privacy import ABOUT_PERSONS
from csms.services.ports.access import Role
from csms.services.ports.profiles import Intent
from csms.services.ports.queries import EvseRow
from csms.services.ports.telemetry import LoggedMessage, MessageFilter
from csms.services.reception import UnknownStation
from csms.services.stations import EvseFacts
from csms.web.auth import NodeOf, Operator, Viewer, require
from csms.web.problems import problem_of

if TYPE_CHECKING:
    from csms.services.node import Node

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE = 50
CALL, RESULT, ERROR, RESULT_ERROR, SEND = 2, 3, 4, 5, 6
KINDS = {
    CALL: "call",
    RESULT: "result",
    ERROR: "error",
    RESULT_ERROR: "result error",
    SEND: "send",
}
_PEEK = 160


@dataclass(frozen=True, slots=True)
class EvseView:
    """An EVSE as the page shows it."""

    row: EvseRow
    live: LiveEvse
    facts: EvseFacts
    intents: Sequence[Intent]


@dataclass(frozen=True, slots=True)
class FrameView:
    """A frame of the message log as the page shows it.

    Attributes:
        message: The frame.
        kind: What sort of frame, in a word.
        peek: Its beginning, without what stands beside it already.
        pretty: The whole, set in lines.
    """

    message: LoggedMessage
    kind: str
    peek: str
    pretty: str


@router.get("/stations/{station}")
async def show(  # noqa: PLR0913, PLR0917 a page and the filter of its log
    station: StationId,
    caller: Viewer,
    node: NodeOf,
    shell: ShellOf,
    direction: str = "",
    action: str = "",
    message_id: str = "",
    q: str = "",
    before: int | None = None,
) -> Response:
    """Show a station and its message log."""
    filters = {
        "direction": direction if direction in ("in", "out") else "",
        "action": action.strip(),
        "message_id": message_id.strip(),
        "q": q.strip(),
    }
    values = await _values(node, station)
    frames = await _frames(node, station, filters, before)
    return shell.page(
        "station.html",
        caller,
        **values,
        filters=filters,
        filtered=any(filters.values()) or before is not None,
        frames=frames[:PAGE],
        more=frames[PAGE - 1].message.id if len(frames) > PAGE else None,
        first=before is None,
        sent=None,
    )


@router.post("/stations/{station}/commands")
async def command(
    station: StationId,
    caller: Operator,
    node: NodeOf,
    shell: ShellOf,
    action: Annotated[str, Form()],
    payload: Annotated[str, Form()] = "{}",
) -> Response:
    """Send a command and show which of three things came of it."""
    values = await _values(node, station)
    sent: dict[str, Any] = {"action": action, "payload": payload, "result": None}
    sent["problem"] = None
    if action in ABOUT_PERSONS:
        require(caller, Role.ADMIN)
    try:
        sent["result"] = await node.commands.send(
            station, action, _read(payload), caller.name
        )
    except DomainError as error:
        sent["problem"] = problem_of(error)
    frames = await _frames(node, station, {}, None)
    empty = dict.fromkeys(("direction", "action", "message_id", "q"), "")
    return shell.page(
        "station.html",
        caller,
        **values,
        filters=empty,
        filtered=False,
        frames=frames[:PAGE],
        more=frames[PAGE - 1].message.id if len(frames) > PAGE else None,
        first=True,
        sent=sent,
    )


async def _values(node: "Node", station: StationId) -> dict[str, Any]:
    row = await node.queries.station(station)
    known = node.book.station(station)
    if row is None or known is None:
        raise UnknownStation(f"there is no station {station}")
    async with node.begin() as work:
        intents = await work.profiles.intents(station)
        deviations = await work.stations.deviations(station)
        notices = await work.stations.notices(station, limit=10)
    profile = node.book.vendor_profile(station)
    return {
        "row": row,
        "known": known,
        "online": node.book.is_online(station),
        "zone": zone_of(row.timezone),
        "profile": profile,
        "quarantined": profile.id in node.book.quarantined,
        "evses": [
            EvseView(
                each,
                node.live.get(each.evse.id),
                node.book.facts(each.evse.id),
                [one for one in intents if one.evse.number == each.evse.id.number],
            )
            for each in row.evses
        ],
        "whole": [each for each in intents if each.evse.number == 0],
        "deviations": deviations,
        "notices": [each for _, each in notices],
        "incidents": await node.queries.incidents(station=station, limit=10),
        "actions": node.commands.actions(station),
        "charging": await charging_view(node, station),
        "security": await security_view(node, station),
        "say": security_wording,
        "setup": await setup_view(node, station),
        "diagnostics": await diagnostics_view(node, station),
        "displays": await node.upkeep.displays.listed(station),
    }


async def _frames(
    node: "Node",
    station: StationId,
    filters: Mapping[str, str],
    before: int | None,
) -> list[FrameView]:
    found = await node.messages.find(
        MessageFilter(
            station=station,
            direction=filters.get("direction") or None,
            action=filters.get("action") or None,
            message_id=filters.get("message_id") or None,
            text=filters.get("q") or None,
        ),
        before=before,
        limit=PAGE + 1,
    )
    return [frame(each) for each in found]


def frame(message: LoggedMessage) -> FrameView:
    """Return a frame as the page shows it; one that is no JSON as it came."""
    kind = KINDS.get(message.kind, "unreadable")
    try:
        said = json.loads(message.text)
    except ValueError:
        return FrameView(message, kind, message.text[:_PEEK], message.text)
    shown = said[-1] if isinstance(said, list) and said else said
    if message.kind == ERROR and isinstance(said, list):
        shown = said[2:4]
    peek = json.dumps(shown, ensure_ascii=False, separators=(", ", ": "))
    pretty = json.dumps(said, ensure_ascii=False, indent=2)
    return FrameView(message, kind, peek[:_PEEK], pretty)


def _read(payload: str) -> dict[str, Any]:
    try:
        said = json.loads(payload or "{}")
    except ValueError as error:
        raise Broken(f"the payload is no JSON: {error}", field="payload") from None
    if not isinstance(said, dict):
        raise Broken("the payload is no JSON object", field="payload")
    return said
