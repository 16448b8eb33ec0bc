"""Who may do what, and the trail of what was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class Role(StrEnum):
    """What a caller may do; each may do all that the one before may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def may(self, needed: "Role") -> bool:
        """Tell whether this role includes the other."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Account:
    """A person who signs in at the console."""

    name: str
    role: Role
    password_hash: str
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A key to the API, known only by its hash; the secret is shown once.

    Attributes:
        id: Its public name.
        name: What it is for; ``session:NAME`` for a signed-in person.
    """

    id: str
    name: str
    role: Role
    created_at: datetime
    created_by: str
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which entries of the trail are wanted: parts of words, in capitals or not.

    Attributes:
        who: Must occur in who did it.
        what: Must occur in what was done; a blank stands for a dot, too.
        about: Must occur in what it was done to.
    """

    who: str = ""
    what: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What an idempotent request was answered, to be answered again alike."""

    body_hash: bytes
    status: int
    answer: Mapping[str, Any]


class AccessStore(Protocol):
    """The accounts, tokens and audit trail of one unit of work."""

    async def account(self, name: str) -> Account | None:
        """Return one account, or None."""
        ...

    async def accounts(self) -> Sequence[Account]:
        """Return every account, by name."""
        ...

    async def save_account(self, account: Account) -> None:
        """Add an account, or replace it by its name."""
        ...

    async def token_by_hash(self, token_hash: bytes) -> AccessToken | None:
        """Return the token that was not revoked, or None."""
        ...

    async def tokens(self) -> Sequence[AccessToken]:
        """Return every token but those of sessions, youngest first."""
        ...

    async def save_token(self, token: AccessToken, token_hash: bytes) -> None:
        """Add a token; one of the same hash stays as it is."""
        ...

    async def revoke_token(self, token: str, at: datetime) -> bool:
        """End a token; tell whether it was valid."""
        ...

    async def audit(
        self,
        actor: str,
        action: str,
        subject: str,
        detail: Mapping[str, Any],
        at: datetime,
    ) -> None:
        """Append to the trail."""
        ...

    async def trail(
        self,
        *,
        before: int | None,
        limit: int,
        subject: str | None = None,
        wanted: TrailFilter | None = None,
    ) -> Sequence[AuditEntry]:
        """Return entries, youngest first, below an id if one is given.

        Args:
            before: Only below this id.
            limit: How many at most.
            subject: Only about just this.
            wanted: Only those that fit.
        """
        ...

    async def kept_answer(self, key: str) -> KeptAnswer | None:
        """Return what a request of this idempotency key was answered."""
        ...

    async def keep_answer(self, key: str, answer: KeptAnswer, at: datetime) -> None:
        """Keep an answer.

        Raises:
            Conflict: If another request of the same key was answered meanwhile.
        """
        ...
