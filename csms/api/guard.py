"""What stands before every route of the API: credentials first, then the rest."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from csms.web.auth import admit, caller_of
from csms.web.outcomes import told
from csms.web.problems import translated

MOST_BYTES = 16_000_000
"""Room for the registry of a few thousand stations."""

ROOMY_BYTES = 4_000_000_000
"""Room for a file; whoever keeps it has a limit of its own."""

TOO_LARGE = 413
_HEADERS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class GuardedRoute(APIRoute):
    """A route that asks the policy before it so much as reads the body."""

    most_bytes: ClassVar[int] = MOST_BYTES

    @override
    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request."""
        handle = super().get_route_handler()
        most = self.most_bytes

        async def guarded(request: Request) -> Response:
            with translated():
                await self.look(request)
                async with told(request):
                    return await handle(_bounded(request, most))

        return guarded

    async def look(self, request: Request) -> None:
        """Refuse a request that the policy does not allow."""
        await admit(request)


class RoomyRoute(GuardedRoute):
    """A guarded route that takes a file, as it comes."""

    most_bytes: ClassVar[int] = ROOMY_BYTES


class NowhereRoute(GuardedRoute):
    """What is not there: whoever has credentials at all is told so."""

    @override
    async def look(self, request: Request) -> None:
        """Refuse a request without credentials."""
        await caller_of(request)


def _bounded(request: Request, most: int) -> Request:
    """Return the request, refused as soon as more comes than is taken.

    The framework's own limit answers in plain text, and so not as a problem.
    """
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise _too_large(most)
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        message = await request.receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise _too_large(most)
        return message

    return Request(request.scope, receive)


def _too_large(most: int) -> HTTPException:
    return HTTPException(TOO_LARGE, f"send at most {most} bytes")


class Unkept:
    """Forbids that what goes out is kept by others, or taken for what it is not.

    Args:
        app: What it stands before.
        prefix: The paths that it concerns.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await self._app(scope, receive, marked)
