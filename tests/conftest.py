"""What every test may ask for: time, a PostgreSQL server, a database."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path

import async_solipsism
import pytest
import structlog
from typing_extensions import override
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from csms.db.embedded import EmbeddedPostgres
from csms.db.engine import normalized
from csms.db.migrating import migrate
from tests.databases import Databases, at_database, execute, in_real_time
from tests.fakes.clock import ManualClock

OUTSIDE = ("postgres", "sockets", "fleet", "faults", "browser")
LONG = dict.fromkeys(("fleet", "faults", "browser"), "long")
"""Folders whose tests take long, and what they are dealt out as."""

TEMPLATE = "csms_test_template"

_numbers = count(1)


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give a test real time only if it says that it needs the outside world."""
    if any(item.get_closest_marker(name) for name in OUTSIDE):
        return {"real": asyncio.new_event_loop}
    return {"virtual": async_solipsism.EventLoop}


class ByModule(LoadScopeScheduling):  # type: ignore[misc] # it has no types
    """Deals tests to processes by module, and all of the long ones to one of them.

    Accelerated days share the machine with what runs beside them, so there is never
    more than one of them at a time.
    """

    @override
    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.split("::", 1)[0]
        return LONG.get(Path(module).parent.name, module)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Producer
) -> LoadScopeScheduling:
    """Choose who deals out tests, where there are several processes."""
    return ByModule(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin the long ones first, so that they do not end last."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Write tracebacks plainly: with every local variable each takes seconds."""
    renderer = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            renderer,
        ]
    )


@pytest.fixture
def manual_clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a server: CSMS_TEST_DATABASE_URL, or one for this session."""
    if given := os.environ.get("CSMS_TEST_DATABASE_URL"):
        yield normalized(given).render_as_string(hide_password=False)
        return
    server = EmbeddedPostgres(Path(tempfile.mkdtemp(prefix="csms-test-")))
    in_real_time(server.start())
    yield server.url
    in_real_time(server.stop())
    server.remove()


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """The name of a migrated database, which others are copied from."""
    name = f"{TEMPLATE}_{os.getpid()}"

    async def make() -> None:
        await execute(postgres_url, f"DROP DATABASE IF EXISTS {name}")
        await execute(postgres_url, f"CREATE DATABASE {name}")
        await migrate(at_database(postgres_url, name))

    in_real_time(make())
    return name


@pytest.fixture(scope="session")
def databases(postgres_url: str, migrated_template: str) -> Iterator[Databases]:
    """Who lends databases."""
    lender = Databases(postgres_url, migrated_template)
    yield lender
    lender.close()


@pytest.fixture
def empty_database(postgres_url: str) -> Iterator[str]:
    """The address of a database with nothing in it."""
    name = f"csms_test_{os.getpid()}_empty_{next(_numbers)}"
    in_real_time(execute(postgres_url, f"CREATE DATABASE {name}"))
    yield at_database(postgres_url, name)
    in_real_time(execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """The address of a database with every table, for this test alone."""
    with databases.lend() as url:
        yield url


@pytest.fixture(scope="module")
def module_database(databases: Databases) -> Iterator[str]:
    """The address of a database with every table, for the tests of one module."""
    with databases.lend() as url:
        yield url
