"""Profiles that stations hold, limits from outside and needs, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import smart_tables
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import Profile
from csms.services.ports.charging import (
    ExternalLimit,
    HeldProfile,
    NeedsDecision,
    Negotiation,
)
from csms.services.profile_documents import profile_document, profile_from

_HELD = smart_tables.station_profile
_LIMIT = smart_tables.charging_limit
_NEGOTIATION = smart_tables.ev_negotiation


@dataclass(frozen=True, slots=True)
class PostgresChargingStore:
    """Profiles, limits and negotiations of one unit of work."""

    connection: AsyncConnection

    async def held(self, station: StationId | None = None) -> Sequence[HeldProfile]:
        """Return the profiles of a station, or of all, by id."""
        query = select(_HELD).order_by(_HELD.c.station_id, _HELD.c.profile_id)
        if station is not None:
            query = query.where(_HELD.c.station_id == station)
        return [_held(row) for row in await self.connection.execute(query)]

    async def save_held(self, profiles: Sequence[HeldProfile]) -> None:
        """Keep profiles in place of the former ones of the same ids."""
        rows = [
            {
                "station_id": each.station,
                "profile_id": each.profile_id,
                "source": each.source,
                "intended": _document(each.intended),
                "reported": _document(each.reported),
                "by": each.by,
                "intended_at": each.intended_at,
                "reported_at": each.reported_at,
                "detail": each.detail,
            }
            for each in profiles
        ]
        if rows:
            await self.connection.execute(_upsert(_HELD), rows)

    async def drop_held(self, keys: Sequence[tuple[StationId, int]]) -> None:
        """Forget profiles that are gone."""
        if keys:
            place = tuple_(_HELD.c.station_id, _HELD.c.profile_id)
            await self.connection.execute(
                delete(_HELD).where(place.in_([tuple(each) for each in keys]))
            )

    async def limits(self, station: StationId | None = None) -> Sequence[ExternalLimit]:
        """Return the limits from outside that are in force."""
        query = select(_LIMIT).order_by(_LIMIT.c.station_id, _LIMIT.c.since)
        if station is not None:
            query = query.where(_LIMIT.c.station_id == station)
        return [_limit(row) for row in await self.connection.execute(query)]

    async def save_limit(self, limit: ExternalLimit) -> None:
        """Keep a limit; its beginning stays what it was."""
        row = {
            "station_id": limit.evse.station,
            "evse": limit.evse.number,
            "source": limit.source,
            "local_generation": limit.local_generation,
            "grid_critical": limit.grid_critical,
            "document": dict(limit.document),
            "since": limit.since,
            "updated_at": limit.updated_at,
        }
        await self.connection.execute(_upsert(_LIMIT, "since"), [row])

    async def drop_limits(self, evse: EvseId, source: str) -> int:
        """Forget the limits of a source; EVSE 0 means all of the station's."""
        query = (
            delete(_LIMIT)
            .where(_LIMIT.c.station_id == evse.station)
            .where(_LIMIT.c.source == source)
        )
        if evse.number:
            query = query.where(_LIMIT.c.evse == evse.number)
        return (await self.connection.execute(query)).rowcount

    async def save_negotiation(self, negotiation: Negotiation) -> None:
        """Keep a negotiation in place of the one with the same EVSE and instant."""
        row = {
            "station_id": negotiation.evse.station,
            "evse": negotiation.evse.number,
            "at": negotiation.at,
            "transaction_id": negotiation.transaction,
            "needs": dict(negotiation.needs),
            "decision": negotiation.decision.value,
            "reason": negotiation.reason,
            "profile_id": negotiation.profile_id,
            "sent_at": negotiation.sent_at,
            "sent_result": negotiation.sent_result,
            "schedule": None
            if negotiation.schedule is None
            else dict(negotiation.schedule),
            "schedule_at": negotiation.schedule_at,
            "verdict": negotiation.verdict,
            "verdict_detail": negotiation.verdict_detail,
        }
        await self.connection.execute(_upsert(_NEGOTIATION), [row])

    async def negotiations(
        self, evse: EvseId, limit: int = 10
    ) -> Sequence[Negotiation]:
        """Return the latest negotiations of an EVSE, youngest first."""
        rows = await self.connection.execute(
            select(_NEGOTIATION)
            .where(_NEGOTIATION.c.station_id == evse.station)
            .where(_NEGOTIATION.c.evse == evse.number)
            .order_by(_NEGOTIATION.c.at.desc())
            .limit(limit)
        )
        return [_negotiation(row) for row in rows]


def _upsert(table: Table, *kept: str) -> Any:  # noqa: ANN401 SQLAlchemy's own type
    """Return an insert that takes the place of the row with the same key."""
    said = insert(table)
    keys = [column.name for column in table.primary_key]
    fresh = {
        column.name: said.excluded[column.name]
        for column in table.columns
        if column.name not in (*keys, *kept)
    }
    return said.on_conflict_do_update(index_elements=keys, set_=fresh)


def _document(profile: Profile | None) -> Mapping[str, Any] | None:
    return None if profile is None else profile_document(profile)


def _profile(station: StationId, document: dict[str, Any] | None) -> Profile | None:
    return None if document is None else profile_from(station, document)


def _held(row: Row[Any]) -> HeldProfile:
    station = StationId(row.station_id)
    return HeldProfile(
        station,
        row.profile_id,
        row.source,
        _profile(station, row.intended),
        _profile(station, row.reported),
        row.by,
        row.intended_at,
        row.reported_at,
        row.detail,
    )


def _limit(row: Row[Any]) -> ExternalLimit:
    return ExternalLimit(
        EvseId(StationId(row.station_id), row.evse),
        row.source,
        row.local_generation,
        row.grid_critical,
        row.document,
        row.since,
        row.updated_at,
    )


def _negotiation(row: Row[Any]) -> Negotiation:
    transaction = row.transaction_id
    return Negotiation(
        evse=EvseId(StationId(row.station_id), row.evse),
        at=row.at,
        needs=row.needs,
        decision=NeedsDecision(row.decision),
        reason=row.reason,
        transaction=TransactionId(transaction) if transaction else None,
        profile_id=row.profile_id,
        sent_at=row.sent_at,
        sent_result=row.sent_result,
        schedule=row.schedule,
        schedule_at=row.schedule_at,
        verdict=row.verdict,
        verdict_detail=row.verdict_detail,
    )
