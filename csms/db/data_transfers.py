"""What vendors exchange outside the standard, in PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import display_tables
from csms.domain.data_transfer import (
    Heading,
    Transfer,
    TransferAnswer,
    TransferRule,
    TransferStatus,
)
from csms.domain.ids import StationId

_TRANSFER = display_tables.data_transfer
_RULE = display_tables.data_transfer_rule


@dataclass(frozen=True, slots=True)
class PostgresDataTransferStore:
    """Vendors' messages and the rules that answer them, of one unit of work."""

    connection: AsyncConnection

    async def keep(self, transfer: Transfer) -> None:
        """Keep a message and its answer."""
        await self.connection.execute(
            _TRANSFER.insert().values(
                station_id=transfer.station,
                at=transfer.at,
                direction=transfer.heading.value,
                vendor_id=_storable(transfer.vendor_id),
                message_id=_storable(transfer.message_id),
                data=_written(transfer.data),
                status=transfer.status,
                answer=_written(transfer.answer),
                detail=transfer.detail,
                asked_by=transfer.asked_by,
            )
        )

    async def transfers(
        self,
        station: StationId | None = None,
        *,
        vendor_id: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[tuple[int, Transfer]]:
        """Return messages with their number, the latest first."""
        query = select(_TRANSFER).order_by(_TRANSFER.c.id.desc()).limit(limit)
        if station is not None:
            query = query.where(_TRANSFER.c.station_id == station)
        if vendor_id is not None:
            query = query.where(_TRANSFER.c.vendor_id == vendor_id)
        if before is not None:
            query = query.where(_TRANSFER.c.id < before)
        rows = await self.connection.execute(query)
        return [(row.id, _transfer(row)) for row in rows]

    async def rules(self) -> Sequence[TransferRule]:
        """Return every rule, by vendor and message."""
        order = select(_RULE).order_by(_RULE.c.vendor_id, _RULE.c.message_id)
        return [_rule(row) for row in await self.connection.execute(order)]

    async def rules_of(self, vendor_id: str) -> Sequence[TransferRule]:
        """Return the rules of one vendor; upper and lower case are alike."""
        name = _storable(vendor_id)
        rows = await self.connection.execute(
            select(_RULE).where(func.lower(_RULE.c.vendor_id) == func.lower(name))
        )
        return [_rule(row) for row in rows]

    async def save_rule(self, rule: TransferRule) -> None:
        """Keep a rule in place of the former one of its vendor and message."""
        row = {
            "vendor_id": rule.vendor_id,
            "message_id": rule.message_id,
            "status": rule.answer.status.value,
            "answer": _written(rule.answer.data),
            "note": rule.note,
            "created_at": rule.created_at,
            "created_by": rule.created_by,
        }
        await self.connection.execute(
            insert(_RULE)
            .values(row)
            .on_conflict_do_update(index_elements=["vendor_id", "message_id"], set_=row)
        )

    async def drop_rule(self, vendor_id: str, message_id: str) -> bool:
        """Forget a rule; tell whether there was one."""
        done = await self.connection.execute(
            delete(_RULE).where(
                _RULE.c.vendor_id == vendor_id, _RULE.c.message_id == message_id
            )
        )
        return done.rowcount > 0


def _written(data: Any) -> str | None:  # noqa: ANN401 any JSON
    return None if data is None else json.dumps(data)


def _read(text: str | None) -> Any:  # noqa: ANN401 any JSON
    return None if text is None else json.loads(text)


def _storable(word: str | None) -> str | None:
    """Return a word without the one character that PostgreSQL does not keep."""
    return None if word is None else word.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _transfer(row: Row[Any]) -> Transfer:
    return Transfer(
        station=StationId(row.station_id),
        at=row.at,
        heading=Heading(row.direction),
        vendor_id=row.vendor_id,
        message_id=row.message_id,
        data=_read(row.data),
        status=row.status,
        answer=_read(row.answer),
        detail=row.detail,
        asked_by=row.asked_by,
    )


def _rule(row: Row[Any]) -> TransferRule:
    return TransferRule(
        vendor_id=row.vendor_id,
        message_id=row.message_id,
        answer=TransferAnswer(TransferStatus(row.status), _read(row.answer)),
        created_at=row.created_at,
        created_by=row.created_by,
        note=row.note,
    )
