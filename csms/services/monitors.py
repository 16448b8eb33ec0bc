"""Monitors on stations: set and cleared, their base, how much is told (N03 to N06)."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from csms.clock import Clock
from csms.domain.errors import Broken
from csms.domain.ids import StationId
from csms.domain.monitor import (
    LEAST_SEVERE,
    Base,
    MonitorIntent,
    MonitorResult,
    MonitorSetting,
    ReportedMonitor,
    flaw_of,
)
from csms.domain.station import Station
from csms.services.asking import StationLacks, asked, known, reachable, speaks_21
from csms.services.monitor_models import MonitoringModel
from csms.services.ports.monitors import Monitoring, MonitorWire
from csms.services.ports.wire import (
    Deviations,
    DeviationSeen,
    NoAnswer,
    RefusedByStation,
    Reply,
)
from csms.services.ports.work import Begin, Work
from csms.services.stations import StationBook

MOST_AT_ONCE = 1_000
SETTLED_REAL_S = 2.0
"""How long somebody waits for monitors that are being set right now."""

ASKED, NO_ANSWER, REFUSED = "Asked", "NoAnswer", "Refused"
CLEARED, DROPPED = "Cleared", "Dropped"
_GONE = ("Accepted", "NotFound")


@dataclass(frozen=True, slots=True)
class MonitorView:
    """Everything that is known of the monitors on a station.

    Attributes:
        monitoring: Base and level.
        intents: What we want there.
        reported: What it says it has.
    """

    monitoring: Monitoring
    intents: Sequence[MonitorIntent]
    reported: Sequence[ReportedMonitor]


class Monitors:
    """Sets and clears monitors.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        wire: Asks stations.
        deviations: Where what stations get wrong is counted.
    """

    def __init__(
        self,
        clock: Clock,
        begin: Begin,
        book: StationBook,
        wire: MonitorWire,
        deviations: Deviations,
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._book = book
        self._wire = wire
        self._deviations = deviations
        self._turns: defaultdict[StationId, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def view(self, station: StationId) -> MonitorView:
        """Return everything that is known of the monitors on a station.

        Raises:
            UnknownStation: If there is none of this name.
        """
        known(self._book, station)
        async with self._begin() as work:
            return MonitorView(
                await work.monitors.monitoring(station),
                await work.monitors.intents(station),
                await work.monitors.reported(station),
            )

    async def set(
        self, station: StationId, settings: Sequence[MonitorSetting], by: str
    ) -> Sequence[MonitorIntent]:
        """Set monitors; return what became of each, in the order given (N04).

        One that we set before on the same variable, of the same kind and severity, is
        replaced. What does not fit in one message goes in several (N04.FR.09).

        Raises:
            UnknownStation: If there is none of this name.
            StationRejected: If it is rejected.
            StationOffline: If it is not connected.
            StationLacks: If its device model has no monitoring, or not the variable.
            Broken: If a monitor makes no sense.
        """
        kept = reachable(self._book, station)
        if not 0 < len(settings) <= MOST_AT_ONCE:
            raise Broken(f"set 1 to {MOST_AT_ONCE} monitors", field="monitors")
        async with self._turns[station]:
            async with self._begin() as work:
                model = await _model(work, kept)
                ready = _ready(settings, model, kept)
                ready = await _numbered(work, station, ready)
                portions = self._portions(ready, model)
                await work.monitors.save_intents(
                    [self._intent(station, each, ASKED, "", by) for each in ready]
                )
                detail = {"monitors": [_summary(each) for each in ready]}
                await work.access.audit(
                    by, "monitors.set", station, detail, self._clock.now()
                )
            done: list[MonitorIntent] = []
            for portion in portions:
                done += await self._set(station, portion, by)
        return done

    async def clear(
        self, station: StationId, ids: Sequence[int], by: str
    ) -> Mapping[int, MonitorResult]:
        """Clear monitors by the station's numbers; return what became of each (N06).

        Raises:
            UnknownStation: If there is none of this name.
            StationRejected: If it is rejected.
            StationOffline: If it is not connected.
            Broken: If there are none, or too many.
        """
        kept = reachable(self._book, station)
        wanted = list(dict.fromkeys(ids))
        if not 0 < len(wanted) <= MOST_AT_ONCE:
            raise Broken(f"clear 1 to {MOST_AT_ONCE} monitors", field="ids")
        results: dict[int, MonitorResult] = {}
        async with self._turns[station]:
            async with self._begin() as work:
                model = await _model(work, kept)
                await work.access.audit(
                    by, "monitors.cleared", station, {"ids": wanted}, self._clock.now()
                )
            for portion in self._wire.id_chunks(wanted, model.clearing):
                said = await self._clear(station, portion)
                results |= said
        return results

    async def set_base(self, station: StationId, base: Base, by: str) -> Reply:
        """Have a station start afresh with some of its own monitors (N03).

        Raises:
            UnknownStation: If there is none of this name.
            StationRejected: If it is rejected.
            StationOffline: If it is not connected.
            StationSilent: If it does not answer.
            StationRefused: If it answers by an error.
        """
        async with self._asking(station, "monitoring_base", base.value, by):
            reply = await asked(self._wire.set_base(station, base))
            now = self._clock.now()
            if reply.accepted:
                async with self._begin() as work:
                    await work.monitors.save_base(station, base, now)
                    if base.drops_custom:
                        await work.monitors.drop_intents(station, DROPPED, now)
                        await work.monitors.forget_reported(station)
        return reply

    async def set_level(self, station: StationId, severity: int, by: str) -> Reply:
        """Set how grave an event must be to be reported (N05).

        Raises:
            Broken: If there is no such severity.
            UnknownStation: If there is none of this name.
            StationRejected: If it is rejected.
            StationOffline: If it is not connected.
            StationSilent: If it does not answer.
            StationRefused: If it answers by an error.
        """
        if not 0 <= severity <= LEAST_SEVERE:
            raise Broken(f"severities go from 0 to {LEAST_SEVERE}", field="severity")
        async with self._asking(station, "monitoring_level", severity, by):
            reply = await asked(self._wire.set_level(station, severity))
            if reply.accepted:
                async with self._begin() as work:
                    await work.monitors.save_level(station, severity, self._clock.now())
        return reply

    async def settled(self, station: StationId) -> None:
        """Return once nothing is being set on a station, or after a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLED_REAL_S), self._turns[station]:
                pass

    def _portions(
        self, settings: Sequence[MonitorSetting], model: MonitoringModel
    ) -> Sequence[Sequence[MonitorSetting]]:
        try:
            return self._wire.chunks(settings, model.setting)
        except ValueError as error:
            raise StationLacks(str(error), field="monitors") from error

    @asynccontextmanager
    async def _asking(
        self, station: StationId, what: str, value: object, by: str
    ) -> AsyncIterator[None]:
        """Ask one thing of a station at a time; it goes on the audit trail first."""
        reachable(self._book, station)
        async with self._turns[station]:
            async with self._begin() as work:
                await work.access.audit(
                    by, f"{what}.set", station, {"to": value}, self._clock.now()
                )
            yield

    async def _set(
        self, station: StationId, settings: Sequence[MonitorSetting], by: str
    ) -> Sequence[MonitorIntent]:
        try:
            results = await self._wire.set(station, settings)
        except NoAnswer as error:
            results = [MonitorResult(NO_ANSWER, info=error.kind.value)] * len(settings)
        except RefusedByStation as error:
            said = f"{error.code} {error.description}".rstrip()
            results = [MonitorResult(REFUSED, info=said)] * len(settings)
        done = [
            self._intent(
                station,
                replace(setting, id=result.id if result.accepted else setting.id),
                result.status,
                result.info,
                by,
            )
            for setting, result in zip(settings, results, strict=True)
        ]
        if any(each.accepted and each.id is None for each in results):
            path = "SetVariableMonitoringResponse.id"
            seen = DeviationSeen("no-monitor-id", path, "accepted without (N04.FR.11)")
            self._deviations.count(station, [seen], self._clock.now())
        async with self._begin() as work:
            await work.monitors.save_intents(done)
        return done

    async def _clear(
        self, station: StationId, ids: Sequence[int]
    ) -> Mapping[int, MonitorResult]:
        try:
            results = await self._wire.clear(station, ids)
        except NoAnswer as error:
            return dict.fromkeys(ids, MonitorResult(NO_ANSWER, info=error.kind.value))
        except RefusedByStation as error:
            return dict.fromkeys(ids, MonitorResult(REFUSED, info=error.code))
        gone = [number for number in ids if results[number].status in _GONE]
        if gone:
            async with self._begin() as work:
                await work.monitors.forget_reported(station, gone)
                await work.monitors.drop_intents(
                    station, CLEARED, self._clock.now(), gone
                )
        return results

    def _intent(
        self,
        station: StationId,
        setting: MonitorSetting,
        status: str,
        info: str,
        by: str,
    ) -> MonitorIntent:
        return MonitorIntent(station, setting, status, info, by, self._clock.now())


