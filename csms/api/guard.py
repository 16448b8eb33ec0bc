"""What stands before every route of the API: credentials first, then the rest."""

from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from csms.domain.errors import Broken
from csms.web.auth import caller_of
from csms.web.problems import Problem, problem_of, respond, translated

MOST_BYTES = 16_000_000
"""Room for the registry of a few thousand stations."""

_HEADERS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class TooLarge(Broken):
    """The request is larger than anything that could make sense."""

    code = "too-large"


class GuardedRoute(APIRoute):
    """A route that looks at credentials before it so much as reads the body."""

    @override
    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            with translated():
                await caller_of(request)
                return await handle(request)

        return guarded


class Bounds:
    """Bounds what comes in, and forbids what goes out to be kept by others.

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
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > MOST_BYTES:
            await respond(_too_large())(scope, receive, send)
            return
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MOST_BYTES:
                raise TooLarge
            return message

        async def marked(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await self._app(scope, bounded, marked)


def _too_large() -> Problem:
    problem = problem_of(TooLarge(remedy=f"send at most {MOST_BYTES} bytes"))
    return problem.model_copy(update={"status": 413})
