"""Charging, wired: profiles, limits, vehicles and the grid, and their blocks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from csms.blocks.charging_calls import StationCharging
from csms.blocks.charging_guard import ChargingGuard, CommandEar
from csms.blocks.charging_profiles import ProfileReports, StationProfiles
from csms.blocks.der_control import ControlReports, DerControl, StationControls
from csms.blocks.routing import Block
from csms.blocks.smart_charging import SmartCharging
from csms.blocks.translating import FindLink
from csms.domain.ids import EvseId, StationId
from csms.domain.profile import Profile
from csms.services.charging import Charging
from csms.services.composites import Composites
from csms.services.der import DerControls
from csms.services.dispatch import Dispatcher
from csms.services.energy_transfer import EnergyTransfer
from csms.services.journal import Journal
from csms.services.ledger import Ledger, LedgerWire
from csms.services.limits import Limits
from csms.services.negotiation import Negotiator
from csms.services.permitting import DischargeGate
from csms.services.world import World


@dataclass(frozen=True, slots=True)
class Smart:
    """Everything about charging but dispatch.

    Attributes:
        ledger: What stations hold.
        charging: What an operator may do about it.
        composites: What results from it.
        transfers: Which directions are allowed.
        der: What the grid asks of stations.
        profile_wire: What floors and dispatch ask stations by.
    """

    ledger: Ledger
    charging: Charging
    composites: Composites
    transfers: EnergyTransfer
    der: DerControls
    profile_wire: LedgerWire
    _reports: ProfileReports
    _control_reports: ControlReports
    _negotiators: list[Negotiator] = field(default_factory=list)

    def guard(self) -> ChargingGuard:
        """Return what holds commands as they are against the rules."""
        return ChargingGuard(self.charging)

    def ear(self) -> CommandEar:
        """Return what takes note of commands as they were."""
        return CommandEar(self.ledger)

    def blocks(self, dispatcher: Dispatcher, journal: Journal) -> tuple[Block, ...]:
        """Return the blocks that answer stations."""
        world = self.charging.world

        def pulled(station: StationId, profile_id: int) -> Profile | None:
            wanted = dispatcher.dynamic(station, profile_id)
            return wanted or self.charging.pulled(station, profile_id)

        def ordered(evse: EvseId) -> bool:
            return dispatcher.order(evse) is not None

        negotiator = Negotiator(
            world,
            self.ledger,
            self.charging.wire,
            self.composites.composite,
            ordered,
            journal,
        )
        self._negotiators.append(negotiator)
        return (
            SmartCharging(
                world.live,
                self._reports,
                pulled,
                negotiator,
                Limits(world, journal),
                journal,
                world.clock,
            ),
            DerControl(
                world.live, self.der, self._control_reports, journal, world.clock
            ),
        )

    async def idle(self) -> None:
        """Return once every vehicle has what it was promised, and all is kept."""
        for each in self._negotiators:
            await each.errands.idle()
        await self.ledger.flush()

    def workers(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Return what has to run, by name."""
        running = {
            f"needs {n}": each.errands.run for n, each in enumerate(self._negotiators)
        }
        return {"ledger": self.ledger.run, **running}


def smart(world: World, link: FindLink, *, by_others: bool) -> Smart:
    """Return everything about charging but dispatch, wired.

    Args:
        world: The means of the node.
        link: Finds the way to a station.
        by_others: Whether power may be left to others (``DischargeGate``).
    """
    reports, controls = ProfileReports(), ControlReports()
    ledger = Ledger(world.clock, world.begin, world.live)
    gate = DischargeGate(world.clock, world.begin, world.book, by_others, ledger.held)
    profiles = StationProfiles(link, reports)
    wire = StationCharging(link, reports, profiles)
    return Smart(
        ledger,
        Charging(world, ledger, wire, gate),
        Composites(world, ledger, wire),
        EnergyTransfer(world, wire, gate),
        DerControls(world, StationControls(link, controls), gate),
        LedgerWire(profiles, ledger),
        reports,
        controls,
    )
