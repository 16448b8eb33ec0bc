"""Makes certificates: roots, intermediates, leaves, and lists of what was revoked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from csms.pki.keys import PrivateKey, PublicKey, digest_for, padding_for

EARLIER = timedelta(hours=1)
"""How long before its making a certificate is valid: clocks of stations differ
(A02.FR.06)."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs.

    Attributes:
        certificate: Its certificate.
        key: Its private key.
    """

    certificate: x509.Certificate
    key: PrivateKey


def named(
    common_name: str, organization: str, *, domain_component: str = ""
) -> x509.Name:
    """Return the name of a subject (A00.FR.509 to A00.FR.511)."""
    parts = [
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
    ]
    if domain_component:
        parts.append(x509.NameAttribute(NameOID.DOMAIN_COMPONENT, domain_component))
    return x509.Name(parts)


def make_root(
    name: x509.Name, key: PrivateKey, now: datetime, lasts: timedelta
) -> x509.Certificate:
    """Return a root that signs itself."""
    builder = _authority(name, name, key.public_key(), now, lasts, depth=None)
    return _signed(builder, key)


def make_authority(  # noqa: PLR0913 - a certificate has as many parts
    issuer: Issuer,
    name: x509.Name,
    key: PublicKey,
    now: datetime,
    lasts: timedelta,
    *,
    depth: int | None,
    lists_at: str | None = None,
) -> x509.Certificate:
    """Return the certificate of an authority below another; also of a root by another.

    Args:
        issuer: Who signs.
        name: Its name.
        key: Its key.
        now: From when on it is valid.
        lasts: How long; never longer than its issuer.
        depth: How many authorities may follow below it; None for any number.
        lists_at: Where the list of what its issuer revoked is found.
    """
    lasts = min(lasts, issuer.certificate.not_valid_after_utc - now)
    builder = _authority(
        name, issuer.certificate.subject, key, now, lasts, depth=depth
    ).add_extension(_authority_key(issuer), critical=False)
    return _signed(_listed(builder, lists_at), issuer.key)


def make_leaf(  # noqa: PLR0913 - a certificate has as many parts
    issuer: Issuer,
    name: x509.Name,
    key: PublicKey,
    now: datetime,
    lasts: timedelta,
    *,
    names: Iterable[str] = (),
    lists_at: str | None = None,
) -> x509.Certificate:
    """Return the certificate of an end: a station's or ours.

    It has no Extended Key Usage (A00.FR.514), and lists names only where its common
    name is not enough: it has several (A00.FR.511), or an address, which OpenSSL and
    others look for nowhere else.
    """
    end = min(now + lasts, issuer.certificate.not_valid_after_utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_end_usage(key), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(_authority_key(issuer), critical=False)
    )
    called = [_called(each) for each in names]
    if len(called) > 1 or any(isinstance(each, x509.IPAddress) for each in called):
        builder = builder.add_extension(
            x509.SubjectAlternativeName(called), critical=False
        )
    return _signed(_listed(builder, lists_at), issuer.key)


def _called(text: str) -> x509.GeneralName:
    """Return what a peer is called, as a certificate says it: a host, or an address."""
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def make_list(
    issuer: Issuer,
    revoked: Iterable[tuple[int, datetime]],
    now: datetime,
    lasts: timedelta,
) -> bytes:
    """Return a list of what an issuer revoked (RFC 5280), DER."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now)
        .next_update(now + lasts)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        .add_extension(_authority_key(issuer), critical=False)
    )
    for serial, at in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(at)
            .build()
        )
    made = builder.sign(
        issuer.key, digest_for(issuer.key), rsa_padding=padding_for(issuer.key)
    )
    return made.public_bytes(Encoding.DER)


def _authority(
    name: x509.Name,
    issuer: x509.Name,
    key: PublicKey,
    now: datetime,
    lasts: timedelta,
    *,
    depth: int | None,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + lasts)
        .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
        .add_extension(_signing_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _listed(
    builder: x509.CertificateBuilder, lists_at: str | None
) -> x509.CertificateBuilder:
    if lists_at is None:
        return builder
    place = x509.DistributionPoint(
        [x509.UniformResourceIdentifier(lists_at)], None, None, None
    )
    return builder.add_extension(x509.CRLDistributionPoints([place]), critical=False)


def _signed(builder: x509.CertificateBuilder, key: PrivateKey) -> x509.Certificate:
    return builder.sign(key, digest_for(key), rsa_padding=padding_for(key))


def _authority_key(issuer: Issuer) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())


def _signing_usage() -> x509.KeyUsage:
    return _usage(key_cert_sign=True, crl_sign=True)


def _end_usage(key: PublicKey) -> x509.KeyUsage:
    """Return what an end's key is for (A00.FR.512)."""
    if isinstance(key, rsa.RSAPublicKey):
        return _usage(digital_signature=True, key_encipherment=True)
    return _usage(digital_signature=True, key_agreement=True)


def _usage(**said: bool) -> x509.KeyUsage:
    every = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**(every | said))
