"""Coming back is no restart (rule 24, E14)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from csms.domain.ids import EvseId, StationId, TransactionId
from csms.services.live import LiveFleet
from csms.services.ports.wire import (
    NoAnswer,
    RefusedByStation,
    Silence,
    TransactionStatus,
)
from csms.services.returning import Returning
from tests.fakes.clock import ManualClock

STATION = StationId("S")
EVSE = EvseId(STATION, 1)
TX = TransactionId("tx")
OTHER = TransactionId("other")


@dataclass
class Remote:
    """A station that says what it is told to say."""

    status: TransactionStatus | Exception
    gate: asyncio.Event | None = None
    asked: list[tuple[StationId, TransactionId | None]] = field(default_factory=list)

    async def transaction_status(
        self, station: StationId, transaction: TransactionId | None
    ) -> TransactionStatus:
        self.asked.append((station, transaction))
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.status, Exception):
            raise self.status
        return self.status


@asynccontextmanager
async def listening(remote: Remote) -> AsyncIterator[LiveFleet]:
    live = LiveFleet(ManualClock())
    live.update(EVSE, plugged=True, transaction=TX, priority_charging=True)
    task = asyncio.create_task(Returning(live, remote).run())
    await asyncio.sleep(0)
    yield live
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def a_while() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def come_back(live: LiveFleet) -> None:
    live.set_connected(STATION, False)  # noqa: FBT003, the port's words
    live.set_connected(STATION, True)  # noqa: FBT003, the port's words


async def test_what_goes_on_goes_on() -> None:
    remote = Remote(TransactionStatus(ongoing=True, messages_in_queue=False))
    async with listening(remote) as live:
        come_back(live)
        await a_while()

        assert remote.asked == [(STATION, TX)]
        assert live.get(EVSE).transaction == TX


@pytest.mark.parametrize("waiting", [True, False])
async def test_what_has_ended_meanwhile_is_not_dispatched_on(waiting: bool) -> None:  # noqa: FBT001
    remote = Remote(TransactionStatus(ongoing=False, messages_in_queue=waiting))
    async with listening(remote) as live:
        come_back(live)
        await a_while()

        assert live.get(EVSE).transaction is None
        assert not live.get(EVSE).priority_charging
        assert live.get(EVSE).plugged, "the cable is another matter"


@pytest.mark.parametrize(
    "silence",
    [
        NoAnswer(STATION, Silence.UNANSWERED),
        RefusedByStation(STATION, "NotImplemented"),
        TransactionStatus(ongoing=None, messages_in_queue=True),
    ],
)
async def test_who_does_not_say_is_taken_as_before(
    silence: TransactionStatus | Exception,
) -> None:
    async with listening(Remote(silence)) as live:
        come_back(live)
        await a_while()

        assert live.get(EVSE).transaction == TX


async def test_a_new_transaction_is_not_ended_by_an_old_answer() -> None:
    gate = asyncio.Event()
    remote = Remote(TransactionStatus(ongoing=False, messages_in_queue=False), gate)
    async with listening(remote) as live:
        come_back(live)
        await a_while()
        live.update(EVSE, transaction=OTHER)
        gate.set()
        await a_while()

        assert live.get(EVSE).transaction == OTHER


async def test_nobody_is_asked_about_nothing_or_twice_at_once() -> None:
    gate = asyncio.Event()
    remote = Remote(TransactionStatus(ongoing=True, messages_in_queue=False), gate)
    async with listening(remote) as live:
        come_back(live)
        come_back(live)
        await a_while()
        assert len(remote.asked) == 1
        gate.set()
        await a_while()
        live.update(EVSE, transaction=None)
        come_back(live)
        await a_while()

        assert len(remote.asked) == 1
