"""What the gateway needs from the world, in its own words."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Literal, Protocol

from csms.domain.ids import StationId
from csms.ocpp.link import Link
from csms.ocpp.wire import Edition


class Admission(Enum):
    """What the doorkeeper says to a station at the door."""

    ADMITTED = auto()
    UNKNOWN_STATION = auto()
    WRONG_PASSWORD = auto()
    BAD_CERTIFICATE = auto()


@dataclass(frozen=True, slots=True)
class Vetted:
    """What came of looking at a station's certificate.

    Attributes:
        admission: Whether the station may come in.
        reason: Why not; empty if it may.
    """

    admission: Admission
    reason: str = ""


class Identities(Protocol):
    """Whoever knows how safely each station must come in, and its certificates."""

    def demanded(self, station: StationId) -> int:
        """Return the least security profile that the station may come in with."""
        ...

    async def vet(self, station: StationId, chain: tuple[bytes, ...]) -> Vetted:
        """Return whether a certificate that leads to a trusted root lets it in.

        Args:
            station: Who it says it is.
            chain: Its certificate and those above it, DER.
        """
        ...

    def entered(
        self, station: StationId, profile: int, chain: tuple[bytes, ...]
    ) -> None:
        """Take note of how a station came in; it never blocks and never raises."""
        ...


class Handlers(Protocol):
    """Whoever answers what stations ask."""

    async def answer(
        self,
        station: StationId,
        edition: Edition,
        action: str,
        payload: Any,  # noqa: ANN401, whatever JSON the station sent
    ) -> dict[str, Any]:
        """Return the payload of the answer, once it is safe to give it.

        Raises:
            CallRefused: If the call must be answered by a CALLERROR.
        """
        ...

    async def told(
        self,
        station: StationId,
        edition: Edition,
        action: str,
        payload: Any,  # noqa: ANN401, as above
    ) -> None:
        """Take a message that is owed no answer (SEND, type 6)."""
        ...


class Doorkeeper(Protocol):
    """Whoever knows the stations and their passwords."""

    async def admit(
        self, station: StationId, password: str | None, remote: str
    ) -> Admission:
        """Return whether the station may come in.

        Args:
            station: Who it says it is.
            password: What it offers as proof, if anything.
            remote: The address it comes from.
        """
        ...


class Presence(Protocol):
    """Whoever is told which stations are here."""

    async def connected(
        self, station: StationId, edition: Edition, remote: str, link: Link
    ) -> None:
        """Take note that the station is here; its calls are answered afterwards."""
        ...

    async def disconnected(self, station: StationId, reason: str) -> None:
        """Take note that the station is gone; never for a superseded socket."""
        ...


class FrameLog(Protocol):
    """Where every frame is kept; it never blocks and never raises."""

    def record(
        self, station: StationId, direction: Literal["in", "out"], text: str
    ) -> None:
        """Keep one frame, passwords already removed."""
        ...


class Rejections(Protocol):
    """The list of handshakes that were refused; it never blocks and never raises."""

    def record(self, station: str, remote: str, status: int, reason: str) -> None:
        """Keep one refusal, under the station id that was given, readable or not."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everyone the gateway talks to.

    Attributes:
        handlers: Answers what stations ask.
        doorkeeper: Knows the stations and their passwords.
        presence: Is told who is here.
        frames: Keeps every frame.
        rejections: Keeps every refused handshake.
        identities: Knows how safely each station must come in; without it every
            station may come in by a password, and none by a certificate.
    """

    handlers: Handlers
    doorkeeper: Doorkeeper
    presence: Presence
    frames: FrameLog
    rejections: Rejections
    identities: Identities | None = None
