"""From a station's signing request to its new certificate (A02, A03)."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

from csms.clock import Clock, pause
from csms.domain.ids import StationId
from csms.domain.signing import (
    CertificateState,
    CertificateUse,
    IssuedCertificate,
    SigningRequest,
    SigningState,
)
from csms.services.alarm import Alarm
from csms.services.ports.pki import (
    AuthorityAway,
    CertificateReader,
    NotYet,
    Signed,
    SigningAuthority,
    SigningOrder,
    SigningRefused,
    UnreadableRequest,
)
from csms.services.ports.profiles import Incident
from csms.services.ports.security import Connections, SecurityWire
from csms.services.ports.wire import NoAnswer, RefusedByStation, Reply
from csms.services.ports.work import Begin
from csms.services.stations import StationBook
from csms.services.together import together

log = structlog.get_logger()

MOST_OPEN: Final = 4
"""Requests of one station that are worked on at once; a fifth is rejected."""

AT_ONCE: Final = 16
"""Requests that are brought on at a time; a silent station holds up no other."""

AFTER_ANSWER_S: Final = 0.05
"""Real seconds between a request and our next call, so that its answer goes first."""

LOOK_S: Final = 5.0
"""Real seconds between two looks at what is due."""


@dataclass(frozen=True, slots=True)
class SigningPolicy:
    """What is signed, and how long it is tried.

    Attributes:
        organization: The O that a request must have: the operator's name (A00.FR.509).
        organizations: Others that are let pass, such as those of makers.
        again: How long after a failure the next try is, twice as long each time.
        most: After how many tries a request has failed.
    """

    organization: str
    organizations: frozenset[str] = frozenset()
    again: timedelta = timedelta(seconds=30)
    most: int = 8


@dataclass(frozen=True, slots=True)
class Taken:
    """What a station's request is answered (A02.FR.11, A02.FR.12).

    Attributes:
        accepted: Whether it will be worked on.
        reason: Why not; empty if it will.
    """

    accepted: bool
    reason: str = ""


class Signing:
    """Brings requests to the authority, and certificates to stations.

    Every step is kept before the next, so that a crash repeats a step and loses none.

    Args:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: Knows the stations and their serial numbers.
        reader: Reads requests and certificates.
        authority: Signs them.
        wire: Brings certificates to stations.
        connections: Knows which stations are here.
        policy: What is signed.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - it stands between all of these
        self,
        clock: Clock,
        begin: Begin,
        book: StationBook,
        reader: CertificateReader,
        authority: SigningAuthority,
        wire: SecurityWire,
        connections: Connections,
        policy: SigningPolicy,
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._book = book
        self._reader = reader
        self._authority = authority
        self._wire = wire
        self._connections = connections
        self._policy = policy
        self._news = Alarm()

    async def requested(
        self,
        station: StationId,
        csr: str,
        use: CertificateUse | None,
        request_id: int | None,
    ) -> Taken:
        """Take a station's request, or say why not.

        Args:
            station: Who asks.
            csr: The signing request, in PEM.
            use: What for; None if the station names no type: then for both ends.
            request_id: The station's number for it, if it gave one (A02.FR.24).
        """
        if flaw := self._flaw(station, csr):
            await self._note(station, "certificate.request_refused", flaw)
            return Taken(accepted=False, reason=flaw)
        now = self._clock.now()
        async with self._begin() as work:
            opened = await work.security.requests(station, opened=True)
            # The same request again, as A02.FR.17 has it: one answer is enough.
            for each in opened:
                if each.csr == csr:
                    again = replace(each, request_id=request_id, typed=use is not None)
                    await work.security.save_request(again)
                    self._news.ring()
                    return Taken(accepted=True)
            if len(opened) >= MOST_OPEN:
                return Taken(accepted=False, reason="earlier requests are under way")
            await work.security.add_request(
                SigningRequest(
                    0,
                    station,
                    use or CertificateUse.COMBINED,
                    csr,
                    SigningState.RECEIVED,
                    now,
                    now,
                    request_id=request_id,
                    typed=use is not None,
                )
            )
        self._news.ring()
        log.info("certificate.requested", station=station, use=use and use.value)
        return Taken(accepted=True)

    async def entered(self, station: StationId) -> None:
        """Bring a station that has come in what waits for it."""
        del station
        self._news.ring()

    async def run(self) -> None:
        """Work on what is due, for ever."""
        while True:
            await self._news.wait(LOOK_S)
            await pause(AFTER_ANSWER_S)
            await self.step()

    async def step(self) -> int:
        """Do the next step of every request that is due; return how many were."""
        async with self._begin() as work:
            opened = await work.security.requests(opened=True)
        now = self._clock.now()
        due = [each for each in reversed(opened) if each.due_at <= now]
        done = sum(await together(due, self._advance, at_once=AT_ONCE))
        if done:
            self._news.ring()
        return done

    async def _advance(self, request: SigningRequest) -> bool:
        """Do the next step of a request; tell whether there was one to do."""
        if request.state is not SigningState.SIGNED:
            await self._bring(request)
        elif self._connections.is_connected(request.station):
            await self._give(request)
        else:
            return False
        return True

    # To the authority

    async def _bring(self, request: SigningRequest) -> None:
        facts = self._reader.request(request.csr)
        order = SigningOrder(
            request.csr,
            request.use,
            facts.common_name,
            facts.organizations[0] if facts.organizations else "",
            request.reference,
        )
        try:
            answer = await self._authority.sign(order, self._clock.now())
        except SigningRefused as error:
            await self._fail(request, f"the authority refuses: {error}")
        except AuthorityAway as error:
            await self._later(request, f"the authority is away: {error}")
        else:
            match answer:
                case NotYet(reference, retry_s):
                    waiting = replace(
                        request,
                        state=SigningState.WAITING,
                        reference=reference,
                        due_at=self._clock.now() + timedelta(seconds=retry_s),
                    )
                    await self._save(waiting)
                case Signed(chain):
                    await self._keep(request, chain)

    async def _keep(self, request: SigningRequest, chain: str) -> None:
        """Keep the certificate before it is sent."""
        now = self._clock.now()
        try:
            issued = issued_from(self._reader, chain, request.use, self._authority.name)
        except ValueError as error:
            await self._fail(request, f"the authority's answer cannot be read: {error}")
            return
        issued = replace(issued, station=request.station, issued_at=now)
        signed = replace(
            request,
            state=SigningState.SIGNED,
            fingerprint=issued.fingerprint,
            attempts=0,
            due_at=now,
            reason="",
        )
        async with self._begin() as work:
            await work.security.keep_certificate(issued)
            await work.security.save_request(signed)
            said = {"use": issued.use.value, "fingerprint": issued.fingerprint}
            await work.access.audit(
                issued.authority, "certificate.issued", request.station, said, now
            )

    # To the station

    async def _give(self, request: SigningRequest) -> None:
        async with self._begin() as work:
            issued = await work.security.certificate(request.fingerprint or "")
        if issued is None or issued.state is CertificateState.REVOKED:
            await self._fail(request, "its certificate was revoked before it was sent")
            return
        if flaw := await self._too_long(request.station, issued.chain):
            await self._fail(request, flaw)
            return
        try:
            reply = await self._wire.give_certificate(
                request.station,
                issued.chain,
                request.use if request.typed else None,
                request.request_id,
            )
        except NoAnswer as error:
            await self._later(request, f"no answer: {error.kind}")
        except RefusedByStation as error:
            await self._later(request, f"{error.code} {error.description}".strip())
        else:
            await self._answered(request, issued, reply)

    async def _answered(
        self, request: SigningRequest, issued: IssuedCertificate, reply: Reply
    ) -> None:
        """Keep the station's yes or no; a no is final until it is asked again."""
        if not reply.accepted:
            reason = f"the station refuses it: {reply.info or reply.status}"
            await self._end(request, SigningState.REJECTED, reason)
            return
        now = self._clock.now()
        ended = replace(request, state=SigningState.ACCEPTED, reason="")
        async with self._begin() as work:
            await work.security.save_request(ended)
            await work.security.turn_certificate(
                issued.fingerprint, CertificateState.ACCEPTED
            )
            said = {"use": issued.use.value, "fingerprint": issued.fingerprint}
            await work.access.audit(
                "system", "certificate.accepted", request.station, said, now
            )
        log.info("certificate.accepted", station=request.station, use=issued.use.value)

    async def _too_long(self, station: StationId, chain: str) -> str:
        """Return what is wrong with a chain's size, by the station's own limit."""
        async with self._begin() as work:
            variables = await work.models.variables(station)
        for each in variables:
            name = each.key.component, each.key.variable
            if name == ("SecurityCtrlr", "MaxCertificateChainSize") and each.value:
                most = int(each.value) if each.value.isdigit() else 0
                if most and len(chain) > most:
                    return f"the chain has {len(chain)} characters, it takes {most}"
        return ""

    # Ends

    async def _later(self, request: SigningRequest, reason: str) -> None:
        tries = request.attempts + 1
        if tries >= self._policy.most:
            await self._fail(request, reason)
            return
        wait = self._policy.again * 2 ** (tries - 1)
        due = self._clock.now() + wait
        await self._save(replace(request, attempts=tries, due_at=due, reason=reason))

    async def _fail(self, request: SigningRequest, reason: str) -> None:
        await self._end(request, SigningState.FAILED, reason)

    async def _end(
        self, request: SigningRequest, state: SigningState, reason: str
    ) -> None:
        """End a request without success; an operator needs to know (A03)."""
        async with self._begin() as work:
            await work.security.save_request(
                replace(request, state=state, reason=reason)
            )
            if request.fingerprint is not None and state is SigningState.REJECTED:
                await work.security.turn_certificate(
                    request.fingerprint, CertificateState.REFUSED, reason=reason
                )
        await self._note(request.station, f"certificate.{state.value}", reason)

    async def _save(self, request: SigningRequest) -> None:
        async with self._begin() as work:
            await work.security.save_request(request)

    async def _note(self, station: StationId, kind: str, reason: str) -> None:
        now = self._clock.now()
        async with self._begin() as work:
            detail = {"reason": reason}
            await work.profiles.note(
                Incident(now, "warning", kind, station, None, None, detail)
            )
            await work.access.audit(station, kind, station, detail, now)
        log.warning(kind, station=station, reason=reason)

    def _flaw(self, station: StationId, csr: str) -> str:
        """Return what is wrong with a request; an empty text if nothing is."""
        try:
            facts = self._reader.request(csr)
        except UnreadableRequest as error:
            return str(error)
        known = self._book.station(station)
        serial = known.make.serial if known is not None and known.make else ""
        if facts.common_name not in {station, serial} - {""}:
            return f"it is for {facts.common_name or 'nobody'}, not for {station}"
        allowed = {self._policy.organization, *self._policy.organizations}
        if not allowed.intersection(facts.organizations):
            whose = ", ".join(facts.organizations) or "nothing"
            return f"its organization is {whose}, not {self._policy.organization}"
        return ""


def issued_from(
    reader: CertificateReader, chain: str, use: CertificateUse, authority: str
) -> IssuedCertificate:
    """Return what is kept of a chain that was just signed.

    Raises:
        ValueError: If it is no chain.
    """
    facts = reader.chain(chain)[0]
    return IssuedCertificate(
        fingerprint=facts.fingerprint,
        serial=facts.serial,
        use=use,
        station=None,
        subject=facts.subject,
        issuer=facts.issuer,
        not_before=facts.not_before,
        not_after=facts.not_after,
        chain=chain,
        state=CertificateState.ISSUED,
        issued_at=facts.not_before,
        authority=authority,
    )
