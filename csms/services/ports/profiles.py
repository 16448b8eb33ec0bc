"""What stations should hold, against what they say they hold; trips and incidents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from csms.domain.ids import EventId, EvseId, StationId, TransactionId
from csms.domain.profile import Composite, Profile, Role, VendorCommand


class IntentState(StrEnum):
    """How far an intended profile has come on its station."""

    WANTED = "wanted"
    SENT = "sent"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    ECHOED = "echoed"
    OBEYED = "obeyed"
    REJECTED = "rejected"
    NOT_OBEYED = "not_obeyed"
    RELEASED = "released"
    EXPIRED = "expired"


HELD = frozenset(
    {
        IntentState.SENT,
        IntentState.UNKNOWN,
        IntentState.ACCEPTED,
        IntentState.ECHOED,
        IntentState.OBEYED,
        IntentState.NOT_OBEYED,
    }
)
"""States in which the station may hold the profile: it must be taken back."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One profile that we want, or wanted, on a station.

    Attributes:
        evse: Where; number 0 for the whole station.
        fingerprint: Tells two contents of the same profile apart.
        document: What was sent, for people and for the accounts.
        detail: What the station said, or why it was released.
    """

    evse: EvseId
    role: Role
    profile_id: int
    fingerprint: str
    state: IntentState
    document: Mapping[str, Any]
    updated_at: datetime
    event: EventId | None = None
    transaction: TransactionId | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A vendor profile that is not dispatched any more, and why."""

    vendor_profile: str
    at: datetime
    station: StationId
    reason: str
    evidence: Mapping[str, Any]
    lifted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that a person should know of."""

    at: datetime
    severity: str
    kind: str
    station: StationId | None
    evse: int | None
    event: EventId | None
    detail: Mapping[str, Any]


class ProfileStore(Protocol):
    """The intents, quarantines and incidents of one unit of work."""

    async def intents(self, station: StationId | None = None) -> Sequence[Intent]:
        """Return every intent, or those of one station."""
        ...

    async def save_intent(self, intent: Intent) -> None:
        """Keep the intent in place of the former one of its EVSE and role."""
        ...

    async def save_intents(self, intents: Sequence[Intent]) -> None:
        """Keep many, in one go; of two of the same EVSE and role, the later one."""
        ...

    async def quarantine(self, quarantine: Quarantine) -> bool:
        """Put a vendor profile aside; tell whether that is new."""
        ...

    async def quarantined(self) -> Sequence[Quarantine]:
        """Return the vendor profiles that are put aside now."""
        ...

    async def lift(self, vendor_profile: str, by: str, at: datetime) -> bool:
        """End a quarantine; tell whether there was one."""
        ...

    async def note(self, incident: Incident) -> None:
        """Keep an incident."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a station answered to a profile or a command.

    Attributes:
        accepted: Whether it took it.
        reason: Its reason code, or its status if it gave none.
        info: Its own words.
    """

    accepted: bool
    reason: str = ""
    info: str = ""


class ProfileWire(Protocol):
    """What may be asked of stations about profiles, in domain words (block K).

    Every method raises ``ports.wire.NoAnswer`` if the station cannot be asked or does
    not answer, and ``ports.wire.RefusedByStation`` if it answers by an error.
    """

    async def set(self, profile: Profile, *, urgency: "Urgency") -> Verdict:
        """Put a profile on its station (K01)."""
        ...

    async def command(self, command: VendorCommand, *, urgency: "Urgency") -> Verdict:
        """Send a vendor's own setpoint (P)."""
        ...

    async def update(self, profile: Profile, *, expires_s: float) -> Verdict:
        """Push the setpoint of a Dynamic profile (K28); dropped when stale."""
        ...

    async def clear(
        self, station: StationId, profile_id: int, *, urgency: "Urgency"
    ) -> bool:
        """Remove a profile by id (K10); tell whether there was one."""
        ...

    async def held(self, station: StationId, ids: Sequence[int]) -> Sequence[Profile]:
        """Return which of these profiles the station says it holds (K09).

        Raises:
            TimeoutError: If the report that it promised does not come.
        """
        ...

    async def composite(self, evse: EvseId, seconds: int) -> Composite | None:
        """Return what will result from all its profiles (K08), if it can tell."""
        ...


class Urgency(StrEnum):
    """How a message ranks in a station's queue (rule 17)."""

    CANCEL = "cancel"
    SAFE_FLOOR = "safe_floor"
    SETPOINT = "setpoint"
    ROUTINE = "routine"
