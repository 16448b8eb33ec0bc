"""Device models, reports of them, drift, ways to connect and restarts, in PostgreSQL.

A device model is thousands of rows: it is written by COPY, and changed set-wise.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import device_model_tables as its
from csms.db import tables
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
from csms.domain.secrecy import is_secret
from csms.domain.station import Boot, Variable, VariableKey

_VARIABLE = tables.station_variable
_COLUMNS = (
    "station_id",
    "component",
    "component_instance",
    "evse",
    "connector",
    "variable",
    "variable_instance",
    "attribute",
    "value",
    "mutability",
    "characteristics",
    "persistent",
    "constant",
    "due_value",
    "updated_at",
)
_MERGE = text("""
INSERT INTO station_variable AS known (
    station_id, component, component_instance, evse, connector, variable,
    variable_instance, attribute, value, mutability, characteristics, persistent,
    constant, due_value, updated_at
)
SELECT said.station_id, said.component, said.component_instance, said.evse,
    said.connector, said.variable, said.variable_instance, said.attribute, said.value,
    said.mutability, said.characteristics::jsonb, said.persistent, said.constant,
    said.due_value, said.at
FROM unnest(
    CAST(:station_id AS text[]), CAST(:component AS text[]),
    CAST(:component_instance AS text[]), CAST(:evse AS int[]),
    CAST(:connector AS int[]), CAST(:variable AS text[]),
    CAST(:variable_instance AS text[]), CAST(:attribute AS text[]),
    CAST(:value AS text[]), CAST(:mutability AS text[]),
    CAST(:characteristics AS text[]), CAST(:persistent AS bool[]),
    CAST(:constant AS bool[]), CAST(:due_value AS text[]),
    CAST(:updated_at AS timestamptz[])
) AS said (
    station_id, component, component_instance, evse, connector, variable,
    variable_instance, attribute, value, mutability, characteristics, persistent,
    constant, due_value, at
)
ON CONFLICT (
    station_id, component, component_instance, evse, connector, variable,
    variable_instance, attribute
) DO UPDATE SET
    value = CASE
        WHEN excluded.due_value IS NOT NULL AND excluded.value IS NULL THEN known.value
        ELSE excluded.value END,
    mutability = coalesce(excluded.mutability, known.mutability),
    characteristics = coalesce(excluded.characteristics, known.characteristics),
    persistent = coalesce(excluded.persistent, known.persistent),
    constant = coalesce(excluded.constant, known.constant),
    due_value = CASE
        WHEN excluded.due_value IS NOT NULL THEN excluded.due_value
        WHEN excluded.value = known.due_value THEN NULL
        ELSE known.due_value END,
    updated_at = excluded.updated_at
""")

_DONE = (
    update(its.station_reset)
    .where(its.station_reset.c.station_id == bindparam("of"))
    .where(its.station_reset.c.evse == 0)
    .where(its.station_reset.c.done_at.is_(None))
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
        await self.connection.execute(
            delete(_VARIABLE).where(_VARIABLE.c.station_id == station)
        )
        rows = _rows(station, variables, at)
        if rows:
            raw = await self.connection.get_raw_connection()
            driver: Any = raw.driver_connection
            await driver.copy_records_to_table(
                _VARIABLE.name, records=rows, columns=_COLUMNS
            )

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
            for row in _rows(station, learned[station], at)
        ]
        if rows:
            columns = zip(*rows, strict=True)
            await self.connection.execute(
                _MERGE, dict(zip(_COLUMNS, map(list, columns), strict=True))
            )

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


def _rows(
    station: StationId, variables: Iterable[Variable], at: datetime
) -> list[tuple[Any, ...]]:
    """Return one row for each attribute; of several of one name, the last."""
    traits: dict[str, str] = {}
    rows = {}
    for each in variables:
        key = each.key
        secret = is_secret(key.variable)
        said = each.characteristics
        rows[key, each.attribute] = (
            station,
            _text(key.component),
            _text(key.component_instance),
            key.evse,
            key.connector,
            _text(key.variable),
            _text(key.variable_instance),
            each.attribute,
            None if secret else _text(each.value),
            each.mutability,
            None if said is None else _json(said, traits),
            each.persistent,
            each.constant,
            None if secret else _text(each.due),
            at,
        )
    return list(rows.values())


def _json(said: Any, known: dict[str, str]) -> str:  # noqa: ANN401, a mapping of JSON
    """Return characteristics as JSON; many variables of a model share theirs."""
    name = str(said)
    found = known.get(name)
    if found is None:
        found = known[name] = json.dumps(storable(dict(said)))
    return found


def _text(value: str | None) -> Any:  # noqa: ANN401, text or nothing
    return value if value is None or value.isprintable() else storable(value)


def _of_station(row: dict[str, Any]) -> dict[str, Any]:
    return {"station_id": row.pop("station"), **storable(row)}


def _named(row: Row[Any]) -> dict[str, Any]:
    said = dict(row._mapping)  # noqa: SLF001, SQLAlchemy's own public name for it
    return {"station": StationId(said.pop("station_id")), **said}


def _drift_row(drift: Drift) -> dict[str, Any]:
    row = asdict(drift)
    return _of_station(row.pop("key") | row | {"kind": drift.kind.value})


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
