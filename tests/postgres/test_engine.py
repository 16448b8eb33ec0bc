import asyncpg
import pytest
from sqlalchemy import make_url, text

from csms.db import engine as engines
from csms.db.engine import DatabaseUnusable, check, connect_raw, create_engine

pytestmark = pytest.mark.postgres


async def test_an_engine_speaks_to_the_database_in_utc(database: str) -> None:
    engine = create_engine(database)

    async with engine.connect() as connection:
        row = (
            await connection.execute(
                text(
                    "SELECT current_setting('timezone'),"
                    " current_setting('application_name')"
                )
            )
        ).one()
    await engine.dispose()

    assert tuple(row) == ("UTC", "csms")


async def test_a_raw_connection_copies(database: str) -> None:
    connection = await connect_raw(database)
    await connection.execute("CREATE TABLE copied (n int)")

    await connection.copy_records_to_table(
        "copied", records=((n,) for n in range(1000)), columns=["n"]
    )

    assert await connection.fetchval("SELECT sum(n) FROM copied") == 499_500
    await connection.close()


async def test_a_statement_is_given_up_in_time(database: str) -> None:
    connection = await connect_raw(database, command_timeout=0.1)

    with pytest.raises(TimeoutError):
        await connection.execute("SELECT pg_sleep(5)")
    await connection.close()


async def test_a_usable_database_tells_its_version(database: str) -> None:
    major, _, _ = (await check(database)).partition(".")

    assert int(major) >= 14


async def test_an_old_server_is_refused(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "LEAST_MAJOR", 99)

    with pytest.raises(DatabaseUnusable, match="too old"):
        await check(database)


@pytest.mark.parametrize(
    "change",
    [
        {"password": "wrong"},
        {"database": "not_there"},
        {"query": {"host": "/nowhere", "port": "5432"}},
        {"query": {}, "host": "127.0.0.1", "port": 1},
    ],
    ids=["password", "database", "socket", "port"],
)
async def test_a_database_that_refuses_us_is_named(
    database: str, change: dict[str, object]
) -> None:
    url = make_url(database).set(**change)  # type: ignore[arg-type]

    with pytest.raises(DatabaseUnusable, match="let us in") as caught:
        await check(url.render_as_string(hide_password=False))

    assert caught.value.__cause__ is not None
    assert isinstance(
        caught.value.__cause__, (OSError, asyncpg.PostgresError, TimeoutError)
    )
