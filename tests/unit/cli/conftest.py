"""What the tests of the command line share: a fake API and a terminal."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from csms.cli import desk
from csms.cli.main import app
from tests.unit.cli.fake_api import FakeApi

Run = Callable[..., Result]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    fake = FakeApi()
    monkeypatch.setattr(desk, "connect", fake.connect)
    return fake


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line as a script would, with nothing set but the zone."""
    for name in ("CSMS_URL", "CSMS_TOKEN", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=typed)

    return invoke
