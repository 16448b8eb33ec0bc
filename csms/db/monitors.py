"""Monitors that we want and that stations report, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.db.batches import batched
from csms.db.diagnostics_tables import (
    KEY,
    event_stream,
    monitor_intent,
    monitoring,
    monitoring_report,
    reported_monitor,
)
from csms.db.monitor_rows import (
    GONE,
    intent_from,
    intent_row,
    report_changes,
    report_from,
    report_row,
    reported_from,
    reported_row,
)
from csms.domain.ids import StationId
from csms.domain.monitor import Base, MonitorIntent, ReportedMonitor
from csms.services.ports.monitors import (
    Monitoring,
    MonitoringReport,
    MonitorTally,
    ReportRequest,
)

ACCEPTED = "Accepted"
"""The station's word for a monitor that it took."""

_SLOT = ("station_id", *KEY, "kind", "severity")


@dataclass(frozen=True, slots=True)
class PostgresMonitorStore:
    """The monitors of one unit of work."""

    connection: AsyncConnection

    async def monitoring(self, station: StationId) -> Monitoring:
        """Return base and level of a station."""
        query = select(monitoring).where(monitoring.c.station_id == station)
        row = (await self.connection.execute(query)).one_or_none()
        if row is None:
            return Monitoring()
        base = Base(row.base) if row.base else None
        return Monitoring(base, row.base_at, row.level, row.level_at)

    async def save_base(self, station: StationId, base: Base, at: datetime) -> None:
        """Keep with which monitors it started afresh."""
        await self._save_monitoring(station, base=base.value, base_at=at)

    async def save_level(self, station: StationId, level: int, at: datetime) -> None:
        """Keep how much it reports."""
        await self._save_monitoring(station, level=level, level_at=at)

    async def tallies(self) -> Sequence[MonitorTally]:
        """Return how many monitors there are, for each station that has any."""
        wanted, there = monitor_intent.c, reported_monitor.c
        ours = (
            select(
                wanted.station_id,
                func.count().label("wanted"),
                func.count().filter(wanted.status == ACCEPTED).label("accepted"),
            )
            .where(wanted.status.not_in(GONE))
            .group_by(wanted.station_id)
            .subquery()
        )
        said = (
            select(there.station_id, func.count().label("reported"))
            .group_by(there.station_id)
            .subquery()
        )
        name = func.coalesce(ours.c.station_id, said.c.station_id).label("name")
        level = (
            select(monitoring.c.level)
            .where(monitoring.c.station_id == name)
            .scalar_subquery()
        )
        rows = await self.connection.execute(
            select(name, ours.c.wanted, ours.c.accepted, said.c.reported, level)
            .select_from(
                ours.outerjoin(said, ours.c.station_id == said.c.station_id, full=True)
            )
            .order_by(name)
        )
        return [
            MonitorTally(StationId(station), many or 0, taken or 0, seen or 0, least)
            for station, many, taken, seen, least in rows
        ]

    async def intents(self, station: StationId) -> Sequence[MonitorIntent]:
        """Return the monitors that we want on a station, by variable."""
        rows = await self.connection.execute(
            select(monitor_intent)
            .where(monitor_intent.c.station_id == station)
            .order_by(*(monitor_intent.c[name] for name in _SLOT))
        )
        return [intent_from(row) for row in rows]

    async def save_intents(self, intents: Sequence[MonitorIntent]) -> None:
        """Keep them in place of those of the same variable, kind and severity."""
        for some in batched([intent_row(each) for each in intents]):
            new = insert(monitor_intent).values(list(some))
            changed = {
                name: new.excluded[name] for name in some[0] if name not in _SLOT
            }
            await self.connection.execute(
                new.on_conflict_do_update(constraint="uq_monitor_intent", set_=changed)
            )

    async def drop_intents(
        self, station: StationId, status: str, at: datetime, ids: Sequence[int] = ()
    ) -> None:
        """Keep that monitors which were set are gone: those of the ids, or all."""
        query = update(monitor_intent).where(
            monitor_intent.c.station_id == station,
            monitor_intent.c.monitor_id.is_not(None),
        )
        if ids:
            query = query.where(monitor_intent.c.monitor_id.in_(ids))
        await self.connection.execute(
            query.values(status=status, info="", monitor_id=None, updated_at=at)
        )

    async def match_intents(self, station: StationId, at: datetime) -> None:
        """Take numbers over from what is reported; what is not there is missing.

        What we never had on the station stays as it is.
        """
        wanted = (
            monitor_intent.c.station_id == station,
            monitor_intent.c.status.not_in(GONE),
        )
        same = and_(
            *(monitor_intent.c[name] == reported_monitor.c[name] for name in _SLOT)
        )
        await self.connection.execute(
            update(monitor_intent)
            .where(*wanted, same)
            .values(
                monitor_id=reported_monitor.c.monitor_id,
                status="Accepted",
                updated_at=at,
            )
        )
        await self.connection.execute(
            update(monitor_intent)
            .where(
                *wanted,
                monitor_intent.c.status == "Accepted",
                ~exists().where(same).correlate(monitor_intent),
            )
            .values(monitor_id=None, status="Missing", updated_at=at)
        )

    async def reported(self, station: StationId) -> Sequence[ReportedMonitor]:
        """Return the monitors that a station says it has, by number."""
        rows = await self.connection.execute(
            select(reported_monitor)
            .where(reported_monitor.c.station_id == station)
            .order_by(reported_monitor.c.monitor_id)
        )
        return [reported_from(row) for row in rows]

    async def save_reported(
        self,
        station: StationId,
        report: int,
        monitors: Sequence[ReportedMonitor],
        at: datetime,
    ) -> None:
        """Keep what a part brought, in place of the monitors of the same numbers."""
        last = {each.id: each for each in monitors}.values()
        rows = [reported_row(station, report, each, at) for each in last]
        for some in batched(rows):
            new = insert(reported_monitor).values(list(some))
            await self.connection.execute(
                new.on_conflict_do_update(
                    index_elements=["station_id", "monitor_id"],
                    set_={name: new.excluded[name] for name in some[0]},
                )
            )

    async def forget_reported(
        self,
        station: StationId,
        ids: Sequence[int] | None = None,
        *,
        except_report: int | None = None,
    ) -> None:
        """Forget monitors: those of the ids, or all that a report did not bring."""
        query = delete(reported_monitor).where(reported_monitor.c.station_id == station)
        if ids is not None:
            query = query.where(reported_monitor.c.monitor_id.in_(ids))
        if except_report is not None:
            query = query.where(reported_monitor.c.report_id != except_report)
        await self.connection.execute(query)

    async def severity_of(self, station: StationId, monitor: int) -> int | None:
        """Return the severity of a monitor, as reported or else as we set it."""
        for table in (reported_monitor, monitor_intent):
            found = await self.connection.execute(
                select(table.c.severity)
                .where(table.c.station_id == station, table.c.monitor_id == monitor)
                .limit(1)
            )
            if (severity := found.scalar_one_or_none()) is not None:
                return int(severity)
        return None

    async def knows(self, station: StationId, monitor: int) -> bool:
        """Tell whether it is reported, or one that we set and the station took."""
        return await self.severity_of(station, monitor) is not None

    async def add_report(self, request: ReportRequest, *, by: str, at: datetime) -> int:
        """Add a report; return its number."""
        done = await self.connection.execute(
            insert(monitoring_report)
            .values(report_row(request, by=by, at=at))
            .returning(monitoring_report.c.id)
        )
        return int(done.scalar_one())

    async def find_report(
        self, report: int, *, lock: bool = False
    ) -> MonitoringReport | None:
        """Return one report, or None."""
        query = select(monitoring_report).where(monitoring_report.c.id == report)
        if lock:
            query = query.with_for_update()
        row = (await self.connection.execute(query)).one_or_none()
        return None if row is None else report_from(row)

    async def reports(
        self, station: StationId, limit: int = 20
    ) -> Sequence[MonitoringReport]:
        """Return the reports of a station, youngest first."""
        rows = await self.connection.execute(
            select(monitoring_report)
            .where(monitoring_report.c.station_id == station)
            .order_by(monitoring_report.c.id.desc())
            .limit(limit)
        )
        return [report_from(row) for row in rows]

    async def save_report(self, report: MonitoringReport) -> None:
        """Keep how much of it has come."""
        await self.connection.execute(
            update(monitoring_report)
            .where(monitoring_report.c.id == report.id)
            .values(report_changes(report))
        )

    async def unread_since_boot(self) -> Sequence[StationId]:
        """Return connected, accepted stations with monitors of ours on them.

        Only those that have booted since they were last asked for a full report: the
        numbers may have changed (N04.FR.19).
        """
        station = tables.station
        ours = exists().where(
            monitor_intent.c.station_id == station.c.id,
            monitor_intent.c.status == "Accepted",
        )
        streams = exists().where(
            event_stream.c.station_id == station.c.id,
            event_stream.c.closed_at.is_(None),
        )
        asked = exists().where(
            monitoring_report.c.station_id == station.c.id,
            monitoring_report.c.requested_at >= station.c.booted_at,
        )
        set_since = exists().where(
            monitor_intent.c.station_id == station.c.id,
            monitor_intent.c.updated_at < station.c.booted_at,
        )
        rows = await self.connection.execute(
            select(station.c.id)
            .where(
                station.c.connected,
                station.c.standing == "accepted",
                station.c.booted_at.is_not(None),
                or_(ours & set_since, streams),
                ~asked,
            )
            .order_by(station.c.id)
        )
        return [StationId(row.id) for row in rows]

    async def _save_monitoring(self, station: StationId, **values: object) -> None:
        await self.connection.execute(
            insert(monitoring)
            .values(station_id=station, **values)
            .on_conflict_do_update(index_elements=["station_id"], set_=values)
        )
