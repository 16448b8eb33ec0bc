"""What stations should have and have on their local lists, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.db import token_tables
from csms.domain.ids import StationId
from csms.domain.local_list import ListEntry, ListState, LocalList
from csms.domain.token import IdToken, Judgement, Verdict

_LIST = token_tables.local_list


@dataclass(frozen=True, slots=True)
class PostgresLocalListStore:
    """The local lists of one unit of work."""

    connection: AsyncConnection

    async def find(self, station: StationId) -> LocalList | None:
        """Return the list of a station, or None if nobody ever wanted one."""
        rows = await self.connection.execute(
            select(_LIST).where(_LIST.c.station_id == station)
        )
        row = rows.one_or_none()
        return None if row is None else _list(row, row.held)

    async def save(self, value: LocalList) -> None:
        """Keep the list of a station."""
        said = {
            "managed": value.managed,
            "state": value.state.value,
            "intended_version": value.intended_version,
            "known_version": value.known_version,
            "known_at": value.known_at,
            "revision": value.revision,
            "tokens": value.tokens,
            "due_at": value.due_at,
            "left_out": value.left_out,
            "detail": value.detail,
            "changed_at": value.changed_at,
            "held": [_said(each) for each in value.held],
        }
        statement = insert(_LIST).values(station_id=value.station, **said)
        await self.connection.execute(
            statement.on_conflict_do_update(index_elements=["station_id"], set_=said)
        )

    async def managed(self) -> Sequence[LocalList]:
        """Return the lists that are kept in step, without what they hold."""
        return await self._bare(_LIST.c.managed)

    async def all(self) -> Sequence[LocalList]:
        """Return every list that was ever wanted, without what it holds."""
        return await self._bare(true())

    async def _bare(self, condition: ColumnElement[bool]) -> Sequence[LocalList]:
        columns = [each for each in _LIST.c if each.name != "held"]
        rows = await self.connection.execute(
            select(*columns).where(condition).order_by(_LIST.c.station_id)
        )
        return [_list(row, ()) for row in rows]


def _list(row: Row[Any], held: Sequence[Mapping[str, Any]]) -> LocalList:
    return LocalList(
        station=StationId(row.station_id),
        managed=row.managed,
        state=ListState(row.state),
        intended_version=row.intended_version,
        known_version=row.known_version,
        known_at=row.known_at,
        revision=row.revision,
        tokens=row.tokens,
        due_at=row.due_at,
        left_out=row.left_out,
        detail=row.detail,
        changed_at=row.changed_at,
        held=tuple(_entry(each) for each in held),
    )


def _said(entry: ListEntry) -> dict[str, Any]:
    told = entry.told
    said = {
        "type": entry.token.type,
        "value": entry.token.value,
        "verdict": told.verdict.value,
        "group": None if told.group is None else [told.group.value, told.group.type],
        "evses": list(told.evses),
        "until": None if told.until is None else told.until.isoformat(),
        "priority": told.priority,
        "languages": list(told.languages),
        "message": told.message,
    }
    return {name: value for name, value in said.items() if value not in (None, [], "")}


def _entry(said: Mapping[str, Any]) -> ListEntry:
    group, until = said.get("group"), said.get("until")
    return ListEntry(
        IdToken(said["value"], said["type"]),
        Judgement(
            Verdict(said["verdict"]),
            None if group is None else IdToken(*group),
            tuple(said.get("evses", ())),
            None if until is None else datetime.fromisoformat(until),
            said.get("priority"),
            tuple(said.get("languages", ())),
            said.get("message", ""),
        ),
    )
