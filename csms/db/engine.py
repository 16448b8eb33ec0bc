"""Connections to PostgreSQL and their limits."""

from typing import Any

import asyncpg
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from csms.db.binaries import LEAST_MAJOR
from csms.domain.errors import Broken

DRIVER = "postgresql+asyncpg"
POOL_SIZE = 10
POOL_OVERFLOW = 10
POOL_WAIT_S = 10
CONNECT_S = 10
COMMAND_S = 30
STATEMENTS_KEPT = 256

_ALIASES = ("postgres", "postgresql", DRIVER)
_RENAMED = {"sslmode": "ssl", "connect_timeout": "timeout"}
_IGNORED = frozenset({"application_name", "timeout", "channel_binding"})
_KNOWN = frozenset({"host", "port", "ssl"})
_SESSION = {"application_name": "csms", "jit": "off", "timezone": "UTC"}
_REMEDY = "Set CSMS_DATABASE_URL to postgresql://user:password@host:5432/database."


class DatabaseUnusable(Broken):
    """The database cannot be used as it is."""

    code = "database-unusable"


def normalized(address: str) -> URL:
    """Return a database address in the one form that this system uses.

    Accepts `postgres://`, `postgresql://` and SQLAlchemy's `postgresql+asyncpg://`,
    with a network host or `?host=/folder/of/a/socket`, and libpq's `sslmode`.

    Raises:
        DatabaseUnusable: If it is not the address of a PostgreSQL database.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise DatabaseUnusable(
            "CSMS_DATABASE_URL is not a database address.", remedy=_REMEDY
        ) from None
    if url.drivername not in _ALIASES:
        raise DatabaseUnusable(
            f"{url.drivername} databases are not supported; PostgreSQL is.",
            field="database_url",
            remedy=_REMEDY,
        )
    query = {_RENAMED.get(name, name): value for name, value in url.query.items()}
    query = {name: value for name, value in query.items() if name not in _IGNORED}
    if unknown := sorted(query.keys() - _KNOWN):
        raise DatabaseUnusable(
            f"CSMS_DATABASE_URL has parameters nobody reads: {', '.join(unknown)}.",
            field="database_url",
            remedy="Leave them out.",
        )
    return url.set(drivername=DRIVER, query=query)


def create_engine(url: str, *, pool_size: int = POOL_SIZE) -> AsyncEngine:
    """Return an engine whose connections, waits and statements are all bounded.

    Args:
        url: The address, in any form that `normalized` takes.
        pool_size: How many connections to keep; as many again may come for a while.
    """
    return create_async_engine(
        normalized(url),
        pool_size=pool_size,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_WAIT_S,
        pool_pre_ping=True,
        connect_args={
            "timeout": CONNECT_S,
            "command_timeout": COMMAND_S,
            "prepared_statement_cache_size": STATEMENTS_KEPT,
            "server_settings": _SESSION,
        },
    )


async def connect_raw(
    url: str, *, command_timeout: float | None = COMMAND_S
) -> "asyncpg.Connection[asyncpg.Record]":
    """Return a dedicated asyncpg connection, for COPY and for `LISTEN`.

    Args:
        url: The address, in any form that `normalized` takes.
        command_timeout: How many seconds a statement may take; none for no limit.
    """
    return await asyncpg.connect(
        **connect_arguments(url),
        timeout=CONNECT_S,
        command_timeout=command_timeout,
        statement_cache_size=STATEMENTS_KEPT,
        server_settings=_SESSION,
    )


def connect_arguments(url: str) -> dict[str, Any]:
    """Return where and as whom to connect, in asyncpg's words."""
    parts = normalized(url)
    arguments: dict[str, Any] = {
        "host": parts.query.get("host", parts.host),
        "port": int(str(parts.query.get("port", parts.port or 5432))),
        "user": parts.username,
        "password": parts.password,
        "database": parts.database,
        "ssl": parts.query.get("ssl"),
    }
    return {name: value for name, value in arguments.items() if value is not None}


async def check(url: str) -> str:
    """Return the server's version if the database can be used.

    Raises:
        DatabaseUnusable: If it cannot be reached, refuses us or is too old.
    """
    try:
        connection = await connect_raw(url)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseUnusable(
            f"The database does not let us in: {str(error) or type(error).__name__}",
            field="database_url",
            remedy="Check that it runs and that CSMS_DATABASE_URL is right.",
        ) from error
    try:
        version = connection.get_server_version()
    finally:
        await connection.close()
    if version.major < LEAST_MAJOR:
        raise DatabaseUnusable(
            f"PostgreSQL {version.major} is too old.",
            field="database_url",
            remedy=f"Use PostgreSQL {LEAST_MAJOR} or newer.",
        )
    return f"{version.major}.{version.micro}"
