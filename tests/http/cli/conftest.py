"""A real node, started by the command line, on a database of its own."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner, Result

from csms.cli.main import app
from csms.db.engine import connect_raw

TOKEN = "an-admin-token-of-the-tests"
DATABASE = f"csms_cli_{os.getpid()}"
START_S = 60

Run = Callable[..., Result]


@dataclass(frozen=True)
class Running:
    """A node and its settings."""

    process: subprocess.Popen[bytes]
    url: str
    environment: dict[str, str]
    log: Path


@pytest.fixture(scope="module")
def node(
    postgres_url: str, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A node for all tests of a module."""
    folder = tmp_path_factory.mktemp("node")
    _execute(postgres_url, f"CREATE DATABASE {DATABASE} TEMPLATE {migrated_template}")
    database = make_url(postgres_url).set(database=DATABASE)
    ocpp_port, http_port = _free_ports(2)
    environment = {
        "CSMS_DATABASE_URL": database.render_as_string(hide_password=False),
        "CSMS_DATA_DIR": str(folder / "data"),
        "CSMS_OCPP_PORT": str(ocpp_port),
        "CSMS_HTTP_PORT": str(http_port),
        "CSMS_ADMIN_TOKEN": TOKEN,
        "CSMS_MAIL_CATCHER": "true",
        "CSMS_LOG_FORMAT": "json",
    }
    log = folder / "node.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "csms", "serve"],
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
        )
    url = f"http://127.0.0.1:{http_port}"
    try:
        _wait_until_ready(process, url, log)
        yield Running(process, url, environment, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _execute(postgres_url, f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture
def run(node: Running, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line against the node, in this process."""
    for name in ("COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CSMS_URL", node.url)
    monkeypatch.setenv("CSMS_TOKEN", TOKEN)

    def invoke(*arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=typed)

    return invoke


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry document: one home that may export, and one that may not."""
    homes = (("home-01", True), ("home-02", False))
    document = {
        "version": 1,
        "participants": [
            {
                "id": name,
                "name": name.replace("-", " ").title(),
                "email": f"{name}@example.org",
                "language": "en",
                "kind": "residential",
            }
            for name, _ in homes
        ],
        "sites": [
            {
                "id": name,
                "name": name,
                "participant": name,
                "utility": "eversource-ma",
                "timezone": "America/New_York",
                "customer_class": "residential",
                "import_cap_kw": 48.0,
                "export_cap_kw": 12.0,
                "export_permission": permitted,
            }
            for name, permitted in homes
        ],
        "vehicles": [
            {
                "id": f"veh-{name}",
                "participant": name,
                "name": "A car",
                "battery_kwh": 40.0,
                "max_charge_kw": 7.6,
                "max_discharge_kw": 7.6,
                "min_soc_pct": 30,
                "departures": [{"weekday": 0, "time": "07:30", "soc_pct": 80}],
                "overrides": [],
            }
            for name, _ in homes
        ],
        "stations": [
            {
                "id": f"MA-{name.upper()}",
                "site": name,
                "password": "0123456789abcdef",
                "evses": [
                    {
                        "number": 1,
                        "max_charge_kw": 15.2,
                        "max_discharge_kw": 7.6,
                        "min_discharge_kw": 1.0,
                        "grid_parallel": True,
                        "vehicle": f"veh-{name}",
                    }
                ],
            }
            for name, _ in homes
        ],
        "enrollments": [
            {
                "program": "ma-cs-small",
                "station": f"MA-{name.upper()}",
                "evse": 1,
                "starts_on": "2026-06-01",
                "participant_share": 1.0,
            }
            for name, _ in homes
        ],
    }
    file = tmp_path_factory.mktemp("registry") / "registry.json"
    file.write_text(json.dumps(document))
    return file


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the node did not get ready:\n{log.read_text()[-3000:]}")


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _execute(url: str, statement: str) -> None:
    async def execute() -> None:
        connection = await connect_raw(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(execute())
