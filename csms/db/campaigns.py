"""Firmware campaigns, in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import firmware_tables
from csms.db.batches import batched
from csms.domain.campaign import (
    OVER,
    Campaign,
    CampaignMember,
    CampaignState,
    MemberState,
    Pace,
)
from csms.domain.ids import StationId

_CAMPAIGN = firmware_tables.campaign
_MEMBER = firmware_tables.member
_LIVE = (CampaignState.RUNNING.value, CampaignState.PAUSED.value)
_OVER = sorted(each.value for each in OVER)


@dataclass(frozen=True, slots=True)
class PostgresCampaignStore:
    """The campaigns of one unit of work."""

    connection: AsyncConnection

    async def add(self, campaign: Campaign, members: Sequence[CampaignMember]) -> bool:
        """Keep a new campaign; tell whether its name was free."""
        done = await self.connection.execute(
            insert(_CAMPAIGN)
            .values(_row(campaign) | {"id": campaign.id})
            .on_conflict_do_nothing()
            .returning(_CAMPAIGN.c.id)
        )
        if done.one_or_none() is None:
            return False
        for some in batched([_member_row(campaign.id, each) for each in members]):
            await self.connection.execute(_MEMBER.insert(), list(some))
        return True

    async def find(self, name: str) -> Campaign | None:
        """Return one campaign, or None."""
        found = await self.connection.execute(
            select(_CAMPAIGN).where(_CAMPAIGN.c.id == name)
        )
        row = found.one_or_none()
        return None if row is None else _campaign(row)

    async def hold(self, name: str) -> Campaign | None:
        """Return a campaign that nobody else changes until this work ends."""
        found = await self.connection.execute(
            select(_CAMPAIGN)
            .where(_CAMPAIGN.c.id == name)
            .with_for_update(key_share=True)
        )
        row = found.one_or_none()
        return None if row is None else _campaign(row)

    async def all(self) -> Sequence[Campaign]:
        """Return every campaign, the youngest first."""
        order = _CAMPAIGN.c.created_at.desc(), _CAMPAIGN.c.id
        rows = await self.connection.execute(select(_CAMPAIGN).order_by(*order))
        return [_campaign(row) for row in rows]

    async def claim_due(self, now: datetime) -> Campaign | None:
        """Return a due campaign that nobody else holds, held until this work ends."""
        found = await self.connection.execute(
            select(_CAMPAIGN)
            .where(_CAMPAIGN.c.due_at <= now)
            .order_by(_CAMPAIGN.c.due_at, _CAMPAIGN.c.id)
            .limit(1)
            .with_for_update(skip_locked=True, key_share=True)
        )
        row = found.one_or_none()
        return None if row is None else _campaign(row)

    async def next_due(self) -> datetime | None:
        """Return when the next campaign is to be looked at."""
        due: datetime | None = (
            await self.connection.execute(select(func.min(_CAMPAIGN.c.due_at)))
        ).scalar_one()
        return due

    async def save(self, campaign: Campaign) -> None:
        """Keep what has changed of a campaign."""
        await self.connection.execute(
            update(_CAMPAIGN)
            .where(_CAMPAIGN.c.id == campaign.id)
            .values(_row(campaign))
        )

    async def wake(self, name: str, at: datetime) -> None:
        """Let a campaign that is not completed be looked at, now."""
        await self.connection.execute(
            update(_CAMPAIGN)
            .where(_CAMPAIGN.c.id == name)
            .where(_CAMPAIGN.c.state != CampaignState.COMPLETED.value)
            .values(due_at=func.least(_CAMPAIGN.c.due_at, at))
        )

    async def members(self, name: str) -> Sequence[CampaignMember]:
        """Return its members, by wave and station."""
        rows = await self.connection.execute(
            select(_MEMBER)
            .where(_MEMBER.c.campaign_id == name)
            .order_by(_MEMBER.c.wave, _MEMBER.c.station_id)
        )
        return [_member(row) for row in rows]

    async def save_member(self, name: str, member: CampaignMember) -> None:
        """Keep what has changed of a member."""
        await self.connection.execute(
            update(_MEMBER)
            .where(_MEMBER.c.campaign_id == name)
            .where(_MEMBER.c.station_id == member.station)
            .values(_member_row(name, member))
        )

    async def busy(self, stations: Collection[StationId]) -> Mapping[StationId, str]:
        """Return which of the stations a campaign that is not over still waits for."""
        rows = await self.connection.execute(
            select(_MEMBER.c.station_id, _MEMBER.c.campaign_id)
            .join(_CAMPAIGN, _CAMPAIGN.c.id == _MEMBER.c.campaign_id)
            .where(_CAMPAIGN.c.state.in_(_LIVE))
            .where(_MEMBER.c.state.not_in(_OVER))
            .where(_MEMBER.c.station_id.in_(sorted(stations)))
        )
        return {StationId(row.station_id): row.campaign_id for row in rows}


def _row(campaign: Campaign) -> dict[str, Any]:
    pace = campaign.pace
    return {
        "name": campaign.name,
        "image_id": campaign.image,
        "version": campaign.version,
        "wave_size": pace.wave_size,
        "max_parallel": pace.max_parallel,
        "pause_share": pace.pause_share,
        "retries": pace.retries,
        "retry_rest_s": round(pace.retry_rest.total_seconds()),
        "state": campaign.state.value,
        "detail": campaign.detail,
        "starts_at": campaign.starts_at,
        "due_at": campaign.due_at,
        "counted_from": campaign.counted_from,
        "created_at": campaign.created_at,
        "created_by": campaign.created_by,
    }


def _campaign(row: Row[Any]) -> Campaign:
    return Campaign(
        id=row.id,
        name=row.name,
        image=row.image_id,
        version=row.version,
        pace=Pace(
            row.wave_size,
            row.max_parallel,
            row.pause_share,
            row.retries,
            timedelta(seconds=row.retry_rest_s),
        ),
        starts_at=row.starts_at,
        created_at=row.created_at,
        created_by=row.created_by,
        state=CampaignState(row.state),
        detail=row.detail,
        due_at=row.due_at,
        counted_from=row.counted_from,
    )


def _member_row(name: str, member: CampaignMember) -> dict[str, Any]:
    return {
        "campaign_id": name,
        "station_id": member.station,
        "wave": member.wave,
        "state": member.state.value,
        "attempts": member.attempts,
        "request_id": member.request_id,
        "not_before": member.not_before,
        "detail": member.detail,
        "updated_at": member.updated_at,
    }


def _member(row: Row[Any]) -> CampaignMember:
    return CampaignMember(
        station=StationId(row.station_id),
        wave=row.wave,
        state=MemberState(row.state),
        attempts=row.attempts,
        request_id=row.request_id,
        not_before=row.not_before,
        detail=row.detail,
        updated_at=row.updated_at,
    )
