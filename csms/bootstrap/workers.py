"""Workers that run for as long as the node does, and come back if they fall over."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog

from csms.clock import pause

log = structlog.get_logger()

_REST_S = 1.0
_LONGEST_REST_S = 30.0


@dataclass(slots=True)
class Workers:
    """Named tasks under supervision.

    Attributes:
        falls: How often each has fallen over.
        resting: Which are waiting to be started again, and what they died of.
    """

    falls: dict[str, int] = field(default_factory=dict)
    resting: dict[str, str] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self, workers: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        """Start workers; each runs until the node stops."""
        for name, run in workers.items():
            self.falls[name] = 0
            task = asyncio.create_task(self._for_ever(name, run), name=name)
            self._tasks.append(task)

    async def stop(self) -> None:
        """End all of them, in the opposite order."""
        for task in reversed(self._tasks):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._tasks.clear()

    async def _for_ever(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        rest = _REST_S
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await run()
            except Exception as error:  # a worker that fell is started again
                self.falls[name] += 1
                self.resting[name] = f"{type(error).__name__}: {error}"
                log.exception("worker.fell", worker=name)
            else:
                return
            if loop.time() - began > _LONGEST_REST_S:
                rest = _REST_S
            await pause(rest)
            rest = min(rest * 2, _LONGEST_REST_S)
            self.resting.pop(name, None)
