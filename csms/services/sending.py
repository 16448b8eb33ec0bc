"""Send what is owed, retry with patience, and keep the proof.

A notice stays locked while it is sent, so nobody else sends it; a crash unlocks it, and
it is sent again under the same Message-ID. Each attempt gets a link of its own, kept
before the message leaves, so that whichever copy arrives can be used.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from csms.clock import Clock
from csms.domain.facts import FactKind
from csms.domain.ids import EventId
from csms.domain.notice import CARRIES_LINK, LINK_MARK, Letter, Notice
from csms.services.alarm import Alarm
from csms.services.participation import LINK_LIFE, token_hash
from csms.services.ports.notices import Mailer, SignedLink, Undeliverable
from csms.services.ports.work import Begin, Work

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SendingPolicy:
    """How sending is paced, in real seconds: mail servers know no other.

    Attributes:
        patience_s: Longest a mail server may take for one message.
        poll_s: Longest time between two looks for unsent notices.
        rest_s: First pause after a failure; it doubles with each further one.
        longest_rest_s: Longest pause.
        attempts: How often a notice without a deadline is tried.
    """

    patience_s: float = 20.0
    poll_s: float = 2.0
    rest_s: float = 1.0
    longest_rest_s: float = 60.0
    attempts: int = 12


@dataclass(frozen=True, slots=True)
class NoticeSender:
    """Sends unsent notices, one after the other.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        mailer: The way out.
        public_url: What the signed links begin with.
        host: The right-hand side of Message-IDs.
        policy: How sending is paced.
        wake: Wakes it when something is owed.
        new_token: Draws the secret of a link; 256 bits.
    """

    clock: Clock
    begin: Begin
    mailer: Mailer
    public_url: str
    host: str = "csms.invalid"
    policy: SendingPolicy = SendingPolicy()
    wake: Alarm = field(default_factory=Alarm)
    new_token: Callable[[], str] = lambda: secrets.token_urlsafe(32)

    async def run(self) -> None:
        """Send until cancelled."""
        rest = self.policy.rest_s
        while True:
            try:
                while await self.step():
                    rest = self.policy.rest_s
            except Undeliverable:
                log.warning("mail.unreachable", rest_s=rest)
                await self.wake.wait(rest)
                rest = min(2 * rest, self.policy.longest_rest_s)
            except Exception:
                log.exception("notices.unsendable")
                await self.wake.wait(rest)
                rest = min(2 * rest, self.policy.longest_rest_s)
            else:
                await self.wake.wait(self.policy.poll_s)

    async def step(self) -> bool:
        """Send one notice that is due; tell whether there was one.

        Raises:
            Undeliverable: If the mail server is out of reach; the notice stays owed.
        """
        trouble: Undeliverable | None = None
        async with self.begin() as work:
            notice = await work.notices.claim_unsent(self.clock.now())
            if notice is None:
                return False
            try:
                if not await self._is_too_late(work, notice):
                    await self._send(notice)
                    await self._keep_proof(work, notice)
            except Undeliverable as error:
                await self._keep_failure(work, notice, error)
                trouble = error if error.lost_contact else None
        if trouble is not None:
            raise trouble
        return True

    async def _send(self, notice: Notice) -> None:
        letter = notice.letter
        if notice.kind in CARRIES_LINK:
            letter = await self._linked(notice)
        try:
            async with asyncio.timeout(self.policy.patience_s):
                await self.mailer.send(
                    notice.address, letter, f"<{notice.id}@{self.host}>"
                )
        except TimeoutError:
            raise Undeliverable("the mail server took too long") from None
        except Undeliverable:
            raise
        except Exception as error:
            # One message that cannot be sent must not hold up all others.
            raise Undeliverable(f"{type(error).__name__}: {error}") from error

    async def _linked(self, notice: Notice) -> Letter:
        token = self.new_token()
        now = self.clock.now()
        async with self.begin() as work:
            record = await work.events.find(notice.event)
            until = record.event.window.end if record else now
            link = SignedLink(notice.event, notice.participant, until + LINK_LIFE)
            await work.notices.add_link(token_hash(token), link, now)
        return with_link(notice.letter, f"{self.public_url.rstrip('/')}/p/{token}")

    async def _is_too_late(self, work: Work, notice: Notice) -> bool:
        """Give a notice up that asks for something which has begun."""
        if notice.kind not in CARRIES_LINK:
            return False
        now = self.clock.now()
        starts = await _start(work, notice.event)
        if starts is None or now < starts:
            return False
        await self._give_up(work, notice, "not sent before the event started", now)
        return True

    async def _keep_proof(self, work: Work, notice: Notice) -> None:
        now = self.clock.now()
        await work.notices.mark_sent(notice.id, now)
        await work.facts.add(FactKind.NOTICE_SENT, notice.id, _body(notice), now)
        log.info("notice.sent", notice=notice.id, kind=notice.kind)

    async def _keep_failure(
        self, work: Work, notice: Notice, error: Undeliverable
    ) -> None:
        now = self.clock.now()
        tries = notice.attempts + 1
        last = notice.kind not in CARRIES_LINK and tries >= self.policy.attempts
        if error.permanent or last:
            await self._give_up(work, notice, str(error), now)
            return
        rest = min(
            self.policy.rest_s * 2 ** min(notice.attempts, 16),
            self.policy.longest_rest_s,
        )
        again = now + timedelta(seconds=rest * self.clock.rate)
        await work.notices.mark_failed(notice.id, str(error), again_at=again, at=now)
        log.warning("notice.not_sent", notice=notice.id, error=str(error))

    async def _give_up(
        self, work: Work, notice: Notice, error: str, now: datetime
    ) -> None:
        await work.notices.mark_failed(notice.id, error, again_at=None, at=now)
        body = _body(notice) | {"error": error}
        await work.facts.add(FactKind.NOTICE_FAILED, notice.id, body, now)
        log.error("notice.failed", notice=notice.id, kind=notice.kind, error=error)


def with_link(letter: Letter, link: str) -> Letter:
    """Return the letter with its link in place of the mark."""
    return replace(
        letter,
        text=letter.text.replace(LINK_MARK, link),
        html=letter.html.replace(LINK_MARK, link),
    )


async def _start(work: Work, event: EventId) -> datetime | None:
    record = await work.events.find(event)
    return record.event.window.start if record else None


def _body(notice: Notice) -> dict[str, str]:
    return {
        "event": notice.event,
        "participant": notice.participant,
        "kind": notice.kind,
        "channel": notice.channel,
    }
