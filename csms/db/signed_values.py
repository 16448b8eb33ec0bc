"""What meters have signed, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db.tariff_tables import signed_value
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.services.ports.tariffs import SignedValue


@dataclass(frozen=True, slots=True)
class PostgresSignedValueStore:
    """The signed values of one unit of work."""

    connection: AsyncConnection

    async def add(self, values: Sequence[SignedValue]) -> None:
        """Keep them; what was kept before stays."""
        if not values:
            return
        await self.connection.execute(
            insert(signed_value).on_conflict_do_nothing(),
            [
                {
                    "station_id": each.evse.station,
                    "evse": each.evse.number,
                    "at": each.at,
                    "context": each.context,
                    "measurand": each.measurand,
                    "location": each.location,
                    "phase": each.phase,
                    "transaction_id": each.transaction,
                    "data": each.data,
                    "signing_method": each.signing_method,
                    "encoding_method": each.encoding_method,
                    "public_key": each.public_key,
                }
                for each in values
            ],
        )

    async def of(
        self,
        station: StationId,
        transaction: TransactionId | None = None,
        limit: int = 1000,
    ) -> Sequence[SignedValue]:
        """Return them, the latest first."""
        column = signed_value.c
        rows = await self.connection.execute(
            select(signed_value)
            .where(
                column.station_id == station,
                literal(transaction is None) | (column.transaction_id == transaction),
            )
            .order_by(column.at.desc(), column.measurand, column.phase)
            .limit(limit)
        )
        return [
            SignedValue(
                EvseId(station, row.evse),
                row.at,
                row.context,
                row.measurand,
                row.location,
                row.phase,
                TransactionId(row.transaction_id) if row.transaction_id else None,
                row.data,
                row.signing_method,
                row.encoding_method,
                row.public_key,
            )
            for row in rows
        ]
