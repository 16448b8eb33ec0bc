"""Every other command goes through the HTTP API."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from csms.cli.failures import ExitCode, Failed

if TYPE_CHECKING:
    from typing import BinaryIO

    import httpx

DEFAULT_URL = "http://127.0.0.1:8080"
API = "/api/v1/"
PAGE = 500
PATIENCE_S = 90.0
_CONNECT_S = 5.0
_CODES = {
    400: ExitCode.USAGE,
    401: ExitCode.REFUSED,
    403: ExitCode.REFUSED,
    404: ExitCode.NOT_FOUND,
    409: ExitCode.REFUSED,
    412: ExitCode.REFUSED,
    413: ExitCode.USAGE,
    422: ExitCode.USAGE,
}
_UNAUTHORIZED = 401
_TOKEN_REMEDY = "Set CSMS_TOKEN or --token to a valid token (csms tokens create)."  # noqa: S105 (a sentence)


@dataclass(frozen=True, slots=True)
class Api:
    """The HTTP API of a node, as a person at a terminal uses it.

    Attributes:
        http: The client, with the node's address and the token.
    """

    http: "httpx.Client"

    def get(self, *path: str, **wanted: object) -> Any:  # noqa: ANN401 (JSON)
        """Return what is there.

        Args:
            path: The parts of the path below the API's root.
            wanted: The query; what is none is left out.

        Raises:
            Failed: If the node says no, or does not answer.
        """
        return self.ask("GET", *path, wanted=wanted)

    def ask(
        self,
        method: str,
        *path: str,
        wanted: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        also: frozenset[int] = frozenset(),
    ) -> Any:  # noqa: ANN401 (JSON)
        """Return the node's answer to a request.

        Args:
            method: The HTTP method.
            path: The parts of the path below the API's root.
            wanted: The query; what is none is left out.
            body: What is sent, as JSON; none sends nothing.
            headers: Further headers.
            also: Statuses of errors whose body is an answer all the same.

        Raises:
            Failed: If the node says no, or does not answer.
        """
        with self._told():
            response = self.http.request(
                method,
                _path(path),
                params=_query(wanted or {}),
                json=body,
                headers=dict(headers or {}),
            )
        if response.is_error and response.status_code not in also:
            raise failed(response)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            raise _not_ours(response) from None

    def send(self, method: str, *path: str, file: "BinaryIO", **wanted: object) -> Any:  # noqa: ANN401 (JSON)
        """Send a file as it is, and return the node's answer.

        Raises:
            Failed: If the node says no, or does not answer.
        """
        with self._told():
            response = self.http.request(
                method, _path(path), params=_query(wanted), content=file
            )
        if response.is_error:
            raise failed(response)
        try:
            return response.json()
        except ValueError:
            raise _not_ours(response) from None

    def items(self, *path: str, most: int, **wanted: object) -> list[dict[str, Any]]:
        """Return the items of a list, page after page, at most so many."""
        kept: list[dict[str, Any]] = []
        cursor: object = None
        while True:
            limit = min(most - len(kept), PAGE)
            page = self.get(*path, **wanted, limit=limit, cursor=cursor)
            kept += page["items"]
            cursor = page.get("next")
            if cursor is None or len(kept) >= most:
                return kept[:most]

    def stream(self, *path: str, **wanted: object) -> Iterator[bytes]:
        """Yield a long answer as it comes."""
        with (
            self._told(),
            self.http.stream("GET", _path(path), params=_query(wanted)) as response,
        ):
            if response.is_error:
                response.read()
                raise failed(response)
            yield from response.iter_bytes()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Tell a node that does not answer from one that says no."""
        import httpx

        try:
            yield
        except httpx.TimeoutException as error:
            raise Failed(
                f"The node at {self.http.base_url} did not answer in time.",
                remedy="Look at its log, or run csms doctor beside it.",
            ) from error
        except httpx.TransportError as error:
            raise Failed(
                f"Nobody answers at {self.http.base_url} ({error}).",
                field="--url",
                remedy="Start a node with csms serve, or set CSMS_URL or --url.",
            ) from error


@contextlib.contextmanager
def connect(url: str, token: str | None) -> Iterator[Api]:
    """Give the API of a node.

    Raises:
        Failed: If the address is none.
    """
    import httpx

    if not url.startswith(("http://", "https://")):
        raise Failed(
            f"{url} is no address of a node.",
            code=ExitCode.USAGE,
            field="--url",
            remedy=f"It looks like {DEFAULT_URL}.",
        )
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    with httpx.Client(
        base_url=url.rstrip("/"),
        headers=headers,
        timeout=httpx.Timeout(PATIENCE_S, connect=_CONNECT_S),
    ) as http:
        yield Api(http)


def failed(response: "httpx.Response") -> Failed:
    """Return what a problem document (RFC 9457) means at the command line."""
    try:
        problem = response.json()
    except ValueError:
        return _not_ours(response)
    if not isinstance(problem, dict):
        return _not_ours(response)
    status = response.status_code
    errors = problem.get("errors") or []
    return Failed(
        problem.get("detail") or problem.get("title") or f"HTTP {status}",
        code=_CODES.get(status, ExitCode.FAILURE),
        field=problem.get("field"),
        remedy=_TOKEN_REMEDY if status == _UNAUTHORIZED else problem.get("remedy"),
        more=[f"{each.get('field', '')}: {each.get('problem', '')}" for each in errors]
        if len(errors) > 1
        else (),
    )


def _not_ours(response: "httpx.Response") -> Failed:
    return Failed(
        f"HTTP {response.status_code} from {response.url}, and not in our words.",
        code=_CODES.get(response.status_code, ExitCode.FAILURE),
        field="--url",
        remedy="Make sure that a node of csms listens there.",
    )


def _path(parts: tuple[str, ...]) -> str:
    return API + "/".join(quote(part, safe="") for part in parts)


def _query(wanted: Mapping[str, object]) -> dict[str, list[str]]:
    """Return a query; a list is said as often as it has parts."""
    return {
        name.rstrip("_"): [str(part) for part in _parts(value)]
        for name, value in wanted.items()
        if value is not None
    }


def _parts(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
