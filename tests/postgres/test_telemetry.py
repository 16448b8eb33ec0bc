import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from csms.charging.transactions import fold
from csms.db.engine import connect_raw, create_engine
from csms.db.ingest import PostgresIngest
from csms.db.work import begin_on
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.interval import Interval
from csms.domain.reading import Metered, Quality, Quarter
from csms.domain.transaction import EventType, TransactionReport
from csms.domain.units import Power
from csms.services.ingest import Ingest
from csms.services.live import LiveFleet
from csms.services.telemetry import Telemetry
from tests.fakes.clock import DAWN, ManualClock
from tests.fakes.sessions import (
    EVSE,
    STATION,
    TRANSACTION,
    a_reading,
    a_report,
    a_session,
    digested,
    enlist,
)

pytestmark = pytest.mark.postgres

numbers = count()
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SESSION = a_session(minutes=60)
WINDOW = Interval(DAWN, DAWN + HOUR + 15 * MINUTE)


class World:
    """A database, a clock and everything of this column on top of them."""

    def __init__(self, url: str, engine: AsyncEngine) -> None:
        self.clock = ManualClock(DAWN + 2 * HOUR)
        self.begin = begin_on(engine)
        self.store = PostgresIngest.at(url)
        self.ingest = Ingest(self.store, LiveFleet(self.clock), self.clock)
        self.telemetry = Telemetry(self.clock, self.begin)

    async def write(self, *reports: TransactionReport) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.ingest.run())
            for report in reports:
                tasks.create_task(self.ingest.record(report))
            await asyncio.sleep(0)
            await self.ingest.stop()
        self.ingest = Ingest(self.store, LiveFleet(self.clock), self.clock)
        self.pass_time()

    def pass_time(self) -> None:
        self.clock.jump_to(self.clock.now() + timedelta(seconds=1))


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    connection = await connect_raw(database)
    await enlist(connection, STATION)
    await connection.close()
    engine = create_engine(database)
    world = World(database, engine)
    yield world
    await world.store.close()
    await engine.dispose()


async def test_a_session_becomes_the_quarter_table(world: World) -> None:
    await world.write(*SESSION)

    await world.telemetry.build()

    quarters = await world.telemetry.quarters(EVSE, WINDOW)
    first, second, third, fourth, last = quarters
    assert [one.quality for one in quarters[:4]] == [Quality.OK] * 4
    assert first.plug_in_at == DAWN
    assert first.export_ws == 7600 * 300
    assert first.discharge_start_at == DAWN + 12 * MINUTE
    assert {second.export_ws, third.export_ws, fourth.export_ws} == {7600 * 900}
    assert fourth.mean_w == -7600
    assert last.plug_out_at == DAWN + HOUR
    assert (last.soc_at, last.transaction) == (DAWN + HOUR, TRANSACTION)


async def test_what_is_missing_is_said_to_be_missing(world: World) -> None:
    await world.write(*SESSION)
    await world.telemetry.build()

    before, after = await world.telemetry.quarters(
        EVSE, Interval(DAWN - 15 * MINUTE, DAWN + 15 * MINUTE)
    )

    assert (before.quality, before.import_ws) == (Quality.MISSING, None)
    assert after.quality is Quality.OK


async def test_a_pass_without_news_builds_nothing(world: World) -> None:
    await world.write(*SESSION)

    assert await world.telemetry.build() > 0
    assert await world.telemetry.build() == 0


async def test_a_late_report_mends_what_was_estimated(world: World) -> None:
    boundary = SESSION[8]
    await world.write(*(one for one in SESSION if one.at.minute not in range(41, 50)))
    await world.telemetry.build()
    (before,) = await world.telemetry.quarters(
        EVSE, Interval(DAWN + 15 * MINUTE, DAWN + 30 * MINUTE)
    )

    await world.write(boundary, *SESSION)
    await world.telemetry.build()

    (after,) = await world.telemetry.quarters(
        EVSE, Interval(DAWN + 15 * MINUTE, DAWN + 30 * MINUTE)
    )
    assert before.quality is Quality.ESTIMATED
    assert (after.quality, after.export_ws) == (Quality.OK, 7600 * 900)


async def test_what_is_being_written_is_left_for_the_next_pass(world: World) -> None:
    cautious = replace(world.telemetry, settled_until=lambda: DAWN + 2 * HOUR)
    await world.write(*SESSION)

    assert await cautious.build() == 0
    assert await world.telemetry.build() > 0


async def test_an_outage_in_mid_pass_is_made_good(world: World) -> None:
    await world.write(*SESSION)
    await world.telemetry.build()
    expected = await world.telemetry.quarters(EVSE, WINDOW)
    async with world.begin() as work:
        await work.telemetry.move_cursor("quarters", DAWN)

    await world.telemetry.build()

    assert await world.telemetry.quarters(EVSE, WINDOW) == expected


async def test_a_clock_that_went_back_does_not_stop_the_passes(world: World) -> None:
    await world.write(*SESSION)
    await world.telemetry.build()
    world.clock.jump_to(DAWN + HOUR)
    await world.write(a_report(99, at=DAWN, readings=(a_reading(DAWN),)))

    assert await world.telemetry.build() > 0


async def test_departures_without_readings_reach_the_table(world: World) -> None:
    await world.write(*SESSION[:4])
    await world.telemetry.build()
    left = a_report(9, at=DAWN + 8 * MINUTE, trigger="EVDeparted", evse=None)

    await world.write(left)
    await world.telemetry.build()

    (quarter,) = await world.telemetry.quarters(EVSE, Interval(DAWN, DAWN + MINUTE))
    assert quarter.plug_out_at == DAWN + 8 * MINUTE


