"""Databases with every table, lent to one test after another and emptied in between.

Copying a database takes longer than most tests that ask for one; emptying it does not.
A copy whose schema a test has changed is thrown away, so nobody meets what others left.
"""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import make_url

from csms.db.engine import connect_raw

T = TypeVar("T")

MOST_LOANS = 100
"""Deleted rows stay in their files for a while, and every scan reads them."""

_CLOSE = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
  AND pid <> pg_backend_pid()
"""
_EMPTY = """
DO $$
DECLARE
  one record;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN
    SELECT oid::regclass AS name FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
      AND relname <> 'alembic_version'
  LOOP
    EXECUTE 'DELETE FROM ' || one.name;
  END LOOP;
  FOR one IN
    SELECT quote_ident(sequencename) AS name, start_value FROM pg_sequences
    WHERE last_value IS NOT NULL
  LOOP
    PERFORM setval(one.name, one.start_value, false);
  END LOOP;
END $$
"""
"""Nothing is checked or triggered on the way: the audit trail cannot shrink else."""

_SCHEMA = """
SELECT md5(concat_ws(';',
  (SELECT string_agg(version_num, ',') FROM alembic_version),
  (SELECT string_agg(concat_ws(' ', oid, relname, relkind, relrowsecurity), ','
     ORDER BY oid) FROM pg_class WHERE oid >= 16384 AND relkind <> 't'),
  (SELECT string_agg(concat_ws(' ', attrelid, attname, atttypid, attnotnull,
     attisdropped), ',' ORDER BY attrelid, attnum) FROM pg_attribute
     WHERE attrelid >= 16384),
  (SELECT string_agg(concat_ws(' ', adrelid, adnum, adbin), ',' ORDER BY oid)
     FROM pg_attrdef),
  (SELECT string_agg(concat_ws(' ', oid, convalidated), ',' ORDER BY oid)
     FROM pg_constraint WHERE oid >= 16384),
  (SELECT string_agg(concat_ws(' ', indexrelid, indisvalid), ',' ORDER BY indexrelid)
     FROM pg_index WHERE indexrelid >= 16384),
  (SELECT string_agg(concat_ws(' ', oid, tgenabled), ',' ORDER BY oid)
     FROM pg_trigger),
  (SELECT string_agg(concat_ws(' ', oid, prosrc), ',' ORDER BY oid)
     FROM pg_proc WHERE oid >= 16384),
  (SELECT string_agg(setconfig::text, ',') FROM pg_db_role_setting AS own
     JOIN pg_database ON own.setdatabase = pg_database.oid
     WHERE datname = current_database())
))
"""
"""All that a test could change of a database beside its rows."""


class Databases:
    """Lends databases on one server.

    Args:
        url: An address on the server.
        template: The migrated database that they are copied from; it has no rows.
    """

    def __init__(self, url: str, template: str) -> None:
        self._url = url
        self._template = template
        self._numbers = count(1)
        self._loans: dict[str, int] = {}
        self._free: list[str] = []
        self._schema = in_real_time(_schema(at_database(url, template)))

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Give the address of a database with every table, and not one row in any."""
        name = self._free.pop() if self._free else self._copied()
        self._loans[name] += 1
        yield at_database(self._url, name)
        emptied = in_real_time(_emptied(at_database(self._url, name)))
        if emptied == self._schema and self._loans[name] < MOST_LOANS:
            self._free.append(name)
        else:
            self._drop(name)

    def close(self) -> None:
        """Drop all of them."""
        for name in tuple(self._loans):
            self._drop(name)

    def _copied(self) -> str:
        name = f"csms_test_{os.getpid()}_{next(self._numbers)}"
        statement = f"CREATE DATABASE {name} TEMPLATE {self._template}"
        in_real_time(execute(self._url, statement))
        self._loans[name] = 0
        return name

    def _drop(self, name: str) -> None:
        del self._loans[name]
        in_real_time(execute(self._url, f"DROP DATABASE {name} WITH (FORCE)"))


def at_database(url: str, name: str) -> str:
    """Return the address of another database on the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def in_real_time(work: Coroutine[Any, Any, T]) -> T:
    """Run something to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


async def execute(url: str, statement: str) -> None:
    """Execute one statement."""
    connection = await connect_raw(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _schema(url: str) -> str:
    connection = await connect_raw(url)
    try:
        return str(await connection.fetchval(_SCHEMA))
    finally:
        await connection.close()


async def _emptied(url: str) -> str | None:
    """Empty a database; return its schema, or none if it cannot be emptied.

    It cannot by who is no superuser, or if it is not there any more.
    """
    try:
        connection = await connect_raw(url)
        try:
            await connection.execute(_CLOSE)
            await connection.execute(_EMPTY)
            return str(await connection.fetchval(_SCHEMA))
        finally:
            await connection.close()
    except (asyncpg.PostgresError, OSError):
        return None
