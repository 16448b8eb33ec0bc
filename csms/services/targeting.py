"""What each EVSE should hold right now: from an order to a target to a profile."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from csms.charging.compiling import (
    Order,
    Terms,
    discharge_end,
    event_profile,
    event_profile_id,
    fingerprint,
    terms_for,
)
from csms.domain.ids import EventId, EvseId, StationId, TransactionId
from csms.domain.interval import Interval
from csms.domain.units import Energy, Power
from csms.domain.vendor_profile import Dialect
from csms.services.conducting import Target, Wanted
from csms.services.gate import Question, barred, barred_anew
from csms.services.orders import vehicle_limit_w
from csms.services.ports.events import MemberOrder
from csms.services.ports.profiles import HELD, Intent
from csms.services.premises import Premise
from csms.services.world import World


@dataclass(frozen=True, slots=True)
class DispatchPolicy:
    """What an operator may tune; business time unless it says real.

    Attributes:
        lead: How long before the window a profile is put in place.
        stale_soc: Age beyond which a state of charge is no base for a new discharge.
        offline_patience: How long a 2.1 station may discharge without us (Q11).
        guard_pct: Distance from the floor at which discharge stops, in percent.
        efficiency: From battery to meter, one way.
        tick_s: Real seconds between two looks at everything.
        rest_s: Real seconds before a station that did not answer is asked again; each
            time in a row it is twice as long.
        longest_rest_s: Real seconds that such a rest lasts at most.
        attempts: How often a profile that does not hold is given.
        resize: By how much a schedule may end sooner or later than the energy above
            the floor lasts, before it is given anew; and no sooner after the last.
        skew: Clocks that are further off take nothing ahead of time.
        great_skew: Clocks that are further off take nothing.
    """

    lead: timedelta = timedelta(minutes=25)
    stale_soc: timedelta = timedelta(minutes=20)
    offline_patience: timedelta = timedelta(minutes=10)
    guard_pct: float = 2.0
    efficiency: float = 0.92
    tick_s: float = 0.25
    rest_s: float = 1.0
    longest_rest_s: float = 8.0
    attempts: int = 3
    resize: timedelta = timedelta(minutes=10)
    skew: timedelta = timedelta(seconds=5)
    great_skew: timedelta = timedelta(seconds=60)


class Targeting:
    """Decides what an EVSE should hold; it remembers nothing.

    Args:
        world: The means of the node.
        policy: What an operator may tune.
        skew: How far a station's clock is off, as far as it is known.
    """

    def __init__(
        self,
        world: World,
        policy: DispatchPolicy,
        skew: Callable[[StationId], timedelta | None],
    ) -> None:
        self._clock = world.clock
        self._live = world.live
        self._book = world.book
        self._premises = world.premises
        self._policy = policy
        self._skew = skew

    def target(
        self, order: MemberOrder | None, evse: EvseId, held: Intent | None
    ) -> Target | None:
        """Return what the EVSE should hold now, or none if a rule forbids it.

        What it holds already is not held to the freshness of a new discharge: where
        the news does not allow more, less is, and else what it holds stays.
        """
        question = self.question(order, evse)
        transaction = question.live.transaction
        if barred(question) is not None or order is None or order.setpoint is None:
            return None
        facts = question.facts
        limit = min(
            -order.setpoint.power.watts,
            vehicle_limit_w(question.live),
            facts.max_discharge.watts,
        )
        if limit < max(facts.min_discharge.watts, 1):
            return None
        power, vendor = Power(-limit), facts.vendor_profile
        window = order.setpoint.window
        mark = _mark(order.event, window, power, transaction, vendor.id)
        readable = vendor.dialect is not Dialect.DATATRANSFER
        target = Target(mark, power, window, readable=readable)
        if held is not None and held.state in HELD and held.fingerprint == mark:
            return target
        if barred_anew(question) is None:
            return target
        return _not_more(target, held, order.event, transaction)

    def wanted(
        self, order: MemberOrder | None, evse: EvseId, target: Target
    ) -> Wanted | None:
        """Return the target in the words of the station, if it can be said."""
        live = self._live.get(evse)
        premise, transaction = self._premises.find(evse), live.transaction
        if order is None or order.setpoint is None or transaction is None:
            return None
        if premise is None or live.soc_pct is None:
            return None
        terms = self.terms(evse)
        content = event_profile(
            Order(
                evse,
                transaction,
                order.setpoint.window,
                target.power,
                premise.import_share,
            ),
            terms,
            self._available(order, premise, live.soc_pct),
            now=self._clock.now(),
        )
        if content is None:
            return None
        return Wanted(
            evse,
            order.event,
            transaction,
            content,
            target.fingerprint,
            target.power,
            event_profile_id(evse, terms),
        )

    def lasts_until(
        self, order: MemberOrder | None, evse: EvseId, target: Target
    ) -> datetime | None:
        """Return until when the vehicle can give the power of the target (rule 8)."""
        soc, premise = self._live.get(evse).soc_pct, self._premises.find(evse)
        if order is None or premise is None or soc is None:
            return None
        available = self._available(order, premise, soc)
        now = self._clock.now()
        return discharge_end(target.window, target.power, available, now=now)

    def question(self, order: MemberOrder | None, evse: EvseId) -> Question:
        """Return everything that decides about a discharge there now."""
        return Question(
            order=order,
            live=self._live.get(evse),
            capability=self._book.capability(evse.station),
            facts=self._book.facts(evse),
            now=self._clock.now(),
            lead=self._policy.lead,
            stale=self._policy.stale_soc,
            guard_pct=self._policy.guard_pct,
            skew=self._skew(evse.station),
            skew_tolerated=self._policy.skew,
            skew_refused=self._policy.great_skew,
        )

    def terms(self, evse: EvseId) -> Terms:
        """Return what the EVSE can be told."""
        return terms_for(
            self._book.vendor_profile(evse.station),
            self._book.capability(evse.station),
            evse,
            self._policy.offline_patience,
        )

    def _available(self, order: MemberOrder, premise: Premise, soc: float) -> Energy:
        """Return what may be asked of the battery without anybody watching.

        It ends where the live layer would stop it, not at the floor itself: states of
        charge are rounded, and batteries lose more than they should.
        """
        stop_pct = order.floor_soc_pct + self._policy.guard_pct
        return premise.above(stop_pct, soc, self._policy.efficiency)


def _not_more(
    target: Target,
    held: Intent | None,
    event: EventId,
    transaction: TransactionId | None,
) -> Target | None:
    """Return what may be wanted when nothing new may be."""
    if held is None or held.state not in HELD:
        return None
    if (held.event, held.transaction) != (event, transaction):
        return None
    watts = int(held.document.get("power_w", 0))
    if watts <= target.power.watts:
        return target
    return replace(target, fingerprint=held.fingerprint, power=Power(watts))


@lru_cache(maxsize=4096)
def _mark(
    event: EventId,
    window: Interval,
    power: Power,
    transaction: TransactionId | None,
    vendor_profile: str,
) -> str:
    return fingerprint((event, window, power, transaction, vendor_profile))
