"""Something to wait on until it rings or real time has passed."""

import asyncio


class Alarm:
    """Wakes a worker. A ring while nobody waits is not lost."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the worker, now or as soon as it waits."""
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Return when it rings, at the latest after so many real seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return
        finally:
            self._rung.clear()
