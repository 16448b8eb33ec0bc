"""Closed accounts, kept by the hash of their inputs."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.domain.ids import ProgramId
from csms.services.ports.settlements import KeptSettlement

table = tables.settlement


@dataclass(frozen=True, slots=True)
class PostgresSettlementStore:
    """The settlements of one unit of work."""

    connection: AsyncConnection

    async def keep(self, settlement: KeptSettlement) -> bool:
        """Keep it; tell whether these inputs are new."""
        row = {
            "program_id": settlement.program,
            "program_version": settlement.version,
            "season": settlement.season,
            "made_at": settlement.made_at,
            "input_hash": settlement.input_hash,
            "document": settlement.document,
        }
        done = await self.connection.execute(
            insert(table).values(row).on_conflict_do_nothing().returning(table.c.id)
        )
        return done.one_or_none() is not None

    async def newest(self, program: ProgramId, season: str) -> KeptSettlement | None:
        """Return the season's newest settlement, if there is one."""
        row = (
            await self.connection.execute(
                select(table)
                .where(table.c.program_id == program, table.c.season == season)
                .order_by(table.c.made_at.desc(), table.c.id.desc())
                .limit(1)
            )
        ).one_or_none()
        return None if row is None else _settlement(row)

    async def of_inputs(
        self, program: ProgramId, season: str, input_hash: str
    ) -> KeptSettlement | None:
        """Return what was computed from these very inputs, if it was."""
        row = (
            await self.connection.execute(
                select(table)
                .where(table.c.program_id == program, table.c.season == season)
                .where(table.c.input_hash == input_hash)
            )
        ).one_or_none()
        return None if row is None else _settlement(row)


def _settlement(row: Row[Any]) -> KeptSettlement:
    return KeptSettlement(
        program=ProgramId(row.program_id),
        version=row.program_version,
        season=row.season,
        made_at=row.made_at,
        input_hash=row.input_hash,
        document=row.document,
    )
