"""Notices: owed once, sent with patience, proved; links that are never kept."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from csms.db.engine import create_engine
from csms.domain.ids import EventId
from csms.domain.notice import LINK_MARK, Channel, NoticeKind
from csms.services.participation import NoSuchLink
from csms.services.ports.notices import Undeliverable
from tests.event_world import DRAFT, EVENING, WINDOW, World, token_in

pytestmark = pytest.mark.postgres


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    engine = create_engine(database)
    yield World(engine)
    await engine.dispose()


async def owed(world: World) -> EventId:
    """Call an event and leave its notices unsent."""
    event = await world.node.events.call(DRAFT, by="operator")
    while await world.node.runner.step():
        pass
    return event


async def test_each_participant_is_told_by_mail_and_inbox_once(world: World) -> None:
    await world.add("fleet", evses=3)
    event = await owed(world)
    await world.drain()

    async with world.look() as work:
        notices = await work.notices.of_event(event)
        record = await work.events.find(event)
        assert record is not None
        again = await world.node.runner.duties.notices.call_out(work, record, EVENING)

    assert sorted((each.kind, each.channel) for each in notices) == [
        (NoticeKind.CALLED, Channel.EMAIL),
        (NoticeKind.CALLED, Channel.INBOX),
    ]
    assert again == 0
    assert len(world.mails.sent) == 1
    _, letter, message = world.mails.sent[0]
    assert letter.text.count("Car of fleet") == 3
    assert message == f"<{notices[0].id}@csms.invalid>" or message == (
        f"<{notices[1].id}@csms.invalid>"
    )


async def test_a_link_opens_its_page_and_is_kept_nowhere(world: World) -> None:
    await world.add("home")
    await owed(world)
    await world.drain()
    letter = world.mails.sent[0][1]
    token = token_in(letter)

    page = await world.node.participation.by_token(token)

    assert page.participant.id == "home"
    assert LINK_MARK not in letter.text + letter.html
    assert f"/p/{token}" in letter.html
    async with world.engine.connect() as connection:
        for table in ("notice", "signed_link", "fact", "duty"):
            rows = (await connection.execute(text(f"SELECT * FROM {table}"))).all()  # noqa: S608
            assert token not in str(rows)


async def test_a_link_ends_a_month_after_its_event(world: World) -> None:
    await world.add("home")
    await owed(world)
    await world.drain()
    token = token_in(world.mails.sent[0][1])
    world.clock.jump_to(WINDOW.end + timedelta(days=30))

    with pytest.raises(NoSuchLink):
        await world.node.participation.by_token(token)


class TestAMailServerInTrouble:
    async def test_what_it_refuses_for_now_is_tried_again_later(
        self, world: World
    ) -> None:
        await world.add("home")
        event = await owed(world)
        world.mails.refusing = Undeliverable("451 later")
        assert await world.node.sender.step()
        assert not await world.node.sender.step()
        world.mails.refusing = None
        world.clock.jump_to(EVENING + timedelta(seconds=2))

        assert await world.node.sender.step()

        assert len(world.mails.sent) == 1
        async with world.look() as work:
            notices = await work.notices.of_event(event)
        (mail,) = [each for each in notices if each.channel is Channel.EMAIL]
        assert mail.attempts == 1
        assert mail.sent_at == world.clock.now()
        assert mail.error is None

    async def test_each_further_attempt_waits_longer(self, world: World) -> None:
        await world.add("home")
        await owed(world)
        world.mails.refusing = Undeliverable("451 later")
        waits = []
        for _ in range(4):
            before = world.clock.now()
            assert await world.node.sender.step()
            async with world.look() as work:
                again = await work.notices.next_attempt()
            assert again is not None
            waits.append((again - before).total_seconds())
            world.clock.jump_to(again)

        assert waits == [1, 2, 4, 8]

    async def test_what_it_refuses_for_good_is_given_up(self, world: World) -> None:
        await world.add("home")
        event = await owed(world)
        world.mails.refusing = Undeliverable("550 no such person", permanent=True)

        assert await world.node.sender.step()

        async with world.look() as work:
            assert await work.notices.next_attempt() is None
            assert not await work.notices.told(event, WINDOW.start)
            (order,) = await work.events.dispatchable(EVENING)
            facts = [fact.kind for fact in await work.facts.after(0, 100)]
        assert not order.notified
        assert "notice.failed" in facts

    async def test_one_that_is_away_holds_up_the_sender(self, world: World) -> None:
        await world.add("home")
        event = await owed(world)
        world.mails.refusing = Undeliverable("no contact", lost_contact=True)

        with pytest.raises(Undeliverable):
            await world.node.sender.step()

        async with world.look() as work:
            notices = await work.notices.of_event(event)
        assert [each.attempts for each in notices if each.address] == [1]

    async def test_a_broken_message_does_not_hold_up_the_others(
        self, world: World
    ) -> None:
        await world.add("home")
        await world.add("other")
        await owed(world)
        world.mails.refusing = ZeroDivisionError("a bug")
        assert await world.node.sender.step()
        world.mails.refusing = None

        assert await world.node.sender.step()

        async with world.look() as work:
            (event,) = await work.events.listed()
            told = await work.notices.told(event.event.id, WINDOW.start)
        assert len(told) == 1

    async def test_a_call_is_not_sent_after_the_start(self, world: World) -> None:
        await world.add("home")
        event = await owed(world)
        world.clock.jump_to(WINDOW.start)

        assert await world.node.sender.step()

        assert not world.mails.sent
        async with world.look() as work:
            notices = await work.notices.of_event(event)
        (mail,) = [each for each in notices if each.address]
        assert mail.failed_at == WINDOW.start

    async def test_a_result_is_given_up_after_many_attempts(self, world: World) -> None:
        await world.add("home")
        event = await owed(world)
        await world.drain()
        await world.until(WINDOW.start)
        world.clock.jump_to(WINDOW.end + timedelta(hours=1))
        while await world.node.runner.step():
            pass
        world.mails.refusing = Undeliverable("451 later")

        for _ in range(world.node.sender.policy.attempts):
            async with world.look() as work:
                again = await work.notices.next_attempt()
            assert again is not None
            world.clock.jump_to(max(again, world.clock.now()))
            assert await world.node.sender.step()

        assert not await world.node.sender.step()
        async with world.look() as work:
            notices = await work.notices.of_event(event)
        (result,) = [e for e in notices if e.address and e.kind is NoticeKind.RESULT]
        assert result.failed_at is not None


async def test_two_senders_never_send_the_same(world: World) -> None:
    await world.add("home")
    await owed(world)

    async with world.look() as first, world.look() as second:
        taken = await first.notices.claim_unsent(EVENING)
        other = await second.notices.claim_unsent(EVENING)

    assert taken is not None
    assert other is None


async def test_a_call_off_waits_for_no_mail_and_reaches_whom_the_call_may_reach(
    world: World,
) -> None:
    await world.add("home")
    event = await owed(world)
    async with world.look() as work:
        under_way = await work.notices.claim_unsent(EVENING)
        assert under_way is not None

        await world.node.events.cancel(event, "storm", by="operator")
        async with asyncio.timeout(5):
            while await world.node.runner.step():
                pass
        await work.notices.mark_sent(under_way.id, EVENING)
    await world.drain()

    assert [letter.subject[:10] for _, letter, _ in world.mails.sent] == ["Called off"]


async def test_the_inbox_shows_the_newest_first(world: World) -> None:
    (home,) = await world.add("home")
    await owed(world)
    await world.drain()
    await world.until(WINDOW.start - timedelta(hours=2))
    await world.until(WINDOW.start)
    world.meters.export(home, 1000, WINDOW)
    await world.until(WINDOW.end + timedelta(hours=1))

    async with world.look() as work:
        person = (await work.fleet.participants())[0].id
        inbox = await work.notices.of_participant(person)

    assert [each.kind for each in inbox] == [
        NoticeKind.RESULT,
        NoticeKind.REMINDER,
        NoticeKind.CALLED,
    ]
    assert "3 of" in inbox[0].letter.text


async def test_who_opted_out_is_not_reminded(world: World) -> None:
    await world.add("home")
    await world.add("leaving")
    await owed(world)
    await world.drain()
    tokens = {to: token_in(letter) for to, letter, _ in world.mails.sent}
    await world.node.participation.opt_out(tokens["leaving@example.org"])

    await world.until(WINDOW.start - timedelta(hours=2))

    reminded = [
        to for to, letter, _ in world.mails.sent if letter.subject.startswith("Today")
    ]
    assert reminded == ["home@example.org"]
