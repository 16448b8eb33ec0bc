"""The workers around an event, running as they run in a node."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from csms.db.engine import create_engine
from csms.domain.event import Stage
from csms.domain.ids import EventId
from csms.services.ports.notices import Undeliverable
from csms.services.ports.work import Work
from csms.services.running import RunningPolicy
from csms.services.sending import SendingPolicy
from tests.event_world import DRAFT, WINDOW, World

pytestmark = pytest.mark.postgres

PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Drop log lines: drawing a traceback with all its values takes seconds."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    yield
    structlog.configure(**before)


def _drop(*_: object) -> str:
    raise structlog.DropEvent


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    engine = create_engine(database)
    yield World(engine)
    await engine.dispose()


@asynccontextmanager
async def working(world: World) -> AsyncIterator[None]:
    node = world.node
    runner = replace(node.runner, policy=RunningPolicy(poll_s=0.05, rest_s=0.02))
    sender = replace(node.sender, policy=SendingPolicy(poll_s=0.05, rest_s=0.02))
    tasks = [
        asyncio.create_task(each.run()) for each in (runner, sender, node.replanner)
    ]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await check():
            await asyncio.sleep(0.02)


async def reaches(world: World, event: EventId, stage: Stage) -> None:
    async def check() -> bool:
        async with world.look() as work:
            record = await work.events.find(event)
            owed = await work.events.open_duties(event)
        return record is not None and record.event.stage is stage and not owed

    await eventually(check)


async def mails(world: World, count: int) -> None:
    async def check() -> bool:
        return len(world.mails.sent) >= count

    await eventually(check)


async def test_an_event_goes_its_way_by_itself(world: World) -> None:
    (home,) = await world.add("home")
    async with working(world):
        event = await world.node.events.call(DRAFT, by="operator")
        await reaches(world, event, Stage.NOTIFIED)
        await mails(world, 1)
        world.clock.jump_to(WINDOW.start)
        await reaches(world, event, Stage.ACTIVE)
        world.clock.jump_to(WINDOW.start + timedelta(hours=1))
        world.live.update(home, plugged=False)

        async def noted() -> bool:
            async with world.look() as work:
                (member,) = await work.events.members(event)
            return [each.state for each in member.states] == ["unplugged"]

        await eventually(noted)
        world.clock.jump_to(WINDOW.end + timedelta(minutes=30))
        await reaches(world, event, Stage.SETTLED)
        await mails(world, 2)


async def test_workers_outlive_a_database_and_a_mail_server_that_are_away(
    world: World,
) -> None:
    (home,) = await world.add("home")
    begin, away = world.begin, True

    @asynccontextmanager
    async def moody() -> AsyncIterator[Work]:
        if away:
            raise OSError("no database")
        async with begin() as work:
            yield work

    node = world.node
    world.node = replace(
        node,
        runner=replace(node.runner, begin=moody),
        sender=replace(node.sender, begin=moody),
        replanner=replace(node.replanner, begin=moody),
    )
    world.mails.refusing = Undeliverable("no contact", lost_contact=True)
    event = await node.events.call(DRAFT, by="operator")
    async with working(world):
        world.clock.jump_to(WINDOW.start - timedelta(minutes=35))
        world.live.update(home, plugged=False)
        await asyncio.sleep(0.2)
        away = False
        await reaches(world, event, Stage.NOTIFIED)
        world.mails.refusing = None
        world.clock.jump_to(WINDOW.start - timedelta(minutes=34))
        await mails(world, 1)
