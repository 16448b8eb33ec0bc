"""What stations know of customers, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db.diagnostics_tables import customer_part, customer_request
from csms.db.station_rows import storable
from csms.domain.customer import (
    Customer,
    CustomerPart,
    CustomerRequest,
    ReferenceKind,
)
from csms.domain.ids import StationId


@dataclass(frozen=True, slots=True)
class PostgresCustomerStore:
    """The customer information of one unit of work."""

    connection: AsyncConnection

    async def add(self, request: CustomerRequest) -> int:
        """Add a request; return its number, whatever number it has now."""
        done = await self.connection.execute(
            insert(customer_request)
            .values(
                station_id=request.station,
                reference_kind=request.customer.kind.value,
                reference=storable(dict(request.customer.reference)),
                report=request.report,
                clear=request.clear,
                requested_by=request.by,
                requested_at=request.requested_at,
                status=request.status,
                info=request.info,
                complete=request.complete,
            )
            .returning(customer_request.c.id)
        )
        return int(done.scalar_one())

    async def find(self, request: int, *, lock: bool = False) -> CustomerRequest | None:
        """Return one request with its parts, or None."""
        query = select(customer_request).where(customer_request.c.id == request)
        if lock:
            query = query.with_for_update()
        row = (await self.connection.execute(query)).one_or_none()
        if row is None:
            return None
        parts = await self.connection.execute(
            select(customer_part)
            .where(customer_part.c.request_id == request)
            .order_by(customer_part.c.number)
        )
        return _request(
            row,
            tuple(
                CustomerPart(
                    each.number, each.generated_at, each.received_at, each.data
                )
                for each in parts
            ),
        )

    async def of(
        self,
        station: StationId | None = None,
        *,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[CustomerRequest]:
        """Return requests without their parts, youngest first, below a number."""
        query = select(customer_request)
        if station is not None:
            query = query.where(customer_request.c.station_id == station)
        if before is not None:
            query = query.where(customer_request.c.id < before)
        rows = await self.connection.execute(
            query.order_by(customer_request.c.id.desc()).limit(limit)
        )
        return [_request(row) for row in rows]

    async def answered(self, request: int, status: str, info: str) -> None:
        """Keep what the station answered."""
        await self._update(request, status=status, info=storable(info))

    async def add_part(
        self, request: int, part: CustomerPart, *, last_number: int | None
    ) -> bool:
        """Keep a part; tell whether it is new.

        The request is complete once there are all parts up to the last number.
        """
        done = await self.connection.execute(
            insert(customer_part)
            .values(
                request_id=request,
                number=part.number,
                generated_at=part.generated_at,
                received_at=part.received_at,
                data=storable(part.data),
            )
            .on_conflict_do_nothing()
            .returning(customer_part.c.number)
        )
        if last_number is not None:
            await self._update(request, last_number=last_number)
        counted = await self.connection.execute(
            select(func.count(), customer_request.c.last_number)
            .select_from(customer_part)
            .join(customer_request, customer_request.c.id == customer_part.c.request_id)
            .where(customer_part.c.request_id == request)
            .group_by(customer_request.c.last_number)
        )
        row = counted.one_or_none()
        if row is not None and row.last_number is not None:
            await self._update(request, complete=row[0] == row.last_number + 1)
        return done.one_or_none() is not None

    async def delete(self, request: int) -> bool:
        """Forget a request and all that was told; tell whether it was there."""
        done = await self.connection.execute(
            delete(customer_request)
            .where(customer_request.c.id == request)
            .returning(customer_request.c.id)
        )
        return done.one_or_none() is not None

    async def forget(self, before: datetime) -> Sequence[tuple[int, StationId]]:
        """Forget requests from before an instant; return which."""
        done = await self.connection.execute(
            delete(customer_request)
            .where(customer_request.c.requested_at < before)
            .returning(customer_request.c.id, customer_request.c.station_id)
        )
        return [(row.id, StationId(row.station_id)) for row in done]

    async def _update(self, request: int, **values: object) -> None:
        await self.connection.execute(
            update(customer_request)
            .where(customer_request.c.id == request)
            .values(**values)
        )


def _request(row: Row[Any], parts: tuple[CustomerPart, ...] = ()) -> CustomerRequest:
    return CustomerRequest(
        id=row.id,
        station=StationId(row.station_id),
        customer=Customer(ReferenceKind(row.reference_kind), row.reference),
        report=row.report,
        clear=row.clear,
        by=row.requested_by,
        requested_at=row.requested_at,
        status=row.status,
        info=row.info,
        complete=row.complete,
        parts=parts,
    )
