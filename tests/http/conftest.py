"""A node on a fresh database, for every test of an HTTP edge."""

from collections.abc import AsyncIterator

import httpx
import pytest

from csms.services.ports.access import Role
from tests.http.nodes import Stage, a_node


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
