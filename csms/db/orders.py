"""What dispatch must know of every member, in one question to the database.

It is asked several times a second while an event runs, so each plan is unpacked once
and joined, not once per member; and a row that says what it said before is not read
again.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import text
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
       member.station_id, member.evse, member.participant_id,
       member.exclusions::text AS exclusions,
       member.opted_out_at, member.released_at, member.release_reason,
       entry.body ->> 'setpoint' AS setpoint,
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
    return [_order(*row) for row in rows]


@lru_cache(maxsize=8192)
def _order(  # noqa: PLR0913, PLR0917 - one for each column of the question
    event: str,
    stage: str,
    starts_at: datetime,
    ends_at: datetime,
    station: str,
    number: int,
    participant: str,
    exclusions: str,
    opted_out_at: datetime | None,
    released_at: datetime | None,
    release_reason: str | None,
    setpoint: str | None,
    floor: float | None,
    notified: bool,  # noqa: FBT001 - a column
) -> MemberOrder:
    """Return the order that a row says; the same one for the same row."""
    evse = EvseId(StationId(station), number)
    return MemberOrder(
        event=EventId(event),
        stage=Stage(stage),
        window=Interval(starts_at, ends_at),
        evse=evse,
        participant=ParticipantId(participant),
        setpoint=from_setpoint(evse, json.loads(setpoint)) if setpoint else None,
        floor_soc_pct=100.0 if floor is None else floor,
        excluded=tuple(Reason(each) for each in json.loads(exclusions)),
        opted_out_at=opted_out_at,
        released_at=released_at,
        release_reason=Reason(release_reason) if release_reason else None,
        notified=notified,
    )
