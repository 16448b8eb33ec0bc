"""Certificates in stations and vehicles (block M)."""

from typing import Annotated

from pydantic import Field

from csms.ocpp.messages.authorization import OCSPRequestData
from csms.ocpp.messages.common import CertificateHashData, StatusInfo
from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    TO_STATION,
    V21_ONLY,
    Action,
    Instant,
    Many,
    Natural,
    Wire,
    Word,
    at_most,
    text,
)


class CertificateAction(Word):
    """Whether a vehicle gets its first contract certificate or the next."""

    INSTALL = "Install"
    UPDATE = "Update"


class Iso15118EVCertificateStatus(Word):
    """Whether a request of a vehicle could be answered."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"


class GetCertificateStatus(Word):
    """Whether the status of a certificate could be found out."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"


class CertificateStatusSource(Word):
    """Who says whether a certificate is revoked."""

    CRL = "CRL"
    OCSP = "OCSP"


class CertificateStatusEnum(Word):
    """Whether a certificate is revoked; Failed means that nobody could say."""

    GOOD = "Good"
    REVOKED = "Revoked"
    UNKNOWN = "Unknown"
    FAILED = "Failed"


class InstallCertificateUse(Word):
    """What a root certificate is trusted for."""

    V2G_ROOT_CERTIFICATE = "V2GRootCertificate"
    MO_ROOT_CERTIFICATE = "MORootCertificate"
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate"
    CSMS_ROOT_CERTIFICATE = "CSMSRootCertificate"
    OEM_ROOT_CERTIFICATE = "OEMRootCertificate"


class InstallCertificateStatus(Word):
    """Whether a certificate was installed."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    FAILED = "Failed"


class DeleteCertificateStatus(Word):
    """Whether a certificate was deleted."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_FOUND = "NotFound"


class GetCertificateIdUse(Word):
    """What an installed certificate is for."""

    V2G_ROOT_CERTIFICATE = "V2GRootCertificate"
    MO_ROOT_CERTIFICATE = "MORootCertificate"
    CSMS_ROOT_CERTIFICATE = "CSMSRootCertificate"
    V2G_CERTIFICATE_CHAIN = "V2GCertificateChain"
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate"
    OEM_ROOT_CERTIFICATE = "OEMRootCertificate"


class GetInstalledCertificateStatus(Word):
    """Whether there are such certificates."""

    ACCEPTED = "Accepted"
    NOT_FOUND = "NotFound"


class CertificateHashDataChain(Wire):
    """A certificate with what lies below it, by their hashes.

    Attributes:
        child_certificate_hash_data: From the leaf upward.
    """

    certificate_hash_data: CertificateHashData
    certificate_type: GetCertificateIdUse
    child_certificate_hash_data: (
        Annotated[Many[CertificateHashData], at_most(4)] | None
    ) = None


class CertificateStatusRequestInfo(Wire):
    """A certificate, and where to ask whether it is revoked."""

    certificate_hash_data: CertificateHashData
    source: CertificateStatusSource
    urls: Annotated[Many[Annotated[str, text(2000)]], at_most(5)]


class CertificateStatus(Wire):
    """Whether a certificate is revoked, and until when that holds."""

    certificate_hash_data: CertificateHashData
    source: CertificateStatusSource
    status: CertificateStatusEnum
    next_update: Instant


class Get15118EVCertificateRequest(Wire):
    """A vehicle asks for contract certificates (M01, M02).

    Attributes:
        exi_request: What the vehicle sent, in Base64; never to be altered.
        maximum_contract_certificate_chains: Only of ISO 15118-20, and needed there.
        prioritized_emaids: Whose certificates should come first.
    """

    iso15118_schema_version: Annotated[str, text(50)]
    action: CertificateAction
    exi_request: Annotated[str, text(11000)]
    maximum_contract_certificate_chains: Natural | None = None
    prioritized_emaids: (
        Annotated[Many[Annotated[str, text(255)]], at_most(8)] | None
    ) = Field(default=None, alias="prioritizedEMAIDs")


