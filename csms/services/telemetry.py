"""Keep readings at the resolution they are worth: quarter hours of every EVSE."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog

from csms.charging.readings import SURE_GAP, Timeline, Turn
from csms.charging.registers import REACH
from csms.charging.touching import touched
from csms.clock import Clock, pause
from csms.domain.ids import EvseId
from csms.domain.interval import QUARTER, Interval, quarter_of
from csms.domain.reading import Metered, Quality, Quarter
from csms.services.ports.telemetry import BeginTelemetry, Change, Kept

CURSOR = "quarters"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
AROUND = timedelta(seconds=REACH)
CHUNK = 10
"""EVSEs in one unit of work, so that nobody waits long for the event loop."""

PASS_BUSINESS_S = 300.0
PASS_REAL_S = 1.0
"""Passes are five business minutes apart, but not less than a real second."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Builds quarter hours from readings, and answers for energy.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        settled_until: Returns an instant before which no more readings are written;
            without it everything written so far is taken.
        sure_gap: Longest silence across which registers are interpolated without
            doubt.
    """

    clock: Clock
    begin: BeginTelemetry
    settled_until: Callable[[], datetime] | None = None
    sure_gap: timedelta = SURE_GAP

    async def quarters(self, evse: EvseId, interval: Interval) -> Sequence[Quarter]:
        """Return the quarters of one EVSE, in order, missing ones included."""
        return await self.series([evse], interval)

    async def series(
        self, evses: Sequence[EvseId], interval: Interval
    ) -> Sequence[Quarter]:
        """Return the quarters of EVSEs, each EVSE in order, missing ones included."""
        async with self.begin() as work:
            kept = await work.telemetry.quarters(evses, _whole_quarters(interval))
        known = {(quarter.evse, quarter.start): quarter for quarter in kept}
        return [
            known.get((evse, quarter.start)) or _missing(evse, quarter.start)
            for evse in evses
            for quarter in interval.quarters()
        ]

    async def energy_between(
        self, evse: EvseId, start: datetime, end: datetime
    ) -> Metered:
        """Return the energy of one EVSE over any stretch, by registers."""
        return (await self.energies_between([evse], start, end))[evse]

    async def energies_between(
        self, evses: Sequence[EvseId], start: datetime, end: datetime
    ) -> Mapping[EvseId, Metered]:
        """Return the energy of each EVSE over any stretch, by registers."""
        interval = Interval(start, end)
        span = Interval(start - AROUND, end + AROUND)
        async with self.begin() as work:
            found = await work.telemetry.readings(dict.fromkeys(evses, span))
        return {
            evse: self._timeline(kept).metered(interval) for evse, kept in found.items()
        }

    async def build(self) -> int:
        """Bring the quarters up to date with what was written; return how many.

        A pass that is interrupted is made again, with the same result.
        """
        until = self.settled_until() if self.settled_until else self.clock.now()
        async with self.begin() as work:
            since = await work.telemetry.cursor(CURSOR) or LONG_AGO
            if since > self.clock.now():
                log.warning("quarters.clock_went_back", cursor=since.isoformat())
                since = LONG_AGO
            if since >= until:
                return 0
            changes = await work.telemetry.changes(since, until)
        built = 0
        pending = iter(changes.items())
        while chunk := dict(islice(pending, CHUNK)):
            built += await self._rebuild(chunk, since)
        async with self.begin() as work:
            await work.telemetry.move_cursor(CURSOR, until)
        return built

    async def run(self) -> None:
        """Build pass after pass, for ever."""
        wait = max(PASS_REAL_S, PASS_BUSINESS_S / self.clock.rate)
        while True:
            try:
                built = await self.build()
            except Exception:
                log.exception("quarters.build_failed")
            else:
                log.debug("quarters.built", quarters=built)
            await pause(wait)

    async def _rebuild(self, changes: Mapping[EvseId, Change], since: datetime) -> int:
        spans = {evse: _span(change) for evse, change in changes.items()}
        built: list[Quarter] = []
        async with self.begin() as work:
            readings = await work.telemetry.readings(spans)
            turns = await work.telemetry.turns(spans)
            for evse, change in changes.items():
                built += self._rebuilt(evse, change, readings[evse], turns[evse], since)
            await work.telemetry.save_quarters(built)
        return len(built)

    def _rebuilt(
        self,
        evse: EvseId,
        change: Change,
        kept: Sequence[Kept],
        turns: Sequence[Turn],
        since: datetime,
    ) -> Iterable[Quarter]:
        fresh = [one.reading for one in kept if one.received_at >= since]
        starts = touched((one.reading for one in kept), fresh)
        starts.update(quarter_of(turn) for turn in change.turns)
        timeline = self._timeline(kept)
        for start in sorted(starts):
            quarter = timeline.quarter(evse, start, turns)
            if quarter is not None:
                yield quarter

    def _timeline(self, kept: Iterable[Kept]) -> Timeline:
        return Timeline((one.reading for one in kept), self.sure_gap)


def _span(change: Change) -> Interval:
    """Return what must be known to rebuild whatever the change bears on."""
    instants = [
        instant
        for instant in (change.first, change.last, *change.turns)
        if instant is not None
    ]
    around = 2 * AROUND + QUARTER
    return Interval(min(instants) - around, max(instants) + around)


def _whole_quarters(interval: Interval) -> Interval:
    return Interval(quarter_of(interval.start), interval.end)


def _missing(evse: EvseId, start: datetime) -> Quarter:
    return Quarter(
        evse=evse,
        start=start,
        import_ws=None,
        export_ws=None,
        mean_w=None,
        soc_pct=None,
        soc_at=None,
        quality=Quality.MISSING,
    )
