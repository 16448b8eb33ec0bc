"""What stations should hold, quarantines and incidents, in PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.domain.ids import EventId, EvseId, StationId, TransactionId
from csms.domain.profile import Role
from csms.services.ports.profiles import Incident, Intent, IntentState, Quarantine

_INTENT = tables.profile_intent
_QUARANTINE = tables.quarantine
_SAVE_INTENTS = text("""
INSERT INTO profile_intent AS known (
    station_id, evse, role, profile_id, event_id, transaction_id, fingerprint,
    document, state, detail, updated_at, sent_at, accepted_at, echoed_at, obeyed_at
)
SELECT said.station_id, said.evse, said.role, said.profile_id, said.event_id,
    said.transaction_id, said.fingerprint, said.document::jsonb, said.state,
    said.detail, said.at,
    CASE said.state WHEN 'sent' THEN said.at END,
    CASE said.state WHEN 'accepted' THEN said.at END,
    CASE said.state WHEN 'echoed' THEN said.at END,
    CASE said.state WHEN 'obeyed' THEN said.at END
FROM unnest(
    CAST(:station AS text[]), CAST(:evse AS int[]), CAST(:role AS text[]),
    CAST(:profile AS int[]), CAST(:event AS text[]), CAST(:tx AS text[]),
    CAST(:fingerprint AS text[]), CAST(:document AS text[]), CAST(:state AS text[]),
    CAST(:detail AS text[]), CAST(:at AS timestamptz[])
) AS said (
    station_id, evse, role, profile_id, event_id, transaction_id, fingerprint,
    document, state, detail, at
)
ON CONFLICT (station_id, evse, role) DO UPDATE SET
    profile_id = excluded.profile_id, event_id = excluded.event_id,
    transaction_id = excluded.transaction_id, fingerprint = excluded.fingerprint,
    document = excluded.document, state = excluded.state, detail = excluded.detail,
    updated_at = excluded.updated_at,
    sent_at = coalesce(excluded.sent_at, known.sent_at),
    accepted_at = CASE excluded.state WHEN 'sent' THEN NULL
        ELSE coalesce(excluded.accepted_at, known.accepted_at) END,
    echoed_at = CASE excluded.state WHEN 'sent' THEN NULL
        ELSE coalesce(excluded.echoed_at, known.echoed_at) END,
    obeyed_at = CASE excluded.state WHEN 'sent' THEN NULL
        ELSE coalesce(excluded.obeyed_at, known.obeyed_at) END
""")


@dataclass(frozen=True, slots=True)
class PostgresProfileStore:
    """The intents, quarantines and incidents of one unit of work."""

    connection: AsyncConnection

    async def intents(self, station: StationId | None = None) -> Sequence[Intent]:
        """Return every intent, or those of one station."""
        query = select(_INTENT).order_by(
            _INTENT.c.station_id, _INTENT.c.evse, _INTENT.c.role
        )
        if station is not None:
            query = query.where(_INTENT.c.station_id == station)
        return [_intent(row) for row in await self.connection.execute(query)]

    async def save_intent(self, intent: Intent) -> None:
        """Keep the intent in place of the former one of its EVSE and role."""
        await self.save_intents([intent])

    async def save_intents(self, intents: Sequence[Intent]) -> None:
        """Keep many, in one go; of two of the same EVSE and role, the later one.

        A new sending forgets what became of the former one.
        """
        last = {(each.evse, each.role): each for each in intents}.values()
        rows = {
            "station": [each.evse.station for each in last],
            "evse": [each.evse.number for each in last],
            "role": [each.role.value for each in last],
            "profile": [each.profile_id for each in last],
            "event": [each.event for each in last],
            "tx": [each.transaction for each in last],
            "fingerprint": [each.fingerprint for each in last],
            "document": [json.dumps(dict(each.document)) for each in last],
            "state": [each.state.value for each in last],
            "detail": [each.detail for each in last],
            "at": [each.updated_at for each in last],
        }
        await self.connection.execute(_SAVE_INTENTS, rows)

    async def quarantine(self, quarantine: Quarantine) -> bool:
        """Put a vendor profile aside; tell whether that is new."""
        row = {
            "vendor_profile": quarantine.vendor_profile,
            "at": quarantine.at,
            "station_id": quarantine.station,
            "reason": quarantine.reason,
            "evidence": dict(quarantine.evidence),
            "lifted_at": None,
            "lifted_by": None,
        }
        done = await self.connection.execute(
            insert(_QUARANTINE)
            .values(row)
            .on_conflict_do_update(
                index_elements=["vendor_profile"],
                set_=row,
                where=_QUARANTINE.c.lifted_at.is_not(None),
            )
            .returning(_QUARANTINE.c.vendor_profile)
        )
        return done.one_or_none() is not None

    async def quarantined(self) -> Sequence[Quarantine]:
        """Return the vendor profiles that are put aside now."""
        rows = await self.connection.execute(
            select(_QUARANTINE)
            .where(_QUARANTINE.c.lifted_at.is_(None))
            .order_by(_QUARANTINE.c.at)
        )
        return [
            Quarantine(
                row.vendor_profile,
                row.at,
                StationId(row.station_id),
                row.reason,
                row.evidence,
            )
            for row in rows
        ]

    async def lift(self, vendor_profile: str, by: str, at: datetime) -> bool:
        """End a quarantine; tell whether there was one."""
        done = await self.connection.execute(
            update(_QUARANTINE)
            .where(_QUARANTINE.c.vendor_profile == vendor_profile)
            .where(_QUARANTINE.c.lifted_at.is_(None))
            .values(lifted_at=at, lifted_by=by)
        )
        return done.rowcount > 0

    async def note(self, incident: Incident) -> None:
        """Keep an incident."""
        await self.connection.execute(
            tables.incident.insert().values(
                at=incident.at,
                severity=incident.severity,
                kind=incident.kind,
                station_id=incident.station,
                evse=incident.evse,
                event_id=incident.event,
                detail=dict(incident.detail),
            )
        )


def _intent(row: Row[Any]) -> Intent:
    return Intent(
        evse=EvseId(StationId(row.station_id), row.evse),
        role=Role(row.role),
        profile_id=row.profile_id,
        fingerprint=row.fingerprint,
        state=IntentState(row.state),
        document=row.document,
        updated_at=row.updated_at,
        event=EventId(row.event_id) if row.event_id else None,
        transaction=TransactionId(row.transaction_id) if row.transaction_id else None,
        detail=row.detail,
    )
