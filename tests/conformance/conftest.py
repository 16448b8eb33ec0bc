"""A node with independent stations, for every proof on the wire."""

from pathlib import Path

import pytest

from tests.conformance.peer_world import WORLDS, peer_world, peer_worlds

__all__ = ["peer_world", "peer_worlds"]

HERE = Path(__file__).parent


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Stop the nodes once the last proof on the wire is done."""
    if nextitem is not None and not nextitem.path.is_relative_to(HERE):
        WORLDS.close()
