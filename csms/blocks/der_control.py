"""Block R: alarms and controls of a station as a distributed energy resource.

They belong to the utility: they excuse non-delivery, and are never fought (rule 23).
"""

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog

from csms.blocks.der_words import reported, request_of
from csms.blocks.discharging import discharge_of
from csms.blocks.routing import Route, route
from csms.blocks.translating import FindLink, translated, words_of
from csms.clock import Clock
from csms.domain.der import Control, Kind
from csms.domain.ids import StationId
from csms.ocpp.link import Link, Priority
from csms.ocpp.messages import der_control as wire
from csms.ocpp.messages import der_settings as settings
from csms.ocpp.messages.needs import DERControl
from csms.services.live import LiveFleet
from csms.services.ports.der import Alarm, ReportedControl, SetReply
from csms.services.ports.wire import Deviations, DeviationSeen, Discharge, Reply

T = TypeVar("T")
log = structlog.get_logger()

MOST_RUNNING = 100
"""Controls that may run on a station: what it says of more changes nothing."""

_FIRST_IDS = 1 << 30
Document = Mapping[str, Any]


@dataclass(slots=True)
class _Report:
    done: asyncio.Event = field(default_factory=asyncio.Event)
    controls: list[ReportedControl] = field(default_factory=list)


class ControlReports:
    """Reports of controls that are under way (R04.FR.31, FR.32)."""

    def __init__(self) -> None:
        self._open: dict[tuple[StationId, int], _Report] = {}
        self._ids = itertools.count(secrets.randbelow(_FIRST_IDS) + 1)

    @contextlib.contextmanager
    def expect(self, station: StationId) -> Iterator[tuple[int, _Report]]:
        """Give a request id, and what will have arrived under it."""
        number, report = next(self._ids), _Report()
        self._open[station, number] = report
        try:
            yield number, report
        finally:
            del self._open[station, number]

    def take(
        self, station: StationId, request: settings.ReportDERControlRequest
    ) -> bool:
        """Add one part; tell whether anybody had asked for it."""
        report = self._open.get((station, request.request_id))
        if report is None:
            return False
        report.controls += reported(request)
        if not request.tbc:
            report.done.set()
        return True


@dataclass(frozen=True, slots=True)
class StationControls:
    """Asks stations about controls: the port ``DerWire``.

    Attributes:
        link: Finds the way to a station.
        reports: Shared with the block that hears the parts.
        patience: Real seconds to wait for the parts of a report.
    """

    link: FindLink
    reports: ControlReports
    patience: float = 20.0

    def judge(self, control: Control) -> Discharge | None:
        """Return how the control would make an EVSE discharge; None if it does not."""
        return discharge_of("SetDERControl", request_of(control).write())

    async def set(self, station: StationId, control: Control) -> SetReply:
        """Set one control (R04.FR.16)."""
        answer = await self._ask(
            station,
            lambda link: link.ask(settings.SET_DER_CONTROL, request_of(control)),
        )
        said = _reply(answer.status, words_of(answer.status_info))
        return SetReply(said, answer.superseded_ids or ())

    async def clear(
        self,
        station: StationId,
        *,
        default: bool,
        kind: Kind | None = None,
        control: str | None = None,
    ) -> Reply:
        """Clear one control, those of a kind, or all defaults or all scheduled."""
        request = settings.ClearDERControlRequest(
            is_default=default,
            control_type=DERControl(kind.value) if kind else None,
            control_id=control,
        )
        answer = await self._ask(
            station,
            lambda link: link.ask(
                settings.CLEAR_DER_CONTROL, request, priority=Priority.ROUTINE
            ),
        )
        return _reply(answer.status, words_of(answer.status_info))

    async def report(self, station: StationId) -> Sequence[ReportedControl]:
        """Return every control that the station says it holds (R04.FR.33)."""
        with self.reports.expect(station) as (number, report):
            request = settings.GetDERControlRequest(request_id=number)
            answer = await self._ask(
                station, lambda link: link.ask(settings.GET_DER_CONTROL, request)
            )
            if answer.status is settings.DERControlStatus.ACCEPTED:
                await asyncio.wait_for(report.done.wait(), self.patience)
            return tuple(report.controls)

    async def _ask(self, station: StationId, call: Callable[[Link], Awaitable[T]]) -> T:
        return await translated(self.link(station), call, station)


def _reply(status: settings.DERControlStatus, info: str) -> Reply:
    return Reply(status is settings.DERControlStatus.ACCEPTED, status.value, info)


