"""Periodic event streams and a ring of values for each, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db.batches import batched
from csms.db.diagnostics_tables import event_stream, stream_value
from csms.db.station_rows import storable
from csms.domain.event_stream import EventStream, StreamValue
from csms.domain.ids import StationId
from csms.domain.monitor import StreamParams
from csms.services.ports.streams import StreamBatch


@dataclass(frozen=True, slots=True)
class PostgresStreamStore:
    """The streams of one unit of work."""

    connection: AsyncConnection

    async def of(self, station: StationId) -> Sequence[EventStream]:
        """Return the streams of a station, those that are closed too, by number."""
        rows = await self.connection.execute(
            select(event_stream)
            .where(event_stream.c.station_id == station)
            .order_by(event_stream.c.stream_id)
        )
        return [_stream(row) for row in rows]

    async def save(self, stream: EventStream) -> None:
        """Keep a stream in place of one of the same number."""
        row = _row(stream)
        await self.connection.execute(
            insert(event_stream)
            .values(row)
            .on_conflict_do_update(index_elements=["station_id", "stream_id"], set_=row)
        )

    async def write(self, batches: Sequence[StreamBatch], most: int) -> None:
        """Write values down; of each stream the latest ``most`` are kept."""
        for batch in batches:
            await self.save(batch.stream)
            first = batch.first_number
            rows = [
                {
                    "station_id": batch.stream.station,
                    "stream_id": batch.stream.id,
                    "slot": (first + place) % most,
                    "number": first + place,
                    "at": value.at,
                    "value": storable(value.value),
                }
                for place, value in enumerate(batch.values)
            ]
            for some in batched(rows[-most:]):
                new = insert(stream_value).values(list(some))
                await self.connection.execute(
                    new.on_conflict_do_update(
                        index_elements=["station_id", "stream_id", "slot"],
                        set_={
                            name: new.excluded[name]
                            for name in ("number", "at", "value")
                        },
                    )
                )

    async def values(
        self, station: StationId, stream: int, limit: int
    ) -> Sequence[StreamValue]:
        """Return the latest values of a stream, youngest first."""
        rows = await self.connection.execute(
            select(stream_value)
            .where(
                stream_value.c.station_id == station,
                stream_value.c.stream_id == stream,
            )
            .order_by(stream_value.c.number.desc())
            .limit(limit)
        )
        return [StreamValue(row.at, row.value) for row in rows]

    async def clear_values(self, station: StationId, stream: int) -> None:
        """Forget the values of a stream: another begins under its number."""
        await self.connection.execute(
            delete(stream_value).where(
                stream_value.c.station_id == station,
                stream_value.c.stream_id == stream,
            )
        )


def _row(stream: EventStream) -> dict[str, Any]:
    return {
        "station_id": stream.station,
        "stream_id": stream.id,
        "monitor_id": stream.monitor,
        "interval_s": stream.params.interval,
        "values": stream.params.values,
        "opened_at": stream.opened_at,
        "closed_at": stream.closed_at,
        "received": stream.received,
        "dropped": stream.dropped,
        "pending": stream.pending,
        "growing": stream.growing,
        "last_at": stream.last_at,
    }


def _stream(row: Row[Any]) -> EventStream:
    return EventStream(
        station=StationId(row.station_id),
        id=row.stream_id,
        monitor=row.monitor_id,
        params=StreamParams(row.interval_s, row._mapping["values"]),  # noqa: SLF001
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        received=row.received,
        dropped=row.dropped,
        pending=row.pending,
        growing=row.growing,
        last_at=row.last_at,
    )
