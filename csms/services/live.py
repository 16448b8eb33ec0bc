"""What every EVSE is doing now: the only thing that control decisions read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from csms.charging.readings import believable_soc
from csms.clock import Clock, pause
from csms.domain.ids import EvseId, StationId
from csms.domain.live import LiveEvse
from csms.domain.reading import METER_POINTS, Reading
from csms.domain.transaction import EventType, TransactionReport
from csms.services.ports.telemetry import BeginTelemetry

TIMELY = timedelta(seconds=120)
"""How old a report may be and still drive control (rule 22)."""

TIMELY_REAL_S = 5.0
"""The same in real seconds, where business time runs faster."""

FLUSH_REAL_S = 1.0
AVAILABLE = "Available"
OCCUPIED = "Occupied"

GONE: Mapping[str, Any] = {
    "charging_state": None,
    "operation_mode": None,
    "power": None,
    "ev_needs": None,
    "priority_charging": False,
}
"""What is not true any more once a transaction has ended."""

MOST_EVSES = 500
"""EVSEs of one station that are known of: more are not there."""

log = structlog.get_logger()

Subscriber = Callable[[LiveEvse, LiveEvse], None]


class LiveFleet:
    """The live state of every EVSE, in memory and mirrored to the database.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work; without it nothing is loaded or kept.
    """

    def __init__(self, clock: Clock, begin: BeginTelemetry | None = None) -> None:
        self._clock = clock
        self._begin = begin
        self._states: dict[EvseId, LiveEvse] = {}
        self._of_station: dict[StationId, set[EvseId]] = {}
        self._heard: dict[EvseId, tuple[datetime, int]] = {}
        self._connected: set[StationId] = set()
        self._dirty: set[EvseId] = set()
        self._subscribers: list[Subscriber] = []
        self._timely = max(TIMELY, timedelta(seconds=TIMELY_REAL_S * clock.rate))

    def get(self, evse: EvseId) -> LiveEvse:
        """Return the state of an EVSE; one never heard of is unplugged and unknown."""
        known = self._states.get(evse)
        return known or LiveEvse(evse, connected=evse.station in self._connected)

    def all(self) -> Sequence[LiveEvse]:
        """Return the state of every EVSE that was heard of."""
        return list(self._states.values())

    def update(self, evse: EvseId, **changes: Any) -> None:  # noqa: ANN401
        """Change what is known, and tell every subscriber if that is news.

        A connector that becomes available or occupied decides `plugged` too, unless
        the changes say it themselves.
        """
        before = self.get(evse)
        if "connector_status" in changes and "plugged" not in changes:
            changes.update(_plugging(before, changes, self._clock.now()))
        news = {k: new for k, new in changes.items() if getattr(before, k) != new}
        if evse in self._states:
            if not news:
                return
        elif self._is_too_much(evse):
            return
        after = replace(before, **news)
        self._keep(after)
        self._dirty.add(evse)
        for tell in self._subscribers:
            tell(before, after)

    def set_connected(self, station: StationId, connected: bool) -> None:  # noqa: FBT001
        """Remember whether a station has a connection."""
        if connected:
            self._connected.add(station)
        else:
            self._connected.discard(station)
        for evse in tuple(self._of_station.get(station, ())):
            self.update(evse, connected=connected)

    def subscribe(self, callback: Subscriber) -> None:
        """Call back with the state before and after every change.

        Callbacks are called at once and within the change: they may only enqueue.
        """
        self._subscribers.append(callback)

    def hear(self, report: TransactionReport) -> None:
        """Take from a report what it says about now (rule 22).

        Reports from a time without connection, or that are too old or too new by the
        clock, change nothing; nor does one that is older than what is known.
        """
        if report.evse is None or report.offline or not self.is_timely(report.at):
            return
        evse = EvseId(report.station, report.evse)
        if self._is_too_much(evse):
            return
        known = self.get(evse)
        changes: dict[str, Any] = {}
        moment = report.at, report.seq_no
        ends_it = report.event_type == EventType.ENDED and (
            report.transaction == known.transaction
        )
        if ends_it or moment >= self._heard.get(evse, moment):
            self._heard[evse] = moment
            _report(known, report, changes)
        for said in _by_trust(report.readings):
            _meter(known, said, changes)
        if changes:
            self.update(evse, **changes)

    def hear_readings(self, readings: Sequence[Reading]) -> None:
        """Take from loose readings what they say about now."""
        by_evse: dict[EvseId, list[Reading]] = {}
        for said in readings:
            if said.evse.number and self.is_timely(said.at):
                by_evse.setdefault(said.evse, []).append(said)
        for evse, there in by_evse.items():
            known, changes = self.get(evse), dict[str, Any]()
            for said in _by_trust(there):
                _meter(known, said, changes)
            if changes:
                self.update(evse, **changes)

    def is_timely(self, at: datetime) -> bool:
        """Tell whether an instant is near enough to now to drive control."""
        return abs(self._clock.now() - at) < self._timely

    async def load(self) -> None:
        """Read the states that were kept."""
        if self._begin is None:
            return
        async with self._begin() as work:
            for state in await work.telemetry.live():
                connected = state.evse.station in self._connected
                self._keep(replace(state, connected=connected))

    async def flush(self) -> None:
        """Keep every state that has changed since the last flush."""
        if self._begin is None or not self._dirty:
            return
        dirty, self._dirty = self._dirty, set()
        try:
            async with self._begin() as work:
                await work.telemetry.save_live([self.get(evse) for evse in dirty])
        except BaseException:
            self._dirty |= dirty
            raise

    async def run(self) -> None:
        """Flush about every real second, for ever, and once more when cancelled."""
        try:
            while True:
                await pause(FLUSH_REAL_S)
                await self._flush_or_tell()
        finally:
            await self._flush_or_tell()

    async def _flush_or_tell(self) -> None:
        try:
            await self.flush()
        except Exception:
            log.exception("live.flush_failed", states=len(self._dirty))

    def _is_too_much(self, evse: EvseId) -> bool:
        """Tell whether a station speaks of more EVSEs than any station has."""
        if evse in self._states:
            return False
        return len(self._of_station.get(evse.station, ())) >= MOST_EVSES

    def _keep(self, state: LiveEvse) -> None:
        if state.evse not in self._states:
            self._of_station.setdefault(state.evse.station, set()).add(state.evse)
        self._states[state.evse] = state


def _plugging(
    before: LiveEvse, changes: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    plugged = {AVAILABLE: False, OCCUPIED: True}.get(changes["connector_status"])
    if plugged is None or plugged == before.plugged:
        return {}
    at = changes.get("connector_status_at") or now
    return {"plugged": plugged, "plugged_at": at}


def _report(
    known: LiveEvse, report: TransactionReport, changes: dict[str, Any]
) -> None:
    plugged = report.plugged
    if report.event_type == EventType.ENDED:
        if known.transaction not in (None, report.transaction):
            return
        changes.update(GONE, transaction=None, power_at=report.at)
    else:
        changes["transaction"] = report.transaction
        if report.charging_state is not None:
            changes["charging_state"] = report.charging_state
        if report.operation_mode is not None:
            changes["operation_mode"] = report.operation_mode
    if plugged is not None and plugged != known.plugged:
        changes["plugged"], changes["plugged_at"] = plugged, report.at


def _meter(known: LiveEvse, said: Reading, changes: dict[str, Any]) -> None:
    at = said.at
    if said.location in METER_POINTS:
        if said.says_power and _newer(known.power_at, at):
            changes["power"], changes["power_at"] = said.power, at
        if said.says_energy and _newer(known.register_at, at):
            changes["import_ws"], changes["export_ws"] = said.import_ws, said.export_ws
            changes["register_at"] = at
    if said.soc_pct is not None and _newer(known.soc_at, at) and _believed(known, said):
        changes["soc_pct"], changes["soc_at"] = said.soc_pct, at


def _believed(known: LiveEvse, said: Reading) -> bool:
    before = None
    if (
        known.soc_pct is not None
        and known.soc_at is not None
        and known.transaction is not None
        and known.transaction == said.transaction
    ):
        before = (known.soc_pct, known.soc_at)
    return said.soc_pct is not None and believable_soc(said.soc_pct, said.at, before)


def _newer(before: datetime | None, at: datetime) -> bool:
    return before is None or at >= before


def _by_trust(readings: Sequence[Reading]) -> Sequence[Reading]:
    return sorted(readings, key=_trust) if len(readings) > 1 else readings


def _trust(said: Reading) -> tuple[datetime, int]:
    known = said.location in METER_POINTS
    return said.at, -METER_POINTS.index(said.location) if known else -len(METER_POINTS)
