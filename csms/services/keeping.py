"""Write down what became of profiles: many stations, one commit.

Whoever asks waits until it is kept, as durable as if it had been alone; but a thousand
stations that answer at once take one connection and not a thousand.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from csms.domain.ids import EventId, EvseId
from csms.services.ports.events import StateChange
from csms.services.ports.profiles import Intent
from csms.services.ports.work import Begin

MOST = 200
"""Entries in one commit; the others wait for the next."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One state of one profile.

    Attributes:
        intent: The state.
        word: What it means in the member's way through its event, if anything.
    """

    intent: Intent
    word: str | None = None


class Keeping:
    """Keeps entries in the order in which they came.

    Args:
        begin: Begins a unit of work.
    """

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def keep(self, *entries: Entry) -> None:
        """Return once these are kept.

        Raises:
            Exception: Whatever the store raised; nothing of that entry was kept.
        """
        loop = asyncio.get_running_loop()
        done = [loop.create_future() for _ in entries]
        self._waiting += zip(entries, done, strict=True)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await asyncio.gather(*done)

    async def stop(self) -> None:
        """Return once what is waiting is kept, or has failed."""
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                await self._commit([entry for entry, _ in batch])
            except Exception as error:  # noqa: BLE001 - told to whoever waits
                await self._one_by_one(batch, error)
            except BaseException as error:
                for _, done in batch + self._waiting:
                    _settle(done, error)
                self._waiting = []
                raise
            else:
                for _, done in batch:
                    _settle(done, None)

    async def _one_by_one(
        self, batch: Sequence[tuple[Entry, "asyncio.Future[None]"]], error: Exception
    ) -> None:
        """Keep what can be kept, so that a bad entry fails alone."""
        alone = len(batch) == 1
        for entry, done in batch:
            problem: Exception | None = error
            if not alone and not done.done():
                try:
                    await self._commit([entry])
                except Exception as own:  # noqa: BLE001 - told to whoever waits
                    problem = own
                else:
                    problem = None
            _settle(done, problem)

    async def _commit(self, entries: Sequence[Entry]) -> None:
        async with self._begin() as work:
            await work.profiles.save_intents([each.intent for each in entries])
            noted = [change for each in entries if (change := _change(each))]
            if noted:
                await work.events.note_states(noted)


def _change(entry: Entry) -> tuple[EventId, EvseId, StateChange] | None:
    intent = entry.intent
    if entry.word is None or intent.event is None:
        return None
    change = StateChange(intent.updated_at, entry.word, intent.detail or "")
    return intent.event, intent.evse, change


def _settle(done: "asyncio.Future[None]", problem: BaseException | None) -> None:
    if done.done():
        return
    if problem is None:
        done.set_result(None)
    else:
        done.set_exception(problem)
