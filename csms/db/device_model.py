"""Device models, reports of them, drift, ways to connect and restarts, in PostgreSQL.

A device model is thousands of rows: it is written by COPY, and changed set-wise.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import device_model_tables as its
from csms.db import tables
from csms.db.device_model_rows import (
    Kept,
    bring,
    leave,
    merge_rows,
    read_kept,
    rows_of,
)
from csms.db.station_rows import storable, variable_from
from csms.domain.device_model import (
    Drift,
    DriftKind,
    ModelRecord,
    NetworkProfile,
    ReportRecord,
    ResetRecord,
)
from csms.domain.ids import StationId
from csms.domain.station import Boot, Variable, VariableKey

_VARIABLE = tables.station_variable
_DONE = (
    update(its.station_reset)
    .where(its.station_reset.c.station_id == bindparam("of"))
    .where(its.station_reset.c.evse == 0)
    .where(its.station_reset.c.done_at.is_(None))
    .where(its.station_reset.c.asked_at <= bindparam("at"))  # boots are kept late
    .where(
        or_(  # a list would not do for several stations at once
            its.station_reset.c.status == "Accepted",
            its.station_reset.c.status == "Scheduled",
        )
    )
    .values(done_at=bindparam("at"), boot_reason=bindparam("why"))
)


@dataclass(frozen=True, slots=True)
class PostgresDeviceModelStore:
    """The device models of one unit of work."""

    connection: AsyncConnection

    async def replace(
        self, station: StationId, variables: Sequence[Variable], at: datetime
    ) -> None:
        """Keep a device model in place of the one that is kept."""
        kept = await self.kept(station)
        await self.bring(kept, variables, at)
        await self.leave(kept)

    async def kept(self, station: StationId) -> Kept:
        """Return what is kept of a device model, to be replaced bit by bit."""
        return await read_kept(self.connection, station)

    async def bring(
        self, kept: Kept, variables: Sequence[Variable], at: datetime
    ) -> None:
        """Keep some variables of a model that is being replaced."""
        await bring(self.connection, kept, variables, at)

    async def leave(self, kept: Kept) -> None:
        """Forget what was not brought, and what was due at a restart."""
        await leave(self.connection, kept)
        await self.restarted(kept.station)

    async def merge(
        self, station: StationId, variables: Sequence[Variable], at: datetime
    ) -> None:
        """Keep values, beside those that are kept; later ones win.

        What a value leaves out (mutability, characteristics) stays as it was.
        """
        await self.merge_all({station: variables}, at)

    async def merge_all(
        self, learned: Mapping[StationId, Sequence[Variable]], at: datetime
    ) -> None:
        """Keep values of several stations, as ``merge`` does."""
        rows = [
            row
            for station in sorted(learned)
            for row in rows_of(station, learned[station], at)
        ]
        await merge_rows(self.connection, rows)

    async def restarted(self, station: StationId) -> None:
        """Forget what was to take effect at the next restart."""
        await self.connection.execute(
            update(_VARIABLE)
            .where(_VARIABLE.c.station_id == station)
            .where(_VARIABLE.c.due_value.is_not(None))
            .values(due_value=None)
        )

    async def variables(
        self, station: StationId, components: Collection[str] | None = None
    ) -> Sequence[Variable]:
        """Return a device model as last read, by name, or some components of it."""
        query = select(_VARIABLE).where(_VARIABLE.c.station_id == station)
        if components is not None:
            query = query.where(_VARIABLE.c.component.in_(sorted(components)))
        rows = await self.connection.execute(query.order_by(*_VARIABLE.primary_key))
        return [variable_from(row) for row in rows]

    async def record(self, station: StationId) -> ModelRecord | None:
        """Return when the device model was last read in full; None for never."""
        found = its.device_model
        rows = await self.connection.execute(
            select(found).where(found.c.station_id == station)
        )
        row = rows.one_or_none()
        if row is None:
            return None
        return ModelRecord(
            station, row.fingerprint, row.complete, row.variables, row.read_at
        )

    async def save_record(self, record: ModelRecord) -> None:
        """Keep when it was last read in full."""
        await self._upsert(its.device_model, asdict(record))

    async def add_report(self, report: ReportRecord) -> int:
        """Keep that a report was asked for, and what came; return its number."""
        row = asdict(report) | {"asked": dict(report.asked)}
        del row["id"]
        rows = await self.connection.execute(
            its.device_report.insert()
            .values(**_of_station(row))
            .returning(its.device_report.c.id)
        )
        return int(rows.scalar_one())

    async def reports(
        self, station: StationId, before: int | None = None, limit: int = 100
    ) -> Sequence[ReportRecord]:
        """Return the reports, the latest first, from below ``before``."""
        table = its.device_report
        query = select(table).where(table.c.station_id == station)
        if before is not None:
            query = query.where(table.c.id < before)
        rows = await self.connection.execute(
            query.order_by(table.c.id.desc()).limit(limit)
        )
        return [ReportRecord(**_named(row)) for row in rows]

    async def drifts(
        self,
        station: StationId | None = None,
        after: StationId | None = None,
        stations: int | None = None,
    ) -> Sequence[Drift]:
        """Return what is not as it should be, by station and name."""
        table = its.station_drift
        query, names = select(table), select(table.c.station_id).distinct()
        if station is not None:
            query = query.where(table.c.station_id == station)
        if after is not None:
            query = query.where(table.c.station_id > after)
            names = names.where(table.c.station_id > after)
        if stations is not None:
            names = names.order_by(table.c.station_id).limit(stations)
            query = query.where(table.c.station_id.in_(names))
        rows = await self.connection.execute(query.order_by(*table.primary_key))
        return [_drift(row) for row in rows]

    async def replace_drifts(self, station: StationId, drifts: Sequence[Drift]) -> None:
        """Keep what is not as it should be, in place of what was kept."""
        table = its.station_drift
        await self.connection.execute(
            delete(table).where(table.c.station_id == station)
        )
        if drifts:
            await self.connection.execute(
                table.insert(), [_drift_row(each) for each in drifts]
            )

    async def network_profiles(self, station: StationId) -> Sequence[NetworkProfile]:
        """Return the ways to connect that were put into its slots, by slot."""
        table = its.network_profile
        rows = await self.connection.execute(
            select(table).where(table.c.station_id == station).order_by(table.c.slot)
        )
        return [NetworkProfile(**_named(row)) for row in rows]

    async def save_network_profile(self, profile: NetworkProfile) -> None:
        """Keep a way to connect in place of the one that was in the slot."""
        row = asdict(profile) | {"document": dict(profile.document)}
        await self._upsert(its.network_profile, row)

    async def add_reset(self, reset: ResetRecord) -> None:
        """Keep that a restart was asked for."""
        await self.connection.execute(
            its.station_reset.insert().values(**_of_station(asdict(reset)))
        )

    async def resets(
        self, station: StationId, limit: int = 20
    ) -> Sequence[ResetRecord]:
        """Return the restarts asked for, the latest first."""
        table = its.station_reset
        rows = await self.connection.execute(
            select(table)
            .where(table.c.station_id == station)
            .order_by(table.c.id.desc())
            .limit(limit)
        )
        return [
            ResetRecord(**{k: v for k, v in _named(row).items() if k != "id"})
            for row in rows
        ]

    async def booted(self, boots: Sequence[Boot]) -> None:
        """Keep that the restarts that were owed by whole stations are done."""
        if boots:
            await self.connection.execute(
                _DONE,
                [
                    {"of": each.station, "at": each.at, "why": storable(each.reason)}
                    for each in boots
                ],
            )

    async def _upsert(self, table: Any, row: dict[str, Any]) -> None:  # noqa: ANN401
        statement = insert(table).values(**_of_station(row))
        keys = [each.name for each in table.primary_key]
        await self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=keys,
                set_={
                    each.name: statement.excluded[each.name]
                    for each in table.columns
                    if each.name not in keys
                },
            )
        )


def _of_station(row: dict[str, Any]) -> dict[str, Any]:
    return {"station_id": row.pop("station"), **storable(row)}


def _named(row: Row[Any]) -> dict[str, Any]:
    said = dict(row._mapping)  # noqa: SLF001, SQLAlchemy's own public name for it
    return {"station": StationId(said.pop("station_id")), **said}


def _drift_row(drift: Drift) -> dict[str, Any]:
    row = asdict(drift)
    return _of_station(row | row.pop("key")._asdict() | {"kind": drift.kind.value})


def _drift(row: Row[Any]) -> Drift:
    key = VariableKey(
        row.component,
        row.variable,
        row.component_instance,
        row.variable_instance,
        row.evse,
        row.connector,
    )
    return Drift(
        StationId(row.station_id),
        key,
        row.template,
        row.wanted,
        row.actual,
        DriftKind(row.kind),
        row.required,
        row.since,
    )
