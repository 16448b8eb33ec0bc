import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from csms.domain.ids import EvseId
from csms.domain.reading import Reading
from csms.domain.transaction import Recorded, TransactionReport
from csms.services.ingest import Ingest, IngestLimits, NotRecorded
from csms.services.live import LiveFleet
from csms.services.ports.telemetry import BatchRefused, StoreAway, TransactionKey
from tests.fakes.clock import DAWN, ManualClock
from tests.fakes.sessions import (
    EVSE,
    NOWHERE,
    STATION,
    TRANSACTION,
    a_reading,
    a_report,
)

LIMITS = IngestLimits()


class Store:
    """Keeps batches; may be slow, away, picky or know where transactions are."""

    def __init__(self) -> None:
        self.batches: list[Sequence[TransactionReport]] = []
        self.loose: list[Reading] = []
        self.stamps: list[datetime] = []
        self.takes = 0.0
        self.away_until = 0.0
        self.refused: set[int] = set()
        self.places: dict[TransactionKey, int] = {}

    async def write(
        self,
        reports: Sequence[TransactionReport],
        readings: Sequence[Reading],
        *,
        at: datetime,
    ) -> Sequence[Recorded]:
        self.stamps.append(at)
        await asyncio.sleep(self.takes)
        if asyncio.get_running_loop().time() < self.away_until:
            raise StoreAway("gone")
        if any(report.seq_no in self.refused for report in reports):
            raise BatchRefused("bad")
        self.batches.append(reports)
        self.loose += readings
        return [Recorded.NEW] * len(reports)

    async def whereabouts(
        self, keys: Sequence[TransactionKey]
    ) -> Mapping[TransactionKey, int]:
        return {key: self.places[key] for key in keys if key in self.places}


@pytest.fixture
def store() -> Store:
    return Store()


@asynccontextmanager
async def ingesting(
    store: Store, limits: IngestLimits = LIMITS
) -> AsyncIterator[Ingest]:
    clock = ManualClock()
    ingest = Ingest(store, LiveFleet(clock), clock, limits)
    task = asyncio.create_task(ingest.run())
    yield ingest
    await ingest.stop()
    await task


async def test_reports_of_a_moment_share_a_batch(store: Store) -> None:
    async with ingesting(store) as ingest:
        recorded = await asyncio.gather(
            *(ingest.record(a_report(seq)) for seq in range(50))
        )

    assert recorded == [Recorded.NEW] * 50
    assert sum(map(len, store.batches)) == 50
    assert len(store.batches) <= 2


async def test_the_next_batch_fills_while_one_is_written(store: Store) -> None:
    store.takes = 1.0
    async with ingesting(store) as ingest:
        first = asyncio.create_task(ingest.record(a_report(0)))
        await asyncio.sleep(0.5)
        await asyncio.gather(*(ingest.record(a_report(seq)) for seq in range(1, 9)))
        await first

    assert [len(batch) for batch in store.batches] == [1, 8]


async def test_a_lone_report_waits_no_longer_than_the_window(store: Store) -> None:
    loop = asyncio.get_running_loop()
    async with ingesting(store, IngestLimits(window=0.25)) as ingest:
        await asyncio.gather(*(ingest.record(a_report(seq)) for seq in range(9)))
        began = loop.time()
        await ingest.record(a_report(10))

    assert loop.time() - began == pytest.approx(0.25)


async def test_the_window_closes_when_as_many_came_as_last_time(store: Store) -> None:
    loop = asyncio.get_running_loop()
    async with ingesting(store, IngestLimits(window=60)) as ingest:
        for round_ in range(5):
            await asyncio.gather(
                *(ingest.record(a_report(10 * round_ + seq)) for seq in range(8))
            )

    assert loop.time() < 60


async def test_no_batch_is_larger_than_allowed(store: Store) -> None:
    async with ingesting(store, IngestLimits(max_batch=10)) as ingest:
        await asyncio.gather(*(ingest.record(a_report(seq)) for seq in range(95)))

    assert max(len(batch) for batch in store.batches) == 10
    assert sum(len(batch) for batch in store.batches) == 95


async def test_a_bad_report_fails_alone(store: Store) -> None:
    store.refused = {13}
    async with ingesting(store) as ingest:
        results = await asyncio.gather(
            *(ingest.record(a_report(seq)) for seq in range(40)),
            return_exceptions=True,
        )

    assert [
        seq for seq, result in enumerate(results) if isinstance(result, NotRecorded)
    ] == [13]
    kept = {report.seq_no for batch in store.batches for report in batch}
    assert kept == set(range(40)) - {13}


