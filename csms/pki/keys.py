"""Private keys: made, kept where nobody else reads them, and read again."""

import os
from pathlib import Path
from typing import TypeAlias

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

RSA_BITS = 3072
LEAST_RSA_BITS = 2048
"""A00.FR.502."""
LEAST_CURVE_BITS = 224
"""A00.FR.503."""


class WeakKey(Exception):
    """A key is of a kind or a size that is not allowed (A00.FR.501 to A00.FR.503)."""


def make_key(kind: str) -> PrivateKey:
    """Return a new key: ``ec`` is P-256, ``ec521`` P-521, ``rsa`` 3072 bits."""
    match kind:
        case "rsa":
            return rsa.generate_private_key(65537, RSA_BITS)
        case "ec521":
            return ec.generate_private_key(ec.SECP521R1())
        case _:
            return ec.generate_private_key(ec.SECP256R1())


def strong(key: object) -> PublicKey:
    """Return the public key, if it is of a kind and a size that is allowed.

    Raises:
        WeakKey: If it is not.
    """
    match key:
        case rsa.RSAPublicKey():
            if key.key_size < LEAST_RSA_BITS:
                raise WeakKey(f"an RSA key of {key.key_size} bits is too short")
            return key
        case ec.EllipticCurvePublicKey():
            if key.curve.key_size < LEAST_CURVE_BITS:
                raise WeakKey(f"the curve {key.curve.name} is too small")
            return key
        case _:
            raise WeakKey(f"keys of the kind {type(key).__name__} are not taken")


def described(key: PublicKey) -> str:
    """Return what kind of key it is, for people: ``RSA 3072``, ``EC secp256r1``."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return f"EC {key.curve.name}"


def digest_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA512:
    """Return the hash to sign with (A00.FR.506); longer for a longer curve."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size > 384:  # noqa: PLR2004 - bits
        return hashes.SHA512()
    return hashes.SHA256()


def padding_for(key: PrivateKey) -> padding.PSS | None:
    """Return RSA-PSS for RSA keys (A00.FR.505), nothing for others."""
    if not isinstance(key, rsa.RSAPrivateKey):
        return None
    return padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)


def to_pem(key: PrivateKey) -> bytes:
    """Return the key as PEM, not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def read_key(path: Path) -> PrivateKey:
    """Return the key that a file holds.

    Raises:
        WeakKey: If it is of another kind.
        ValueError: If it is no key.
    """
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise WeakKey(f"keys of the kind {type(key).__name__} are not taken")
    return key


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read (0600), whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
