"""An API that answers from a table, in the words of the real one's models."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from csms.cli.client import API, Api

TOKEN = "a-token-of-the-tests"


@dataclass
class FakeApi:
    """Answers requests by method and path, and remembers them.

    Attributes:
        answers: What is answered, by ``GET stations``; a status and a body.
        requests: What was asked.
    """

    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)

    def on(self, what: str, body: Any, status: int = 200) -> None:  # noqa: ANN401
        self.answers[what] = status, body

    @contextlib.contextmanager
    def connect(self, url: str, token: str | None) -> Iterator[Api]:
        transport = httpx.MockTransport(self._answer)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with httpx.Client(base_url=url, headers=headers, transport=transport) as client:
            yield Api(client)

    def body(self, what: str) -> Any:  # noqa: ANN401
        """Return the body of the last request of this kind."""
        return json.loads(self.last(what).content)

    def last(self, what: str) -> httpx.Request:
        return next(r for r in reversed(self.requests) if _named(r) == what)

    def asked(self, what: str) -> bool:
        return any(_named(each) == what for each in self.requests)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status, body = self.answers.get(_named(request), (404, problem(404)))
        if isinstance(body, bytes):
            return httpx.Response(status, content=body)
        if body is None:
            return httpx.Response(status)
        return httpx.Response(status, json=body)


def problem(status: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "type": "urn:csms:problem:test",
        "title": "A kind of problem.",
        "status": status,
        "detail": "what happened this time",
        "code": "test",
        **more,
    }


def _named(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path.removeprefix(API)}"
