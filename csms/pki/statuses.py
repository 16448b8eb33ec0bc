"""Judges what responders and lists say of a certificate: OCSP (RFC 6960), CRL (5280).

Nothing here waits for anybody: bytes in, a verdict out. An answer is believed if it is
about the right certificate, of today, and signed by the issuer or whom it delegates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    ec,
    ed448,
    ed25519,
    padding,
    rsa,
)
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from csms.domain.certificate import CertificateHash
from csms.pki.chains import ALGORITHMS, build, check_way, issuer_hashes, issuers_of
from csms.services.ports.certificates import ChainBroken, NoStatus, StatusAnswer
from csms.services.ports.pki import Revocation

LONGEST = timedelta(days=7)
"""How long an answer may be relied on (M07, ISO 15118-20)."""
SKEW = timedelta(minutes=5)
_STATUS = {
    ocsp.OCSPCertStatus.GOOD: Revocation.GOOD,
    ocsp.OCSPCertStatus.REVOKED: Revocation.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: Revocation.UNKNOWN,
}
_BROKEN = (ValueError, TypeError, UnsupportedAlgorithm)
_WEAK = (hashes.MD5, hashes.SHA1)
_PSS_HASHES = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())


@dataclass(frozen=True, slots=True)
class Known:
    """Whom to trust while an answer is judged.

    Attributes:
        trusted: Certificates whose word counts as they are.
        helpers: Certificates that count if a way leads from them to a trusted one.
    """

    trusted: Sequence[x509.Certificate]
    helpers: Sequence[x509.Certificate] = ()


def ocsp_request(certificate: CertificateHash) -> bytes:
    """Return the question whether a certificate is revoked, in DER.

    It has no nonce: a responder that answers in advance could not echo it, and what
    stations hand on to vehicles is not to be bound to one question (RFC 5019).

    Raises:
        NoStatus: If the hashes are none.
    """
    if not certificate.well_formed:
        raise NoStatus("the hashes do not have the length of their algorithm")
    plain = certificate.plain
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        bytes.fromhex(plain.issuer_name),
        bytes.fromhex(plain.issuer_key),
        int(plain.serial, 16),
        ALGORITHMS[plain.digest],
    )
    return builder.build().public_bytes(Encoding.DER)


def read_ocsp(
    document: bytes, certificate: CertificateHash, known: Known, at: datetime
) -> StatusAnswer:
    """Return what an OCSP response says of a certificate.

    Raises:
        NoStatus: If it is none, about another one, not of today, or signed by nobody
            who may.
    """
    try:
        response = ocsp.load_der_ocsp_response(document)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise NoStatus(f"the responder says {response.response_status.name}")
        embedded = list(response.certificates)
        issuer = _issuer(certificate, known, embedded, at)
        single = _single(response, certificate, issuer)
        until = _until(single.this_update_utc, single.next_update_utc, at)
        if issuer is not None:
            _check_ocsp_signature(response, issuer, embedded, at)
        status = _STATUS[single.certificate_status]
    except _BROKEN as error:
        raise NoStatus(f"the answer cannot be read: {error}"[:300]) from error
    return StatusAnswer(status, until, issuer is not None, document)


def read_list(document: bytes) -> x509.CertificateRevocationList:
    """Return a list of what is revoked, in DER or PEM.

    Raises:
        NoStatus: If it is none.
    """
    try:
        if document.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_crl(document)
        return x509.load_der_x509_crl(document)
    except _BROKEN as error:
        raise NoStatus(f"the list cannot be read: {error}"[:300]) from error


def judge_list(
    found: x509.CertificateRevocationList,
    certificate: CertificateHash,
    known: Known,
    at: datetime,
) -> StatusAnswer:
    """Return what a list says of a certificate (M07.FR.06, M07.FR.07).

    Raises:
        NoStatus: If it is another issuer's, not of today, forged, or partial.
    """
    if not certificate.well_formed:
        raise NoStatus("the hashes do not have the length of their algorithm")
    plain = certificate.plain
    try:
        _check_issuer(found, plain)
        until = _until(found.last_update_utc, found.next_update_utc, at)
        issuer = _issuer(plain, known, (), at)
        if issuer is not None:
            _check_list_signature(found, issuer)
        whole = _is_whole(found)
        entry = found.get_revoked_certificate_by_serial_number(int(plain.serial, 16))
    except _BROKEN as error:
        raise NoStatus(f"the list cannot be read: {error}"[:300]) from error
    if entry is None and not whole:
        raise NoStatus("the list is about a part of the certificates only")
    status = Revocation.GOOD if entry is None else Revocation.REVOKED
    return StatusAnswer(status, until, issuer is not None, b"")


def _until(since: datetime, until: datetime | None, at: datetime) -> datetime:
    """Return until when an answer holds.

    Raises:
        NoStatus: If it is of tomorrow, or of yesterday.
    """
    if since > at + SKEW:
        raise NoStatus(f"the answer is not valid before {since.isoformat()}")
    if until is None:
        if since < at - LONGEST:
            raise NoStatus(f"the answer is of {since.isoformat()}")
        return at
    if until < at - SKEW:
        raise NoStatus(f"the answer has expired {until.isoformat()}")
    return min(until, at + LONGEST)


def _issuer(
    certificate: CertificateHash,
    known: Known,
    embedded: Sequence[x509.Certificate],
    at: datetime,
) -> x509.Certificate | None:
    """Return the trusted certificate that issued the one in question, if it is known.

    One that came along counts if a way leads from it to a trusted one.
    """
    helpers = [*known.helpers, *embedded]
    for each in issuers_of(certificate, [*known.trusted, *helpers]):
        try:
            way = (
                [each] if each in known.trusted else build(each, helpers, known.trusted)
            )
            check_way(way, at)
        except ChainBroken:
            continue
        return each
    return None


def _single(
    response: ocsp.OCSPResponse,
    certificate: CertificateHash,
    issuer: x509.Certificate | None,
) -> ocsp.OCSPSingleResponse:
    """Return the part of a response that is about the certificate.

    A responder may name the certificate by another algorithm than it was asked in,
    which can be recognized if the issuer is known.
    """
    plain = certificate.plain
    own = ALGORITHMS[plain.digest].name
    for each in response.responses:
        if each.hash_algorithm.name == own:
            wanted = plain.issuer_name, plain.issuer_key
        elif issuer is not None:
            wanted = issuer_hashes(issuer, each.hash_algorithm)
        else:
            continue
        said = each.issuer_name_hash.hex(), each.issuer_key_hash.hex()
        if said == wanted and each.serial_number == int(plain.serial, 16):
            return each
    raise NoStatus("the answer is about another certificate")


def _check_ocsp_signature(
    response: ocsp.OCSPResponse,
    issuer: x509.Certificate,
    embedded: Sequence[x509.Certificate],
    at: datetime,
) -> None:
    """Check that the issuer signed, or somebody whom it made its responder.

    Raises:
        NoStatus: If neither did.
    """
    for each in (issuer, *embedded):
        if not _is_responder(each, response):
            continue
        if each != issuer and not _is_delegate(each, issuer, at):
            raise NoStatus("the responder was not made one by the issuer")
        _check_signature(each, response)
        return
    raise NoStatus("nobody knows the certificate of the responder")


def _is_responder(certificate: x509.Certificate, response: ocsp.OCSPResponse) -> bool:
    if response.responder_name is not None:
        return certificate.subject == response.responder_name
    _, key = issuer_hashes(certificate, hashes.SHA1())  # noqa: S303 as RFC 6960 names it
    return response.responder_key_hash == bytes.fromhex(key)


def _is_delegate(
    certificate: x509.Certificate, issuer: x509.Certificate, at: datetime
) -> bool:
    """Tell whether an issuer made somebody its responder (RFC 6960, 4.2.2.2)."""
    try:
        certificate.verify_directly_issued_by(issuer)
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (InvalidSignature, x509.ExtensionNotFound, *_BROKEN):
        return False
    timely = certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
    return timely and ExtendedKeyUsageOID.OCSP_SIGNING in uses.value


def _check_signature(
    certificate: x509.Certificate, response: ocsp.OCSPResponse
) -> None:
    try:
        _verify(certificate, response)
    except InvalidSignature as error:
        raise NoStatus("the signature of the answer is wrong") from error


def _verify(certificate: x509.Certificate, response: ocsp.OCSPResponse) -> None:
    key = certificate.public_key()
    signed, signature = response.tbs_response_bytes, response.signature
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        key.verify(signature, signed)
        return
    if response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
        _verify_pss(key, signature, signed)
        return
    used = response.signature_hash_algorithm
    if used is None or isinstance(used, _WEAK):
        raise InvalidSignature("signed with an algorithm that is not trusted")
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), used)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(used))
    else:
        raise InvalidSignature("the responder's kind of key does not sign")


def _verify_pss(key: object, signature: bytes, signed: bytes) -> None:
    """Verify RSA-PSS, whose hash the response does not tell apart here."""
    if not isinstance(key, rsa.RSAPublicKey):
        raise InvalidSignature("the responder's kind of key does not sign")
    for each in _PSS_HASHES:
        style = padding.PSS(padding.MGF1(each), padding.PSS.AUTO)
        try:
            key.verify(signature, signed, style, each)
        except InvalidSignature:
            continue
        return
    raise InvalidSignature


def _check_issuer(
    found: x509.CertificateRevocationList, certificate: CertificateHash
) -> None:
    hashing = hashes.Hash(ALGORITHMS[certificate.digest])
    hashing.update(found.issuer.public_bytes())
    if hashing.finalize().hex() != certificate.issuer_name:
        raise NoStatus("the list is another issuer's")


def _check_list_signature(
    found: x509.CertificateRevocationList, issuer: x509.Certificate
) -> None:
    usage: x509.KeyUsage | None = None
    for each in issuer.extensions:
        if isinstance(each.value, x509.KeyUsage):
            usage = each.value
    if usage is not None and not usage.crl_sign:
        raise NoStatus("the issuer may not sign lists")
    key = issuer.public_key()
    supported = (
        rsa.RSAPublicKey,
        ec.EllipticCurvePublicKey,
        ed25519.Ed25519PublicKey,
        ed448.Ed448PublicKey,
    )
    if not isinstance(key, supported) or not found.is_signature_valid(key):
        raise NoStatus("the signature of the list is wrong")
    if isinstance(found.signature_hash_algorithm, _WEAK):
        raise NoStatus("the list is signed with an algorithm that is not trusted")


def _is_whole(found: x509.CertificateRevocationList) -> bool:
    """Tell whether a list is about every certificate of its issuer.

    Raises:
        NoStatus: If it is about others' certificates too, or only what changed.
    """
    whole = True
    for each in found.extensions:
        point = each.value
        if isinstance(point, x509.IssuingDistributionPoint):
            if point.indirect_crl or point.only_some_reasons:
                raise NoStatus("the list is an indirect one, or about some reasons")
            whole = not (
                point.only_contains_user_certs
                or point.only_contains_ca_certs
                or point.only_contains_attribute_certs
            )
        elif each.critical:
            raise NoStatus(f"the list says {each.oid.dotted_string}, which is unknown")
    return whole
