"""A node that is killed while stations report: what it acknowledged is there."""

import random
from pathlib import Path

import pytest

from tests.faults.processes import a_node
from tests.faults.reporting import (
    a_little_later,
    acknowledged,
    breaches,
    register,
    reporting,
)

pytestmark = [pytest.mark.faults, pytest.mark.postgres]

ROUNDS = 20
STATIONS = 8
APART_S = 0.002
"""So that no two readings of a station share a millisecond, and become one."""
MOST_S = 0.5
SEED = 2


@pytest.mark.timeout(300)
async def test_every_acknowledged_report_is_there_exactly_once_after_twenty_kills(
    database: str, tmp_path: Path
) -> None:
    await register(database, STATIONS)
    chance = random.Random(SEED)  # noqa: S311, dice
    environment = {"CSMS_DATABASE_URL": database}

    async with (
        a_node(tmp_path, environment) as node,
        reporting(node.ocpp_port, STATIONS, pause_s=APART_S) as fleet,
    ):
        for _ in range(ROUNDS):
            before = acknowledged(fleet)
            while acknowledged(fleet) == before:
                await a_little_later(chance, 0.1)
            await a_little_later(chance, MOST_S)
            await node.kill()
            await node.start()

    assert node.starts == ROUNDS + 1
    assert acknowledged(fleet) > ROUNDS * STATIONS
    assert await breaches(database, fleet) == []
