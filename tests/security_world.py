"""Keys, signing requests and certificates of every kind, good ones and bad ones."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from csms.pki.keys import PrivateKey

CSO = "Example CSO"


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


DAY = timedelta(days=1)
