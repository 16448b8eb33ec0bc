"""Id tokens: who may charge, what stations hold of it, and who was refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from csms.charging.tokens import standing
from csms.console.forms import BLANK, FAULTS, Filled, fault_of, instant, station_of
from csms.console.shell import PageRoute, ShellOf, to
from csms.domain.errors import Broken
from csms.domain.ids import SiteId, StationId
from csms.domain.local_list import ListState
from csms.domain.token import (
    IdToken,
    Place,
    TokenRecord,
    TokenType,
    Verdict,
)
from csms.services.tokens import UnknownToken
from csms.web.auth import NodeOf, Operator, Viewer

if TYPE_CHECKING:
    from csms.console.shell import Shell
    from csms.services.access import Caller
    from csms.services.node import Node

router = APIRouter(route_class=PageRoute, include_in_schema=False)
HERE = "/tokens"
PAGE, LISTS, REFUSED = 50, 50, 25

TYPES: Mapping[str, str] = {
    "ISO14443": "RFID card (ISO14443)",
    "ISO15693": "RFID card, long range (ISO15693)",
    "Central": "App or back office (Central)",
    "eMAID": "Charging contract (eMAID)",
    "EVCCID": "Vehicle's communication id (EVCCID)",
    "MacAddress": "Vehicle's MAC address (MacAddress)",
    "VIN": "Vehicle's number (VIN)",
    "KeyCode": "Key code, kept secret (KeyCode)",
    "DirectPayment": "Paid at the station (DirectPayment)",
    "Local": "Given out by the station (Local)",
}
STANDINGS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.ACCEPTED: ("may charge", "good"),
    Verdict.BLOCKED: ("blocked", "bad"),
    Verdict.EXPIRED: ("expired", "warn"),
    Verdict.NOT_AT_THIS_TIME: ("not valid yet", "warn"),
}
STATES: Mapping[str, str] = {"": "All"} | {
    verdict.value: word for verdict, (word, _) in STANDINGS.items()
}
WHY: Mapping[str, str] = {
    "Blocked": "the token is blocked here",
    "Expired": "its validity is over",
    "Invalid": "a wrong key code, an empty token, or a pass that may only stop",
    "Unknown": "nobody knows the token, and unknown ones are refused here",
    "NotAllowedTypeEVSE": "not allowed with the plug of that EVSE",
    "NotAtThisLocation": "not allowed at that station or EVSE",
    "NotAtThisTime": "not valid yet",
    "CertificateExpired": "the contract certificate has expired",
    "CertificateRevoked": "the contract certificate was revoked",
    "CertChainError": "the contract certificate leads to no root that is trusted here",
    "SignatureError": "the contract certificate is not signed as it should be",
    "NoCertificateAvailable": "no contract certificate was shown",
}


class TokenForm(BaseModel):
    """What an operator types of a token."""

    model_config = ConfigDict(frozen=True)

    type: str = ""
    value: str = ""
    label: str = ""
    group: str = ""
    valid_from: str = ""
    valid_until: str = ""
    places: str = ""
    listed: str = ""
    discharge: str = ""

    def on(self, record: TokenRecord, node: "Node", zone: tzinfo) -> TokenRecord:
        """Return a token with what was typed of it.

        Raises:
            Broken: If a field makes no sense; it says which.
        """
        group = self.group.strip()
        return replace(
            record,
            label=self.label.strip(),
            group=IdToken(group, TokenType.CENTRAL) if group else None,
            valid_from=instant(self.valid_from, "valid_from", zone),
            valid_until=instant(self.valid_until, "valid_until", zone),
            places=_places(self.places, node),
            listed=bool(self.listed),
            discharge=bool(self.discharge),
        )


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as the page shows it.

    Attributes:
        word: What it is allowed now.
        tone: The tone of the word.
        places: Where it may charge, in words; empty for everywhere.
    """

    record: TokenRecord
    word: str
    tone: str
    places: str


