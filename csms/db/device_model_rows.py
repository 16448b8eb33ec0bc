"""The rows of device models: thousands at once, by COPY, and only what has changed.

A model that is reported anew is mostly what it was: what is kept is read first, and
only the difference is written. It can be brought bit by bit, as parts of a report come.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import tables
from csms.db.station_rows import storable
from csms.domain.ids import StationId
from csms.domain.secrecy import is_secret
from csms.domain.station import Variable, VariableKey

Values = tuple[Any, ...]
_COLUMNS = (
    "station_id",
    *VariableKey._fields,
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

_NAMED = 7
"""So many values of a row, after the station, name one value of one variable."""

_NAME = ", ".join(_COLUMNS[1 : _NAMED + 1])
_KEPT = f"""
SELECT {_NAME}, value, mutability, characteristics::text, persistent, constant
FROM station_variable WHERE station_id = $1
"""  # noqa: S608, names of columns
_FORGET = f"""
DELETE FROM station_variable WHERE station_id = $1
    AND ({_NAME}) = ($2, $3, $4, $5, $6, $7, $8)
"""  # noqa: S608, names of columns

_UNIQUE = "23505"
"""PostgreSQL's code for a row whose name is there already."""


@dataclass(slots=True)
class Kept:
    """What is kept of a device model that is being replaced.

    Attributes:
        station: Whose it is.
        said: What the station reported, by name.
        left: The names that have not been brought.
    """

    station: StationId
    said: dict[Values, Values]
    left: set[Values]


async def read_kept(connection: AsyncConnection, station: StationId) -> Kept:
    """Return what is kept of a device model."""
    driver = await _driver(connection)
    said = {}
    for row in await driver.fetch(_KEPT, station):
        value, mutability, traits, persistent, constant = row[_NAMED:]
        traits = traits and _loaded(traits)
        said[row[:_NAMED]] = (value, mutability, traits, persistent, constant, None)
    return Kept(station, said, set(said))


async def bring(
    connection: AsyncConnection,
    kept: Kept,
    variables: Iterable[Variable],
    at: datetime,
) -> None:
    """Write what is not kept as it is: new rows by COPY, others by one statement."""
    said = _said(variables)
    new: list[Values] = []
    changed: list[Values] = []
    for name, values in said.items():
        known = kept.said.get(name)
        if known != values:
            row = _row(kept.station, name, values, at)
            (new if known is None else changed).append(row)
    if new:
        await _copy(connection, new)
    await merge_rows(connection, changed)
    kept.said |= said
    kept.left.difference_update(said)


async def leave(connection: AsyncConnection, kept: Kept) -> None:
    """Forget what was not brought."""
    if kept.left:
        driver = await _driver(connection)
        await driver.executemany(_FORGET, [(kept.station, *name) for name in kept.left])


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
        async with driver.transaction():
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
) -> list[Values]:
    """Return one row for each attribute; of several of one name, the last."""
    said = _said(variables)
    return [_row(station, name, values, at) for name, values in said.items()]


def _row(station: StationId, name: Values, said: Values, at: datetime) -> Values:
    value, mutability, traits, persistent, constant, due = said
    traits = _json(traits)
    return (station, *name, value, mutability, traits, persistent, constant, due, at)


def _said(variables: Iterable[Variable]) -> dict[Values, Values]:
    """Return what a row says of each attribute, from value to what is due, by name."""
    kept = map(_keepable, variables)
    return {(*each.key, each.attribute): each[2:8] for each in kept}


def _keepable(each: Variable) -> Variable:
    """Return it without secrets, and without characters that PostgreSQL lacks."""
    if is_secret(each.key.variable):
        return each._replace(key=_named(each.key), value=None, due=None)
    if "".join((*each.key[:4], each.value or "", each.due or "")).isprintable():
        return each
    value, due = storable([each.value, each.due])
    return each._replace(key=_named(each.key), value=value, due=due)


def _named(key: VariableKey) -> VariableKey:
    return VariableKey(*storable(key))


def _json(said: Mapping[str, Any] | None) -> str | None:
    """Return characteristics as JSON; many variables of a model share theirs."""
    if said is None:
        return None
    try:
        return _dumped(tuple(said.items()))
    except TypeError:  # a vendor added what is no plain value
        return json.dumps(storable(dict(said)), sort_keys=True)


@lru_cache(maxsize=4096)
def _dumped(items: tuple[tuple[str, Any], ...]) -> str:
    return json.dumps(storable(dict(items)), sort_keys=True)


@lru_cache(maxsize=4096)
def _loaded(kept: str) -> Any:  # noqa: ANN401, JSON
    return json.loads(kept)
