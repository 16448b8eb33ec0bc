"""Asks whether certificates are revoked, by OCSP and CRL, and remembers the answers.

Whoever asks gets an answer or ``NoStatus`` within the patience that is set; a silent
server, a forged answer and garbage are all the same to him.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from cryptography import x509

from csms.clock import Clock
from csms.domain.certificate import CertificateHash, Digest
from csms.pki.chains import (
    hash_of,
    lists_of,
    load_all,
    read_pem,
    responders_of,
    signed_by,
)
from csms.pki.fetching import Unfetched
from csms.pki.statuses import (
    Known,
    judge_list,
    ocsp_request,
    read_list,
    read_ocsp,
)
from csms.services.ports.certificates import NoStatus, Source, StatusAnswer
from csms.services.ports.pki import Revocation

log = structlog.get_logger()

OCSP_MEDIA = "application/ocsp-request"
MOST_OCSP, MOST_CRL = 64_000, 8_000_000
MOST_ANSWERS, MOST_LISTS = 10_000, 32
LEAST_PATIENCE_S = 0.5
MOST_AT_ONCE = 32

_Key = tuple[Source, CertificateHash, tuple[str, ...], bool]


class Fetch(Protocol):
    """Whoever fetches documents."""

    async def fetch(
        self, url: str, *, body: bytes | None, media: str, most: int
    ) -> bytes:
        """Return a document, or raise ``Unfetched``."""
        ...


@dataclass(frozen=True, slots=True)
class Trusted:
    """Certificates in PEM that answers are judged by.

    Attributes:
        roots: Whose word counts.
        helpers: What may lie between.
    """

    roots: Sequence[str] = ()
    helpers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RevocationPolicy:
    """How answers are sought.

    Attributes:
        patience_s: Real seconds that the search for one answer may take.
        fresh: How long an answer is remembered, if it does not end sooner by itself.
    """

    patience_s: float = 5.0
    fresh: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: StatusAnswer
    until: datetime


@dataclass(frozen=True, slots=True)
class _KeptList:
    document: x509.CertificateRevocationList
    until: datetime


class Revocations:
    """Asks responders and reads lists: the ports ``StatusSource``, ``RevocationCheck``.

    Args:
        clock: Where business time comes from.
        fetch: Fetches documents.
        trusted: Returns whom to trust now.
        policy: How answers are sought.
    """

    def __init__(
        self,
        clock: Clock,
        fetch: Fetch,
        trusted: Callable[[], Trusted],
        policy: RevocationPolicy,
    ) -> None:
        self._clock = clock
        self._fetch = fetch
        self._trusted = trusted
        self._policy = policy
        self._answers: dict[_Key, _Kept] = {}
        self._lists: dict[str, _KeptList] = {}
        self._asking: dict[_Key, asyncio.Task[StatusAnswer]] = {}
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def ask(
        self,
        certificate: CertificateHash,
        source: Source,
        urls: Sequence[str],
        issuers: Sequence[bytes] = (),
    ) -> StatusAnswer:
        """Return what the first address that answers well says.

        The same question is asked once at a time, and again when what was answered
        is no longer fresh.

        Args:
            certificate: About which.
            source: Whom to ask.
            urls: Where.
            issuers: Who is known to have issued it, in DER, beside the trust store.

        Raises:
            NoStatus: If none answers well.
        """
        return await self._remembered(certificate, source, urls, load_all(issuers))

    async def status(self, chain: Sequence[bytes]) -> Revocation:
        """Return the standing of a chain's first certificate (``RevocationCheck``).

        It is unknown where the certificate names nobody to ask, or nobody answers
        credibly.
        """
        found = load_all(chain)
        if not found:
            return Revocation.UNKNOWN
        first, known = found[0], self._known(())
        issuers = [*found[1:], *known.trusted, *known.helpers]
        issuer = next((each for each in issuers if signed_by(first, each)), None)
        if issuer is None:
            return Revocation.UNKNOWN
        named = hash_of(first, issuer, Digest.SHA256)
        for source, urls in (
            (Source.OCSP, responders_of(first)),
            (Source.CRL, lists_of(first)),
        ):
            if not urls:
                continue
            try:
                answer = await self._remembered(named, source, urls, (issuer,))
            except NoStatus as error:
                log.info("revocation.unknown", source=source.value, reason=str(error))
                continue
            if answer.status is not Revocation.UNKNOWN:
                return answer.status
        return Revocation.UNKNOWN

    async def _remembered(
        self,
        certificate: CertificateHash,
        source: Source,
        urls: Sequence[str],
        also: Sequence[x509.Certificate],
    ) -> StatusAnswer:
        key = (source, certificate.plain, tuple(urls), bool(also))
        kept = self._answers.get(key)
        if kept is not None and self._clock.now() < kept.until:
            return kept.answer
        task = self._asking.get(key)
        if task is None:
            seeking = self._seek(certificate, source, urls, also)
            task = self._asking[key] = asyncio.create_task(seeking)
            task.add_done_callback(lambda done: self._asked(key, done))
        return await asyncio.shield(task)

    def _asked(self, key: _Key, task: asyncio.Task[StatusAnswer]) -> None:
        self._asking.pop(key, None)
        if task.cancelled() or task.exception() is not None:
            return
        answer, now = task.result(), self._clock.now()
        until = min(answer.next_update, now + self._policy.fresh)
        while len(self._answers) >= MOST_ANSWERS:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = _Kept(answer, until)

    async def _seek(
        self,
        certificate: CertificateHash,
        source: Source,
        urls: Sequence[str],
        also: Sequence[x509.Certificate],
    ) -> StatusAnswer:
        reasons: list[str] = []
        each_s = max(self._policy.patience_s / max(len(urls), 1), LEAST_PATIENCE_S)
        for url in urls:
            try:
                async with asyncio.timeout(each_s), self._room:
                    if source is Source.OCSP:
                        return await self._by_ocsp(certificate, url, also)
                    return await self._by_list(certificate, url, also)
            except TimeoutError:
                reasons.append(f"{url}: no answer in {each_s:.1f} s")
            except Unfetched as error:
                reasons.append(str(error))
            except NoStatus as error:
                reasons.append(f"{url}: {error}")
        raise NoStatus("; ".join(reasons) or "there is nobody to ask")

    async def _by_ocsp(
        self, certificate: CertificateHash, url: str, also: Sequence[x509.Certificate]
    ) -> StatusAnswer:
        document = await self._fetch.fetch(
            url, body=ocsp_request(certificate), media=OCSP_MEDIA, most=MOST_OCSP
        )
        return read_ocsp(document, certificate, self._known(also), self._clock.now())

    async def _by_list(
        self, certificate: CertificateHash, url: str, also: Sequence[x509.Certificate]
    ) -> StatusAnswer:
        now = self._clock.now()
        kept = self._lists.get(url)
        if kept is None or now >= kept.until:
            document = await self._fetch.fetch(url, body=None, media="", most=MOST_CRL)
            found = read_list(document)
            answer = judge_list(found, certificate, self._known(also), now)
            while len(self._lists) >= MOST_LISTS:
                del self._lists[next(iter(self._lists))]
            until = min(answer.next_update, now + self._policy.fresh)
            self._lists[url] = _KeptList(found, until)
            return answer
        return judge_list(kept.document, certificate, self._known(also), now)

    def _known(self, also: Sequence[x509.Certificate]) -> Known:
        said = self._trusted()
        return Known(
            trusted=[*also, *(read_pem(each)[0] for each in said.roots)],
            helpers=[read_pem(each)[0] for each in said.helpers],
        )
