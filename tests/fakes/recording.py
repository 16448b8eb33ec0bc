"""An ingest whose store is a list."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from csms.domain.reading import Reading
from csms.domain.transaction import Recorded, TransactionReport
from csms.services.ingest import Ingest
from csms.services.live import LiveFleet
from csms.services.ports.telemetry import TransactionKey
from tests.fakes.clock import ManualClock


class Recording:
    """Keeps what is ingested while it is entered.

    Attributes:
        ingest: Takes reports.
        live: Mirrors them.
        reports: What was kept.
        readings: What was kept without transaction.
    """

    def __init__(self, clock: ManualClock) -> None:
        self.reports: list[TransactionReport] = []
        self.readings: list[Reading] = []
        self.live = LiveFleet(clock)
        self.ingest = Ingest(self, self.live, clock)

    async def write(
        self,
        reports: Sequence[TransactionReport],
        readings: Sequence[Reading],
        *,
        at: datetime,
    ) -> Sequence[Recorded]:
        """Keep a batch."""
        assert at.tzinfo is not None
        known = {report.key: report.digest for report in self.reports}
        self.readings += readings
        self.reports += reports
        return [
            Recorded.NEW
            if report.key not in known
            else Recorded.DUPLICATE
            if known[report.key] == report.digest
            else Recorded.CONFLICT
            for report in reports
        ]

    async def whereabouts(
        self, keys: Sequence[TransactionKey]
    ) -> Mapping[TransactionKey, int]:
        """Know of no transaction."""
        assert keys
        return {}

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.ingest.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.ingest.stop()
        await self._task


def recording() -> Recording:
    """Return one at DAWN."""
    return Recording(ManualClock())