async def _model(work: Work, station: Station) -> MonitoringModel:
    model = MonitoringModel.of(await work.models.variables(station.id))
    if model.obstacle is not None:
        raise StationLacks(f"{station.id} cannot monitor: {model.obstacle}")
    return model


def _ready(
    settings: Sequence[MonitorSetting], model: MonitoringModel, station: Station
) -> Sequence[MonitorSetting]:
    """Return the monitors as they can be sent.

    Raises:
        StationLacks: If the station lacks a variable.
        Broken: If one makes no sense.
    """
    slots: set[object] = set()
    ready = []
    for place, each in enumerate(settings):
        if (lack := model.missing(each.key)) is not None:
            raise StationLacks(lack.problem, field=f"monitors.{place}.{lack.field}")
        flaw = flaw_of(each, model.watched(each.key), speaks_21=speaks_21(station))
        if flaw is not None:
            raise Broken(flaw.problem, field=f"monitors.{place}.{flaw.field}")
        if each.slot in slots:
            raise Broken(
                "a variable has one monitor of each kind and severity (N04.FR.10)",
                field=f"monitors.{place}",
            )
        slots.add(each.slot)
        ready.append(replace(each, value=model.settled(each)))
    return ready


async def _numbered(
    work: Work, station: StationId, settings: Sequence[MonitorSetting]
) -> Sequence[MonitorSetting]:
    """Name the monitors that are replaced by the station's numbers (N04.FR.12)."""
    there = {
        each.setting.slot: each.setting.id
        for each in await work.monitors.intents(station)
    }
    return [
        each if each.id is not None else replace(each, id=there.get(each.slot))
        for each in settings
    ]


def _summary(setting: MonitorSetting) -> str:
    kind, value, severity = setting.kind.value, setting.value, setting.severity
    return f"{setting.key.text} {kind} {value:g} severity {severity}"
