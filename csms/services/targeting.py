"""What each EVSE should hold right now: from an order to a target to a profile."""

from dataclasses import dataclass
from datetime import timedelta

from csms.charging.compiling import (
    Order,
    Terms,
    event_profile,
    event_profile_id,
    fingerprint,
    terms_for,
)
from csms.domain.ids import EvseId
from csms.domain.units import Power
from csms.domain.vendor_profile import Dialect
from csms.services.conducting import Target, Wanted
from csms.services.gate import Question, barred, barred_anew
from csms.services.orders import vehicle_limit_w
from csms.services.ports.events import MemberOrder
from csms.services.ports.profiles import HELD, Intent
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
        rest_s: Real seconds before a station that did not answer is asked again.
    """

    lead: timedelta = timedelta(minutes=25)
    stale_soc: timedelta = timedelta(minutes=20)
    offline_patience: timedelta = timedelta(minutes=10)
    guard_pct: float = 2.0
    efficiency: float = 0.92
    tick_s: float = 0.25
    rest_s: float = 2.0


class Targeting:
    """Decides what an EVSE should hold; it remembers nothing."""

    def __init__(self, world: World, policy: DispatchPolicy) -> None:
        self._clock = world.clock
        self._live = world.live
        self._book = world.book
        self._premises = world.premises
        self._policy = policy

    def target(
        self, order: MemberOrder | None, evse: EvseId, held: Intent | None
    ) -> Target | None:
        """Return what the EVSE should hold now, or none if a rule forbids it.

        What it holds already is not held to the freshness of a new discharge.
        """
        question = self.question(order, evse)
        transaction = question.live.transaction
        if barred(question) is not None or order is None or order.setpoint is None:
            return None
        limit = min(-order.setpoint.power.watts, vehicle_limit_w(question.live))
        power, vendor = Power(-limit), question.facts.vendor_profile
        mark = fingerprint(
            (order.event, order.setpoint.window, power, transaction, vendor.id)
        )
        fresh = held is None or held.state not in HELD or held.fingerprint != mark
        if fresh and barred_anew(question) is not None:
            return None
        return Target(mark, power, readable=vendor.dialect is not Dialect.DATATRANSFER)

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
            premise.above(order.floor_soc_pct, live.soc_pct, self._policy.efficiency),
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
        )

    def terms(self, evse: EvseId) -> Terms:
        """Return what the EVSE can be told."""
        return terms_for(
            self._book.vendor_profile(evse.station),
            self._book.capability(evse.station),
            evse,
            self._policy.offline_patience,
        )
