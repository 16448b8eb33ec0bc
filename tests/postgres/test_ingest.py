import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import count

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csms.charging.transactions import fold
from csms.db.engine import connect_raw
from csms.db.ingest import PostgresIngest
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.transaction import EventType, Recorded, TransactionReport
from csms.services.ports.telemetry import BatchRefused, StoreAway
from tests.fakes.clock import DAWN
from tests.fakes.sessions import (
    EVSE,
    NOWHERE,
    STATION,
    TRANSACTION,
    Connection,
    a_reading,
    a_report,
    a_session,
    enlist,
)

pytestmark = pytest.mark.postgres

TRANSACTION_ROW = """
    SELECT evse, started_at, ended_at, first_at, last_at, last_seq, reports,
        stopped_reason, id_token, id_token_seq, charging_state, charging_state_seq,
        remote_start_id
    FROM transaction WHERE station_id = $1 AND id = $2
"""
READINGS = """
    SELECT evse, at, location, context, transaction_id, import_ws, export_ws,
        import_w, export_w, soc_pct
    FROM reading WHERE station_id = $1 ORDER BY evse, at, location, context
"""
END_WHO_WAITS = """
    SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
AT = DAWN + timedelta(hours=2)
numbers = count()


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    connection = await connect_raw(database)
    await enlist(connection, STATION)
    yield connection
    await connection.close()


@pytest.fixture
async def store(connection: Connection, database: str) -> AsyncIterator[PostgresIngest]:
    assert not connection.is_closed()
    store = PostgresIngest.at(database)
    yield store
    await store.close()


async def test_a_session_is_kept_in_one_batch(
    store: PostgresIngest, connection: Connection
) -> None:
    session = a_session(minutes=20)

    recorded = await store.write(session, [], at=AT)

    row = await connection.fetchrow(TRANSACTION_ROW, STATION, TRANSACTION)
    assert row is not None
    assert set(recorded) == {Recorded.NEW}
    assert row["reports"] == len(session)
    assert row["stopped_reason"] == "EVDisconnected"
    assert await connection.fetchval("SELECT count(*) FROM transaction_report") == 11


async def test_repeating_a_batch_changes_nothing(
    store: PostgresIngest, connection: Connection
) -> None:
    session = a_session(minutes=20)
    await store.write(session, [], at=AT)
    before = await connection.fetchrow(TRANSACTION_ROW, STATION, TRANSACTION)

    again = await store.write(session, [], at=AT + timedelta(hours=1))

    assert set(again) == {Recorded.DUPLICATE}
    assert await connection.fetchrow(TRANSACTION_ROW, STATION, TRANSACTION) == before


async def test_a_repetition_within_a_batch_is_a_duplicate(
    store: PostgresIngest,
) -> None:
    report = a_report(1)

    recorded = await store.write([report, report], [], at=AT)

    assert list(recorded) == [Recorded.NEW, Recorded.DUPLICATE]


async def test_another_content_under_a_known_number_is_put_aside(
    store: PostgresIngest, connection: Connection
) -> None:
    first = a_report(1, readings=(a_reading(DAWN, import_ws=1),))
    other = a_report(1, readings=(a_reading(DAWN, import_ws=9),), payload='{"x":1}')

    within = await store.write([first, other], [], at=AT)
    after = await store.write([other], [], at=AT)

    assert list(within) == [Recorded.NEW, Recorded.CONFLICT]
    assert list(after) == [Recorded.CONFLICT]
    assert await connection.fetchval("SELECT import_ws FROM reading") == 1
    conflicts = await connection.fetch("SELECT payload FROM transaction_conflict")
    assert [row["payload"] for row in conflicts] == ['{"x":1}']


async def test_a_station_that_counts_anew_loses_nothing(
    store: PostgresIngest, connection: Connection
) -> None:
    session = a_session(minutes=20)
    again = [
        replace(each, seq_no=place % 4, payload=f"{place}", digest=bytes([place] * 16))
        for place, each in enumerate(session)
    ]

    first = await store.write(again[:6], [], at=AT)
    second = await store.write(again[4:], [], at=AT)
    third = await store.write(again, [], at=AT)

    row = await connection.fetchrow(TRANSACTION_ROW, STATION, TRANSACTION)
    assert row is not None
    assert row["reports"] == len(session)
    assert row["stopped_reason"] == "EVDisconnected"
    assert row["started_at"] == session[0].at
    assert row["ended_at"] == session[-1].at
    readings = await connection.fetch(READINGS, STATION)
    assert {each["at"] for each in readings} == {
        said.at for each in session for said in each.readings
    }
    assert first == [Recorded.NEW] * 4 + [Recorded.RENUMBERED] * 2
    assert Recorded.CONFLICT not in (*second, *third)
    assert await connection.fetchval("SELECT count(*) FROM transaction_conflict") == 0


async def test_readings_wait_until_their_transaction_has_a_place(
    store: PostgresIngest, connection: Connection
) -> None:
    started, *later = a_session(minutes=6)

    await store.write(later, [], at=AT)
    assert await store.whereabouts([(STATION, TRANSACTION)]) == {}
    await store.write([started], [], at=AT + timedelta(seconds=1))

    assert await store.whereabouts([(STATION, TRANSACTION)]) == {
        (STATION, TRANSACTION): 1
    }
    rows = await connection.fetch("SELECT evse, received_at FROM reading")
    assert {row["evse"] for row in rows} == {1}
    assert {row["received_at"] for row in rows} == {AT + timedelta(seconds=1)}


async def test_readings_that_wait_are_remembered_over_a_restart(
    database: str, store: PostgresIngest, connection: Connection
) -> None:
    started, *later = a_session(minutes=6)
    await store.write(later, [], at=AT)

    other = PostgresIngest.at(database)
    await other.write([started], [], at=AT)
    await other.close()

    assert await connection.fetchval("SELECT count(*) FROM reading WHERE evse = 0") == 0


async def test_a_station_with_one_evse_leaves_no_doubt(
    store: PostgresIngest, connection: Connection
) -> None:
    single = StationId("MA-TEST-02")
    await enlist(connection, single, evses=1)

    found = await store.whereabouts(
        [(single, TransactionId("a")), (STATION, TransactionId("b"))]
    )

    assert found == {(single, TransactionId("a")): 1}


async def test_readings_at_one_instant_are_merged_in_any_order(
    store: PostgresIngest, connection: Connection
) -> None:
    halves = [a_reading(DAWN, import_ws=5), a_reading(DAWN, export_ws=7, soc_pct=50.0)]
    other = EvseId(STATION, 2)

    await store.write([], halves, at=AT)
    for half in reversed(halves):
        await store.write([], [replace(half, evse=other)], at=AT)

    one, two = await connection.fetch(READINGS, STATION)
    assert tuple(one)[1:] == tuple(two)[1:]
    assert (one["import_ws"], one["export_ws"], one["soc_pct"]) == (5, 7, 50.0)


async def test_readings_of_the_whole_station_do_not_wait_for_a_place(
    store: PostgresIngest, connection: Connection
) -> None:
    await store.write(
        [a_report(1)], [a_reading(DAWN, evse=NOWHERE, transaction=None)], at=AT
    )

    assert await connection.fetchval("SELECT evse FROM reading") == 0


async def test_what_cannot_be_kept_is_refused_and_keeps_nothing(
    store: PostgresIngest, connection: Connection
) -> None:
    good = a_report(1)

    with pytest.raises(BatchRefused):
        await store.write([good, a_report(2, station=StationId("stranger"))], [], at=AT)
    with pytest.raises(BatchRefused):
        await store.write([good, a_report(2**70)], [], at=AT)
    with pytest.raises(BatchRefused):
        await store.write([good, a_report(2, id_token="nul\0nul")], [], at=AT)

    assert await connection.fetchval("SELECT count(*) FROM transaction_report") == 0
    assert list(await store.write([good], [], at=AT)) == [Recorded.NEW]


async def test_a_lost_connection_is_told_and_the_next_write_opens_another(
    store: PostgresIngest, connection: Connection
) -> None:
    await store.write([a_report(1)], [], at=AT)
    async with connection.transaction():
        await connection.execute("LOCK TABLE transaction_report")
        writing = asyncio.create_task(store.write([a_report(2)], [], at=AT))
        while not await connection.fetchval(END_WHO_WAITS):
            await connection.execute("SELECT pg_stat_clear_snapshot()")
            await asyncio.sleep(0.01)
        with pytest.raises(StoreAway):
            await writing

    assert list(await store.write([a_report(2)], [], at=AT)) == [Recorded.NEW]


async def test_a_database_that_is_not_there_is_away() -> None:
    store = PostgresIngest.at("postgresql://nobody@127.0.0.1:1/nothing")

    with pytest.raises(StoreAway):
        await store.write([a_report(1)], [], at=AT)


instants = st.integers(0, 50).map(lambda seconds: DAWN + timedelta(seconds=seconds))
words = st.none() | st.sampled_from(["a", "B", "ä", "é", "Z", "zz"])


@st.composite
def histories(draw: st.DrawFn) -> list[TransactionReport]:
    seqs = draw(st.lists(st.integers(0, 20), min_size=1, max_size=8, unique=True))
    return [
        a_report(
            seq,
            at=draw(instants),
            event_type=draw(st.sampled_from(EventType)),
            evse=draw(st.none() | st.integers(1, 3)),
            charging_state=draw(words),
            stopped_reason=draw(words),
            id_token=draw(words),
            remote_start_id=draw(st.none() | st.integers(0, 9)),
        )
        for seq in seqs
    ]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories(), cut=st.integers(0, 8))
def test_the_database_folds_as_the_pure_fold_does(
    database: str, history: list[TransactionReport], cut: int
) -> None:
    name = TransactionId(f"tx-{next(numbers)}")
    station = StationId(f"ST-{name}")
    told = [replace(one, station=station, transaction=name) for one in history]
    expected = fold(told)

    async def kept() -> asyncpg.Record | None:
        connection = await connect_raw(database)
        store = PostgresIngest.at(database)
        await enlist(connection, station)
        await store.write(told[:cut], [], at=AT)
        await store.write(told[cut:] + told[:cut], [], at=AT)
        row = await connection.fetchrow(TRANSACTION_ROW, station, name)
        await store.close()
        await connection.close()
        return row

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        row = runner.run(kept())

    assert row is not None
    assert tuple(row) == (
        expected.evse,
        expected.started_at,
        expected.ended_at,
        expected.first_at,
        expected.last_at,
        expected.last_seq,
        len(expected.seqs),
        expected.stopped_reason,
        expected.id_token and expected.id_token[1],
        expected.id_token and expected.id_token[0],
        expected.charging_state and expected.charging_state[1],
        expected.charging_state and expected.charging_state[0],
        expected.remote_start_id,
    )


async def test_every_reading_of_a_session_ends_up_at_its_evse(
    store: PostgresIngest, connection: Connection
) -> None:
    session = a_session(minutes=20)

    for report in reversed(session):
        await store.write([report], [], at=AT)

    rows = await connection.fetch(READINGS, STATION)
    assert [row["evse"] for row in rows] == [EVSE.number] * len(session)
