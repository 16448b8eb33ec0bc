"""Controls of the grid and the alarms they cause, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import smart_tables
from csms.domain.ids import StationId
from csms.services.der_documents import control_document, control_from
from csms.services.ports.der import Alarm, ControlState, HeldControl

_CONTROL = smart_tables.der_control
_ALARM = smart_tables.der_alarm


@dataclass(frozen=True, slots=True)
class PostgresDerStore:
    """Controls and alarms of one unit of work."""

    connection: AsyncConnection

    async def controls(self, station: StationId) -> Sequence[HeldControl]:
        """Return the controls of a station, by kind, priority and id."""
        rows = await self.connection.execute(
            select(_CONTROL)
            .where(_CONTROL.c.station_id == station)
            .order_by(_CONTROL.c.kind, _CONTROL.c.priority, _CONTROL.c.control_id)
        )
        return [_held(row) for row in rows]

    async def save_controls(self, controls: Sequence[HeldControl]) -> None:
        """Keep controls in place of the former ones of the same ids."""
        if not controls:
            return
        said = insert(_CONTROL)
        keys = ("station_id", "control_id")
        fresh = {
            column.name: said.excluded[column.name]
            for column in _CONTROL.columns
            if column.name not in keys
        }
        await self.connection.execute(
            said.on_conflict_do_update(index_elements=keys, set_=fresh),
            [_row(each) for each in controls],
        )

    async def begin_alarm(self, alarm: Alarm) -> bool:
        """Keep the beginning of an alarm; tell whether none of its kind ran yet.

        A take-over by another control ends the former one's row and not the alarm.
        """
        running = (_ALARM.c.station_id == alarm.station) & _ALARM.c.ended_at.is_(None)
        same = running & (_ALARM.c.kind == alarm.kind)
        rows = await self.connection.execute(select(_ALARM.c.id).where(same))
        if rows.first() is not None:
            return False
        await self.connection.execute(
            update(_ALARM).where(running).values(ended_at=alarm.began_at)
        )
        await self.connection.execute(
            _ALARM.insert().values(
                station_id=alarm.station,
                kind=alarm.kind,
                fault=alarm.fault,
                began_at=alarm.began_at,
                info=alarm.info,
            )
        )
        return True

    async def end_alarms(self, station: StationId, at: datetime) -> int:
        """Keep the end of the alarm; return how many rows that closes."""
        done = await self.connection.execute(
            update(_ALARM)
            .where(_ALARM.c.station_id == station)
            .where(_ALARM.c.ended_at.is_(None))
            .values(ended_at=at)
        )
        return done.rowcount

    async def alarms(self, station: StationId, limit: int = 50) -> Sequence[Alarm]:
        """Return the latest alarms of a station, youngest first."""
        rows = await self.connection.execute(
            select(_ALARM)
            .where(_ALARM.c.station_id == station)
            .order_by(_ALARM.c.id.desc())
            .limit(limit)
        )
        return [
            Alarm(station, row.kind, row.fault, row.began_at, row.ended_at, row.info)
            for row in rows
        ]


def _row(held: HeldControl) -> dict[str, Any]:
    control, duration = held.control, held.control.duration
    document = control_document(control)
    return {
        "station_id": held.station,
        "control_id": control.id,
        "kind": control.kind.value,
        "is_default": control.default,
        "priority": control.priority,
        "starts_at": control.start,
        "duration_s": duration.total_seconds() if duration else None,
        "intended": document if held.ours else None,
        "state": held.state.value,
        "detail": held.detail,
        "by": held.by,
        "sent_at": held.sent_at,
        "reported": None if held.reported is None else control_document(held.reported),
        "reported_at": held.reported_at,
        "superseded": held.superseded,
        "started_at": held.started_at,
        "stopped_at": held.stopped_at,
    }


def _held(row: Row[Any]) -> HeldControl:
    reported = None if row.reported is None else control_from(row.reported)
    control = reported if row.intended is None else control_from(row.intended)
    assert control is not None  # noqa: S101 a row has at least one of them
    return HeldControl(
        station=StationId(row.station_id),
        control=control,
        state=ControlState(row.state),
        ours=row.intended is not None,
        by=row.by,
        sent_at=row.sent_at,
        superseded=row.superseded,
        reported=reported,
        reported_at=row.reported_at,
        started_at=row.started_at,
        stopped_at=row.stopped_at,
        detail=row.detail,
    )
