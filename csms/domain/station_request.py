"""What somebody asked of a station, and what became of it (blocks F and G)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from csms.domain.ids import EvseId, StationId, TransactionId


class RequestKind(StrEnum):
    """What was asked for."""

    START = "start"
    STOP = "stop"
    UNLOCK = "unlock"
    TRIGGER = "trigger"
    AVAILABILITY = "availability"


class RequestState(StrEnum):
    """What became of it."""

    OPEN = "open"
    """It was written down; whether the station ever heard of it is not known."""
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    """The station will do it once a transaction has ended (G03.FR.05)."""
    DONE = "done"
    """What was scheduled has been seen to happen."""
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    """Something else was asked for before it happened."""


@dataclass(frozen=True, slots=True)
class StationRequest:
    """One thing asked of a station.

    Attributes:
        id: Its number; for a start also the ``remoteStartId`` on the wire (F01.FR.04).
        station: Whom it was asked of.
        kind: What was asked for.
        evse: The EVSE's number; None for the whole station.
        connector: The connector's number; None for all of the EVSE.
        detail: What else was said: token, message, operative.
        asked_at: When.
        asked_by: By whom.
        state: What became of it.
        status: The station's word, if it answered.
        info: The station's own explanation, or why there is no answer; may be empty.
        transaction: The transaction that it started or stopped.
        done_at: When it was seen to have happened.
    """

    id: int
    station: StationId
    kind: RequestKind
    evse: int | None
    connector: int | None
    asked_at: datetime
    asked_by: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    state: RequestState = RequestState.OPEN
    status: str | None = None
    info: str = ""
    transaction: TransactionId | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConnectorState:
    """What a connector was last said to be (G01).

    Attributes:
        evse: Its EVSE.
        connector: Its number on the EVSE, from 1.
        status: In the words of the wire: Available, Occupied, Reserved, Unavailable
            or Faulted.
        at: Since when, by the station's clock.
    """

    evse: EvseId
    connector: int
    status: str
    at: datetime
