"""Who may charge (block C)."""

from typing import Annotated

from pydantic import Field

from csms.ocpp.messages.common import EnergyTransferMode, IdToken, IdTokenInfo
from csms.ocpp.messages.tariffs import Tariff
from csms.ocpp.wire import BOTH, Action, Many, Wire, Word, at_most, text


class AuthorizeCertificateStatus(Word):
    """What became of a contract certificate."""

    ACCEPTED = "Accepted"
    SIGNATURE_ERROR = "SignatureError"
    CERTIFICATE_EXPIRED = "CertificateExpired"
    CERTIFICATE_REVOKED = "CertificateRevoked"
    NO_CERTIFICATE_AVAILABLE = "NoCertificateAvailable"
    CERT_CHAIN_ERROR = "CertChainError"
    CONTRACT_CANCELLED = "ContractCancelled"


class HashAlgorithm(Word):
    """How a hash was made."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class OCSPRequestData(Wire):
    """What is needed to ask whether a certificate is revoked."""

    hash_algorithm: HashAlgorithm
    issuer_name_hash: Annotated[str, text(128)]
    issuer_key_hash: Annotated[str, text(128)]
    serial_number: Annotated[str, text(40)]
    responder_url: Annotated[str, text(2000)] = Field(alias="responderURL")


class AuthorizeRequest(Wire):
    """A station asks whether an identity token may charge (C01)."""

    id_token: IdToken
    certificate: Annotated[str, text(10000)] | None = None
    iso15118_certificate_hash_data: (
        Annotated[Many[OCSPRequestData], at_most(4)] | None
    ) = None


class AuthorizeResponse(Wire):
    """What is known about the identity token, and what it allows (Q01.FR.01)."""

    id_token_info: IdTokenInfo
    certificate_status: AuthorizeCertificateStatus | None = None
    allowed_energy_transfer: Many[EnergyTransferMode] | None = None
    tariff: Tariff | None = None


AUTHORIZE: Action[AuthorizeRequest, AuthorizeResponse] = Action(
    "Authorize", AuthorizeRequest, AuthorizeResponse, BOTH
)
