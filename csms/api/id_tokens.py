"""Id tokens: who may charge, where, and until when."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.ids import SiteId, StationId
from csms.domain.token import (
    IdToken,
    Judgement,
    Place,
    TokenRecord,
    TokenType,
)
from csms.services.node import Node
from csms.services.tokens import UnknownToken
from csms.web.auth import NodeOf, Operator
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["id tokens"], route_class=GuardedRoute)
CREATED, NO_CONTENT = 201, 204

Evse = Annotated[int, Field(ge=1, le=1_000)]
Text = Annotated[str, Field(min_length=1, max_length=255)]
Kind = Annotated[
    str,
    Field(
        min_length=1,
        max_length=20,
        description=f"One of {', '.join(TokenType)}; 2.1 stations may have others.",
    ),
]
GroupName = Annotated[str, Field(min_length=1, max_length=36)]


class PlaceBody(RequestBody):
    """Where a token may charge: at one station, or at every station of a site."""

    station: Annotated[str, Field(max_length=255)] | None = None
    site: Annotated[str, Field(max_length=255)] | None = None
    evses: list[Evse] = Field(
        [], max_length=1_000, description="Only at these EVSEs; at all without any."
    )


class TokenRules(RequestBody):
    """What is said of a token."""

    label: str = Field("", max_length=200, description="Whose it is, for people.")
    group: GroupName | None = Field(
        None, description="Who is of it may stop what another of it started."
    )
    blocked: bool = False
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    places: list[PlaceBody] = Field(
        [], max_length=1_000, description="Everywhere without any."
    )
    connector_types: list[Annotated[str, Field(min_length=1, max_length=20)]] = Field(
        [], max_length=100, description="Any plug without any, such as cCCS1."
    )
    listed: bool = Field(
        True,  # noqa: FBT003 pydantic takes its default so
        description="Whether stations may keep it on their local lists.",
    )
    discharge: bool = Field(
        True,  # noqa: FBT003 pydantic takes its default so
        description="Whether its vehicle may be offered to feed back; what discharges "
        "is decided elsewhere.",
    )
    priority: Annotated[int, Field(ge=-9, le=9)] | None = None
    languages: list[Annotated[str, Field(min_length=1, max_length=8)]] = Field(
        [], max_length=2, description="The holder's, the preferred one first."
    )
    message: str = Field("", max_length=512, description="Shown to its holder.")


class TokenBody(TokenRules):
    """A token to be known."""

    type: Kind
    value: Text


class IdTokenItem(TokenRules):
    """A token and what is said of it; the value of a key code is never shown."""

    id: int
    type: str
    value: str


class JudgementItem(BaseModel):
    """What a station would be told of a token now."""

    status: str
    evses: list[int] = Field(description="The only EVSEs allowed; all without any.")
    group: str | None
    until: datetime | None
    priority: int | None
    energy_transfer: list[str] | None = Field(
        description="What a vehicle is offered there (2.1); absent if nobody can tell."
    )


@ROUTER.get("/id-tokens", summary="List who may charge")
async def list_tokens(
    node: NodeOf,
    type_: Annotated[str | None, Query(alias="type", max_length=20)] = None,
    group: Annotated[str | None, Query(max_length=255)] = None,
    q: Annotated[
        str, Query(max_length=100, description="Occurs in value or label.")
    ] = "",
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[IdTokenItem]:
    """Return id tokens by number."""
    after = read_cursor(cursor, int)
    wanted = q.casefold()
    rows = [
        each
        for each in node.id_tokens.all()
        if (after is None or each.id > after[0])
        and type_ in (None, each.token.type)
        and (group is None or (each.group is not None and each.group.value == group))
        and wanted in f"{each.token.shown}\n{each.label}".casefold()
    ]
    return page(rows[: limit + 1], limit, _item, lambda row: row.id)


@ROUTER.post("/id-tokens", summary="Let a token be known", status_code=CREATED)
async def add_token(node: NodeOf, caller: Operator, wanted: TokenBody) -> IdTokenItem:
    """Keep a new token."""
    kept = await node.id_tokens.add(
        _record(0, IdToken(wanted.value, wanted.type), wanted), by=caller.name
    )
    return _item(kept)


@ROUTER.get("/id-tokens/{token}", summary="Show a token")
async def show_token(node: NodeOf, token: str) -> IdTokenItem:
    """Return one token."""
    return _item(_found(node, token))


@ROUTER.put("/id-tokens/{token}", summary="Say anew what holds for a token")
async def change_token(
    node: NodeOf, caller: Operator, token: str, wanted: TokenRules
) -> IdTokenItem:
    """Replace what is said of a token; stations are told at once."""
    known = _found(node, token)
    kept = await node.id_tokens.change(
        _record(known.id, known.token, wanted), by=caller.name
    )
    return _item(kept)


@ROUTER.delete("/id-tokens/{token}", summary="Forget a token", status_code=NO_CONTENT)
async def remove_token(node: NodeOf, caller: Operator, token: str) -> None:
    """Forget a token: it is then what unknown tokens are."""
    await node.id_tokens.remove(_found(node, token).id, by=caller.name)


@ROUTER.get(
    "/stations/{station}/id-tokens/{token}",
    summary="Try what a station would be told of a token",
)
async def try_token(
    node: NodeOf,
    station: str,
    token: str,
    evse: Annotated[int | None, Query(ge=1)] = None,
) -> JudgementItem:
    """Return the judgement on a token at a station, now."""
    name, known = known_station(node, station), _found(node, token).token
    told = node.id_tokens.judge(name, known, evse)
    modes = node.id_tokens.transfers(name, known) if told.accepted else None
    return _judgement(told, modes)


def _found(node: Node, token: str) -> TokenRecord:
    if not token.isascii() or not token.isdigit():
        raise UnknownToken(f"there is no id token {token}")
    return node.id_tokens.find(int(token))


def _record(number: int, token: IdToken, rules: TokenRules) -> TokenRecord:
    return TokenRecord(
        token=token,
        id=number,
        label=rules.label,
        group=None if rules.group is None else IdToken(rules.group, TokenType.CENTRAL),
        blocked=rules.blocked,
        valid_from=rules.valid_from,
        valid_until=rules.valid_until,
        places=tuple(
            Place(
                None if each.station is None else StationId(each.station),
                None if each.site is None else SiteId(each.site),
                frozenset(each.evses),
            )
            for each in rules.places
        ),
        connector_types=frozenset(rules.connector_types),
        listed=rules.listed,
        discharge=rules.discharge,
        priority=rules.priority,
        languages=tuple(rules.languages),
        message=rules.message,
    )


def _item(record: TokenRecord) -> IdTokenItem:
    said: dict[str, Any] = {
        "id": record.id,
        "type": record.token.type,
        "value": record.token.shown,
        "label": record.label,
        "group": None if record.group is None else record.group.value,
        "blocked": record.blocked,
        "valid_from": record.valid_from,
        "valid_until": record.valid_until,
        "places": [
            {"station": each.station, "site": each.site, "evses": sorted(each.evses)}
            for each in record.places
        ],
        "connector_types": sorted(record.connector_types),
        "listed": record.listed,
        "discharge": record.discharge,
        "priority": record.priority,
        "languages": list(record.languages),
        "message": record.message,
    }
    return IdTokenItem(**said)


def _judgement(told: Judgement, modes: tuple[str, ...] | None) -> JudgementItem:
    return JudgementItem(
        status=told.verdict.value,
        evses=list(told.evses),
        group=None if told.group is None else told.group.value,
        until=told.until,
        priority=told.priority,
        energy_transfer=None if modes is None else list(modes),
    )
