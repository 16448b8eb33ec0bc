"""A participant's inbox: what an app of theirs shows, letter by letter."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from csms.api.fleet import NoSuchParticipant
from csms.api.guard import GuardedRoute
from csms.domain.ids import ParticipantId
from csms.domain.notice import LINK_MARK, Notice, NoticeKind
from csms.web.auth import NodeOf
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["fleet"], route_class=GuardedRoute)

WHERE_THE_LINK_IS = "(the link is in the e-mail)"
"""Stands where a letter has its signed link: links are never kept."""


class InboxItem(BaseModel):
    """One notice as its participant reads it."""

    id: str
    event: str
    kind: NoticeKind
    at: datetime = Field(description="When it was put into the inbox.")
    subject: str
    text: str = Field(description="Plain text, without the signed link.")


@ROUTER.get("/participants/{participant}/notices", summary="Read a participant's inbox")
async def list_inbox(
    node: NodeOf, participant: str, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[InboxItem]:
    """Return what the participant was told in the app, newest first."""
    name = ParticipantId(participant)
    before = read_cursor(cursor, datetime, str)
    async with node.begin() as work:
        if await work.fleet.participant(name) is None:
            raise NoSuchParticipant(f"there is no participant {participant}")
        rows = await work.notices.of_participant(
            name, limit + 1, (before[0], before[1]) if before else None
        )
    return page(rows, limit, _item, lambda row: [row.created_at, row.id])


def _item(notice: Notice) -> InboxItem:
    return InboxItem(
        id=notice.id,
        event=notice.event,
        kind=notice.kind,
        at=notice.created_at,
        subject=notice.letter.subject,
        text=notice.letter.text.replace(LINK_MARK, WHERE_THE_LINK_IS),
    )
