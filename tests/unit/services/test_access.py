"""Who gets in, and what they may: accounts, sessions, tokens, roles."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from csms.domain.errors import Broken, NotFound
from csms.services.access import MIN_PASSWORD, Access, Caller
from csms.services.ports.access import AccessToken, Account, Role
from csms.services.ports.work import Work
from tests.fakes.clock import ManualClock

PASSWORD = "correct horse battery"
WRONG = "incorrect horse"
pytestmark = pytest.mark.sockets
"""Passwords are checked in threads, which need a real loop."""


@dataclass
class Store:
    """The part of the access store that the service needs, in memory."""

    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[bytes, AccessToken] = field(default_factory=dict)
    trail: list[tuple[str, str, str]] = field(default_factory=list)
    asked: int = 0

    async def account(self, name: str) -> Account | None:
        return self.accounts.get(name)

    async def save_account(self, account: Account) -> None:
        self.accounts[account.name] = account

    async def token_by_hash(self, token_hash: bytes) -> AccessToken | None:
        self.asked += 1
        found = self.tokens.get(token_hash)
        return None if found is None or found.revoked_at else found

    async def save_token(self, token: AccessToken, token_hash: bytes) -> None:
        self.tokens.setdefault(token_hash, token)

    async def revoke_token(self, token: str, at: datetime) -> bool:
        for key, each in self.tokens.items():
            if each.id == token and each.revoked_at is None:
                self.tokens[key] = replace(each, revoked_at=at)
                return True
        return False

    async def audit(
        self,
        actor: str,
        action: str,
        subject: str,
        detail: Mapping[str, Any],
        at: datetime,
    ) -> None:
        del detail, at
        self.trail.append((actor, action, subject))


@dataclass
class Scene:
    """The service and what it keeps."""

    clock: ManualClock
    store: Store
    access: Access


@pytest.fixture
def scene() -> Scene:
    store = Store()

    @dataclass
    class OneWork:
        access: Store

    @asynccontextmanager
    async def begin() -> AsyncIterator[Work]:
        yield cast("Work", OneWork(store))

    clock = ManualClock()
    return Scene(clock, store, Access(clock, begin))


async def signed_in(scene: Scene, role: Role = Role.OPERATOR) -> str:
    await scene.access.save_account("ada", PASSWORD, role, by="test")
    secret = await scene.access.sign_in("ada", PASSWORD)
    assert secret is not None
    return secret


class TestRoles:
    @pytest.mark.parametrize(
        ("role", "may"),
        [
            (Role.VIEWER, {Role.VIEWER}),
            (Role.OPERATOR, {Role.VIEWER, Role.OPERATOR}),
            (Role.ADMIN, {Role.VIEWER, Role.OPERATOR, Role.ADMIN}),
        ],
    )
    def test_each_role_may_what_the_one_before_may(
        self, role: Role, may: set[Role]
    ) -> None:
        assert {each for each in Role if role.may(each)} == may


class TestSigningIn:
    async def test_a_session_knows_its_person(self, scene: Scene) -> None:
        secret = await signed_in(scene)

        caller = await scene.access.caller(secret)

        assert caller is not None
        assert (caller.name, caller.role) == ("ada", Role.OPERATOR)

    async def test_neither_password_nor_secret_is_kept(self, scene: Scene) -> None:
        secret = await signed_in(scene)

        kept = repr(scene.store)
        assert PASSWORD not in kept
        assert secret not in kept
        assert scene.store.accounts["ada"].password_hash.startswith("$argon2id$")

    @pytest.mark.parametrize(
        ("name", "password"), [("ada", WRONG), ("bob", PASSWORD), ("", ""), ("ada", "")]
    )
    async def test_who_does_not_know_does_not_get_in(
        self, scene: Scene, name: str, password: str
    ) -> None:
        await signed_in(scene)

        assert await scene.access.sign_in(name, password) is None

    async def test_an_unknown_name_takes_as_much_work_as_a_known_one(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await signed_in(scene)
        checked: list[str] = []
        verify = scene.access._verify  # noqa: SLF001 it is what is asked here

        def watched(hashed: str, password: str) -> bool:
            checked.append(hashed.split("$")[3])
            return verify(hashed, password)

        monkeypatch.setattr(scene.access, "_verify", watched)
        await scene.access.sign_in("ada", WRONG)
        await scene.access.sign_in("nobody", WRONG)

        assert len(checked) == 2
        assert checked[0] == checked[1], "the same cost"

    async def test_a_hash_that_nobody_can_read_lets_nobody_in(
        self, scene: Scene
    ) -> None:
        now = scene.clock.now()
        scene.store.accounts["old"] = Account("old", Role.ADMIN, "md5:x", now)

        assert await scene.access.sign_in("old", "x") is None

    async def test_too_many_failures_lock_the_name_even_for_the_right_one(
        self, scene: Scene
    ) -> None:
        await signed_in(scene)
        for _ in range(5):
            assert await scene.access.sign_in("ada", WRONG) is None

        assert await scene.access.sign_in("ada", PASSWORD) is None

    async def test_many_at_once_are_no_more_than_many_in_a_row(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await signed_in(scene)
        checked: list[str] = []

        def watched(hashed: str, password: str) -> bool:
            del password
            checked.append(hashed)
            return False

        monkeypatch.setattr(scene.access, "_verify", watched)
        await asyncio.gather(*(scene.access.sign_in("ada", WRONG) for _ in range(40)))

        assert len(checked) == 5

    async def test_a_lock_is_of_one_name_only(self, scene: Scene) -> None:
        await signed_in(scene)
        for _ in range(6):
            await scene.access.sign_in("bob", WRONG)

        assert await scene.access.sign_in("ada", PASSWORD) is not None

    async def test_a_lock_ends(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await signed_in(scene)
        monkeypatch.setattr("csms.services.access._LOCKED_S", 0.05)
        for _ in range(6):
            await scene.access.sign_in("ada", WRONG)
        await asyncio.sleep(0.1)

        assert await scene.access.sign_in("ada", PASSWORD) is not None


class TestSessions:
    async def test_a_session_ends_when_its_person_leaves(self, scene: Scene) -> None:
        secret = await signed_in(scene)
        await scene.access.sign_out(secret)

        assert await scene.access.caller(secret) is None

    async def test_a_session_does_not_last_for_ever(self, scene: Scene) -> None:
        secret = await signed_in(scene)
        scene.clock.jump_to(scene.clock.now() + timedelta(hours=12))
        scene.access._known.clear()  # noqa: SLF001 some seconds later

        assert await scene.access.caller(secret) is None

    async def test_on_a_fast_clock_a_session_lasts_as_long_for_people(
        self, scene: Scene
    ) -> None:
        scene.clock.rate = 600.0
        secret = await signed_in(scene)
        scene.clock.jump_to(scene.clock.now() + timedelta(days=2))
        scene.access._known.clear()  # noqa: SLF001 some seconds later

        assert await scene.access.caller(secret) is not None

    async def test_a_new_password_or_role_ends_older_sessions(
        self, scene: Scene
    ) -> None:
        secret = await signed_in(scene, Role.ADMIN)
        scene.clock.jump_to(scene.clock.now() + timedelta(minutes=1))
        await scene.access.save_account("ada", PASSWORD, Role.VIEWER, by="root")

        assert await scene.access.caller(secret) is None
        again = await scene.access.sign_in("ada", PASSWORD)
        assert again is not None
        caller = await scene.access.caller(again)
        assert caller is not None
        assert caller.role is Role.VIEWER

    async def test_a_disabled_account_is_out_at_once(self, scene: Scene) -> None:
        secret = await signed_in(scene)
        await scene.access.disable_account("ada", by="root")

        assert await scene.access.caller(secret) is None
        assert await scene.access.sign_in("ada", PASSWORD) is None
        assert scene.store.trail[-1] == ("root", "account.disabled", "ada")
        with pytest.raises(NotFound):
            await scene.access.disable_account("nobody", by="root")

    async def test_a_revoked_token_is_out_at_once(self, scene: Scene) -> None:
        token, secret = await scene.access.create_token("ci", Role.VIEWER, by="root")
        assert await scene.access.caller(secret) == Caller("ci", Role.VIEWER, token)

        await scene.access.revoke(token, by="root")

        assert await scene.access.caller(secret) is None
        with pytest.raises(NotFound):
            await scene.access.revoke(token, by="root")


class TestTokens:
    @pytest.mark.parametrize("name", ["", "  ", "session:ada"])
    async def test_a_token_needs_a_name_of_its_own(
        self, scene: Scene, name: str
    ) -> None:
        with pytest.raises(Broken):
            await scene.access.create_token(name, Role.ADMIN, by="root")

    async def test_who_created_what_is_on_the_trail(self, scene: Scene) -> None:
        token, _ = await scene.access.create_token("ci", Role.VIEWER, by="root")

        assert ("root", "token.created", token) in scene.store.trail

    async def test_a_token_is_looked_up_once_in_a_while(self, scene: Scene) -> None:
        _, secret = await scene.access.create_token("ci", Role.VIEWER, by="root")
        for _ in range(10):
            await scene.access.caller(secret)

        assert scene.store.asked == 1

    async def test_a_guess_is_nobody(self, scene: Scene) -> None:
        assert await scene.access.caller("csms_guess") is None

    async def test_what_is_remembered_is_bounded(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("csms.services.access._MOST", 10)
        for each in range(50):
            await scene.access.caller(f"guess-{each}")
            scene.access._is_locked(f"name-{each}")  # noqa: SLF001 without hashing

        assert len(scene.access._known) <= 11  # noqa: SLF001
        assert len(scene.access._failures) <= 11  # noqa: SLF001

    async def test_a_token_that_is_set_up_again_stays_as_it_is(
        self, scene: Scene
    ) -> None:
        for _ in range(2):
            await scene.access.ensure_token("s" * 20, "bootstrap", Role.ADMIN)

        assert len(scene.store.tokens) == 1
        caller = await scene.access.caller("s" * 20)
        assert caller is not None
        assert caller.role is Role.ADMIN


class TestAccounts:
    async def test_a_short_password_is_refused(self, scene: Scene) -> None:
        with pytest.raises(Broken, match="short"):
            await scene.access.save_account(
                "ada", "x" * (MIN_PASSWORD - 1), Role.VIEWER, by="root"
            )

    async def test_an_account_needs_a_name(self, scene: Scene) -> None:
        with pytest.raises(Broken):
            await scene.access.save_account(" ", PASSWORD, Role.VIEWER, by="root")
