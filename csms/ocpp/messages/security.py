"""Certificates of a station, and what it reports about its security (block A)."""

from typing import Annotated

from csms.ocpp.messages.common import CertificateHashData, GenericStatus, StatusInfo
from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    TO_STATION,
    Action,
    Instant,
    Integer,
    Wire,
    Word,
    text,
)


class CertificateSigningUse(Word):
    """What a certificate of a station is for; for both ends if it is not said.

    V2G certificates secure the talk with vehicles, the other that with this system.
    """

    CHARGING_STATION_CERTIFICATE = "ChargingStationCertificate"
    V2G_CERTIFICATE = "V2GCertificate"
    V2G20_CERTIFICATE = "V2G20Certificate"


class CertificateSignedStatus(Word):
    """Whether a station has taken a signed certificate."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class SecurityEventNotificationRequest(Wire):
    """Something happened that matters to security (A04)."""

    type: Annotated[str, text(50)]
    timestamp: Instant
    tech_info: Annotated[str, text(255)] | None = None


class SecurityEventNotificationResponse(Wire):
    """The event is noted."""


class SignCertificateRequest(Wire):
    """A station asks to have a certificate signed (A02, A03).

    Attributes:
        csr: The signing request (RFC 2986), in PEM.
        hash_root_certificate: Of the root that the certificate should lead to.
        request_id: What CertificateSigned will carry (2.1).
    """

    csr: Annotated[str, text(5500)]
    certificate_type: CertificateSigningUse | None = None
    hash_root_certificate: CertificateHashData | None = None
    request_id: Integer | None = None


class SignCertificateResponse(Wire):
    """Whether the signing request will be worked on; the certificate follows later."""

    status: GenericStatus
    status_info: StatusInfo | None = None


class CertificateSignedRequest(Wire):
    """Give a station the certificate it asked for (A02, A03).

    Attributes:
        certificate_chain: In PEM, the leaf first, then the authorities below the root.
        request_id: That of the SignCertificate (2.1).
    """

    certificate_chain: Annotated[str, text(10000)]
    certificate_type: CertificateSigningUse | None = None
    request_id: Integer | None = None


class CertificateSignedResponse(Wire):
    """Whether the station has taken the certificate."""

    status: CertificateSignedStatus
    status_info: StatusInfo | None = None


SECURITY_EVENT_NOTIFICATION: Action[
    SecurityEventNotificationRequest, SecurityEventNotificationResponse
] = Action(
    "SecurityEventNotification",
    SecurityEventNotificationRequest,
    SecurityEventNotificationResponse,
    BOTH,
    FROM_STATION,
)
SIGN_CERTIFICATE: Action[SignCertificateRequest, SignCertificateResponse] = Action(
    "SignCertificate",
    SignCertificateRequest,
    SignCertificateResponse,
    BOTH,
    FROM_STATION,
)
CERTIFICATE_SIGNED: Action[CertificateSignedRequest, CertificateSignedResponse] = (
    Action(
        "CertificateSigned",
        CertificateSignedRequest,
        CertificateSignedResponse,
        BOTH,
        TO_STATION,
    )
)
