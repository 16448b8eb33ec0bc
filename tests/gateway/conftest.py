"""A gateway on loopback for every test of this folder."""

from collections.abc import AsyncIterator

import pytest

from tests.gateway.neighbors import Street, opened


@pytest.fixture
async def street() -> AsyncIterator[Street]:
    async with opened() as street:
        yield street
