"""Authorities of a test: roots, chains, responders and lists, made on the spot.

Keys are made once per process; making a certificate is quick.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
)

NOW = datetime(2026, 7, 13, 23, 30, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_serials = count(0x0A11CE)


@cache
def key_of(name: str) -> ec.EllipticCurvePrivateKey:
    del name
    return ec.generate_private_key(ec.SECP256R1())


@cache
def weak_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 it is to be refused


@cache
def small_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP192R1())


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody with a certificate and its key.

    Attributes:
        issuer: Who issued it; itself for a root.
    """

    certificate: x509.Certificate
    key: Key
    above: "Party | None" = None

    @property
    def issuer(self) -> "Party":
        return self.above or self

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def serial(self) -> int:
        return self.certificate.serial_number

    @property
    def name(self) -> x509.Name:
        return self.certificate.subject


@dataclass(frozen=True, slots=True)
class Wish:
    """How a certificate is to be, beside the usual."""

    authority: bool = True
    since: datetime = NOW - timedelta(days=365)
    until: datetime = NOW + timedelta(days=3650)
    path_length: int | None = None
    responder: str | None = None
    crl: str | None = None
    uses: Sequence[x509.ObjectIdentifier] = ()
    critical: x509.ExtensionType | None = None
    serial: int | None = None
    key: Key | None = None
    crl_sign: bool = True


def named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def issue(name: str, above: Party | None = None, wish: Wish | None = None) -> Party:
    """Return somebody new; a root if nobody is above."""
    wish = wish or Wish()
    key = wish.key or key_of(name)
    signer = above.key if above else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(above.name if above else named(name))
        .public_key(key.public_key())
        .serial_number(wish.serial or next(_serials))
        .not_valid_before(wish.since)
        .not_valid_after(wish.until)
        .add_extension(
            x509.BasicConstraints(
                ca=wish.authority,
                path_length=wish.path_length if wish.authority else None,
            ),
            critical=True,
        )
    )
    if wish.authority:
        builder = builder.add_extension(_signing(crl_sign=wish.crl_sign), critical=True)
    for extension, critical in _also(wish):
        builder = builder.add_extension(extension, critical=critical)
    return Party(builder.sign(signer, hashes.SHA256()), key, above)


def leaf(name: str, above: Party, **wishes: object) -> Party:
    return issue(name, above, Wish(authority=False, **wishes))  # type: ignore[arg-type]


def _also(wish: Wish) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if wish.responder:
        place = x509.UniformResourceIdentifier(wish.responder)
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
        found.append((x509.AuthorityInformationAccess([access]), False))
    if wish.crl:
        point = x509.DistributionPoint(
            [x509.UniformResourceIdentifier(wish.crl)], None, None, None
        )
        found.append((x509.CRLDistributionPoints([point]), False))
    if wish.uses:
        found.append((x509.ExtendedKeyUsage(list(wish.uses)), False))
    if wish.critical:
        found.append((wish.critical, True))
    return found


def _signing(*, crl_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def responder_of(issuer: Party, name: str = "Responder", **wishes: object) -> Party:
    """Return somebody whom an issuer lets answer for it."""
    uses = [ExtendedKeyUsageOID.OCSP_SIGNING]
    return leaf(name, issuer, **{"uses": uses, **wishes})


@dataclass(frozen=True, slots=True)
class Saying:
    """What a responder says of a certificate.

    Attributes:
        signer: Who signs; the issuer of the certificate without one.
        carries: Certificates that come along.
    """

    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD
    since: datetime = NOW - timedelta(hours=1)
    until: datetime | None = NOW + timedelta(days=1)
    signer: Party | None = None
    carries: Sequence[Party] = ()
    by_key: bool = False
    digest: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)


GOOD = ocsp.OCSPCertStatus.GOOD
REVOKED = ocsp.OCSPCertStatus.REVOKED
UNKNOWN = ocsp.OCSPCertStatus.UNKNOWN


def ocsp_answer(about: Party, saying: Saying | None = None) -> bytes:
    """Return an answer of OCSP about somebody's certificate, in DER."""
    saying = saying or Saying()
    revoked = saying.status is REVOKED
    signer = saying.signer or about.issuer
    encoding = (
        ocsp.OCSPResponderEncoding.HASH
        if saying.by_key
        else ocsp.OCSPResponderEncoding.NAME
    )
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=about.certificate,
            issuer=about.issuer.certificate,
            algorithm=saying.digest,
            cert_status=saying.status,
            this_update=saying.since,
            next_update=saying.until,
            revocation_time=saying.since if revoked else None,
            revocation_reason=None,
        )
        .responder_id(encoding, signer.certificate)
    )
    if saying.carries:
        builder = builder.certificates([each.certificate for each in saying.carries])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def revocation_list(
    issuer: Party,
    *revoked: int,
    since: datetime = NOW - timedelta(hours=1),
    until: datetime = NOW + timedelta(days=1),
    signer: Party | None = None,
    extension: x509.ExtensionType | None = None,
) -> bytes:
    """Return a list of what an issuer revoked, in DER."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.name)
        .last_update(since)
        .next_update(until)
    )
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial)
        builder = builder.add_revoked_certificate(entry.revocation_date(since).build())
    if extension is not None:
        builder = builder.add_extension(extension, critical=True)
    made = builder.sign((signer or issuer).key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)
