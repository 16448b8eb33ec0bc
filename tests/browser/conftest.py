"""A served site and a browser to look at it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.serving import Served, served

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def shown(module_database: str) -> Iterator[Served]:
    """The demonstration's fleet, with an event in every stage, on a port."""
    with served(module_database) as site:
        yield site


@pytest.fixture(scope="module")
def chromium(shown: Served) -> Iterator[Browser]:
    """A browser without a window.

    While it is there, nothing else can run an event loop in this thread: so it comes
    after the site and goes at the end of its module.
    """
    del shown
    if not CHROMIUM.exists() and not os.environ.get("CI"):
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()
