"""What is noticed of stations in passing, written down together a little later.

Nothing in it is a promise to anybody, so nobody waits for it: presence, signs of life,
harmless departures from the standard, refused handshakes, and what stations tell of
themselves. It is bounded; what does not fit is counted and dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from csms.clock import Clock, pause
from csms.domain.ids import EvseId, StationId
from csms.domain.station import (
    Boot,
    DeviationCount,
    Presence,
    RejectedHandshake,
    StationNotice,
    Variable,
)
from csms.domain.station_request import ConnectorState
from csms.services.ports.wire import DeviationSeen
from csms.services.ports.work import Begin, Work

log = structlog.get_logger()

FLUSH_REAL_S = 0.5
MOST_WAITING = 10_000
MOST_REJECTIONS = 10_000
REJECTIONS_KEPT = timedelta(days=30)
DETAIL_LIMIT = 500
FIELD_LIMIT = 255
PATIENCE = 240
"""How many flushes in a row may fail before what they hold is given up."""

T = TypeVar("T")
_Deviation = tuple[StationId, str, str]


@dataclass(slots=True)
class _Page:
    presence: list[Presence] = field(default_factory=list)
    boots: dict[StationId, Boot] = field(default_factory=dict)
    seen: dict[StationId, datetime] = field(default_factory=dict)
    deviations: dict[_Deviation, DeviationCount] = field(default_factory=dict)
    rejections: list[RejectedHandshake] = field(default_factory=list)
    notices: list[StationNotice] = field(default_factory=list)
    connectors: dict[tuple[EvseId, int], ConnectorState] = field(default_factory=dict)
    variables: dict[StationId, list[Variable]] = field(default_factory=dict)


class Journal:
    """Collects, and writes down about every half second.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.

    Attributes:
        dropped: How many entries did not fit, or could not be written, since the start.
    """

    def __init__(self, clock: Clock, begin: Begin) -> None:
        self._clock = clock
        self._begin = begin
        self._page = _Page()
        self._writing = asyncio.Lock()
        self._failed: dict[str, int] = {}
        self.dropped = 0

    def came(self, station: StationId, edition: str, remote: str) -> None:
        """Note that a station has a socket."""
        now = self._clock.now()
        self._add(self._page.presence, Presence(station, now, edition, remote))

    def went(self, station: StationId, reason: str) -> None:
        """Note that a station has no socket any more."""
        now = self._clock.now()
        self._add(self._page.presence, Presence(station, now, reason=reason))

    def booted(self, boot: Boot) -> None:
        """Note that a station started again as what it was."""
        self._page.boots[boot.station] = boot

    def heard(self, station: StationId) -> None:
        """Note that a station said something."""
        self._page.seen[station] = self._clock.now()

    def count(
        self, station: StationId, seen: Sequence[DeviationSeen], at: datetime
    ) -> None:
        """Count departures from the standard (the port ``Deviations``)."""
        for each in seen:
            kind, path = each.kind[:FIELD_LIMIT], each.path[:FIELD_LIMIT]
            detail = each.detail[:DETAIL_LIMIT]
            self._tally(DeviationCount(station, kind, path, 1, at, at, detail))

    def connector(self, state: ConnectorState) -> None:
        """Note what a connector is; of two, the later by the station's clock."""
        key = (state.evse, state.connector)
        before = self._page.connectors.get(key)
        if before is None and len(self._page.connectors) >= MOST_WAITING:
            self.dropped += 1
        elif before is None or before.at <= state.at:
            self._page.connectors[key] = state

    def record(self, station: str, remote: str, status: int, reason: str) -> None:
        """Note a refused handshake (the gateway's port ``Rejections``)."""
        now = self._clock.now()
        named = station[:FIELD_LIMIT], remote[:FIELD_LIMIT]
        entry = RejectedHandshake(now, *named, status, reason[:DETAIL_LIMIT])
        self._add(self._page.rejections, entry)

    def note(self, notice: StationNotice) -> None:
        """Note what a station told of itself."""
        self._add(self._page.notices, notice)

    def told(self, station: StationId, variables: Sequence[Variable]) -> None:
        """Note values of variables that were set in passing."""
        self._page.variables[station] = [
            *self._page.variables.get(station, ()),
            *variables,
        ]

    async def flush(self) -> None:
        """Write down what was collected.

        Each kind of entry has a unit of work of its own, so that one that cannot be
        written keeps back its own kind only.

        Raises:
            ExceptionGroup: What went wrong; the entries are kept for the next time.
        """
        async with self._writing:
            page, self._page = self._page, _Page()
            errors: list[Exception] = []
            left = [name for name in _WRITERS if getattr(page, name)]
            try:
                while left:
                    error = await self._write(left[0], page)
                    errors += [error] if error else []
                    del left[0]
            finally:
                for name in left:
                    self._keep(name, page)
        if errors:
            raise ExceptionGroup("the journal could not be written", errors)

    async def run(self) -> None:
        """Write down about every half second, and once more when cancelled."""
        try:
            while True:
                await pause(FLUSH_REAL_S)
                await self._flush_or_tell()
        finally:
            await self._flush_or_tell()

    async def _flush_or_tell(self) -> None:
        try:
            await self.flush()
        except ExceptionGroup as group:
            log.warning(
                "journal.flush_failed", errors=[repr(e) for e in group.exceptions]
            )

    async def _write(self, name: str, page: _Page) -> Exception | None:
        try:
            async with self._begin() as work:
                await _WRITERS[name](work, page, self._clock.now())
        except Exception as error:  # noqa: BLE001, whatever it is, keep the entries
            self._keep(name, page)
            return error
        self._failed.pop(name, None)
        return None

    def _keep(self, name: str, page: _Page) -> None:
        """Take entries back to the front of the page, unless they failed too often."""
        self._failed[name] = self._failed.get(name, 0) + 1
        if self._failed[name] > PATIENCE:
            self.dropped += len(getattr(page, name))
            del self._failed[name]
        elif name == "deviations":
            for count in page.deviations.values():
                self._tally(count)
        else:
            old, new = getattr(page, name), getattr(self._page, name)
            both = old | new if isinstance(old, dict) else old + new
            setattr(self._page, name, both)

    def _tally(self, count: DeviationCount) -> None:
        key: _Deviation = (count.station, count.kind, count.path)
        before = self._page.deviations.get(key)
        if before is not None:
            count = replace(
                count,
                count=before.count + count.count,
                first_at=min(before.first_at, count.first_at),
                last_at=max(before.last_at, count.last_at),
            )
        elif len(self._page.deviations) >= MOST_WAITING:
            self.dropped += 1
            return
        self._page.deviations[key] = count

    def _add(self, entries: list[T], entry: T) -> None:
        if len(entries) >= MOST_WAITING:
            self.dropped += 1
        else:
            entries.append(entry)


