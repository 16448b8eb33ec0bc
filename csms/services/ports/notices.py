"""Notices as they are owed, sent and proved; links; and the way out of the house."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from csms.domain.ids import EventId, ParticipantId
from csms.domain.notice import Letter, Notice, NoticeContent, NoticeKind


@dataclass(frozen=True, slots=True)
class SignedLink:
    """What a link's token stands for; the token itself is never kept.

    Attributes:
        event: The event it speaks of.
        participant: Who may speak by it.
        expires_at: Until when.
    """

    event: EventId
    participant: ParticipantId
    expires_at: datetime


class NoticeStore(Protocol):
    """The notices and links of one unit of work."""

    async def owe(self, notices: Sequence[Notice]) -> int:
        """Keep notices that are not kept yet; return how many are new."""
        ...

    async def claim_unsent(self, now: datetime) -> Notice | None:
        """Return a due e-mail that nobody else holds, held until this work ends."""
        ...

    async def mark_sent(self, notice: str, at: datetime) -> None:
        """Keep the proof that it was accepted for delivery."""
        ...

    async def mark_failed(
        self, notice: str, error: str, *, again_at: datetime | None, at: datetime
    ) -> None:
        """Count a failed attempt, to be tried again then, or never."""
        ...

    async def next_attempt(self) -> datetime | None:
        """Return when the next unsent notice may be tried."""
        ...

    async def withdraw(
        self, event: EventId, kinds: Sequence[NoticeKind], error: str, at: datetime
    ) -> None:
        """Give up what is unsent of these kinds, but not what is being sent now.

        It waits for nobody.
        """
        ...

    async def of_event(self, event: EventId) -> Sequence[Notice]:
        """Return every notice of an event, oldest first."""
        ...

    async def of_participant(
        self,
        participant: ParticipantId,
        limit: int = 100,
        before: tuple[datetime, str] | None = None,
    ) -> Sequence[Notice]:
        """Return the participant's inbox, newest first.

        Args:
            participant: Whose inbox.
            limit: How many at most.
            before: Instant and id of the last one seen; older ones are returned.
        """
        ...

    async def notified(
        self, event: EventId, participant: ParticipantId, by: datetime
    ) -> bool:
        """Tell whether a notice of the event was accepted for delivery by then.

        An outward channel must have taken it; the inbox counts only for a participant
        without an address.
        """
        ...

    async def told(self, event: EventId, by: datetime) -> frozenset[ParticipantId]:
        """Return everyone who was notified of the event by then."""
        ...

    async def add_link(self, token_hash: bytes, link: SignedLink, at: datetime) -> None:
        """Keep what a token stands for, by the token's hash."""
        ...

    async def find_link(self, token_hash: bytes, now: datetime) -> SignedLink | None:
        """Return what a token stands for, unless it is unknown, expired or revoked."""
        ...

    async def mark_opened(self, token_hash: bytes, at: datetime) -> bool:
        """Keep when the link of a letter was first opened; tell whether it was now.

        The letter is the one that was accepted next after the link was made.
        """
        ...


class Undeliverable(Exception):
    """A message was not accepted for delivery.

    Attributes:
        permanent: Whether trying again is useless.
        lost_contact: Whether the mail server as a whole is out of reach.
    """

    def __init__(
        self, reason: str, *, permanent: bool = False, lost_contact: bool = False
    ) -> None:
        self.permanent = permanent
        self.lost_contact = lost_contact
        super().__init__(reason)


class Mailer(Protocol):
    """The way out for e-mail."""

    async def send(self, to: str, letter: Letter, message_id: str) -> None:
        """Return once the next host has accepted the message.

        Raises:
            Undeliverable: If it has not.
        """
        ...


class LetterWriter(Protocol):
    """Puts the content of a notice into words."""

    def write(self, content: NoticeContent) -> Letter:
        """Return the letter, with ``LINK_MARK`` where the signed link goes."""
        ...
