"""The columns that name a variable, and the key that they stand for."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_

from csms.db.diagnostics_tables import KEY
from csms.db.station_rows import storable
from csms.domain.station import VariableKey


def key_columns(key: VariableKey) -> dict[str, Any]:
    """Return the columns of a key."""
    row: dict[str, Any] = storable(key._asdict())
    return row


def key_of(row: Row[Any]) -> VariableKey:
    """Read the columns of a key."""
    return VariableKey(
        component=row.component,
        variable=row.variable,
        component_instance=row.component_instance,
        variable_instance=row.variable_instance,
        evse=row.evse,
        connector=row.connector,
    )


def is_key(table: Table, key: VariableKey) -> ColumnElement[bool]:
    """Return the condition that a row is about a variable."""
    said = key_columns(key)
    return and_(*(table.c[name] == said[name] for name in KEY))
