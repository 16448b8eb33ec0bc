"""Block M: certificates of stations and vehicles."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from csms.blocks.routing import Route, route
from csms.blocks.translating import FindLink, translated, words_of
from csms.domain.certificate import CertificateHash, Digest, Installed, RootUse
from csms.domain.ids import StationId
from csms.ocpp.link import Link, Priority
from csms.ocpp.messages.authorization import OCSPRequestData
from csms.ocpp.messages.certificates import (
    DELETE_CERTIFICATE,
    GET_15118_EV_CERTIFICATE,
    GET_CERTIFICATE_CHAIN_STATUS,
    GET_CERTIFICATE_STATUS,
    GET_INSTALLED_CERTIFICATE_IDS,
    INSTALL_CERTIFICATE,
    CertificateHashDataChain,
    CertificateStatus,
    CertificateStatusEnum,
    CertificateStatusRequestInfo,
    DeleteCertificateRequest,
    Get15118EVCertificateRequest,
    Get15118EVCertificateResponse,
    GetCertificateChainStatusRequest,
    GetCertificateChainStatusResponse,
    GetCertificateIdUse,
    GetCertificateStatus,
    GetCertificateStatusRequest,
    GetCertificateStatusResponse,
    GetInstalledCertificateIdsRequest,
    GetInstalledCertificateStatus,
    InstallCertificateRequest,
    InstallCertificateUse,
    Iso15118EVCertificateStatus,
)
from csms.ocpp.messages.common import CertificateHashData, HashAlgorithm, StatusInfo
from csms.ocpp.wire import A, Action, Q
from csms.services.ports.certificates import (
    ContractRequest,
    InstalledReport,
    NoStatus,
    Source,
    StatusAnswer,
)
from csms.services.ports.pki import Revocation
from csms.services.ports.wire import Reply
from csms.services.vehicle_certificates import (
    ChainQuestion,
    ChainStatus,
    ContractAnswer,
)

_INFO = 500
"""Characters of additionalInfo that either edition takes (512)."""
_STATUSES = {
    Revocation.GOOD: CertificateStatusEnum.GOOD,
    Revocation.REVOKED: CertificateStatusEnum.REVOKED,
    Revocation.UNKNOWN: CertificateStatusEnum.UNKNOWN,
    None: CertificateStatusEnum.FAILED,
}


class Contracts(Protocol):
    """Whoever has contract certificates for vehicles."""

    async def answer(
        self, station: StationId, request: ContractRequest
    ) -> ContractAnswer:
        """Return what the vehicle is to be answered."""
        ...


class Statuses(Protocol):
    """Whoever finds out whether certificates are revoked."""

    async def one(
        self, station: StationId, certificate: CertificateHash, responder: str
    ) -> StatusAnswer:
        """Return the answer of a responder, or raise ``NoStatus``."""
        ...

    async def many(
        self, station: StationId, questions: Sequence[ChainQuestion]
    ) -> Sequence[ChainStatus]:
        """Return the status of each certificate, in the order asked."""
        ...


@dataclass(frozen=True, slots=True)
class CertificateAnswers:
    """Answers what stations ask about certificates.

    Attributes:
        contracts: Has contract certificates for vehicles.
        statuses: Finds out whether certificates are revoked.
    """

    contracts: Contracts
    statuses: Statuses

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route(GET_15118_EV_CERTIFICATE, self.ev_certificate)
        yield route(GET_CERTIFICATE_STATUS, self.certificate_status)
        yield route(GET_CERTIFICATE_CHAIN_STATUS, self.chain_status)

    async def ev_certificate(
        self, station: StationId, request: Get15118EVCertificateRequest
    ) -> Get15118EVCertificateResponse:
        """Answer a vehicle that wants contract certificates (M01, M02)."""
        answer = await self.contracts.answer(
            station,
            ContractRequest(
                request.iso15118_schema_version,
                request.action.value,
                request.exi_request,
                request.maximum_contract_certificate_chains,
                tuple(request.prioritized_emaids or ()),
            ),
        )
        if answer.exi is None:
            return Get15118EVCertificateResponse(
                status=Iso15118EVCertificateStatus.FAILED,
                exi_response="",
                status_info=_info(answer.reason, answer.detail),
            )
        return Get15118EVCertificateResponse(
            status=Iso15118EVCertificateStatus.ACCEPTED,
            exi_response=answer.exi,
            remaining_contracts=answer.remaining,
        )

    async def certificate_status(
        self, station: StationId, request: GetCertificateStatusRequest
    ) -> GetCertificateStatusResponse:
        """Answer whether a certificate of a station is revoked (M06).

        ``Accepted`` means that there is an answer, not that it is a good one.
        """
        asked = request.ocsp_request_data
        try:
            answer = await self.statuses.one(
                station, hash_from(asked), asked.responder_url
            )
        except NoStatus as none:
            return GetCertificateStatusResponse(
                status=GetCertificateStatus.FAILED,
                status_info=_info("NoOCSPAnswer", str(none)),
            )
        return GetCertificateStatusResponse(
            status=GetCertificateStatus.ACCEPTED,
            ocsp_result=b64encode(answer.document).decode(),
        )

    async def chain_status(
        self, station: StationId, request: GetCertificateChainStatusRequest
    ) -> GetCertificateChainStatusResponse:
        """Answer which certificates of a vehicle are revoked (M07)."""
        asked = request.certificate_status_requests
        found = await self.statuses.many(station, [_question(each) for each in asked])
        return GetCertificateChainStatusResponse(
            certificate_status=tuple(
                CertificateStatus(
                    certificate_hash_data=said.certificate_hash_data,
                    source=said.source,
                    status=_STATUSES[each.status],
                    next_update=each.next_update,
                )
                for said, each in zip(asked, found, strict=True)
            )
        )


@dataclass(frozen=True, slots=True)
class StationCertificateWire:
    """Installs, deletes and lists certificates: the port ``CertificateWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    async def installed(
        self, station: StationId, uses: Sequence[str] = ()
    ) -> InstalledReport:
        """Return what a station holds of some uses, or of all (M03)."""
        wanted = tuple(GetCertificateIdUse(each) for each in uses)
        answer = await self._ask(
            station,
            GET_INSTALLED_CERTIFICATE_IDS,
            GetInstalledCertificateIdsRequest(certificate_type=wanted or None),
        )
        return InstalledReport(
            answer.status is GetInstalledCertificateStatus.ACCEPTED,
            tuple(
                _installed(each) for each in answer.certificate_hash_data_chain or ()
            ),
        )

    async def install(self, station: StationId, use: RootUse, pem: str) -> Reply:
        """Give a station a root (M05)."""
        answer = await self._ask(
            station,
            INSTALL_CERTIFICATE,
            InstallCertificateRequest(
                certificate_type=InstallCertificateUse(use.value), certificate=pem
            ),
        )
        return _reply(answer.status.value, answer.status_info)

    async def delete(self, station: StationId, certificate: CertificateHash) -> Reply:
        """Let a station forget a certificate, by its own hashes (M04.FR.07)."""
        answer = await self._ask(
            station,
            DELETE_CERTIFICATE,
            DeleteCertificateRequest(
                certificate_hash_data=CertificateHashData(
                    hash_algorithm=HashAlgorithm(certificate.digest.value),
                    issuer_name_hash=certificate.issuer_name,
                    issuer_key_hash=certificate.issuer_key,
                    serial_number=certificate.serial,
                )
            ),
        )
        return _reply(answer.status.value, answer.status_info)

    async def _ask(self, station: StationId, action: Action[Q, A], request: Q) -> A:
        async def call(link: Link) -> A:
            return await link.ask(action, request, priority=Priority.ROUTINE)

        return await translated(self.link(station), call, station)


