"""What a participant is told, when, over which channel, and the proof of it."""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from csms.domain.ids import EventId, EvseId, ParticipantId

LINK_MARK = "{{opt-out-link}}"
"""Stands in a stored notice where the signed link goes; links are never stored."""


class NoticeKind(StrEnum):
    """What a notice is about."""

    CALLED = "called"
    REMINDER = "reminder"
    CANCELLED = "cancelled"
    RESULT = "result"


class Channel(StrEnum):
    """How a notice reaches its participant."""

    EMAIL = "email"
    INBOX = "inbox"


CARRIES_LINK = frozenset({NoticeKind.CALLED, NoticeKind.REMINDER})
"""Kinds of notice that offer the opt-out."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice in words.

    Attributes:
        subject: One line.
        text: The whole as plain text.
        html: The same for a reader that shows HTML.
    """

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One message owed to one participant over one channel.

    Attributes:
        id: Its name, made of what it is about; it is its Message-ID as well, so that a
            repeated delivery is recognized.
        event: The event it is about.
        participant: Who is told.
        kind: What about.
        channel: How.
        revision: The event's revision that it tells of.
        address: Where it goes; empty for the inbox.
        letter: The words; ``LINK_MARK`` stands for the signed link.
        created_at: When it was owed.
        attempts: How often delivery was tried and failed.
        next_attempt_at: Not to be tried before this instant.
        sent_at: When the next host accepted it: the proof.
        failed_at: When it was given up.
        error: What the last failed attempt met.
    """

    id: str
    event: "EventId"
    participant: "ParticipantId"
    kind: NoticeKind
    channel: Channel
    revision: int
    address: str
    letter: Letter
    created_at: "datetime"
    attempts: int = 0
    next_attempt_at: "datetime | None" = None
    sent_at: "datetime | None" = None
    failed_at: "datetime | None" = None
    error: str | None = None


def notice_id(
    event: "EventId",
    participant: "ParticipantId",
    kind: NoticeKind,
    channel: Channel,
    revision: int,
) -> str:
    """Return the one name of this notice, the same whenever it is asked for."""
    whole = "\n".join((event, participant, kind, channel, str(revision)))
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Part:
    """What one vehicle is asked for, as its driver reads it.

    Attributes:
        evse: At which EVSE.
        vehicle: The vehicle's name for people.
        power_kw: Expected power given back, as a magnitude.
        energy_kwh: Expected energy given back, as a magnitude.
        soc_end_pct: State of charge expected at the end, if known.
        floor_soc_pct: Least state of charge the driver allows.
        ready_at: When it has recovered what it needs, local time, if that is known.
        ready_soc_pct: State of charge it needs then.
        departure_at: The departure that this is for, local time, if there is one.
    """

    evse: "EvseId"
    vehicle: str
    power_kw: float
    energy_kwh: float
    soc_end_pct: float | None
    floor_soc_pct: float
    ready_at: "datetime | None" = None
    ready_soc_pct: float | None = None
    departure_at: "datetime | None" = None


@dataclass(frozen=True, slots=True)
class OptOutCost:
    """What opting out of one event costs, by the program's rules.

    Attributes:
        events: Number of events a season is expected to have.
        loss: Estimated loss by missing this one.
        season: Estimated payment for a season without misses.
        currency: ISO 4217 code.
    """

    events: int
    loss: "Decimal"
    season: "Decimal"
    currency: str


@dataclass(frozen=True, slots=True)
class PartResult:
    """How one vehicle fared, as its driver reads it.

    Attributes:
        evse: At which EVSE.
        vehicle: The vehicle's name for people.
        delivered_kwh: Energy given back, as a magnitude.
        planned_kwh: Energy that had been planned, as a magnitude.
        power_kw: Mean power over the event: what the program counts.
        outcome: The outcome's word.
        reasons: Why energy is missing: the reason's word and kilowatt-hours.
    """

    evse: "EvseId"
    vehicle: str
    delivered_kwh: float
    planned_kwh: float
    power_kw: float
    outcome: str
    reasons: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeContent:
    """Everything a letter about one event may say to one participant.

    Attributes:
        kind: What it is about.
        participant: The participant's name for people.
        language: BCP 47 tag to write in.
        event: The event's name for people.
        program: The program's name for people.
        caller: Who calls the event.
        starts_at: Start, in the site's zone.
        ends_at: End, in the site's zone.
        help_contact: Whom to ask.
        parts: What each vehicle is asked for.
        cost: What opting out costs, where the program's record tells.
        opt_out_note: What the program says of opting out.
        cancel_reason: Why the event was cancelled.
        results: How each vehicle fared.
        test: Whether the event is a test, which is never settled.
    """

    kind: NoticeKind
    participant: str
    language: str
    event: str
    program: str
    caller: str
    starts_at: "datetime"
    ends_at: "datetime"
    help_contact: str
    parts: tuple[Part, ...] = ()
    cost: OptOutCost | None = None
    opt_out_note: str = ""
    cancel_reason: str = ""
    results: tuple[PartResult, ...] = field(default=())
    test: bool = False

    @property
    def energy_kwh(self) -> float:
        """Return the expected energy of all vehicles, as a magnitude."""
        return sum(part.energy_kwh for part in self.parts)

    @property
    def power_kw(self) -> float:
        """Return the expected power of all vehicles, as a magnitude."""
        return sum(part.power_kw for part in self.parts)
