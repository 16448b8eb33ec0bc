"""What dispatch must know of every member, in one question to the database.

It is asked several times a second while an event runs, so each plan is unpacked once
and joined, not once per member.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db.plans import from_setpoint
from csms.domain.event import Reason, Stage
from csms.domain.ids import EventId, EvseId, ParticipantId, StationId
from csms.domain.interval import Interval
from csms.services.ports.events import MemberOrder

AFTERCARE = timedelta(hours=1)
"""How long after its window an event is still looked after."""

_QUESTION = text("""
WITH running AS MATERIALIZED (
    SELECT id, stage, starts_at, ends_at, notify_by
    FROM event
    WHERE stage IN ('notified', 'active')
       OR (stage IN ('completed', 'settled', 'cancelled') AND ends_at > :since)
), entry AS MATERIALIZED (
    SELECT running.id AS event_id, each.key AS evse, each.value AS body
    FROM running
    CROSS JOIN LATERAL (
        SELECT document FROM plan
        WHERE plan.event_id = running.id
        ORDER BY plan.revision DESC LIMIT 1
    ) AS newest
    CROSS JOIN LATERAL jsonb_each(newest.document -> 'entries') AS each
), told AS MATERIALIZED (
    SELECT DISTINCT notice.event_id, notice.participant_id
    FROM notice
    JOIN running ON running.id = notice.event_id
    JOIN participant ON participant.id = notice.participant_id
    WHERE notice.kind IN ('called', 'reminder')
      AND notice.sent_at <= running.notify_by
      AND (notice.channel <> 'inbox' OR participant.email = '')
)
SELECT running.id, running.stage, running.starts_at, running.ends_at,
       member.station_id, member.evse, member.participant_id, member.exclusions,
       member.opted_out_at, member.released_at, member.release_reason,
       entry.body -> 'setpoint' AS setpoint,
       greatest(vehicle.min_soc_pct, (entry.body ->> 'floor')::float8) AS floor,
       told.participant_id IS NOT NULL AS notified
FROM running
JOIN event_member AS member ON member.event_id = running.id
JOIN evse ON evse.station_id = member.station_id AND evse.number = member.evse
LEFT JOIN vehicle ON vehicle.id = evse.vehicle_id
LEFT JOIN entry ON entry.event_id = running.id
    AND entry.evse = member.station_id || '/' || member.evse
LEFT JOIN told ON told.event_id = running.id
    AND told.participant_id = member.participant_id
ORDER BY running.starts_at, running.id, member.station_id, member.evse
""")


async def dispatchable(
    connection: AsyncConnection, now: datetime
) -> Sequence[MemberOrder]:
    """Return every member that dispatch may have to act on."""
    rows = await connection.execute(_QUESTION, {"since": now - AFTERCARE})
    return [_order(row) for row in rows]


def _order(row: Row[Any]) -> MemberOrder:
    evse = EvseId(StationId(row.station_id), row.evse)
    return MemberOrder(
        event=EventId(row.id),
        stage=Stage(row.stage),
        window=Interval(row.starts_at, row.ends_at),
        evse=evse,
        participant=ParticipantId(row.participant_id),
        setpoint=from_setpoint(evse, row.setpoint),
        floor_soc_pct=100.0 if row.floor is None else row.floor,
        excluded=tuple(Reason(each) for each in row.exclusions),
        opted_out_at=row.opted_out_at,
        released_at=row.released_at,
        release_reason=Reason(row.release_reason) if row.release_reason else None,
        notified=row.notified,
    )
