"""Forgets rows that are old and over: one line for each table that may shrink."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, exists, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.db.diagnostics_tables import (
    alert,
    event_stream,
    log_job,
    log_status,
    station_event,
)
from csms.db.display_tables import data_transfer, display_message
from csms.db.firmware_tables import step
from csms.db.security_tables import security_event
from csms.domain.display import HELD
from csms.services.ports.pruning import Records

_UNDERWAY = ("asked", "accepted", "uploading")
Rule = tuple[Table, ColumnElement[bool]]


class PostgresPruning:
    """The port ``PruningStore`` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def prune(
        self, what: Records, before: datetime, most: int
    ) -> Mapping[str, int]:
        """Forget what is from before an instant, and over; return how much of what."""
        gone = {}
        for table, old in _rules(what, before):
            row: ColumnElement[object] = literal_column(f"{table.name}.ctid")
            some = select(row).select_from(table).where(old).limit(most)
            done = await self._connection.execute(delete(table).where(row.in_(some)))
            gone[table.name] = int(done.rowcount)
        return gone


def _rules(what: Records, before: datetime) -> Iterator[Rule]:
    match what:
        case Records.STATION_EVENTS:
            yield station_event, station_event.c.received_at < before
            yield event_stream, event_stream.c.closed_at < before
        case Records.SECURITY_EVENTS:
            yield security_event, security_event.c.received_at < before
        case Records.TRACES:
            yield from _traces(before)


def _traces(before: datetime) -> Iterator[Rule]:
    notice, refused = tables.station_notice, tables.rejected_handshake
    yield data_transfer, data_transfer.c.at < before
    yield step, step.c.at < before
    yield notice, notice.c.received_at < before
    yield refused, refused.c.at < before
    yield (
        display_message,
        (display_message.c.updated_at < before)
        & display_message.c.state.not_in([each.value for each in HELD]),
    )
    # An alert names its incident, and a status its job: these go first.
    yield alert, alert.c.cleared_at < before
    incident = tables.incident
    yield (
        incident,
        (incident.c.resolved_at < before)
        & incident.c.event_id.is_(None)  # accounts may rest on those of events
        & ~exists().where(alert.c.incident_id == incident.c.id),
    )
    finished = (
        (log_job.c.heard_at < before)
        & log_job.c.state.not_in(_UNDERWAY)
        & (log_job.c.received_at.is_(None) | (log_job.c.deleted_at < before))
    )
    yield log_status, exists().where(log_job.c.id == log_status.c.job_id, finished)
    yield (
        log_job,
        finished & ~exists().where(log_status.c.job_id == log_job.c.id),
    )
