import asyncio
from collections.abc import Mapping

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from csms.db.engine import DatabaseUnusable, connect_raw
from csms.db.migrating import current, downgrade, migrate, pending
from csms.db.schema import metadata

pytestmark = pytest.mark.postgres

COLUMNS = """
    SELECT table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable,
        column_default, is_identity, identity_generation)
    FROM information_schema.columns WHERE table_schema = 'public'
"""
CONSTRAINTS = """
    SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
PARTITIONED = """
    SELECT partrelid::regclass::text, pg_get_partkeydef(partrelid)
    FROM pg_partitioned_table
"""


async def schema(url: str) -> Mapping[str, str]:
    """Return everything that a schema is made of, by name."""
    connection = await connect_raw(url)
    try:
        found = {
            f"{kind} {name}": definition
            for kind, query in {
                "column": COLUMNS,
                "constraint": CONSTRAINTS,
                "index": INDEXES,
                "partitioned": PARTITIONED,
            }.items()
            for name, definition in await connection.fetch(query)
        }
    finally:
        await connection.close()
    return {name: text for name, text in found.items() if "alembic_version" not in name}


async def create_all(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()


async def test_migrations_and_metadata_describe_the_same_schema(
    database: str, empty_database: str
) -> None:
    await create_all(empty_database)

    migrated, described = await schema(database), await schema(empty_database)

    assert migrated == described
    assert "column station.id" in migrated


async def test_what_was_migrated_up_and_down_and_up_is_as_if_never_down(
    database: str, empty_database: str
) -> None:
    assert await migrate(empty_database)
    await downgrade(empty_database, "base")
    assert await schema(empty_database) == {}
    await migrate(empty_database)

    assert await schema(empty_database) == await schema(database)


async def test_a_new_database_lacks_every_revision_and_then_none(
    empty_database: str,
) -> None:
    missing = await pending(empty_database)
    assert missing[0] == "0001"
    assert await current(empty_database) is None

    assert await migrate(empty_database) == missing

    assert await pending(empty_database) == []
    assert await current(empty_database) == missing[-1]
    assert await migrate(empty_database) == []


async def test_nodes_that_start_at_once_take_turns(empty_database: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_database) for _ in range(3)))

    assert sorted(map(bool, applied)) == [False, False, True]


async def test_a_schema_from_the_future_is_refused(database: str) -> None:
    connection = await connect_raw(database)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()

    with pytest.raises(DatabaseUnusable, match="9999"):
        await migrate(database)


async def test_a_table_that_somebody_holds_is_waited_for(database: str) -> None:
    await downgrade(database, "base")
    holder = await connect_raw(database)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")

    migrating = asyncio.create_task(migrate(database))
    await asyncio.sleep(0.5)
    assert not migrating.done()
    await transaction.rollback()
    await holder.close()

    assert await migrating
