"""How sockets are secured: versions, ciphers, our certificates, whom we believe."""

import contextlib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

CIPHERS: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
)
"""The four suites of A00.FR.318 and A00.FR.421, as OpenSSL names them; those of
TLS 1.3 are all sound and need no list."""

NO_CHECK_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL. The times of stations' certificates are judged
at the door, which knows whose they are and whom an expired one may let in
(A00.FR.429); the refusal then names the station."""

log = structlog.get_logger(__name__)


class BadTlsFiles(Exception):
    """Certificates or keys cannot be used as they are."""


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """A certificate of ours with its chain, and its key.

    Attributes:
        certificate: PEM, the leaf first.
        key: PEM; None if it is in the same file.
    """

    certificate: Path
    key: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return the files."""
        return (self.certificate,) if self.key is None else (self.certificate, self.key)


def station_context(
    files: Sequence[ServerFiles], client_roots: str | None = None
) -> ssl.SSLContext:
    """Return how stations are served over TLS.

    TLS 1.2 or above (A00.FR.313, A00.FR.416), the four suites that Part 2 demands and
    no other, no compression (A00.FR.321), no renegotiation; sessions are not resumed,
    so that every connection shows its certificate.

    Args:
        files: Our certificates, one for each kind of key (A00.FR.318).
        client_roots: The roots that stations' certificates may lead to, in PEM. With
            them a station without a certificate is refused (A00.FR.402).

    Raises:
        BadTlsFiles: If they cannot be read, do not match, or are too weak.
    """
    context = _context(files)
    context.set_ciphers(":".join(CIPHERS))
    if client_roots is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        flags = int(context.verify_flags) | NO_CHECK_TIME
        context.verify_flags = ssl.VerifyFlags(flags)
        try:
            if client_roots:
                context.load_verify_locations(cadata=client_roots)
        except (ssl.SSLError, ValueError) as error:
            raise BadTlsFiles(f"the stations' roots cannot be read: {error}") from None
    return context


def web_context(files: ServerFiles) -> ssl.SSLContext:
    """Return how people and programs are served over HTTPS.

    Raises:
        BadTlsFiles: If the files cannot be read, do not match, or are too weak.
    """
    return _context((files,))


def _context(files: Sequence[ServerFiles]) -> ssl.SSLContext:
    if not files:
        raise BadTlsFiles("there is no server certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= (
        ssl.OP_NO_COMPRESSION
        | ssl.OP_NO_RENEGOTIATION
        | ssl.OP_CIPHER_SERVER_PREFERENCE
        | ssl.OP_NO_TICKET
    )
    context.num_tickets = 0
    for each in files:
        try:
            context.load_cert_chain(each.certificate, each.key)
        except (ssl.SSLError, OSError) as error:
            raise BadTlsFiles(f"{each.certificate}: {error}") from None
    return context


class Contexts:
    """The present context of a listener; a new one takes its place, or the old stays.

    New connections are served with the present one. Those that are open go on.

    Args:
        make: Makes a context from what is on disk now.
        files: Names the files that it is made from.
    """

    def __init__(
        self,
        make: Callable[[], ssl.SSLContext],
        files: Callable[[], Sequence[Path]],
    ) -> None:
        self._make = make
        self._files = files
        self._seen = self._stamps()
        self._current = make()

    def __call__(self) -> ssl.SSLContext:
        """Return the present context."""
        return self._current

    def reload(self) -> None:
        """Make the context anew.

        Raises:
            BadTlsFiles: If that cannot be done; the old one is still served.
        """
        self._seen = self._stamps()
        self._current = self._make()
        log.info("tls.reloaded", files=[str(each) for each in self._files()])

    def reload_if_changed(self) -> bool:
        """Make the context anew if a file has changed; tell whether that was done.

        Raises:
            BadTlsFiles: If that cannot be done; the old one is still served.
        """
        if self._stamps() == self._seen:
            return False
        self.reload()
        return True

    def _stamps(self) -> Sequence[tuple[str, int, int]]:
        stamps = []
        for path in self._files():
            with contextlib.suppress(OSError):
                said = path.stat()
                stamps.append((str(path), said.st_mtime_ns, said.st_size))
        return stamps
