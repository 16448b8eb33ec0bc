"""Firmware signing certificates, and the signatures made with them (L01.FR.04)."""

import base64
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import NameOID

from csms.services.ports.firmware import BadCertificate, SigningCertificate

_PORTION = 1 << 20


@dataclass(frozen=True, slots=True)
class FirmwareSigning:
    """The port ``SigningCheck``."""

    def read(self, pem: str) -> SigningCertificate:
        """Return what a certificate says.

        Raises:
            BadCertificate: If it cannot be read.
        """
        certificate = _certificate(pem)
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        subject = names[0].value if names else certificate.subject.rfc4514_string()
        return SigningCertificate(
            str(subject),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )

    def holds(self, pem: str, signature: str, file: Path) -> bool:
        """Tell whether the signature is that of the whole file.

        RSA-PSS or an elliptic curve, over SHA-256.

        Raises:
            BadCertificate: If the key is of a kind that signs no firmware.
        """
        key = _certificate(pem).public_key()
        digest, said = _digest(file), base64.b64decode(signature)
        known = Prehashed(hashes.SHA256())
        try:
            if isinstance(key, rsa.RSAPublicKey):
                pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
                key.verify(said, digest, pss, known)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(said, digest, ec.ECDSA(known))
            else:
                raise BadCertificate("its key is neither RSA nor an elliptic curve")
        except InvalidSignature:
            return False
        return True


def _certificate(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise BadCertificate(f"it is no certificate in PEM: {error}") from error


def _digest(file: Path) -> bytes:
    sha256 = hashes.Hash(hashes.SHA256())
    with file.open("rb") as opened:
        while portion := opened.read(_PORTION):
            sha256.update(portion)
    return sha256.finalize()
