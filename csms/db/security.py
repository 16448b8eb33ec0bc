"""Passwords on their way, security profiles and events, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert

from csms.db import security_tables, tables
from csms.db.signing import CertificateRows
from csms.db.station_rows import storable
from csms.domain.errors import Conflict
from csms.domain.ids import StationId
from csms.domain.security import (
    PasswordRotation,
    RotationState,
    SecurityEvent,
    SecurityProfile,
    SecurityUpgrade,
    StationSecurity,
    UpgradeState,
)

_DOOR = security_tables.station_security
_ROTATION = security_tables.password_rotation
_UPGRADE = security_tables.security_upgrade
_EVENT = security_tables.security_event
_OPEN_ROTATIONS = tuple(each.value for each in RotationState if each.is_open)
_OPEN_UPGRADES = tuple(each.value for each in UpgradeState if each.is_open)


class UpgradeUnderWay(Conflict):
    """The station is on its way to a higher security profile already."""

    code = "upgrade-under-way"


@dataclass(frozen=True, slots=True)
class PostgresSecurityStore(CertificateRows):
    """What concerns security, in one unit of work."""

    # Doors.

    async def doors(self) -> Sequence[StationSecurity]:
        """Return what is demanded of every station that more than usual is said of."""
        rows = await self.connection.execute(select(_DOOR).order_by(_DOOR.c.station_id))
        return [_door(row) for row in rows]

    async def save_door(self, door: StationSecurity) -> None:
        """Keep it in place of what was kept of its station."""
        row = asdict(door)
        row["station_id"] = row.pop("station")
        statement = insert(_DOOR).values(row)
        await self.connection.execute(
            statement.on_conflict_do_update(index_elements=["station_id"], set_=row)
        )

    async def entered(
        self, station: StationId, profile: SecurityProfile, at: datetime
    ) -> None:
        """Keep that a station came in with a profile."""
        seen = {"last_profile": int(profile), "last_at": at}
        await self.connection.execute(
            insert(_DOOR)
            .values(station_id=station, least=1, accepts_expired=False, **seen)
            .on_conflict_do_update(index_elements=["station_id"], set_=seen)
        )

    # Passwords.

    async def rotations(
        self, station: StationId | None = None, *, opened: bool = False
    ) -> Sequence[PasswordRotation]:
        """Return changes of passwords, youngest first; only open ones if asked."""
        query = select(_ROTATION).order_by(_ROTATION.c.id.desc())
        if station is not None:
            query = query.where(_ROTATION.c.station_id == station)
        if opened:
            query = query.where(_ROTATION.c.state.in_(_OPEN_ROTATIONS))
        return [_rotation(row) for row in await self.connection.execute(query)]

    async def latest_rotations(self) -> Sequence[PasswordRotation]:
        """Return the youngest change of every station's password."""
        query = (
            select(_ROTATION)
            .ext(distinct_on(_ROTATION.c.station_id))
            .order_by(_ROTATION.c.station_id, _ROTATION.c.id.desc())
        )
        return [_rotation(row) for row in await self.connection.execute(query)]

    async def begin_rotation(
        self, station: StationId, new_hash: str, by: str, at: datetime
    ) -> int:
        """Keep that a password is about to be changed; return the number of it."""
        done = await self.connection.execute(
            insert(_ROTATION)
            .values(
                station_id=station,
                state=RotationState.PREPARED.value,
                new_hash=new_hash,
                started_at=at,
                changed_at=at,
                by=by,
                reason="",
            )
            .returning(_ROTATION.c.id)
        )
        return int(done.scalar_one())

    async def turn_rotation(
        self, rotation: int, state: RotationState, reason: str, at: datetime
    ) -> bool:
        """Keep how far an open one has come; tell whether it was open."""
        done = await self.connection.execute(
            update(_ROTATION)
            .where(_ROTATION.c.id == rotation)
            .where(_ROTATION.c.state.in_(_OPEN_ROTATIONS))
            .values(state=state.value, reason=storable(reason), changed_at=at)
        )
        return done.rowcount > 0

    async def confirm_password(
        self, station: StationId, new_hash: str, at: datetime
    ) -> bool:
        """Make the new password the only one; tell whether it was an open one."""
        mine = _ROTATION.c.station_id == station
        is_open = _ROTATION.c.state.in_(_OPEN_ROTATIONS)
        done = await self.connection.execute(
            update(_ROTATION)
            .where(mine, is_open, _ROTATION.c.new_hash == new_hash)
            .values(state=RotationState.CONFIRMED.value, changed_at=at)
        )
        if not done.rowcount:
            return False
        await self.connection.execute(
            update(_ROTATION)
            .where(mine, is_open)
            .values(state=RotationState.SUPERSEDED.value, changed_at=at)
        )
        table = tables.station
        former = await self.connection.execute(
            select(table.c.password_hash).where(table.c.id == station).with_for_update()
        )
        row = {"imported_hash": former.scalar_one(), "password_at": at}
        statement = insert(_DOOR).values(
            station_id=station, least=1, accepts_expired=False, **row
        )
        await self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["station_id"],
                set_={
                    "password_at": at,
                    "imported_hash": func.coalesce(
                        _DOOR.c.imported_hash, statement.excluded.imported_hash
                    ),
                },
            )
        )
        await self.connection.execute(
            update(table).where(table.c.id == station).values(password_hash=new_hash)
        )
        return True

    async def forget_imported(self, station: StationId) -> None:
        """Forget the password that the registry gave before: it gave another."""
        await self.connection.execute(
            update(_DOOR)
            .where(_DOOR.c.station_id == station)
            .values(imported_hash=None)
        )

    # Upgrades.

    async def upgrades(
        self, station: StationId | None = None, *, opened: bool = False
    ) -> Sequence[SecurityUpgrade]:
        """Return security upgrades, youngest first; only open ones if asked."""
        query = select(_UPGRADE).order_by(_UPGRADE.c.id.desc())
        if station is not None:
            query = query.where(_UPGRADE.c.station_id == station)
        if opened:
            query = query.where(_UPGRADE.c.state.in_(_OPEN_UPGRADES))
        return [_upgrade(row) for row in await self.connection.execute(query)]

    async def latest_upgrades(self) -> Sequence[SecurityUpgrade]:
        """Return the youngest upgrade of every station."""
        query = (
            select(_UPGRADE)
            .ext(distinct_on(_UPGRADE.c.station_id))
            .order_by(_UPGRADE.c.station_id, _UPGRADE.c.id.desc())
        )
        return [_upgrade(row) for row in await self.connection.execute(query)]

    async def begin_upgrade(self, upgrade: SecurityUpgrade) -> SecurityUpgrade:
        """Keep a new one; return it with its number.

        Raises:
            UpgradeUnderWay: If one of the station is under way.
        """
        done = await self.connection.execute(
            insert(_UPGRADE)
            .values(_upgrade_row(upgrade))
            .on_conflict_do_nothing()
            .returning(_UPGRADE.c.id)
        )
        number = done.scalar_one_or_none()
        if number is None:
            raise UpgradeUnderWay(
                f"{upgrade.station} is being upgraded already",
                remedy="wait for it to end, or cancel it",
            )
        return replace(upgrade, id=int(number))

    async def save_upgrade(self, upgrade: SecurityUpgrade) -> bool:
        """Keep how far an open one has come; tell whether it was open."""
        done = await self.connection.execute(
            update(_UPGRADE)
            .where(_UPGRADE.c.id == upgrade.id)
            .where(_UPGRADE.c.state.in_(_OPEN_UPGRADES))
            .values(_upgrade_row(upgrade))
        )
        return done.rowcount > 0

    # Events.

    async def add_event(self, event: SecurityEvent) -> None:
        """Keep a security event."""
        row = storable(asdict(event))
        row["station_id"] = row.pop("station")
        del row["id"]
        await self.connection.execute(insert(_EVENT).values(row))

    async def events(
        self,
        *,
        station: StationId | None = None,
        critical: bool | None = None,
        severity: tuple[int, int] | None = None,
        part: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[SecurityEvent]:
        """Return security events, youngest first, from below a number."""
        query = select(_EVENT).order_by(_EVENT.c.id.desc()).limit(limit)
        if station is not None:
            query = query.where(_EVENT.c.station_id == station)
        if critical is not None:
            query = query.where(_EVENT.c.critical == critical)
        if part:
            query = query.where(_EVENT.c.station_id.icontains(part, autoescape=True))
        if severity is not None:
            query = query.where(_EVENT.c.severity.between(*severity))
        if before is not None:
            query = query.where(_EVENT.c.id < before)
        return [_event(row) for row in await self.connection.execute(query)]


def _door(row: Row[Any]) -> StationSecurity:
    return StationSecurity(
        StationId(row.station_id),
        SecurityProfile(row.least),
        row.accepts_expired,
        None if row.last_profile is None else SecurityProfile(row.last_profile),
        row.last_at,
        row.imported_hash,
        row.password_at,
    )


def _rotation(row: Row[Any]) -> PasswordRotation:
    return PasswordRotation(
        row.id,
        StationId(row.station_id),
        RotationState(row.state),
        row.new_hash,
        row.started_at,
        row.changed_at,
        row.by,
        row.reason,
    )


def _upgrade_row(upgrade: SecurityUpgrade) -> dict[str, Any]:
    row: dict[str, Any] = storable(asdict(upgrade))
    row["station_id"] = row.pop("station")
    row["target"], row["state"] = int(upgrade.target), upgrade.state.value
    del row["id"]
    return row


def _upgrade(row: Row[Any]) -> SecurityUpgrade:
    return SecurityUpgrade(
        id=row.id,
        station=StationId(row.station_id),
        target=SecurityProfile(row.target),
        state=UpgradeState(row.state),
        started_at=row.started_at,
        changed_at=row.changed_at,
        deadline=row.deadline,
        by=row.by,
        interface=row.interface,
        slot=row.slot,
        former=row.former,
        reason=row.reason,
    )


def _event(row: Row[Any]) -> SecurityEvent:
    return SecurityEvent(
        station=StationId(row.station_id),
        type=row.type,
        critical=row.critical,
        severity=row.severity,
        tech_info=row.tech_info,
        at=row.at,
        received_at=row.received_at,
        id=row.id,
    )
