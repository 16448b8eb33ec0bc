"""How soon a node answers its first boot, from the start of its process."""

import asyncio
import base64
import json
import sys
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.bench.fleet import free_port
from tests.bench.processes import running
from tests.bench.references import SUBPROTOCOL
from tests.bench.stations import station_id

PATIENCE_S = 30.0
BOOT = {
    "reason": "PowerUp",
    "chargingStation": {"vendorName": "Bench", "model": "Bench"},
}
IMPORTS = """
import time
began = time.perf_counter()
import csms.bootstrap.node
print(time.perf_counter() - began)
"""


async def first_boot(url: str, password: str, folder: Path) -> dict[str, float]:
    """Start a node on a migrated database and boot one station.

    Returns:
        Seconds until the interpreter has imported the node, until a station is let in,
        and until its boot is answered; each from the start of the process.
    """
    imports = await _imports()
    port = free_port()
    environment = {
        "CSMS_DATABASE_URL": url,
        "CSMS_DATA_DIR": str(folder / "start"),
        "CSMS_OCPP_PORT": str(port),
        "CSMS_HTTP_PORT": str(free_port()),
        "CSMS_LOG_FORMAT": "json",
    }
    began = time.perf_counter()
    async with running("start", ["tests.bench.node"], folder, environment):
        async with asyncio.timeout(PATIENCE_S):
            socket = await _let_in(port, password)
            let_in = time.perf_counter() - began
            await socket.send(json.dumps([2, "boot", "BootNotification", BOOT]))
            answer: list[Any] = json.loads(await socket.recv())
            answered = time.perf_counter() - began
            await socket.close()
        assert answer[:2] == [3, "boot"], answer
    return {"import_s": imports, "let_in_s": let_in, "answered_s": answered}


async def _imports() -> float:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", IMPORTS, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return float(said)


async def _let_in(port: int, password: str) -> ClientConnection:
    name = station_id(0)
    login = base64.b64encode(f"{name}:{password}".encode()).decode()
    while True:
        try:
            return await connect(
                f"ws://127.0.0.1:{port}/ocpp/{name}",
                subprotocols=[SUBPROTOCOL],
                additional_headers={"Authorization": f"Basic {login}"},
            )
        except (OSError, WebSocketException):
            await asyncio.sleep(0.01)
