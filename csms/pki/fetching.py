"""Fetches small documents from addresses that strangers name.

Stations say whom to ask about a certificate, so that whoever controls a station could
let this system knock at doors inside its own network. Names are resolved first, only
public addresses are connected to (unless private ones are allowed), exactly the
address that was looked at; nothing redirects, nothing is endless.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from urllib.parse import SplitResult, urlsplit

import httpx

Resolve = Callable[[str, int], Awaitable[list[str]]]
_PORTS = {"http": 80, "https": 443}
_OK = 200


class Unfetched(Exception):
    """A document did not come."""


class Fetcher:
    """Fetches documents over HTTP, each over a connection of its own.

    Args:
        private: Whether addresses that are not public may be asked.
        resolve: Finds the addresses of a name; the system's resolver without one.
    """

    def __init__(self, *, private: bool, resolve: Resolve | None = None) -> None:
        self._private = private
        self._resolve = resolve or _resolved
        self._tls: ssl.SSLContext | None = None

    async def fetch(
        self, url: str, *, body: bytes | None, media: str, most: int
    ) -> bytes:
        """Return a document; the caller says how long to wait.

        Args:
            url: Where; over http or https.
            body: What is posted; none for a plain request.
            media: The media type of what is posted.
            most: How many bytes are taken.

        Raises:
            Unfetched: If it does not come, or is not what was asked for.
        """
        parts = _split(url)
        port = parts.port or _PORTS[parts.scheme]
        address = await self._address(parts.hostname or "", port)
        headers = {"Host": parts.netloc}
        if body is not None:
            headers["Content-Type"] = media
        try:
            async with httpx.AsyncClient(
                verify=self._context() if parts.scheme == "https" else False,
                trust_env=False,
                timeout=None,  # noqa: S113 the caller has the clock
            ) as http:
                request = http.build_request(
                    "GET" if body is None else "POST",
                    httpx.URL(url).copy_with(host=address),
                    content=body,
                    headers=headers,
                    extensions={"sni_hostname": parts.hostname},
                )
                return await _read(http, request, most)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            raise Unfetched(f"{url}: {type(error).__name__} {error}"[:300]) from error

    async def _address(self, host: str, port: int) -> str:
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Unfetched(f"{host} is not known: {error}"[:300]) from error
        for each in found:
            if self._private or _is_public(each):
                return each
        raise Unfetched(f"{host} is not a public address")

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
        return self._tls


async def _read(http: httpx.AsyncClient, request: httpx.Request, most: int) -> bytes:
    response = await http.send(request, stream=True)
    try:
        if response.status_code != _OK:
            raise Unfetched(f"{request.url}: HTTP {response.status_code}")
        taken = bytearray()
        async for chunk in response.aiter_bytes():
            taken += chunk
            if len(taken) > most:
                raise Unfetched(f"{request.url}: more than {most} bytes")
        return bytes(taken)
    finally:
        await response.aclose()


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise Unfetched(f"{url[:200]} is no address: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise Unfetched(f"{url[:200]} is no address of http or https")
    return parts


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.split("%", 1)[0])
    mapped = getattr(found, "ipv4_mapped", None)
    judged = mapped or found
    return judged.is_global and not judged.is_multicast


async def _resolved(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]
