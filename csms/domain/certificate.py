"""Certificates as stations and operators speak of them; nothing here knows X.509.

A station names a certificate by three hashes (2.6 CertificateHashDataType), an operator
by the SHA-256 fingerprint of the whole.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256


class Digest(StrEnum):
    """How a hash was made, in the words of the wire."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class RootUse(StrEnum):
    """What a certificate is trusted for, in the words of the wire."""

    V2G = "V2GRootCertificate"
    MO = "MORootCertificate"
    CSMS = "CSMSRootCertificate"
    MANUFACTURER = "ManufacturerRootCertificate"
    OEM = "OEMRootCertificate"
    """Roots of vehicles; 2.1 only."""
    INTERMEDIATE = "IntermediateCertificate"
    """No root and never installed: it helps to build chains and to check answers."""

    @property
    def installable(self) -> bool:
        """Tell whether stations can be given it (M05)."""
        return self is not RootUse.INTERMEDIATE


@dataclass(frozen=True, slots=True)
class CertificateHash:
    """A certificate by its hashes, verbatim as they were said.

    Attributes:
        digest: How both hashes were made.
        issuer_name: Of the issuer's distinguished name, in hexadecimal.
        issuer_key: Of the issuer's public key, in hexadecimal.
        serial: The serial number, in hexadecimal.
    """

    digest: Digest
    issuer_name: str
    issuer_key: str
    serial: str

    @property
    def plain(self) -> "CertificateHash":
        """Return it as it is compared: lower case, no leading zeroes in the serial."""
        return CertificateHash(
            self.digest,
            self.issuer_name.lower(),
            self.issuer_key.lower(),
            self.serial.lower().lstrip("0") or "0",
        )

    @property
    def well_formed(self) -> bool:
        """Tell whether the hashes have the length of their algorithm, and are hex."""
        size = int(self.digest.value[3:]) // 4
        texts = (self.issuer_name, self.issuer_key, self.serial)
        hexadecimal = all(text and _HEX.issuperset(text) for text in texts)
        return hexadecimal and len(self.issuer_name) == len(self.issuer_key) == size


_HEX = frozenset("0123456789abcdefABCDEF")


@dataclass(frozen=True, slots=True)
class Installed:
    """One certificate that a station says it holds (M03).

    Attributes:
        use: What for, in the words of the wire.
        hash: Which, verbatim.
        children: What lies below it, from the leaf upward (M03.FR.05).
    """

    use: str
    hash: CertificateHash
    children: tuple[CertificateHash, ...] = ()

    @property
    def key(self) -> str:
        """Return a short stable name of it, for addresses."""
        plain = self.hash.plain
        parts = (self.use, plain.digest, plain.issuer_name, plain.issuer_key)
        return sha256("|".join((*parts, plain.serial)).encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says of itself.

    Attributes:
        fingerprint: SHA-256 of the whole, in lower-case hexadecimal.
        pem: The certificate itself.
        subject: Whose it is (RFC 4514).
        issuer: Who issued it.
        serial: Its serial number, in hexadecimal without leading zeroes.
        not_before: Since when it is valid.
        not_after: Until when.
        authority: Whether it may sign certificates.
        self_signed: Whether it is signed by its own key.
        key: Its kind of key and strength, such as ``EC 256``.
        weakness: Why its key or signature is too weak (A00.FR.501 to 504); or none.
    """

    fingerprint: str
    pem: str
    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    authority: bool
    self_signed: bool
    key: str
    weakness: str | None = None

    def valid_at(self, instant: datetime) -> bool:
        """Tell whether the instant lies in its validity."""
        return self.not_before <= instant <= self.not_after


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """A certificate of the trust store.

    Attributes:
        use: What it is trusted for.
        facts: What it says of itself.
        added_by: Who trusts it.
        added_at: Since when.
        replaced_by: The fingerprint of the root that took its place; none while it
            is in use.
    """

    use: RootUse
    facts: CertificateFacts
    added_by: str
    added_at: datetime
    replaced_by: str | None = None

    @property
    def fingerprint(self) -> str:
        """Return its fingerprint."""
        return self.facts.fingerprint


class Flaw(StrEnum):
    """Why a certificate is not taken for a root."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    NO_AUTHORITY = "no_authority"
    NOT_SELF_SIGNED = "not_self_signed"
    WEAK = "weak"


def flaw_of(facts: CertificateFacts, use: RootUse, at: datetime) -> Flaw | None:
    """Return why a certificate cannot serve as a root of this use; none if it can.

    A root of this system itself may be signed by the one that it replaces
    (M05.FR.10); any other must be signed by itself.
    """
    if facts.not_after < at:
        return Flaw.EXPIRED
    if facts.not_before > at:
        return Flaw.NOT_YET_VALID
    if not facts.authority:
        return Flaw.NO_AUTHORITY
    crossed = use in (RootUse.CSMS, RootUse.INTERMEDIATE)
    if not facts.self_signed and not crossed:
        return Flaw.NOT_SELF_SIGNED
    return Flaw.WEAK if facts.weakness else None


def soon_over(facts: CertificateFacts, at: datetime, warning: timedelta) -> bool:
    """Tell whether it has expired, or will within the time of warning."""
    return facts.not_after <= at + warning


class ContractStatus(StrEnum):
    """What became of a contract certificate (C07), in the words of the wire."""

    ACCEPTED = "Accepted"
    SIGNATURE_ERROR = "SignatureError"
    CERTIFICATE_EXPIRED = "CertificateExpired"
    CERTIFICATE_REVOKED = "CertificateRevoked"
    NO_CERTIFICATE_AVAILABLE = "NoCertificateAvailable"
    CERT_CHAIN_ERROR = "CertChainError"
    CONTRACT_CANCELLED = "ContractCancelled"
