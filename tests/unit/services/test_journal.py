"""The journal is bounded, patient, and waits for nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from csms.domain.ids import StationId
from csms.services import journal as module
from csms.services.journal import Journal
from csms.services.ports.wire import DeviationSeen
from csms.services.ports.work import Begin, Work
from tests.fakes.clock import ManualClock

STATION = StationId("MA-TEST-01")


class Disk:
    """A unit of work that can be out of order, and counts what it is given."""

    def __init__(self) -> None:
        self.broken = False
        self.written: dict[str, int] = {}

    @property
    def stations(self) -> "Disk":
        return self

    @property
    def facts(self) -> "Disk":
        return self

    async def add(self, *_: object) -> None:
        self._count("facts", [0])

    async def save_presence(self, entries: list[object]) -> None:
        self._count("presence", entries)

    async def add_deviations(self, entries: list[object]) -> None:
        self._count("deviations", entries)

    async def add_rejections(self, entries: list[object]) -> None:
        self._count("rejections", entries)

    async def forget_rejections(self, *_: object) -> None:
        pass

    async def seen(self, entries: dict[str, object]) -> None:
        self._count("seen", list(entries))

    def _count(self, name: str, entries: list[object]) -> None:
        self.written[name] = self.written.get(name, 0) + len(entries)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        if self.broken:
            raise OSError("no disk")
        yield cast("Work", self)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def journal(disk: Disk) -> Journal:
    return Journal(ManualClock(), cast("Begin", disk.begin))


def deviate(journal: Journal, *paths: str) -> None:
    seen = [DeviationSeen("null", path, "x") for path in paths]
    journal.count(STATION, seen, ManualClock().now())


async def test_an_outage_loses_nothing(disk: Disk, journal: Journal) -> None:
    disk.broken = True
    journal.record("x", "y", 404, "z")
    journal.came(STATION, "ocpp2.1", "here")
    journal.heard(STATION)
    deviate(journal, "a", "b")
    for _ in range(3):
        with pytest.raises(ExceptionGroup):
            await journal.flush()
    journal.record("x", "y", 404, "z")
    journal.heard(STATION)
    deviate(journal, "a")

    disk.broken = False
    await journal.flush()

    assert disk.written == {
        "presence": 1,
        "facts": 1,
        "seen": 1,
        "deviations": 2,
        "rejections": 2,
    }
    assert journal.dropped == 0


async def test_what_can_never_be_written_is_given_up(
    disk: Disk, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 2)
    disk.broken = True
    journal.record("x", "y", 404, "z")
    for _ in range(3):
        with pytest.raises(ExceptionGroup):
            await journal.flush()

    disk.broken = False
    await journal.flush()

    assert disk.written == {}
    assert journal.dropped == 1


async def test_it_does_not_grow_for_ever(
    disk: Disk, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    for number in range(5):
        journal.record("x", "y", 404, "z")
        deviate(journal, str(number))

    await journal.flush()

    assert disk.written == {"rejections": 2, "deviations": 2}
    assert journal.dropped == 6


async def test_it_goes_on_after_an_outage_and_writes_at_the_end(
    disk: Disk, journal: Journal
) -> None:
    running = asyncio.create_task(journal.run())
    disk.broken = True
    journal.record("x", "y", 404, "z")
    await asyncio.sleep(2)
    disk.broken = False
    await asyncio.sleep(2)
    assert disk.written == {"rejections": 1}

    journal.record("x", "y", 404, "z")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert disk.written == {"rejections": 2}


async def test_what_is_cut_short_is_kept(journal: Journal, disk: Disk) -> None:
    stuck = asyncio.Event()

    async def hang(entries: list[object]) -> None:
        del entries
        await stuck.wait()

    journal.came(STATION, "ocpp2.1", "here")
    journal.record("x", "y", 404, "z")
    honest, disk.save_presence = disk.save_presence, hang  # type: ignore[method-assign]
    flushing = asyncio.create_task(journal.flush())
    await asyncio.sleep(1)
    flushing.cancel()
    await asyncio.gather(flushing, return_exceptions=True)

    disk.save_presence = honest  # type: ignore[method-assign]
    await journal.flush()

    assert disk.written == {"presence": 1, "facts": 1, "rejections": 1}
