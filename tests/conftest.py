"""What every test may ask for: time, a PostgreSQL server, a fresh database."""

import asyncio
from collections.abc import Callable, Mapping

import async_solipsism
import pytest

from tests.fakes.clock import ManualClock

OUTSIDE = ("postgres", "sockets", "fleet", "faults", "browser")


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give a test real time only if it says that it needs the outside world."""
    if any(item.get_closest_marker(name) for name in OUTSIDE):
        return {"real": asyncio.new_event_loop}
    return {"virtual": async_solipsism.EventLoop}


@pytest.fixture
def manual_clock() -> ManualClock:
    return ManualClock()
