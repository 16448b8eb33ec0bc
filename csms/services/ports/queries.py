"""What people look at: read models; the questions are in ``ports.views``.

Signs are those of the domain: power and energy are negative where a vehicle gives back.
Live values are not here: they are in memory (``services.live``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csms.domain.enrollment import Enrollment
from csms.domain.event import Stage
from csms.domain.ids import (
    EventId,
    EvseId,
    ParticipantId,
    ProgramId,
    SiteId,
    StationId,
    VehicleId,
)
from csms.domain.interval import Interval
from csms.domain.notice import Channel, NoticeKind
from csms.domain.participant import Participant, ParticipantKind
from csms.domain.site import Site
from csms.domain.station import Evse, Standing
from csms.domain.units import Energy, Power
from csms.domain.vehicle import Vehicle
from csms.services.ports.events import EventRecord, Member


@dataclass(frozen=True, slots=True)
class StationFilter:
    """Which stations are wanted; what is none or empty does not matter.

    Attributes:
        status: ``connected``, ``offline``, or a standing.
        text: Something that occurs in its id, make, site or participant, whatever
            its case.
    """

    site: SiteId | None = None
    participant: ParticipantId | None = None
    status: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class EvseRow:
    """An EVSE and what parks there."""

    evse: Evse
    vehicle_name: str | None


@dataclass(frozen=True, slots=True)
class StationRow:
    """A station as a list shows it.

    Attributes:
        provisioned: Whether it was provisioned as the make it is now.
        connected: Whether it has a socket, as last written down.
        deviations: In how many ways it has departed from the standard.
        evses: By number.
    """

    id: StationId
    site: SiteId
    site_name: str
    timezone: str
    participant: ParticipantId
    participant_name: str
    vendor: str | None
    model: str | None
    firmware: str | None
    edition: str | None
    standing: Standing
    provisioned: bool
    connected: bool
    last_seen_at: datetime | None
    deviations: int
    evses: tuple[EvseRow, ...]


@dataclass(frozen=True, slots=True)
class NoticeCounts:
    """How far an event's outward notices have come."""

    sent: int = 0
    failed: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event and what became of it, in figures.

    Attributes:
        record: The event.
        members: EVSEs that are enrolled, excluded ones among them.
        excluded: EVSEs that were excluded beforehand.
        opted_out: EVSEs whose participant opted out.
        planned_power: Sum of what was planned, zero or negative.
        planned: The energy of it, zero or negative.
        delivered: Energy by the meters, zero or negative; none before it is settled.
        notices: Notices over outward channels.
    """

    record: EventRecord
    members: int
    excluded: int
    opted_out: int
    planned_power: Power
    planned: Energy
    delivered: Energy | None
    notices: NoticeCounts


@dataclass(frozen=True, slots=True)
class Pulse:
    """The little of an event that changes while it runs.

    Attributes:
        stage: How far it has come.
        window: From when to when.
        revision: Of its newest plan; none before the first.
        members: EVSEs that are enrolled, excluded ones among them.
        planned: What was planned, zero or negative.
        delivered: By the accounts, zero or negative; none before it is settled.
        released: How many EVSEs are dispatched no more, by the word for why.
        states: How many EVSEs are where on their way, by the last word of it.
        outcomes: How many EVSEs ended how.
    """

    stage: Stage
    window: Interval
    revision: int | None
    members: int
    excluded: int
    opted_out: int
    planned: Energy
    delivered: Energy | None
    released: Mapping[str, int]
    states: Mapping[str, int]
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One EVSE's part in an event, with names."""

    member: Member
    participant_name: str
    participant_kind: ParticipantKind
    site_name: str
    timezone: str
    vehicle: VehicleId | None
    vehicle_name: str | None
    vendor: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice and the evidence of it, without its words.

    Attributes:
        sent_at: When the next host accepted it.
        opened_at: When its link was first opened.
        attempts: How often delivery failed.
        error: What the last failed attempt met.
    """

    id: str
    event: EventId | None
    participant: ParticipantId
    participant_name: str
    kind: NoticeKind
    channel: Channel
    address: str
    subject: str
    created_at: datetime
    sent_at: datetime | None
    failed_at: datetime | None
    opened_at: datetime | None
    attempts: int
    error: str | None

    @property
    def outcome(self) -> str:
        """Return ``sent``, ``failed`` or ``waiting``."""
        if self.sent_at is not None:
            return "sent"
        return "waiting" if self.failed_at is None else "failed"


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What the members of an event did together in one quarter of an hour.

    Attributes:
        start: When the quarter starts.
        exported: Energy given back, as a magnitude.
        imported: Energy taken, as a magnitude.
        evses: How many EVSEs these figures are known of.
    """

    start: datetime
    exported: Energy
    imported: Energy
    evses: int


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site with what stands there."""

    site: Site
    participant_name: str
    stations: int
    evses: int


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """A participant with what it lends."""

    participant: Participant
    sites: int
    vehicles: int
    evses: int
    programs: tuple[ProgramId, ...]


@dataclass(frozen=True, slots=True)
class VehicleRow:
    """A vehicle, whose it is and where it parks by default."""

    vehicle: Vehicle
    participant_name: str
    evse: EvseId | None
    site: SiteId | None
    timezone: str | None


@dataclass(frozen=True, slots=True)
class EnrollmentRow:
    """An enrollment with names."""

    enrollment: Enrollment
    participant_name: str
    site: SiteId
    vendor: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """Something that a person should know of, numbered."""

    id: int
    at: datetime
    severity: str
    kind: str
    station: StationId | None
    evse: int | None
    event: EventId | None
    detail: Mapping[str, Any]
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attention:
    """What waits for an operator, in figures.

    Attributes:
        stations: All there are.
        offline: Stations without a connection.
        pending: Stations that are not provisioned yet.
        incidents: Incidents that nobody resolved.
        failed_notices: Notices of running events that were given up.
        quarantines: Vendor profiles that are put aside.
        turned_away: Handshakes that were refused since the instant asked about.
    """

    stations: int
    offline: int
    pending: int
    incidents: int
    failed_notices: int
    quarantines: int
    turned_away: int


@dataclass(frozen=True, slots=True)
class Resource:
    """How an EVSE is named in reports."""

    evse: EvseId
    site: SiteId
    timezone: str


@dataclass(frozen=True, slots=True)
class Part:
    """An EVSE took part in an event."""

    evse: EvseId
    event: EventId
    window: Interval
