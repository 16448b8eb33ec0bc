"""What is up while the demonstration runs: a node, its API, and what is known of it."""

import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from csms.cli.children import Child, child
from csms.cli.demo_view import Scene
from csms.clock import ScaledClock, pause

EVENING = datetime(2026, 7, 13, 23, 30, tzinfo=UTC)
"""Monday 19:30 in Boston: stations come up."""

CALL_AT = datetime(2026, 7, 14, 0, 15, tzinfo=UTC)
"""Monday 20:15 in Boston: the utility calls for tomorrow."""

CALL_BY = datetime(2026, 7, 14, 8, tzinfo=UTC)
"""When it is called even if some station is still unknown."""

START = datetime(2026, 7, 14, 21, tzinfo=UTC)
END = datetime(2026, 7, 15, 0, tzinfo=UTC)
GRACE = timedelta(minutes=15)
PROGRAMS = ("ma-cs-small", "ma-cs-ci")
SEASON = "2026"
RELEASE_REAL_S = 2.0
"""Real seconds in which an opt-out or a trip must take effect."""

POLL_S = 0.4


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may choose.

    Attributes:
        rate: Business seconds per real second.
        seed: Decides everything the fleet does.
        fleet: Which fleet is simulated.
        ocpp_port: Where stations connect; 0 takes a free one.
        http_port: Where the console is; 0 takes a free one.
        json_file: Where the whole report goes.
        stay: Whether node, fleet and console stay up at the end.
        keep: Whether the data folder stays.
    """

    rate: float = 600.0
    seed: int = 1
    fleet: str = "masscec"
    ocpp_port: int = 0
    http_port: int = 0
    json_file: Path | None = None
    stay: bool = False
    keep: bool = False


@dataclass(slots=True)
class Stage:
    """Everything that is up while the demonstration runs."""

    options: Options
    folder: Path
    token: str
    registry: dict[str, Any]
    clock: ScaledClock
    api: httpx.AsyncClient
    base: str
    ocpp_port: int
    scene: Scene
    children: list[Child] = field(default_factory=list)
    events: dict[str, str] = field(default_factory=dict)
    last_incident: int = 0
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    def check(self) -> None:
        """Make sure that every process still runs."""
        for each in self.children:
            each.check()

    @property
    def report_file(self) -> Path:
        """Return where the observer writes what physically happened."""
        return self.folder / "observed.json"


class DemoFailed(Exception):
    """The demonstration cannot go on."""


@contextlib.asynccontextmanager
async def staged(
    folder: Path, options: Options, registry: dict[str, Any], database: str
) -> AsyncIterator[Stage]:
    """Start the node and give everything that talks to it."""
    token = f"demo-{secrets.token_urlsafe(24)}"
    ocpp_port = options.ocpp_port or _free_port()
    http_port = options.http_port or _free_port()
    clock = ScaledClock(datetime.now(UTC), EVENING, options.rate)  # noqa: TID251
    base = f"http://127.0.0.1:{http_port}"
    environment = {
        "CSMS_DATABASE_URL": database,
        "CSMS_DATA_DIR": str(folder / "data"),
        "CSMS_OCPP_PORT": str(ocpp_port),
        "CSMS_HTTP_PORT": str(http_port),
        "CSMS_PUBLIC_URL": base,
        "CSMS_CLOCK_ANCHOR": clock.anchor.isoformat(),
        "CSMS_CLOCK_EPOCH": clock.epoch.isoformat(),
        "CSMS_CLOCK_RATE": str(options.rate),
        "CSMS_ALLOW_ACCELERATED": "true",
        "CSMS_ACCEPT_SIMULATED_EVIDENCE": "true",
        "CSMS_MAIL_CATCHER": "true",
        "CSMS_ADMIN_TOKEN": token,
        "CSMS_METERING_GRACE_S": str(int(GRACE.total_seconds())),
        "CSMS_SAMPLING_IDLE_S": "900",
        "CSMS_SAMPLING_EVENT_S": "120",
        "CSMS_STALE_SOC_S": "5400",
        "CSMS_HEARTBEAT_S": "86400",
        "CSMS_LOG_FORMAT": "json",
        "CSMS_LOG_LEVEL": "info",
    }
    scene = Scene(EVENING, END + GRACE + timedelta(minutes=10), EVENING, options.rate)
    scene.stations = len(registry["stations"])
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        child("node", ["csms", "serve"], folder / "node.log", environment) as node,
        httpx.AsyncClient(base_url=base, headers=headers, timeout=20) as api,
    ):
        stage = Stage(
            options, folder, token, registry, clock, api, base, ocpp_port, scene, [node]
        )
        scene.door = f"console {base}, sign in as demo, password {stage.password}"
        await _until_ready(stage)
        yield stage


async def _until_ready(stage: Stage) -> None:
    for _ in range(300):
        stage.check()
        with contextlib.suppress(httpx.TransportError):
            if (await stage.api.get("/readyz")).status_code == httpx.codes.OK:
                return
        await pause(0.1)
    raise DemoFailed("the node did not get ready within 30 s")


async def get(stage: Stage, path: str) -> dict[str, Any]:
    """Return what the API answers.

    Raises:
        DemoFailed: If it answers by an error.
    """
    return _answer(await stage.api.get(path))


async def post(stage: Stage, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the API answers to a request with this body.

    Raises:
        DemoFailed: If it answers by an error.
    """
    return _answer(await stage.api.post(path, json=body))


def _answer(response: httpx.Response) -> dict[str, Any]:
    if response.is_error:
        raise DemoFailed(f"{response.url.path}: {response.text[:500]}")
    answer: dict[str, Any] = response.json()
    return answer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
