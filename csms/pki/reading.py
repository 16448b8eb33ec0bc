"""Reads certificates, chains and signing requests, and says what they say."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from csms.pki.keys import PublicKey, WeakKey, described, strong
from csms.services.ports.pki import CertificateFacts, CsrFacts, UnreadableRequest

_SOUND = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
"""Hashes that signatures may be made with (A00.FR.504, A00.FR.506)."""


class X509Reader:
    """Reads certificates and signing requests: the port ``CertificateReader``."""

    def certificate(self, der: bytes) -> CertificateFacts:
        """Return what a certificate says.

        Raises:
            ValueError: If it is no certificate.
        """
        return facts_of(x509.load_der_x509_certificate(der))

    def chain(self, pem: str) -> Sequence[CertificateFacts]:
        """Return what each certificate of a text says, in its order.

        Raises:
            ValueError: If there is none, or something else in it.
        """
        return [facts_of(each) for each in read_chain(pem)]

    def request(self, pem: str) -> CsrFacts:
        """Return what a signing request says.

        Raises:
            UnreadableRequest: If it is none, or its signature or key is no good.
        """
        request, key = read_request(pem)
        return CsrFacts(
            request.subject.rfc4514_string(),
            _one(request.subject, NameOID.COMMON_NAME),
            _all(request.subject, NameOID.ORGANIZATION_NAME),
            described(key),
        )


def read_chain(pem: str) -> list[x509.Certificate]:
    """Return the certificates that a text holds.

    Raises:
        ValueError: If there is none, or something else in it.
    """
    return x509.load_pem_x509_certificates(pem.encode())


def read_request(pem: str) -> tuple[x509.CertificateSigningRequest, PublicKey]:
    """Return a signing request that is sound, and its key.

    Some stations write it without line ends, or as DER in Base64 without the frame.

    Raises:
        UnreadableRequest: If it is none, or its signature or key is no good.
    """
    try:
        request = x509.load_pem_x509_csr(_framed(pem).encode())
        key = strong(request.public_key())
        good = request.is_signature_valid
        signed_with = request.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise UnreadableRequest(f"it cannot be read: {error}") from None
    except WeakKey as error:
        raise UnreadableRequest(str(error)) from None
    if not good:
        raise UnreadableRequest("its signature is not made by its key")
    if not isinstance(signed_with, _SOUND):
        name = "nothing" if signed_with is None else signed_with.name
        raise UnreadableRequest(f"it is signed with {name}, which is not safe")
    return request, key


def facts_of(certificate: x509.Certificate) -> CertificateFacts:
    """Return what a certificate says."""
    try:
        key = described(strong(certificate.public_key()))
    except (WeakKey, UnsupportedAlgorithm, ValueError):
        key = "a key that is not allowed"
    return CertificateFacts(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        serial=f"{certificate.serial_number:x}",
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        common_name=_one(certificate.subject, NameOID.COMMON_NAME),
        organizations=_all(certificate.subject, NameOID.ORGANIZATION_NAME),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key=key,
    )


def missing_names(certificate: x509.Certificate, names: Sequence[str]) -> Sequence[str]:
    """Return the names by which a certificate does not let its owner be called.

    Its common name counts only if it lists no other names (RFC 6125, 6.4.4).
    """
    listed = {
        str(name.value).casefold()
        for each in certificate.extensions
        if isinstance(each.value, x509.SubjectAlternativeName)
        for name in each.value
    }
    listed = listed or {_one(certificate.subject, NameOID.COMMON_NAME).casefold()}
    wild = {each.removeprefix("*") for each in listed if each.startswith("*.")}
    return [
        each
        for each in names
        if each.casefold() not in listed
        and f".{each.casefold().partition('.')[2]}" not in wild
    ]


def to_text(certificate: x509.Certificate) -> str:
    """Return a certificate as PEM (A00.FR.507)."""
    return certificate.public_bytes(Encoding.PEM).decode()


def is_valid_at(certificate: x509.Certificate, now: datetime) -> bool:
    """Tell whether the certificate is valid at an instant."""
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


_LABEL = "CERTIFICATE REQUEST"


def _framed(pem: str) -> str:
    """Return the request with its frame on lines of their own."""
    body = pem.replace("NEW CERTIFICATE REQUEST", _LABEL)
    for mark in (f"-----BEGIN {_LABEL}-----", f"-----END {_LABEL}-----"):
        body = body.replace(mark, "")
    packed = "".join(body.split())
    lines = [packed[at : at + 64] for at in range(0, len(packed), 64)]
    return "\n".join(
        (f"-----BEGIN {_LABEL}-----", *lines, f"-----END {_LABEL}-----", "")
    )


def _one(name: x509.Name, what: x509.ObjectIdentifier) -> str:
    found = _all(name, what)
    return found[0] if found else ""


def _all(name: x509.Name, what: x509.ObjectIdentifier) -> tuple[str, ...]:
    return tuple(str(each.value) for each in name.get_attributes_for_oid(what))
