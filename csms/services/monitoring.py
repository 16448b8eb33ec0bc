"""Watch active events by the meter: obeyed, reached its floor, or dangerous.

A station's "Accepted" is not delivery (rule 15). Import while discharge was commanded
trips at once: the safe profile first, then the quarantine, then the records (rule 16).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from csms.domain.event import Reason, Stage
from csms.domain.ids import EventId, EvseId
from csms.flex.tracking import LiveState, Patience, Verdict, Watch, track
from csms.services.dispatch import Dispatcher
from csms.services.gate import Bar
from csms.services.live import LiveEvse
from csms.services.ports.events import MemberOrder
from csms.services.ports.profiles import HELD, Incident, IntentState, Quarantine
from csms.services.world import World

log = structlog.get_logger()

_AT_ONCE = 4
"""How many members are written about at the same time; trips wait for nobody."""


@dataclass(frozen=True, slots=True)
class MonitorPolicy:
    """What an operator may tune.

    Attributes:
        trip_w: Import above this, in watts, trips.
        soc_age: Age beyond which a state of charge must not be discharged on.
        jitter: Business time that our own delay may take.
        tick_s: Real seconds between two looks at what does not report.
    """

    trip_w: int = 500
    soc_age: timedelta = timedelta(minutes=5)
    jitter: timedelta = timedelta(0)
    tick_s: float = 0.5


@dataclass(frozen=True, slots=True)
class Case:
    """One EVSE at one moment of its event.

    Attributes:
        verdict: What the meter says of what it holds; none if it holds nothing.
        circumstances: What holds around it, in words of a member's way.
    """

    order: MemberOrder
    live: LiveEvse
    now: datetime
    verdict: Verdict | None
    circumstances: frozenset[str]


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
        self._due: set[EvseId] = set()
        self._wake = asyncio.Event()
        self._seen: dict[tuple[EventId, EvseId], frozenset[str]] = {}
        self._flagged: set[tuple[EventId, EvseId, str]] = set()
        self._back: dict[EvseId, datetime] = {}
        self._unwritten: dict[EvseId, Trip] = {}
        self._listening = False
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Judge what reports, and now and then what does not, until cancelled."""
        if not self._listening:
            self._listening = True
            self._live.subscribe(self._changed)
        while True:
            try:
                async with asyncio.timeout(self._policy.tick_s):
                    await self._wake.wait()
            except TimeoutError:
                self._due.update(live.evse for live in self._live.all())
            self._wake.clear()
            due, self._due = self._due, set()
            cases = [case for evse in sorted(due) if (case := self._case(evse))]
            cases.sort(key=lambda case: case.verdict is not Verdict.WRONG_DIRECTION)
            await asyncio.gather(*(self._handle(case) for case in cases))

    def _changed(self, _: LiveEvse, after: LiveEvse) -> None:
        if self._dispatcher.order(after.evse) is not None:
            self._due.add(after.evse)
            self._wake.set()

    def _case(self, evse: EvseId) -> Case | None:
        """Return what must be looked at, or none while all is as before."""
        order, now = self._dispatcher.order(evse), self._clock.now()
        if order is None or order.setpoint is None or order.stage is not Stage.ACTIVE:
            return None
        if not order.setpoint.window.covers(now):
            return None
        live = self._live.get(evse)
        verdict = self._verdict(order, live, now)
        circumstances = _circumstances(live, self._hindrance(evse, verdict))
        news = circumstances != self._seen.get((order.event, evse), frozenset())
        if not news and (verdict is None or verdict in _QUIET):
            return None
        intent = self._dispatcher.intent(evse)
        known = intent.state if intent else None
        if not news and verdict is not None and _STATES.get(verdict) is known:
            return None
        return Case(order, live, now, verdict, circumstances)

    def _verdict(
        self, order: MemberOrder, live: LiveEvse, now: datetime
    ) -> Verdict | None:
        """Return what the meter says about what the EVSE holds, if it holds any."""
        evse, setpoint = order.evse, order.setpoint
        intent, given = self._dispatcher.intent(evse), self._dispatcher.given_at(evse)
        if setpoint is None or intent is None or intent.state not in HELD:
            return None
        if intent.event != order.event or given is None:
            return None
        if not self._dispatcher.is_binding(evse):
            return Verdict.WAITING
        since = max(setpoint.window.start, given)
        watch = Watch(setpoint.power, since, order.floor_soc_pct)
        verdict = track(watch, _state(live), now, self._patience(evse))
        if verdict is Verdict.WRONG_DIRECTION and self._dispatcher.bar(evse):
            return Verdict.WAITING  # it is being taken back: charging is its right
        return verdict

    def _hindrance(self, evse: EvseId, verdict: Verdict | None) -> str | None:
        """Return why an EVSE that should discharge holds nothing, as a state."""
        if verdict is not None:
            return None
        bar = self._dispatcher.bar(evse)
        return _HINDRANCES.get(bar) if bar else None

    async def _handle(self, case: Case) -> None:
        try:
            if case.verdict is Verdict.WRONG_DIRECTION:
                await self._trip(case.order, case.live, case.now)
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

    async def _trip(self, order: MemberOrder, live: LiveEvse, now: datetime) -> None:
        """Stop a make that does the opposite of what it is told (rule 16)."""
        vendor = self._book.vendor_profile(order.evse.station)
        self._book.quarantine(vendor.id)
        for evse in {order.evse, *self._book.sharing(vendor.id)}:
            self._dispatcher.nudge(evse)
        log.critical(
            "dispatch.wrong_direction",
            station=order.evse.station,
            evse=order.evse.number,
            vendor_profile=vendor.id,
            power_w=live.power.watts if live.power else None,
        )
        evidence = {
            "commanded_w": order.setpoint.power.watts if order.setpoint else None,
            "metered_w": live.power.watts if live.power else None,
            "metered_at": live.power_at.isoformat() if live.power_at else None,
            "evse": str(order.evse),
        }
        async with self._begin() as work:
            new = await work.profiles.quarantine(
                Quarantine(
                    vendor.id, now, order.evse.station, "wrong direction", evidence
                )
            )
            await work.events.note_state(
                order.event, order.evse, "tripped", now, _power_text(live)
            )
            await work.events.release_member(
                order.event, order.evse, Reason.STATION_REFUSED, now
            )
            if new:
                await work.profiles.note(
                    Incident(
                        now,
                        "critical",
                        "wrong_direction",
                        order.evse.station,
                        order.evse.number,
                        order.event,
                        evidence,
                    )
                )
                await work.facts.add(
                    "vendor_profile.quarantined", vendor.id, evidence, now
                )
        self._dispatcher.nudge(order.evse)

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
        key = (order.event, order.evse, verdict)
        if key in self._flagged:
            return
        self._flagged.add(key)
        async with self._begin() as work:
            await work.profiles.note(
                Incident(
                    now,
                    "warning",
                    verdict.value,
                    order.evse.station,
                    order.evse.number,
                    order.event,
                    {"metered": _power_text(live)},
                )
            )

    async def _note_circumstances(self, case: Case) -> None:
        """Write down, once each, what changed around a member (rule 23)."""
        order, now, after = case.order, case.now, case.circumstances
        key = (order.event, order.evse)
        before = self._seen.get(key, frozenset())
        if before == after:
            return
        self._seen[key] = after
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

    # -- what it knows ---------------------------------------------------------------

    def _patience(self, evse: EvseId) -> Patience:
        vendor = self._book.vendor_profile(evse.station)
        return Patience(
            response=vendor.response + self._policy.jitter,
            power_age=self._policy.soc_age,
            soc_age=self._policy.soc_age,
            trip_w=self._policy.trip_w,
        )


