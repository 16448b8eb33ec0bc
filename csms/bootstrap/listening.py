"""Whether a port can be listened on; if not, why, and what to do about it."""

import errno
import socket
from collections.abc import Sequence

from csms.domain.errors import Broken
from csms.settings import Settings


class CannotListen(Broken):
    """A port cannot be listened on.

    Attributes:
        is_taken: Whether another program has it.
    """

    code = "cannot-listen"

    def __init__(self, place: str, door: str, error: OSError) -> None:
        """Say why, in the words of whoever sets ports.

        Args:
            place: Host and port.
            door: The word for it in the names of its settings: OCPP or HTTP.
            error: What the operating system said.
        """
        self.is_taken = error.errno == errno.EADDRINUSE
        what, remedy = _said(error, door)
        super().__init__(f"{place} {what}", remedy=remedy)


def doors_of(settings: Settings) -> Sequence[tuple[str, int, str]]:
    """Return every address and port of a node, with its word in the settings."""
    doors = []
    if settings.ocpp_plain:
        doors.append((settings.ocpp_host, settings.ocpp_port, "OCPP"))
    if settings.ocpp_tls_port is not None:
        doors.append((settings.ocpp_tls_host, settings.ocpp_tls_port, "OCPP_TLS"))
    if settings.ocpp_mtls_port is not None:
        doors.append((settings.ocpp_tls_host, settings.ocpp_mtls_port, "OCPP_MTLS"))
    return (*doors, (settings.http_host, settings.http_port, "HTTP"))


def ensure_free(host: str, port: int, door: str) -> None:
    """Make sure that a port can be listened on; port 0, any free one, always can.

    Raises:
        CannotListen: If it cannot.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise CannotListen(f"{host}:{port}", door, error) from error


def _said(error: OSError, door: str) -> tuple[str, str]:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                "is taken by another program",
                f"Stop that program, or set CSMS_{door}_PORT to a free port.",
            )
        case errno.EACCES:
            return (
                "is reserved for root",
                f"Set CSMS_{door}_PORT to a port above 1023.",
            )
        case _:
            return (
                f"cannot be listened on: {error.strerror or error}",
                f"Set CSMS_{door}_HOST to an address of this machine.",
            )