class CertificateChecks(Protocol):
    """Whoever decides which certificates may go to a station, and which may leave."""

    async def check_raw_install(
        self, station: StationId, use: RootUse, pem: str
    ) -> None:
        """Raise why a root must not be sent, if it must not."""
        ...

    async def check_raw_delete(
        self, station: StationId, named: CertificateHash
    ) -> None:
        """Raise why a certificate must not be deleted, if it must not."""
        ...


@dataclass(frozen=True, slots=True)
class CertificateGuard:
    """Holds commands that are sent as they are against the rules of certificates.

    Attributes:
        checks: Decides.
    """

    checks: CertificateChecks

    async def permit(
        self, station: StationId, action: str, payload: dict[str, Any]
    ) -> None:
        """Raise why a command must not be sent, if it must not."""
        if action == DELETE_CERTIFICATE.name:
            gone = DeleteCertificateRequest.read(payload).certificate_hash_data
            await self.checks.check_raw_delete(station, hash_from(gone))
        elif action == INSTALL_CERTIFICATE.name:
            sent = InstallCertificateRequest.read(payload)
            use = RootUse(sent.certificate_type.value)
            await self.checks.check_raw_install(station, use, sent.certificate)


def hash_from(said: CertificateHashData | OCSPRequestData) -> CertificateHash:
    """Read a certificate by its hashes."""
    return CertificateHash(
        Digest(said.hash_algorithm.value),
        said.issuer_name_hash,
        said.issuer_key_hash,
        said.serial_number,
    )


def _installed(said: CertificateHashDataChain) -> Installed:
    return Installed(
        said.certificate_type.value,
        hash_from(said.certificate_hash_data),
        tuple(hash_from(each) for each in said.child_certificate_hash_data or ()),
    )


def _question(said: CertificateStatusRequestInfo) -> ChainQuestion:
    return ChainQuestion(
        hash_from(said.certificate_hash_data),
        Source(said.source.value),
        tuple(said.urls),
    )


def _reply(status: str, info: StatusInfo | None) -> Reply:
    return Reply(status == "Accepted", status, words_of(info))


def _info(reason: str, detail: str) -> StatusInfo:
    return StatusInfo(reason_code=reason, additional_info=detail[:_INFO] or None)
