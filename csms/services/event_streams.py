"""Periodic event streams: who may send one, and what comes of it (2.1 N11 to N15)."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from csms.clock import Clock, pause
from csms.domain.errors import Broken, NotFound
from csms.domain.event_stream import (
    GROWING_TOO_LONG,
    MOST_OPEN,
    Allowance,
    EventStream,
    StreamValue,
    heard,
    instant_of,
)
from csms.domain.ids import StationId
from csms.domain.monitor import StreamParams
from csms.services.asking import (
    StationLacks,
    asked,
    known,
    reachable,
    speaks_21,
)
from csms.services.ports.streams import StreamBatch, StreamSaid, StreamWire
from csms.services.ports.wire import Deviations, DeviationSeen, Reply
from csms.services.ports.work import Begin
from csms.services.stations import StationBook

log = structlog.get_logger()

FLUSH_REAL_S = 0.5
MOST_WAITING = 50_000
VALUES_PER_S, BURST = 200.0, 5_000
"""What one station may send, in real time: more is counted and dropped."""

UNKNOWN_MONITOR, TOO_MANY, NO_RATE = "NotFound", "TooManyElements", "InvalidValue"
"""Reason codes of the standard's list, for streams that are not accepted."""

_Key = tuple[StationId, int]


class NoSuchStream(NotFound):
    """There is no such event stream."""

    code = "no-such-event-stream"
    usual_remedy = "see csms streams list --ask"


