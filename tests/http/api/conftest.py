"""A database for all tests of a module."""

from collections.abc import Iterator

import pytest

from tests.browser.serving import fresh_copy


@pytest.fixture(scope="module")
def module_database(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """The address of a database with every table, for the tests of one module."""
    with fresh_copy(postgres_url, migrated_template) as url:
        yield url
