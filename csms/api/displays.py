"""Messages on the displays of stations: what we want there, and what they report."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.charging.displays import DisplayAbility
from csms.domain.display import (
    LONGEST_21,
    MOST_EXTRA,
    DisplayRecord,
    Priority,
    ScreenMessage,
    ScreenState,
    ScreenText,
    TextFormat,
)
from csms.domain.errors import NotFound
from csms.domain.ids import TransactionId
from csms.services.ports.displays import DisplayQuery
from csms.web.auth import NodeOf, Operator
from csms.web.paging import Page

ROUTER = APIRouter(tags=["displays"], route_class=GuardedRoute)
CREATED = 201
HIGHEST = 2**31 - 1


class NoSuchMessage(NotFound):
    """There can be no such message."""

    code = "no-such-message"
    usual_remedy = "see csms displays list"


class TextBody(RequestBody):
    """A text in one language."""

    content: Annotated[str, Field(min_length=1, max_length=LONGEST_21)]
    language: str = Field("", max_length=8, description="An RFC 5646 tag.")
    format: TextFormat = TextFormat.UTF8


class MessageBody(RequestBody):
    """A message for the display of a station."""

    id: int | None = Field(
        None, ge=1, le=HIGHEST, description="A known one replaces; a free one without."
    )
    texts: list[TextBody] = Field(
        min_length=1,
        max_length=1 + MOST_EXTRA,
        description="The first is the main one; others need OCPP 2.1.",
    )
    priority: Priority = Priority.NORMAL_CYCLE
    state: ScreenState | None = Field(
        None, description="Shown only while the station is in this state."
    )
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    transaction: Annotated[str, Field(max_length=36)] | None = Field(
        None, description="Only while this transaction goes on (O02)."
    )
    display: Annotated[str, Field(max_length=50)] | None = Field(
        None, description="Instance of the Display component; the main one without."
    )


class MessageItem(BaseModel):
    """A message as it is wanted or reported."""

    texts: list[TextBody]
    priority: str
    state: str | None
    start: datetime | None
    end: datetime | None
    transaction: str | None
    display: str | None


class DisplayItem(BaseModel):
    """One message of a station."""

    id: int
    purpose: str = Field(description="`operator`, `event:<id>`, or empty if foreign.")
    state: str
    detail: str
    wanted: MessageItem | None
    reported: MessageItem | None
    differs: bool = Field(description="Whether the station reports something else.")
    reported_at: datetime | None
    updated_at: datetime
    created_by: str


class AbilityItem(BaseModel):
    """What the display of a station can show, by its device model."""

    usable: bool
    available: bool
    enabled: bool
    most: int | None
    formats: list[str]
    priorities: list[str]
    states: list[str]
    languages: list[str]
    displays: list[str]


class QueryBody(RequestBody):
    """Which messages a station is asked about; nothing asks about all."""

    ids: list[Annotated[int, Field(ge=0, le=HIGHEST)]] = Field(default_factory=list)
    priority: Priority | None = None
    state: ScreenState | None = None


class ReportItem(BaseModel):
    """What a station said about its messages."""

    status: str
    complete: bool
    ids: list[int]


class ClearAnswer(BaseModel):
    """A station's word (O05)."""

    status: str


@ROUTER.get("/stations/{station}/displays", summary="List the messages of a display")
async def list_displays(node: NodeOf, station: str) -> Page[DisplayItem]:
    """Return what is wanted there beside what the station last reported."""
    name = known_station(node, station)
    found = await node.upkeep.displays.listed(name)
    return Page(items=[_item(each) for each in found], next=None)


@ROUTER.get(
    "/stations/{station}/displays/ability", summary="Show what a display can show"
)
async def show_ability(node: NodeOf, station: str) -> AbilityItem:
    """Return formats, priorities, states, languages and limits."""
    name = known_station(node, station)
    async with node.begin() as work:
        return _ability(await node.upkeep.displays.ability(work, name))


@ROUTER.post(
    "/stations/{station}/displays",
    summary="Show a message, or replace one (O01, O02, O06)",
    status_code=CREATED,
)
async def show_message(
    node: NodeOf, caller: Operator, station: str, body: MessageBody
) -> DisplayItem:
    """Show a message if the station's device model says that it can."""
    name = known_station(node, station)
    message = ScreenMessage(
        id=body.id or 0,
        texts=tuple(ScreenText(e.content, e.language, e.format) for e in body.texts),
        priority=body.priority,
        state=body.state,
        start=body.start,
        end=body.end,
        transaction=TransactionId(body.transaction) if body.transaction else None,
        display=body.display,
    )
    return _item(await node.upkeep.displays.show(name, message, caller.name))


@ROUTER.post(
    "/stations/{station}/displays/read",
    summary="Ask a station which messages it has (O03, O04)",
)
async def read_displays(
    node: NodeOf, caller: Operator, station: str, body: QueryBody
) -> ReportItem:
    """Ask, wait for the parts, and keep how they differ from what is wanted."""
    del caller
    name = known_station(node, station)
    query = DisplayQuery(tuple(body.ids), body.priority, body.state)
    report = await node.upkeep.displays.read(name, query)
    return ReportItem(
        status=report.status,
        complete=report.complete,
        ids=[each.id for each in report.messages],
    )


@ROUTER.delete("/stations/{station}/displays/{message}", summary="Clear a message")
async def clear_message(
    node: NodeOf, caller: Operator, station: str, message: str
) -> ClearAnswer:
    """Clear a message, also one that only the station knows of (O05)."""
    name = known_station(node, station)
    if not message.isdecimal() or int(message) > HIGHEST:
        raise NoSuchMessage(f"no message can have the number {message}")
    reply = await node.upkeep.displays.clear(name, int(message), caller.name)
    return ClearAnswer(status=reply.status)


def _item(record: DisplayRecord) -> DisplayItem:
    return DisplayItem(
        id=record.id,
        purpose=record.purpose,
        state=record.state.value,
        detail=record.detail,
        wanted=_message(record.wanted),
        reported=_message(record.reported),
        differs=record.differs,
        reported_at=record.reported_at,
        updated_at=record.updated_at,
        created_by=record.created_by,
    )


def _message(message: ScreenMessage | None) -> MessageItem | None:
    if message is None:
        return None
    return MessageItem(
        texts=[
            TextBody.model_construct(
                content=each.content, language=each.language, format=each.format
            )
            for each in message.texts
        ],
        priority=message.priority.value,
        state=message.state.value if message.state else None,
        start=message.start,
        end=message.end,
        transaction=message.transaction,
        display=message.display,
    )


def _ability(ability: DisplayAbility) -> AbilityItem:
    return AbilityItem(
        usable=ability.usable,
        available=ability.available,
        enabled=ability.enabled,
        most=ability.most,
        formats=sorted(ability.formats),
        priorities=sorted(ability.priorities),
        states=sorted(ability.states),
        languages=sorted(ability.languages),
        displays=sorted(ability.displays),
    )
