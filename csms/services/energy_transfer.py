"""Which ways of moving energy a vehicle may use: charging always, back by leave (Q01).

Leave is given by the same gate as every discharge; taking it away needs none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from csms.domain.ids import EvseId
from csms.domain.station import EDITION_21
from csms.services.charging import NoTransaction
from csms.services.needs import needs_of
from csms.services.permitting import DischargeGate
from csms.services.ports.charging import ChargingWire
from csms.services.ports.wire import Discharge, Means, Reply
from csms.services.reception import UnknownEvse
from csms.services.world import World

_BACK = ("BPT", "DER")
_USUAL = ("DC",)
"""What is offered where the station names no way at all."""


@dataclass(frozen=True, slots=True)
class EnergyTransfer:
    """Decides and tells which ways of moving energy are allowed.

    Attributes:
        world: The means of the node.
        wire: Asks stations.
        gate: Holds discharges against the rules.
    """

    world: World
    wire: ChargingWire
    gate: DischargeGate

    def offered(self, evse: EvseId) -> Sequence[str]:
        """Return every way that EVSE and vehicle know, in the words of the wire."""
        found = self.world.book.capability(evse.station).v2x_of(evse.number)
        modes = set(found.transfer_modes) if found is not None else set()
        needs = needs_of(self.world.live.get(evse))
        if needs is not None and needs.transfer:
            modes.add(needs.transfer)
        return sorted(modes) or _USUAL

    def allowed(self, evse: EvseId) -> Sequence[str]:
        """Return the ways that may be used without asking anybody further.

        Charging always; both directions where the EVSE may be dispatched at all and
        its site may export. To be told at authorization (Q01.FR.01), by stations of
        2.1 only.
        """
        if self.world.book.capability(evse.station).edition != EDITION_21:
            return ()
        modes = self.offered(evse)
        premise = self.world.premises.find(evse)
        may = (
            premise is not None
            and premise.site.export_permission
            and self.world.book.facts(evse).dispatchable
        )
        return modes if may else _charging(modes)

    async def tell(self, evse: EvseId, by: str, *, both_directions: bool) -> Reply:
        """Tell the station what is allowed from now on (Q02.FR.05).

        Raises:
            UnknownEvse: If there is no such EVSE.
            NoTransaction: If none runs there.
            DischargeForbidden: If a rule forbids the way back.
        """
        if self.world.book.evse(evse) is None:
            raise UnknownEvse(f"there is no EVSE {evse}", field="evse")
        transaction = self.world.live.get(evse).transaction
        if transaction is None:
            raise NoTransaction(f"no transaction runs at {evse}")
        modes = self.offered(evse)
        if both_directions:
            service = Discharge(evse.number, frozenset({Means.SERVICE}), finite=True)
            await self.gate.permit(evse.station, service)
        else:
            modes = _charging(modes)
        reply = await self.wire.allow_transfer(evse.station, transaction, modes)
        now = self.world.clock.now()
        detail = {"evse": evse.number, "allowed": list(modes), "result": reply.status}
        async with self.world.begin() as work:
            await work.access.audit(by, "transfer.allowed", evse.station, detail, now)
        return reply


def _charging(modes: Sequence[str]) -> Sequence[str]:
    kept = [each for each in modes if not any(word in each for word in _BACK)]
    ways = {each.removesuffix("_BPT") for each in modes if each.endswith("_BPT")}
    known = {"DC", "DC_ACDP"}
    return kept or sorted(ways & known) or _USUAL
