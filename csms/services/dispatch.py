"""Carry out plans: what each station should hold, brought about and verified.

The dispatcher is driven by levels, not by edges: it compares what an EVSE should hold
with what it was given, and takes one step at a time until both agree. Whatever wakes
it (a plan, an opt-out, a reconnect, a crash that is over), the steps are the same.
"""

import asyncio
import contextlib
import math
from datetime import datetime
from functools import partial

import structlog

from csms.domain.ids import EventId, EvseId, StationId
from csms.domain.live import LiveEvse
from csms.domain.profile import Profile, Role
from csms.domain.units import Power
from csms.services.conducting import Conductor, Step, Target, Trust, replaces
from csms.services.deciding import Deciding
from csms.services.echoes import until
from csms.services.floors import Floors
from csms.services.gate import Bar, barred
from csms.services.holdings import TAKEN, Holdings
from csms.services.orders import foremost
from csms.services.ports.events import MemberOrder
from csms.services.ports.profiles import Intent, IntentState
from csms.services.ports.wire import NoAnswer, RefusedByStation, Silence
from csms.services.resting import Resting
from csms.services.skew import Skew
from csms.services.targeting import DispatchPolicy, Targeting
from csms.services.world import World

log = structlog.get_logger()

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

_REST_PER_LOOK = 4
"""How many times as long as a look at everyone the others have until the next."""

_LONGEST_S = 2.0
"""Real seconds until the next one at the latest."""

