"""Charging transactions, as OCPP means the word."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from csms.domain.ids import StationId, TransactionId
from csms.domain.reading import Reading

PLUGGED_IN = frozenset({"CablePluggedIn", "EVDetected"})
"""Trigger reasons that mean a vehicle has come."""

LEFT = frozenset({"EVDeparted", "EVCommunicationLost"})
"""Trigger reasons that mean a vehicle has gone."""

DISCONNECTED = "EVDisconnected"
"""The stop reason that means a vehicle has gone."""


IDLE = "Idle"
"""The charging state without a connection between vehicle and EVSE."""


class EventType(StrEnum):
    """How far a transaction was when it was reported."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


OWN_NUMBERS = 2**32
"""Sequence numbers from here on are ours: stations have 31 bits."""


class Recorded(StrEnum):
    """What became of a report that was to be kept."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    RENUMBERED = "renumbered"
    """Its number had been used before; it is kept under one of its own."""


@dataclass(frozen=True, slots=True)
class TransactionReport:
    """One TransactionEvent, in the words of this system.

    Attributes:
        station: Who reports.
        transaction: About which transaction; the station made the name.
        seq_no: Its place among the reports of the transaction.
        event_type: Started, updated or ended.
        trigger: Why it was sent, in OCPP's words.
        at: When it happened, by the station's clock.
        offline: Whether the station had no connection when it happened.
        received_at: When it came here; it is kept a moment later.
        evse: The EVSE, said once per transaction; none if not said nor known.
        charging_state: The state, in OCPP's words, if said.
        operation_mode: The V2X operation mode, if said (2.1).
        stopped_reason: Why the transaction ended, if said.
        id_token: Who was authorized, if said.
        remote_start_id: Our number of the request that started it, if said.
        readings: What the meter said.
        payload: The report as JSON, without `offline`: a repetition may differ in it.
        digest: A short digest of the payload.
    """

    station: StationId
    transaction: TransactionId
    seq_no: int
    event_type: EventType
    trigger: str
    at: datetime
    offline: bool
    received_at: datetime
    evse: int | None
    charging_state: str | None
    operation_mode: str | None
    stopped_reason: str | None
    id_token: str | None
    remote_start_id: int | None
    readings: tuple[Reading, ...]
    payload: str
    digest: bytes

    @property
    def key(self) -> tuple[StationId, TransactionId, int]:
        """Return what makes it the same report when it comes again."""
        return self.station, self.transaction, self.seq_no

    @property
    def plugged(self) -> bool | None:
        """Tell whether it shows a vehicle connected; none if it does not say.

        An end counts as a departure: without a transaction there is nothing that a
        dispatch could hold on to.
        """
        if self.event_type == EventType.ENDED or self.trigger in LEFT:
            return False
        if self.trigger in PLUGGED_IN:
            return True
        return None if self.charging_state is None else self.charging_state != IDLE


@dataclass(frozen=True, slots=True)
class Transaction:
    """All that is known of a transaction, whatever order its reports came in.

    Attributes:
        station: Whose.
        id: Its name there.
        seqs: The sequence numbers seen.
        first_at: The earliest instant reported.
        last_at: The latest instant reported.
        evse: The EVSE's number, once said.
        started_at: When it started; none while its start is unknown.
        ended_at: When it ended; none while it is ongoing.
        stopped_reason: Why it ended.
        id_token: Who was authorized first, with the sequence number that said so.
        charging_state: The last state said, with the sequence number that said so.
        remote_start_id: Our number of the request that started it.
        presumed_ended: Whether we gave up waiting for its end.
    """

    station: StationId
    id: TransactionId
    seqs: frozenset[int]
    first_at: datetime
    last_at: datetime
    evse: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stopped_reason: str | None = None
    id_token: tuple[int, str] | None = None
    charging_state: tuple[int, str] | None = None
    remote_start_id: int | None = None
    presumed_ended: bool = False

    @property
    def last_seq(self) -> int:
        """Return the highest sequence number seen."""
        return max(self.seqs)

    @property
    def missing(self) -> int:
        """Return how many reports are missing between the first and the last seen."""
        told = self.told_seqs
        return max(told) - min(told) + 1 - len(told) if told else 0

    @property
    def never_came(self) -> int:
        """Return how many reports never came, from number 0 to the last seen."""
        return max(self.told_seqs, default=-1) + 1 - len(self.told_seqs)

    @property
    def told_seqs(self) -> list[int]:
        """Return the sequence numbers that the station itself gave."""
        return [each for each in self.seqs if each < OWN_NUMBERS]

    @property
    def is_provisional(self) -> bool:
        """Tell whether its start was never reported."""
        return self.started_at is None

    @property
    def is_ongoing(self) -> bool:
        """Tell whether it has not ended, as far as is known."""
        return self.ended_at is None and not self.presumed_ended