class GridRecords(Protocol):
    """Whoever keeps what the grid did to a station."""

    async def alarm(self, alarm: Alarm) -> None:
        """Keep an alarm, or that another control has taken it over."""
        ...

    async def alarm_over(self, station: StationId, at: datetime) -> bool:
        """Keep that the alarm is over."""
        ...

    async def started(
        self,
        station: StationId,
        control: str,
        at: datetime,
        superseded: Sequence[str],
        *,
        running: bool,
    ) -> bool:
        """Keep that a control begins or ceases to run; tell whether it is known."""
        ...


@dataclass(frozen=True, slots=True)
class DerControl:
    """Answers what a station says about grid events and controls.

    Attributes:
        live: Where they are kept for dispatch.
        controls: Where they are kept for good.
        reports: Where parts of reports are collected.
        deviations: Where what makes no sense is counted.
        clock: Where business time comes from.
    """

    live: LiveFleet
    controls: GridRecords
    reports: ControlReports
    deviations: Deviations
    clock: Clock

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(wire.NOTIFY_DER_ALARM, self.alarm)
        yield route(wire.NOTIFY_DER_START_STOP, self.start_stop)
        yield route(settings.REPORT_DER_CONTROL, self.report)

    async def alarm(
        self, station: StationId, request: wire.NotifyDERAlarmRequest
    ) -> wire.NotifyDERAlarmResponse:
        """Keep the alarm until it ends (R05.FR.01 to FR.04).

        There is one alarm: another control takes it over, whose end ends it.
        """
        name = request.control_type.value
        ended = request.alarm_ended is True
        self._keep(station, "alarms", {} if ended else {name: request.write()})
        if ended:
            over = self.controls.alarm_over(station, request.timestamp)
            if await self._recorded(station, over) is False:
                path = "NotifyDERAlarm.alarmEnded"
                self._odd(station, "unknown-alarm", path, name)
        else:
            fault = request.grid_event_fault
            begun = self.controls.alarm(
                Alarm(
                    station,
                    name,
                    fault.value if fault else None,
                    request.timestamp,
                    info=request.extra_info or "",
                )
            )
            await self._recorded(station, begun)
        return wire.NotifyDERAlarmResponse()

    async def start_stop(
        self, station: StationId, request: wire.NotifyDERStartStopRequest
    ) -> wire.NotifyDERStartStopResponse:
        """Keep a control that runs, until it stops (R04.FR.20 to FR.22).

        It may shape what is delivered, which excuses it; it forbids nothing.
        """
        over = request.superseded_ids or ()
        running = {request.control_id: request.write()} if request.started else {}
        gone = {*over} if request.started else {request.control_id, *over}
        self._keep(station, "controls", running, gone)
        known = await self._recorded(
            station,
            self.controls.started(
                station,
                request.control_id,
                request.timestamp,
                over,
                running=request.started,
            ),
        )
        if known is False:
            self._odd(
                station,
                "unknown-control",
                "NotifyDERStartStop.controlId",
                request.control_id,
            )
        return wire.NotifyDERStartStopResponse()

    async def report(
        self, station: StationId, request: settings.ReportDERControlRequest
    ) -> settings.ReportDERControlResponse:
        """Collect a part of a report (R04.FR.31, FR.32)."""
        if not self.reports.take(station, request):
            path = "ReportDERControl.requestId"
            self._odd(station, "unknown-request", path, str(request.request_id))
        return settings.ReportDERControlResponse()

    def _keep(
        self,
        station: StationId,
        kind: str,
        said: Mapping[str, Document],
        gone: set[str] | None = None,
    ) -> None:
        """Keep what is said; without names that are gone, nothing else is left."""
        for live in self.live.all():
            if live.evse.station != station:
                continue
            known = {each: dict(body) for each, body in (live.der_alarm or {}).items()}
            before = known.get(kind, {}) if gone is not None else {}
            left = {n: e for n, e in before.items() if n not in (gone or ())}
            known[kind] = {**left, **said} if len(left) < MOST_RUNNING else left
            kept = {each: body for each, body in known.items() if body}
            self.live.update(live.evse, der_alarm=kept or None)

    @staticmethod
    async def _recorded(station: StationId, work: Awaitable[T]) -> T | None:
        """Write it down; what dispatch needs is known even if that fails."""
        try:
            return await work
        except Exception:  # the station is answered whatever the database does
            log.exception("der.unkept", station=station)
            return None

    def _odd(self, station: StationId, kind: str, path: str, detail: str) -> None:
        seen = DeviationSeen(kind, path, detail)
        self.deviations.count(station, [seen], self.clock.now())
