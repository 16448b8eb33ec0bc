"""Carry out plans: what each station should hold, brought about and verified.

The dispatcher is driven by levels, not by edges: it compares what an EVSE should hold
with what it was given, and takes one step at a time until both agree. Whatever wakes
it (a plan, an opt-out, a reconnect, a crash that is over), the steps are the same.
"""

import asyncio
from datetime import datetime

import structlog

from csms.domain.ids import EventId, EvseId, StationId
from csms.domain.profile import Profile, Role
from csms.domain.units import Power
from csms.services.conducting import (
    Conductor,
    Step,
    Target,
    Trust,
    Wanted,
    next_step,
)
from csms.services.floors import Floors
from csms.services.gate import Bar, barred
from csms.services.live import LiveEvse
from csms.services.orders import foremost
from csms.services.ports.events import MemberOrder
from csms.services.ports.profiles import HELD, Intent, IntentState
from csms.services.ports.wire import NoAnswer, RefusedByStation
from csms.services.targeting import DispatchPolicy, Targeting
from csms.services.world import World

log = structlog.get_logger()

_ATTEMPTS = 3
"""How often a refused profile is offered again before it stays refused."""

_WATCHED = (
    "connected",
    "plugged",
    "transaction",
    "priority_charging",
    "der_alarm",
    "ev_needs",
    "external_limit",
)
"""What bounds a dispatch; readings of power are the monitor's."""


