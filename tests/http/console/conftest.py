"""A served site, and people who are signed in to it."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.browser.serving import Served, served
from tests.browser.site import ADMIN, OPERATOR, VIEWER
from tests.databases import Databases


@pytest.fixture(scope="session")
def shown(databases: Databases) -> Iterator[Served]:
    """The demonstration's fleet, with an event in every stage, on a port.

    Every module of a process meets the same one: bringing it about takes seconds.
    """
    with databases.lend() as url, served(url) as site:
        yield site


@pytest.fixture
def stranger(shown: Served) -> Iterator[httpx.Client]:
    """Somebody who is not signed in."""
    with httpx.Client(base_url=shown.address) as client:
        yield client


@pytest.fixture
def operator(shown: Served) -> Iterator[httpx.Client]:
    """Somebody who may act."""
    with signed_in(shown, *OPERATOR) as client:
        yield client


@pytest.fixture
def viewer(shown: Served) -> Iterator[httpx.Client]:
    """Somebody who may only look."""
    with signed_in(shown, *VIEWER) as client:
        yield client


@pytest.fixture
def admin(shown: Served) -> Iterator[httpx.Client]:
    """Somebody who may do everything."""
    with signed_in(shown, *ADMIN) as client:
        yield client


@contextmanager
def signed_in(shown: Served, name: str, password: str) -> Iterator[httpx.Client]:
    """Give a browser that has come in by the sign-in page."""
    origin = {"Origin": shown.address}
    with httpx.Client(base_url=shown.address, headers=origin, timeout=20) as client:
        answer = client.post("/sign-in", data={"name": name, "password": password})
        assert answer.status_code == 303
        yield client
