"""What the services of block M need: X.509, stations, the store, a contract pool."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from csms.domain.certificate import (
    CertificateFacts,
    CertificateHash,
    Installed,
    RootUse,
)
from csms.domain.errors import Broken
from csms.domain.ids import StationId
from csms.services.ports.pki import Revocation
from csms.services.ports.wire import Reply

# -- X.509 -----------------------------------------------------------------------


class UnreadableCertificate(Broken):
    """This is no certificate in PEM."""

    code = "unreadable-certificate"


class ChainFault(StrEnum):
    """Why a chain cannot be trusted."""

    UNREADABLE = "unreadable"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    SIGNATURE = "signature"
    UNTRUSTED = "untrusted"
    NO_AUTHORITY = "no_authority"
    TOO_LONG = "too_long"
    WEAK = "weak"
    CRITICAL = "critical_extension"


class ChainBroken(Exception):
    """A chain cannot be trusted.

    Attributes:
        fault: Why.
    """

    def __init__(self, fault: ChainFault, detail: str) -> None:
        self.fault = fault
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Link:
    """One certificate of a chain that was checked, below its root.

    Attributes:
        certificate: It, in DER.
        issuer: Who issued it, in DER.
        hash: It by its hashes.
        responders: Where to ask whether it is revoked (OCSP).
        lists: Where the lists of what is revoked are (CRL).
        valid_until: When its own validity ends.
    """

    certificate: bytes
    issuer: bytes
    hash: CertificateHash
    responders: tuple[str, ...]
    lists: tuple[str, ...]
    valid_until: datetime


class Certificates(Protocol):
    """Reads certificates and checks chains."""

    def read(self, pem: str) -> CertificateFacts:
        """Return what one certificate says of itself.

        Raises:
            UnreadableCertificate: If it is not exactly one certificate in PEM.
        """
        ...

    def hashes(self, pem: str, issuers: Sequence[str]) -> Sequence[CertificateHash]:
        """Return a certificate by its hashes, in every algorithm.

        Args:
            pem: The certificate.
            issuers: Who may have issued it, besides itself; whoever did not is
                ignored.

        Returns:
            Nothing if none of them issued it.
        """
        ...

    def issued_by(self, pem: str, issuer: str) -> bool:
        """Tell whether a certificate is signed by another's key."""
        ...

    def chain(
        self, pem: str, roots: Sequence[str], helpers: Sequence[str], at: datetime
    ) -> Sequence[Link]:
        """Check the way from a certificate to one of the roots (RFC 5280, 6.1).

        Args:
            pem: The certificate first, and what lies between, in any order.
            roots: Whom to trust.
            helpers: Further certificates that may lie between.
            at: When it must be valid.

        Returns:
            Every certificate of the way but its root, the one in question first.

        Raises:
            ChainBroken: If there is none.
        """
        ...


# -- revocation ------------------------------------------------------------------


class Source(StrEnum):
    """Who says whether a certificate is revoked."""

    OCSP = "OCSP"
    CRL = "CRL"


class NoStatus(Exception):
    """Nobody could say, credibly, whether a certificate is revoked."""


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """Whether a certificate is revoked, and how long that holds.

    Attributes:
        status: What its issuer says.
        next_update: Until when it holds, at most a week.
        verified: Whether the answer's signature was traced to the issuer.
        document: The answer itself, in DER.
    """

    status: Revocation
    next_update: datetime
    verified: bool
    document: bytes


class StatusSource(Protocol):
    """Asks responders and reads lists (RFC 6960, RFC 5280), with a memory."""

    async def ask(
        self,
        certificate: CertificateHash,
        source: Source,
        urls: Sequence[str],
        issuers: Sequence[bytes] = (),
    ) -> StatusAnswer:
        """Return what the first address that answers well says.

        Args:
            certificate: About which.
            source: Whom to ask.
            urls: Where.
            issuers: Who is known to have issued it, in DER, beside the trust store.

        Raises:
            NoStatus: If none does.
        """
        ...


# -- stations --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InstalledReport:
    """What a station says it holds.

    Attributes:
        found: Whether it holds any (``Accepted``), or not (``NotFound``).
        certificates: What it holds.
    """

    found: bool
    certificates: tuple[Installed, ...] = ()


class CertificateWire(Protocol):
    """Installs, deletes and lists certificates of stations (M03 to M05).

    Every method raises ``ports.wire.NoAnswer`` and ``ports.wire.RefusedByStation``.
    """

    async def installed(
        self, station: StationId, uses: Sequence[str] = ()
    ) -> InstalledReport:
        """Return what a station holds of some uses, or of all (M03)."""
        ...

    async def install(self, station: StationId, use: RootUse, pem: str) -> Reply:
        """Give a station a root (M05)."""
        ...

    async def delete(self, station: StationId, certificate: CertificateHash) -> Reply:
        """Let a station forget a certificate (M04), by the hashes that it reported."""
        ...


class ServingRoots(Protocol):
    """Knows the roots under which this system presents itself to stations."""

    def serving(self) -> frozenset[str] | None:
        """Return their fingerprints; none if others end TLS, or there is none."""
        ...


# -- contract pool ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ContractRequest:
    """A vehicle asks for contract certificates (M01, M02).

    Attributes:
        schema: The version of ISO 15118.
        action: ``Install`` or ``Update``.
        exi: What the vehicle sent, in Base64; nobody here looks into it.
        most: How many chains the vehicle takes (ISO 15118-20), or none.
        prioritized: Whose certificates should come first.
    """

    schema: str
    action: str
    exi: str
    most: int | None = None
    prioritized: tuple[str, ...] = ()


class NoContracts(Exception):
    """The pool has no answer for the vehicle.

    Attributes:
        reason: A word of at most 20 characters for the station.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)


class ContractProvisioning(Protocol):
    """A pool of contract certificates that somebody else runs."""

    async def provide(self, request: ContractRequest) -> Sequence[str]:
        """Return the answers for the vehicle, in Base64, the first one first.

        Raises:
            NoContracts: If there is none.
        """
        ...
