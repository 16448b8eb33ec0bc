"""A staged site that answers on a port, for browsers and HTTP clients."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import uvicorn
from fastapi import FastAPI

from csms.api.app import install as install_api
from csms.console.app import install as install_console
from csms.domain.ids import EvseId
from csms.portal.app import install as install_portal
from tests.browser.site import Site, site

T = TypeVar("T")


@dataclass(slots=True)
class Served:
    """A site that answers on a port of this machine, from a thread of its own.

    Attributes:
        address: Where, such as ``http://127.0.0.1:40123``.
    """

    site: Site
    address: str
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something where the site lives."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def tell(self, evse: EvseId, **changes: object) -> None:
        """Let an EVSE say something new of itself."""

        async def update() -> None:
            self.site.node.live.update(evse, **changes)

        self.run(update())


@contextlib.contextmanager
def served(url: str) -> Iterator[Served]:
    """Serve a staged site, API and pages, until the block ends."""
    ready: Future[Served] = Future()

    async def serve() -> None:
        async with site(url) as made:
            await made.stage()
            app = FastAPI(docs_url=None, redoc_url=None)
            install_api(app, made.node)
            install_portal(app, made.node)
            install_console(app, made.node)
            config = uvicorn.Config(
                app,
                port=0,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=1,
            )
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.02)
            port = server.servers[0].sockets[0].getsockname()[1]
            loop = asyncio.get_running_loop()
            ready.set_result(Served(made, f"http://127.0.0.1:{port}", loop))
            await asyncio.to_thread(over.wait)
            server.should_exit = True
            await serving

    def live() -> None:
        try:
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                runner.run(serve())
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    over = threading.Event()
    thread = threading.Thread(target=live, name="site")
    thread.start()
    try:
        yield ready.result(120)
    finally:
        over.set()
        thread.join(30)
