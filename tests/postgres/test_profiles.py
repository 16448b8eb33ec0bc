"""Intents, quarantines and incidents, on a real database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from csms.db.engine import create_engine
from csms.db.work import begin_on
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import Role
from csms.services.keeping import Entry, Keeping
from csms.services.ports.profiles import Incident, Intent, IntentState, Quarantine
from csms.services.ports.work import Begin, Work
from tests.dispatch_world import EARLY, EVENT, fleet_on

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 7, 14, 21, tzinfo=UTC)
EVSE = EvseId(StationId("S"), 1)
INTENT = Intent(
    evse=EVSE,
    role=Role.EVENT,
    profile_id=111,
    fingerprint="mark",
    state=IntentState.SENT,
    document={"kind": "profile", "power_w": -7_000, "periods": [{"start_s": 0}]},
    updated_at=NOW,
    transaction=TransactionId("tx"),
    detail="why",
)
TRIP = Quarantine("make", NOW, StationId("S"), "wrong direction", {"metered_w": 7_000})


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(database)
    yield made
    await made.dispose()


@pytest.fixture
def begin(engine: AsyncEngine) -> Begin:
    return begin_on(engine)


async def row(engine: AsyncEngine) -> Any:  # noqa: ANN401 a row of any shape
    async with engine.connect() as connection:
        return (await connection.execute(text("SELECT * FROM profile_intent"))).one()


async def test_an_intent_is_kept_as_it_is(begin: Begin) -> None:
    async with begin() as work:
        await work.profiles.save_intent(INTENT)
    async with begin() as work:
        assert list(await work.profiles.intents()) == [INTENT]
        assert list(await work.profiles.intents(EVSE.station)) == [INTENT]
        assert list(await work.profiles.intents(StationId("other"))) == []


async def test_one_intent_for_each_evse_and_role(begin: Begin) -> None:
    others = [
        replace(INTENT, role=Role.FLOOR),
        replace(INTENT, evse=EvseId(EVSE.station, 2)),
        replace(INTENT, state=IntentState.ACCEPTED),
    ]
    async with begin() as work:
        await work.profiles.save_intents([INTENT, *others])
    async with begin() as work:
        kept = await work.profiles.intents()

    assert len(kept) == 3
    mine = [e for e in kept if e.role is Role.EVENT and e.evse == EVSE]
    assert [each.state for each in mine] == [IntentState.ACCEPTED]


async def test_when_it_came_how_far_is_kept_until_it_is_sent_anew(
    begin: Begin, engine: AsyncEngine
) -> None:
    steps = [IntentState.SENT, IntentState.ACCEPTED, IntentState.ECHOED]
    for number, state in enumerate([*steps, IntentState.OBEYED]):
        moved = replace(INTENT, state=state, updated_at=NOW + timedelta(minutes=number))
        async with begin() as work:
            await work.profiles.save_intent(moved)
    kept = await row(engine)
    minutes = [
        (at - NOW).total_seconds() / 60
        for at in (kept.sent_at, kept.accepted_at, kept.echoed_at, kept.obeyed_at)
    ]
    assert minutes == [0, 1, 2, 3]

    async with begin() as work:
        again = replace(INTENT, updated_at=NOW + timedelta(hours=1))
        await work.profiles.save_intent(again)
    kept = await row(engine)
    assert kept.sent_at == NOW + timedelta(hours=1)
    assert (kept.accepted_at, kept.echoed_at, kept.obeyed_at) == (None, None, None)


async def test_a_quarantine_is_news_once_until_it_is_lifted(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        trip = replace(TRIP, station=evse.station)
        async with fleet.look() as work:
            assert await work.profiles.quarantine(trip)
            assert not await work.profiles.quarantine(trip)
            assert list(await work.profiles.quarantined()) == [trip]
        async with fleet.look() as work:
            assert await work.profiles.lift("make", "ada", NOW)
            assert not await work.profiles.lift("make", "ada", NOW)
            assert not await work.profiles.lift("unknown", "ada", NOW)
            assert list(await work.profiles.quarantined()) == []
        async with fleet.look() as work:
            assert await work.profiles.quarantine(trip), "it may trip again"


async def test_an_incident_is_kept(begin: Begin, engine: AsyncEngine) -> None:
    async with begin() as work:
        await work.profiles.note(
            Incident(NOW, "critical", "wrong", EVSE.station, 1, None, {"w": 1})
        )
    async with engine.connect() as connection:
        kept = (await connection.execute(text("SELECT * FROM incident"))).one()
    assert (kept.severity, kept.kind, kept.station_id) == (
        "critical",
        "wrong",
        "S",
    )
    assert kept.detail == {"w": 1}


# -- many at once ----------------------------------------------------------------------


class Counted:
    """Counts the units of work, and may be unable to begin any."""

    def __init__(self, begin: Begin) -> None:
        self._begin, self.works, self.away = begin, 0, False

    def __call__(self) -> Any:  # noqa: ANN401 what begins a unit of work
        self.works += 1
        if self.away:
            raise OSError("the database is away")
        return self._begin()


async def test_many_stations_share_a_commit(begin: Begin) -> None:
    counted = Counted(begin)
    keeping = Keeping(counted)
    many = [replace(INTENT, evse=EvseId(StationId(f"S{n}"), 1)) for n in range(300)]
    await asyncio.gather(*(keeping.keep(Entry(each)) for each in many))

    assert counted.works <= 4
    async with begin() as work:
        assert len(await work.profiles.intents()) == 300


async def test_a_bad_entry_fails_alone(begin: Begin) -> None:
    keeping = Keeping(begin)
    bad = replace(
        INTENT, evse=EvseId(StationId("bad"), 1), event=EVENT
    )  # no such event
    done = await asyncio.gather(
        keeping.keep(Entry(INTENT)),
        keeping.keep(Entry(bad)),
        return_exceptions=True,
    )

    assert done[0] is None
    assert isinstance(done[1], Exception)
    async with begin() as work:
        assert [each.evse for each in await work.profiles.intents()] == [EVSE]


async def test_whoever_waits_is_told_that_the_database_is_away(begin: Begin) -> None:
    counted = Counted(begin)
    counted.away = True
    keeping = Keeping(counted)
    with pytest.raises(OSError, match="away"):
        await keeping.keep(Entry(INTENT))
    counted.away = False
    await keeping.keep(Entry(INTENT))

    async with begin() as work:
        assert len(await work.profiles.intents()) == 1


async def test_a_member_hears_of_it_in_the_same_commit_and_in_order(
    database: str,
) -> None:
    async with fleet_on(database, now=EARLY) as fleet:
        one, two = await fleet.add("a"), await fleet.add("b")

        def work_of(evse: EvseId, word: str) -> Entry:
            return Entry(replace(INTENT, evse=evse, event=EVENT), word)

        keeping = Keeping(fleet.look)
        await keeping.keep(
            work_of(one, "accepted"),
            work_of(two, "accepted"),
            work_of(one, "echoed"),
            work_of(one, "echoed"),
            work_of(one, "obeyed"),
        )

        assert await fleet.words(one) == ["accepted", "echoed", "obeyed"]
        assert await fleet.words(two) == ["accepted"]
        async with fleet.look() as work:
            assert await _count(work) == 2


async def _count(work: Work) -> int:
    return len(await work.profiles.intents())
