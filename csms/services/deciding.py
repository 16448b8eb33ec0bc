"""Which step comes next for an EVSE: from orders, rules and what it was given.

It remembers nothing of its own and waits for nothing; the dispatcher takes the steps.
"""

from typing import TYPE_CHECKING

from csms.domain.ids import EvseId, StationId
from csms.domain.profile import Profile
from csms.domain.vendor_profile import Dialect
from csms.services.conducting import Conductor, Step, Target, Trust, Wanted, next_step
from csms.services.echoes import until
from csms.services.floors import Floors
from csms.services.gate import Bar, barred, barred_anew
from csms.services.holdings import Holdings
from csms.services.ports.profiles import HELD
from csms.services.targeting import DispatchPolicy, Targeting
from csms.services.world import World

if TYPE_CHECKING:
    from csms.services.ports.events import MemberOrder


class Deciding:
    """Decides; all levels, no edges.

    Attributes:
        orders: What the newest plans want of each EVSE; put here by the dispatcher.
    """

    def __init__(
        self,
        world: World,
        targeting: Targeting,
        held: Holdings,
        conductor: Conductor,
        floors: Floors,
        policy: DispatchPolicy,
    ) -> None:
        self._book = world.book
        self._premises = world.premises
        self._targeting = targeting
        self._held = held
        self._conductor = conductor
        self._floors = floors
        self._policy = policy
        self.orders: dict[EvseId, MemberOrder] = {}

    def bar(self, evse: EvseId) -> Bar | None:
        """Return what keeps the EVSE from a discharge now, or none."""
        question = self._targeting.question(self.orders.get(evse), evse)
        if self._held.holds(evse):
            return barred(question)
        bar = barred_anew(question)
        target = None if bar else self.target(evse)
        if bar is not None or target is None:
            return bar or Bar.TOO_LITTLE
        if self._is_refused(evse, target):
            return Bar.REFUSED
        if not self._floors.confirmed(evse.station):
            return Bar.NO_FLOOR
        return None if self._has_room(evse, target) else Bar.SITE_CAP

    def pulled(self, station: StationId, profile_id: int) -> Profile | None:
        """Return the Dynamic profile that a station pulls, if it is still wanted."""
        for known in self._book.evses(station):
            evse, intent = known.id, self._held.get(known.id)
            if intent is None or intent.profile_id != profile_id:
                continue
            target = self.target(evse) if self._held.holds(evse) else None
            wanted = self.wanted(evse, target) if target is not None else None
            if wanted is not None and isinstance(wanted.content, Profile):
                watchdog = self._book.vendor_profile(station).dynamic.watchdog
                self._held.refresh(evse, watchdog)
                return wanted.content
        return None

    def step(self, evse: EvseId) -> tuple[Step, Target | None]:
        """Return the one step that brings the EVSE closer to what it should hold."""
        intent = self._held.get(evse)
        held = intent is not None and intent.state in HELD
        if evse not in self.orders and not held:
            return Step.NOTHING, None
        target = self.target(evse)
        step = next_step(target, intent, self._conductor.trust(evse))
        if target is None or step is Step.TAKE_BACK:
            return step, target
        if step is Step.READ_BACK:
            hidden = self._held.hidden(evse) >= self._policy.attempts
            return Step.TAKE_BACK if hidden else step, target
        if step is Step.NOTHING:
            step = self._what_keeps(evse, target)
        if step is Step.GIVE:
            step = self._whether_to_give(evse, target, held=held)
        return step, target

    def _what_keeps(self, evse: EvseId, target: Target) -> Step:
        """Return what keeps alive and fitting what the EVSE holds."""
        if self._is_outgrown(evse, target):
            return Step.GIVE
        return Step.PUSH if self._is_due(evse) else Step.NOTHING

    def _whether_to_give(self, evse: EvseId, target: Target, *, held: bool) -> Step:
        """Return what becomes of a wish to give: now, not yet, or not any more."""
        if self._is_refused(evse, target):
            return Step.TAKE_BACK if held else Step.NOTHING
        if self._conductor.trust(evse) is Trust.VOID and self._bar_anew(evse):
            return Step.NOTHING  # what may have gone is not given again on old news
        vendor = self._book.vendor_profile(evse.station)
        ready = (
            self._floors.confirmed(evse.station)
            and not self._held.tried_within(evse, vendor.min_update)
            and self._has_room(evse, target)
        )
        return Step.GIVE if ready else Step.NOTHING

    def _bar_anew(self, evse: EvseId) -> Bar | None:
        return barred_anew(self._targeting.question(self.orders.get(evse), evse))

    def target(self, evse: EvseId) -> Target | None:
        """Return what the EVSE should hold now, or none if a rule forbids it."""
        return self._targeting.target(self.orders.get(evse), evse, self._held.get(evse))

    def wanted(self, evse: EvseId, target: Target) -> Wanted | None:
        """Return the target in the words of the station, if it can be said."""
        return self._targeting.wanted(self.orders.get(evse), evse, target)

    def _is_refused(self, evse: EvseId, target: Target) -> bool:
        return self._held.tries(evse, target.fingerprint) >= self._policy.attempts

    def _has_room(self, evse: EvseId, target: Target) -> bool:
        """Tell whether its site may export that much more (rule 6), whoever planned it.

        What neighbors hold counts until it was taken back, whatever it came from.
        """
        premise = self._premises.find(evse)
        if premise is None:
            return False
        others = sum(
            self._held.committed_w(each, target.window)
            for each in self._premises.at(premise.site.id)
            if each != evse
        )
        return others - target.power.watts <= premise.export_cap.watts

    def _is_outgrown(self, evse: EvseId, target: Target) -> bool:
        """Tell whether the schedule ends much sooner or later than the energy does.

        States of charge move on after a schedule was given: one given while the
        vehicle still charged is too short, and one that drains faster than its meter
        says is too long (rule 8).
        """
        intent, resize = self._held.get(evse), self._policy.resize
        end = until(intent.document) if intent is not None else None
        if end is None or self._held.tried_within(evse, resize):
            return False
        able = self._targeting.lasts_until(self.orders.get(evse), evse, target)
        if able is None or abs(able - end) < resize:
            return False
        return able < end or self._bar_anew(evse) is None

    def _is_due(self, evse: EvseId) -> bool:
        """Tell whether a Dynamic profile must be told again before it expires.

        One that is pulled is told only if nobody pulls.
        """
        vendor = self._book.vendor_profile(evse.station)
        match vendor.dialect:
            case Dialect.SETPOINT_DYNAMIC_PUSH:
                due = vendor.dynamic.push_interval
            case Dialect.SETPOINT_DYNAMIC_PULL:
                due = max(vendor.dynamic.watchdog * 0.7, vendor.dynamic.push_interval)
            case _:
                return False
        return not self._held.is_alive(evse, due)
