"""Accounts, tokens, the audit trail and kept answers, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.domain.errors import Conflict
from csms.services.ports.access import (
    AccessToken,
    Account,
    AuditEntry,
    KeptAnswer,
    Role,
    TrailFilter,
)

_TOKEN = tables.access_token
_AUDIT = tables.audit
_BLANKS = "._", "  "
SESSION_PREFIX = "session:"


@dataclass(frozen=True, slots=True)
class PostgresAccessStore:
    """The accounts, tokens and audit trail of one unit of work."""

    connection: AsyncConnection

    async def account(self, name: str) -> Account | None:
        """Return one account, or None."""
        found = await self.connection.execute(
            select(tables.account).where(tables.account.c.name == name)
        )
        row = found.one_or_none()
        return None if row is None else _account(row)

    async def accounts(self) -> Sequence[Account]:
        """Return every account, by name."""
        rows = await self.connection.execute(
            select(tables.account).order_by(tables.account.c.name)
        )
        return [_account(row) for row in rows]

    async def save_account(self, account: Account) -> None:
        """Add an account, or replace it by its name."""
        row = {
            "name": account.name,
            "role": account.role.value,
            "password_hash": account.password_hash,
            "created_at": account.created_at,
            "disabled_at": account.disabled_at,
        }
        statement = insert(tables.account).values(row)
        await self.connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_=row)
        )

    async def token_by_hash(self, token_hash: bytes) -> AccessToken | None:
        """Return the token that was not revoked, or None."""
        found = await self.connection.execute(
            select(_TOKEN)
            .where(_TOKEN.c.token_hash == token_hash)
            .where(_TOKEN.c.revoked_at.is_(None))
        )
        row = found.one_or_none()
        return None if row is None else _token(row)

    async def tokens(self) -> Sequence[AccessToken]:
        """Return every token but those of sessions, youngest first."""
        rows = await self.connection.execute(
            select(_TOKEN)
            .where(_TOKEN.c.name.not_like(f"{SESSION_PREFIX}%"))
            .order_by(_TOKEN.c.created_at.desc(), _TOKEN.c.id)
        )
        return [_token(row) for row in rows]

    async def save_token(self, token: AccessToken, token_hash: bytes) -> None:
        """Add a token; one of the same hash stays as it is."""
        await self.connection.execute(
            insert(_TOKEN)
            .values(
                id=token.id,
                name=token.name,
                role=token.role.value,
                token_hash=token_hash,
                created_at=token.created_at,
                created_by=token.created_by,
                revoked_at=token.revoked_at,
            )
            .on_conflict_do_nothing()
        )

    async def revoke_token(self, token: str, at: datetime) -> bool:
        """End a token; tell whether it was valid."""
        done = await self.connection.execute(
            update(_TOKEN)
            .where(_TOKEN.c.id == token)
            .where(_TOKEN.c.revoked_at.is_(None))
            .values(revoked_at=at)
        )
        return done.rowcount > 0

    async def audit(
        self,
        actor: str,
        action: str,
        subject: str,
        detail: Mapping[str, Any],
        at: datetime,
    ) -> None:
        """Append to the trail."""
        await self.connection.execute(
            _AUDIT.insert().values(
                actor=actor, action=action, subject=subject, detail=dict(detail), at=at
            )
        )

    async def trail(
        self,
        *,
        before: int | None,
        limit: int,
        subject: str | None = None,
        wanted: TrailFilter | None = None,
    ) -> Sequence[AuditEntry]:
        """Return entries, youngest first, below an id if one is given."""
        query = select(_AUDIT).order_by(_AUDIT.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(_AUDIT.c.id < before)
        if subject is not None:
            query = query.where(_AUDIT.c.subject == subject)
        if wanted is not None:
            parts = (
                (_AUDIT.c.actor, wanted.who),
                (func.translate(_AUDIT.c.action, *_BLANKS), _in_words(wanted.what)),
                (_AUDIT.c.subject, wanted.about),
            )
            for column, part in parts:
                if part:
                    query = query.where(column.icontains(part, autoescape=True))
        return [
            AuditEntry(row.id, row.at, row.actor, row.action, row.subject, row.detail)
            for row in await self.connection.execute(query)
        ]

    async def kept_answer(self, key: str) -> KeptAnswer | None:
        """Return what a request of this idempotency key was answered."""
        found = await self.connection.execute(
            select(tables.idempotency).where(tables.idempotency.c.key == key)
        )
        row = found.one_or_none()
        return (
            None if row is None else KeptAnswer(row.body_hash, row.status, row.answer)
        )

    async def keep_answer(self, key: str, answer: KeptAnswer, at: datetime) -> None:
        """Keep an answer.

        Raises:
            Conflict: If another request of the same key was answered meanwhile.
        """
        done = await self.connection.execute(
            insert(tables.idempotency)
            .values(
                key=key,
                body_hash=answer.body_hash,
                status=answer.status,
                answer=dict(answer.answer),
                at=at,
            )
            .on_conflict_do_nothing()
            .returning(tables.idempotency.c.key)
        )
        if done.one_or_none() is None:
            raise Conflict(
                "another request of this Idempotency-Key was answered meanwhile",
                field="Idempotency-Key",
                remedy="repeat the request: it will get that answer",
            )


def _account(row: Row[Any]) -> Account:
    return Account(
        row.name, Role(row.role), row.password_hash, row.created_at, row.disabled_at
    )


def _token(row: Row[Any]) -> AccessToken:
    return AccessToken(
        row.id, row.name, Role(row.role), row.created_at, row.created_by, row.revoked_at
    )


def _in_words(action: str) -> str:
    """Return an action as people write it: ``root.added`` is ``root added``."""
    return action.translate(str.maketrans(*_BLANKS))