@router.get(HERE)
async def show(
    caller: Viewer,
    node: NodeOf,
    shell: ShellOf,
    q: Annotated[str, Query(max_length=100)] = "",
    state: str = "",
    after: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Show tokens, the lists of stations, and who was refused."""
    return await _page(node, shell, caller, q=q.strip(), state=state, after=after)


@router.post(HERE)
async def add(
    caller: Operator, node: NodeOf, shell: ShellOf, asked: Annotated[TokenForm, Form()]
) -> Response:
    """Keep a new token."""
    try:
        if asked.type not in TYPES:
            raise Broken("choose one of the types", field="type")
        token = IdToken(asked.value.strip(), asked.type)
        record = asked.on(TokenRecord(token), node, shell.zone)
        await node.id_tokens.add(record, caller.name)
    except FAULTS as error:
        filled = Filled("add", asked.model_dump(), fault_of(error))
        return await _page(node, shell, caller, filled)
    return to(HERE)


@router.post(HERE + "/lists")
async def keep(
    caller: Operator, node: NodeOf, shell: ShellOf, station: Annotated[str, Form()] = ""
) -> Response:
    """Keep the list of a station in step from now on."""
    try:
        name = station_of(node, station)
        await node.local_lists.manage(name, caller.name)
        node.id_tokens.changed.ring()
    except FAULTS as error:
        filled = Filled("keep", {"station": station}, fault_of(error))
        return await _page(node, shell, caller, filled)
    return to(f"{HERE}#lists")


@router.get(HERE + "/{number}")
async def edit(number: str, caller: Viewer, node: NodeOf, shell: ShellOf) -> Response:
    """Show one token."""
    return _one(node, shell, caller, _found(node, number))


@router.post(HERE + "/{number}")
async def change(
    number: str,
    caller: Operator,
    node: NodeOf,
    shell: ShellOf,
    asked: Annotated[TokenForm, Form()],
) -> Response:
    """Say anew what holds for a token."""
    found = _found(node, number)
    try:
        await node.id_tokens.change(asked.on(found, node, shell.zone), caller.name)
    except FAULTS as error:
        filled = Filled("change", asked.model_dump(), fault_of(error))
        return _one(node, shell, caller, found, filled)
    return to(HERE)


@router.post(HERE + "/{number}/{verb}")
async def act(number: str, verb: str, caller: Operator, node: NodeOf) -> Response:
    """Block a token, unblock it, or forget it."""
    found = _found(node, number)
    if verb == "forget":
        await node.id_tokens.remove(found.id, caller.name)
    elif verb in ("block", "unblock"):
        changed = replace(found, blocked=verb == "block")
        await node.id_tokens.change(changed, caller.name)
    else:
        raise Broken(f"nobody can {verb} a token")
    return to(HERE)


@router.post(HERE + "/lists/{station}/{verb}")
async def steer(
    station: StationId, verb: str, caller: Operator, node: NodeOf, shell: ShellOf
) -> Response:
    """Send the list of a station, or empty it."""
    lists = node.local_lists
    try:
        if verb == "send":
            await lists.synchronize(station, caller.name)
        elif verb == "empty":
            await lists.abandon(station, caller.name)
        else:
            raise Broken(f"nobody can {verb} a local list")
    except FAULTS as error:
        filled = Filled("lists", {}, fault_of(error))
        return await _page(node, shell, caller, filled)
    return to(f"{HERE}#lists")


async def _page(  # noqa: PLR0913 a page and the filter of its list
    node: "Node",
    shell: "Shell",
    caller: "Caller",
    filled: Filled = BLANK,
    *,
    q: str = "",
    state: str = "",
    after: int = 0,
) -> Response:
    now, tokens = node.clock.now(), node.id_tokens.all()
    fitting = [
        view_of(each, now)
        for each in tokens
        if each.id > after
        and q.casefold() in f"{each.token.shown}\n{each.label}".casefold()
        and state in ("", standing(each, now).value)
    ]
    every = await node.local_lists.overview()
    lists = [each for each in every if each.managed or each.state is not ListState.OFF]
    return shell.page(
        "tokens.html",
        caller,
        filled.status,
        filled=filled,
        q=q,
        state=state,
        states=STATES,
        types=TYPES,
        total=len(tokens),
        rows=fitting[:PAGE],
        more=fitting[PAGE - 1].record.id if len(fitting) > PAGE else None,
        lists=lists[:LISTS],
        unlisted=max(len(lists) - LISTS, 0),
        able=[each.station for each in every if each not in lists],
        online={each.station for each in lists if node.book.is_online(each.station)},
        refusals=await node.refusals.latest(REFUSED),
        why=WHY,
        strangers=node.id_tokens.policy.accept_unknown,
    )


def _one(
    node: "Node",
    shell: "Shell",
    caller: "Caller",
    found: TokenRecord,
    filled: Filled = BLANK,
) -> Response:
    usual = {
        "label": found.label,
        "group": "" if found.group is None else found.group.value,
        "valid_from": _typed(found.valid_from, shell.zone),
        "valid_until": _typed(found.valid_until, shell.zone),
        "places": _spelled(found.places),
        "listed": "true" if found.listed else "",
        "discharge": "true" if found.discharge else "",
    }
    return shell.page(
        "token.html",
        caller,
        filled.status,
        filled=filled,
        view=view_of(found, node.clock.now()),
        usual=usual,
        types=TYPES,
    )


def view_of(record: TokenRecord, now: datetime) -> TokenView:
    """Return a token as pages show it."""
    word, tone = STANDINGS[standing(record, now)]
    return TokenView(record, word, tone, _spelled(record.places))


def _found(node: "Node", number: str) -> TokenRecord:
    if not number.isascii() or not number.isdigit():
        raise UnknownToken(f"there is no id token {number}")
    return node.id_tokens.find(int(number))


def _places(typed: str, node: "Node") -> tuple[Place, ...]:
    sites = {each.site for each in node.book.stations()}
    return tuple(
        _place(each.strip(), node, sites)
        for each in typed.replace("\n", ",").split(",")
        if each.strip()
    )


def _place(said: str, node: "Node", sites: set[SiteId]) -> Place:
    name, _, evse = said.partition("/")
    if node.book.station(StationId(name)) is not None:
        if not evse:
            return Place(StationId(name))
        numbers = [str(e.id.number) for e in node.book.evses(StationId(name))]
        if evse in numbers:
            return Place(StationId(name), None, frozenset({int(evse)}))
    elif SiteId(said) in sites:
        return Place(None, SiteId(said))
    raise Broken(
        f"there is no station, EVSE or site {said}",
        field="places",
        remedy="write them as the fleet page does, apart by commas",
    )


def _spelled(places: Sequence[Place]) -> str:
    said = []
    for each in places:
        name = each.station or each.site or ""
        said += [f"{name}/{evse}" for evse in sorted(each.evses)] or [name]
    return ", ".join(said)


def _typed(at: datetime | None, zone: tzinfo) -> str:
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%dT%H:%M}"
