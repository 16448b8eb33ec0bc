"""What the meter says about the members of running events: judged, not acted upon.

Everything in it is now: what an EVSE holds, what it was metered at, what stands in the
way. Direction comes from the meter, never from a state (rule 20).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from csms.domain.ids import EventId, EvseId
from csms.domain.live import LiveEvse
from csms.domain.units import Power
from csms.flex.tracking import LiveState, Patience, Verdict, Watch, track
from csms.services.dispatch import Dispatcher
from csms.services.gate import DISPATCHED, Bar
from csms.services.ports.events import MemberOrder
from csms.services.ports.profiles import HELD, IntentState
from csms.services.world import World

_AFTERMATH = timedelta(minutes=1)
"""How much longer than turning around it may take to come to rest."""

_LOOKED_AFTER = timedelta(hours=1)
"""For how long after an event an EVSE is still looked after."""

_LET_GO = frozenset({IntentState.RELEASED, IntentState.EXPIRED, IntentState.REJECTED})


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


class Watching:
    """Judges; it acts on nothing.

    Attributes:
        seen: What held around each member when it was last written about.
    """

    def __init__(
        self, world: World, dispatcher: Dispatcher, policy: MonitorPolicy
    ) -> None:
        self._clock = world.clock
        self._live = world.live
        self._book = world.book
        self._dispatcher = dispatcher
        self._policy = policy
        self._back: dict[EvseId, datetime] = {}
        self.seen: dict[tuple[EventId, EvseId], frozenset[str]] = {}

    def came_back(self, evse: EvseId) -> None:
        """Take note that a station was away: its values begin anew."""
        self._back[evse] = self._clock.now()

    def is_stray(self, evse: EvseId) -> bool:
        """Tell whether an EVSE goes on discharging after it was taken back.

        Whatever makes it do so, it is not we who want it.
        """
        intent, live = self._dispatcher.intent(evse), self._live.get(evse)
        if intent is None or intent.state not in _LET_GO or not live.connected:
            return False
        if live.power is None or live.power_at is None:
            return False
        since = intent.updated_at
        settled = since + self._patience(evse).response + _AFTERMATH
        recent = self._clock.now() - since < _LOOKED_AFTER
        out = live.power.watts < -self._policy.trip_w
        return recent and out and live.power_at >= settled

    def case(self, evse: EvseId) -> Case | None:
        """Return what must be looked at, or none while all is as before."""
        order, now = self._dispatcher.order(evse), self._clock.now()
        if order is None or order.setpoint is None or order.stage not in DISPATCHED:
            return None
        if not order.setpoint.window.covers(now):
            return None
        live = self._live.get(evse)
        verdict = self._verdict(order, live, now)
        circumstances = _circumstances(live, self._hindrance(live, verdict))
        news = circumstances != self.seen.get((order.event, evse), frozenset())
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
        since = max(setpoint.window.start, given)
        power = Power(int(intent.document.get("power_w", setpoint.power.watts)))
        watch = Watch(power, since, order.floor_soc_pct)
        state = _state(live, self._back.get(evse))
        verdict = track(watch, state, now, self._patience(evse))
        if verdict in _ALWAYS:
            return verdict
        if not self._dispatcher.is_binding(evse):
            return Verdict.WAITING
        if verdict is Verdict.WRONG_DIRECTION and self._dispatcher.bar(evse):
            return Verdict.WAITING  # it is being taken back: charging is its right
        return verdict

    def _hindrance(self, live: LiveEvse, verdict: Verdict | None) -> str | None:
        """Return why an EVSE that should discharge does not, as a state."""
        if verdict is Verdict.NOT_DELIVERING:
            return _SUSPENDED.get(live.charging_state or "")
        if verdict is not None:
            return None
        bar = self._dispatcher.bar(live.evse)
        return _HINDRANCES.get(bar) if bar else None

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
_HINDRANCES = {
    Bar.STATION: "station_refused",
    Bar.MODE_UNSUPPORTED: "station_refused",
    Bar.NOT_BIDIRECTIONAL: "ev_refused",
    Bar.SOC_UNKNOWN: "ev_refused",
    Bar.TOO_LITTLE: "ev_refused",
    Bar.SOC_FLOOR: "floor_reached",
    Bar.CLOCK: "station_refused",
    Bar.NO_FLOOR: "station_refused",
    Bar.SITE_CAP: "limited",
}
"""What a bar means to a member that should discharge and was never told to."""

_SUSPENDED = {"SuspendedEV": "ev_refused", "SuspendedEVSE": "station_refused"}
"""Who stopped the energy, in the words of a charging state (v2x §3.5)."""

_ALWAYS = frozenset(
    {Verdict.UNPLUGGED, Verdict.OFFLINE, Verdict.FLOOR_REACHED, Verdict.STALE_SOC}
)
"""Verdicts that count whether or not the profile is known to be in force."""

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


def _state(live: LiveEvse, back_at: datetime | None) -> LiveState:
    """Return what the judge needs to know.

    A station that has just come back is given the time to say its state of charge: the
    schedule that it holds asks for no more than there was.
    """
    soc_at = live.soc_at
    if soc_at is not None and back_at is not None:
        soc_at = max(soc_at, back_at)
    return LiveState(
        power=live.power,
        power_at=live.power_at,
        soc_pct=live.soc_pct,
        soc_at=soc_at,
        plugged=live.plugged,
        offline=not live.connected,
    )
