"""Ask stations that come back whether their transactions still go on (E14, rule 24).

Coming back is no restart: what was known goes on until the station says otherwise. A
transaction that has ended meanwhile must not be dispatched on, though its last reports
may still be on their way.
"""

import asyncio
from functools import partial
from typing import Protocol

import structlog

from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.live import LiveEvse
from csms.services.live import GONE, LiveFleet
from csms.services.ports.wire import NoAnswer, RefusedByStation, TransactionStatus

log = structlog.get_logger()

_AT_ONCE = 20
"""How many stations are asked at the same time: a fleet may come back as one."""


class Asks(Protocol):
    """The part of ``ports.wire.RemoteWire`` that is needed here."""

    async def transaction_status(
        self, station: StationId, transaction: TransactionId | None
    ) -> TransactionStatus:
        """Return whether a transaction goes on, and whether reports wait (E14)."""
        ...


class Returning:
    """Listens to the live fleet, and asks whoever has come back."""

    def __init__(self, live: LiveFleet, remote: Asks) -> None:
        self._live = live
        self._remote = remote
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._asking: dict[EvseId, asyncio.Task[None]] = {}
        self._listening = False

    async def run(self) -> None:
        """Work until cancelled."""
        if not self._listening:
            self._listening = True
            self._live.subscribe(self._changed)
        try:
            await asyncio.Event().wait()
        finally:
            tasks = list(self._asking.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _changed(self, before: LiveEvse, after: LiveEvse) -> None:
        came = after.connected and not before.connected
        if not came or after.transaction is None or after.evse in self._asking:
            return
        task = asyncio.create_task(self._ask(after.evse, after.transaction))
        self._asking[after.evse] = task
        task.add_done_callback(partial(self._asked, after.evse))

    def _asked(self, evse: EvseId, _: "asyncio.Task[None]") -> None:
        self._asking.pop(evse, None)

    async def _ask(self, evse: EvseId, transaction: TransactionId) -> None:
        try:
            async with self._slots:
                said = await self._remote.transaction_status(evse.station, transaction)
        except (NoAnswer, RefusedByStation) as problem:
            log.info(
                "transaction.status_unknown", station=evse.station, why=str(problem)
            )
            return
        known = self._live.get(evse)
        if said.ongoing is False and known.transaction == transaction:
            log.info(
                "transaction.ended_meanwhile",
                station=evse.station,
                transaction=transaction,
                reports_waiting=said.messages_in_queue,
            )
            self._live.update(evse, transaction=None, **GONE)
