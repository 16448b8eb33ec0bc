"""Who may charge, wired: tokens, local lists, reservations, and their blocks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from csms.blocks.authorization import Authorization, NobodyChecks, TariffOf, no_tariff
from csms.blocks.authorization_guard import ReservationCommands, StartGuard
from csms.blocks.local_list import StationLists
from csms.blocks.reservation import ReservationUpdates, StationReservations
from csms.blocks.routing import Block
from csms.blocks.translating import FindLink
from csms.charging.tokens import TokenPolicy
from csms.domain.ids import StationId
from csms.services.commands import Detour
from csms.services.journal import Journal
from csms.services.live import LiveFleet
from csms.services.local_lists import LocalLists
from csms.services.ports.pki import ContractCheck
from csms.services.ports.wire import DeviationSeen
from csms.services.refusals import Refusals
from csms.services.reservations import Reservations
from csms.services.starting import Starts
from csms.services.tokens import Tokens
from csms.services.world import World
from csms.settings import Settings


@dataclass(frozen=True, slots=True)
class Authorizing:
    """Everything that decides who may charge.

    Attributes:
        tokens: Keeps and judges id tokens.
        lists: Keeps the lists of stations in step.
        reservations: Keeps EVSEs free.
        journal: Where odd requests are counted.
        refusals: Keeps who may not charge.
    """

    tokens: Tokens
    lists: LocalLists
    reservations: Reservations
    journal: Journal
    refusals: Refusals

    def blocks(
        self,
        contracts: ContractCheck | None = None,
        tariff_of: TariffOf = no_tariff,
    ) -> tuple[Block, ...]:
        """Return the blocks that answer stations.

        Args:
            contracts: Judges contract certificates; without it none is good.
            tariff_of: Tells what charging costs.
        """

        def note(station: StationId, seen: DeviationSeen) -> None:
            self.journal.count(station, [seen], self.tokens.clock.now())

        return (
            Authorization(
                self.tokens,
                contracts or NobodyChecks(),
                tariff_of,
                note,
                self.refusals.note,
            ),
            ReservationUpdates(self.reservations),
        )

    def starts(self, live: LiveFleet) -> Starts:
        """Return what judges starts from afar."""
        return Starts(self.tokens, self.reservations, live)

    def guard(self, live: LiveFleet) -> StartGuard:
        """Return what holds commands as they are against tokens and reservations."""
        return StartGuard(self.starts(live), self.reservations)

    def detours(self) -> Mapping[str, Detour]:
        """Return who sends which commands, to keep what comes of them."""
        kept = ReservationCommands(self.reservations)
        return dict.fromkeys(kept.actions, kept)

    async def load(self) -> None:
        """Read what is to be known by heart."""
        await self.tokens.load()
        await self.reservations.load()

    def workers(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Return what has to run, by name."""
        return {
            "tokens": self.tokens.run,
            "local lists": self.lists.run,
            "reservations": self.reservations.run,
        }


def authorizing(
    settings: Settings, world: World, journal: Journal, link: FindLink
) -> Authorizing:
    """Return who decides who may charge; nothing runs yet."""
    clock, begin, book = world.clock, world.begin, world.book
    tokens = Tokens(
        clock,
        begin,
        book,
        world.premises,
        TokenPolicy(
            accept_unknown=settings.unknown_tokens == "accept",
            master_group=settings.master_pass_group,
        ),
        cache_s=settings.token_cache_s,
    )
    return Authorizing(
        tokens,
        LocalLists(clock, begin, book, tokens, StationLists(link)),
        Reservations(clock, begin, book, tokens, StationReservations(link), journal),
        journal,
        Refusals(clock, begin, journal),
    )
