"""Reads certificates, names them by hashes, and checks chains (RFC 5280, 6.1).

The certificates of ISO 15118 do not keep the rules of the web (no name in
subjectAltName, roots without key identifiers), so that the way to a root is checked
here, by the plain rules: names, signatures, validity, authority, length.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from csms.domain.certificate import CertificateFacts, CertificateHash, Digest
from csms.pki.keys import LEAST_CURVE_BITS, LEAST_RSA_BITS
from csms.services.ports.certificates import (
    ChainBroken,
    ChainFault,
    Link,
    UnreadableCertificate,
)

MOST_PEM = 64_000
MOST_LINKS = 5
"""Leaf, two intermediates and a root are usual; five below the root are the most."""
MOST_TRIES = 64
"""Signatures that one search may check, whatever maze of names it is given."""
ALGORITHMS: dict[Digest, hashes.HashAlgorithm] = {
    Digest.SHA256: hashes.SHA256(),
    Digest.SHA384: hashes.SHA384(),
    Digest.SHA512: hashes.SHA512(),
}
_UNDERSTOOD = frozenset(
    {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
        x509.SubjectAlternativeName.oid,
        x509.CertificatePolicies.oid,
    }
)
_BROKEN = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
E = TypeVar("E", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class X509Certificates:
    """Reads certificates and checks chains: the port ``Certificates``."""

    def read(self, pem: str) -> CertificateFacts:
        """Return what one certificate says of itself.

        Raises:
            UnreadableCertificate: If it is not exactly one certificate in PEM.
        """
        found = read_pem(pem)
        if len(found) != 1:
            raise UnreadableCertificate(
                f"there are {len(found)} certificates where one is due",
                field="pem",
                remedy="give the root alone, without what is below or above it",
            )
        return facts_of(found[0])

    def hashes(self, pem: str, issuers: Sequence[str]) -> Sequence[CertificateHash]:
        """Return a certificate by its hashes, in every algorithm; or nothing."""
        certificate = read_pem(pem)[0]
        for issuer in (certificate, *(read_pem(each)[0] for each in issuers)):
            if signed_by(certificate, issuer):
                return [hash_of(certificate, issuer, each) for each in Digest]
        return []

    def issued_by(self, pem: str, issuer: str) -> bool:
        """Tell whether a certificate is signed by another's key."""
        return signed_by(read_pem(pem)[0], read_pem(issuer)[0])

    def chain(
        self, pem: str, roots: Sequence[str], helpers: Sequence[str], at: datetime
    ) -> Sequence[Link]:
        """Check the way from a certificate to one of the roots.

        Raises:
            ChainBroken: If there is none.
        """
        try:
            first, *between = read_pem(pem)
        except UnreadableCertificate as error:
            raise ChainBroken(ChainFault.UNREADABLE, str(error)) from error
        known = [read_pem(each)[0] for each in helpers]
        anchors = [read_pem(each)[0] for each in roots]
        way = build(first, [*between, *known], anchors)
        check_way(way, at)
        return [
            Link(
                certificate=each.public_bytes(Encoding.DER),
                issuer=issuer.public_bytes(Encoding.DER),
                hash=hash_of(each, issuer, Digest.SHA256),
                responders=responders_of(each),
                lists=lists_of(each),
                valid_until=each.not_valid_after_utc,
            )
            for each, issuer in pairwise(way)
        ]


def read_pem(pem: str) -> list[x509.Certificate]:
    """Return every certificate of a text in PEM, in its order; at least one.

    Raises:
        UnreadableCertificate: If there is none, or one cannot be read.
    """
    if len(pem) > MOST_PEM:
        raise UnreadableCertificate(
            f"{len(pem)} characters are too many for a certificate", field="pem"
        )
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
        for each in found:
            _ = each.extensions, each.subject, each.issuer, each.public_key()
    except _BROKEN as error:
        raise UnreadableCertificate(
            f"it cannot be read: {error}"[:300],
            field="pem",
            remedy="give it in PEM: -----BEGIN CERTIFICATE----- and so on",
        ) from error
    return list(found)


def facts_of(certificate: x509.Certificate) -> CertificateFacts:
    """Return what a certificate says of itself."""
    return CertificateFacts(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        pem=certificate.public_bytes(Encoding.PEM).decode(),
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        authority=_is_authority(certificate),
        self_signed=signed_by(certificate, certificate),
        key=_key_of(certificate),
        weakness=weakness_of(certificate),
    )


def hash_of(
    certificate: x509.Certificate, issuer: x509.Certificate, digest: Digest
) -> CertificateHash:
    """Return a certificate by its hashes, as OCPP's CertificateHashDataType has them.

    They are those of OCSP (RFC 6960, 4.1.1): of the issuer's name as it stands in the
    certificate, and of the issuer's public key without tag and length.
    """
    builder = ocsp.OCSPRequestBuilder()
    said = builder.add_certificate(certificate, issuer, ALGORITHMS[digest]).build()
    return CertificateHash(
        digest,
        said.issuer_name_hash.hex(),
        said.issuer_key_hash.hex(),
        f"{said.serial_number:x}",
    )


def issuer_hashes(
    issuer: x509.Certificate, algorithm: hashes.HashAlgorithm
) -> tuple[str, str]:
    """Return the hashes by which certificates name this issuer: name, then key."""
    hashing = hashes.Hash(algorithm)
    hashing.update(issuer.subject.public_bytes())
    builder = ocsp.OCSPRequestBuilder()
    own = builder.add_certificate(issuer, issuer, algorithm).build()
    return hashing.finalize().hex(), own.issuer_key_hash.hex()