_CIRCUMSTANCES: tuple[tuple[str, Callable[[LiveEvse], bool]], ...] = (
    ("unplugged", lambda live: not live.plugged),
    ("offline", lambda live: not live.connected),
    ("priority_charging", lambda live: live.priority_charging),
    ("limited", lambda live: bool(live.der_alarm or live.external_limit)),
)
_ENDS = {
    "unplugged": "plugged",
    "offline": "online",
    "priority_charging": "priority_ended",
    "limited": "unlimited",
}


_HINDRANCES = {
    Bar.STATION: "station_refused",
    Bar.MODE_UNSUPPORTED: "station_refused",
    Bar.NOT_BIDIRECTIONAL: "ev_refused",
    Bar.SOC_UNKNOWN: "ev_refused",
    Bar.SOC_FLOOR: "floor_reached",
}
"""What a bar means to a member that should discharge and was never told to."""

_QUIET = frozenset(
    {Verdict.WAITING, Verdict.UNKNOWN, Verdict.OFFLINE, Verdict.UNPLUGGED}
)
"""Verdicts that nothing follows from by themselves."""

_STATES = {
    Verdict.OBEYED: IntentState.OBEYED,
    Verdict.NOT_DELIVERING: IntentState.NOT_OBEYED,
}


def _circumstances(live: LiveEvse, hindrance: str | None) -> frozenset[str]:
    found = {name for name, holds in _CIRCUMSTANCES if holds(live)}
    return frozenset(found | {hindrance} if hindrance else found)


def _state(live: LiveEvse) -> LiveState:
    return LiveState(
        power=live.power,
        power_at=live.power_at,
        soc_pct=live.soc_pct,
        soc_at=live.soc_at,
        plugged=live.plugged,
        offline=not live.connected,
    )


def _power_text(live: LiveEvse) -> str:
    return "unmetered" if live.power is None else f"{live.power.as_kw:.1f} kW"
