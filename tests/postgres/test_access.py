"""Accounts, tokens, the trail and kept answers, on a real database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from csms.db.engine import create_engine
from csms.db.work import begin_on
from csms.domain.errors import Conflict
from csms.services.access import Access
from csms.services.ports.access import AccessToken, Account, KeptAnswer, Role
from csms.services.ports.work import Begin
from tests.fakes.clock import ManualClock

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 7, 14, tzinfo=UTC)
ADA = Account("ada", Role.ADMIN, "hash", NOW)
TOKEN = AccessToken("tok-1", "ci", Role.VIEWER, NOW, "root")


@pytest.fixture
async def begin(database: str) -> AsyncIterator[Begin]:
    engine = create_engine(database)
    yield begin_on(engine)
    await engine.dispose()


async def test_an_account_is_kept_and_replaced(begin: Begin) -> None:
    async with begin() as work:
        await work.access.save_account(ADA)
    changed = replace(ADA, role=Role.VIEWER, disabled_at=NOW)
    async with begin() as work:
        await work.access.save_account(changed)
        await work.access.save_account(replace(ADA, name="bob"))
    async with begin() as work:
        assert await work.access.account("ada") == changed
        assert await work.access.account("nobody") is None
        assert [each.name for each in await work.access.accounts()] == ["ada", "bob"]


async def test_a_token_is_found_by_its_hash_until_it_is_revoked(begin: Begin) -> None:
    async with begin() as work:
        await work.access.save_token(TOKEN, b"h" * 32)
    async with begin() as work:
        assert await work.access.token_by_hash(b"h" * 32) == TOKEN
        assert await work.access.token_by_hash(b"x" * 32) is None
        assert await work.access.revoke_token("tok-1", NOW)
        assert not await work.access.revoke_token("tok-1", NOW)
        assert not await work.access.revoke_token("tok-2", NOW)
    async with begin() as work:
        assert await work.access.token_by_hash(b"h" * 32) is None
        [kept] = await work.access.tokens()
        assert kept.revoked_at == NOW


async def test_a_secret_has_one_token(begin: Begin) -> None:
    async with begin() as work:
        await work.access.save_token(TOKEN, b"h" * 32)
        again = replace(TOKEN, id="tok-2", role=Role.ADMIN)
        await work.access.save_token(again, b"h" * 32)
    async with begin() as work:
        assert await work.access.token_by_hash(b"h" * 32) == TOKEN


async def test_sessions_are_not_listed_and_the_youngest_comes_first(
    begin: Begin,
) -> None:
    async with begin() as work:
        for number, name in enumerate(("old", "session:ada", "young")):
            token = AccessToken(
                f"tok-{number}", name, Role.VIEWER, NOW + timedelta(hours=number), "x"
            )
            await work.access.save_token(token, bytes([number]) * 32)
    async with begin() as work:
        assert [each.name for each in await work.access.tokens()] == ["young", "old"]


async def test_the_trail_is_read_backwards_in_pages(begin: Begin) -> None:
    async with begin() as work:
        for number in range(5):
            await work.access.audit(
                "ada", "did", f"thing-{number % 2}", {"n": number}, NOW
            )
    async with begin() as work:
        first = await work.access.trail(before=None, limit=2)
        second = await work.access.trail(before=first[-1].id, limit=9)
        mine = await work.access.trail(before=None, limit=9, subject="thing-1")

    assert [each.detail["n"] for each in first] == [4, 3]
    assert [each.detail["n"] for each in second] == [2, 1, 0]
    assert [each.detail["n"] for each in mine] == [3, 1]


async def test_an_answer_is_kept_once(begin: Begin) -> None:
    answer = KeptAnswer(b"body", 201, {"id": "e1"})
    async with begin() as work:
        await work.access.keep_answer("key", answer, NOW)
    async with begin() as work:
        assert await work.access.kept_answer("key") == answer
        assert await work.access.kept_answer("other") is None
    with pytest.raises(Conflict):
        async with begin() as work:
            await work.access.keep_answer("key", answer, NOW)


async def test_people_come_and_go(begin: Begin) -> None:
    clock = ManualClock(NOW)
    access = Access(clock, begin)
    await access.save_account("ada", "correct horse battery", Role.ADMIN, by="root")
    secret = await access.sign_in("ada", "correct horse battery")
    assert secret is not None
    elsewhere = Access(clock, begin)
    caller = await elsewhere.caller(secret)
    assert caller is not None
    assert (caller.name, caller.role) == ("ada", Role.ADMIN)
    await access.sign_out(secret)

    assert await access.caller(secret) is None
    assert await Access(clock, begin).caller(secret) is None
