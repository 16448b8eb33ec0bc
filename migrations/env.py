"""Alembic's door: which database, which tables, one transaction per migration.

The system hands in a connection (`csms.db.migrating`). From a shell, as in
`alembic revision --autogenerate`, the database is CSMS_DATABASE_URL.
"""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.schema import SchemaItem

from csms.db.engine import create_engine
from csms.db.schema import metadata

PARTITIONS = text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
"""Parts of a table come and go with time; only the whole is migrated."""


def run(connection: Connection) -> None:
    """Run what Alembic was asked for on the connection."""
    partitions = set(connection.execute(PARTITIONS).scalars())
    connection.commit()

    def is_ours(  # Alembic chooses the arguments
        _item: SchemaItem, name: str | None, kind: str, *_: object
    ) -> bool:
        return not (kind == "table" and name in partitions)

    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        include_object=is_ours,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_on_our_own() -> None:
    """Connect to CSMS_DATABASE_URL and run there."""
    engine = create_engine(os.environ["CSMS_DATABASE_URL"])
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql", target_metadata=metadata, literal_binds=True
    )
    with context.begin_transaction():
        context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(run_on_our_own())
