"""What is kept of passwords, profiles, certificates and events, and who is asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from csms.domain.ids import StationId
from csms.domain.security import (
    PasswordRotation,
    RotationState,
    SecurityEvent,
    SecurityProfile,
    SecurityUpgrade,
    StationSecurity,
)
from csms.domain.signing import (
    CertificateState,
    CertificateUse,
    IssuedCertificate,
    SigningRequest,
)
from csms.services.ports.wire import Reply


class SecurityStore(Protocol):
    """What concerns security, in one unit of work."""

    # Doors.

    async def doors(self) -> Sequence[StationSecurity]:
        """Return what is demanded of every station that more than usual is said of."""
        ...

    async def save_door(self, door: StationSecurity) -> None:
        """Keep it in place of what was kept of its station."""
        ...

    async def entered(
        self, station: StationId, profile: SecurityProfile, at: datetime
    ) -> None:
        """Keep that a station came in with a profile."""
        ...

    # Passwords.

    async def rotations(
        self, station: StationId | None = None, *, opened: bool = False
    ) -> Sequence[PasswordRotation]:
        """Return changes of passwords, youngest first; only open ones if asked."""
        ...

    async def latest_rotations(self) -> Sequence[PasswordRotation]:
        """Return the youngest change of every station's password."""
        ...

    async def begin_rotation(
        self, station: StationId, new_hash: str, by: str, at: datetime
    ) -> int:
        """Keep that a password is about to be changed; return the number of it."""
        ...

    async def turn_rotation(
        self, rotation: int, state: RotationState, reason: str, at: datetime
    ) -> bool:
        """Keep how far an open one has come; tell whether it was open."""
        ...

    async def confirm_password(
        self, station: StationId, new_hash: str, at: datetime
    ) -> bool:
        """Make the new password the only one; tell whether it was an open one."""
        ...

    async def forget_imported(self, station: StationId) -> None:
        """Forget the password that the registry gave before: it gave another."""
        ...

    # Upgrades.

    async def upgrades(
        self, station: StationId | None = None, *, opened: bool = False
    ) -> Sequence[SecurityUpgrade]:
        """Return security upgrades, youngest first; only open ones if asked."""
        ...

    async def latest_upgrades(self) -> Sequence[SecurityUpgrade]:
        """Return the youngest upgrade of every station."""
        ...

    async def begin_upgrade(self, upgrade: SecurityUpgrade) -> SecurityUpgrade:
        """Keep a new one; return it with its number.

        Raises:
            Conflict: If one of the station is under way.
        """
        ...

    async def save_upgrade(self, upgrade: SecurityUpgrade) -> bool:
        """Keep how far an open one has come; tell whether it was open."""
        ...

    # Certificates.

    async def certificates(
        self,
        *,
        station: StationId | None = None,
        use: CertificateUse | None = None,
        state: CertificateState | None = None,
    ) -> Sequence[IssuedCertificate]:
        """Return issued certificates, youngest first."""
        ...

    async def certificate(self, fingerprint: str) -> IssuedCertificate | None:
        """Return one certificate, or None."""
        ...

    async def keep_certificate(self, issued: IssuedCertificate) -> None:
        """Keep a certificate; one that is kept already stays as it is."""
        ...

    async def turn_certificate(
        self,
        fingerprint: str,
        state: CertificateState,
        *,
        reason: str = "",
        revoked_at: datetime | None = None,
    ) -> None:
        """Keep how far it has come; a revoked one stays revoked."""
        ...

    async def activate(self, fingerprint: str) -> bool:
        """Make it the active one of its station and use; tell whether it was not yet.

        Those that were active or accepted before are superseded.
        """
        ...

    async def requests(
        self,
        station: StationId | None = None,
        *,
        opened: bool = False,
        limit: int | None = None,
    ) -> Sequence[SigningRequest]:
        """Return signing requests, youngest first; only open ones if asked."""
        ...

    async def add_request(self, request: SigningRequest) -> SigningRequest:
        """Keep a new one; return it with its number."""
        ...

    async def save_request(self, request: SigningRequest) -> None:
        """Keep how far it has come."""
        ...

    # Events.

    async def add_event(self, event: SecurityEvent) -> None:
        """Keep a security event."""
        ...

    async def events(
        self,
        *,
        station: StationId | None = None,
        critical: bool | None = None,
        severity: tuple[int, int] | None = None,
        part: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[SecurityEvent]:
        """Return security events, youngest first, from below a number.

        Args:
            station: Only of this station.
            critical: Only those that Part 2 marks so, or only others.
            severity: Only from the one severity to the other, both included.
            part: Must occur in the name of the station, in capitals or not.
            before: Only below this number.
            limit: How many at most.
        """
        ...


class SecurityWire(Protocol):
    """What may be asked of stations about security (block A).

    Every method raises ``NoAnswer`` and ``RefusedByStation``.
    """

    async def give_certificate(
        self,
        station: StationId,
        chain: str,
        use: CertificateUse | None,
        request_id: int | None,
    ) -> Reply:
        """Give a station its certificate (A02, A03); ``None`` names no type."""
        ...


class Connections(Protocol):
    """Whoever has the sockets."""

    def is_connected(self, station: StationId) -> bool:
        """Tell whether a station has a socket here."""
        ...

    def hang_up(self, station: StationId, reason: str) -> None:
        """Close a station's socket, so that it comes in anew."""
        ...


class DoorCodes(Protocol):
    """Whoever has to know at once which passwords open which door."""

    def learn_open(self, station: StationId, hashes: Sequence[str]) -> None:
        """Take note of the passwords on their way to a station."""
        ...

    def learn(self, hashes: Mapping[StationId, str]) -> None:
        """Take note of the passwords in force."""
        ...
