"""What is kept of periodic event streams, and how to ask for them (2.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from csms.domain.event_stream import EventStream, StreamValue
from csms.domain.ids import StationId
from csms.domain.monitor import StreamParams
from csms.services.ports.wire import Reply


@dataclass(frozen=True, slots=True)
class StreamSaid:
    """What a station says of a stream that is open (N12)."""

    id: int
    monitor: int
    params: StreamParams


@dataclass(frozen=True, slots=True)
class StreamBatch:
    """Values of one stream that are to be written down.

    Attributes:
        stream: As it is after them.
        values: Those that are kept.
        first_number: The number of the first of them, counted since the opening.
    """

    stream: EventStream
    values: tuple[StreamValue, ...]
    first_number: int


class StreamStore(Protocol):
    """The streams of one unit of work."""

    async def of(self, station: StationId) -> Sequence[EventStream]:
        """Return the streams of a station, those that are closed too, by number."""
        ...

    async def save(self, stream: EventStream) -> None:
        """Keep a stream in place of one of the same number."""
        ...

    async def write(self, batches: Sequence[StreamBatch], most: int) -> None:
        """Write values down; of each stream the latest ``most`` are kept."""
        ...

    async def values(
        self, station: StationId, stream: int, limit: int
    ) -> Sequence[StreamValue]:
        """Return the latest values of a stream, youngest first."""
        ...

    async def clear_values(self, station: StationId, stream: int) -> None:
        """Forget the values of a stream: another begins under its number."""
        ...


class StreamWire(Protocol):
    """Asks stations about streams (block N); 2.1 only.

    Every method raises ``NoAnswer`` and ``RefusedByStation``.
    """

    async def open_streams(self, station: StationId) -> Sequence[StreamSaid]:
        """Return the streams that a station has open (N12)."""
        ...

    async def adjust(
        self, station: StationId, stream: int, params: StreamParams
    ) -> Reply:
        """Change how often a stream is sent (N14)."""
        ...
