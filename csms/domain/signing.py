"""Certificates that were asked for and issued, and how far each has come."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from csms.domain.ids import StationId


class CertificateUse(StrEnum):
    """What a certificate is for."""

    STATION = "station"
    """The station's end of the talk with us (ChargingStationCertificate)."""
    COMBINED = "combined"
    """Both ends of a station; it says no type when it asks."""
    V2G = "v2g"
    """The talk with vehicles by ISO 15118-2 (V2GCertificate)."""
    V2G20 = "v2g20"
    """The talk with vehicles by ISO 15118-20 (V2G20Certificate, 2.1)."""
    SERVER = "server"
    """Our end of the talk with stations."""
    INTERMEDIATE = "intermediate"
    ROOT = "root"


class CertificateState(StrEnum):
    """How far a certificate has come."""

    ISSUED = "issued"
    """It is signed; whoever asked for it has not taken it yet."""
    ACCEPTED = "accepted"
    """The station has taken it."""
    ACTIVE = "active"
    """It was used: the station came in with it, or it is one of ours."""
    REFUSED = "refused"
    """The station did not take it."""
    SUPERSEDED = "superseded"
    """A later one is active."""
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate that was issued here or on our behalf.

    Attributes:
        fingerprint: SHA-256 over its DER, in hexadecimal.
        serial: Its serial number, in hexadecimal.
        use: What it is for.
        station: Whose it is; None for our own.
        subject: Its subject, as RFC 4514 writes it.
        issuer: Its issuer, likewise.
        not_before: From when on it is valid.
        not_after: Until when it is valid.
        chain: PEM, the leaf first, then the authorities below the root.
        state: How far it has come.
        issued_at: When it was issued.
        authority: Who issued it: ``built-in`` or an outside authority's name.
        revoked_at: When it was revoked; None if it was not.
        reason: Why it was revoked or refused.
    """

    fingerprint: str
    serial: str
    use: CertificateUse
    station: StationId | None
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    chain: str
    state: CertificateState
    issued_at: datetime
    authority: str
    revoked_at: datetime | None = None
    reason: str = ""


class SigningState(StrEnum):
    """How far the request of a station for a certificate has come (A02, A03)."""

    RECEIVED = "received"
    """It is to be brought to the authority."""
    WAITING = "waiting"
    """The authority has it and has not decided."""
    SIGNED = "signed"
    """The certificate is to be sent to the station."""
    ACCEPTED = "accepted"
    """The station has taken the certificate."""
    REJECTED = "rejected"
    """The station has not taken the certificate."""
    FAILED = "failed"
    """The authority refused it, or it could not be delivered."""
    SUPERSEDED = "superseded"
    """The station asked again."""

    @property
    def is_open(self) -> bool:
        """Tell whether something is left to do."""
        return self in {
            SigningState.RECEIVED,
            SigningState.WAITING,
            SigningState.SIGNED,
        }


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """A station asks for a certificate.

    Attributes:
        id: Its number.
        station: Who asks.
        use: What for.
        csr: The signing request (RFC 2986), in PEM.
        state: How far it has come.
        received_at: When it came.
        due_at: When the next step is due.
        request_id: The station's number for it (2.1); None if it gave none.
        typed: Whether the station named the type of certificate (A02.FR.14).
        attempts: How often the present step was tried.
        reference: The authority's name for it, while it waits there.
        fingerprint: Of the certificate, once there is one.
        reason: What stands in its way, or why it ended, for people.
    """

    id: int
    station: StationId
    use: CertificateUse
    csr: str
    state: SigningState
    received_at: datetime
    due_at: datetime
    request_id: int | None = None
    typed: bool = True
    attempts: int = 0
    reference: str | None = None
    fingerprint: str | None = None
    reason: str = ""
