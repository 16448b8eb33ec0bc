"""A database that was lent before is like a fresh one."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from csms.db.engine import connect_raw
from tests.databases import Databases, in_real_time

pytestmark = pytest.mark.postgres

LOGGED = """
    INSERT INTO audit (at, actor, action, subject, detail)
    VALUES (now(), 'test', 'thing.done', 'thing', '{}') RETURNING id
"""


@pytest.fixture
def lender(postgres_url: str, migrated_template: str) -> Iterator[Databases]:
    lender = Databases(postgres_url, migrated_template)
    yield lender
    lender.close()


def told(url: str, *statements: str) -> object:
    """Return what the last statement says."""

    async def tell() -> object:
        connection = await connect_raw(url)
        try:
            return [await connection.fetchval(each) for each in statements][-1]
        finally:
            await connection.close()

    return in_real_time(tell())


def test_it_holds_no_row_and_counts_from_the_start(lender: Databases) -> None:
    with lender.lend() as before:
        first = told(before, LOGGED)
        told(before, LOGGED)
    with lender.lend() as after:
        rows = told(after, "SELECT count(*) FROM audit")
        again = told(after, LOGGED)

    assert after == before
    assert rows == 0
    assert again == first


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE left_over ()",
        "ALTER TABLE audit ADD COLUMN left_over int",
        "ALTER TABLE audit DISABLE TRIGGER USER",
        "UPDATE alembic_version SET version_num = 'left over'",
    ],
)
def test_one_whose_schema_was_changed_is_thrown_away(
    lender: Databases, change: str
) -> None:
    with lender.lend() as before:
        told(before, change)
    with lender.lend() as after:
        assert after != before

    with pytest.raises(asyncpg.InvalidCatalogNameError):
        told(before, "SELECT 1")


def test_nobody_stays_connected_to_it(lender: Databases) -> None:
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        with lender.lend() as before:
            left = runner.run(connect_raw(before))
        with lender.lend() as after:
            assert told(after, others) == 1
        left.terminate()

    assert after == before