async def test_energy_between_any_two_instants(world: World) -> None:
    await world.write(*SESSION)

    window = await world.telemetry.energy_between(
        EVSE, DAWN + 21 * MINUTE, DAWN + 41 * MINUTE
    )
    elsewhere = await world.telemetry.energies_between(
        [EvseId(STATION, 2)], DAWN, DAWN + HOUR
    )

    assert window == Metered(0, 7600 * 1200, Quality.OK)
    assert [one.quality for one in elsewhere.values()] == [Quality.MISSING]


async def test_a_transaction_is_read_as_it_was_folded(world: World) -> None:
    await world.write(*SESSION)

    async with world.begin() as work:
        found = await work.telemetry.transaction(STATION, TRANSACTION)
        none = await work.telemetry.transaction(STATION, TransactionId("none"))

    assert found == fold(SESSION)
    assert none is None


async def test_ongoing_transactions_can_be_given_up(world: World) -> None:
    names = [TransactionId(f"tx-{number}") for number in range(3)]
    await world.write(
        *(
            a_report(0, transaction=name, at=DAWN + number * MINUTE)
            for number, name in enumerate(names)
        ),
        a_report(1, transaction=names[0], event_type=EventType.ENDED),
    )

    async with world.begin() as work:
        ongoing = await work.telemetry.ongoing(STATION)
        await work.telemetry.presume_ended(STATION, names[1])
        left = await work.telemetry.ongoing(STATION)

    assert [one.id for one in ongoing] == [names[2], names[1]]
    assert [one.id for one in left] == [names[2]]


async def test_live_states_survive_a_restart(world: World) -> None:
    world.clock.jump_to(DAWN)
    live = LiveFleet(world.clock, world.begin)
    reading = a_reading(DAWN, import_w=0, export_w=7600, export_ws=5, soc_pct=61.5)
    live.hear(a_report(1, charging_state="Charging", readings=(reading,)))
    live.update(EVSE, ev_needs={"evMaxDischarge": 7600}, priority_charging=True)
    await live.flush()

    again = LiveFleet(world.clock, world.begin)
    again.set_connected(STATION, connected=True)
    await again.load()

    assert again.get(EVSE) == replace(live.get(EVSE), connected=True)
    assert again.get(EVSE).power == Power(-7600)


async def test_live_states_of_strangers_are_passed_over(world: World) -> None:
    live = LiveFleet(world.clock, world.begin)
    live.update(EvseId(StationId("stranger"), 1), plugged=True)
    live.update(EVSE, plugged=True)

    await live.flush()

    async with world.begin() as work:
        assert [state.evse for state in await work.telemetry.live()] == [EVSE]


async def test_what_could_not_be_flushed_is_flushed_later(world: World) -> None:
    live = LiveFleet(world.clock, world.begin)
    live.update(EVSE, plugged=True)
    engine = create_engine("postgresql://nobody@127.0.0.1:1/nothing")
    away = LiveFleet(world.clock, begin_on(engine))
    away.update(EVSE, plugged=True)

    with pytest.raises(OSError, match="Connect"):
        await away.flush()
    away._begin = world.begin  # noqa: SLF001 the database is back
    await away.flush()

    async with world.begin() as work:
        assert len(await work.telemetry.live()) == 1
    await engine.dispose()


async def table(
    url: str, station: StationId, batches: Sequence[Sequence[TransactionReport]]
) -> Sequence[Quarter]:
    """Return the quarter table after batches that each are followed by a pass."""
    connection = await connect_raw(url)
    await enlist(connection, station)
    await connection.close()
    engine = create_engine(url)
    world = World(url, engine)
    try:
        async with world.begin() as work:
            await work.telemetry.move_cursor("quarters", DAWN)
        for batch in batches:
            await world.write(*batch)
            await world.telemetry.build()
            world.pass_time()
        evse = EvseId(station, 1)
        quarters = await world.telemetry.quarters(evse, WINDOW)
    finally:
        await world.store.close()
        await engine.dispose()
    return [replace(quarter, evse=EVSE) for quarter in quarters]


def moved(
    session: Sequence[TransactionReport], station: StationId
) -> list[TransactionReport]:
    return [
        digested(
            replace(
                report,
                station=station,
                readings=tuple(
                    replace(said, evse=EvseId(station, said.evse.number))
                    for said in report.readings
                ),
            )
        )
        for report in session
    ]


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_order_and_any_repetition_give_the_same_table(
    database: str, data: st.DataObject
) -> None:
    """Late, repeated, out of order, the EVSE said last: the table is the same."""
    order = data.draw(st.permutations(range(len(SESSION))))
    again = data.draw(st.lists(st.sampled_from(range(len(SESSION))), max_size=6))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(SESSION)), max_size=4)))
    station = StationId(f"ST-{next(numbers)}")
    session = moved(SESSION, station)
    arrived = [session[place] for place in [*order, *again]]
    edges = [0, *cuts, len(arrived)]
    batches = [arrived[one:other] for one, other in pairwise(edges)]

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        built = runner.run(table(database, station, batches))
        plain = StationId(f"{station}-plain")
        expected = runner.run(table(database, plain, [moved(SESSION, plain)]))

    assert built == expected


async def test_passes_are_made_without_being_asked(world: World) -> None:
    await world.write(*SESSION)
    task = asyncio.create_task(world.telemetry.run())

    async with asyncio.timeout(10):
        while not await kept_quarters(world):
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def kept_quarters(world: World) -> Sequence[Quarter]:
    async with world.begin() as work:
        return await work.telemetry.quarters([EVSE], WINDOW)
