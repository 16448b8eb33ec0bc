"""One event from call to accounts, and what an outage may do to it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from csms.db.engine import create_engine
from csms.domain.errors import Broken
from csms.domain.event import Outcome, Reason, Stage
from csms.domain.ids import EventId, EvseId, ParticipantId
from csms.domain.interval import Interval
from csms.domain.notice import Channel, NoticeKind
from csms.domain.units import ZERO_ENERGY, Power
from csms.flex.lifecycle import NotThatWay
from csms.services.events import (
    EventDraft,
    NoSuchEvent,
    NotAWindow,
    OtherEvent,
    RulesBroken,
)
from csms.services.ports.events import Member, MemberOrder
from tests.event_world import DRAFT, EVENING, WINDOW, Node, World

pytestmark = pytest.mark.postgres

LAST_PLAN = WINDOW.start - timedelta(minutes=30)
GRACE = timedelta(minutes=30)
BOOKS_CLOSED = WINDOW.end + GRACE


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    engine = create_engine(database)
    yield World(engine)
    await engine.dispose()


async def orders(world: World) -> dict[EvseId, MemberOrder]:
    async with world.look() as work:
        found = await work.events.dispatchable(world.clock.now())
    return {each.evse: each for each in found}


async def test_a_called_event_is_noticed_run_measured_and_settled(world: World) -> None:
    (home,) = await world.add("home")
    event = await world.node.events.call(DRAFT, by="operator")
    await world.drain()
    assert [to for to, _, _ in world.mails.sent] == ["home@example.org"]

    await world.until(LAST_PLAN)
    await world.until(WINDOW.start)
    order = (await orders(world))[home]
    assert order.stage is Stage.ACTIVE
    assert order.notified
    assert order.setpoint is not None
    world.meters.export(home, -order.setpoint.power.watts, WINDOW)
    await world.until(WINDOW.end)
    await world.until(BOOKS_CLOSED)

    async with world.look() as work:
        record = await work.events.find(event)
        (member,) = await work.events.members(event)
    assert record is not None
    assert record.event.stage is Stage.SETTLED
    assert member.outcome is Outcome.DELIVERED
    assert member.delivered == member.planned
    assert member.planned is not None
    assert member.planned.watt_seconds < 0


async def test_after_an_outage_the_books_wait_for_what_stations_kept_meanwhile(
    world: World,
) -> None:
    (home,) = await world.add("home")
    event = await world.node.events.call(DRAFT, by="operator")
    await world.drain()
    await world.until(LAST_PLAN)
    await world.until(WINDOW.start)
    setpoint = (await orders(world))[home].setpoint
    assert setpoint is not None

    back = BOOKS_CLOSED + timedelta(hours=1)
    world.clock.jump_to(back)
    started = Node.start(world)
    world.node = replace(started, runner=replace(started.runner, since=back))
    await world.drain()
    async with world.look() as work:
        early = await work.events.find(event)
        owed = await work.events.open_duties(event)
    world.meters.export(home, -setpoint.power.watts, WINDOW)
    await world.until(back + GRACE)

    async with world.look() as work:
        late = await work.events.find(event)
        (member,) = await work.events.members(event)
    assert early is not None
    assert early.event.stage is Stage.COMPLETED
    assert owed == []
    assert late is not None
    assert late.event.stage is Stage.SETTLED
    assert late.event.window.end + late.event.metering_grace == BOOKS_CLOSED
    assert member.delivered == member.planned != ZERO_ENERGY


class TestExclusions:
    async def test_who_cannot_take_part_is_shown_with_the_reason(
        self, world: World
    ) -> None:
        await world.add("home")
        await world.add("plant", utility="sterling-mlp")
        await world.add("noexport", export_permission=False)
        await world.add("unverified", verified=False)

        preview = await world.node.events.preview(DRAFT)

        reasons = {each.participant: each.entry.exclusions for each in preview.entries}
        assert reasons == {
            "home": (),
            "plant": (Reason.NOT_ELIGIBLE_UTILITY,),
            "noexport": (Reason.NO_EXPORT_PERMISSION,),
            "unverified": (Reason.CHARGE_ONLY,),
        }
        assert preview.excluded[Reason.CHARGE_ONLY] == 1

    async def test_the_excluded_get_no_notice_and_end_excluded(
        self, world: World
    ) -> None:
        (home,) = await world.add("home")
        await world.add("plant", utility="sterling-mlp")
        event = await world.node.events.call(DRAFT, by="operator")
        await world.drain()
        await world.until(WINDOW.start)
        world.meters.export(home, 1000, WINDOW)
        await world.until(BOOKS_CLOSED)

        async with world.look() as work:
            outcomes = {
                m.participant: m.outcome for m in await work.events.members(event)
            }
        assert outcomes[ParticipantId("plant")] is Outcome.EXCLUDED
        assert not [to for to, _, _ in world.mails.sent if to.startswith("plant")]


class TestPreview:
    async def test_it_keeps_nothing(self, world: World) -> None:
        await world.add("home")

        preview = await world.node.events.preview(DRAFT)

        assert preview.callable
        assert preview.plan.power.watts < 0
        assert {each.kind for each in preview.notices} == {
            NoticeKind.CALLED,
            NoticeKind.REMINDER,
            NoticeKind.RESULT,
        }
        async with world.look() as work:
            assert not await work.events.listed()

    @pytest.mark.parametrize(
        ("window", "rule"),
        [
            (
                Interval(EVENING - timedelta(days=1), EVENING - timedelta(hours=21)),
                "past",
            ),
            (
                Interval(EVENING + timedelta(minutes=10), EVENING + timedelta(hours=2)),
                "minimum_lead",
            ),
            (Interval(WINDOW.start - timedelta(hours=9), WINDOW.end), "program"),
            (
                Interval(
                    datetime(2026, 9, 7, 20, tzinfo=UTC),
                    datetime(2026, 9, 7, 22, tzinfo=UTC),
                ),
                "program",
            ),
        ],
    )
    async def test_a_rule_that_forbids_it_is_named(
        self, world: World, window: Interval, rule: str
    ) -> None:
        await world.add("home")
        draft = replace(DRAFT, window=window)

        preview = await world.node.events.preview(draft)

        assert rule in {each.rule for each in preview.violations if each.blocking}
        with pytest.raises(RulesBroken):
            await world.node.events.call(draft, by="operator")

    async def test_a_call_on_the_same_day_is_only_warned_of(self, world: World) -> None:
        await world.add("home")
        world.clock.jump_to(WINDOW.start - timedelta(hours=4))

        preview = await world.node.events.preview(DRAFT)

        assert [each.rule for each in preview.violations] == ["notice_lead"]
        assert preview.callable

    async def test_a_program_is_not_called_twice_a_day(self, world: World) -> None:
        await world.add("home")
        await world.node.events.call(DRAFT, by="operator")

        preview = await world.node.events.preview(DRAFT)

        assert {each.rule for each in preview.violations} == {"max_per_day", "overlap"}

    async def test_a_window_without_length_is_no_window(self, world: World) -> None:
        with pytest.raises(NotAWindow):
            await world.node.events.preview(
                replace(DRAFT, window=Interval(WINDOW.start, WINDOW.start))
            )

    async def test_a_target_is_positive(self, world: World) -> None:
        with pytest.raises(Broken):
            await world.node.events.preview(replace(DRAFT, target=Power(0)))


class TestCalling:
    async def test_the_same_key_gives_the_same_event(self, world: World) -> None:
        await world.add("home")

        first = await world.node.events.call(DRAFT, by="operator", idempotency="k")
        again = await world.node.events.call(DRAFT, by="operator", idempotency="k")

        assert first == again

    async def test_a_key_is_not_used_for_another_event(self, world: World) -> None:
        await world.add("home")
        await world.node.events.call(DRAFT, by="operator", idempotency="k")

        with pytest.raises(OtherEvent):
            await world.node.events.call(
                replace(DRAFT, target=Power.kw(5)), by="operator", idempotency="k"
            )

    async def test_there_is_no_such_event(self, world: World) -> None:
        with pytest.raises(NoSuchEvent):
            await world.node.events.find(EventId("none"))
        with pytest.raises(NoSuchEvent):
            await world.node.events.cancel(EventId("none"), "why", "operator")


class TestReplanning:
    async def test_others_step_in_for_who_leaves_when_there_is_a_target(
        self, world: World
    ) -> None:
        homes = [(await world.add(f"home-{n}"))[0] for n in range(3)]
        draft = replace(DRAFT, target=Power.kw(6))
        await world.node.events.call(draft, by="operator")
        await world.drain()
        await world.until(WINDOW.start)
        for home in homes:
            world.plug(home)
        before = await orders(world)
        world.clock.jump_to(WINDOW.start + timedelta(minutes=3))

        await world.node.participation.opt_out_of(
            before[homes[0]].event, ParticipantId("home-0"), by="operator"
        )
        await world.drain()

        after = await orders(world)
        assert after[homes[0]].setpoint is None
        watts = [
            order.setpoint.power.watts for order in after.values() if order.setpoint
        ]
        assert sum(watts) == -6000
        assert len(watts) == 2

    async def test_nothing_changes_for_others_without_a_target(
        self, world: World
    ) -> None:
        homes = [(await world.add(f"home-{n}"))[0] for n in range(2)]
        event = await world.node.events.call(DRAFT, by="operator")
        await world.drain()
        await world.until(WINDOW.start)
        before = await orders(world)
        world.clock.jump_to(WINDOW.start + timedelta(minutes=30))
        world.live.update(homes[0], plugged=False)

        await world.node.replanner.handle(homes[0], plugged=False, at=world.clock.now())
        await world.drain()

        after = await orders(world)
        assert after[homes[0]].setpoint is None
        assert after[homes[1]].setpoint == before[homes[1]].setpoint
        async with world.look() as work:
            members = await work.events.members(event)
        assert members[0].states[-1].state == "unplugged"
        assert members[0].planned == members[1].planned

    async def test_a_release_asks_for_a_new_plan_only_with_a_target(
        self, world: World
    ) -> None:
        (home,) = await world.add("home")
        event = await world.node.events.call(
            replace(DRAFT, target=Power.kw(2)), by="operator"
        )
        await world.drain()
        await world.until(WINDOW.start)

        async with world.look() as work:
            first = await work.events.release_member(
                event, home, Reason.SOC_FLOOR, world.clock.now()
            )
            again = await work.events.release_member(
                event, home, Reason.LIMIT, world.clock.now()
            )
            owed = await work.events.open_duties(event)

        assert (first, again) == (True, False)
        assert [each.kind for each in owed] == ["replan"]
        await world.drain()
        order = (await orders(world))[home]
        assert order.release_reason is Reason.SOC_FLOOR
        assert order.setpoint is None
        async with world.look() as work:
            assert await work.events.reinstate_member(event, home, world.clock.now())
        assert (await orders(world))[home].released_at is None


async def accounted(world: World, event: EventId) -> Sequence[Member]:
    """Return the members, each accounted to the watt-second, and nothing owed."""
    async with world.look() as work:
        members = await work.events.members(event)
        record = await work.events.find(event)
        assert await work.events.open_duties(event) == []
    assert record is not None
    assert record.event.stage is Stage.CANCELLED
    for each in members:
        missing = sum(energy.watt_seconds for energy in (each.reasons or {}).values())
        delivered = each.delivered.watt_seconds if each.delivered else 0
        planned = each.planned.watt_seconds if each.planned else 0
        assert delivered + missing == planned
    return members


class TestCancelling:
    async def test_who_was_told_is_told_of_the_end(self, world: World) -> None:
        (home,) = await world.add("home")
        event = await world.node.events.call(DRAFT, by="operator")
        await world.drain()

        await world.node.events.cancel(event, "storm", by="operator")
        await world.drain()

        subjects = [letter.subject for _, letter, _ in world.mails.sent]
        assert len(subjects) == 2
        assert subjects[1].startswith("Called off")
        order = (await orders(world))[home]
        assert order.stage is Stage.CANCELLED
        await world.node.events.cancel(event, "storm", by="operator")

    async def test_what_is_not_out_yet_is_withdrawn(self, world: World) -> None:
        await world.add("home")
        event = await world.node.events.call(DRAFT, by="operator")
        while await world.node.runner.step():
            pass

        await world.node.events.cancel(event, "storm", by="operator")
        await world.drain()

        assert not world.mails.sent

    async def test_before_the_start_nobody_was_asked_anything(
        self, world: World
    ) -> None:
        await world.add("home")
        await world.add("leaver")
        await world.add("plant", utility="some-municipal-plant")
        event = await world.node.events.call(DRAFT, by="operator")
        await world.drain()
        leaver = ParticipantId("leaver")
        await world.node.participation.opt_out_of(event, leaver, by="link")

        await world.node.events.cancel(event, "storm", by="operator")
        await world.drain()

        members = await accounted(world, event)
        assert {str(each.participant): each.outcome for each in members} == {
            "home": Outcome.NOT_ASKED,
            "leaver": Outcome.NOT_ASKED,
            "plant": Outcome.EXCLUDED,
        }
        assert [letter.subject[:10] for _, letter, _ in world.mails.sent][-2:] == [
            "Called off",
            "Called off",
        ]

    async def test_during_the_event_each_kwh_has_its_reason(self, world: World) -> None:
        (home,) = await world.add("home")
        event = await world.node.events.call(DRAFT, by="operator")
        await world.drain()
        await world.until(WINDOW.start - timedelta(minutes=30))
        await world.until(WINDOW.start)
        async with world.look() as work:
            (before,) = await work.events.members(event)
        assert before.planned_power is not None
        hour = Interval(WINDOW.start, WINDOW.start + timedelta(hours=1))
        world.meters.export(home, -before.planned_power.watts, hour)
        await world.until(hour.end)

        await world.node.events.cancel(event, "storm", by="operator")
        await world.drain()
        async with world.look() as work:
            (waiting,) = await work.events.members(event)
        await world.until(hour.end + timedelta(minutes=30))

        (member,) = await accounted(world, event)
        assert waiting.outcome is None
        assert member.outcome is Outcome.PARTIAL
        assert set(member.reasons or {}) == {Reason.CANCELLED}
        statement = await world.node.settlement.season_statement(
            DRAFT.program, "2026-summer"
        )
        assert statement.total.amount == 0

    async def test_a_settled_event_cannot_be_called_off(self, world: World) -> None:
        await world.add("home")
        event = await world.node.events.call(DRAFT, by="operator")
        await world.until(BOOKS_CLOSED)

        with pytest.raises(NotThatWay):
            await world.node.events.cancel(event, "late", by="operator")


async def test_after_a_long_outage_every_leg_is_passed_and_nothing_is_owed(
    world: World,
) -> None:
    await world.add("home")
    event = await world.node.events.call(DRAFT, by="operator")
    world.clock.jump_to(BOOKS_CLOSED + timedelta(days=2))

    await world.drain()

    async with world.look() as work:
        record = await work.events.find(event)
        owed = await work.events.open_duties(event)
        notices = await work.notices.of_event(event)
    assert record is not None
    assert record.event.stage is Stage.SETTLED
    assert owed == []
    assert [each for each in notices if each.channel is Channel.EMAIL] == []


async def test_a_duty_that_fails_is_tried_again_and_counted(world: World) -> None:
    await world.add("home")
    event = await world.node.events.call(DRAFT, by="operator")
    broken = replace(
        world.node.runner.duties,
        planning=replace(world.node.runner.duties.planning, programs=()),
    )
    runner = replace(world.node.runner, duties=broken)
    assert await runner.step()

    assert await runner.step()

    async with world.look() as work:
        owed = await work.events.open_duties(event)
    assert owed[0].attempts == 1
    assert not await runner.step()
    await asyncio.sleep(0.6)
    await world.drain()
    async with world.look() as work:
        assert await work.events.open_duties(event) == []


def test_a_draft_names_its_program() -> None:
    assert EventDraft(DRAFT.program, WINDOW).name == ""
