"""Device models on a real database: replaced bit by bit, merged, and never in clear."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from csms.db.engine import connect_raw
from csms.domain.device_model import ResetRecord
from csms.domain.station import Variable, VariableKey
from tests.fakes.device_model import variable
from tests.station_world import STATION, Lobby, lobby_on

pytestmark = pytest.mark.postgres
HOUR = timedelta(hours=1)
TRAITS = {"dataType": "integer", "maxLimit": 9.5, "supportsMonitoring": False}
MODEL = [
    variable("A.V", "1", characteristics=TRAITS, persistent=True, constant=False),
    variable("A@1.V[i]", "2"),
    variable("A.V", "8")._replace(attribute="MaxSet"),
    variable("B.W", "x"),
]


@pytest.fixture
async def lobby(database: str) -> AsyncIterator[Lobby]:
    async with lobby_on(database) as lobby:
        yield lobby


async def test_only_what_has_changed_is_written(lobby: Lobby) -> None:
    now = lobby.clock.now()
    later = [MODEL[0]._replace(value="5"), *MODEL[1:3], variable("C.X", "new")]
    async with lobby.begin() as work:
        await work.models.replace(STATION, MODEL, now)
    async with lobby.begin() as work:
        await work.models.replace(STATION, later, now + HOUR)
        kept = {each.key.text: each for each in await work.models.variables(STATION)}
        some = await work.models.variables(STATION, {"C"})

    assert sorted(kept) == ["A.V", "A@1.V[i]", "C.X"]
    assert kept["A@1.V[i]"].since == now
    assert kept["C.X"].since == now + HOUR
    assert [each.value for each in some] == ["new"]
    async with lobby.begin() as work:
        found = await work.models.variables(STATION)
    assert later[0]._replace(since=now + HOUR) in found
    assert MODEL[2]._replace(since=now) in found


async def test_a_report_that_says_nothing_new_writes_no_row(
    lobby: Lobby, database: str
) -> None:
    now = lobby.clock.now()
    async with lobby.begin() as work:
        await work.models.replace(STATION, MODEL, now)
    before = await _versions(database)
    async with lobby.begin() as work:
        await work.models.replace(STATION, MODEL[::-1], now + HOUR)
    unchanged = await _versions(database)
    async with lobby.begin() as work:
        model = [*MODEL[:-1], MODEL[-1]._replace(value="y")]
        await work.models.replace(STATION, model, now + HOUR)

    assert unchanged == before
    assert len(await _versions(database) - before) == 1


async def _versions(url: str) -> set[tuple[str, str]]:
    """Return which row stands where, and who wrote it."""
    connection = await connect_raw(url)
    try:
        rows = await connection.fetch(
            "SELECT ctid::text, xmin::text FROM station_variable WHERE station_id = $1",
            STATION,
        )
    finally:
        await connection.close()
    return {tuple(row) for row in rows}


async def test_two_who_write_at_once_both_come_through(lobby: Lobby) -> None:
    now = lobby.clock.now()
    async with lobby.begin() as work:
        kept = await work.models.kept(STATION)
        async with lobby.begin() as other:
            await other.models.merge(STATION, MODEL[:1], now)
        await work.models.bring(kept, [MODEL[0]._replace(value="7"), MODEL[3]], now)

    async with lobby.begin() as work:
        found = {
            each.key.text: each.value for each in await work.models.variables(STATION)
        }
    assert found == {"A.V": "7", "B.W": "x"}


async def test_a_secret_is_kept_nowhere(lobby: Lobby) -> None:
    key = VariableKey("SecurityCtrlr", "BasicAuthPassword")
    told = Variable(key, value="correct-horse", due="battery-staple")
    async with lobby.begin() as work:
        await work.models.replace(STATION, [told], lobby.clock.now())
        await work.models.merge(STATION, [told], lobby.clock.now())
        (kept,) = await work.models.variables(STATION)

    assert (kept.value, kept.due) == (None, None)


async def test_what_is_due_at_a_restart_is_so_until_then(lobby: Lobby) -> None:
    now, key = lobby.clock.now(), VariableKey("A", "V")
    async with lobby.begin() as work:
        await work.models.replace(STATION, MODEL[:1], now)
        await work.models.merge(STATION, [Variable(key, due="6")], now)
        (waiting,) = await work.models.variables(STATION)
        await work.models.merge(STATION, [Variable(key, value="1")], now)
        (still,) = await work.models.variables(STATION)
        await work.models.merge(STATION, [Variable(key, value="6")], now)
        (done,) = await work.models.variables(STATION)

    assert (waiting.value, waiting.due) == ("1", "6")
    assert still.due == "6"
    assert (done.value, done.due) == ("6", None)


async def test_odd_characters_do_not_stop_a_report(lobby: Lobby) -> None:
    odd = Variable(VariableKey("A", "V\x00"), value="half \ud83d of one")
    async with lobby.begin() as work:
        await work.models.replace(STATION, [odd], lobby.clock.now())
        (kept,) = await work.models.variables(STATION)

    assert kept.key.variable == "V"
    assert kept.value == "half ? of one"


async def test_a_restart_is_done_by_a_boot_that_comes_after_it(lobby: Lobby) -> None:
    asked = lobby.clock.now()
    early, late = (replace(lobby.a_boot(), at=asked + each) for each in (-HOUR, HOUR))
    reset = ResetRecord(STATION, 0, "OnIdle", "Scheduled", "", "test", asked)
    async with lobby.begin() as work:
        await work.models.add_reset(reset)
        await work.models.booted([early])
        (waiting,) = await work.models.resets(STATION)
        await work.models.booted([late])
        (done,) = await work.models.resets(STATION)

    assert (waiting.done_at, done.done_at) == (None, late.at)
