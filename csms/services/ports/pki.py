"""What the services need from certificates: is one revoked, and who signs new ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from csms.domain.certificate import CertificateHash, ContractStatus
from csms.domain.ids import StationId


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
