"""Block A: signing requests and security events, and the certificates that follow.

Two directions: ``Security`` answers stations, ``StationSecurity`` asks them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from csms.blocks.routing import Route, route
from csms.blocks.translating import FindLink, translated, words_of
from csms.clock import Clock
from csms.domain.ids import StationId
from csms.domain.security import SecurityEvent
from csms.domain.signing import CertificateUse
from csms.domain.station import StationNotice
from csms.ocpp.messages.common import GenericStatus, StatusInfo
from csms.ocpp.messages.security import (
    CERTIFICATE_SIGNED,
    SECURITY_EVENT_NOTIFICATION,
    SIGN_CERTIFICATE,
    CertificateSignedRequest,
    CertificateSigningUse,
    SecurityEventNotificationRequest,
    SecurityEventNotificationResponse,
    SignCertificateRequest,
    SignCertificateResponse,
)
from csms.services.ports.wire import Reply
from csms.services.signing import Taken

USES: Final = {
    CertificateSigningUse.CHARGING_STATION_CERTIFICATE: CertificateUse.STATION,
    CertificateSigningUse.V2G_CERTIFICATE: CertificateUse.V2G,
    CertificateSigningUse.V2G20_CERTIFICATE: CertificateUse.V2G20,
}
_WORDS: Final = {use: word for word, use in USES.items()}
REASON_CHARS: Final = 512


class Notices(Protocol):
    """Whoever keeps what stations tell of themselves."""

    def note(self, notice: StationNotice) -> None:
        """Keep it."""
        ...


class Events(Protocol):
    """Whoever keeps security events."""

    async def record(
        self, station: StationId, type_: str, tech_info: str, at: datetime
    ) -> SecurityEvent:
        """Keep an event; return what was made of it."""
        ...


class Signing(Protocol):
    """Whoever brings signing requests to an authority."""

    async def requested(
        self,
        station: StationId,
        csr: str,
        use: CertificateUse | None,
        request_id: int | None,
    ) -> Taken:
        """Take a station's request, or say why not."""
        ...


@dataclass(frozen=True, slots=True)
class Security:
    """Answers signing requests and security events.

    Attributes:
        events: Keeps security events.
        signing: Brings signing requests to an authority.
        notices: Shows events among what a station tells of itself.
        clock: Where business time comes from.
    """

    events: Events
    signing: Signing
    notices: Notices
    clock: Clock

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(SECURITY_EVENT_NOTIFICATION, self.security_event)
        yield route(SIGN_CERTIFICATE, self.sign_certificate)

    async def security_event(
        self, station: StationId, request: SecurityEventNotificationRequest
    ) -> SecurityEventNotificationResponse:
        """Keep a security event, then confirm it (A04.FR.02, A04.FR.03)."""
        tech_info = request.tech_info or ""
        event = await self.events.record(
            station, request.type, tech_info, request.timestamp
        )
        body = {"type": event.type, "techInfo": request.tech_info}
        self.notices.note(
            StationNotice(
                station,
                event.at,
                event.received_at,
                "SecurityEvent",
                event.severity,
                body,
            )
        )
        return SecurityEventNotificationResponse()

    async def sign_certificate(
        self, station: StationId, request: SignCertificateRequest
    ) -> SignCertificateResponse:
        """Take a signing request; the certificate follows by itself (A02, A03)."""
        kind = request.certificate_type
        taken = await self.signing.requested(
            station,
            request.csr,
            None if kind is None else USES[kind],
            request.request_id,
        )
        if taken.accepted:
            return SignCertificateResponse(status=GenericStatus.ACCEPTED)
        return SignCertificateResponse(
            status=GenericStatus.REJECTED,
            status_info=StatusInfo(
                reason_code="InvalidCSR", additional_info=taken.reason[:REASON_CHARS]
            ),
        )


@dataclass(frozen=True, slots=True)
class StationSecurity:
    """Asks stations about security: the port ``SecurityWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    async def give_certificate(
        self,
        station: StationId,
        chain: str,
        use: CertificateUse | None,
        request_id: int | None,
    ) -> Reply:
        """Give a station its certificate (A02, A03); ``None`` names no type."""
        request = CertificateSignedRequest(
            certificate_chain=chain,
            certificate_type=None if use is None else _WORDS.get(use),
            request_id=request_id,
        )
        answer = await translated(
            self.link(station),
            lambda link: link.ask(CERTIFICATE_SIGNED, request),
            station,
        )
        return _reply(answer.status.value, answer.status_info)


def _reply(status: str, info: StatusInfo | None) -> Reply:
    return Reply(status == "Accepted", status, words_of(info))
