"""The node may be killed at any step of an event's life: nothing is lost or doubled."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from csms.db.engine import create_engine
from csms.domain.event import Outcome, Reason, Stage
from csms.domain.ids import EventId, EvseId
from csms.domain.interval import Interval
from csms.domain.units import Energy
from tests.event_world import DRAFT, EVENING, WINDOW, Fate, World, token_in

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]

LEGS = {"plan", "notify", "remind", "finalise", "dispatch", "release", "settle"}
BOUNDARIES = ("commit.before", "commit.after", "mail.before", "mail.after")


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    engine = create_engine(database)
    yield World(engine)
    await engine.dispose()


@dataclass(frozen=True, slots=True)
class Fleet:
    staying: EvseId
    leaving: EvseId
    falling_short: EvseId
    ineligible: EvseId


async def a_fleet(world: World) -> Fleet:
    (staying,) = await world.add("staying")
    (leaving,) = await world.add("leaving")
    (short,) = await world.add("short")
    (ineligible,) = await world.add("plant", utility="sterling-mlp")
    return Fleet(staying, leaving, short, ineligible)


async def a_life(world: World, fleet: Fleet) -> EventId:
    """Call an event, let a participant leave, let the meters run, close the books.

    Those outside (the operator, the participant) ask again if they get no answer.
    """
    world.clock.jump_to(EVENING)
    event = await world.insist(
        lambda: world.node.events.call(DRAFT, by="operator", idempotency="the-call")
    )
    await world.drain()
    letters = {to: letter for to, letter, _ in world.mails.sent}
    token = token_in(letters["leaving@example.org"])
    await world.until(WINDOW.start - timedelta(hours=3))
    await world.insist(lambda: world.node.participation.opt_out(token))
    await world.drain()
    await world.until(WINDOW.start - timedelta(minutes=30))
    await world.until(WINDOW.start)
    async with world.look() as work:
        members = {each.evse: each for each in await work.events.members(event)}
    watts = members[fleet.staying].planned_power
    assert watts is not None
    world.meters.export(fleet.staying, -watts.watts, WINDOW)
    half = Interval(WINDOW.start, WINDOW.start + WINDOW.duration / 2)
    world.meters.export(fleet.falling_short, -watts.watts, half)
    world.clock.jump_to(half.end)
    await world.insist(
        lambda: world.node.replanner.handle(
            fleet.falling_short, plugged=False, at=half.end
        )
    )
    await world.drain()
    await world.until(WINDOW.end)
    await world.until(WINDOW.end + timedelta(minutes=30))
    return event


async def judge(world: World, fleet: Fleet, event: EventId, killed: str) -> None:
    """Check everything that was promised."""
    async with world.look() as work:
        record = await work.events.find(event)
        assert await work.events.open_duties(event) == []
        members = {each.evse: each for each in await work.events.members(event)}
        notices = await work.notices.of_event(event)
        facts = Counter(fact.kind for fact in await work.facts.after(0, 10_000))
        listed = await work.events.listed()
    assert record is not None
    assert [each.event.id for each in listed] == [event]
    assert record.event.stage is Stage.SETTLED

    assert members[fleet.staying].outcome is Outcome.DELIVERED
    assert members[fleet.leaving].outcome is Outcome.OPTED_OUT
    assert members[fleet.falling_short].outcome is Outcome.PARTIAL
    assert members[fleet.ineligible].outcome is Outcome.EXCLUDED
    for member in members.values():
        assert member.planned is not None
        assert member.delivered is not None
        parts = Energy.total((member.reasons or {}).values())
        assert member.delivered + parts == member.planned, killed
    assert set(members[fleet.falling_short].reasons or ()) == {Reason.UNPLUGGED}

    assert all(each.sent_at is not None for each in notices)
    owed = Counter((each.participant, each.kind, each.channel) for each in notices)
    assert set(owed.values()) == {1}
    copies = Counter(message for _, _, message in world.mails.sent)
    doubled = sum(count - 1 for count in copies.values())
    at_risk = killed in (
        "mail.after",
        "notices.mark_sent",
        "facts.add",
        "commit.before",
    )
    assert doubled <= int(at_risk), killed
    kinds = Counter(each.kind for each in notices if each.address)
    assert kinds == {"called": 3, "reminder": 2, "result": 3}

    for kind in ("event.called", "event.active", "event.completed", "event.settled"):
        assert facts[kind] == 1, (kind, killed)
    assert facts["participant.opted_out"] == 1
    assert facts["duty.missed"] == 0


async def count_steps(world: World, fleet: Fleet) -> list[str]:
    event = await a_life(world, fleet)
    await judge(world, fleet, event, "never")
    return list(world.fate.steps)


def points(steps: list[str], seed: int) -> list[int]:
    """Return before which steps to kill: a sample of boundaries and one of the rest."""
    dice = random.Random(seed)  # noqa: S311 a seeded sample is the point
    boundaries = [at for at, name in enumerate(steps) if name in BOUNDARIES]
    others = [at for at, name in enumerate(steps) if name not in BOUNDARIES]
    chosen = dice.sample(boundaries, min(30, len(boundaries)))
    return sorted({*chosen, *dice.sample(others, min(30, len(others)))})


async def test_an_event_ends_the_same_wherever_its_node_is_killed(world: World) -> None:
    fleet = await a_fleet(world)
    steps = await count_steps(world, fleet)
    seed = len(steps)

    for at in points(steps, seed):
        await begin_again(world, fleet, Fate(at))
        event = await a_life(world, fleet)
        assert world.fate.struck, (at, steps[at])
        await judge(world, fleet, event, world.fate.steps[at])


async def test_an_event_survives_being_killed_again_and_again(world: World) -> None:
    fleet = await a_fleet(world)
    await begin_again(world, fleet, Fate(every=17))

    event = await a_life(world, fleet)

    async with world.look() as work:
        members = {each.evse: each for each in await work.events.members(event)}
        assert await work.events.open_duties(event) == []
    assert members[fleet.staying].outcome is Outcome.DELIVERED
    assert members[fleet.leaving].outcome is Outcome.OPTED_OUT


async def begin_again(world: World, fleet: Fleet, fate: Fate) -> None:
    await world.forget_events()
    world.be_fated(fate)
    for evse in (fleet.staying, fleet.leaving, fleet.falling_short, fleet.ineligible):
        world.plug(evse)