class Dispatcher:
    """Brings about on stations what plans ask for, and takes it back in time."""

    def __init__(
        self,
        world: World,
        floors: Floors,
        conductor: Conductor,
        policy: DispatchPolicy,
    ) -> None:
        self._clock = world.clock
        self._begin = world.begin
        self._live = world.live
        self._book = world.book
        self._premises = world.premises
        self._floors = floors
        self._conductor = conductor
        self._policy = policy
        self._targeting = Targeting(world, policy)
        self._orders: dict[EvseId, MemberOrder] = {}
        self._held: dict[EvseId, Intent] = {}
        self._busy: dict[EvseId, asyncio.Task[None]] = {}
        self._resting: dict[EvseId, float] = {}
        self._refusals: dict[tuple[EvseId, str], int] = {}
        self._given: dict[EvseId, datetime] = {}
        self._pushed: dict[EvseId, datetime] = {}
        self._gone: dict[EvseId, datetime] = {}
        self._wake = asyncio.Event()

    # -- what others may ask ------------------------------------------------------

    def nudge(self, evse: EvseId) -> None:
        """Look at this EVSE now."""
        self._resting.pop(evse, None)
        self._wake.set()

    def nudge_event(self, event: EventId) -> None:
        """Look at every member of this event now."""
        del event
        self._wake.set()

    def order(self, evse: EvseId) -> MemberOrder | None:
        """Return what the newest plan wants of the EVSE."""
        return self._orders.get(evse)

    def intent(self, evse: EvseId) -> Intent | None:
        """Return what the EVSE was last given for an event."""
        return self._held.get(evse)

    def given_at(self, evse: EvseId) -> datetime | None:
        """Return when the EVSE was given what it holds."""
        return self._given.get(evse)

    def is_binding(self, evse: EvseId) -> bool:
        """Tell whether what the EVSE holds is known to hold, so that it must be obeyed.

        It is not after an absence until it was read back or given again, and a
        Dynamic profile is not unless it was kept alive.
        """
        if self._conductor.trust(evse) is not Trust.FULL:
            return False
        vendor = self._book.vendor_profile(evse.station)
        last = self._pushed.get(evse)
        if not vendor.dialect.is_dynamic or last is None:
            return True
        return self._clock.now() - last < vendor.dynamic.watchdog

    def holding(self) -> list[EvseId]:
        """Return the EVSEs that may hold an event profile."""
        return [evse for evse, each in self._held.items() if each.state in HELD]

    def bar(self, evse: EvseId) -> Bar | None:
        """Return what forbids a discharge there now, or none."""
        return barred(self._targeting.question(self._orders.get(evse), evse))

    def dynamic(self, station: StationId, profile_id: int) -> Profile | None:
        """Return the Dynamic profile that a station may pull now, if still wanted."""
        for evse in self.holding():
            mine = evse.station == station
            target = self._targeting.target(
                self._orders.get(evse), evse, self._held.get(evse)
            )
            if mine and target and self._held[evse].profile_id == profile_id:
                wanted = self._wanted(evse, target)
                if wanted is not None and isinstance(wanted.content, Profile):
                    return wanted.content
        return None

    async def observe(self, evse: EvseId, state: IntentState, detail: str) -> None:
        """Keep what the meter says about the profile that the EVSE holds."""
        intent = self._held.get(evse)
        if intent is not None and intent.state in HELD and intent.state is not state:
            await self._conductor.advance(intent, state, detail, self._keep)

    # -- its life -----------------------------------------------------------------

    async def run(self) -> None:
        """Work until cancelled; what was given before a crash is picked up first."""
        async with self._begin() as work:
            for intent in await work.profiles.intents():
                if intent.role is Role.EVENT:
                    self._keep(intent)
                    self._given[intent.evse] = intent.updated_at
        self._conductor.void(self.holding())
        self._live.subscribe(self._changed)
        try:
            while True:
                await self._look()
                self._wake.clear()
                try:
                    async with asyncio.timeout(self._policy.tick_s):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            await self._stop()

    async def _stop(self) -> None:
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._floors.stop()

    def _changed(self, before: LiveEvse, after: LiveEvse) -> None:
        if before.connected and not after.connected:
            self._gone[after.evse] = self._clock.now()
        if after.connected and not before.connected:
            self._conductor.doubt([after.evse])
            self._floors.doubt(after.evse.station)
            if self._was_away_long(after.evse):
                self._conductor.void([after.evse])
        if any(getattr(before, name) != getattr(after, name) for name in _WATCHED):
            self.nudge(after.evse)

    def _was_away_long(self, evse: EvseId) -> bool:
        """Tell whether a station may have let go of its profile meanwhile (Q11, Q12).

        Of stations that were away before this node started, nobody knows.
        """
        gone = self._gone.pop(evse, None)
        patience = self._policy.offline_patience
        return gone is None or self._clock.now() - gone >= patience * 0.8

    async def _look(self) -> None:
        try:
            await self._refresh()
        except Exception:  # the database may be away: keep what was known
            log.exception("dispatch.orders_unreadable")
        online = [live for live in self._live.all() if live.connected]
        self._floors.look(sorted({live.evse.station for live in online}))
        for live in online:
            self._consider(live.evse)

    def _consider(self, evse: EvseId) -> None:
        """Start work on an EVSE unless it is busy, resting or as it should be."""
        if evse in self._busy or self._is_resting(evse):
            return
        if self._step(evse)[0] is Step.NOTHING:
            return
        task = asyncio.create_task(self._work(evse))
        self._busy[evse] = task
        task.add_done_callback(lambda _: self._free(evse))

    def _free(self, evse: EvseId) -> None:
        self._busy.pop(evse, None)
        self._wake.set()

    async def _refresh(self) -> None:
        now = self._clock.now()
        async with self._begin() as work:
            orders = await work.events.dispatchable(now)
        self._orders = foremost(orders, now)

    async def _work(self, evse: EvseId) -> None:
        """Take steps until the EVSE is as it should be or cannot be reached."""
        while self._live.get(evse).connected:
            step, target = self._step(evse)
            if step is Step.NOTHING or self._is_resting(evse):
                return
            try:
                await self._take(step, evse, target)
            except NoAnswer as silence:
                await self._lost(evse, str(silence))
                return
            except (RefusedByStation, TimeoutError) as problem:
                await self._lost(evse, str(problem) or "no report")
                return
            except Exception:  # one station must never stop the others
                log.exception("dispatch.failed", station=evse.station)
                self._rest(evse)
                return

    async def _lost(self, evse: EvseId, why: str) -> None:
        log.warning("dispatch.unknown", station=evse.station, why=why)
        self._rest(evse)
        if (intent := self._held.get(evse)) is not None:
            await self._conductor.unknown(intent, why, self._keep)

    def _is_resting(self, evse: EvseId) -> bool:
        return self._resting.get(evse, 0.0) > asyncio.get_running_loop().time()

    def _rest(self, evse: EvseId) -> None:
        loop = asyncio.get_running_loop()
        self._resting[evse] = loop.time() + self._policy.rest_s

    async def _take(self, step: Step, evse: EvseId, target: Target | None) -> None:
        intent = self._held.get(evse)
        if step is Step.TAKE_BACK and intent is not None:
            await self._take_back(evse, intent)
            return
        wanted = self._wanted(evse, target) if target is not None else None
        if wanted is None:
            self._rest(evse)
            return
        if step is Step.GIVE:
            self._pushed[evse] = self._given[evse] = self._clock.now()
            await self._conductor.give(wanted, self._keep)
        elif step is Step.READ_BACK and intent is not None:
            await self._conductor.read_back(intent, wanted, self._keep)
        elif step is Step.PUSH and isinstance(wanted.content, Profile):
            if not self.is_binding(evse):
                self._given[evse] = self._clock.now()
            self._pushed[evse] = self._clock.now()
            await self._conductor.push(wanted.content, self._push_expiry(evse))

    async def _take_back(self, evse: EvseId, intent: Intent) -> None:
        live, premise = self._live.get(evse), self._premises.find(evse)
        bar = self.bar(evse)
        await self._conductor.take_back(
            intent,
            self._targeting.terms(evse),
            premise.import_share if premise else Power(0),
            replace_first=live.transaction == intent.transaction
            and bar not in (Bar.OVER, Bar.NO_ORDER),
            why=bar.value if bar else "replaced",
            keep=self._keep,
        )

    # -- decisions ----------------------------------------------------------------

    def _step(self, evse: EvseId) -> tuple[Step, Target | None]:
        intent = self._held.get(evse)
        if evse not in self._orders and (intent is None or intent.state not in HELD):
            return Step.NOTHING, None
        target = self._targeting.target(
            self._orders.get(evse), evse, self._held.get(evse)
        )
        step = next_step(target, intent, self._conductor.trust(evse))
        if step is Step.GIVE and target is not None:
            refused = self._refusals.get((evse, target.fingerprint), 0) >= _ATTEMPTS
            if refused or not self._floors.confirmed(evse.station):
                return Step.NOTHING, target
        if step is Step.NOTHING and target is not None and self._is_due(evse):
            return Step.PUSH, target
        return step, target

    def _target(self, evse: EvseId) -> Target | None:
        return self._targeting.target(
            self._orders.get(evse), evse, self._held.get(evse)
        )

    def _wanted(self, evse: EvseId, target: Target) -> Wanted | None:
        return self._targeting.wanted(self._orders.get(evse), evse, target)

    def _is_due(self, evse: EvseId) -> bool:
        """Tell whether a Dynamic profile must be told again before it expires."""
        vendor = self._book.vendor_profile(evse.station)
        if not vendor.dialect.is_dynamic:
            return False
        last = self._pushed.get(evse)
        now = self._clock.now()
        return last is None or now - last >= vendor.dynamic.push_interval

    def _push_expiry(self, evse: EvseId) -> float:
        """Return real seconds within which an update is worth sending."""
        order = self._orders.get(evse)
        if order is None or order.setpoint is None:
            return 0.0
        left = order.setpoint.window.end - self._clock.now()
        return max(left.total_seconds() / self._clock.rate, 0.0)

    def _keep(self, intent: Intent) -> None:
        self._held[intent.evse] = intent
        if intent.state is IntentState.REJECTED:
            key = (intent.evse, intent.fingerprint)
            self._refusals[key] = self._refusals.get(key, 0) + 1
            self._rest(intent.evse)
