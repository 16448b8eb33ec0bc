"""Changes of roots over many stations, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import certificate_tables as own
from csms.domain.certificate import RootUse
from csms.domain.ids import StationId
from csms.services.ports.certificate_store import (
    OPEN_STAGES,
    MemberStage,
    Rotation,
    RotationMember,
    RotationStage,
)

_ROTATION = own.root_rotation
_MEMBER = own.root_rotation_member


@dataclass(frozen=True, slots=True)
class PostgresRotationStore:
    """The changes of roots of one unit of work."""

    connection: AsyncConnection

    async def rotations(self, *, open_only: bool = False) -> Sequence[Rotation]:
        """Return changes of roots with their stations, the youngest first."""
        query = select(_ROTATION).order_by(_ROTATION.c.id.desc())
        if open_only:
            query = query.where(
                _ROTATION.c.stage.in_([each.value for each in OPEN_STAGES])
            )
        return await self._rotations(query)

    async def rotation(self, number: int) -> Rotation | None:
        """Return one change of roots, locked until this work is done; or none."""
        query = select(_ROTATION).where(_ROTATION.c.id == number).with_for_update()
        found = await self._rotations(query)
        return found[0] if found else None

    async def add_rotation(self, rotation: Rotation) -> int:
        """Keep a new change of roots with its stations; return its number."""
        number = await self.connection.scalar(
            insert(_ROTATION)
            .values(
                use=rotation.use.value,
                old=rotation.old,
                new=rotation.new,
                stage=rotation.stage.value,
                by=rotation.by,
                started_at=rotation.started_at,
                updated_at=rotation.updated_at,
                switched_at=rotation.switched_at,
            )
            .returning(_ROTATION.c.id)
        )
        rows = [_member_row(number, each) for each in rotation.members]
        if rows:
            await self.connection.execute(insert(_MEMBER), rows)
        return int(number)

    async def save_rotation(self, rotation: Rotation) -> None:
        """Keep the stage of a change of roots; its stations are left as they are."""
        await self.connection.execute(
            update(_ROTATION)
            .where(_ROTATION.c.id == rotation.id)
            .values(
                stage=rotation.stage.value,
                updated_at=rotation.updated_at,
                switched_at=rotation.switched_at,
            )
        )

    async def save_member(self, number: int, member: RotationMember) -> None:
        """Keep how far one station has come."""
        row = _member_row(number, member)
        await self.connection.execute(
            insert(_MEMBER)
            .values(row)
            .on_conflict_do_update(
                index_elements=["rotation_id", "station_id"], set_=row
            )
        )

    async def _rotations(self, query: Select[Any]) -> Sequence[Rotation]:
        rows = (await self.connection.execute(query)).all()
        members: dict[int, list[RotationMember]] = {row.id: [] for row in rows}
        found = await self.connection.execute(
            select(_MEMBER)
            .where(_MEMBER.c.rotation_id.in_(members))
            .order_by(_MEMBER.c.station_id)
        )
        for each in found:
            members[each.rotation_id].append(_member(each))
        return [_rotation(row, members[row.id]) for row in rows]


def _member_row(number: int, member: RotationMember) -> dict[str, Any]:
    return {
        "rotation_id": number,
        "station_id": member.station,
        "stage": member.stage.value,
        "attempts": member.attempts,
        "due_at": member.due_at,
        "detail": member.detail,
    }


def _member(row: Row[Any]) -> RotationMember:
    return RotationMember(
        StationId(row.station_id),
        MemberStage(row.stage),
        row.attempts,
        row.due_at,
        row.detail,
    )


def _rotation(row: Row[Any], members: Sequence[RotationMember]) -> Rotation:
    return Rotation(
        row.id,
        RootUse(row.use),
        row.old,
        row.new,
        RotationStage(row.stage),
        row.by,
        row.started_at,
        row.updated_at,
        row.switched_at,
        tuple(members),
    )
