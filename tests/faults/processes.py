"""Real node processes that a test may kill, and what a test asks them."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx

from tests.bench.fleet import free_port

TOKEN = "faults-0123456789abcdef"
READY_S = 60.0
POLL_S = 0.05


class NodeProcess:
    """A `csms serve` that can be killed and started again as what it was.

    Attributes:
        ocpp_port: Where stations connect.
        http_port: Where people connect.
        starts: How often it was started.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.ocpp_port = free_port()
        self.http_port = free_port()
        self.starts = 0
        self._log = folder / "node.log"
        self._environment = {
            "CSMS_DATA_DIR": str(folder / "data"),
            "CSMS_OCPP_PORT": str(self.ocpp_port),
            "CSMS_HTTP_PORT": str(self.http_port),
            "CSMS_ADMIN_TOKEN": TOKEN,
            "CSMS_LOG_FORMAT": "json",
            **environment,
        }
        self._process: asyncio.subprocess.Process | None = None
        self._visitor = httpx.AsyncClient(base_url=self.base, timeout=5)

    @property
    def base(self) -> str:
        """Return where its pages and its API are."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def is_alive(self) -> bool:
        """Tell whether the process that was started last still runs."""
        return self._process is not None and self._process.returncode is None

    def set(self, name: str, value: str) -> None:
        """Set an environment variable of its next life."""
        self._environment[name] = value

    def log(self) -> str:
        """Return what all its lives have logged."""
        return self._log.read_text(errors="replace")

    async def start(self) -> None:
        """Start it, and return once it is ready."""
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "csms",
                "serve",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self._environment},
            )
        self.starts += 1
        async with asyncio.timeout(READY_S):
            while await self.status("/readyz") != httpx.codes.OK:
                assert self.is_alive, self.log()[-4000:]
                await asyncio.sleep(POLL_S)

    async def kill(self) -> None:
        """End it as a power cut does."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        await self._end(signal.SIGTERM)

    async def status(self, path: str) -> int | None:
        """Return the HTTP status of a page; none if nobody answers."""
        with contextlib.suppress(httpx.TransportError):
            return (await self._visitor.get(path)).status_code
        return None

    async def close(self) -> None:
        """End it, and visit it no more."""
        await self.kill()
        await self._visitor.aclose()

    def client(self) -> httpx.AsyncClient:
        """Return a client of its API, with every right."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.AsyncClient(base_url=self.base, headers=headers, timeout=20)

    async def _end(self, how: signal.Signals) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            process.send_signal(how)
            async with asyncio.timeout(30):
                await process.wait()


@contextlib.asynccontextmanager
async def a_node(
    folder: Path, environment: Mapping[str, str]
) -> AsyncIterator[NodeProcess]:
    """Give a running node, and leave none behind."""
    node = NodeProcess(folder, environment)
    try:
        await node.start()
        yield node
    finally:
        await node.close()
