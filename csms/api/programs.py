"""Programs, their rules, and what a season of one is worth."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from csms.api.guard import GuardedRoute
from csms.domain.errors import Broken
from csms.domain.ids import ProgramId
from csms.domain.program import Program
from csms.domain.settlement import Settlement, SettlementLine
from csms.services.node import Node
from csms.services.program_records import NoSuchProgram
from csms.web.auth import NodeOf
from csms.web.paging import Page

ROUTER = APIRouter(tags=["programs"], route_class=GuardedRoute)
_COLUMNS = (
    "program",
    "version",
    "season",
    "participant",
    "station",
    "evse",
    "events_called",
    "events_attended",
    "quantity",
    "unit",
    "rate",
    "gross",
    "participant_share",
    "net",
    "currency",
    "explanation",
)


class NoSuchSeason(Broken):
    """The program has no such season."""

    code = "no-such-season"


class ProgramItem(BaseModel):
    """A program as a list shows it."""

    id: str
    version: str
    name: str
    sponsor: str | None
    status: str
    mode: str
    timezone: str
    seasons: list[str]
    currency: str | None
    rate: str | None
    effective_from: str
    effective_to: str | None


class EventLine(BaseModel):
    """How one event enters the season's figure."""

    event: str
    name: str
    mean_kw: float
    participated: bool
    reason: str | None
    quality: str
    explanation: str


class StatementLine(BaseModel):
    """What one EVSE earned in a season. Money is exact, as text."""

    participant: str
    station: str
    evse: int
    average_kw: float = Field(description="What the rate is applied to.")
    unit: str
    events_called: int
    events_attended: int
    rate: str
    gross: str
    participant_share: str
    amount: str = Field(description="What the participant gets.")
    explanation: str
    events: list[EventLine]


class Statement(BaseModel):
    """What a season is worth so far. The same inputs give the same bytes."""

    program: str
    version: str
    season: str
    currency: str
    input_hash: str
    lines: list[StatementLine]
    total: str


@ROUTER.get("/programs", summary="List programs")
async def list_programs(node: NodeOf) -> Page[ProgramItem]:
    """Return every version of every program, by id."""
    return Page(items=[_item(each) for each in node.programs], next=None)


@ROUTER.get("/programs/{program}", summary="Show a program's rules")
async def show_program(node: NodeOf, program: str) -> dict[str, Any]:
    """Return the newest record, as it is kept, and its versions."""
    versions = _versions(node, program)
    return versions[-1].model_dump(mode="json", by_alias=True) | {
        "versions": [each.version for each in versions]
    }


@ROUTER.get(
    "/programs/{program}/statement",
    summary="State what a season is worth, per EVSE and event",
    response_model=Statement,
    responses={200: {"content": {"text/csv": {}}}},
)
async def show_statement(
    node: NodeOf,
    request: Request,
    program: str,
    season: Annotated[str, Query(description="Such as `2026-summer`, or a year.")],
    form: Annotated[Literal["json", "csv"] | None, Query(alias="format")] = None,
) -> Statement | Response:
    """Settle the season from its settled events, and keep the result by its inputs."""
    name = season_named(_versions(node, program), season)
    stated = await node.settlement.season_statement(ProgramId(program), name)
    accepted = request.headers.get("accept", "")
    if form == "csv" or (form is None and accepted.startswith("text/csv")):
        return Response(
            _csv(stated),
            media_type="text/csv",
            headers={
                "Content-Disposition": f'attachment; filename="{program}-{name}.csv"'
            },
        )
    return _statement(stated)


def season_named(versions: Sequence[Program], season: str) -> str:
    """Return the full name of a season; a year will do where there is one a year.

    Raises:
        NoSuchSeason: If there is none of that name, or several of that year.
    """
    ids = sorted({each.id for program in versions for each in program.seasons})
    year, _, of_year = season.partition("-")
    known = year.isdigit() and len(year) == len("2026")
    if known and of_year in ids:
        return season
    if known and not of_year and len(ids) == 1:
        return f"{year}-{ids[0]}"
    choice = ", ".join(f"{year if known else '2026'}-{each}" for each in ids)
    raise NoSuchSeason(
        f"there is no season {season}", field="season", remedy=f"ask for {choice}"
    )


def _versions(node: Node, program: str) -> Sequence[Program]:
    found = [each for each in node.programs if each.id == program]
    if not found:
        raise NoSuchProgram(f"there is no program {program}")
    return sorted(found, key=lambda each: (each.effective_from, each.version))


def _item(program: Program) -> ProgramItem:
    rate, until = program.payment.rate, program.effective_to
    return ProgramItem(
        id=program.id,
        version=program.version,
        name=program.name,
        sponsor=program.sponsor,
        status=program.status,
        mode=program.mode,
        timezone=program.timezone,
        seasons=[each.id for each in program.seasons],
        currency=program.payment.currency,
        rate=None if rate is None else str(rate),
        effective_from=program.effective_from.isoformat(),
        effective_to=None if until is None else until.isoformat(),
    )


def _statement(stated: Settlement) -> Statement:
    return Statement(
        program=stated.program,
        version=stated.version,
        season=stated.season,
        currency=stated.total.currency,
        input_hash=stated.input_hash,
        lines=[_line(each) for each in stated.lines],
        total=str(stated.total.amount),
    )


def _line(line: SettlementLine) -> StatementLine:
    return StatementLine(
        participant=line.participant,
        station=line.evse.station,
        evse=line.evse.number,
        average_kw=float(line.quantity),
        unit=line.unit,
        events_called=line.called,
        events_attended=line.attended,
        rate=str(line.rate.amount),
        gross=str(line.gross.amount),
        participant_share=str(line.share),
        amount=str(line.net.amount),
        explanation=line.text,
        events=[
            EventLine(
                event=each.event,
                name=each.name,
                mean_kw=float(each.mean_power_kw),
                participated=each.participated,
                reason=each.reason,
                quality=each.quality,
                explanation=each.text,
            )
            for each in line.events
        ],
    )


def _csv(stated: Settlement) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for line in stated.lines:
        writer.writerow(
            (
                stated.program,
                stated.version,
                stated.season,
                line.participant,
                line.evse.station,
                line.evse.number,
                line.called,
                line.attended,
                line.quantity,
                line.unit,
                line.rate.amount,
                line.gross.amount,
                line.share,
                line.net.amount,
                line.net.currency,
                line.text,
            )
        )
    return text.getvalue()
