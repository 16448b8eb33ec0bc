"""A PostgreSQL that goes away and comes back: nothing is lost, nobody falls over."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from csms.db.embedded import EmbeddedPostgres
from csms.db.migrating import migrate
from tests.faults.processes import NodeProcess, a_node
from tests.faults.reporting import acknowledged, breaches, register, reporting

pytestmark = [pytest.mark.faults, pytest.mark.postgres]

AWAY_S = float(os.environ.get("CSMS_FAULTS_AWAY_S", "6"))
STATIONS = 8
SOON_S = 40.0


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A PostgreSQL of this test's own."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    await server.start()
    try:
        await migrate(server.url)
        await register(server.url, STATIONS)
        yield server
    finally:
        await server.stop()
        server.remove()


async def until(node: NodeProcess, path: str, status: int) -> None:
    """Return once a page answers so."""
    async with asyncio.timeout(SOON_S):
        while await node.status(path) != status:
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("suddenly", [False, True], ids=["stopped", "killed"])
@pytest.mark.timeout(240)
async def test_nothing_is_lost_while_the_database_is_away(
    server: EmbeddedPostgres, tmp_path: Path, *, suddenly: bool
) -> None:
    environment = {"CSMS_DATABASE_URL": server.url}

    async with (
        a_node(tmp_path, environment) as node,
        reporting(node.ocpp_port, STATIONS, pause_s=0.05) as fleet,
    ):
        await asyncio.sleep(1.0)
        await (server.kill() if suddenly else server.stop())
        await until(node, "/readyz", httpx.codes.SERVICE_UNAVAILABLE)
        assert await node.status("/healthz") == httpx.codes.OK
        held = acknowledged(fleet)
        await asyncio.sleep(AWAY_S)
        assert acknowledged(fleet) == held
        await server.start()
        await until(node, "/readyz", httpx.codes.OK)
        async with asyncio.timeout(SOON_S):
            while acknowledged(fleet) < held + 10 * STATIONS:
                await asyncio.sleep(0.1)
        assert node.is_alive

    assert node.starts == 1
    assert await breaches(server.url, fleet) == []
