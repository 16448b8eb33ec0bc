"""A manufacturer that signs firmware: a key, a certificate, signatures."""

import base64
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

BEGINS = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def curve_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def a_certificate(*, curve: bool = False, days: int = 1000) -> str:
    key = curve_key() if curve else rsa_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example firmware")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINS)
        .not_valid_after(BEGINS + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def a_signature(content: bytes, *, curve: bool = False) -> str:
    if curve:
        said = curve_key().sign(content, ec.ECDSA(hashes.SHA256()))
    else:
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
        said = rsa_key().sign(content, pss, hashes.SHA256())
    return base64.b64encode(said).decode()
