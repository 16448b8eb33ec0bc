"""One application for all nodes: making its routes takes longer than a test."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from tests.http.nodes import Stage, a_node

_made: list[FastAPI] = []


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    """A node with nothing registered."""
    async with a_node(database, app=_made[0] if _made else None) as given:
        _made[:] = [given.app]
        yield given
