"""Judges the contract certificates of vehicles: chain, validity, revocation (C07)."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog

from csms.clock import Clock
from csms.domain.certificate import CertificateHash, ContractStatus, RootUse
from csms.domain.ids import StationId
from csms.domain.station import StationNotice
from csms.services.ports.certificates import (
    Certificates,
    ChainBroken,
    ChainFault,
    Link,
    NoStatus,
    Source,
    StatusSource,
)
from csms.services.ports.pki import ContractProof, Revocation
from csms.services.roots import TrustStore

log = structlog.get_logger()

KIND = "ContractCertificate"
SEVERITY = 4
_CONTRACT_ROOTS = (RootUse.MO, RootUse.V2G)


class Notices(Protocol):
    """Whoever keeps what is noticed of stations."""

    def note(self, notice: StationNotice) -> None:
        """Keep it."""
        ...


@dataclass(frozen=True, slots=True)
class _Verdict:
    status: ContractStatus
    reason: str = ""


_ACCEPTED = _Verdict(ContractStatus.ACCEPTED)


@dataclass(frozen=True, slots=True)
class ContractJudge:
    """Judges contract certificates: the port ``ContractCheck``.

    Attributes:
        clock: Where business time comes from.
        trust: The trust store.
        certificates: Checks chains.
        statuses: Asks whether certificates are revoked.
        notices: Where refusals are kept.
        strict: Whether a certificate counts only if it could be asked about, where
            it says whom to ask.
    """

    clock: Clock
    trust: TrustStore
    certificates: Certificates
    statuses: StatusSource
    notices: Notices
    strict: bool

    async def judge(self, station: StationId, proof: ContractProof) -> ContractStatus:
        """Return what a contract certificate is worth, whatever its eMAID may do.

        A chain that cannot be verified, also for a wrong signature, is a
        ``CertChainError`` (C07.FR.17).
        """
        if not proof.shown:
            return ContractStatus.NO_CERTIFICATE_AVAILABLE
        verdict = await self._judge(proof)
        if verdict.status is not ContractStatus.ACCEPTED:
            now = self.clock.now()
            body = {"status": verdict.status.value, "reason": verdict.reason}
            self.notices.note(StationNotice(station, now, now, KIND, SEVERITY, body))
            log.info("contract.refused", station=station, **body)
        return verdict.status

    async def _judge(self, proof: ContractProof) -> _Verdict:
        links: tuple[Link, ...] = ()
        if proof.pem is not None:
            try:
                links = self._links(proof.pem)
            except ChainBroken as broken:
                return _broken(broken)
        questions = [_question(each) for each in links]
        asked = {each.hash.plain for each in links}
        questions += [
            _Question(each.hash, Source.OCSP, (each.responder,))
            for each in proof.hashes
            if each.hash.plain not in asked
        ]
        verdicts = await asyncio.gather(
            *(self._standing(each) for each in questions if each.urls)
        )
        return next(
            (
                each
                for status in _WORST_FIRST
                for each in verdicts
                if each.status is status
            ),
            _ACCEPTED,
        )

    def _links(self, pem: str) -> tuple[Link, ...]:
        roots = self.trust.pems(*_CONTRACT_ROOTS)
        helpers = self.trust.pems(RootUse.INTERMEDIATE)
        return tuple(self.certificates.chain(pem, roots, helpers, self.clock.now()))

    async def _standing(self, question: "_Question") -> _Verdict:
        """Judge whether one certificate of the chain is revoked (C07.FR.05)."""
        certificate = question.certificate
        try:
            answer = await self.statuses.ask(
                certificate, question.source, question.urls, question.issuers
            )
        except NoStatus as error:
            return self._unsure(str(error))
        if answer.status is Revocation.REVOKED:
            return _Verdict(
                ContractStatus.CERTIFICATE_REVOKED, f"{certificate.serial} is revoked"
            )
        if answer.status is Revocation.UNKNOWN:
            return self._unsure(f"the responder does not know {certificate.serial}")
        if not answer.verified:
            return self._unsure(
                f"nobody here knows the issuer of {certificate.serial}: add it to the "
                "trust store"
            )
        return _ACCEPTED

    def _unsure(self, reason: str) -> _Verdict:
        if self.strict:
            return _Verdict(ContractStatus.CERT_CHAIN_ERROR, reason)
        log.info("contract.unchecked", reason=reason)
        return _ACCEPTED


_WORST_FIRST = (
    ContractStatus.CERTIFICATE_REVOKED,
    ContractStatus.CERT_CHAIN_ERROR,
)


@dataclass(frozen=True, slots=True)
class _Question:
    certificate: CertificateHash
    source: Source
    urls: tuple[str, ...]
    issuers: tuple[bytes, ...] = ()


def _question(link: Link) -> _Question:
    if link.responders or not link.lists:
        return _Question(link.hash, Source.OCSP, link.responders, (link.issuer,))
    return _Question(link.hash, Source.CRL, link.lists, (link.issuer,))


def _broken(broken: ChainBroken) -> _Verdict:
    if broken.fault is ChainFault.EXPIRED:
        return _Verdict(ContractStatus.CERTIFICATE_EXPIRED, str(broken))
    return _Verdict(ContractStatus.CERT_CHAIN_ERROR, str(broken))