async def _write_presence(work: Work, page: _Page, _now: datetime) -> None:
    await work.stations.save_presence(page.presence)
    for each in page.presence:
        kind = "station.connected" if each.here else "station.disconnected"
        body = {"edition": each.edition, "remote": each.remote, "reason": each.reason}
        said = {name: value for name, value in body.items() if value}
        await work.facts.add(kind, each.station, said, each.at)


async def _write_boots(work: Work, page: _Page, _now: datetime) -> None:
    boots = list(page.boots.values())
    await work.stations.save_boots(boots)
    await work.models.booted(boots)
    for boot in page.boots.values():
        await work.facts.add(
            "station.booted", boot.station, {"reason": boot.reason}, boot.at
        )


async def _write_seen(work: Work, page: _Page, _now: datetime) -> None:
    await work.stations.seen(page.seen)


async def _write_deviations(work: Work, page: _Page, _now: datetime) -> None:
    counts = sorted(page.deviations.values(), key=lambda each: each.station)
    await work.stations.add_deviations(counts)


async def _write_rejections(work: Work, page: _Page, now: datetime) -> None:
    await work.stations.add_rejections(page.rejections)
    await work.stations.forget_rejections(now - REJECTIONS_KEPT, MOST_REJECTIONS)


async def _write_notices(work: Work, page: _Page, _now: datetime) -> None:
    await work.stations.add_notices(page.notices)


async def _write_connectors(work: Work, page: _Page, _now: datetime) -> None:
    await work.requests.save_connectors(list(page.connectors.values()))


async def _write_variables(work: Work, page: _Page, now: datetime) -> None:
    await work.models.merge_all(page.variables, now)


_WRITERS: dict[str, Callable[[Work, _Page, datetime], Awaitable[None]]] = {
    "presence": _write_presence,
    "boots": _write_boots,
    "seen": _write_seen,
    "deviations": _write_deviations,
    "rejections": _write_rejections,
    "notices": _write_notices,
    "connectors": _write_connectors,
    "variables": _write_variables,
}
