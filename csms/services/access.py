"""Who is asking, and what they may: accounts, sessions and tokens."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from csms.clock import Clock
from csms.domain.errors import Broken, NotFound
from csms.services.denials import Denials, Unnoted
from csms.services.ports.access import AccessToken, Account, Role
from csms.services.ports.work import Begin, Work

log = structlog.get_logger()

MIN_PASSWORD = 10
_CACHE_S = 5.0
_ATTEMPTS = 5
_LOCKED_S = 30.0
_MOST = 10_000
"""Names and secrets that are remembered at most: a bound, not a rule."""

_SESSION = "session:"
SESSION_REAL = timedelta(hours=12)
"""How long a session lasts, in real time."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who proved who they are.

    Attributes:
        name: For the audit trail.
        role: What they may do.
        token: Id of the token they came with.
    """

    name: str
    role: Role
    token: str


class Access:
    """Signs people in, hands out tokens, and knows who comes with one."""

    def __init__(self, clock: Clock, begin: Begin) -> None:
        self._clock = clock
        self._begin = begin
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._known: dict[bytes, tuple[float, Caller | None]] = {}
        self._failures: dict[str, tuple[int, float]] = {}
        self._decoy: str | None = None
        self.denials: Denials = Unnoted()

    async def caller(self, secret: str) -> Caller | None:
        """Return who holds this token, or none; remembered for a few seconds."""
        digest, now = _hash(secret), asyncio.get_running_loop().time()
        kept = self._known.get(digest)
        if kept is not None and now - kept[0] < _CACHE_S:
            return kept[1]
        async with self._begin() as work:
            caller = await self._find(work, digest)
        if len(self._known) > _MOST:
            self._known.clear()
        self._known[digest] = (now, caller)
        return caller

    async def _find(self, work: Work, digest: bytes) -> Caller | None:
        token = await work.access.token_by_hash(digest)
        if token is None or not token.name.startswith(_SESSION):
            return None if token is None else Caller(token.name, token.role, token.id)
        name = token.name.removeprefix(_SESSION)
        account = await work.access.account(name)
        ends_at = token.created_at + SESSION_REAL * self._clock.rate
        if account is None or account.disabled_at is not None:
            return None
        if self._clock.now() >= ends_at or token.created_at < account.created_at:
            return None  # too old, or from before the password or the role was changed
        return Caller(name, account.role, token.id)

    async def sign_in(self, name: str, password: str) -> str | None:
        """Return the secret of a new session, or none if name or password are wrong.

        After some failures in a row a name is refused for a while, right or wrong. An
        attempt counts from when it begins, so that many at once are no more than many
        in a row.
        """
        if self._is_locked(name):
            self.denials.note(name, "sign_in", name, "too many attempts")
            return None
        async with self._begin() as work:
            account = await work.access.account(name)
        known = account is not None and account.disabled_at is None
        kept = account.password_hash if account is not None else await self._some_hash()
        right = await asyncio.to_thread(self._verify, kept, password)
        if account is None or not (right and known):
            log.warning("access.sign_in_failed", name=name)
            self.denials.note(name, "sign_in", name, "wrong name or password")
            return None
        self._failures.pop(name, None)
        token, secret = await self._grant(f"{_SESSION}{name}", account.role, by=name)
        await self._audit(name, "session.begun", token)
        return secret

    def _is_locked(self, name: str) -> bool:
        """Count an attempt; tell whether there were too many."""
        now = asyncio.get_running_loop().time()
        count, until = self._failures.get(name, (0, 0.0))
        if count >= _ATTEMPTS and now < until:
            return True
        if len(self._failures) > _MOST:
            self._failures.clear()
        again = count + 1 if now < until else 1
        self._failures[name] = (again, now + _LOCKED_S)
        return False

    async def sign_out(self, secret: str) -> None:
        """End a session."""
        caller = await self.caller(secret)
        self._known.pop(_hash(secret), None)
        if caller is not None:
            await self.revoke(caller.token, by=caller.name)
            await self._audit(caller.name, "session.ended", caller.token)

    async def create_token(self, name: str, role: Role, by: str) -> tuple[str, str]:
        """Return the id and the secret of a new token; the secret is not kept.

        Raises:
            Broken: If the name is empty or that of a session.
        """
        if not name.strip() or name.startswith(_SESSION):
            raise Broken("a token needs a name", field="name", remedy="say what for")
        token, secret = await self._grant(name, role, by=by)
        async with self._begin() as work:
            await work.access.audit(
                by,
                "token.created",
                token,
                {"name": name, "role": role.value},
                self._clock.now(),
            )
        return token, secret

    async def ensure_token(self, secret: str, name: str, role: Role) -> None:
        """Make sure that a token with this secret exists."""
        async with self._begin() as work:
            await work.access.save_token(
                AccessToken(_id(), name, role, self._clock.now(), "set-up"),
                _hash(secret),
            )
        self._known.pop(_hash(secret), None)

    async def revoke(self, token: str, by: str) -> None:
        """End a token.

        Raises:
            NotFound: If there is no such valid token.
        """
        now = self._clock.now()
        async with self._begin() as work:
            if not await work.access.revoke_token(token, now):
                raise NotFound(
                    f"there is no valid token {token}",
                    field="token",
                    remedy="see csms tokens list",
                )
            await work.access.audit(by, "token.revoked", token, {}, now)
        self._known.clear()

    async def save_account(self, name: str, password: str, role: Role, by: str) -> None:
        """Add an account, or give a known one a new password and role.

        Raises:
            Broken: If the name is empty or the password too short.
        """
        if not name.strip():
            raise Broken("an account needs a name", field="name")
        if len(password) < MIN_PASSWORD:
            raise Broken(
                "the password is too short",
                field="password",
                remedy=f"use at least {MIN_PASSWORD} characters",
            )
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        now = self._clock.now()
        async with self._begin() as work:
            await work.access.save_account(Account(name, role, hashed, now))
            await work.access.audit(
                by, "account.saved", name, {"role": role.value}, now
            )
        self._known.clear()

    async def disable_account(self, name: str, by: str) -> None:
        """Let nobody in by this account any more; its sessions end.

        Raises:
            NotFound: If there is no such account.
        """
        now = self._clock.now()
        async with self._begin() as work:
            account = await work.access.account(name)
            if account is None:
                raise NotFound(
                    f"there is no account {name}",
                    field="name",
                    remedy="see csms accounts list",
                )
            await work.access.save_account(replace(account, disabled_at=now))
            await work.access.audit(by, "account.disabled", name, {}, now)
        self._known.clear()

    async def _grant(self, name: str, role: Role, by: str) -> tuple[str, str]:
        token, secret = _id(), f"csms_{secrets.token_urlsafe(32)}"
        async with self._begin() as work:
            await work.access.save_token(
                AccessToken(token, name, role, self._clock.now(), by), _hash(secret)
            )
        return token, secret

    async def _audit(self, by: str, action: str, subject: str) -> None:
        async with self._begin() as work:
            await work.access.audit(by, action, subject, {}, self._clock.now())

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _some_hash(self) -> str:
        """Return a hash that takes as long to check as a real one."""
        if self._decoy is None:
            made = await asyncio.to_thread(self._hasher.hash, secrets.token_hex(8))
            self._decoy = made
        return self._decoy


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _id() -> str:
    return f"tok-{secrets.token_hex(6)}"
