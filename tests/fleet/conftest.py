"""Days that are played once and looked at by many tests."""

from collections.abc import Iterator

import pytest

from tests.fleet.account import Account
from tests.fleet.cast import Days, play_days
from tests.fleet.world import fresh_database, in_real_time


@pytest.fixture(scope="session")
def days(postgres_url: str, migrated_template: str) -> Iterator[Days]:
    """Two days with an event each, on one database, the node restarted between."""
    with fresh_database(postgres_url, migrated_template) as database:
        yield in_real_time(play_days(database))


@pytest.fixture(scope="session")
def first(days: Days) -> Account:
    """The day on which everything goes wrong that can."""
    return days.first


@pytest.fixture(scope="session")
def second(days: Days) -> Account:
    """The day on which one of two events is called off while it runs."""
    return days.second
