"""What messages on displays need from the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from csms.domain.display import (
    DisplayRecord,
    Priority,
    ScreenMessage,
    ScreenState,
    ScreenText,
)
from csms.domain.ids import StationId
from csms.services.ports.wire import Reply


@dataclass(frozen=True, slots=True)
class DisplayQuery:
    """Which messages a station is asked about; nothing said asks about all (O03, O04).

    Attributes:
        ids: Only these.
        priority: Only those of this priority.
        state: Only those for this state.
    """

    ids: tuple[int, ...] = ()
    priority: Priority | None = None
    state: ScreenState | None = None

    @property
    def about_all(self) -> bool:
        """Tell whether it leaves nothing out."""
        return not self.ids and self.priority is None and self.state is None


@dataclass(frozen=True, slots=True)
class DisplayReport:
    """What a station said about its messages.

    Attributes:
        status: Its word; ``Unknown`` if there are none that fit (O03.FR.06).
        messages: What its parts brought.
        complete: Whether the last part came.
    """

    status: str
    messages: tuple[ScreenMessage, ...] = ()
    complete: bool = True


class DisplayWire(Protocol):
    """Asks stations about messages (block O).

    Every method raises ``NoAnswer`` and ``RefusedByStation``.
    """

    async def show(
        self, station: StationId, message: ScreenMessage, *, patience_s: float | None
    ) -> Reply:
        """Show a message, or replace that of the same id (O01, O02, O06)."""
        ...

    async def clear(
        self, station: StationId, message: int, *, patience_s: float | None
    ) -> Reply:
        """Clear a message; the word of the reply tells if there was one (O05)."""
        ...

    async def report(self, station: StationId, query: DisplayQuery) -> DisplayReport:
        """Return which messages the station has (O03, O04)."""
        ...


class DisplayStore(Protocol):
    """The display messages of one unit of work."""

    async def of_station(self, station: StationId) -> Sequence[DisplayRecord]:
        """Return the messages of one station, by number."""
        ...

    async def for_events(self, since: datetime) -> Sequence[DisplayRecord]:
        """Return the messages about events that changed since an instant."""
        ...

    async def find(self, station: StationId, message: int) -> DisplayRecord | None:
        """Return one message, or None."""
        ...

    async def free_id(self, station: StationId) -> int:
        """Return a number that no message of the station has had.

        The station's row is held, so that nobody else takes it in the meantime.
        """
        ...

    async def save(self, record: DisplayRecord) -> None:
        """Keep a message in place of the former one of its number."""
        ...

    async def expire(self, now: datetime) -> int:
        """Mark messages whose end, or whose transaction's, has passed."""
        ...


@dataclass(frozen=True, slots=True)
class ScreenNotice:
    """What a display says about an event.

    Attributes:
        phase: ``coming`` or ``running``.
        language: BCP 47 tag to write in; English where it is not known.
        event: Its name.
        starts_at: Start, in the site's zone.
        ends_at: End, in the site's zone.
        test: Whether it is a test.
    """

    phase: str
    language: str
    event: str
    starts_at: datetime
    ends_at: datetime
    test: bool = False


class ScreenWriter(Protocol):
    """Puts into a line what a display says about an event."""

    def write(self, notice: ScreenNotice) -> ScreenText:
        """Return the text, in the language asked for or in English."""
        ...
