"""Stations, what they said of themselves, and who was turned away, in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Text, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.db.station_rows import (
    station_from,
    storable,
)
from csms.domain.ids import SiteId, StationId
from csms.domain.station import (
    Boot,
    DeviationCount,
    Make,
    Presence,
    RejectedHandshake,
    Standing,
    Station,
    StationNotice,
)

_STATION = tables.station
_DEVIATION = tables.deviation
_NOTICE = tables.station_notice
_REJECTED = tables.rejected_handshake
LOOKED_AT = 20_000
"""How many notices are looked at for the latest of a kind."""

_PRESENCE = (
    update(_STATION)
    .where(_STATION.c.id == bindparam("of"))
    .values(
        connected=bindparam("here"),
        edition=func.coalesce(bindparam("now_edition", type_=Text), _STATION.c.edition),
        remote=func.coalesce(bindparam("now_remote", type_=Text), _STATION.c.remote),
        connected_at=func.coalesce(
            bindparam("came_at", type_=tables.Instant), _STATION.c.connected_at
        ),
        disconnected_at=func.coalesce(
            bindparam("went_at", type_=tables.Instant), _STATION.c.disconnected_at
        ),
        last_seen_at=func.greatest(
            bindparam("at", type_=tables.Instant), _STATION.c.last_seen_at
        ),
    )
)


@dataclass(frozen=True, slots=True)
class PostgresStationStore:
    """The stations of one unit of work."""

    connection: AsyncConnection

    async def find(self, station: StationId) -> Station | None:
        """Return one station, or None."""
        rows = await self.connection.execute(
            select(_STATION).where(_STATION.c.id == station)
        )
        row = rows.one_or_none()
        return None if row is None else station_from(row)

    async def all(self) -> Sequence[Station]:
        """Return every station, by id."""
        rows = await self.connection.execute(select(_STATION).order_by(_STATION.c.id))
        return [station_from(row) for row in rows]

    async def password_hashes(self) -> Mapping[StationId, str]:
        """Return the argon2 hash of every station's password."""
        rows = await self.connection.execute(
            select(_STATION.c.id, _STATION.c.password_hash)
        )
        return {StationId(row.id): row.password_hash for row in rows}

    async def enlist(
        self, station: StationId, site: SiteId, password_hash: str
    ) -> None:
        """Add a station, pending; or give a known one its site and password."""
        statement = insert(_STATION).values(
            id=station,
            site_id=site,
            password_hash=password_hash,
            standing=Standing.PENDING.value,
            capabilities={},
            shortcomings=[],
            connected=False,
        )
        await self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["id"],
                set_={
                    "site_id": statement.excluded.site_id,
                    "password_hash": statement.excluded.password_hash,
                },
            )
        )

    async def save_boots(self, boots: Sequence[Boot]) -> None:
        """Keep what stations said at their start."""
        if not boots:
            return
        await self.connection.execute(
            update(_STATION)
            .where(_STATION.c.id == bindparam("of"))
            .values(
                vendor=bindparam("vendor_"),
                model=bindparam("model_"),
                serial=bindparam("serial_"),
                firmware=bindparam("firmware_"),
                boot_reason=bindparam("reason"),
                booted_at=bindparam("at"),
                last_seen_at=bindparam("at"),
            ),
            [
                {
                    "of": boot.station,
                    "vendor_": storable(boot.make.vendor),
                    "model_": storable(boot.make.model),
                    "serial_": storable(boot.make.serial),
                    "firmware_": storable(boot.make.firmware),
                    "reason": boot.reason,
                    "at": boot.at,
                }
                for boot in boots
            ],
        )

    async def save_make(self, station: StationId, make: Make) -> None:
        """Keep whose product it is."""
        await self._update(station, **storable(asdict(make)))

    async def set_standing(self, station: StationId, standing: Standing) -> None:
        """Keep what we think of it."""
        await self._update(station, standing=standing.value)

    async def pin_edition(self, station: StationId, edition: str | None) -> None:
        """Offer it only this edition from now on; None offers both."""
        await self._update(station, edition_pin=edition)

    async def save_presence(self, presence: Sequence[Presence]) -> None:
        """Keep which stations came and went, in this order."""
        if presence:
            await self.connection.execute(
                _PRESENCE,
                [
                    {
                        "of": each.station,
                        "here": each.here,
                        "now_edition": each.edition,
                        "now_remote": each.remote or None,
                        "came_at": each.at if each.here else None,
                        "went_at": None if each.here else each.at,
                        "at": each.at,
                    }
                    for each in presence
                ],
            )

    async def disconnect_all(self, at: datetime) -> None:
        """Keep that no station has a socket: a node has just started."""
        await self.connection.execute(
            update(_STATION)
            .where(_STATION.c.connected)
            .values(connected=False, disconnected_at=at)
        )

    async def seen(self, at: Mapping[StationId, datetime]) -> None:
        """Keep when each was last heard of; an earlier instant changes nothing."""
        if not at:
            return
        latest = func.greatest(_STATION.c.last_seen_at, bindparam("at"))
        await self.connection.execute(
            update(_STATION)
            .where(_STATION.c.id == bindparam("of"))
            .values(last_seen_at=latest),
            [{"of": station, "at": instant} for station, instant in sorted(at.items())],
        )

    async def save_provisioned(
        self,
        station: StationId,
        *,
        fingerprint: str,
        capabilities: Mapping[str, Any],
        shortcomings: Sequence[str],
        at: datetime,
    ) -> None:
        """Keep what reading and configuring its device model brought.

        Accepts the station unless it is rejected.
        """
        await self._update(
            station,
            provisioned_at=at,
            provisioned_for=fingerprint,
            capabilities=dict(capabilities),
            shortcomings=list(shortcomings),
        )
        await self.connection.execute(
            update(_STATION)
            .where(_STATION.c.id == station)
            .where(_STATION.c.standing != Standing.REJECTED.value)
            .values(standing=Standing.ACCEPTED.value)
        )

    async def add_deviations(self, counts: Sequence[DeviationCount]) -> None:
        """Add to the counts of its harmless departures from the standard."""
        if not counts:
            return
        statement = insert(_DEVIATION)
        new = statement.excluded
        await self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["station_id", "kind", "path"],
                set_={
                    "count": _DEVIATION.c.count + new.count,
                    "first_at": func.least(_DEVIATION.c.first_at, new.first_at),
                    "last_at": func.greatest(_DEVIATION.c.last_at, new.last_at),
                    "detail": new.detail,
                },
            ),
            [_named(asdict(each), "station") for each in counts],
        )

    async def deviations(self, station: StationId) -> Sequence[DeviationCount]:
        """Return the counts, the most frequent first."""
        rows = await self.connection.execute(
            select(_DEVIATION, _DEVIATION.c.count.label("times"))
            .where(_DEVIATION.c.station_id == station)
            .order_by(_DEVIATION.c.count.desc(), _DEVIATION.c.kind, _DEVIATION.c.path)
        )
        return [
            DeviationCount(
                StationId(row.station_id),
                row.kind,
                row.path,
                row.times,
                row.first_at,
                row.last_at,
                row.detail,
            )
            for row in rows
        ]

    async def add_notices(self, notices: Sequence[StationNotice]) -> None:
        """Keep what stations told us of themselves."""
        if notices:
            await self.connection.execute(
                _NOTICE.insert(),
                [
                    _named(asdict(each) | {"body": dict(each.body)}, "station")
                    for each in notices
                ],
            )

    async def notices(
        self, station: StationId, before: int | None = None, limit: int = 100
    ) -> Sequence[tuple[int, StationNotice]]:
        """Return them with their number, the latest first, from below ``before``."""
        query = select(_NOTICE).where(_NOTICE.c.station_id == station)
        if before is not None:
            query = query.where(_NOTICE.c.id < before)
        rows = await self.connection.execute(
            query.order_by(_NOTICE.c.id.desc()).limit(limit)
        )
        return [(row.id, _notice(row)) for row in rows]

    async def latest_notices(
        self, kinds: Collection[str], limit: int
    ) -> Sequence[StationNotice]:
        """Return the latest of some kinds from all stations, the youngest first.

        Only so many notices are looked at: what lies further back is not found.
        """
        young = (
            select(_NOTICE).order_by(_NOTICE.c.id.desc()).limit(LOOKED_AT).subquery()
        )
        rows = await self.connection.execute(
            select(young)
            .where(young.c.kind.in_(kinds))
            .order_by(young.c.id.desc())
            .limit(limit)
        )
        return [_notice(row) for row in rows]

    async def add_rejections(self, rejections: Sequence[RejectedHandshake]) -> None:
        """Keep refused handshakes."""
        if rejections:
            await self.connection.execute(
                _REJECTED.insert(), [storable(asdict(each)) for each in rejections]
            )

    async def rejections(
        self, before: int | None = None, limit: int = 100
    ) -> Sequence[tuple[int, RejectedHandshake]]:
        """Return them with their number, the latest first, from below ``before``."""
        query = select(_REJECTED)
        if before is not None:
            query = query.where(_REJECTED.c.id < before)
        rows = await self.connection.execute(
            query.order_by(_REJECTED.c.id.desc()).limit(limit)
        )
        return [
            (
                row.id,
                RejectedHandshake(
                    row.at, row.station, row.remote, row.status, row.reason
                ),
            )
            for row in rows
        ]

    async def forget_rejections(self, before: datetime, most: int) -> None:
        """Forget those older than an instant, and all but the latest ``most``."""
        oldest = (
            select(_REJECTED.c.id)
            .order_by(_REJECTED.c.id.desc())
            .offset(most)
            .limit(1)
            .scalar_subquery()
        )
        await self.connection.execute(
            delete(_REJECTED).where(
                or_(_REJECTED.c.at < before, _REJECTED.c.id <= oldest)
            )
        )

    async def _update(self, station: StationId, **values: object) -> None:
        await self.connection.execute(
            update(_STATION).where(_STATION.c.id == station).values(**values)
        )


def _named(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {f"{name}_id": row.pop(name), **storable(row)}


def _notice(row: Row[Any]) -> StationNotice:
    return StationNotice(
        StationId(row.station_id),
        row.at,
        row.received_at,
        row.kind,
        row.severity,
        row.body,
    )
