"""What participants are owed: a notice first, their word taken, their need kept."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from csms.db.engine import create_engine
from csms.domain.errors import Broken
from csms.domain.event import Outcome, Reason
from csms.domain.ids import EventId, EvseId, ParticipantId, VehicleId
from csms.domain.interval import Interval
from csms.domain.units import Energy
from csms.domain.vehicle import MobilityNeed
from csms.services.participation import (
    NoSuchLink,
    NoSuchVehicle,
    NotAMember,
    Started,
    TooLate,
)
from csms.services.ports.events import MemberOrder
from tests.event_world import DRAFT, EVENING, WINDOW, World, token_in

pytestmark = pytest.mark.postgres

LAST_PLAN = WINDOW.start - timedelta(minutes=30)
BOOKS_CLOSED = WINDOW.end + timedelta(minutes=30)


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    engine = create_engine(database)
    yield World(engine)
    await engine.dispose()


async def orders(world: World) -> dict[EvseId, MemberOrder]:
    async with world.look() as work:
        found = await work.events.dispatchable(world.clock.now())
    return {each.evse: each for each in found}


class TestNoNoticeNoDischarge:
    """P3: no discharge without a notice accepted for delivery in time."""

    async def test_nobody_is_notified_before_the_mail_is_accepted(
        self, world: World
    ) -> None:
        (home,) = await world.add("home")
        await world.node.events.call(DRAFT, by="operator")
        while await world.node.runner.step():
            pass
        assert not (await orders(world))[home].notified

        await world.drain()

        assert (await orders(world))[home].notified

    async def test_a_notice_that_is_too_late_does_not_count(self, world: World) -> None:
        (home,) = await world.add("home")
        await world.node.events.call(DRAFT, by="operator")
        while await world.node.runner.step():
            pass
        world.clock.jump_to(WINDOW.start - timedelta(minutes=20))
        await world.drain()

        order = (await orders(world))[home]

        assert world.mails.sent
        assert not order.notified

    async def test_who_was_not_told_is_not_planned(self, world: World) -> None:
        (home,) = await world.add("home")
        event = await world.node.events.call(DRAFT, by="operator")
        world.clock.jump_to(WINDOW.start + timedelta(minutes=5))
        await world.drain()

        order = (await orders(world))[home]

        assert Reason.NOT_NOTIFIED in order.excluded
        assert order.setpoint is None
        await world.until(BOOKS_CLOSED)
        async with world.look() as work:
            (member,) = await work.events.members(event)
        assert member.outcome is Outcome.EXCLUDED

    async def test_the_inbox_counts_for_who_has_no_address(self, world: World) -> None:
        (home,) = await world.add("home", email="")
        await world.node.events.call(DRAFT, by="operator")

        await world.drain()

        assert not world.mails.sent
        assert (await orders(world))[home].notified


class TestOptOut:
    """P4: always possible, before and during."""

    async def called(self, world: World) -> tuple[EventId, str]:
        event = await world.node.events.call(DRAFT, by="operator")
        await world.drain()
        return event, token_in(world.mails.sent[0][1])

    async def test_it_is_kept_and_dispatch_is_told_at_once(self, world: World) -> None:
        (home,) = await world.add("home")
        event, token = await self.called(world)

        result = await world.node.participation.opt_out(token)

        assert result.evses == (home,)
        assert not result.repeated
        assert world.nudges.evses == [home]
        assert (await orders(world))[home].opted_out_at == world.clock.now()
        await world.drain()
        assert (await orders(world))[home].setpoint is None
        await world.until(BOOKS_CLOSED)
        async with world.look() as work:
            (member,) = await work.events.members(event)
        assert member.outcome is Outcome.OPTED_OUT
        assert member.reasons == {Reason.OPT_OUT: member.planned}

    async def test_again_changes_nothing(self, world: World) -> None:
        await world.add("home")
        _, token = await self.called(world)
        first = await world.node.participation.opt_out(token)
        world.clock.jump_to(EVENING + timedelta(hours=1))

        again = await world.node.participation.opt_out(token)

        assert again.repeated
        assert again.at != first.at or first.at == EVENING

    async def test_during_the_event_what_was_given_before_still_counts(
        self, world: World
    ) -> None:
        (home,) = await world.add("home")
        event, token = await self.called(world)
        await world.until(WINDOW.start)
        half = Interval(WINDOW.start, WINDOW.start + timedelta(minutes=90))
        setpoint = (await orders(world))[home].setpoint
        assert setpoint is not None
        world.meters.export(home, -setpoint.power.watts, half)
        world.clock.jump_to(half.end)

        await world.node.participation.opt_out(token)

        await world.until(BOOKS_CLOSED)
        async with world.look() as work:
            (member,) = await work.events.members(event)
        (explained,) = await world.node.settlement.explain(event)
        assert member.outcome is Outcome.OPTED_OUT
        assert member.planned is not None
        assert member.delivered == Energy(member.planned.watt_seconds // 2)
        assert explained.performance.participated
        assert explained.performance.mean_kw > 0

    async def test_it_can_be_taken_back_until_the_start(self, world: World) -> None:
        (home,) = await world.add("home")
        _, token = await self.called(world)
        await world.node.participation.opt_out(token)
        await world.drain()

        await world.node.participation.opt_in_again(token)

        await world.drain()
        order = (await orders(world))[home]
        assert order.opted_out_at is None
        assert order.setpoint is not None
        await world.until(WINDOW.start)
        await world.node.participation.opt_out(token)
        with pytest.raises(Started):
            await world.node.participation.opt_in_again(token)

    async def test_it_is_refused_when_the_event_is_over(self, world: World) -> None:
        await world.add("home")
        _, token = await self.called(world)
        world.clock.jump_to(WINDOW.end)

        with pytest.raises(TooLate):
            await world.node.participation.opt_out(token)

    async def test_an_unknown_link_opens_nothing(self, world: World) -> None:
        with pytest.raises(NoSuchLink):
            await world.node.participation.by_token("guessed")

    async def test_a_stranger_has_no_part(self, world: World) -> None:
        await world.add("home")
        event, _ = await self.called(world)

        with pytest.raises(NotAMember):
            await world.node.participation.opt_out_of(
                event, ParticipantId("stranger"), by="operator"
            )
        with pytest.raises(NotAMember):
            await world.node.participation.opt_out_of(
                EventId("none"), ParticipantId("home"), by="operator"
            )

    async def test_the_page_changes_nothing(self, world: World) -> None:
        await world.add("home")
        _, token = await self.called(world)

        page = await world.node.participation.by_token(token)

        assert page.can_opt_out
        assert not page.can_opt_in
        assert page.opted_out_at is None
        assert page.content.energy_kwh > 0
        assert page.content.starts_at.tzname() == "EDT"
        await world.node.participation.opt_out(token)
        page = await world.node.participation.by_token(token)
        assert page.opted_out_at == EVENING
        assert not page.can_opt_out
        assert page.can_opt_in


class TestNeeds:
    async def test_a_higher_floor_counts_at_once(self, world: World) -> None:
        (home,) = await world.add("home")
        await world.node.events.call(DRAFT, by="operator")
        await world.drain()
        before = (await orders(world))[home]

        await world.node.participation.set_need(
            VehicleId("veh-home-1"), MobilityNeed(70.0), by="driver"
        )

        assert before.floor_soc_pct == 30.0
        assert (await orders(world))[home].floor_soc_pct == 70.0
        await world.drain()
        after = (await orders(world))[home]
        assert before.setpoint is not None
        assert after.setpoint is None or after.setpoint.power > before.setpoint.power

    async def test_nonsense_is_refused(self, world: World) -> None:
        with pytest.raises(Broken):
            await world.node.participation.set_need(
                VehicleId("veh-home-1"), MobilityNeed(101.0), by="driver"
            )
        with pytest.raises(NoSuchVehicle):
            await world.node.participation.set_need(
                VehicleId("none"), MobilityNeed(30.0), by="driver"
            )
