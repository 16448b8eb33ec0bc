"""What the services need from certificates: read, judge, sign, take back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from csms.domain.certificate import CertificateHash, ContractStatus
from csms.domain.ids import StationId
from csms.domain.signing import CertificateUse


class Revocation(StrEnum):
    """What is known of a certificate's standing with whoever issued it."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class RevocationCheck(Protocol):
    """Asks those who issued certificates whether they took them back."""

    async def status(self, chain: Sequence[bytes]) -> Revocation:
        """Return the standing of a chain's first certificate.

        Args:
            chain: DER certificates, the one in question first, each followed by its
                issuer, as far as they are known.
        """
        ...


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says.

    Attributes:
        fingerprint: SHA-256 over its DER, in hexadecimal.
        serial: Its serial number, in hexadecimal.
        subject: Its subject, as RFC 4514 writes it.
        issuer: Its issuer, likewise.
        common_name: The CN of its subject; empty without one.
        organizations: The O of its subject, each of them.
        not_before: From when on it is valid.
        not_after: Until when it is valid.
        key: The kind of its key, for people.
    """

    fingerprint: str
    serial: str
    subject: str
    issuer: str
    common_name: str
    organizations: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key: str


@dataclass(frozen=True, slots=True)
class CsrFacts:
    """What a signing request says, its signature checked.

    Attributes:
        subject: Its subject, as RFC 4514 writes it.
        common_name: The CN of its subject; empty without one.
        organizations: The O of its subject, each of them.
        key: The kind of its key, for people.
    """

    subject: str
    common_name: str
    organizations: tuple[str, ...]
    key: str


class UnreadableRequest(Exception):
    """A signing request is no such thing, not signed by its key, or its key is weak."""


class CertificateReader(Protocol):
    """Reads certificates and signing requests."""

    def certificate(self, der: bytes) -> CertificateFacts:
        """Return what a certificate says.

        Raises:
            ValueError: If it is no certificate.
        """
        ...

    def chain(self, pem: str) -> Sequence[CertificateFacts]:
        """Return what each certificate of a text says, in its order.

        Raises:
            ValueError: If there is none, or something else in it.
        """
        ...

    def request(self, pem: str) -> CsrFacts:
        """Return what a signing request says.

        Raises:
            UnreadableRequest: If it is none, or its signature or key is no good.
        """
        ...


@dataclass(frozen=True, slots=True)
class SigningOrder:
    """What an authority is asked to sign.

    Attributes:
        csr: The signing request, in PEM.
        use: What the certificate is for.
        common_name: The CN that it shall have: the request's, which was checked.
        organization: The O that it shall have.
        reference: The authority's name for it, if it was asked before.
    """

    csr: str
    use: CertificateUse
    common_name: str
    organization: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """The authority has signed.

    Attributes:
        chain: PEM, the leaf first, then the authorities below the root.
    """

    chain: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """The authority has not decided.

    Attributes:
        reference: Its name for the request, to ask again with.
        retry_s: Seconds after which to ask again.
    """

    reference: str
    retry_s: float


class SigningRefused(Exception):
    """The authority will not sign; asking again is of no use (A03, error handling)."""


class AuthorityAway(Exception):
    """The authority cannot be reached; asking again later may be of use."""


class SigningAuthority(Protocol):
    """Whoever signs certificates of stations: built in, or outside (A03.FR.04)."""

    @property
    def name(self) -> str:
        """Return its name, for people."""
        ...

    async def sign(self, order: SigningOrder, now: datetime) -> Signed | NotYet:
        """Sign, or say when to ask again.

        Raises:
            SigningRefused: If it will not.
            AuthorityAway: If it cannot be reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class AuthorityShown:
    """One certificate of the built-in authority, for people.

    Attributes:
        hierarchy: Which of its hierarchies: ``ec``, ``rsa``, ``v2g`` or ``v2g20``.
        use: Root or intermediate.
        generation: Its number; the highest signs.
        facts: What it says.
        pem: The certificate.
    """

    hierarchy: str
    use: CertificateUse
    generation: int
    facts: CertificateFacts
    pem: str


class BuiltInAuthority(SigningAuthority, Protocol):
    """The authority of set-ups that have no other."""

    def shown(self) -> Sequence[AuthorityShown]:
        """Return every root and intermediate, expired ones too."""
        ...

    async def rotate(
        self, hierarchy: str, use: CertificateUse, now: datetime
    ) -> AuthorityShown:
        """Make the next root or intermediate; what the former signed stays valid."""
        ...

    async def server_certificate(self, hierarchy: str, now: datetime) -> Signed:
        """Make our own certificate for the talk with stations, with a new key."""
        ...

    def server_ends(self, hierarchy: str) -> datetime | None:
        """Return until when our own certificate is valid; None if there is none."""
        ...

    async def revocation_lists(
        self, revoked: Sequence[tuple[str, str, datetime]], now: datetime
    ) -> dict[str, bytes]:
        """Return a list of what was revoked for every intermediate (RFC 5280), DER.

        Args:
            revoked: Issuer and serial of each, and when.
            now: The instant of the lists.

        Returns:
            The lists, by the name that they are served under.
        """
        ...

    def trusted(self, now: datetime) -> str:
        """Return every root that stations' certificates may lead to, in PEM."""
        ...


@dataclass(frozen=True, slots=True)
class HashedCertificate:
    """A certificate by its hashes, and who can be asked whether it is revoked.

    Attributes:
        hash: Which, as the station said it.
        responder: The address of the OCSP responder.
    """

    hash: CertificateHash
    responder: str


@dataclass(frozen=True, slots=True)
class ContractProof:
    """What a station shows of the contract certificate of a vehicle (C07).

    Attributes:
        pem: The certificate and what lies between it and a root, where the station
            leaves the judgement to us (C07.FR.06); or none.
        hashes: The same by hashes, the contract certificate first (C07.FR.02).
    """

    pem: str | None = None
    hashes: tuple[HashedCertificate, ...] = ()

    @property
    def shown(self) -> bool:
        """Tell whether anything is shown at all."""
        return self.pem is not None or bool(self.hashes)


class ContractCheck(Protocol):
    """Judges the contract certificates of vehicles."""

    async def judge(self, station: StationId, proof: ContractProof) -> ContractStatus:
        """Return what the certificate is worth, whatever its eMAID may do.

        It never answers ``ContractCancelled``: that is for whoever knows the eMAID, if
        this is ``Accepted`` and the token is blocked, expired, invalid or unknown
        (C07.FR.13). ``NoCertificateAvailable`` means that nothing was shown.

        The status of the token that goes with it: ``CertificateExpired`` with Expired
        (C07.FR.15), ``CertificateRevoked`` and ``CertChainError`` with Invalid
        (C07.FR.16, C07.FR.17).
        """
        ...
