"""Keys, signing requests and certificates of every kind, good ones and bad ones."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from csms.pki.issuing import Issuer, make_leaf, make_root, named
from csms.pki.keys import PrivateKey, to_pem
from csms.pki.reading import to_text

CSO = "Example CSO"
DAY = timedelta(days=1)


@cache
def a_key(kind: str = "ec") -> PrivateKey:
    """Return a key of a kind, the same each time: RSA keys take long to make."""
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def a_csr(
    name: str,
    organization: str = CSO,
    *,
    key: PrivateKey | None = None,
    forged: bool = False,
) -> str:
    """Return a signing request in PEM.

    Args:
        name: The CN of its subject.
        organization: The O of its subject; empty for none.
        key: Whose key; some key of its own without one.
        forged: Whether its signature is broken.
    """
    key = key or a_key()
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organization:
        subject.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    der = bytearray(
        builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    )
    if forged:
        der[-1] ^= 1
    request = x509.load_der_x509_csr(bytes(der))
    return request.public_bytes(serialization.Encoding.PEM).decode()


def real_now() -> datetime:
    """Return the time that sockets live in."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Outsider:
    """An authority that nobody here knows, and certificates that go wrong.

    Attributes:
        root: What it signs with.
    """

    root: Issuer

    @classmethod
    def made(cls, name: str = "Some other root") -> "Outsider":
        """Return one with a root of its own."""
        key, subject = a_key("outsider"), named(name, "Somebody")
        return cls(Issuer(make_root(subject, key, real_now(), 3650 * DAY), key))

    @property
    def root_text(self) -> str:
        """Return its root, in PEM."""
        return to_text(self.root.certificate)

    def leaf(
        self,
        name: str,
        organization: str = CSO,
        *,
        start: timedelta = timedelta(0),
        lasts: timedelta = 30 * DAY,
        kind: str = "ec",
    ) -> str:
        """Return a certificate of an end, with its key, in PEM."""
        return a_leaf(
            self.root, name, organization, start=start, lasts=lasts, kind=kind
        )


def a_leaf(
    issuer: Issuer,
    name: str,
    organization: str = CSO,
    *,
    start: timedelta = timedelta(0),
    lasts: timedelta = 30 * DAY,
    kind: str = "ec",
) -> str:
    """Return a certificate of an end with its key, and its issuer's, in PEM."""
    key = a_key(kind)
    certificate = make_leaf(
        issuer,
        named(name, organization),
        key.public_key(),
        real_now() + start,
        lasts,
    )
    return to_text(certificate) + to_text(issuer.certificate) + to_pem(key).decode()


def self_signed(name: str) -> str:
    """Return a certificate that vouches for itself, with its key, in PEM."""
    key = a_key("self")
    root = make_root(named(name, CSO), key, real_now(), 30 * DAY)
    return to_text(root) + to_pem(key).decode()
