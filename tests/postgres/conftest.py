"""One node for all tests of a module: making one takes longer than most of them."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.upkeep_world import Upkeep, an_upkeep


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def opened_upkeep(module_database: str) -> AsyncIterator[Upkeep]:
    """A node for whoever looks after firmware and displays."""
    async with an_upkeep(module_database) as given:
        yield given


@pytest_asyncio.fixture(loop_scope="module")
async def world(opened_upkeep: Upkeep) -> Upkeep:
    """The node as if nothing had been asked or said yet."""
    await opened_upkeep.fresh()
    return opened_upkeep
