"""Reports of which monitors a station has: asked for, and taken part by part (N02)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from csms.clock import Clock
from csms.domain.alert import clamped
from csms.domain.errors import DomainError, NotFound
from csms.domain.ids import StationId
from csms.domain.monitor import LEAST_SEVERE, ReportedMonitor
from csms.services.asking import StationLacks, known, reachable
from csms.services.monitor_models import MonitoringModel
from csms.services.ports.monitors import (
    MonitoringReport,
    MonitorWire,
    ReportPart,
    ReportRequest,
)
from csms.services.ports.wire import (
    Deviations,
    DeviationSeen,
    NoAnswer,
    RefusedByStation,
    Reply,
)
from csms.services.ports.work import Begin, Work
from csms.services.stations import StationBook
from csms.services.together import together

log = structlog.get_logger()

MOST_MONITORS = 20_000
MOST_PARTS = 10_000
AT_ONCE = 16
NO_ANSWER, REFUSED, EMPTY = "NoAnswer", "Refused", "EmptyResultSet"
SYSTEM = "system"
_NOTIFICATION = "NotifyMonitoringReport"


class NoSuchReport(NotFound):
    """There is no such monitoring report."""

    code = "no-such-monitoring-report"
    usual_remedy = "see the monitoring reports of the station"


@dataclass(frozen=True, slots=True)
class MonitorReports:
    """Asks which monitors stations have, and keeps what they tell.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        wire: Asks stations.
        deviations: Where what stations get wrong is counted.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    wire: MonitorWire
    deviations: Deviations

    async def ask(self, request: ReportRequest, by: str) -> MonitoringReport:
        """Ask which monitors are set; return what the station answered (N02).

        The parts come later; see ``find``.

        Raises:
            UnknownStation: If there is none of this name.
            StationRejected: If it is rejected.
            StationOffline: If it is not connected.
            StationLacks: If it cannot take so many variables in one request.
        """
        station, now = reachable(self.book, request.station), self.clock.now()
        async with self.begin() as work:
            model = MonitoringModel.of(await work.models.variables(station.id))
            most = model.reporting.items
            if most is not None and len(request.variables) > most:
                raise StationLacks(
                    f"{station.id} takes {most} variables in one request (N02.FR.07)",
                    field="variables",
                    remedy="ask for fewer, or for all",
                )
            number = await work.monitors.add_report(request, by=by, at=now)
            if by != SYSTEM:
                await work.access.audit(
                    by, "monitors.report_asked", station.id, {"report": number}, now
                )
        status, info = await self._answer(number, request)
        async with self.begin() as work:
            report = await _found(work, number, lock=True)
            empty = status == EMPTY
            report = replace(
                report,
                status=status,
                info=info,
                complete=report.complete or empty,
                heard_at=self.clock.now(),
            )
            await work.monitors.save_report(report)
            if empty:
                await self._finish(work, report)
        return report

    async def take(self, station: StationId, part: ReportPart) -> None:
        """Keep a part of a report; what nobody asked for is counted, not kept."""
        now = self.clock.now()
        async with self.begin() as work:
            report = await self._meant(work, station, part)
            if report is None:
                return
            total = report.monitors + len(part.monitors)
            if total > MOST_MONITORS or part.number >= MOST_PARTS:
                self._count(station, "report-too-long", "monitor", f"{total} monitors")
                return
            if part.number in report.numbers:
                self._count(station, "part-repeated", "seqNo", f"{part.number}")
            monitors = [self._sound(station, each) for each in part.monitors]
            await work.monitors.save_reported(station, report.id, monitors, now)
            report = _with(report, part)
            report = replace(report, heard_at=now)
            await work.monitors.save_report(report)
            if report.complete:
                await self._finish(work, report)

    async def find(self, report: int) -> MonitoringReport:
        """Return one report, or rather how much of it has come.

        Raises:
            NoSuchReport: If there is none of this number.
        """
        async with self.begin() as work:
            return await _found(work, report)

    async def of(
        self, station: StationId, limit: int = 20
    ) -> Sequence[MonitoringReport]:
        """Return the reports of a station, youngest first.

        Raises:
            UnknownStation: If there is none of this name.
        """
        known(self.book, station)
        async with self.begin() as work:
            return await work.monitors.reports(station, limit)

    async def refresh(self) -> None:
        """Ask stations again that have restarted: numbers may be new (N04.FR.19)."""
        async with self.begin() as work:
            stations = await work.monitors.unread_since_boot()
        await together(stations, self._ask_again, at_once=AT_ONCE)

    async def _ask_again(self, station: StationId) -> None:
        try:
            await self.ask(ReportRequest(station), SYSTEM)
        except DomainError as error:
            log.info("monitors.not_refreshed", station=station, reason=str(error))

    async def _answer(self, number: int, request: ReportRequest) -> tuple[str, str]:
        try:
            reply: Reply = await self.wire.report(number, request)
        except NoAnswer as error:
            return NO_ANSWER, error.kind.value
        except RefusedByStation as error:
            return REFUSED, f"{error.code} {error.description}".rstrip()
        return reply.status, reply.info

    async def _meant(
        self, work: Work, station: StationId, part: ReportPart
    ) -> MonitoringReport | None:
        """Return the report that a part belongs to.

        Some stations answer under a number that nobody gave them. If just one report
        of the station is under way, theirs is that one.
        """
        found = await work.monitors.find_report(part.report, lock=True)
        if found is not None and found.request.station == station:
            return found
        self._count(station, "unknown-request", "requestId", f"report {part.report}")
        running = [
            each
            for each in await work.monitors.reports(station)
            if not each.complete and each.status in ("Accepted", "Asked")
        ]
        return running[0] if len(running) == 1 else None

    async def _finish(self, work: Work, report: MonitoringReport) -> None:
        station = report.request.station
        if report.request.is_full:
            await work.monitors.forget_reported(station, except_report=report.id)
            await work.monitors.match_intents(station, self.clock.now())
        body = {"report": report.id, "monitors": report.monitors}
        await work.facts.add("monitors.reported", station, body, self.clock.now())

    def _sound(self, station: StationId, monitor: ReportedMonitor) -> ReportedMonitor:
        if monitor.severity > LEAST_SEVERE:
            self._count(station, "severity-out-of-range", "monitor", f"{monitor.id}")
        return replace(monitor, severity=clamped(monitor.severity))

    def _count(self, station: StationId, kind: str, field: str, detail: str) -> None:
        seen = DeviationSeen(kind, f"{_NOTIFICATION}.{field}", detail)
        self.deviations.count(station, [seen], self.clock.now())


def _with(report: MonitoringReport, part: ReportPart) -> MonitoringReport:
    numbers = tuple(sorted({*report.numbers, part.number}))
    last = part.number if part.last else report.last_number
    return replace(
        report,
        numbers=numbers,
        last_number=last,
        monitors=report.monitors
        + (0 if part.number in report.numbers else len(part.monitors)),
        complete=last is not None and numbers == tuple(range(last + 1)),
    )


async def _found(work: Work, report: int, *, lock: bool = False) -> MonitoringReport:
    found = await work.monitors.find_report(report, lock=lock)
    if found is None:
        raise NoSuchReport(f"there is no monitoring report {report}")
    return found
