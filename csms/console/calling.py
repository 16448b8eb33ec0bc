"""Call an event: ask for it, see what it would mean, confirm."""

import secrets
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from csms.console.shell import PageRoute, ShellOf, to
from csms.domain.errors import Broken, DomainError
from csms.domain.ids import ProgramId
from csms.domain.interval import Interval
from csms.domain.units import Power
from csms.services.events import EventDraft, EventPreview
from csms.services.program_records import program_in_force
from csms.web.auth import NodeOf, Operator
from csms.web.problems import status_of

if TYPE_CHECKING:
    from csms.domain.program import Program
    from csms.services.node import Node

router = APIRouter(route_class=PageRoute, include_in_schema=False)
T = TypeVar("T")
USUAL_START, USUAL_END = time(17), time(20)


class Asked(BaseModel):
    """An event as the form says it; times are local to the program."""

    model_config = ConfigDict(frozen=True)

    program: str = ""
    on: str = ""
    start: str = ""
    end: str = ""
    name: str = ""
    target_kw: str = ""
    test: bool = False

    def draft(self, programs: "Sequence[Program]") -> EventDraft:
        """Return the event that is asked for.

        Raises:
            Broken: If a field makes no sense; it says which.
            NoSuchProgram: If no version of the program is in force then.
        """
        day = _read(date.fromisoformat, self.on, "on", "a day, such as 2026-07-14")
        start = _read(time.fromisoformat, self.start, "start", "a time, such as 17:00")
        end = _read(time.fromisoformat, self.end, "end", "a time, such as 20:00")
        zone = program_in_force(programs, ProgramId(self.program), day).zone
        last = day if end > start else day + timedelta(days=1)
        window = Interval(
            datetime.combine(day, start, zone), datetime.combine(last, end, zone)
        )
        target = None
        if self.target_kw.strip():
            target = Power.kw(
                _read(float, self.target_kw, "target_kw", "a number of kilowatts")
            )
        return EventDraft(
            ProgramId(self.program), window, self.name.strip(), target, self.test
        )


class Confirmed(Asked):
    """The same, with a key that makes it one event however often it is sent."""

    key: str = Field(min_length=8, max_length=64)


@router.get("/events/new")
async def new(
    caller: Operator, node: NodeOf, shell: ShellOf, asked: Annotated[Asked, Query()]
) -> Response:
    """Show the form, and below it what the event would mean once it is filled in."""
    preview, refusal, status = None, None, 200
    if asked.program:
        try:
            preview = await node.events.preview(asked.draft(node.programs))
        except DomainError as error:
            refusal, status = error, status_of(error)
    else:
        asked = _usual(node)
    return shell.page(
        "calling.html",
        caller,
        status,
        asked=asked,
        preview=preview,
        refusal=refusal,
        notices=_moments(preview) if preview else [],
        programs={each.id: each.name for each in node.programs},
        key=secrets.token_urlsafe(12),
    )


@router.post("/events")
async def call(
    caller: Operator, node: NodeOf, asked: Annotated[Confirmed, Form()]
) -> Response:
    """Call the event; pressing the button twice calls it once."""
    event = await node.events.call(
        asked.draft(node.programs), caller.name, f"console-{caller.name}-{asked.key}"
    )
    return to(f"/events/{event}")


def _usual(node: "Node") -> Asked:
    """Return what is most likely wanted: the next day, in the program's usual hours."""
    if not node.programs:
        return Asked()
    first = node.programs[0]
    tomorrow = node.clock.now().astimezone(first.zone).date() + timedelta(days=1)
    return Asked(
        program=first.id,
        on=tomorrow.isoformat(),
        start=f"{USUAL_START:%H:%M}",
        end=f"{USUAL_END:%H:%M}",
    )


def _moments(preview: EventPreview) -> list[tuple[str, datetime, int]]:
    """Return which notices would go out when, and to how many."""
    counts: dict[tuple[str, datetime], int] = {}
    for each in preview.notices:
        moment = each.kind.value, each.at
        counts[moment] = counts.get(moment, 0) + 1
    return [(kind, at, count) for (kind, at), count in counts.items()]


def _read(kind: Callable[[str], T], text: str, field: str, wanted: str) -> T:
    try:
        return kind(text.strip())
    except ValueError:
        raise Broken(f"{field}: this is not {wanted}", field=field) from None
