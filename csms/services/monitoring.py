"""Watch active events by the meter: obeyed, reached its floor, or dangerous.

A station's "Accepted" is not delivery (rule 15). Import while discharge was commanded
trips at once: the safe profile first, then the quarantine, then the records (rule 16).
"""

import asyncio
import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from csms.domain.event import Reason
from csms.domain.ids import EventId, EvseId
from csms.domain.live import LiveEvse
from csms.flex.tracking import Verdict
from csms.services.dispatch import Dispatcher
from csms.services.ports.events import MemberOrder
from csms.services.ports.profiles import Incident, IntentState, Quarantine
from csms.services.watching import Case, MonitorPolicy, Watching
from csms.services.world import World

log = structlog.get_logger()

_STRAY = "unwanted_discharge"
_WRITE_S = 5.0
"""Real seconds that writing a trip down may take before it is tried again."""

_AT_ONCE = 4
"""How many members are written about at the same time; trips wait for nobody."""


@dataclass(frozen=True, slots=True)
class Trip:
    """An EVSE that did the opposite of what it was told, and what shows it."""

    order: MemberOrder
    vendor_profile: str
    at: datetime
    power: str
    evidence: Mapping[str, Any]


class Monitor:
    """Judges every EVSE of an active event, whenever it says something."""

    def __init__(
        self, world: World, dispatcher: Dispatcher, policy: MonitorPolicy
    ) -> None:
        self._clock = world.clock
        self._begin = world.begin
        self._live = world.live
        self._book = world.book
        self._dispatcher = dispatcher
        self._policy = policy
        self._watching = Watching(world, dispatcher, policy)
        self._due: set[EvseId] = set()
        self._wake = asyncio.Event()
        self._flagged: set[tuple[EventId, EvseId, str]] = set()
        self._unwritten: dict[EvseId, Trip] = {}
        self._handling: dict[EvseId, asyncio.Task[None]] = {}
        self._listening = False
        self._writing: asyncio.Task[None] | None = None
        self._looked_at = -math.inf
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Judge what reports, and now and then what does not, until cancelled."""
        if not self._listening:
            self._listening = True
            self._live.subscribe(self._changed)
        try:
            while True:
                self._look()
                left = self._looked_at + self._policy.tick_s - _loop_time()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(left, 0.0)):
                        await self._wake.wait()
        finally:
            await self._stop()

    async def _stop(self) -> None:
        tasks = [*self._handling.values()]
        if self._writing is not None:
            tasks.append(self._writing)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _look(self) -> None:
        """Judge whoever has said something, and now and then whoever has not."""
        self._wake.clear()
        due, self._due = self._due, set()
        if _loop_time() - self._looked_at >= self._policy.tick_s:
            self._looked_at = _loop_time()
            due.update(live.evse for live in self._live.all())
        for evse in sorted(due):
            self._look_at(evse)
        if self._unwritten and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write_trips())

    def _look_at(self, evse: EvseId) -> None:
        """Judge one EVSE; a trip acts at once, all else is done beside the judging."""
        try:
            case = self._watching.case(evse)
            if case is not None and case.verdict is Verdict.WRONG_DIRECTION:
                self._trip(case.order, case.live, case.now)
            stray = self._watching.is_stray(evse)
        except Exception:  # one EVSE must never blind us to the others
            log.exception("monitor.blind", station=evse.station)
            return
        if evse in self._handling:
            self._due.add(evse)
        elif case is not None or stray:
            work = self._handle(case) if case is not None else self._fetch_back(evse)
            self._handling[evse] = task = asyncio.create_task(work)
            task.add_done_callback(partial(self._handled, evse))

    def _handled(self, evse: EvseId, _: "asyncio.Task[None]") -> None:
        self._handling.pop(evse, None)

    def _changed(self, before: LiveEvse, after: LiveEvse) -> None:
        if after.connected and not before.connected:
            self._watching.came_back(after.evse)
        if self._dispatcher.order(after.evse) is not None:
            self._due.add(after.evse)
            self._wake.set()

    async def _handle(self, case: Case) -> None:
        try:
            async with self._slots:
                await self._note_circumstances(case)
                if case.verdict is not None:
                    await self._act(case.verdict, case.order, case.live, case.now)
        except Exception:  # one EVSE must never blind us to the others
            log.exception("monitor.failed", station=case.order.evse.station)

    async def _act(
        self, verdict: Verdict, order: MemberOrder, live: LiveEvse, now: datetime
    ) -> None:
        evse = order.evse
        match verdict:
            case Verdict.FLOOR_REACHED:
                await self._release(order, Reason.SOC_FLOOR, "floor_reached", now)
            case Verdict.STALE_SOC:
                await self._release(order, Reason.UNKNOWN, "stale_soc", now)
            case Verdict.OBEYED:
                self._flagged.discard((order.event, evse, Verdict.NOT_DELIVERING))
                await self._dispatcher.observe(evse, IntentState.OBEYED, "by its meter")
            case Verdict.NOT_DELIVERING:
                await self._dispatcher.observe(
                    evse, IntentState.NOT_OBEYED, _power_text(live)
                )
            case Verdict.EXCESSIVE:
                await self._flag(order, verdict, live, now)
            case (
                Verdict.WRONG_DIRECTION
                | Verdict.UNPLUGGED
                | Verdict.OFFLINE
                | Verdict.WAITING
                | Verdict.UNKNOWN
            ):
                return

    # -- what follows ---------------------------------------------------------------

    def _trip(self, order: MemberOrder, live: LiveEvse, now: datetime) -> None:
        """Stop a make that does the opposite of what it is told (rule 16).

        Its stations are released at once, whether the database is there or not; from
        then on a bar keeps it from being judged again.
        """
        evse = order.evse
        vendor = self._book.vendor_profile(evse.station)
        self._book.quarantine(vendor.id)
        for each in {evse, *self._book.sharing(vendor.id)}:
            self._dispatcher.nudge(each)
        log.critical(
            "dispatch.wrong_direction",
            station=evse.station,
            evse=evse.number,
            vendor_profile=vendor.id,
            power_w=live.power.watts if live.power else None,
        )
        evidence = {
            "commanded_w": order.setpoint.power.watts if order.setpoint else None,
            "metered_w": live.power.watts if live.power else None,
            "metered_at": live.power_at.isoformat() if live.power_at else None,
            "evse": str(evse),
        }
        self._unwritten[evse] = Trip(order, vendor.id, now, _power_text(live), evidence)

    async def _write_trips(self) -> None:
        """Write down what tripped; what cannot be written is tried again."""
        for evse, trip in list(self._unwritten.items()):
            try:
                async with asyncio.timeout(_WRITE_S):
                    await self._write_trip(trip)
            except Exception:  # the database may be away: the quarantine holds anyway
                log.exception("monitor.trip_unwritten", station=evse.station)
                return
            del self._unwritten[evse]
            self._dispatcher.nudge(evse)

    async def _write_trip(self, trip: Trip) -> None:
        order, station = trip.order, trip.order.evse.station
        async with self._begin() as work:
            new = await work.profiles.quarantine(
                Quarantine(
                    trip.vendor_profile,
                    trip.at,
                    station,
                    "wrong direction",
                    trip.evidence,
                )
            )
            await work.events.note_state(
                order.event, order.evse, "tripped", trip.at, trip.power
            )
            await work.events.release_member(
                order.event, order.evse, Reason.STATION_REFUSED, trip.at
            )
            if new:
                await work.profiles.note(
                    _incident(
                        trip.at, "critical", "wrong_direction", order, trip.evidence
                    )
                )
                await work.facts.add(
                    "vendor_profile.quarantined",
                    trip.vendor_profile,
                    dict(trip.evidence),
                    trip.at,
                )

    async def _release(
        self, order: MemberOrder, reason: Reason, state: str, now: datetime
    ) -> None:
        """Dispatch a member no more in this event; its profile is taken back."""
        if order.released_at is not None:
            return
        async with self._begin() as work:
            fresh = await work.events.release_member(
                order.event, order.evse, reason, now
            )
            if fresh:
                await work.events.note_state(order.event, order.evse, state, now)
        if fresh:
            log.info("event.member_released", station=order.evse.station, reason=reason)
        self._dispatcher.nudge(order.evse)

    async def _flag(
        self, order: MemberOrder, verdict: Verdict, live: LiveEvse, now: datetime
    ) -> None:
        key = (order.event, order.evse, verdict.value)
        if key in self._flagged:
            return
        self._flagged.add(key)
        async with self._begin() as work:
            metered = {"metered": _power_text(live)}
            await work.profiles.note(
                _incident(now, "warning", verdict.value, order, metered)
            )

    async def _fetch_back(self, evse: EvseId) -> None:
        """Take back once more what goes on discharging, and tell a person."""
        intent, live = self._dispatcher.intent(evse), self._live.get(evse)
        if intent is None or intent.event is None:
            return
        key = (intent.event, evse, _STRAY)
        if key in self._flagged:
            return
        self._flagged.add(key)
        log.error("dispatch.unwanted_discharge", station=evse.station)
        try:
            await self._dispatcher.insist(evse, "still discharging by its meter")
            async with self._begin() as work:
                await work.profiles.note(
                    Incident(
                        self._clock.now(),
                        "critical",
                        _STRAY,
                        evse.station,
                        evse.number,
                        intent.event,
                        {"metered": _power_text(live)},
                    )
                )
        except Exception:  # one EVSE must never blind us to the others
            log.exception("monitor.failed", station=evse.station)

    async def _note_circumstances(self, case: Case) -> None:
        """Write down, once each, what changed around a member (rule 23)."""
        order, now, after = case.order, case.now, case.circumstances
        key = (order.event, order.evse)
        before = self._watching.seen.get(key, frozenset())
        if before == after:
            return
        self._watching.seen[key] = after
        async with self._begin() as work:
            for name in sorted(after - before):
                await work.events.note_state(order.event, order.evse, name, now)
            for name in sorted(before - after):
                if name in _ENDS:
                    await work.events.note_state(
                        order.event, order.evse, _ENDS[name], now
                    )
        if "priority_charging" in after - before:
            await self._release(order, Reason.OPT_OUT, "opted_out", now)


_ENDS = {
    "unplugged": "plugged",
    "offline": "online",
    "priority_charging": "priority_ended",
    "limited": "unlimited",
}


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _incident(
    at: datetime,
    severity: str,
    kind: str,
    order: MemberOrder,
    detail: Mapping[str, Any],
) -> Incident:
    station, number = order.evse.station, order.evse.number
    return Incident(at, severity, kind, station, number, order.event, detail)


def _power_text(live: LiveEvse) -> str:
    return "unmetered" if live.power is None else f"{live.power.as_kw:.1f} kW"
