"""Answers for vehicles and their stations: contract certificates, revocation (M01-M07).

There is no pool of contracts here. What a vehicle asks goes to whoever runs one, and
comes back, unread.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

import structlog

from csms.clock import Clock
from csms.domain.certificate import CertificateHash
from csms.domain.ids import StationId
from csms.domain.station import EDITION_21, EDITION_201, StationNotice
from csms.services.ports.certificates import (
    ContractProvisioning,
    ContractRequest,
    NoContracts,
    NoStatus,
    Source,
    StatusAnswer,
    StatusSource,
)
from csms.services.ports.pki import Revocation
from csms.services.stations import StationBook

log = structlog.get_logger()

LONGEST_EXI = {EDITION_201: 5600, EDITION_21: 17_000}
LONGEST_OCSP = {EDITION_201: 5500, EDITION_21: 18_000}
"""Characters that the schemas take, in Base64."""
KEPT = timedelta(minutes=10)
MOST_WAITING = 1_000
SEVERITY_NOTICE, SEVERITY_WARNING = 6, 4


class Notices(Protocol):
    """Whoever keeps what is noticed of stations."""

    def note(self, notice: StationNotice) -> None:
        """Keep it."""
        ...


@dataclass(frozen=True, slots=True)
class ContractAnswer:
    """What a vehicle is to be answered.

    Attributes:
        exi: In Base64; none if it failed.
        remaining: How many more can be had by asking again; none if the vehicle did
            not say how many it takes.
        reason: Why it failed, in at most 20 characters.
        detail: The same for people.
    """

    exi: str | None
    remaining: int | None = None
    reason: str = ""
    detail: str = ""


@dataclass(slots=True)
class _Waiting:
    answers: list[str]
    until: datetime


class VehicleContracts:
    """Brings what vehicles ask to a pool of contracts, and the answers back.

    Args:
        clock: Where business time comes from.
        book: Knows which edition a station speaks.
        notices: Where every exchange is kept.
        pool: Whoever has contracts; none if nobody has.
    """

    def __init__(
        self,
        clock: Clock,
        book: StationBook,
        notices: Notices,
        pool: ContractProvisioning | None,
    ) -> None:
        self._clock = clock
        self._book = book
        self._notices = notices
        self._pool = pool
        self._waiting: dict[tuple[StationId, str], _Waiting] = {}

    async def answer(
        self, station: StationId, request: ContractRequest
    ) -> ContractAnswer:
        """Return what the vehicle is to be answered (M01, M02).

        A vehicle that takes several chains is given one after the other: the station
        asks the same again as long as more remain (M01.FR.04, M01.FR.07).
        """
        try:
            exi, remaining = await self._next(station, request)
            _check_length(exi, LONGEST_EXI[_edition(self._book, station)])
        except NoContracts as none:
            self._note(station, request, SEVERITY_WARNING, str(none))
            return ContractAnswer(None, reason=none.reason, detail=str(none))
        self._note(station, request, SEVERITY_NOTICE, "")
        return ContractAnswer(exi, remaining)

    async def _next(
        self, station: StationId, request: ContractRequest
    ) -> tuple[str, int | None]:
        if request.most is None:
            return (await self._ask(request))[0], None
        now = self._clock.now()
        self._forget(now)
        digest = sha256(f"{request.action}|{request.exi}".encode()).hexdigest()
        waiting = self._waiting.get((station, digest))
        if waiting is None:
            answers = list(await self._ask(request))[: max(request.most, 1)]
            waiting = _Waiting(answers, now + KEPT)
            self._waiting[station, digest] = waiting
        exi = waiting.answers.pop(0)
        if not waiting.answers:
            del self._waiting[station, digest]
        return exi, len(waiting.answers)

    async def _ask(self, request: ContractRequest) -> Sequence[str]:
        if self._pool is None:
            raise NoContracts(
                "NoContractPool",
                "nobody here has contracts: set CSMS_CONTRACT_POOL_URL",
            )
        answers = await self._pool.provide(request)
        if not answers:
            raise NoContracts("NoContract", "the pool has no contract for the vehicle")
        return answers

    def _forget(self, now: datetime) -> None:
        over = [key for key, each in self._waiting.items() if each.until < now]
        for key in over:
            del self._waiting[key]
        while len(self._waiting) >= MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]

    def _note(
        self, station: StationId, request: ContractRequest, severity: int, why: str
    ) -> None:
        """Keep that it was asked, and what came of it; never what was asked."""
        now = self._clock.now()
        body = {
            "action": request.action,
            "schema": request.schema,
            "status": "Failed" if why else "Accepted",
            "reason": why,
        }
        self._notices.note(
            StationNotice(station, now, now, "Get15118EVCertificate", severity, body)
        )
        log.info("contract.asked", station=station, **body)


@dataclass(frozen=True, slots=True)
class ChainQuestion:
    """One certificate of a vehicle's chain, and where to ask about it (M07)."""

    hash: CertificateHash
    source: Source
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """Whether one certificate is revoked; no status means that nobody could say."""

    question: ChainQuestion
    status: Revocation | None
    next_update: datetime


