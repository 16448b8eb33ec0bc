"""TLS under a station's socket: shaken hands first, and why if that fails."""

import asyncio
import ssl
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import structlog
from typing_extensions import override
from websockets.asyncio.server import ServerConnection

log = structlog.get_logger(__name__)

T = TypeVar("T")

BASIC, TLS, MUTUAL = 1, 2, 3
"""Security profiles (Part 2, A00)."""

_TOO_OLD: Final = "the station offers no TLS 1.2 or newer (A00.FR.315, A00.FR.418)"
_WHY: Final = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the station has no certificate (A00.FR.402)",
    "UNSUPPORTED_PROTOCOL": _TOO_OLD,
    "VERSION_TOO_LOW": _TOO_OLD,
    "INAPPROPRIATE_FALLBACK": "the station was talked down to an older version of TLS "
    "than both know; somebody may stand between (RFC 7507)",
    "NO_SHARED_CIPHER": "the station offers no cipher suite of Part 2 (A00.FR.322)",
    "NO_SUITABLE_SIGNATURE_ALGORITHM": "no signature algorithm is shared",
    "HTTP_REQUEST": "the station does not speak TLS; this port does",
    "WRONG_VERSION_NUMBER": "the station does not speak TLS; this port does",
    "TLSV1_ALERT_UNKNOWN_CA": "the station does not know who issued our certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the station does not accept our certificate: its "
    "name may differ from the address that the station calls",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the station believes our certificate expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the station does not accept our certificate",
}
_UNTRUSTED: Final = {
    7: "the signature of its certificate is wrong",
    18: "its certificate is self-signed",
    19: "its certificate leads to a root that is not trusted",
    20: "its certificate was issued by somebody unknown",
    21: "its certificate was issued by somebody unknown",
    24: "its certificate was issued by somebody who must not issue any",
    26: "its certificate is not meant for this",
}
"""By OpenSSL's number of the verification error (X509_V_ERR_…)."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """How a socket came in.

    Attributes:
        profile: The security profile of the port: one per port (A00.FR.006).
        chain: The station's certificate and those above it, DER; empty without one.
    """

    profile: int = BASIC
    chain: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Securing:
    """How sockets of one port are secured.

    Attributes:
        profile: The security profile of the port.
        context: Returns the present TLS context; None for a plain port.
        patience: Seconds until hands must be shaken.
        refused: Told the address of a peer whose hand was not shaken, and why.
        tasks: Handshakes under way, to be ended when the gateway stops.
    """

    profile: int
    context: Callable[[], ssl.SSLContext] | None
    patience: float
    refused: Callable[[str, str], None]
    tasks: set[asyncio.Task[None]]


class SecuredConnection(ServerConnection):
    """A socket that shakes hands by TLS before a byte of HTTP is read.

    The server's own way of adding TLS keeps no word of handshakes that fail, and
    those are what an operator needs to know when a station does not come in.
    """

    def __init__(self, *args: Any, securing: Securing, **options: Any) -> None:  # noqa: ANN401 - handed on
        super().__init__(*args, **options)
        self._securing = securing
        self._is_open = securing.context is None
        self._early = bytearray()

    @property
    def entrance(self) -> Entrance:
        """Return how it came in."""
        secured = self.transport.get_extra_info("ssl_object")
        chain = () if secured is None else peer_chain(secured)
        return Entrance(self._securing.profile, chain)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._securing.context is None:
            super().connection_made(transport)
            return
        plain = cast("asyncio.Transport", transport)
        handshake = self.loop.start_tls(
            plain,
            self,
            self._securing.context(),
            server_side=True,
            ssl_handshake_timeout=self._securing.patience,
        )
        task = self.loop.create_task(self._secure(plain, begun(handshake)))
        self._securing.tasks.add(task)
        task.add_done_callback(self._securing.tasks.discard)

    async def _secure(
        self,
        plain: asyncio.Transport,
        handshake: Awaitable[asyncio.Transport | None],
    ) -> None:
        address = plain.get_extra_info("peername")
        remote = str(address[0]) if address else ""
        try:
            secured = await handshake
        except (OSError, TimeoutError) as error:
            plain.abort()
            self._securing.refused(remote, why(error))
            return
        except BaseException:
            plain.abort()
            raise
        if secured is None:
            plain.abort()
            return
        self._is_open = True
        super().connection_made(secured)
        if self._early:
            super().data_received(bytes(self._early))
            self._early.clear()

    @override
    def data_received(self, data: bytes) -> None:
        """Take what was decrypted; what comes with the handshake is kept for later."""
        if self._is_open:
            super().data_received(data)
        else:
            self._early += data

    @override
    def eof_received(self) -> None:
        if self._is_open:
            super().eof_received()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_open:
            super().connection_lost(exc)


def begun(work: Coroutine[Any, Any, T]) -> Awaitable[T]:
    """Begin some work at once, up to where it first waits; return the rest of it.

    A task begins in the next turn of the loop, and by then some loops have read the
    first bytes of the handshake and given them to whoever was there.
    """
    try:
        waiting = work.send(None)
    except StopIteration as done:
        raise RuntimeError("a handshake needs an answer") from done
    return _rest(work, waiting)


@types.coroutine
def _rest(work: Coroutine[Any, Any, T], waiting: object) -> Generator[object, Any, T]:
    while True:
        try:
            try:
                said = yield waiting
            except BaseException as error:  # noqa: BLE001 - it is for the work
                waiting = work.throw(error)
            else:
                waiting = work.send(said)
        except StopIteration as done:
            result: T = done.value
            return result


def why(error: BaseException) -> str:
    """Return why hands were not shaken, for an operator."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = _UNTRUSTED.get(error.verify_code, error.verify_message)
        return f"TLS: {said} (A00.FR.407)"
    if isinstance(error, ssl.SSLError) and error.reason:
        return f"TLS: {_WHY.get(error.reason, error.reason.lower().replace('_', ' '))}"
    if isinstance(error, TimeoutError):
        return "TLS: the handshake took too long"
    return (
        "TLS: the station hung up during the handshake; it may not accept our "
        "certificate"
    )


def peer_chain(secured: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the peer's certificate and those that led to a root, DER."""
    leaf = secured.getpeercert(binary_form=True)
    if leaf is None:
        return ()
    if hasattr(secured, "get_verified_chain"):  # public since Python 3.13
        return tuple(secured.get_verified_chain())
    inner = getattr(secured, "_sslobj", None)
    if inner is None or not hasattr(inner, "get_verified_chain"):
        return (leaf,)
    found = inner.get_verified_chain() or ()
    return tuple(ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in found)
