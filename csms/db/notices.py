"""Notices and signed links, kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from csms.db import tables
from csms.db.batches import batched
from csms.domain.ids import EventId, ParticipantId
from csms.domain.notice import (
    CARRIES_LINK,
    Channel,
    Letter,
    Notice,
    NoticeKind,
)
from csms.services.ports.notices import SignedLink

notice = tables.notice
link_table = tables.signed_link


@dataclass(frozen=True, slots=True)
class PostgresNoticeStore:
    """The notices and links of one unit of work."""

    connection: AsyncConnection

    async def owe(self, notices: Sequence[Notice]) -> int:
        """Keep notices that are not kept yet; return how many are new."""
        new = 0
        for some in batched([_row(each) for each in notices]):
            done = await self.connection.execute(
                insert(notice)
                .values(some)
                .on_conflict_do_nothing()
                .returning(notice.c.id)
            )
            new += len(done.all())
        return new

    async def claim_unsent(self, now: datetime) -> Notice | None:
        """Return a due e-mail that nobody else holds, held until this work ends."""
        row = (
            await self.connection.execute(
                select(notice)
                .where(_unsent(), notice.c.next_attempt_at <= now)
                .order_by(notice.c.next_attempt_at, notice.c.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
        ).one_or_none()
        return None if row is None else _notice(row)

    async def mark_sent(self, sent: str, at: datetime) -> None:
        """Keep the proof that it was accepted for delivery."""
        await self.connection.execute(
            update(notice)
            .where(notice.c.id == sent, notice.c.sent_at.is_(None))
            .values(sent_at=at, error=None, next_attempt_at=None)
        )

    async def mark_failed(
        self, failed: str, error: str, *, again_at: datetime | None, at: datetime
    ) -> None:
        """Count a failed attempt, to be tried again then, or never."""
        await self.connection.execute(
            update(notice)
            .where(notice.c.id == failed)
            .values(
                attempts=notice.c.attempts + 1,
                error=error,
                next_attempt_at=again_at,
                failed_at=at if again_at is None else None,
            )
        )

    async def next_attempt(self) -> datetime | None:
        """Return when the next unsent notice may be tried."""
        statement = select(func.min(notice.c.next_attempt_at)).where(_unsent())
        instant: datetime | None = (
            await self.connection.execute(statement)
        ).scalar_one()
        return instant

    async def withdraw(
        self, event: EventId, kinds: Sequence[NoticeKind], error: str, at: datetime
    ) -> None:
        """Give up what is unsent of these kinds, but not what is being sent now."""
        unsent = (
            select(notice.c.id)
            .where(_unsent(), notice.c.event_id == event)
            .where(notice.c.kind.in_(sorted(kinds)))
            .with_for_update(skip_locked=True)
        )
        await self.connection.execute(
            update(notice)
            .where(notice.c.id.in_(unsent))
            .values(failed_at=at, next_attempt_at=None, error=error)
        )

    async def of_event(self, event: EventId) -> Sequence[Notice]:
        """Return every notice of an event, oldest first."""
        rows = await self.connection.execute(
            select(notice)
            .where(notice.c.event_id == event)
            .order_by(notice.c.created_at, notice.c.id)
        )
        return [_notice(row) for row in rows]

    async def of_participant(
        self,
        participant: ParticipantId,
        limit: int = 100,
        before: tuple[datetime, str] | None = None,
    ) -> Sequence[Notice]:
        """Return the participant's inbox, newest first."""
        statement = (
            select(notice)
            .where(notice.c.participant_id == participant)
            .where(notice.c.channel == Channel.INBOX)
            .order_by(notice.c.created_at.desc(), notice.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            seen = tuple_(notice.c.created_at, notice.c.id)
            statement = statement.where(seen < tuple_(*map(literal, before)))
        rows = await self.connection.execute(statement)
        return [_notice(row) for row in rows]

    async def notified(
        self, event: EventId, participant: ParticipantId, by: datetime
    ) -> bool:
        """Tell whether a notice of the event was accepted for delivery by then."""
        return participant in await self.told(event, by)

    async def told(self, event: EventId, by: datetime) -> frozenset[ParticipantId]:
        """Return everyone who was notified of the event by then."""
        outward = notice.c.channel != Channel.INBOX
        unreachable = tables.participant.c.email == ""
        rows = await self.connection.execute(
            select(notice.c.participant_id)
            .join(
                tables.participant,
                tables.participant.c.id == notice.c.participant_id,
            )
            .where(notice.c.event_id == event, notice.c.sent_at <= by)
            .where(notice.c.kind.in_(sorted(CARRIES_LINK)))
            .where(or_(outward, unreachable))
            .distinct()
        )
        return frozenset(ParticipantId(row.participant_id) for row in rows)

    async def add_link(self, token_hash: bytes, link: SignedLink, at: datetime) -> None:
        """Keep what a token stands for, by the token's hash."""
        row = {
            "token_hash": token_hash,
            "event_id": link.event,
            "participant_id": link.participant,
            "created_at": at,
            "expires_at": link.expires_at,
        }
        await self.connection.execute(insert(link_table).values(row))

    async def find_link(self, token_hash: bytes, now: datetime) -> SignedLink | None:
        """Return what a token stands for, unless it is unknown, expired or revoked."""
        row = (
            await self.connection.execute(
                select(link_table)
                .where(link_table.c.token_hash == token_hash)
                .where(link_table.c.expires_at > now)
                .where(link_table.c.revoked_at.is_(None))
            )
        ).one_or_none()
        if row is None:
            return None
        return SignedLink(
            EventId(row.event_id), ParticipantId(row.participant_id), row.expires_at
        )

    async def mark_opened(self, token_hash: bytes, at: datetime) -> bool:
        """Keep when the link of a letter was first opened; tell whether it was now."""
        letter = (
            select(notice.c.id)
            .join(
                link_table,
                (link_table.c.event_id == notice.c.event_id)
                & (link_table.c.participant_id == notice.c.participant_id),
            )
            .where(link_table.c.token_hash == token_hash)
            .where(notice.c.channel == Channel.EMAIL)
            .where(notice.c.kind.in_(sorted(CARRIES_LINK)))
            .where(notice.c.sent_at >= link_table.c.created_at)
            .order_by(notice.c.sent_at, notice.c.created_at)
            .limit(1)
            .scalar_subquery()
        )
        done = await self.connection.execute(
            update(notice)
            .where(notice.c.id == letter, notice.c.opened_at.is_(None))
            .values(opened_at=at)
            .returning(notice.c.id)
        )
        return done.first() is not None


def _unsent() -> ColumnElement[bool]:
    return (
        notice.c.sent_at.is_(None)
        & notice.c.failed_at.is_(None)
        & (notice.c.channel == Channel.EMAIL)
    )


def _row(each: Notice) -> dict[str, Any]:
    return {
        "id": each.id,
        "event_id": each.event,
        "participant_id": each.participant,
        "kind": each.kind,
        "channel": each.channel,
        "revision": each.revision,
        "address": each.address,
        "subject": each.letter.subject,
        "text": each.letter.text,
        "html": each.letter.html,
        "created_at": each.created_at,
        "next_attempt_at": each.next_attempt_at,
        "attempts": each.attempts,
        "sent_at": each.sent_at,
        "failed_at": each.failed_at,
        "error": each.error,
    }


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        id=row.id,
        event=EventId(row.event_id),
        participant=ParticipantId(row.participant_id),
        kind=NoticeKind(row.kind),
        channel=Channel(row.channel),
        revision=row.revision,
        address=row.address,
        letter=Letter(row.subject, row.text, row.html),
        created_at=row.created_at,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        sent_at=row.sent_at,
        failed_at=row.failed_at,
        error=row.error,
    )