@dataclass(frozen=True, slots=True)
class CertificateStatuses:
    """Finds out for stations whether certificates are revoked (M06, M07).

    Attributes:
        clock: Where business time comes from.
        book: Knows which edition a station speaks.
        source: Asks responders and reads lists.
        notices: Where failures are kept.
        strict: Whether an answer counts only if its signature could be checked.
    """

    clock: Clock
    book: StationBook
    source: StatusSource
    notices: Notices
    strict: bool

    async def one(
        self, station: StationId, certificate: CertificateHash, responder: str
    ) -> StatusAnswer:
        """Return the answer of the responder, which the station hands on (M06).

        It is the station's own chain, and the vehicle checks the signature: an answer
        whose signer is not known here is handed on, one that is wrong is not.

        Raises:
            NoStatus: If there is none that could be handed on.
        """
        try:
            answer = await self.source.ask(certificate, Source.OCSP, (responder,))
            _check_size(answer, LONGEST_OCSP[_edition(self.book, station)])
        except NoStatus as none:
            self._note(station, "GetCertificateStatus", certificate, str(none))
            raise
        return answer

    async def many(
        self, station: StationId, questions: Sequence[ChainQuestion]
    ) -> Sequence[ChainStatus]:
        """Return the status of each certificate, in the order asked (M07)."""
        return await asyncio.gather(
            *(self._status(station, each) for each in questions)
        )

    async def _status(self, station: StationId, question: ChainQuestion) -> ChainStatus:
        try:
            answer = await self.source.ask(
                question.hash, question.source, question.urls
            )
            _check_signer(answer, strict=self.strict)
        except NoStatus as none:
            self._note(station, "GetCertificateChainStatus", question.hash, str(none))
            return ChainStatus(question, None, self.clock.now())
        return ChainStatus(question, answer.status, answer.next_update)

    def _note(
        self, station: StationId, kind: str, certificate: CertificateHash, why: str
    ) -> None:
        now = self.clock.now()
        body = {"serial": certificate.serial, "status": "Failed", "reason": why}
        self.notices.note(
            StationNotice(station, now, now, kind, SEVERITY_WARNING, body)
        )
        log.info("certificate.status_failed", station=station, action=kind, why=why)


def _edition(book: StationBook, station: StationId) -> str:
    known = book.station(station)
    return (known.edition if known else None) or EDITION_201


def _check_length(exi: str, longest: int) -> None:
    if len(exi) > longest:
        raise NoContracts(
            "TooLong", f"{len(exi)} characters; the station takes {longest}"
        )


def _check_size(answer: StatusAnswer, longest: int) -> None:
    characters = 4 * -(-len(answer.document) // 3)
    if characters > longest:
        raise NoStatus(f"the answer has {characters} characters; it takes {longest}")


def _check_signer(answer: StatusAnswer, *, strict: bool) -> None:
    if strict and not answer.verified:
        raise NoStatus("nobody here knows the issuer: add it to the trust store")
