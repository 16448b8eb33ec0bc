"""What stations should hold, quarantines and incidents, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.domain.ids import EventId, EvseId, StationId, TransactionId
from csms.domain.profile import Role
from csms.services.ports.profiles import Incident, Intent, IntentState, Quarantine

_INTENT = tables.profile_intent
_QUARANTINE = tables.quarantine
_STAMP = {
    IntentState.SENT: "sent_at",
    IntentState.ACCEPTED: "accepted_at",
    IntentState.ECHOED: "echoed_at",
    IntentState.OBEYED: "obeyed_at",
}


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
        row: dict[str, Any] = {
            "station_id": intent.evse.station,
            "evse": intent.evse.number,
            "role": intent.role.value,
            "profile_id": intent.profile_id,
            "event_id": intent.event,
            "transaction_id": intent.transaction,
            "fingerprint": intent.fingerprint,
            "document": dict(intent.document),
            "state": intent.state.value,
            "detail": intent.detail,
            "updated_at": intent.updated_at,
        }
        if intent.state is IntentState.SENT:
            row |= dict.fromkeys(_STAMP.values())
        if (stamp := _STAMP.get(intent.state)) is not None:
            row[stamp] = intent.updated_at
        await self.connection.execute(
            insert(_INTENT)
            .values(row)
            .on_conflict_do_update(
                index_elements=["station_id", "evse", "role"], set_=row
            )
        )

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
