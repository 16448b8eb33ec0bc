"""The door for people: API, console, portal and downloads on one HTTP server."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from ssl import SSLContext

import uvicorn
from fastapi import FastAPI
from typing_extensions import override

from csms.api.app import install as install_api
from csms.clock import pause
from csms.console.app import install as install_console
from csms.portal.app import install as install_portal
from csms.services.node import Node
from csms.settings import Settings

_STOP_S = 3


async def serve_http(
    settings: Settings,
    face: Node,
    stack: contextlib.AsyncExitStack,
    web: Callable[[], SSLContext] | None,
) -> None:
    """Serve people until the stack is left.

    Args:
        settings: Where to listen.
        face: The node.
        stack: Takes what ends it.
        web: Gives what encrypts it; none for plain HTTP.
    """
    app = FastAPI(
        title="csms",
        version=face.version,
        description="OCPP charge-point management for bidirectional chargers.",
        docs_url=None,
        redoc_url=None,
    )
    install_api(app, face)
    install_portal(app, face)
    install_console(app, face)
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=_STOP_S,
    )
    if web is not None:
        config.load()
        config.ssl = web()
    server = _Quiet(config)
    task = asyncio.create_task(server.serve(), name="http")
    while not server.started:
        if task.done():
            await task
        await pause(0.02)

    async def stop() -> None:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(stop)


class _Quiet(uvicorn.Server):
    """A server that leaves signals, and the end of the process, to the node."""

    @override
    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop.

        Raises:
            OSError: If the address cannot be listened on.
        """
        try:
            await super().serve(sockets)
        except SystemExit:
            place = f"{self.config.host}:{self.config.port}"
            raise OSError(f"cannot listen on {place}") from None

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