_REFRESH_S = 5.0
"""Real seconds that reading the orders may take before those known are acted on."""


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
        self._skew = Skew(world.clock)
        self._targeting = Targeting(world, policy, self._skew.of)
        self._held = Holdings(world.clock)
        self._deciding = Deciding(
            world, self._targeting, self._held, conductor, floors, policy
        )
        self._resting = Resting(policy.rest_s, policy.longest_rest_s)
        self._busy: dict[EvseId, asyncio.Task[None]] = {}
        self._doing: dict[EvseId, Step] = {}
        self._gone: dict[EvseId, datetime] = {}
        self._due: set[EvseId] = set()
        self._asked, self._answered = 1, 0
        self._listening = False
        self._looked_at, self._spacing_s = -math.inf, 0.0
        self._wake = asyncio.Event()

    # -- what others may ask ------------------------------------------------------

    def nudge(self, evse: EvseId) -> None:
        """Look at this EVSE now, and at what is wanted of it."""
        self._asked += 1
        self._notice(evse)

    def nudge_event(self, event: EventId) -> None:
        """Look at every member of this event now."""
        del event
        self._asked += 1
        self._wake.set()

    def order(self, evse: EvseId) -> MemberOrder | None:
        """Return what the newest plan wants of the EVSE."""
        return self._deciding.orders.get(evse)

    def intent(self, evse: EvseId) -> Intent | None:
        """Return what the EVSE was last given for an event."""
        return self._held.get(evse)

    def given_at(self, evse: EvseId) -> datetime | None:
        """Return since when the EVSE is known to hold what it was given."""
        return self._held.given_at(evse)

    def is_binding(self, evse: EvseId) -> bool:
        """Tell whether what the EVSE holds is known to hold, so that it must be obeyed.

        It is not before the station has said yes, nor after an absence until it was
        read back or given again; a Dynamic profile is not unless it is kept alive; and
        nothing is while it is just being found out what is wanted.
        """
        intent = self._held.get(evse)
        if intent is None or intent.state not in TAKEN or self._asked > self._answered:
            return False
        if self._conductor.trust(evse) is not Trust.FULL:
            return False
        vendor = self._book.vendor_profile(evse.station)
        return not vendor.dialect.is_dynamic or self._held.is_alive(
            evse, vendor.dynamic.watchdog
        )

    def holding(self) -> list[EvseId]:
        """Return the EVSEs that may hold an event profile."""
        return self._held.all()

    def bar(self, evse: EvseId) -> Bar | None:
        """Return what keeps the EVSE from a discharge now, or none."""
        return self._deciding.bar(evse)

    def dynamic(self, station: StationId, profile_id: int) -> Profile | None:
        """Return the Dynamic profile that a station may pull now, if still wanted."""
        return self._deciding.pulled(station, profile_id)

    async def observe(self, evse: EvseId, state: IntentState, detail: str) -> None:
        """Keep what the meter says about the profile that the EVSE holds."""
        intent = self._held.get(evse)
        if evse in self._busy or intent is None or intent.state not in TAKEN:
            return  # it is being told something else, and will be judged anew
        if intent.state is not state:
            await self._conductor.advance(intent, state, detail, self._held.keep)

    async def insist(self, evse: EvseId, why: str) -> None:
        """Take back once more what was taken back: the meter says that it is there."""
        intent = self._held.get(evse)
        if intent is not None and evse not in self._busy:
            unknown = IntentState.UNKNOWN
            await self._conductor.advance(intent, unknown, why, self._held.keep)
            self._notice(evse)

    # -- its life -----------------------------------------------------------------

    async def run(self) -> None:
        """Work until cancelled; what was given before a crash is picked up first."""
        self._listen()
        async with self._begin() as work:
            intents = await work.profiles.intents()
        self._held.load(each for each in intents if each.role is Role.EVENT)
        self._conductor.void(self.holding())
        try:
            while True:
                await self._look()
                left = self._looked_at + self._spacing_s - _loop_time()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(left, 0.0)):
                        await self._wake.wait()
        finally:
            await self._stop()

    def _listen(self) -> None:
        if not self._listening:
            self._listening = True
            self._live.subscribe(self._skew.changed)
            self._live.subscribe(self._changed)

    async def _stop(self) -> None:
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._floors.stop()
        await self._conductor.stop()

    def _changed(self, before: LiveEvse, after: LiveEvse) -> None:
        evse = after.evse
        if before.connected and not after.connected:
            self._gone[evse] = self._clock.now()
        if after.connected and not before.connected:
            self._conductor.doubt([evse])
            self._floors.doubt(evse.station)
            if self._was_away_long(evse):
                self._conductor.void([evse])
        if after.ev_needs != before.ev_needs and self._held.holds(evse):
            self._conductor.doubt([evse])  # what was sent before the needs (rule 19)
        if any(getattr(before, name) != getattr(after, name) for name in _WATCHED):
            self._held.forgive(evse)
            self._notice(evse)

    def _notice(self, evse: EvseId) -> None:
        self._resting.wake(evse)
        self._due.add(evse)
        self._wake.set()

    def _was_away_long(self, evse: EvseId) -> bool:
        """Tell whether a station may have let go of its profile meanwhile (Q11, Q12).

        Of stations that were away before this node started, nobody knows.
        """
        gone = self._gone.pop(evse, None)
        patience = self._policy.offline_patience
        return gone is None or self._clock.now() - gone >= patience * 0.8

    async def _look(self) -> None:
        """Look at what has changed, now and then at everyone, and start what is due."""
        self._wake.clear()
        due, self._due = self._due, set()
        began = _loop_time()
        everyone = began - self._looked_at >= self._spacing_s
        asked = self._asked
        if asked > self._answered or everyone:
            try:
                due |= await self._refresh()
            except Exception:  # the database may be away: keep what was known
                log.exception("dispatch.orders_unreadable")
            self._answered = asked
        if everyone:
            online = [live.evse for live in self._live.all() if live.connected]
            self._floors.look({evse.station for evse in online})
            due.update(online)
        for evse in due:
            try:
                self._consider(evse)
            except Exception:  # one EVSE must never blind us to the others
                log.exception("dispatch.undecided", station=evse.station)
                self._resting.rest(evse)
        if everyone:
            self._looked_at = _loop_time()
            rest_s = min(_REST_PER_LOOK * (self._looked_at - began), _LONGEST_S)
            self._spacing_s = max(self._policy.tick_s, rest_s)

    async def _refresh(self) -> set[EvseId]:
        """Read the orders anew; return the EVSEs whose order is another one now."""
        now, before = self._clock.now(), self._deciding.orders
        async with asyncio.timeout(_REFRESH_S), self._begin() as work:
            orders = await work.events.dispatchable(now)
        self._deciding.orders = after = foremost(orders, now)
        return {
            evse
            for evse in before.keys() | after.keys()
            if before.get(evse) != after.get(evse)
        }

    def _consider(self, evse: EvseId) -> None:
        """Start work on an EVSE unless it is resting or as it should be.

        Whatever is under way makes way for taking back.
        """
        if not self._live.get(evse).connected:
            return
        task = self._busy.get(evse)
        if task is not None:
            doing = self._doing.get(evse)
            unwanted = doing is not None and doing is not Step.TAKE_BACK
            if unwanted and self._deciding.step(evse)[0] is Step.TAKE_BACK:
                task.cancel()
            return
        resting = self._resting.is_resting(evse)
        if resting or self._deciding.step(evse)[0] is Step.NOTHING:
            return
        self._busy[evse] = task = asyncio.create_task(self._work(evse))
        task.add_done_callback(partial(self._free, evse))

    def _free(self, evse: EvseId, _: "asyncio.Task[None]") -> None:
        self._busy.pop(evse, None)
        self._doing.pop(evse, None)
        self._due.add(evse)
        self._wake.set()

    async def _work(self, evse: EvseId) -> None:
        """Take steps until the EVSE is as it should be or cannot be reached."""
        while self._live.get(evse).connected and not self._resting.is_resting(evse):
            step, target = self._deciding.step(evse)
            if step is Step.NOTHING:
                return
            self._doing[evse] = step
            try:
                await self._take(step, evse, target)
            except (NoAnswer, RefusedByStation, TimeoutError) as problem:
                await self._lost(evse, problem)
                return
            except Exception:  # one station must never stop the others
                log.exception("dispatch.failed", station=evse.station)
                self._resting.rest(evse)
                return
            self._resting.succeeded(evse)

    async def _lost(self, evse: EvseId, problem: Exception) -> None:
        """Rest, and find out later what the station did (rule 17)."""
        why = str(problem) or "no report"
        log.warning("dispatch.unknown", station=evse.station, why=why)
        self._resting.rest(evse)
        intent = self._held.get(evse)
        unsent = isinstance(problem, NoAnswer) and problem.kind is Silence.STALE
        if intent is None or unsent:
            return
        try:
            await self._conductor.unknown(intent, why, self._held.keep)
        except Exception:  # the database may be away as well; the doubt is kept
            log.exception("dispatch.unwritten", station=evse.station)

    async def _take(self, step: Step, evse: EvseId, target: Target | None) -> None:
        intent = self._held.get(evse)
        if step is Step.TAKE_BACK and intent is not None:
            await self._take_back(evse, intent)
        elif step is Step.READ_BACK and intent is not None:
            await self._read_back(evse, intent)
        elif step is Step.GIVE and target is not None:
            await self._give(evse, target, intent)
        elif step is Step.PUSH and target is not None:
            await self._push(evse, target)

    async def _give(self, evse: EvseId, target: Target, before: Intent | None) -> None:
        wanted = self._deciding.wanted(evse, target)
        if wanted is None:
            self._resting.rest(evse)
            return
        if self._held.holds(evse) and before and not replaces(wanted, before):
            await self._take_back(evse, before)
            return
        self._held.reserve(evse, -target.power.watts)
        try:
            taken = await self._conductor.give(wanted, before, self._held.keep)
        except RefusedByStation:
            self._held.count(evse, target.fingerprint)
            raise
        if not taken or target.readable:
            self._held.count(evse, target.fingerprint)
        if not taken and self._live.get(evse).transaction == wanted.transaction:
            self._resting.rest(evse)  # a refusal for one that is over says nothing

    async def _read_back(self, evse: EvseId, intent: Intent) -> None:
        doubted = self._conductor.trust(evse) is not Trust.FULL
        unknown = intent.state not in TAKEN
        if doubted or unknown:
            self._held.begin(evse)
        try:
            await self._conductor.read_back(intent, self._held.keep)
        except (RefusedByStation, TimeoutError):
            self._held.count_hidden(evse)
            raise
        now = self._held.get(evse)
        if now is not None and now.state is IntentState.REJECTED:
            self._resting.rest(evse)
        elif doubted or unknown:
            self._held.begin(evse)

    async def _push(self, evse: EvseId, target: Target) -> None:
        wanted = self._deciding.wanted(evse, target)
        if wanted is None or not isinstance(wanted.content, Profile):
            self._resting.rest(evse)
            return
        left = (target.window.end - self._clock.now()).total_seconds()
        expires_s = max(left / self._clock.rate, 0.0)
        if await self._conductor.push(wanted.content, expires_s):
            watchdog = self._book.vendor_profile(evse.station).dynamic.watchdog
            self._held.refresh(evse, watchdog)

    async def _take_back(self, evse: EvseId, intent: Intent) -> None:
        live, premise = self._live.get(evse), self._premises.find(evse)
        bar = barred(self._targeting.question(self._deciding.orders.get(evse), evse))
        end = until(intent.document)
        await self._conductor.take_back(
            intent,
            self._targeting.terms(evse),
            premise.import_share if premise else Power(0),
            running=live.transaction == intent.transaction
            and (end is None or self._clock.now() < end),
            why=bar.value if bar else "replaced",
            keep=self._held.keep,
        )
        others = (each.evse.id for each in self._premises.of(evse.station))
        if not any(self._held.holds(each) for each in others):
            await self._conductor.relax(evse.station)
            self._floors.doubt(evse.station)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
