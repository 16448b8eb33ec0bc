"""What is old and over is forgotten; the audit trail and the accounts stay."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from csms.db.engine import connect_raw
from csms.db.schema import metadata
from csms.domain.display import HELD, ShowState
from csms.services.ports.pruning import Records
from csms.services.retention import Retention
from tests.station_world import STATION, Lobby, lobby_on

if TYPE_CHECKING:
    import asyncpg

pytestmark = pytest.mark.postgres
DAY = timedelta(days=1)
KEPT = {
    Records.STATION_EVENTS: 90 * DAY,
    Records.SECURITY_EVENTS: 730 * DAY,
    Records.TRACES: 365 * DAY,
}
MAY_SHRINK = {
    "alert": 365,
    "data_transfer": 365,
    "display_message": 365,
    "event_stream": 90,
    "firmware_step": 365,
    "incident": 365,
    "log_job": 365,
    "log_status": 365,
    "rejected_handshake": 365,
    "security_event": 730,
    "station_event": 90,
    "station_notice": 365,
}
"""Tables, and for how many days."""


class Archive:
    """Rows of a database, put there and counted past everybody."""

    def __init__(self, lobby: Lobby, raw: "asyncpg.Connection[Any]") -> None:
        self.lobby = lobby
        self.raw = raw
        self.retention = Retention(lobby.clock, lobby.begin, KEPT)

    @property
    def now(self) -> datetime:
        return self.lobby.clock.now()

    async def put(self, table: str, **row: object) -> Any:  # noqa: ANN401
        """Insert a row; what has to be said and is not, is nothing in particular."""
        columns = metadata.tables[table].columns
        usual = {
            each.name: _nothing(str(each.type), self.now)
            for each in columns
            if not each.nullable and each.identity is None
        }
        if "station_id" in columns:
            usual["station_id"] = STATION
        values = usual | row
        names = ", ".join(f'"{each}"' for each in values)
        marks = ", ".join(f"${place}" for place in range(1, len(values) + 1))
        key = next(iter(metadata.tables[table].primary_key.columns)).name
        return await self.raw.fetchval(
            f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING {key}",  # noqa: S608
            *values.values(),
        )

    async def counts(self) -> Mapping[str, int]:
        return {
            name: await self.raw.fetchval(f"SELECT count(*) FROM {name}")  # noqa: S608
            for name in metadata.tables
        }

    async def remaining(self, table: str) -> int:
        return (await self.counts())[table]


def _nothing(kind: str, now: datetime) -> object:
    match kind.partition("(")[0]:
        case "TEXT":
            return ""
        case "JSONB":
            return "{}"
        case "TIMESTAMP" | "DATETIME":
            return now
        case "BOOLEAN":
            return False
        case "FLOAT" | "DOUBLE":
            return 0.0
        case _:
            return 0


@pytest.fixture
async def archive(database: str) -> AsyncIterator[Archive]:
    async with lobby_on(database) as lobby:
        raw = await connect_raw(database)
        try:
            yield Archive(lobby, raw)
        finally:
            await raw.close()


async def fill(archive: Archive, at: datetime, number: int = 0) -> None:
    """Put a row that is over into every table that may shrink, all of an instant."""
    put = archive.put
    await put("data_transfer", at=at)
    await put("firmware_step", at=at)
    await put("station_notice", received_at=at)
    await put("rejected_handshake", at=at)
    await put("station_event", received_at=at)
    await put("event_stream", stream_id=number, closed_at=at)
    await put("security_event", received_at=at)
    await put("display_message", id=number, updated_at=at, state="cleared")
    incident = await put("incident", at=at, resolved_at=at)
    await put("alert", cleared_at=at, monitor_id=number, incident_id=incident)
    job = await put("log_job", heard_at=at, state="failed")
    await put("log_status", job_id=job, at=at)


async def test_what_is_over_goes_when_its_time_has_come(archive: Archive) -> None:
    ages = (89, 91, 364, 366, 729, 731)
    for number, days in enumerate(ages):
        await fill(archive, archive.now - days * DAY, number)
    filled = await archive.counts()
    assert {each for each in filled if filled[each] == len(ages)} == set(MAY_SHRINK)

    await archive.retention.step()

    after = await archive.counts()
    assert {each: after[each] for each in MAY_SHRINK} == {
        each: sum(days <= kept for days in ages) for each, kept in MAY_SHRINK.items()
    }


async def test_after_years_the_audit_trail_and_everything_else_are_there(
    archive: Archive,
) -> None:
    before = await archive.counts()
    assert before["audit"] > 0
    await fill(archive, archive.now)
    archive.lobby.clock.jump_to(archive.now + 10 * 365 * DAY)

    await archive.retention.step()

    after = await archive.counts()
    assert {each: after[each] for each in after if each not in MAY_SHRINK} == {
        each: before[each] for each in before if each not in MAY_SHRINK
    }
    assert sum(after[each] for each in MAY_SHRINK) == 0


async def test_what_is_not_over_stays_however_old(archive: Archive) -> None:
    old = archive.now - 3650 * DAY
    await archive.put("incident", at=old)
    await archive.put("incident", at=old, resolved_at=old, event_id="E-1")
    incident = await archive.put("incident", at=old, resolved_at=old)
    await archive.put("alert", raised_at=old, incident_id=incident)
    await archive.put("event_stream", opened_at=old)
    for number, state in enumerate(HELD):
        await archive.put("display_message", id=number, updated_at=old, state=state)
    await archive.put("log_job", heard_at=old, state="uploading")
    await archive.put("log_job", heard_at=old, state="uploaded", received_at=old)
    before = await archive.counts()

    await archive.retention.step()

    assert await archive.counts() == before


async def test_a_log_is_forgotten_once_its_file_is_gone(archive: Archive) -> None:
    old = archive.now - 400 * DAY
    job = {"heard_at": old, "state": "uploaded", "received_at": old}
    await archive.put("log_job", **job, deleted_at=old)
    await archive.put("log_job", **job, deleted_at=archive.now - DAY)

    await archive.retention.step()

    assert await archive.remaining("log_job") == 1


async def test_no_more_goes_at_once_than_nobody_waits_for(archive: Archive) -> None:
    old = archive.now - 400 * DAY
    for _ in range(5):
        await archive.put("data_transfer", at=old)

    async with archive.lobby.begin() as work:
        gone = await work.pruning.prune(Records.TRACES, archive.now, 3)

    assert gone["data_transfer"] == 3
    assert await archive.remaining("data_transfer") == 2


def test_messages_that_left_a_display_are_those_that_are_not_held() -> None:
    assert set(ShowState) - HELD == {
        ShowState.REFUSED,
        ShowState.REPLACED,
        ShowState.CLEARED,
        ShowState.EXPIRED,
        ShowState.MISSING,
    }
