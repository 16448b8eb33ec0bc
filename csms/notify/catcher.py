"""A mail server that delivers nothing: it keeps the last messages for people to see.

For demonstrations and tests only. It listens on loopback unless told otherwise, keeps
messages in memory, forgets the oldest, and never passes anything on.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from csms.clock import Clock

log = structlog.get_logger()

MOST_MESSAGES = 5_000
MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """One message as it arrived.

    Attributes:
        id: Grows with every message, from 1.
        to: Whom it was for.
        subject: Its subject.
        text: Its plain text.
        html: Its HTML; empty if it has none.
        message_id: Its Message-ID.
        received_at: When it arrived, in business time.
    """

    id: int
    to: str
    subject: str
    text: str
    html: str
    message_id: str
    received_at: datetime


class MailCatcher:
    """Takes every message that is handed to it.

    Args:
        clock: Where business time comes from.
        most: How many messages are kept.
    """

    def __init__(self, clock: Clock, *, most: int = MOST_MESSAGES) -> None:
        self._clock = clock
        self._messages: deque[CaughtMail] = deque(maxlen=most)
        self._numbers = count(1)
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Return the port it listens on; 0 while it does not."""
        if self._server is None:
            return 0
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Begin to listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(
                self, loop=loop, data_size_limit=MOST_BYTES, enable_SMTPUTF8=True
            ),
            host,
            port,
        )
        log.info("mail_catcher.started", host=host, port=self.port)

    async def stop(self) -> None:
        """Listen no more; what was caught stays."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def list(self, after: int = 0, limit: int = 500) -> Sequence[CaughtMail]:
        """Return messages younger than the last one seen, oldest first."""
        younger = [mail for mail in self._messages if mail.id > after]
        return younger[:limit]

    def find(self, number: int) -> CaughtMail | None:
        """Return one message, unless it is forgotten."""
        return next((mail for mail in self._messages if mail.id == number), None)

    def keep(self, to: str, content: bytes) -> CaughtMail:
        """Keep a message."""
        parsed = message_from_bytes(content, policy=policy.default)
        mail = CaughtMail(
            id=next(self._numbers),
            to=to,
            subject=str(parsed.get("Subject", "")),
            text=_part(parsed, "plain"),
            html=_part(parsed, "html"),
            message_id=str(parsed.get("Message-ID", "")).strip(),
            received_at=self._clock.now(),
        )
        self._messages.append(mail)
        return mail

    async def handle_DATA(  # noqa: N802 the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take what a client hands over."""
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        self.keep(", ".join(envelope.rcpt_tos), raw)
        return "250 kept, to be delivered nowhere"


def _part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body((subtype,))
    if body is None:
        return ""
    text: str = body.get_content()
    return text.replace("\r\n", "\n")
