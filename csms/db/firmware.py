"""Firmware images, updates and publications, in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import firmware_tables, tables
from csms.domain.firmware import (
    ENDS,
    FirmwareImage,
    FirmwareUpdate,
    Fit,
    Step,
    UpdateState,
)
from csms.domain.ids import StationId
from csms.domain.publication import Publication, PublishState

_IMAGE = firmware_tables.image
_UPDATE = firmware_tables.update
_PUBLICATION = firmware_tables.publication
_STEP = firmware_tables.step
_LINK = firmware_tables.link
_ENDED = sorted(each.value for each in ENDS)


@dataclass(frozen=True, slots=True)
class PostgresFirmwareStore:
    """The images, updates and publications of one unit of work."""

    connection: AsyncConnection

    async def add_image(self, image: FirmwareImage) -> bool:
        """Keep a new image; tell whether its name was free."""
        done = await self.connection.execute(
            insert(_IMAGE)
            .values(_image_row(image))
            .on_conflict_do_nothing()
            .returning(_IMAGE.c.id)
        )
        return done.one_or_none() is not None

    async def save_image(self, image: FirmwareImage) -> None:
        """Keep what has changed of an image."""
        await self.connection.execute(
            update(_IMAGE).where(_IMAGE.c.id == image.id).values(_image_row(image))
        )

    async def image(self, name: str) -> FirmwareImage | None:
        """Return one image, or None."""
        found = await self.connection.execute(select(_IMAGE).where(_IMAGE.c.id == name))
        row = found.one_or_none()
        return None if row is None else _image(row)

    async def images(self) -> Sequence[FirmwareImage]:
        """Return every image, the youngest first."""
        order = select(_IMAGE).order_by(_IMAGE.c.created_at.desc(), _IMAGE.c.id)
        return [_image(row) for row in await self.connection.execute(order)]

    async def add_update(self, wanted: FirmwareUpdate) -> FirmwareUpdate:
        """Keep a new update; return it with its number."""
        row = _update_row(wanted)
        done = await self.connection.execute(
            _UPDATE.insert().values(row).returning(_UPDATE.c.request_id)
        )
        return replace(wanted, request_id=done.scalar_one())

    async def save_update(self, changed: FirmwareUpdate) -> None:
        """Keep what has changed of an update."""
        await self.connection.execute(
            update(_UPDATE)
            .where(_UPDATE.c.request_id == changed.request_id)
            .values(_update_row(changed))
        )

    async def hold_update(self, request_id: int) -> FirmwareUpdate | None:
        """Return an update that nobody else changes until this work ends."""
        found = await self.connection.execute(
            select(_UPDATE)
            .where(_UPDATE.c.request_id == request_id)
            .with_for_update(key_share=True)
        )
        row = found.one_or_none()
        return None if row is None else _update(row)

    async def update(self, request_id: int) -> FirmwareUpdate | None:
        """Return one update, or None."""
        return (await self.states([request_id])).get(request_id)

    async def updates(
        self,
        *,
        station: StationId | None = None,
        campaign: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[FirmwareUpdate]:
        """Return updates, the youngest first."""
        query = select(_UPDATE).order_by(_UPDATE.c.request_id.desc()).limit(limit)
        if station is not None:
            query = query.where(_UPDATE.c.station_id == station)
        if campaign is not None:
            query = query.where(_UPDATE.c.campaign_id == campaign)
        if before is not None:
            query = query.where(_UPDATE.c.request_id < before)
        return [_update(row) for row in await self.connection.execute(query)]

    async def open_updates(self, station: StationId) -> Sequence[FirmwareUpdate]:
        """Return those of a station that have not ended, the youngest first."""
        rows = await self.connection.execute(
            select(_UPDATE)
            .where(_UPDATE.c.station_id == station, _UPDATE.c.state.not_in(_ENDED))
            .order_by(_UPDATE.c.request_id.desc())
        )
        return [_update(row) for row in rows]

    async def states(self, numbers: Collection[int]) -> Mapping[int, FirmwareUpdate]:
        """Return updates by number."""
        rows = await self.connection.execute(
            select(_UPDATE).where(_UPDATE.c.request_id.in_(sorted(numbers)))
        )
        return {row.request_id: _update(row) for row in rows}

    async def claim_due(self, now: datetime) -> FirmwareUpdate | None:
        """Return a due update that nobody else holds, held until this work ends."""
        found = await self.connection.execute(
            select(_UPDATE)
            .where(_UPDATE.c.due_at <= now)
            .order_by(_UPDATE.c.due_at, _UPDATE.c.request_id)
            .limit(1)
            .with_for_update(skip_locked=True, key_share=True)
        )
        row = found.one_or_none()
        return None if row is None else _update(row)

    async def next_due(self) -> datetime | None:
        """Return when the next update is to be looked at."""
        due: datetime | None = (
            await self.connection.execute(select(func.min(_UPDATE.c.due_at)))
        ).scalar_one()
        return due

    async def unconfirmed(self) -> Sequence[tuple[FirmwareUpdate, str, datetime]]:
        """Return the latest update of stations that started since it was asked for."""
        station, newer = tables.station, _UPDATE.alias("newer")
        later = (
            select(newer.c.request_id)
            .where(newer.c.station_id == _UPDATE.c.station_id)
            .where(newer.c.request_id > _UPDATE.c.request_id)
            .where(newer.c.sent_at.is_not(None))
        )
        rows = await self.connection.execute(
            select(_UPDATE, station.c.firmware, station.c.booted_at)
            .join(station, station.c.id == _UPDATE.c.station_id)
            .where(_asked_and_unconfirmed(), station.c.booted_at > _UPDATE.c.sent_at)
            .where(~later.exists())
        )
        return [(_update(row), row.firmware or "", row.booted_at) for row in rows]

    async def add_step(self, kind: str, request_id: int, step: Step) -> None:
        """Append to the history of an update or a publication."""
        await self.connection.execute(
            _STEP.insert().values(
                kind=kind,
                request_id=request_id,
                at=step.at,
                said=step.said,
                fit=step.fit.value,
                info=step.info,
            )
        )

    async def steps(self, kind: str, request_id: int) -> Sequence[Step]:
        """Return the history, in the order in which it came."""
        rows = await self.connection.execute(
            select(_STEP)
            .where(_STEP.c.kind == kind, _STEP.c.request_id == request_id)
            .order_by(_STEP.c.id)
        )
        return [Step(row.at, row.said, Fit(row.fit), row.info) for row in rows]

    async def add_link(
        self,
        token_hash: bytes,
        image: str,
        station: StationId,
        update: int | None,
        until: datetime,
    ) -> None:
        """Keep by which link a station may fetch a file of ours."""
        await self.connection.execute(
            _LINK.insert().values(
                token_hash=token_hash,
                image_id=image,
                station_id=station,
                update_id=update,
                expires_at=until,
            )
        )

    async def follow_link(self, token_hash: bytes, now: datetime) -> str | None:
        """Return the image behind a link, and note that it was fetched."""
        found = await self.connection.execute(
            select(_LINK).where(
                _LINK.c.token_hash == token_hash, _LINK.c.expires_at > now
            )
        )
        row = found.one_or_none()
        if row is None:
            return None
        await self.connection.execute(
            update(_UPDATE)
            .where(_UPDATE.c.request_id == row.update_id)
            .where(_UPDATE.c.fetched_at.is_(None))
            .values(fetched_at=now)
        )
        return str(row.image_id)

    async def add_publication(self, publication: Publication) -> Publication:
        """Keep a new publication; return it with its number."""
        done = await self.connection.execute(
            _PUBLICATION.insert()
            .values(_publication_row(publication))
            .returning(_PUBLICATION.c.request_id)
        )
        return replace(publication, request_id=done.scalar_one())

    async def save_publication(self, publication: Publication) -> None:
        """Keep what has changed of a publication."""
        await self.connection.execute(
            update(_PUBLICATION)
            .where(_PUBLICATION.c.request_id == publication.request_id)
            .values(_publication_row(publication))
        )

    async def hold_publication(self, request_id: int) -> Publication | None:
        """Return a publication that nobody else changes until this work ends."""
        found = await self.connection.execute(
            select(_PUBLICATION)
            .where(_PUBLICATION.c.request_id == request_id)
            .with_for_update()
        )
        row = found.one_or_none()
        return None if row is None else _publication(row)

    async def publications(
        self, station: StationId | None = None
    ) -> Sequence[Publication]:
        """Return publications, the youngest first."""
        query = select(_PUBLICATION).order_by(_PUBLICATION.c.request_id.desc())
        if station is not None:
            query = query.where(_PUBLICATION.c.station_id == station)
        return [_publication(row) for row in await self.connection.execute(query)]


def _asked_and_unconfirmed() -> ColumnElement[bool]:
    return and_(_UPDATE.c.confirmed_at.is_(None), _UPDATE.c.sent_at.is_not(None))


def _image_row(image: FirmwareImage) -> dict[str, Any]:
    return {each.name: getattr(image, each.name) for each in fields(image)}


def _image(row: Row[Any]) -> FirmwareImage:
    return FirmwareImage(
        **{each.name: getattr(row, each.name) for each in fields(FirmwareImage)}
    )


_AS_THEY_ARE = (
    "version",
    "secured",
    "location",
    "retrieve_at",
    "install_at",
    "retries",
    "retry_interval_s",
    "detail",
    "created_at",
    "asked_by",
    "sent_at",
    "updated_at",
    "due_at",
    "probed_at",
    "confirmed_at",
    "fetched_at",
)


def _update_row(wanted: FirmwareUpdate) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in _AS_THEY_ARE} | {
        "station_id": wanted.station,
        "image_id": wanted.image,
        "campaign_id": wanted.campaign,
        "state": wanted.state.value,
        "passed": sorted(each.value for each in wanted.passed),
    }


def _update(row: Row[Any]) -> FirmwareUpdate:
    return FirmwareUpdate(
        station=StationId(row.station_id),
        request_id=row.request_id,
        image=row.image_id,
        campaign=row.campaign_id,
        state=UpdateState(row.state),
        passed=frozenset(map(UpdateState, row.passed)),
        **{name: getattr(row, name) for name in _AS_THEY_ARE},
    )


def _publication_row(publication: Publication) -> dict[str, Any]:
    return {
        "station_id": publication.station,
        "image_id": publication.image,
        "checksum": publication.checksum,
        "state": publication.state.value,
        "locations": list(publication.locations),
        "detail": publication.detail,
        "created_at": publication.created_at,
        "asked_by": publication.asked_by,
        "updated_at": publication.updated_at,
    }


def _publication(row: Row[Any]) -> Publication:
    return Publication(
        station=StationId(row.station_id),
        request_id=row.request_id,
        image=row.image_id,
        checksum=row.checksum,
        state=PublishState(row.state),
        created_at=row.created_at,
        asked_by=row.asked_by,
        updated_at=row.updated_at,
        locations=tuple(row.locations),
        detail=row.detail,
    )