async def test_reports_are_held_while_the_store_is_away(store: Store) -> None:
    store.away_until = 15.0
    async with ingesting(store) as ingest:
        recorded = await asyncio.gather(
            *(ingest.record(a_report(seq)) for seq in range(5))
        )

    assert recorded == [Recorded.NEW] * 5
    assert asyncio.get_running_loop().time() < 17
    assert len(set(store.stamps)) == 1


async def test_a_report_is_not_held_for_ever(store: Store) -> None:
    store.away_until = 1_000_000.0
    async with ingesting(store) as ingest:
        with pytest.raises(NotRecorded):
            await ingest.record(a_report(1))

    assert 20 <= asyncio.get_running_loop().time() <= 22


async def test_an_outage_does_not_keep_live_values_back(store: Store) -> None:
    store.away_until = 5.0
    clock = ManualClock()
    live = LiveFleet(clock)
    ingest = Ingest(store, live, clock)
    task = asyncio.create_task(ingest.run())

    waiting = asyncio.create_task(ingest.record(a_report(1, charging_state="Charging")))
    await asyncio.sleep(0)
    assert live.get(EVSE).plugged
    assert not waiting.done()

    await waiting
    await ingest.stop()
    await task


async def test_a_full_house_makes_stations_wait_but_loses_nothing(store: Store) -> None:
    store.takes = 0.1
    async with ingesting(store, IngestLimits(capacity=5, max_batch=2)) as ingest:
        tasks = [asyncio.create_task(ingest.record(a_report(n))) for n in range(40)]
        await asyncio.sleep(0.05)
        assert ingest.waiting <= 5
        await asyncio.gather(*tasks)

    assert sum(map(len, store.batches)) == 40


async def test_stopping_writes_what_waits_and_takes_no_more(store: Store) -> None:
    store.takes = 0.1
    async with ingesting(store) as ingest:
        tasks = [asyncio.create_task(ingest.record(a_report(n))) for n in range(3)]
        await asyncio.sleep(0)
        await ingest.stop()
        with pytest.raises(NotRecorded):
            await ingest.record(a_report(9))
        await asyncio.gather(*tasks)

    assert sum(map(len, store.batches)) == 3


async def test_the_place_of_a_transaction_is_said_once_and_remembered(
    store: Store,
) -> None:
    async with ingesting(store) as ingest:
        assert ingest.evse_of(STATION, TRANSACTION) is None
        await ingest.record(a_report(0, evse=1))
        assert ingest.evse_of(STATION, TRANSACTION) == 1
        await ingest.record(a_report(1, evse=None))

    assert [report.evse for batch in store.batches for report in batch] == [1, 1]


async def test_a_place_that_was_forgotten_is_looked_up(store: Store) -> None:
    store.places = {(STATION, TRANSACTION): 2}
    clock = ManualClock()
    live = LiveFleet(clock)
    ingest = Ingest(store, live, clock)
    task = asyncio.create_task(ingest.run())
    reading = a_reading(DAWN, evse=NOWHERE, import_w=5)

    await ingest.record(
        a_report(5, evse=None, charging_state="Charging", readings=(reading,))
    )

    (report,) = store.batches[0]
    there = EvseId(STATION, 2)
    assert (report.evse, report.readings[0].evse) == (2, there)
    assert live.get(there).plugged
    await ingest.stop()
    await task


async def test_a_place_nobody_knows_is_left_open(store: Store) -> None:
    async with ingesting(store) as ingest:
        await ingest.record(a_report(5, evse=None))

    assert store.batches[0][0].evse is None


async def test_loose_readings_are_kept_with_the_same_care(store: Store) -> None:
    async with ingesting(store) as ingest:
        await ingest.record_readings(STATION, [a_reading(DAWN)])
        await ingest.record_readings(STATION, [])

    assert store.loose == [a_reading(DAWN)]


async def test_nothing_is_settled_while_it_is_written(store: Store) -> None:
    store.takes = 1.0
    clock = ManualClock()
    ingest = Ingest(store, LiveFleet(clock), clock)
    task = asyncio.create_task(ingest.run())
    waiting = asyncio.create_task(ingest.record(a_report(1)))
    await asyncio.sleep(0.5)
    clock.jump_to(DAWN.replace(hour=23, minute=45))

    assert ingest.settled_until() == DAWN
    await waiting
    assert ingest.settled_until() == clock.now()
    await ingest.stop()
    await task
