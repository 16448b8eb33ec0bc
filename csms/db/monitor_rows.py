"""Rows of the tables of monitors, and the values they stand for."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from csms.db.station_rows import storable
from csms.db.variable_keys import key_columns, key_of
from csms.domain.ids import StationId
from csms.domain.monitor import (
    Criterion,
    MonitorIntent,
    MonitorKind,
    MonitorSetting,
    ReportedMonitor,
    StreamParams,
)
from csms.domain.station import VariableKey
from csms.services.ports.monitors import MonitoringReport, ReportRequest

GONE = ("Cleared", "Dropped")
"""What becomes of monitors that nobody wants any more."""


def intent_row(intent: MonitorIntent) -> dict[str, Any]:
    """Return a row of ``monitor_intent``."""
    setting, stream = intent.setting, intent.setting.stream
    return {
        "station_id": intent.station,
        **key_columns(setting.key),
        "kind": setting.kind.value,
        "severity": setting.severity,
        "value": setting.value,
        "transaction_only": setting.transaction_only,
        "stream_interval_s": None if stream is None else stream.interval,
        "stream_values": None if stream is None else stream.values,
        "monitor_id": setting.id,
        "status": intent.status,
        "info": storable(intent.info),
        "set_by": intent.by,
        "updated_at": intent.updated_at,
    }


def intent_from(row: Row[Any]) -> MonitorIntent:
    """Read a row of ``monitor_intent``."""
    stream = None
    if row.stream_interval_s is not None or row.stream_values is not None:
        stream = StreamParams(row.stream_interval_s, row.stream_values)
    setting = MonitorSetting(
        key=key_of(row),
        kind=MonitorKind(row.kind),
        value=row.value,
        severity=row.severity,
        transaction_only=row.transaction_only,
        stream=stream,
        id=row.monitor_id,
    )
    return MonitorIntent(
        StationId(row.station_id),
        setting,
        row.status,
        row.info,
        row.set_by,
        row.updated_at,
    )


def reported_row(
    station: StationId, report: int, monitor: ReportedMonitor, at: datetime
) -> dict[str, Any]:
    """Return a row of ``reported_monitor``."""
    return {
        "station_id": station,
        "monitor_id": monitor.id,
        **key_columns(monitor.key),
        "kind": monitor.kind,
        "severity": monitor.severity,
        "value": monitor.value,
        "transaction_only": monitor.transaction_only,
        "origin": monitor.origin,
        "report_id": report,
        "reported_at": at,
    }


def reported_from(row: Row[Any]) -> ReportedMonitor:
    """Read a row of ``reported_monitor``."""
    return ReportedMonitor(
        row.monitor_id,
        key_of(row),
        row.kind,
        row.value,
        row.severity,
        row.transaction_only,
        row.origin,
    )


def report_row(request: ReportRequest, *, by: str, at: datetime) -> dict[str, Any]:
    """Return a new row of ``monitoring_report``."""
    return {
        "station_id": request.station,
        "criteria": [each.value for each in request.criteria],
        "variables": [key_columns(each) for each in request.variables],
        "requested_by": by,
        "requested_at": at,
        "status": "Asked",
        "info": "",
        "numbers": [],
        "monitors": 0,
        "heard_at": at,
        "complete": False,
    }


def report_changes(report: MonitoringReport) -> dict[str, Any]:
    """Return what changes of a row of ``monitoring_report``."""
    return {
        "status": report.status,
        "info": storable(report.info),
        "numbers": list(report.numbers),
        "last_number": report.last_number,
        "monitors": report.monitors,
        "heard_at": report.heard_at,
        "complete": report.complete,
    }


def report_from(row: Row[Any]) -> MonitoringReport:
    """Read a row of ``monitoring_report``."""
    return MonitoringReport(
        id=row.id,
        request=ReportRequest(
            StationId(row.station_id),
            tuple(Criterion(each) for each in row.criteria),
            tuple(VariableKey(**each) for each in row.variables),
        ),
        by=row.requested_by,
        requested_at=row.requested_at,
        status=row.status,
        info=row.info,
        numbers=tuple(row.numbers),
        last_number=row.last_number,
        monitors=row.monitors,
        heard_at=row.heard_at,
        complete=row.complete,
    )
