"""One running node, as its HTTP edges see it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from csms.clock import Clock
from csms.domain.program import Program
from csms.services.access import Access
from csms.services.certificates import CertificateServices
from csms.services.charging import Charging
from csms.services.commands import Commands
from csms.services.composites import Composites
from csms.services.der import DerControls
from csms.services.diagnosing import Diagnosing
from csms.services.dispatch import Dispatcher
from csms.services.energy_transfer import EnergyTransfer
from csms.services.events import Events
from csms.services.feed import Feed
from csms.services.incidents import Incidents
from csms.services.live import LiveFleet
from csms.services.local_lists import LocalLists
from csms.services.operating import Operating
from csms.services.participation import Participation
from csms.services.ports.telemetry import MessageLogView
from csms.services.ports.views import Queries
from csms.services.ports.work import Begin
from csms.services.quarantines import Quarantines
from csms.services.reception import Reception
from csms.services.refusals import Refusals
from csms.services.registry import Registry
from csms.services.reservations import Reservations
from csms.services.scoreboard import Scoreboard
from csms.services.security import SecurityDesk
from csms.services.settlement import Settlement
from csms.services.stations import StationBook
from csms.services.stations_setup import StationsSetup
from csms.services.tariffs import Tariffs
from csms.services.telemetry import Telemetry
from csms.services.tokens import Tokens
from csms.services.upkeep import Upkeep


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of readiness.

    Attributes:
        good: Whether it holds.
        detail: What is seen; with a remedy if it does not hold.
    """

    good: bool
    detail: str = ""


class CaughtMail(Protocol):
    """One message that the mail catcher keeps."""

    @property
    def id(self) -> int:
        """Return its number, which grows."""
        ...

    @property
    def to(self) -> str:
        """Return whom it is for."""
        ...

    @property
    def subject(self) -> str:
        """Return its subject."""
        ...

    @property
    def text(self) -> str:
        """Return its plain text."""
        ...

    @property
    def html(self) -> str:
        """Return its HTML."""
        ...

    @property
    def received_at(self) -> datetime:
        """Return when it came."""
        ...


class Mailbox(Protocol):
    """Mail that was caught instead of sent: demonstrations only."""

    def list(self, after: int = 0, limit: int = 500) -> Sequence[CaughtMail]:
        """Return messages above a number, in order."""
        ...

    def find(self, number: int) -> CaughtMail | None:
        """Return one message."""
        ...


@dataclass(frozen=True, slots=True)
class Node:
    """Everything that API, console and portal may use.

    Attributes:
        setup: Looks after how stations are set up.
        security: Passwords and certificates of stations, and their events.
        refreshed: To be awaited after the registry changed, so that all of the node
            knows the new stations at once.
        readiness: Returns each condition by name.
        gauges: Returns figures by name: connections, dropped log lines and the like.
        upkeep: Firmware, displays, vendors' messages.
        mail: The mail catcher, if there is one.
        secure: Whether people come over HTTPS, so that cookies must be Secure.
        scoreboard: Tells how events stand; one for all who look.
        feed: Tells watchers what changes.
        quarantines: Ends quarantines.
        incidents: Lets people look after what went wrong.
    """

    clock: Clock
    begin: Begin
    live: LiveFleet
    book: StationBook
    access: Access
    programs: Sequence[Program]
    events: Events
    participation: Participation
    reception: Reception
    settlement: Settlement
    commands: Commands
    setup: StationsSetup
    registry: Registry
    telemetry: Telemetry
    diagnostics: Diagnosing
    dispatcher: Dispatcher
    security: SecurityDesk
    id_tokens: Tokens
    local_lists: LocalLists
    reservations: Reservations
    refusals: Refusals
    charging: Charging
    composites: Composites
    transfers: EnergyTransfer
    der: DerControls
    certificates: CertificateServices
    operating: Operating
    tariffs: Tariffs
    upkeep: Upkeep
    queries: Queries
    messages: MessageLogView
    mail: Mailbox | None
    refreshed: Callable[[], Awaitable[None]]
    readiness: Callable[[], Awaitable[Mapping[str, Check]]]
    gauges: Callable[[], Mapping[str, float]]
    secure: bool
    version: str
    scoreboard: Scoreboard = field(init=False)
    feed: Feed = field(init=False)
    quarantines: Quarantines = field(init=False)
    incidents: Incidents = field(init=False)

    def __post_init__(self) -> None:
        board = Scoreboard(self.clock, self.begin, self.live, self.queries)
        object.__setattr__(self, "scoreboard", board)
        object.__setattr__(self, "feed", Feed(self.begin, self.live))
        lifting = Quarantines(self.clock, self.begin, self.book, self.dispatcher)
        object.__setattr__(self, "quarantines", lifting)
        object.__setattr__(self, "incidents", Incidents(self.clock, self.begin))
