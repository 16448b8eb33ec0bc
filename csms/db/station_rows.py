"""Rows of the station tables, and the values they stand for."""

from typing import Any

from sqlalchemy import Row

from csms.domain.ids import SiteId, StationId
from csms.domain.station import Make, Standing, Station, Variable, VariableKey


def station_from(row: Row[Any]) -> Station:
    """Read a row of ``station``."""
    make = None
    if row.vendor is not None:
        make = Make(row.vendor, row.model or "", row.firmware or "", row.serial or "")
    return Station(
        id=StationId(row.id),
        site=SiteId(row.site_id),
        standing=Standing(row.standing),
        edition_pin=row.edition_pin,
        make=make,
        boot_reason=row.boot_reason,
        booted_at=row.booted_at,
        provisioned_at=row.provisioned_at,
        provisioned_for=row.provisioned_for,
        capabilities=row.capabilities,
        shortcomings=tuple(row.shortcomings),
        connected=row.connected,
        edition=row.edition,
        remote=row.remote,
        connected_at=row.connected_at,
        disconnected_at=row.disconnected_at,
        last_seen_at=row.last_seen_at,
    )


def variable_from(row: Row[Any]) -> Variable:
    """Read a row of ``station_variable``."""
    key = VariableKey(
        row.component,
        row.variable,
        row.component_instance,
        row.variable_instance,
        row.evse,
        row.connector,
    )
    return Variable(
        key,
        row.attribute,
        row.value,
        row.mutability,
        row.characteristics,
        row.persistent,
        row.constant,
        row.due_value,
        row.updated_at,
    )


def storable(value: Any) -> Any:  # noqa: ANN401, any JSON in, the same kind out
    """Return what PostgreSQL can keep: no NUL and no half of a character."""
    match value:
        case str():
            return value.replace("\x00", "").encode("utf-8", "replace").decode()
        case dict():
            return {storable(k): storable(v) for k, v in value.items()}
        case list() | tuple():
            return [storable(each) for each in value]
        case _:
            return value
