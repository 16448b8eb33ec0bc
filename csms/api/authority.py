"""Certificates that were issued, and the authority that issues them."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.api.stations import known_station
from csms.domain.ids import StationId
from csms.domain.signing import (
    CertificateState,
    CertificateUse,
    IssuedCertificate,
    SigningRequest,
    SigningState,
)
from csms.services.ports.pki import AuthorityShown
from csms.web.auth import Admin, NodeOf, Operator, Viewer
from csms.web.paging import Page

ROUTER = APIRouter(tags=["authority"], route_class=GuardedRoute)
OPEN = APIRouter(tags=["authority"])
"""What stations and others must reach without credentials: lists of what was revoked
(RFC 5280 wants them public; they are signed)."""

CREATED, NO_CONTENT, ACCEPTED = 201, 204, 202
LIST_MEDIA = "application/pkix-crl"
StationUse = Literal["station", "combined", "v2g", "v2g20"]


class IssuedItem(BaseModel):
    """A certificate that was issued here, or on our behalf."""

    model_config = ConfigDict(from_attributes=True)

    fingerprint: str
    serial: str
    use: CertificateUse
    station: str | None
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    state: CertificateState
    issued_at: datetime
    authority: str
    revoked_at: datetime | None
    reason: str


class IssuedDetail(IssuedItem):
    """A certificate with its chain."""

    chain: str = Field(description="PEM, the leaf first.")


class SigningItem(BaseModel):
    """What became of a station's request for a certificate."""

    id: int
    station: str
    use: CertificateUse
    state: SigningState
    received_at: datetime
    due_at: datetime
    request_id: int | None
    attempts: int
    fingerprint: str | None
    reason: str


class AuthorityItem(BaseModel):
    """A root or an intermediate of the built-in authority."""

    hierarchy: str
    use: CertificateUse
    generation: int
    subject: str
    fingerprint: str
    key: str
    not_before: datetime
    not_after: datetime
    pem: str


class IssueRequest(RequestBody):
    """A signing request that somebody brings by hand."""

    station: str
    csr: str = Field(max_length=20_000, description="PKCS #10, PEM.")
    use: StationUse = "station"


class RevokeRequest(RequestBody):
    """Why a certificate is taken back."""

    reason: str = Field(min_length=1, max_length=300)


class RotateRequest(RequestBody):
    """What is to be followed by the next."""

    hierarchy: Literal["ec", "rsa", "v2g", "v2g20"]
    use: Literal["root", "intermediate"]


class RenewRequest(RequestBody):
    """Which certificate a station is to renew."""

    use: StationUse = "station"


class RenewItem(BaseModel):
    """What a station says to being asked for a signing request."""

    status: str
    accepted: bool


@ROUTER.get("/issued-certificates", summary="List certificates that were issued")
async def list_issued(
    node: NodeOf,
    _caller: Viewer,
    station: str | None = None,
    use: CertificateUse | None = None,
    state: CertificateState | None = None,
) -> Page[IssuedItem]:
    """Return certificates, youngest first."""
    name = None if station is None else known_station(node, station)
    found = await node.security.certificates.list(station=name, use=use, state=state)
    return Page(items=[IssuedItem.model_validate(each) for each in found], next=None)


@ROUTER.post(
    "/issued-certificates", summary="Sign a request for a station", status_code=CREATED
)
async def issue(node: NodeOf, caller: Admin, wanted: IssueRequest) -> IssuedDetail:
    """Sign what somebody brings by hand, for a station that is new."""
    issued = await node.security.certificates.issue(
        wanted.csr, CertificateUse(wanted.use), StationId(wanted.station), caller.name
    )
    return _detail(issued)


@ROUTER.get("/issued-certificates/{fingerprint}", summary="Show a certificate")
async def show_issued(node: NodeOf, _caller: Viewer, fingerprint: str) -> IssuedDetail:
    """Return a certificate with its chain."""
    return _detail(await node.security.certificates.show(fingerprint))


@ROUTER.post(
    "/issued-certificates/{fingerprint}/revocation", summary="Revoke a certificate"
)
async def revoke(
    node: NodeOf, caller: Admin, fingerprint: str, wanted: RevokeRequest
) -> IssuedDetail:
    """Refuse a certificate from now on; who wears it is disconnected."""
    revoked = await node.security.certificates.revoke(
        fingerprint, wanted.reason, caller.name
    )
    return _detail(revoked)


@ROUTER.get("/signing-requests", summary="List what stations asked to have signed")
async def list_requests(
    node: NodeOf, _caller: Viewer, station: str | None = None
) -> Page[SigningItem]:
    """Return signing requests, youngest first."""
    name = None if station is None else known_station(node, station)
    found = await node.security.certificates.requests(name)
    return Page(items=[_request(each) for each in found], next=None)


@ROUTER.post(
    "/stations/{station}/certificate-renewal",
    summary="Have a station renew a certificate",
    status_code=ACCEPTED,
)
async def renew(
    node: NodeOf, caller: Operator, station: str, wanted: RenewRequest
) -> RenewItem:
    """Ask a station for a signing request (A02); its certificate follows by itself."""
    name = known_station(node, station)
    said = await node.security.renewal.renew(
        name, CertificateUse(wanted.use), caller.name
    )
    return RenewItem(status=said.status, accepted=said.accepted)


@ROUTER.get("/authority", summary="Show the built-in authority")
async def show_authority(node: NodeOf, _caller: Viewer) -> Page[AuthorityItem]:
    """Return every root and intermediate; those with the highest number sign."""
    found = node.security.certificates.authorities()
    return Page(items=[_authority(each) for each in found], next=None)


@ROUTER.post("/authority/rotation", summary="Make the next root or intermediate")
async def rotate(node: NodeOf, caller: Admin, wanted: RotateRequest) -> AuthorityItem:
    """Make the next one; what the former signed stays valid."""
    made = await node.security.certificates.rotate(
        wanted.hierarchy, CertificateUse(wanted.use), caller.name
    )
    return _authority(made)


@ROUTER.post(
    "/authority/reload",
    summary="Serve the certificates that are on disk now",
    status_code=NO_CONTENT,
)
async def reload(node: NodeOf, caller: Admin) -> None:
    """Have every port use what is on disk; open connections go on."""
    await node.security.certificates.reload_listeners(caller.name)


@OPEN.get("/pki/{name}.crl", summary="What one authority revoked", response_model=None)
async def revocation_list(node: NodeOf, name: str) -> Response:
    """Return a list of what was revoked, DER (RFC 5280)."""
    found = await node.security.certificates.revocation_list(name)
    return Response(found, media_type=LIST_MEDIA)


def _detail(issued: IssuedCertificate) -> IssuedDetail:
    return IssuedDetail.model_validate(issued)


def _request(request: SigningRequest) -> SigningItem:
    return SigningItem(
        id=request.id,
        station=request.station,
        use=request.use,
        state=request.state,
        received_at=request.received_at,
        due_at=request.due_at,
        request_id=request.request_id,
        attempts=request.attempts,
        fingerprint=request.fingerprint,
        reason=request.reason,
    )


def _authority(shown: AuthorityShown) -> AuthorityItem:
    return AuthorityItem(
        hierarchy=shown.hierarchy,
        use=shown.use,
        generation=shown.generation,
        subject=shown.facts.subject,
        fingerprint=shown.facts.fingerprint,
        key=shown.facts.key,
        not_before=shown.facts.not_before,
        not_after=shown.facts.not_after,
        pem=shown.pem,
    )