class Settling(Protocol):
    """Whoever sets monitors."""

    async def settled(self, station: StationId) -> None:
        """Return once nothing is being set on a station, or after a while."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """What a message of a stream says (N15).

    Attributes:
        stream: The number of the stream.
        pending: How many values still wait at the station.
        base: From when the values count their seconds.
        values: Seconds and value of each.
    """

    stream: int
    pending: int
    base: datetime
    values: Sequence[tuple[float, str]]


class EventStreams:
    """Opens, takes and closes streams; values wait in memory for half a second.

    No value is owed an answer, so what the database cannot take in time is dropped and
    counted, and so is what a station sends faster than it may.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        wire: Asks stations.
        monitors: Sets monitors.
        deviations: Where what stations get wrong is counted.
        kept: How many values are kept of each stream.
    """

    def __init__(  # noqa: PLR0913, PLR0917 it stands between all of these
        self,
        clock: Clock,
        begin: Begin,
        book: StationBook,
        wire: StreamWire,
        monitors: Settling,
        deviations: Deviations,
        kept: int,
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._book = book
        self._wire = wire
        self._monitors = monitors
        self._deviations = deviations
        self._kept = kept
        self._open: dict[StationId, dict[int, EventStream]] = {}
        self._waiting: dict[_Key, list[StreamValue]] = {}
        self._changed: set[_Key] = set()
        self._allowances: dict[StationId, Allowance] = {}
        self._writing = asyncio.Lock()

    async def open(self, station: StationId, said: StreamSaid) -> str | None:
        """Open a stream; return a reason code if it is not accepted (N11.FR.04 to .06).

        Only values of monitors that we know make sense. One that is being set at this
        moment is waited for.
        """
        if not said.params.flushes:
            return self._refused(station, "stream-without-rate", NO_RATE, said)
        streams = await self._streams(station)
        if said.id not in streams and len(streams) >= MOST_OPEN:
            return self._refused(station, "too-many-streams", TOO_MANY, said)
        if not await self._knows(station, said.monitor):
            await self._monitors.settled(station)
            if not await self._knows(station, said.monitor):
                return self._refused(station, "unknown-monitor", UNKNOWN_MONITOR, said)
        await self.flush()
        former = streams.get(said.id)
        if former is not None and former.monitor != said.monitor:
            self._count(station, "stream-reused", "constantStreamData.id", f"{said.id}")
        now = self._clock.now()
        stream = EventStream(station, said.id, said.monitor, said.params, now)
        async with self._begin() as work:
            await work.streams.clear_values(station, said.id)
            await work.streams.save(stream)
            body = {"stream": said.id, "monitor": said.monitor}
            await work.facts.add("stream.opened", station, body, now)
        streams[said.id] = stream
        return None

    async def close(self, station: StationId, stream: int) -> None:
        """Take it that a stream has ended (N13); one that nobody opened is counted."""
        streams = await self._streams(station)
        if stream not in streams:
            self._count(station, "unknown-stream", "id", f"{stream}")
            return
        await self._shut(streams[stream])
        streams.pop(stream, None)

    async def take(self, station: StationId, told: Told) -> None:
        """Take values; those of a stream that is not open are counted, not kept."""
        streams = await self._streams(station)
        stream = streams.get(told.stream)
        if stream is None:
            self._count(station, "unknown-stream", "id", f"{told.stream}")
            return
        now = self._clock.now()
        dated = [
            StreamValue(at, value)
            for seconds, value in told.values
            if (at := instant_of(told.base, seconds, now)) is not None
        ]
        if len(dated) < len(told.values):
            self._count(station, "stream-time", "data.t", f"stream {told.stream}")
        room = self._allowed(station, len(dated))
        if room < len(dated):
            self._count(station, "stream-too-fast", "data", f"stream {told.stream}")
        dated = dated[:room]
        after = replace(
            heard(stream, told.pending),
            received=stream.received + len(told.values),
            dropped=stream.dropped + len(told.values) - len(dated),
            last_at=max((each.at for each in dated), default=stream.last_at),
        )
        if after.growing == GROWING_TOO_LONG:
            self._count(station, "stream-falls-behind", "pending", f"{told.pending}")
        streams[told.stream] = after
        key = (station, told.stream)
        self._waiting.setdefault(key, []).extend(dated)
        self._changed.add(key)

    async def of(self, station: StationId) -> Sequence[EventStream]:
        """Return the streams of a station, those that are closed too, by number.

        Raises:
            UnknownStation: If there is none of this name.
        """
        known(self._book, station)
        await self.flush()
        async with self._begin() as work:
            return await work.streams.of(station)

    async def values(
        self, station: StationId, stream: int, limit: int
    ) -> tuple[EventStream, Sequence[StreamValue]]:
        """Return a stream and its latest values, youngest first.

        Raises:
            UnknownStation: If there is none of this name.
            NoSuchStream: If it has no such stream.
        """
        found = {each.id: each for each in await self.of(station)}
        if stream not in found:
            raise NoSuchStream(f"{station} has no event stream {stream}")
        async with self._begin() as work:
            return found[stream], await work.streams.values(station, stream, limit)

    async def ask(self, station: StationId, by: str) -> Sequence[EventStream]:
        """Ask which streams are open, and take over what the station says (N12).

        Raises:
            UnknownStation: If there is none of this name.
            StationRejected: If it is rejected.
            StationOffline: If it is not connected.
            StationLacks: If it does not speak 2.1.
            StationSilent: If it does not answer.
            StationRefused: If it answers by an error.
        """
        self._require_21(station)
        async with self._begin() as work:
            await work.access.audit(by, "streams.asked", station, {}, self._clock.now())
        said = await asked(self._wire.open_streams(station))
        streams = await self._streams(station)
        for each in said:
            there = streams.get(each.id)
            if there is None or there.monitor != each.monitor:
                await self.open(station, each)
            elif there.params != each.params:
                await self._adjusted(there, each.params)
        for gone in streams.keys() - {each.id for each in said}:
            await self._shut(streams[gone])
            streams.pop(gone, None)
        return await self.of(station)

    async def adjust(
        self, station: StationId, stream: int, params: StreamParams, by: str
    ) -> Reply:
        """Change how often a stream is sent (N14).

        Raises:
            Broken: If it would never be sent.
            UnknownStation: If there is none of this name.
            StationRejected: If it is rejected.
            StationOffline: If it is not connected.
            StationLacks: If it does not speak 2.1.
            NoSuchStream: If it has no such stream open.
            StationSilent: If it does not answer.
            StationRefused: If it answers by an error.
        """
        if not params.flushes:
            raise Broken(
                "give an interval, a number of values, or both", field="values"
            )
        self._require_21(station)
        found = (await self._streams(station)).get(stream)
        if found is None:
            raise NoSuchStream(f"{station} has no event stream {stream} open")
        detail = {
            "stream": stream,
            "interval": params.interval,
            "values": params.values,
        }
        async with self._begin() as work:
            await work.access.audit(
                by, "stream.adjusted", station, detail, self._clock.now()
            )
        reply = await asked(self._wire.adjust(station, stream, params))
        if reply.accepted:
            await self._adjusted(found, params)
        return reply

    async def flush(self) -> None:
        """Write down what waits; if that fails it is kept for the next time."""
        async with self._writing:
            waiting, self._waiting = self._waiting, {}
            changed, self._changed = self._changed, set()
            batches = list(self._batches(changed, waiting))
            if not batches:
                return
            try:
                async with self._begin() as work:
                    await work.streams.write(batches, self._kept)
            except Exception as error:  # noqa: BLE001 whatever it is, try again later
                log.warning("streams.flush_failed", error=repr(error))
                self._changed |= changed
                self._keep(waiting)

    async def run(self) -> None:
        """Write down about every half second, and once more when cancelled."""
        try:
            while True:
                await pause(FLUSH_REAL_S)
                await self.flush()
        finally:
            await self.flush()

    def _batches(
        self, changed: Iterable[_Key], waiting: dict[_Key, list[StreamValue]]
    ) -> Iterable[StreamBatch]:
        for station, number in changed:
            stream = self._open.get(station, {}).get(number)
            if stream is not None:
                values = tuple(waiting.get((station, number), ()))
                kept = stream.received - stream.dropped
                yield StreamBatch(stream, values, kept - len(values))

    def _keep(self, waiting: dict[_Key, list[StreamValue]]) -> None:
        """Take values back to the front, as far as there is room."""
        room = MOST_WAITING - sum(map(len, self._waiting.values()))
        for key, values in waiting.items():
            if len(values) <= room:
                room -= len(values)
                self._waiting[key] = values + self._waiting.get(key, [])
            elif (stream := self._open.get(key[0], {}).get(key[1])) is not None:
                dropped = stream.dropped + len(values)
                self._open[key[0]][key[1]] = replace(stream, dropped=dropped)

    async def _streams(self, station: StationId) -> dict[int, EventStream]:
        """Return the open streams of a station, as they were left."""
        if station not in self._open:
            async with self._begin() as work:
                found = await work.streams.of(station)
            mine = {each.id: each for each in found if each.is_open}
            self._open.setdefault(station, mine)
        return self._open[station]

    async def _shut(self, stream: EventStream) -> None:
        """Keep that a stream has ended, with what still waited."""
        key, now = (stream.station, stream.id), self._clock.now()
        values = tuple(self._waiting.pop(key, ()))
        self._changed.discard(key)
        closed = replace(stream, closed_at=now)
        kept = closed.received - closed.dropped
        async with self._begin() as work:
            batch = StreamBatch(closed, values, kept - len(values))
            await work.streams.write([batch], self._kept)
            body = {"stream": stream.id, "monitor": stream.monitor}
            await work.facts.add("stream.closed", stream.station, body, now)

    async def _adjusted(self, stream: EventStream, params: StreamParams) -> None:
        streams = await self._streams(stream.station)
        now = replace(streams.get(stream.id, stream), params=params, growing=0)
        streams[stream.id] = now
        async with self._begin() as work:
            await work.streams.save(now)

    async def _knows(self, station: StationId, monitor: int) -> bool:
        async with self._begin() as work:
            return await work.monitors.knows(station, monitor)

    def _require_21(self, station: StationId) -> None:
        if not speaks_21(reachable(self._book, station)):
            raise StationLacks(f"{station} does not speak OCPP 2.1, as streams need")

    def _allowed(self, station: StationId, wanted: int) -> int:
        now = asyncio.get_running_loop().time()
        allowance = self._allowances.get(station)
        if allowance is None:
            allowance = self._allowances[station] = Allowance(VALUES_PER_S, BURST, now)
        room = MOST_WAITING - sum(map(len, self._waiting.values()))
        return allowance.take(min(wanted, max(room, 0)), now)

    def _refused(
        self, station: StationId, kind: str, reason: str, said: StreamSaid
    ) -> str:
        detail = f"stream {said.id} of monitor {said.monitor}"
        path = "OpenPeriodicEventStream.constantStreamData"
        seen = DeviationSeen(kind, path, detail)
        self._deviations.count(station, [seen], self._clock.now())
        return reason

    def _count(self, station: StationId, kind: str, field: str, detail: str) -> None:
        path = f"PeriodicEventStream.{field}"
        seen = DeviationSeen(kind, path, detail)
        self._deviations.count(station, [seen], self._clock.now())
