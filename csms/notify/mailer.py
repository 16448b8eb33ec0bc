"""Send e-mail over SMTP, on one connection that is kept and reopened."""

import asyncio
import ssl
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

import aiosmtplib

from csms.clock import Clock
from csms.domain.notice import Letter
from csms.services.ports.notices import Undeliverable

Security = Literal["none", "starttls", "tls"]
PERMANENT = 500


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed over, and as whom.

    Attributes:
        host: Name or address of the server.
        port: Its port.
        security: No encryption, STARTTLS, or TLS from the first byte.
        user: Name to log in with; none for no login.
        password: Its password.
        patience_s: Real seconds that one answer may take.
    """

    host: str
    port: int
    security: Security = "starttls"
    user: str | None = None
    password: str | None = None
    patience_s: float = 10.0


class SmtpMailer:
    """Hands messages over to one SMTP server, one at a time.

    Args:
        server: Where.
        sender: The address that messages come from.
        sender_name: Its name for people.
        clock: Where business time comes from; it dates the messages.
    """

    def __init__(
        self, server: SmtpServer, sender: str, sender_name: str, clock: Clock
    ) -> None:
        self._server = server
        self._sender = sender
        self._sender_name = sender_name
        self._clock = clock
        self._client: aiosmtplib.SMTP | None = None
        self._turn = asyncio.Lock()

    async def send(self, to: str, letter: Letter, message_id: str) -> None:
        """Return once the server has accepted the message.

        Raises:
            Undeliverable: If it has not; whether it ever will is said by the error.
        """
        try:
            message = self._message(to, letter, message_id)
        except (ValueError, IndexError, MessageError) as error:
            raise Undeliverable(
                f"cannot be written to: {error}", permanent=True
            ) from None
        async with self._turn:
            client = await self._connected()
            try:
                await client.send_message(message)
            except aiosmtplib.SMTPRecipientsRefused as error:
                raise _refused(error.recipients[0]) from error
            except aiosmtplib.SMTPResponseException as error:
                raise _refused(error) from error
            except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
                await self._drop()
                raise Undeliverable(str(error), lost_contact=True) from error
            except asyncio.CancelledError:
                await self._drop()
                raise

    async def close(self) -> None:
        """Take leave of the server."""
        async with self._turn:
            client, self._client = self._client, None
            if client is not None and client.is_connected:
                try:
                    await client.quit()
                except (aiosmtplib.SMTPException, OSError):
                    client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.patience_s,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            username=server.user,
            password=server.password,
            tls_context=ssl.create_default_context(),
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Undeliverable(
                f"no contact with {server.host}:{server.port}: {error}",
                lost_contact=True,
            ) from error
        self._client = client
        return client

    async def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _message(self, to: str, letter: Letter, message_id: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = Address(self._sender_name, addr_spec=self._sender)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = message_id
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        return message


def _refused(
    error: aiosmtplib.SMTPResponseException | aiosmtplib.SMTPRecipientRefused,
) -> Undeliverable:
    reason = f"{error.code} {error.message}"
    return Undeliverable(reason, permanent=error.code >= PERMANENT)
