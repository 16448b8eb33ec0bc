"""The gate for whatever could make an EVSE discharge outside a dispatched event.

Nothing bypasses v2x rules 1 to 5 and 7: not an operator, not another service.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from csms.clock import Clock
from csms.domain.errors import NotAllowed
from csms.domain.ids import EvseId, StationId
from csms.domain.profile import Profile, Role
from csms.domain.vendor_profile import Dialect
from csms.services.ports.events import MemberOrder
from csms.services.ports.profiles import HELD
from csms.services.ports.wire import Discharge, Means
from csms.services.ports.work import Begin
from csms.services.stations import EvseFacts, StationBook

_SETPOINTS = frozenset(
    {
        Dialect.SETPOINT_SCHEDULED,
        Dialect.SETPOINT_DYNAMIC_PUSH,
        Dialect.SETPOINT_DYNAMIC_PULL,
    }
)
_DIALECTS: Mapping[Means, frozenset[Dialect]] = {
    Means.SETPOINT: _SETPOINTS,
    Means.SERVICE: _SETPOINTS,
    Means.NEGATIVE_LIMIT: frozenset({Dialect.NEGATIVE_LIMIT_TX}),
    Means.VENDOR_WORDS: frozenset({Dialect.DATATRANSFER}),
    Means.RESUMING: frozenset(set(Dialect) - {Dialect.NONE}),
}
_BY_OTHERS = frozenset({Means.OTHER, Means.CONTROL})
"""Means by which somebody else than a plan of ours sets the power."""


Holding = Callable[[StationId], Sequence[Profile]]


def holds_nothing(_: StationId) -> Sequence[Profile]:
    """Say of every station that it holds no profile."""
    return ()


class DischargeForbidden(NotAllowed):
    """The command would discharge a vehicle that must not be discharged.

    Attributes:
        rule: The word for what forbids it.
    """

    code = "discharge-forbidden"

    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        super().__init__(
            message,
            remedy="call an event: it plans, notifies and dispatches within the rules",
        )


@dataclass(frozen=True, slots=True)
class DischargeGate:
    """Holds a discharge against the rules.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        by_others: Whether power may be left to frequency, signals, load balancing,
            external systems and grid controls at all; even then all rules hold.
        holding: Tells what profiles a station holds.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    by_others: bool = False
    holding: Holding = holds_nothing

    async def permit(self, station: StationId, discharge: Discharge) -> None:
        """Return if it may be sent.

        Raises:
            DischargeForbidden: If a rule forbids it.
        """
        evses = self._evses(station, discharge)
        resumes = discharge.means == {Means.RESUMING}
        if resumes and not await self._held(evses):
            return
        if not discharge.finite:
            raise DischargeForbidden(
                "endless", "a discharge must end by itself (rule 7): give a duration"
            )
        if not evses:
            raise DischargeForbidden("unknown_evse", f"{station} has no EVSE")
        for evse in evses:
            self._permit_make(self.book.facts(evse), discharge)
        async with self.begin() as work:
            sites = {each.id: each for each in await work.fleet.sites()}
            orders = await work.events.dispatchable(self.clock.now())
        for evse in evses:
            name = self.book.facts(evse).site
            site = None if name is None else sites.get(name)
            if site is None or not site.export_permission:
                raise DischargeForbidden(
                    "no_export_permission",
                    f"the site of {evse} has no permission to export (rule 5)",
                )
            if not any(each.evse == evse and _consents(each) for each in orders):
                raise DischargeForbidden(
                    "no_consent",
                    f"nobody at {evse} was told of an event and agreed (rule 5)",
                )

    def _evses(self, station: StationId, discharge: Discharge) -> Sequence[EvseId]:
        if discharge.evse:
            return [EvseId(station, discharge.evse)]
        return [each.id for each in self.book.evses(station)]

    async def _held(self, evses: Sequence[EvseId]) -> bool:
        """Tell whether any of these may hold a profile that discharges."""
        async with self.begin() as work:
            intents = [
                intent
                for station in {each.station for each in evses}
                for intent in await work.profiles.intents(station)
            ]
        for station in {each.station for each in evses}:
            numbers = {0, *(each.number for each in evses)}
            held = self.holding(station)
            if any(each.evse.number in numbers and each.discharges for each in held):
                return True
        return any(
            each.evse in evses and each.role is Role.EVENT and each.state in HELD
            for each in intents
        )

    def _permit_make(self, facts: EvseFacts, discharge: Discharge) -> None:
        if facts.obstacle is not None:
            raise DischargeForbidden(
                facts.obstacle,
                f"{facts.evse} is not dispatchable: {facts.obstacle} (rules 1 to 3)",
            )
        foreign = sorted(
            each
            for each in discharge.means
            if facts.dialect not in self._dialects_of(each)
        )
        if foreign:
            raise DischargeForbidden(
                "dialect",
                f"{facts.evse} is told to discharge by {facts.dialect}, "
                f"not by {foreign[0]} (rules 2 and 3)",
            )

    def _dialects_of(self, means: Means) -> frozenset[Dialect]:
        if means in _BY_OTHERS:
            return _SETPOINTS if self.by_others else frozenset()
        return _DIALECTS[means]


def _consents(order: MemberOrder) -> bool:
    return (
        order.notified
        and not order.excluded
        and order.opted_out_at is None
        and order.released_at is None
    )
