"""Who may charge (block C)."""

from typing import Annotated

from pydantic import Field

from csms.ocpp.messages.common import (
    EnergyTransferMode,
    HashAlgorithm,
    IdToken,
    IdTokenInfo,
    StatusInfo,
)
from csms.ocpp.messages.tariffs import Tariff
from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    TO_STATION,
    Action,
    Many,
    Wire,
    Word,
    at_most,
    text,
)


class AuthorizeCertificateStatus(Word):
    """What became of a contract certificate."""

    ACCEPTED = "Accepted"
    SIGNATURE_ERROR = "SignatureError"
    CERTIFICATE_EXPIRED = "CertificateExpired"
    CERTIFICATE_REVOKED = "CertificateRevoked"
    NO_CERTIFICATE_AVAILABLE = "NoCertificateAvailable"
    CERT_CHAIN_ERROR = "CertChainError"
    CONTRACT_CANCELLED = "ContractCancelled"


class ClearCacheStatus(Word):
    """Whether the authorization cache was cleared."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


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


class ClearCacheRequest(Wire):
    """Clear the authorization cache (C11)."""


class ClearCacheResponse(Wire):
    """Whether the authorization cache was cleared."""

    status: ClearCacheStatus
    status_info: StatusInfo | None = None


AUTHORIZE: Action[AuthorizeRequest, AuthorizeResponse] = Action(
    "Authorize", AuthorizeRequest, AuthorizeResponse, BOTH, FROM_STATION
)
CLEAR_CACHE: Action[ClearCacheRequest, ClearCacheResponse] = Action(
    "ClearCache", ClearCacheRequest, ClearCacheResponse, BOTH, TO_STATION
)
