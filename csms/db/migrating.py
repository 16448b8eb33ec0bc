"""Bring the schema to where this code expects it.

Revisions follow each other as the names of their files do, so Alembic, which is slow to
import, is needed only to move from one to another.
"""

import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from csms.clock import pause
from csms.db.engine import CONNECT_S, DatabaseUnusable, check, normalized

LOCK = 0x43534D53
"""The advisory lock that whoever migrates holds, so that nodes take turns."""

TURN_S = 300
"""How long a node waits for another one that migrates."""

TABLE_LOCK_S = 5
"""How long a migration may queue for a table, holding up everybody behind it."""

ATTEMPTS = 5
_REVISION = 3  # the part of 2026_11_22_0001_pre_spine.py
_LOCK_NOT_AVAILABLE = "55P03"

log = structlog.get_logger(__name__)


async def migrate(url: str, target: str = "head") -> list[str]:
    """Apply what is missing; return the revisions that were applied.

    Two nodes that start at once take turns, and the second finds nothing to do.

    Args:
        url: The database.
        target: The revision to go up to.

    Raises:
        DatabaseUnusable: If the database cannot be used, or the schema is newer than
            this code.
    """
    await check(url)
    async with _turn(url) as connection:
        applied = await _patiently(connection, target)
    if applied:
        log.info("database.migrated", revisions=applied)
    return applied


async def downgrade(url: str, target: str) -> None:
    """Undo migrations down to the target revision, or `base` for all of them."""
    async with _turn(url) as connection:
        await connection.run_sync(_move, target, down=True)


async def pending(url: str) -> list[str]:
    """Return the revisions that the database still lacks, the next one first."""
    async with _connection(url) as connection:
        return await connection.run_sync(_missing)


async def current(url: str) -> str | None:
    """Return the revision that the database is at; none if it is empty."""
    async with _connection(url) as connection:
        return await connection.run_sync(_revision)


def revisions() -> list[str]:
    """Return every revision there is, in the order in which they are applied."""
    files = sorted((_folder() / "versions").glob("*.py"))
    return [file.name.split("_")[_REVISION] for file in files]


def _folder() -> Path:
    """Return where the migrations are, wherever they were installed."""
    beside_code = Path(__file__).parents[2] / "migrations"
    installed = Path(sysconfig.get_path("data"), "share", "csms", "migrations")
    for folder in (beside_code, installed):
        if (folder / "env.py").is_file():
            return folder
    raise DatabaseUnusable(
        f"The migrations are neither in {beside_code} nor in {installed}.",
        remedy="Install csms again.",
    )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(
        text("SELECT version_num FROM alembic_version")
    )
    return found


def _missing(connection: Connection) -> list[str]:
    at, known = _revision(connection), revisions()
    connection.commit()
    if at is None:
        return known
    if at not in known:
        raise DatabaseUnusable(
            f"The schema is at revision {at}, which this version does not know.",
            remedy="Run the version of csms that migrated it, or a newer one.",
        )
    return known[known.index(at) + 1 :]


def _apply(connection: Connection, target: str) -> list[str]:
    missing = _missing(connection)
    if missing:
        _move(connection, target)
    return missing


def _move(connection: Connection, target: str, *, down: bool = False) -> None:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    (command.downgrade if down else command.upgrade)(config, target)


async def _patiently(connection: AsyncConnection, target: str) -> list[str]:
    """Migrate, giving way and trying again while a table is busy."""
    for attempt in range(1, ATTEMPTS):
        try:
            return await connection.run_sync(_apply, target)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            await connection.rollback()
            log.warning("database.busy", attempt=attempt)
            await pause(attempt)
    return await connection.run_sync(_apply, target)


@asynccontextmanager
async def _turn(url: str) -> AsyncIterator[AsyncConnection]:
    async with _connection(url) as connection:
        for statement in (
            f"SET lock_timeout = '{TURN_S}s'",
            f"SELECT pg_advisory_lock({LOCK})",
            f"SET lock_timeout = '{TABLE_LOCK_S}s'",
        ):
            await connection.execute(text(statement))
        await connection.commit()
        yield connection


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[AsyncConnection]:
    """Yield a connection of its own; closing it gives every lock back."""
    engine = create_async_engine(
        normalized(url), poolclass=NullPool, connect_args={"timeout": CONNECT_S}
    )
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()
