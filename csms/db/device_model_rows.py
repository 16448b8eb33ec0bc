"""The rows of device models: thousands at once, by COPY, and only what has changed.

A model that is reported anew is mostly what it was: what is kept is read first, and
only the difference is written. It can be brought bit by bit, as parts of a report come.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.db.station_rows import storable
from csms.domain.ids import StationId
from csms.domain.secrecy import is_secret
from csms.domain.station import Variable

Values = tuple[Any, ...]
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
    updated_at = CASE
        WHEN excluded.value IS DISTINCT FROM known.value THEN excluded.updated_at
        ELSE known.updated_at END
""")

_OPEN = text("SELECT 1")
"""Lets the unit of work begin before its connection is used without it."""

_NAMED = 8
"""So many columns, the station first, name one value of one variable."""

_REPORTED = 13
"""Before this column stands what a station reports; after it, what we know besides."""

_TRAITS = 9
"""Where the characteristics stand in a row of ``_KEPT``."""

_KEPT = """
SELECT component, component_instance, evse, connector, variable, variable_instance,
    attribute, value, mutability, characteristics::text, persistent, constant
FROM station_variable WHERE station_id = $1
"""
_FORGET = """
DELETE FROM station_variable WHERE station_id = $1 AND component = $2
    AND component_instance = $3 AND evse = $4 AND connector = $5 AND variable = $6
    AND variable_instance = $7 AND attribute = $8
"""

_UNIQUE = "23505"
"""PostgreSQL's code for a row whose name is there already."""


@dataclass(slots=True)
class Kept:
    """What is kept of a device model that is being replaced.

    Attributes:
        station: Whose it is.
        rows: Every row, without the station and what is not reported.
        names: The names that are in the table.
        brought: The names that have been brought.
    """

    station: StationId
    rows: set[Values] = field(default_factory=set)
    names: set[Values] = field(default_factory=set)
    brought: set[Values] = field(default_factory=set)


async def read_kept(connection: AsyncConnection, station: StationId) -> Kept:
    """Return what is kept of a device model."""
    driver = await _driver(connection)
    rows = {_as_written(row) for row in await driver.fetch(_KEPT, station)}
    return Kept(station, rows, {row[: _NAMED - 1] for row in rows})


async def bring(
    connection: AsyncConnection,
    kept: Kept,
    variables: Iterable[Variable],
    at: datetime,
) -> None:
    """Write what is not kept as it is: new rows by COPY, others by one statement."""
    rows = rows_of(kept.station, variables, at)
    new = [row for row in rows if row[1:_NAMED] not in kept.names]
    changed = [
        row
        for row in rows
        if row[1:_NAMED] in kept.names and row[1:_REPORTED] not in kept.rows
    ]
    if new:
        await _copy(connection, new)
    await merge_rows(connection, changed)
    names = {row[1:_NAMED] for row in rows}
    kept.names |= names
    kept.brought |= names


async def leave(connection: AsyncConnection, kept: Kept) -> None:
    """Forget what was not brought."""
    gone = kept.names - kept.brought
    if gone:
        driver = await _driver(connection)
        await driver.executemany(_FORGET, [(kept.station, *name) for name in gone])


async def merge_rows(connection: AsyncConnection, rows: Sequence[Values]) -> None:
    """Write rows beside those that are kept; later ones win."""
    if rows:
        columns = zip(*rows, strict=True)
        await connection.execute(
            _MERGE, dict(zip(_COLUMNS, map(list, columns), strict=True))
        )


async def _copy(connection: AsyncConnection, rows: Sequence[Values]) -> None:
    """Write new rows; if somebody else has just written some, beside theirs."""
    driver = await _driver(connection)
    try:
        async with connection.begin_nested():
            await driver.copy_records_to_table(
                tables.station_variable.name, records=rows, columns=_COLUMNS
            )
    except Exception as error:
        if getattr(error, "sqlstate", "") != _UNIQUE:
            raise
        await merge_rows(connection, rows)


async def _driver(connection: AsyncConnection) -> Any:  # noqa: ANN401, the driver's
    """Return the driver's connection, within the unit of work."""
    await connection.execute(_OPEN)
    raw = await connection.get_raw_connection()
    return raw.driver_connection


def rows_of(
    station: StationId, variables: Iterable[Variable], at: datetime
) -> list[tuple[Any, ...]]:
    """Return one row for each attribute; of several of one name, the last."""
    rows = {}
    for each in variables:
        key, said = each.key, each.characteristics
        secret = is_secret(key.variable)
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
            None if said is None else _json(said),
            each.persistent,
            each.constant,
            None if secret else _text(each.due),
            at,
        )
    return list(rows.values())


def _json(said: Any) -> str:  # noqa: ANN401, a mapping of JSON
    """Return characteristics as JSON; many variables of a model share theirs."""
    try:
        return _dumped(tuple(said.items()))
    except TypeError:  # a vendor added what is no plain value
        return json.dumps(storable(dict(said)), sort_keys=True)


@lru_cache(maxsize=4096)
def _dumped(items: tuple[tuple[str, Any], ...]) -> str:
    return json.dumps(storable(dict(items)), sort_keys=True)


@lru_cache(maxsize=4096)
def _dumped_again(kept: str) -> str:
    """Return JSON as PostgreSQL wrote it in the order in which we write it."""
    return json.dumps(json.loads(kept), sort_keys=True)


def _as_written(row: Any) -> tuple[Any, ...]:  # noqa: ANN401, a record of the driver
    """Return a row of ``_KEPT`` as ``_rows`` would have it."""
    values = list(row)
    if values[_TRAITS] is not None:
        values[_TRAITS] = _dumped_again(values[_TRAITS])
    return tuple(values)


def _text(value: str | None) -> Any:  # noqa: ANN401, text or nothing
    return value if value is None or value.isprintable() else storable(value)
