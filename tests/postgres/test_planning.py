"""What plans are made from: forecasts far ahead, measurements near, limits always."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from csms.db.engine import create_engine
from csms.domain.event import Reason
from csms.domain.ids import EventId, EvseId, VehicleId
from csms.domain.plan import Availability
from csms.domain.units import Power
from csms.domain.vehicle import Departure, MobilityNeed, Override
from csms.services.program_records import NoSuchProgram
from tests.event_world import DRAFT, EVENING, WINDOW, World

pytestmark = pytest.mark.postgres

NEAR = WINDOW.start - timedelta(minutes=30)
TUESDAY = 1


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    engine = create_engine(database)
    yield World(engine)
    await engine.dispose()


async def gathered(world: World, event: EventId, at: datetime) -> Availability:
    world.clock.jump_to(at)
    async with world.look() as work:
        record = await work.events.find(event)
        assert record is not None
        planning = world.node.runner.duties.planning
        (found,) = (await planning.gather(work, record, at)).fleet
    return found


async def a_home(world: World, need: MobilityNeed) -> tuple[EvseId, EventId]:
    (home,) = await world.add("home")
    async with world.look() as work:
        await work.fleet.save_need(VehicleId("veh-home-1"), need)
    return home, await world.node.events.call(DRAFT, by="operator")


LEAVING_AT_80 = MobilityNeed(30.0, (Departure(TUESDAY, time(7, 30), 80.0),))


class TestStateOfCharge:
    async def test_far_ahead_it_is_what_the_driver_asks_for_that_day(
        self, world: World
    ) -> None:
        home, event = await a_home(world, LEAVING_AT_80)
        world.plug(home, 55.0)

        found = await gathered(world, event, EVENING)

        assert found.expected_soc_pct == 80.0

    async def test_a_date_of_its_own_counts_before_the_weekday(
        self, world: World
    ) -> None:
        special = Override(date(2026, 7, 14), time(9), 95.0)
        need = replace(LEAVING_AT_80, overrides=(special,))
        _, event = await a_home(world, need)

        assert (await gathered(world, event, EVENING)).expected_soc_pct == 95.0

    async def test_without_a_wish_it_is_what_was_last_seen(self, world: World) -> None:
        home, event = await a_home(world, MobilityNeed(30.0))
        world.plug(home, 55.0)

        assert (await gathered(world, event, EVENING)).expected_soc_pct == 55.0

    async def test_near_the_start_it_is_measured(self, world: World) -> None:
        home, event = await a_home(world, LEAVING_AT_80)
        world.plug(home, 55.0)

        found = await gathered(world, event, NEAR)

        assert found.expected_soc_pct is None
        assert found.soc_pct == 55.0

    async def test_of_a_vehicle_that_is_away_it_is_what_was_last_seen(
        self, world: World
    ) -> None:
        home, event = await a_home(world, LEAVING_AT_80)
        world.plug(home, 55.0)
        world.live.update(home, plugged=False)

        found = await gathered(world, event, NEAR)

        assert found.expected_soc_pct == 55.0
        assert not found.plugged

    async def test_of_one_never_seen_it_is_what_its_driver_asks_for(
        self, world: World
    ) -> None:
        home, event = await a_home(world, LEAVING_AT_80)
        world.live.update(home, plugged=False, soc_pct=None)

        assert (await gathered(world, event, NEAR)).expected_soc_pct == 80.0


class TestLimits:
    async def test_the_vehicle_may_allow_less_than_its_rating(
        self, world: World
    ) -> None:
        home, event = await a_home(world, LEAVING_AT_80)
        world.live.update(
            home, ev_needs={"v2xChargingParameters": {"maxDischargePower": 3000.0}}
        )

        found = await gathered(world, event, EVENING)

        assert found.vehicle_max_discharge == Power(3000)

    async def test_it_never_gives_more_than_its_rating(self, world: World) -> None:
        home, event = await a_home(world, LEAVING_AT_80)
        world.live.update(
            home, ev_needs={"v2xChargingParameters": {"maxDischargePower": 99_000}}
        )

        found = await gathered(world, event, EVENING)

        assert found.vehicle_max_discharge == Power(7600)

    async def test_a_program_may_keep_a_higher_floor(self, world: World) -> None:
        _, event = await a_home(world, LEAVING_AT_80)
        planning = world.node.runner.duties.planning
        programs = [
            each.model_copy(
                update={
                    "participant_rules": each.participant_rules.model_copy(
                        update={"max_draw_pct": 60.0}
                    )
                }
            )
            for each in planning.programs
        ]
        async with world.look() as work:
            record = await work.events.find(event)
            assert record is not None
            strict = replace(planning, programs=programs)
            (found,) = (await strict.gather(work, record, EVENING)).fleet

        assert found.floor_soc_pct == 40.0

    async def test_the_next_departure_is_in_the_zone_of_the_site(
        self, world: World
    ) -> None:
        _, event = await a_home(world, LEAVING_AT_80)

        found = await gathered(world, event, EVENING)

        assert found.next_departure is not None
        assert found.next_departure.at.isoformat() == "2026-07-21T11:30:00+00:00"


class TestExclusions:
    async def test_a_quarantine_excludes_until_the_window_opens_and_after(
        self, world: World
    ) -> None:
        home, event = await a_home(world, LEAVING_AT_80)
        await world.drain()
        world.book.known[home] = replace(world.book.known[home], quarantined=True)
        await world.until(NEAR)
        world.book.known[home] = replace(world.book.known[home], quarantined=False)
        await world.until(WINDOW.start)

        found = await gathered(world, event, WINDOW.start)

        assert found.exclusions == (Reason.VENDOR_QUARANTINED,)

    async def test_one_without_a_vehicle_has_nothing_to_give(
        self, world: World
    ) -> None:
        home, event = await a_home(world, LEAVING_AT_80)
        world.book.known[home] = replace(world.book.known[home], vehicle=None)

        found = await gathered(world, event, EVENING)

        assert found.exclusions == (Reason.NO_VEHICLE,)

    async def test_a_released_member_is_not_planned_again(self, world: World) -> None:
        home, event = await a_home(world, LEAVING_AT_80)
        await world.drain()
        async with world.look() as work:
            await work.events.release_member(event, home, Reason.LIMIT, EVENING)

        assert (await gathered(world, event, EVENING)).exclusions == (Reason.LIMIT,)


async def test_the_version_an_event_was_called_under_must_be_kept(
    world: World,
) -> None:
    _, event = await a_home(world, LEAVING_AT_80)
    planning = replace(world.node.runner.duties.planning, programs=())
    async with world.look() as work:
        record = await work.events.find(event)
        assert record is not None

        with pytest.raises(NoSuchProgram):
            await planning.gather(work, record, EVENING)


async def test_planning_without_news_keeps_no_second_plan(world: World) -> None:
    _, event = await a_home(world, LEAVING_AT_80)
    await world.drain()
    planning = world.node.runner.duties.planning

    async with world.look() as work:
        record = await work.events.find(event)
        assert record is not None
        first = await work.events.newest_plan(event)
        again = await planning.plan(work, record, "again", EVENING)

    assert again == first
    assert again.revision == 1
