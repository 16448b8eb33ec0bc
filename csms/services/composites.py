"""Composite schedules: ours, the station's, and where they differ (K08)."""

from dataclasses import dataclass
from datetime import timedelta

from csms.charging.comparing import Difference, differences
from csms.charging.composite import Circumstances, composite, composite_of_station
from csms.charging.profile_rules import unit_of
from csms.domain.ids import EvseId
from csms.domain.interval import Interval
from csms.domain.profile import Composite, RateUnit
from csms.services.ledger import Ledger
from csms.services.needs import needs_of
from csms.services.ports.charging import ChargingWire
from csms.services.ports.wire import Reply
from csms.services.reception import UnknownEvse, UnknownStation
from csms.services.world import World

LONGEST = timedelta(days=31)
_SHORTEST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Our composite schedule, the station's, and where they differ.

    Attributes:
        theirs: What the station says; none if it was not asked or could not tell.
        refusal: Why it could not, in its words.
    """

    ours: Composite
    theirs: Composite | None = None
    refusal: str = ""
    found: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Composites:
    """Computes composite schedules, and asks stations for theirs.

    Attributes:
        world: The means of the node.
        ledger: What stations hold.
        wire: Asks stations.
    """

    world: World
    ledger: Ledger
    wire: ChargingWire

    def composite(
        self, evse: EvseId, window: Interval, unit: RateUnit | None = None
    ) -> Composite:
        """Return what we expect to result from all profiles; EVSE 0 is the station."""
        station = evse.station
        wanted = unit or unit_of(self.world.book.capability(station))
        held = self.ledger.held(station)
        if evse.number:
            return composite(held, evse, window, wanted, self._circumstances(evse))
        all_of_it = {
            each.id.number: self._circumstances(each.id)
            for each in self.world.book.evses(station)
        }
        return composite_of_station(held, station, window, wanted, all_of_it)

    async def compare(
        self, evse: EvseId, span: timedelta, unit: RateUnit | None = None
    ) -> Comparison:
        """Return our composite schedule and the station's (K08).

        Raises:
            UnknownStation: If no such station is in the registry.
            UnknownEvse: If it has no such EVSE.
            NoAnswer: If it cannot be asked or does not answer.
            RefusedByStation: If it answers by an error.
        """
        if self.world.book.station(evse.station) is None:
            raise UnknownStation(f"there is no station {evse.station}")
        if evse.number and self.world.book.evse(evse) is None:
            raise UnknownEvse(f"{evse.station} has no EVSE {evse.number}", field="evse")
        wanted = unit or unit_of(self.world.book.capability(evse.station))
        seconds = max(int(min(span, LONGEST).total_seconds()), 1)
        said = await self.wire.composite_in(evse, seconds, wanted)
        if isinstance(said, Reply):
            now = self.world.clock.now()
            ours = self.composite(evse, Interval(now, now + span), wanted)
            return Comparison(ours, refusal=said.info or said.status)
        window = Interval(said.start, said.start + max(said.duration, _SHORTEST))
        ours = self.composite(evse, window, said.unit)
        return Comparison(ours, said, found=differences(ours, said))

    def _circumstances(self, evse: EvseId) -> Circumstances:
        live, make = (
            self.world.live.get(evse),
            self.world.book.vendor_profile(evse.station),
        )
        needs = needs_of(live)
        direct = needs is not None and needs.direct_current
        can = self.world.book.capability(evse.station)
        return Circumstances(
            transaction=live.transaction,
            began_at=live.plugged_at,
            priority=live.priority_charging,
            soc_pct=live.soc_pct,
            phases=1 if direct else make.phases or 3,
            voltage=make.voltage,
            own_setpoints_first=can.setpoint_priority == "CSMS",
        )
