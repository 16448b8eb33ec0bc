"""What the services need in order to keep what stations report, and to find it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from csms.charging.readings import Turn
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.interval import Interval
from csms.domain.live import LiveEvse
from csms.domain.reading import Quarter, Reading
from csms.domain.transaction import Recorded, Transaction, TransactionReport

TransactionKey = tuple[StationId, TransactionId]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A report under a known number with another content: put aside, not counted.

    Attributes:
        transaction: Which transaction it is about.
        seq_no: Its number there.
        received_at: When it came.
        payload: Its content, as JSON.
        kept: The content that came first and counts, as JSON.
    """

    transaction: TransactionId
    seq_no: int
    received_at: datetime
    payload: str
    kept: str


class StoreAway(Exception):
    """The store could not be reached; whether it kept the batch is not known."""


class BatchRefused(Exception):
    """The store cannot hold something in the batch; nothing of it was kept."""


class IngestStore(Protocol):
    """Keeps what stations report, set-wise, one commit per batch."""

    async def write(
        self,
        reports: Sequence[TransactionReport],
        readings: Sequence[Reading],
        *,
        at: datetime,
    ) -> Sequence[Recorded]:
        """Keep reports and loose readings; say what became of each report.

        Writing the same batch again changes nothing.

        Args:
            reports: Each may occur more than once, also within the batch.
            readings: What came without a transaction.
            at: The instant of writing, by which telemetry finds what is new.

        Raises:
            StoreAway: If the store is away.
            BatchRefused: If something in the batch cannot be kept.
        """
        ...

    async def whereabouts(
        self, keys: Sequence[TransactionKey]
    ) -> Mapping[TransactionKey, int]:
        """Return the EVSE of each transaction of which it can be told.

        A station with a single EVSE leaves no doubt, even before it has said so.

        Raises:
            StoreAway: If the store is away.
        """
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """Where something new is known of an EVSE.

    Attributes:
        first: The instant of the earliest new reading; none if there is none.
        last: The instant of the latest new reading.
        turns: The instants of every turn of transactions that have a new one.
    """

    first: datetime | None = None
    last: datetime | None = None
    turns: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A reading and when it was written or last completed."""

    reading: Reading
    received_at: datetime


class TelemetryStore(Protocol):
    """Readings, quarter hours, transactions and live states of one unit of work."""

    async def changes(
        self, since: datetime, until: datetime
    ) -> Mapping[EvseId, Change]:
        """Return what was written from ``since`` up to, not including, ``until``."""
        ...

    async def readings(
        self, spans: Mapping[EvseId, Interval]
    ) -> Mapping[EvseId, Sequence[Kept]]:
        """Return the readings of EVSEs, each within a span, its end included."""
        ...

    async def turns(
        self, spans: Mapping[EvseId, Interval]
    ) -> Mapping[EvseId, Sequence[Turn]]:
        """Return every turn of the transactions that overlap the span of an EVSE."""
        ...

    async def save_quarters(self, quarters: Sequence[Quarter]) -> None:
        """Keep quarters in place of what was known of them."""
        ...

    async def quarters(
        self, evses: Sequence[EvseId], interval: Interval
    ) -> Sequence[Quarter]:
        """Return the kept quarters that start within an interval, in order."""
        ...

    async def cursor(self, name: str) -> datetime | None:
        """Return how far a worker has come; none if it never ran."""
        ...

    async def move_cursor(self, name: str, at: datetime) -> None:
        """Remember how far a worker has come."""
        ...

    async def transaction(
        self, station: StationId, transaction: TransactionId
    ) -> Transaction | None:
        """Return a transaction, with the sequence numbers of its reports."""
        ...

    async def ongoing(self, station: StationId) -> Sequence[Transaction]:
        """Return the transactions of a station that have not ended, latest first."""
        ...

    async def conflicts(
        self,
        station: StationId,
        before: tuple[datetime, TransactionId, int] | None,
        limit: int,
    ) -> Sequence[Conflict]:
        """Return reports of a station that were put aside, latest first."""
        ...

    async def presume_ended(
        self, station: StationId, transaction: TransactionId
    ) -> None:
        """Stop waiting for the end of a transaction."""
        ...

    async def live(self) -> Sequence[LiveEvse]:
        """Return the last known state of every EVSE."""
        ...

    async def save_live(self, states: Sequence[LiveEvse]) -> None:
        """Keep the states of registered EVSEs; others are passed over."""
        ...


class TelemetryWork(Protocol):
    """A unit of work, as far as telemetry needs one."""

    @property
    def telemetry(self) -> TelemetryStore:
        """Return the readings of this unit of work."""
        ...


BeginTelemetry = Callable[[], AbstractAsyncContextManager[TelemetryWork]]


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """One frame that passed between a station and this system.

    Attributes:
        id: Grows with every frame; pages go from one to the next.
        at: When it passed, in business time.
        station: With which station.
        direction: ``in`` from the station, ``out`` to it.
        kind: The OCPP-J frame type, 2 to 6; 0 if it could not be read.
        message_id: The frame's id, which a call and its answer share.
        action: The action; an answer bears that of its call. Empty if unknown.
        text: The frame, cut if it was very long.
    """

    id: int
    at: datetime
    station: StationId
    direction: str
    kind: int
    message_id: str
    action: str
    text: str


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which frames are wanted; what is none or empty does not matter.

    Attributes:
        text: Something that occurs in the frame, whatever its case.
        since: Not before this instant.
        until: Before this instant.
    """

    station: StationId | None = None
    direction: str | None = None
    action: str | None = None
    message_id: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class MessageLogView(Protocol):
    """The frames that passed, for people."""

    async def find(
        self, wanted: MessageFilter, *, before: int | None = None, limit: int = 100
    ) -> Sequence[LoggedMessage]:
        """Return frames, youngest first.

        Args:
            wanted: Which ones.
            before: Only frames with a smaller id: the last id of the page before.
            limit: How many at most.
        """
        ...

    async def exchange(
        self, station: StationId, message_id: str
    ) -> Sequence[LoggedMessage]:
        """Return a call and its answers, oldest first."""
        ...
