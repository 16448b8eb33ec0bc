"""What vehicles ask for by ISO 15118, what they are answered, and what they do then.

A vehicle that says what it needs gets a plan within a minute (K15.FR.08): charging
only, within its share of the site. What an event wants of it comes above that, by
dispatch alone.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from csms.charging.compiling import terms_for
from csms.charging.driver_plan import (
    FEWEST_PROFILES,
    driver_plan,
    excesses,
    missing,
    plan_level,
)
from csms.clock import pause
from csms.domain.ids import EvseId
from csms.domain.interval import Interval
from csms.domain.live import LiveEvse
from csms.domain.profile import Composite, Profile, RateUnit, Schedule
from csms.domain.units import ZERO_ENERGY, Power
from csms.services.errands import Errands
from csms.services.ledger import Ledger
from csms.services.limits import import_bound_w
from csms.services.needs import EvNeeds, read_needs, wishes
from csms.services.ports.charging import ChargingWire, NeedsDecision, Negotiation
from csms.services.ports.profiles import Urgency
from csms.services.ports.wire import (
    Deviations,
    DeviationSeen,
    NoAnswer,
    RefusedByStation,
)
from csms.services.premises import Premise
from csms.services.world import World

log = structlog.get_logger()

AFTER_REPLY_S = 0.1
"""Real seconds after our answer to the needs: a plan before it is out of sequence."""

RETRY_S = 2.0
MARGIN_S = 0.5
LONGEST_RETRY_S = 600.0
MOST_RENEGOTIATIONS = 2
"""In one transaction: a vehicle that will not is not asked for ever."""

_RETRY = re.compile(r"(\d+)\s*seconds before retry")
_EARLY = ("InvalidMessageSeq", "TxNotFound")
"""How the reason begins; one of them is longer than the wire allows (K15.FR.17)."""


def retry_after(result: str) -> float | None:
    """Return after how many real seconds a refused plan is worth another try.

    Too early is soon over; a rate limit names its seconds (K01.FR.57 to FR.59), to
    which a margin is added: who asks too soon may put it off for ever.
    """
    if result.startswith(_EARLY):
        return RETRY_S
    named = _RETRY.search(result)
    if not result.startswith("RateLimitExceeded") or named is None:
        return None
    return min(float(named[1]), LONGEST_RETRY_S) + MARGIN_S


@dataclass(frozen=True, slots=True)
class Answer:
    """How needs are answered, and why."""

    decision: NeedsDecision
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EvSchedule:
    """What a vehicle says it will do (K15, K17).

    Attributes:
        base: From when its seconds count.
        selected: Which of our schedules it chose, if it says so.
        document: The words it came in.
    """

    evse: EvseId
    base: datetime
    schedule: Schedule
    selected: int | None
    document: Mapping[str, Any]


def _limit(premise: Premise, live: LiveEvse) -> Power:
    """Return what may be drawn: the share of the site, or less if others say so."""
    outside, share = import_bound_w(live), premise.import_share
    return share if outside is None else min(share, Power(int(outside)))


Composing = Callable[[EvseId, Interval, RateUnit | None], Composite]
Ordered = Callable[[EvseId], bool]


class Negotiator:
    """Answers vehicles, and sends what the answer promises.

    Args:
        world: The means of the node.
        ledger: Is told what stations took.
        wire: Sets profiles.
        composing: Computes what results from all profiles.
        ordered: Tells whether an event wants something of an EVSE.
        deviations: Where what makes no sense is counted.
    """

    def __init__(
        self,
        world: World,
        ledger: Ledger,
        wire: ChargingWire,
        composing: Composing,
        ordered: Ordered,
        deviations: Deviations,
    ) -> None:
        self._world = world
        self._ledger = ledger
        self._wire = wire
        self._composing = composing
        self._ordered = ordered
        self._deviations = deviations
        self._open: dict[EvseId, Negotiation] = {}
        self._again: dict[EvseId, int] = {}
        self.errands = Errands("needs")
        world.live.subscribe(self._heard)

    # -- what vehicles say ------------------------------------------------------------

    def needs(self, evse: EvseId, said: dict[str, Any]) -> Answer:
        """Answer what a vehicle needs; what follows is sent after the answer."""
        if self._world.book.evse(evse) is None:
            self._odd(evse, "unknown-evse", "NotifyEVChargingNeeds.evseId")
            return Answer(NeedsDecision.REJECTED, "UnknownEvse")
        self._world.live.update(evse, ev_needs=said)
        live = self._world.live.get(evse)
        answer = self._decide(evse, read_needs(said), live)
        negotiation = Negotiation(
            evse=evse,
            at=self._world.clock.now(),
            needs=said,
            decision=answer.decision,
            reason=answer.reason,
            transaction=live.transaction,
        )
        self._open[evse] = negotiation
        promised = answer.decision is NeedsDecision.ACCEPTED
        self.errands.begin(
            self._follow(negotiation) if promised else self._keep(negotiation)
        )
        return answer

    def schedule(self, said: EvSchedule) -> bool:
        """Tell whether a vehicle's schedule keeps within ours; else, ask anew (K16)."""
        evse = said.evse
        if self._world.book.evse(evse) is None:
            self._odd(evse, "unknown-evse", "NotifyEVChargingSchedule.evseId")
            return False
        window = Interval(said.base, said.base + timedelta(days=1))
        ours = self._composing(evse, window, said.schedule.unit)
        needs = self._world.live.get(evse).ev_needs
        dynamic = needs is not None and read_needs(needs).bounds.dynamic
        beyond = [] if dynamic else list(excesses(said.schedule, said.base, ours))
        known = {
            each.id
            for profile in self._ledger.held(evse.station)
            for each in profile.schedules
        }
        if said.selected is not None and known and said.selected not in known:
            path = "NotifyEVChargingSchedule.selectedChargingScheduleId"
            self._odd(evse, "unknown-schedule", path)
        self.errands.begin(self._judged(said, beyond))
        return not beyond

    async def renegotiate(self, evse: EvseId) -> bool:
        """Send the plan again, so that the vehicle is asked again (K16).

        Returns:
            Whether the station took it; false if there is nothing to send.
        """
        live = self._world.live.get(evse)
        if live.transaction is None or live.ev_needs is None:
            return False
        before = self._open.get(evse) or Negotiation(
            evse,
            self._world.clock.now(),
            live.ev_needs,
            NeedsDecision.ACCEPTED,
            "renegotiation",
        )
        sent = await self._send(replace(before, transaction=live.transaction))
        return sent.sent_result == "Accepted"

    # -- how they are answered --------------------------------------------------------

    def _decide(self, evse: EvseId, needs: EvNeeds, live: LiveEvse) -> Answer:
        premise = self._world.premises.find(evse)
        site = premise.site if premise is not None else None
        if needs.bidirectional and site is not None and not site.export_permission:
            return Answer(NeedsDecision.REJECTED, "NotAllowed")
        if not self._has_room(evse):
            dispatchable = self._world.book.facts(evse).dispatchable
            if self._ordered(evse) or (needs.bidirectional and dispatchable):
                return Answer(NeedsDecision.PROCESSING, "EventFollows")
            declined = (
                NeedsDecision.NO_CHARGING_PROFILE
                if needs.modern
                else NeedsDecision.REJECTED
            )
            return Answer(declined, "NoProfile")
        if live.transaction is None or premise is None:
            return Answer(NeedsDecision.PROCESSING, "TxNotFound")
        return Answer(NeedsDecision.ACCEPTED)

    def _has_room(self, evse: EvseId) -> bool:
        can = self._world.book.capability(evse.station)
        terms = terms_for(
            self._world.book.vendor_profile(evse.station), can, evse, timedelta(0)
        )
        room = can.max_profiles >= FEWEST_PROFILES and plan_level(terms) is not None
        return can.smart_charging and room

    # -- what follows -----------------------------------------------------------------

    async def _follow(self, negotiation: Negotiation) -> None:
        await pause(AFTER_REPLY_S)
        sent = await self._send(negotiation)
        wait = retry_after(sent.sent_result or "")
        if wait is not None:
            await pause(wait)
            await self._send(sent)

    async def _send(self, negotiation: Negotiation) -> Negotiation:
        profile = self._plan(negotiation)
        if profile is None:
            await self._keep(negotiation)
            return negotiation
        reason = self._short(negotiation) or negotiation.reason
        negotiation = replace(negotiation, reason=reason)
        try:
            verdict = await self._wire.set(profile, urgency=Urgency.ROUTINE)
        except (NoAnswer, RefusedByStation) as problem:
            result = str(problem)
        else:
            result = "Accepted"
            if verdict.accepted:
                self._ledger.accepted(profile)
            else:
                result = f"{verdict.reason} {verdict.info}".strip()
                log.info("needs.plan_refused", evse=str(profile.evse), why=result)
        sent = replace(
            negotiation,
            profile_id=profile.id,
            sent_at=self._world.clock.now(),
            sent_result=result,
        )
        self._open[negotiation.evse] = sent
        await self._keep(sent)
        return sent

    def _plan(self, negotiation: Negotiation) -> Profile | None:
        evse = negotiation.evse
        premise, live = self._world.premises.find(evse), self._world.live.get(evse)
        if premise is None or live.transaction is None:
            return None
        terms = terms_for(
            self._world.book.vendor_profile(evse.station),
            self._world.book.capability(evse.station),
            evse,
            timedelta(0),
        )
        now = self._world.clock.now()
        limit = _limit(premise, live)
        return driver_plan(evse, live.transaction, limit, terms, now=now)

    def _short(self, negotiation: Negotiation) -> str:
        """Return what will be missing at a departure whatever is done; else nothing."""
        evse, now = negotiation.evse, self._world.clock.now()
        premise, live = self._world.premises.find(evse), self._world.live.get(evse)
        if premise is None:
            return ""
        said, most = dict(negotiation.needs), _limit(premise, live)
        own = read_needs(said).charge_w
        limit = most if own is None else min(most, Power(int(own)))
        zone = ZoneInfo(premise.site.timezone)
        for wish in wishes(said, premise.vehicle, live.soc_pct, now, zone):
            short = missing(wish, limit, now)
            if short > ZERO_ENERGY:
                log.info("needs.departure_missed", evse=str(evse), by=wish.by)
                return f"DepartureMissed: {short.as_kwh:.1f} kWh by {wish.by:%FT%RZ}"
        return ""

    async def _judged(
        self, said: EvSchedule, beyond: list[tuple[datetime, float]]
    ) -> None:
        evse, now = said.evse, self._world.clock.now()
        before = self._open.get(evse) or Negotiation(
            evse, now, {}, NeedsDecision.PROCESSING, "no needs were heard"
        )
        judged = replace(
            before,
            schedule=dict(said.document),
            schedule_at=now,
            verdict="Rejected" if beyond else "Accepted",
            verdict_detail=", ".join(f"{at:%H:%M:%S}Z {v:g}" for at, v in beyond[:5])
            or None,
        )
        self._open[evse] = judged
        await self._keep(judged)
        count = self._again.get(evse, 0)
        if beyond and count < MOST_RENEGOTIATIONS:
            self._again[evse] = count + 1
            await pause(AFTER_REPLY_S)
            await self.renegotiate(evse)

    async def _keep(self, negotiation: Negotiation) -> None:
        async with self._world.begin() as work:
            await work.charging.save_negotiation(negotiation)

    def _heard(self, before: LiveEvse, after: LiveEvse) -> None:
        if before.transaction == after.transaction:
            return
        evse = after.evse
        self._again.pop(evse, None)
        waiting = self._open.get(evse)
        if after.transaction is None:
            self._open.pop(evse, None)
        elif waiting is not None and waiting.reason == "TxNotFound":
            known = replace(waiting, transaction=after.transaction, reason="")
            self._open[evse] = known
            self.errands.begin(self._follow(known))

    def _odd(self, evse: EvseId, kind: str, path: str) -> None:
        seen = DeviationSeen(kind, path, str(evse))
        self._deviations.count(evse.station, [seen], self._world.clock.now())
