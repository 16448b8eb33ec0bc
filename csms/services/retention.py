"""Forgets what is old and over, a little at a time: the only place where rows go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from csms.clock import Clock, pause
from csms.services.ports.pruning import Records
from csms.services.ports.work import Begin

log = structlog.get_logger()

EVERY_REAL_S: Final = 60.0
AT_ONCE: Final = 5_000
"""Rows of one kind that go in one unit of work."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Keeps records for as long as an operator set, and no longer.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        kept: How long each kind of records is kept.
    """

    clock: Clock
    begin: Begin
    kept: Mapping[Records, timedelta]

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self.step()
            await pause(EVERY_REAL_S)

    async def step(self) -> None:
        """Forget some of what is too old, each kind in a unit of work of its own."""
        now = self.clock.now()
        for what, lasting in self.kept.items():
            async with self.begin() as work:
                gone = await work.pruning.prune(what, now - lasting, AT_ONCE)
            if any(gone.values()):
                log.info("records.pruned", records=what.value, **gone)