class Get15118EVCertificateResponse(Wire):
    """What the vehicle is to be answered.

    Attributes:
        exi_response: In Base64; empty if it failed.
        remaining_contracts: How many more can be had by asking again.
    """

    status: Iso15118EVCertificateStatus
    exi_response: Annotated[str, text(17000)]
    status_info: StatusInfo | None = None
    remaining_contracts: Natural | None = None


class GetCertificateStatusRequest(Wire):
    """A station asks whether a certificate is revoked (M06)."""

    ocsp_request_data: OCSPRequestData


class GetCertificateStatusResponse(Wire):
    """Whether a certificate is revoked.

    Attributes:
        ocsp_result: The answer of OCSP (RFC 6960), DER in Base64; absent if it failed.
    """

    status: GetCertificateStatus
    status_info: StatusInfo | None = None
    ocsp_result: Annotated[str, text(18000)] | None = None


class GetCertificateChainStatusRequest(Wire):
    """A station asks which certificates of a vehicle are revoked (block M, 2.1)."""

    certificate_status_requests: Annotated[
        Many[CertificateStatusRequestInfo], at_most(4)
    ]


class GetCertificateChainStatusResponse(Wire):
    """Which certificates are revoked."""

    certificate_status: Annotated[Many[CertificateStatus], at_most(4)]


class InstallCertificateRequest(Wire):
    """Install a root certificate (M05).

    Attributes:
        certificate: In PEM.
    """

    certificate_type: InstallCertificateUse
    certificate: Annotated[str, text(10000)]


class InstallCertificateResponse(Wire):
    """Whether the certificate was installed."""

    status: InstallCertificateStatus
    status_info: StatusInfo | None = None


class DeleteCertificateRequest(Wire):
    """Delete a certificate (M04)."""

    certificate_hash_data: CertificateHashData


class DeleteCertificateResponse(Wire):
    """Whether the certificate was deleted."""

    status: DeleteCertificateStatus
    status_info: StatusInfo | None = None


class GetInstalledCertificateIdsRequest(Wire):
    """Ask which certificates are installed (M03).

    Attributes:
        certificate_type: Without it, certificates of every type.
    """

    certificate_type: Many[GetCertificateIdUse] | None = None


class GetInstalledCertificateIdsResponse(Wire):
    """Which certificates are installed."""

    status: GetInstalledCertificateStatus
    status_info: StatusInfo | None = None
    certificate_hash_data_chain: Many[CertificateHashDataChain] | None = None


GET_15118_EV_CERTIFICATE: Action[
    Get15118EVCertificateRequest, Get15118EVCertificateResponse
] = Action(
    "Get15118EVCertificate",
    Get15118EVCertificateRequest,
    Get15118EVCertificateResponse,
    BOTH,
    FROM_STATION,
)
GET_CERTIFICATE_STATUS: Action[
    GetCertificateStatusRequest, GetCertificateStatusResponse
] = Action(
    "GetCertificateStatus",
    GetCertificateStatusRequest,
    GetCertificateStatusResponse,
    BOTH,
    FROM_STATION,
)
GET_CERTIFICATE_CHAIN_STATUS: Action[
    GetCertificateChainStatusRequest, GetCertificateChainStatusResponse
] = Action(
    "GetCertificateChainStatus",
    GetCertificateChainStatusRequest,
    GetCertificateChainStatusResponse,
    V21_ONLY,
    FROM_STATION,
)
INSTALL_CERTIFICATE: Action[InstallCertificateRequest, InstallCertificateResponse] = (
    Action(
        "InstallCertificate",
        InstallCertificateRequest,
        InstallCertificateResponse,
        BOTH,
        TO_STATION,
    )
)
DELETE_CERTIFICATE: Action[DeleteCertificateRequest, DeleteCertificateResponse] = (
    Action(
        "DeleteCertificate",
        DeleteCertificateRequest,
        DeleteCertificateResponse,
        BOTH,
        TO_STATION,
    )
)
GET_INSTALLED_CERTIFICATE_IDS: Action[
    GetInstalledCertificateIdsRequest, GetInstalledCertificateIdsResponse
] = Action(
    "GetInstalledCertificateIds",
    GetInstalledCertificateIdsRequest,
    GetInstalledCertificateIdsResponse,
    BOTH,
    TO_STATION,
)