def issuers_of(
    certificate: CertificateHash, known: Iterable[x509.Certificate]
) -> list[x509.Certificate]:
    """Return which of the known certificates the hashes name as issuer."""
    plain, algorithm = certificate.plain, ALGORITHMS[certificate.digest]
    wanted = plain.issuer_name, plain.issuer_key
    return [each for each in known if issuer_hashes(each, algorithm) == wanted]


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether a certificate names an issuer and is signed by its key."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *_BROKEN):
        return False
    return True


def build(
    first: x509.Certificate,
    between: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
) -> list[x509.Certificate]:
    """Return the way from a certificate up to an anchor, both included.

    Raises:
        ChainBroken: If there is no way, or one only by a signature that is wrong.
    """
    forged, tries = False, 0
    ways: list[list[x509.Certificate]] = [[first]]
    while ways and tries < MOST_TRIES:
        way = ways.pop()
        for issuer in _named_by(way, (*anchors, *between)):
            tries += 1
            if not signed_by(way[-1], issuer):
                forged = True
            elif issuer in anchors:
                return [*way, issuer]
            elif len(way) < MOST_LINKS:
                ways.append([*way, issuer])
    if forged:
        raise ChainBroken(
            ChainFault.SIGNATURE, f"{_name(first)}: a signature of its chain is wrong"
        )
    raise ChainBroken(
        ChainFault.UNTRUSTED, f"{_name(first)}: no way leads to a trusted root"
    )


def _named_by(
    way: Sequence[x509.Certificate], known: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """Return who may have issued the last certificate of a way, by name."""
    return [
        each for each in known if each.subject == way[-1].issuer and each not in way
    ]


def check_way(way: Sequence[x509.Certificate], at: datetime) -> None:
    """Check every certificate of a way whose signatures are right.

    Raises:
        ChainBroken: With the first fault, from the leaf upward.
    """
    for place, each in enumerate(way):
        _check_dates(each, at)
        if weakness := weakness_of(each):
            raise ChainBroken(ChainFault.WEAK, f"{_name(each)}: {weakness}")
        if odd := _not_understood(each):
            raise ChainBroken(
                ChainFault.CRITICAL, f"{_name(each)}: critical extension {odd}"
            )
        if place:
            _check_authority(each, below=place - 1)


def weakness_of(certificate: x509.Certificate) -> str | None:
    """Return why key or signature is too weak (A00.FR.501 to 504); none if it is not.

    A root's own signature does not count: whoever trusts it trusts its key.
    """
    try:
        key = certificate.public_key()
    except _BROKEN:
        return "its kind of key is not known"
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey):
        if key.key_size < LEAST_RSA_BITS:
            return f"a key of {key.key_size} bits; {LEAST_RSA_BITS} are the least"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.key_size < LEAST_CURVE_BITS:
            return f"a key of {key.key_size} bits; {LEAST_CURVE_BITS} are the least"
    elif not isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return "its kind of key does not sign"
    used = _signature_hash(certificate)
    if isinstance(used, hashes.MD5 | hashes.SHA1):
        return f"signed with {used.name}"
    return None


def responders_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return where to ask whether it is revoked (Authority Information Access)."""
    said = _extension(certificate, x509.AuthorityInformationAccess)
    return tuple(
        each.access_location.value
        for each in said or ()
        if each.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(each.access_location, x509.UniformResourceIdentifier)
    )


def lists_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return where the lists of what is revoked are (CRL Distribution Points)."""
    said = _extension(certificate, x509.CRLDistributionPoints)
    return tuple(
        name.value
        for point in said or ()
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    )


def load_all(documents: Iterable[bytes]) -> list[x509.Certificate]:
    """Return certificates from DER; what cannot be read is left out."""
    found = []
    for each in documents:
        try:
            found.append(x509.load_der_x509_certificate(each))
        except _BROKEN:
            continue
    return found


def _check_dates(certificate: x509.Certificate, at: datetime) -> None:
    until, since = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    if until < at:
        raise ChainBroken(
            ChainFault.EXPIRED, f"{_name(certificate)}: expired {until.isoformat()}"
        )
    if since > at:
        raise ChainBroken(
            ChainFault.NOT_YET_VALID,
            f"{_name(certificate)}: not valid before {since.isoformat()}",
        )


def _check_authority(certificate: x509.Certificate, below: int) -> None:
    """Check that it may sign certificates, with so many others below it."""
    if not _is_authority(certificate):
        raise ChainBroken(
            ChainFault.NO_AUTHORITY,
            f"{_name(certificate)}: it may not sign certificates",
        )
    limits = _extension(certificate, x509.BasicConstraints)
    if limits and limits.path_length is not None and below > limits.path_length:
        raise ChainBroken(
            ChainFault.TOO_LONG, f"{_name(certificate)}: too many certificates below"
        )


def _is_authority(certificate: x509.Certificate) -> bool:
    limits = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    return bool(limits and limits.ca) and (usage is None or usage.key_cert_sign)


def _not_understood(certificate: x509.Certificate) -> str | None:
    """Return a critical extension that nobody here heeds; name constraints too."""
    for each in certificate.extensions:
        if each.critical and each.oid not in _UNDERSTOOD:
            return str(each.oid.dotted_string)
    return None


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _signature_hash(certificate: x509.Certificate) -> hashes.HashAlgorithm | None:
    if certificate.subject == certificate.issuer:
        return None
    try:
        return certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None


def _key_of(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    kind = type(key).__name__.strip("_").removesuffix("PublicKey")
    named = {"EllipticCurve": "EC", "ECPublicKey": "EC"}.get(kind, kind)
    size = getattr(key, "key_size", None)
    return f"{named} {size}" if size else named


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or f"serial {certificate.serial_number}"
