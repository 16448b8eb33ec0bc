"""Closing the books: every watt-second explained, the same bytes every time."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from csms.db import tables
from csms.db.engine import create_engine
from csms.db.work import begin_on
from csms.domain.event import Outcome, Reason
from csms.domain.ids import EventId, EvseId, ParticipantId
from csms.domain.interval import Interval
from csms.domain.reading import Reading
from csms.domain.settlement import Quality
from csms.domain.units import Energy
from csms.flex.settling import render
from csms.services.events import NoSuchEvent
from csms.services.program_records import NoSuchProgram, load_programs
from csms.services.settlement import Settlement
from tests.event_world import DRAFT, SMALL, WINDOW, World

pytestmark = pytest.mark.postgres

SEASON = "2026-summer"
CLOSED = WINDOW.end + timedelta(minutes=30)


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    engine = create_engine(database)
    yield World(engine)
    await engine.dispose()


async def opened(world: World) -> EventId:
    event = await world.node.events.call(DRAFT, by="operator")
    await world.drain()
    await world.until(WINDOW.start - timedelta(minutes=30))
    await world.until(WINDOW.start)
    return event


async def planned_watts(world: World, event: EventId, evse: EvseId) -> int:
    async with world.look() as work:
        members = {each.evse: each for each in await work.events.members(event)}
    power = members[evse].planned_power
    assert power is not None
    return -power.watts


async def test_delivered_and_reasons_make_up_what_was_planned(world: World) -> None:
    (home,) = await world.add("home")
    event = await opened(world)
    watts = await planned_watts(world, event, home)
    hour = Interval(WINDOW.start, WINDOW.start + timedelta(hours=1))
    world.meters.export(home, watts, hour)
    async with world.look() as work:
        await work.events.note_state(event, home, "floor_reached", hour.end)
        await work.events.release_member(event, home, Reason.SOC_FLOOR, hour.end)

    await world.until(CLOSED)

    async with world.look() as work:
        (member,) = await work.events.members(event)
    assert member.outcome is Outcome.PARTIAL
    assert member.planned == Energy(-watts * 3 * 3600)
    assert member.delivered == Energy(-watts * 3600)
    assert member.reasons == {Reason.SOC_FLOOR: Energy(-watts * 2 * 3600)}


async def test_what_nothing_explains_is_unknown(world: World) -> None:
    await world.add("home")
    event = await opened(world)

    await world.until(CLOSED)

    async with world.look() as work:
        (member,) = await work.events.members(event)
    assert member.outcome is Outcome.NOT_DELIVERED
    assert member.quality is Quality.MISSING
    assert member.reasons == {Reason.UNKNOWN: member.planned}


async def test_who_is_away_when_the_window_opens_is_noted(world: World) -> None:
    (home,) = await world.add("home")
    event = await world.node.events.call(DRAFT, by="operator")
    await world.drain()
    await world.until(WINDOW.start - timedelta(minutes=30))
    world.live.update(home, plugged=False)
    world.live.set_connected(home.station, connected=False)

    await world.until(WINDOW.start)
    await world.until(CLOSED)

    async with world.look() as work:
        (member,) = await work.events.members(event)
    assert [each.state for each in member.states] == ["unplugged", "offline"]
    assert member.reasons == {Reason.UNPLUGGED: member.planned}


async def test_closing_again_changes_nothing_but_late_readings_count(
    world: World,
) -> None:
    (home,) = await world.add("home")
    event = await opened(world)
    await world.until(CLOSED)
    async with world.look() as work:
        first = await work.events.members(event)
    await world.node.settlement.settle_event(event)
    async with world.look() as work:
        assert await work.events.members(event) == first

    world.meters.export(home, 2000, WINDOW)
    await world.node.settlement.settle_event(event)

    async with world.look() as work:
        (member,) = await work.events.members(event)
    assert member.delivered == Energy(-2000 * 3 * 3600)


async def test_charging_in_the_event_is_no_delivery(world: World) -> None:
    (home,) = await world.add("home")
    event = await opened(world)
    world.meters.said[home] = [
        Reading(
            home, WINDOW.start + timedelta(minutes=m), import_ws=m * 60_000, export_ws=0
        )
        for m in range(181)
    ]

    await world.until(CLOSED)

    (explained,) = await world.node.settlement.explain(event)
    assert explained.performance.mean_kw == 0
    assert not explained.performance.participated


class TestSeason:
    async def test_the_same_inputs_give_the_same_bytes(self, world: World) -> None:
        (home,) = await world.add("home")
        event = await opened(world)
        world.meters.export(home, 5000, WINDOW)
        await world.until(CLOSED)

        first = await world.node.settlement.season_statement(SMALL, SEASON)
        world.clock.jump_to(CLOSED + timedelta(days=1))
        again = await world.node.settlement.season_statement(SMALL, SEASON)

        assert render(first) == render(again)
        (line,) = first.lines
        assert line.quantity == Decimal("5.000")
        assert line.net.amount == Decimal("1375.00")
        assert line.called == line.attended == 1
        assert line.events[0].event == event
        document = await world.node.settlement.document(SMALL, SEASON)
        assert document["input_hash"] == first.input_hash
        async with world.look() as work:
            facts = [each.kind for each in await work.facts.after(0, 1000)]
            kept = await work.settlements.of_inputs(SMALL, SEASON, first.input_hash)
        assert facts.count("season.settled") == 1
        assert kept is not None
        assert kept.made_at == CLOSED

    async def test_opt_outs_and_absences_are_zeros(self, world: World) -> None:
        (home,) = await world.add("home")
        await opened(world)
        world.meters.export(home, 6000, WINDOW)
        await world.until(CLOSED)
        day = timedelta(days=1)
        window = Interval(WINDOW.start + day, WINDOW.end + day)
        event = await world.node.events.call(replace(DRAFT, window=window), by="op")
        await world.drain()
        await world.node.participation.opt_out_of(
            event, (await members_of(world, event))[0], by="operator"
        )
        await world.until(window.start)
        await world.until(window.end + timedelta(minutes=30))

        stated = await world.node.settlement.season_statement(SMALL, SEASON)

        (line,) = stated.lines
        assert (line.called, line.attended) == (2, 1)
        assert line.quantity == Decimal("3.000")
        assert line.events[1].reason is Reason.OPT_OUT

    async def test_a_test_event_does_not_count(self, world: World) -> None:
        (home,) = await world.add("home")
        await world.node.events.call(replace(DRAFT, test=True), by="operator")
        await world.drain()
        await world.until(WINDOW.start)
        world.meters.export(home, 6000, WINDOW)
        await world.until(CLOSED)

        stated = await world.node.settlement.season_statement(SMALL, SEASON)

        assert stated.total.amount == Decimal(0)
        assert stated.lines[0].called == 0

    async def test_an_open_event_does_not_count_yet(self, world: World) -> None:
        await world.add("home")
        await opened(world)

        stated = await world.node.settlement.season_statement(SMALL, SEASON)

        assert stated.lines[0].called == 0

    async def test_what_is_not_there_is_said(self, world: World) -> None:
        with pytest.raises(NoSuchProgram):
            await world.node.settlement.document(SMALL, "2025-summer")
        with pytest.raises(NoSuchEvent):
            await world.node.settlement.explain(EventId("none"))
        with pytest.raises(NoSuchEvent):
            await world.node.settlement.settle_event(EventId("none"))


async def members_of(world: World, event: EventId) -> list[ParticipantId]:
    async with world.look() as work:
        return [each.participant for each in await work.events.members(event)]


def test_the_season_is_that_of_the_window() -> None:
    assert WINDOW.start == datetime(2026, 7, 14, 21, tzinfo=UTC)


async def test_the_books_are_closed_on_what_stations_reported(
    world: World, database: str
) -> None:
    """The same, on the store that reports are kept in."""
    (home,) = await world.add("home")
    event = await opened(world)
    watts = await planned_watts(world, event, home)
    world.meters.export(home, watts, WINDOW)
    async with world.engine.begin() as connection:
        await connection.execute(
            tables.reading.insert(),
            [
                {
                    "station_id": home.station,
                    "evse": home.number,
                    "at": each.at,
                    "location": each.location,
                    "context": each.context,
                    "import_ws": each.import_ws,
                    "export_ws": each.export_ws,
                    "received_at": each.at,
                }
                for each in world.meters.said.pop(home)
            ],
        )
    world.clock.jump_to(CLOSED)
    engine = create_engine(database)
    books = Settlement(world.clock, begin_on(engine), load_programs())

    await books.settle_event(event)

    (explained,) = await books.explain(event)
    await engine.dispose()
    assert explained.member.outcome is Outcome.DELIVERED
    assert explained.performance.exported == Energy(watts * 3 * 3600)
    assert explained.performance.quality is Quality.OK
    assert "delivered" in explained.text
