"""A mail server of the test's own, which outlives every node."""

from aiosmtpd.smtp import SMTP, Envelope, Session

from csms.clock import Clock
from csms.notify.catcher import MailCatcher


class PostOffice(MailCatcher):
    """Keeps every letter, except those to addresses that it does not know.

    Args:
        clock: Where business time comes from.
        unknown: Addresses that it refuses.
    """

    def __init__(self, clock: Clock, unknown: frozenset[str]) -> None:
        super().__init__(clock)
        self._unknown = unknown

    async def handle_RCPT(  # noqa: N802 the name is aiosmtpd's
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take a letter for an address, or refuse it."""
        if address in self._unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 ok"
