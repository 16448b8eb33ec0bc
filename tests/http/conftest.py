"""A node on a fresh database, for every test of an HTTP edge."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import structlog

from csms.services.ports.access import Role
from tests.http.nodes import Stage, a_node


@pytest.fixture(autouse=True)
def _terse_logs() -> Iterator[None]:
    """Keep a failure from being drawn with everything that it could see."""
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, _in_one_line],
        cache_logger_on_first_use=False,
    )
    yield
    structlog.configure(**before)


def _in_one_line(_logger: object, _method: str, said: structlog.types.EventDict) -> str:
    return str(said)


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    """A node with nothing registered."""
    async with a_node(database) as given:
        yield given


@pytest.fixture
async def peopled(stage: Stage) -> Stage:
    """A node with three homes, connected and plugged in."""
    await stage.populate()
    return stage


@pytest.fixture
async def viewer(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with stage.client(Role.VIEWER) as client:
        yield client


@pytest.fixture
async def operator(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with stage.client(Role.OPERATOR) as client:
        yield client


@pytest.fixture
async def admin(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with stage.client(Role.ADMIN) as client:
        yield client
