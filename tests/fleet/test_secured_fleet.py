"""A simulated station goes the whole way from a password to a certificate, over TLS."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import websockets
from websockets.exceptions import InvalidStatus
from websockets.headers import build_authorization_basic
from websockets.typing import Subprotocol

from simulators.days import Day, Placed
from simulators.fleet import Run, never
from simulators.population import FLEETS, load_fleet
from simulators.registry import registry
from simulators.station import Station
from tests.fleet.world import (
    Desk,
    Script,
    Served,
    free_port,
    fresh_database,
    in_real_time,
    serving,
)

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(120)]
PATIENCE_S = 40.0
MUTUAL = 3


@pytest.fixture
def database(postgres_url: str, migrated_template: str) -> Iterator[str]:
    with fresh_database(postgres_url, migrated_template) as made:
        yield made


def test_it_starts_with_a_password_and_ends_with_a_certificate(database: str) -> None:
    in_real_time(_play(database))


async def _play(database: str) -> None:
    ports = {"ocpp_tls_port": free_port(), "ocpp_mtls_port": free_port()}
    # Sockets live in real time, and so do their certificates.
    now = datetime.now(UTC)
    script = Script("tiny", now, rate=60.0, settings=ports, folder=FLEETS)
    fleet = load_fleet("tiny", seed=1)
    async with serving(database, script) as served:
        placed = Placed(Day("script", (55,), ()), {})
        run = Run(fleet, placed, served.clock, served.ocpp)
        desk = Desk(served.api)
        await desk.post("registry", registry(fleet))
        stop = asyncio.Event()
        living = asyncio.create_task(run.run(stop, never(), lambda _: None))
        try:
            await _secured(served, desk, run.stations[0])
        finally:
            stop.set()
            await living


async def _secured(served: Served, desk: Desk, station: Station) -> None:
    path = f"stations/{station.id}"
    async with asyncio.timeout(PATIENCE_S):
        while not (await desk.get(path))["provisioned"]:
            await asyncio.sleep(0.1)
    station.unplug()
    await desk.post(f"{path}/upgrade", {"profile": MUTUAL})
    said = await _upgraded(desk, path)
    assert (said["state"], said["reason"]) == ("done", "")
    assert station.model.text("SecurityCtrlr", "SecurityProfile") == str(MUTUAL)
    security = await desk.get(f"{path}/security")
    assert (security["least_profile"], security["last_profile"]) == (MUTUAL, MUTUAL)
    assert "BEGIN CERTIFICATE" in station.cabinet.worn
    held = (await desk.get(f"{path}/certificates"))["held"]
    assert {each["use"] for each in held} == {"CSMSRootCertificate"}
    assert len(held) == 2, "one for each kind of key, by nobody's hands"
    with pytest.raises(InvalidStatus):
        await _by_password(served, station)


async def _upgraded(desk: Desk, path: str) -> dict[str, Any]:
    """Wait until an upgrade has ended; return it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            said: dict[str, Any] = (await desk.get(f"{path}/security"))["upgrades"][0]
            if said["state"] in {"done", "fell_back", "refused", "cancelled"}:
                return said
            await asyncio.sleep(0.1)


async def _by_password(served: Served, station: Station) -> None:
    password = station.model.text("SecurityCtrlr", "BasicAuthPassword")
    login = build_authorization_basic(station.id, password)
    async with websockets.connect(
        f"{served.ocpp}/{station.id}",
        subprotocols=[Subprotocol("ocpp2.1")],
        additional_headers={"Authorization": login},
        proxy=None,
    ):
        pass
