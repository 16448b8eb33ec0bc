"""Profiles that stations hold, limits from outside, and what vehicles ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import Composite, Profile, Purpose, RateUnit
from csms.services.ports.profiles import Urgency, Verdict
from csms.services.ports.wire import Discharge, Reply

OWN_SOURCE = "CSO"
"""Whose limits profiles are that this system sets."""


@dataclass(frozen=True, slots=True)
class HeldProfile:
    """One profile on a station: what was meant, and what the station says.

    Attributes:
        profile_id: Its id, unique on the station.
        source: Who limits by it: ``CSO`` for ours.
        intended: What the station accepted from us; none for a foreign one.
        reported: What it last reported under the id; none if that was missing, or if
            it was never asked.
        by: Who sent it.
        intended_at: When it accepted.
        reported_at: When it last reported, this profile or that it is not there.
        detail: For people.
    """

    station: StationId
    profile_id: int
    source: str = OWN_SOURCE
    intended: Profile | None = None
    reported: Profile | None = None
    by: str | None = None
    intended_at: datetime | None = None
    reported_at: datetime | None = None
    detail: str | None = None

    @property
    def profile(self) -> Profile | None:
        """Return what is in force as far as anybody knows: the younger word counts."""
        asked, told = self.intended_at, self.reported_at
        if told is not None and (asked is None or told >= asked):
            return self.reported
        return self.intended


class Standing(StrEnum):
    """How intent and report of a profile stand to each other."""

    UNREPORTED = "unreported"
    MATCHES = "matches"
    DIFFERS = "differs"
    MISSING = "missing"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class ExternalLimit:
    """A limit that somebody else has put on a station (K12, Q06).

    Attributes:
        evse: Where; number 0 for the whole station.
        source: Who, in OCPP's words such as EMS.
        local_generation: Whether it tells of energy that is made here (K27).
        grid_critical: Whether the grid needs it.
        document: What the station said, in its own words.
    """

    evse: EvseId
    source: str
    local_generation: bool
    grid_critical: bool | None
    document: Mapping[str, Any]
    since: datetime
    updated_at: datetime


class NeedsDecision(StrEnum):
    """What a vehicle's needs are answered with."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    PROCESSING = "Processing"
    NO_CHARGING_PROFILE = "NoChargingProfile"


@dataclass(frozen=True, slots=True)
class Negotiation:
    """What a vehicle asked for, what it was given, and what it made of that (K15).

    Attributes:
        needs: The needs, in the words of the wire.
        decision: How they were answered.
        reason: Why, in a word.
        profile_id: The profile that answers them, once it is sent.
        sent_result: What the station said to it.
        schedule: The vehicle's own schedule, in the words of the wire.
        verdict: Whether that keeps within ours: Accepted or Rejected.
        verdict_detail: Where it does not.
    """

    evse: EvseId
    at: datetime
    needs: Mapping[str, Any]
    decision: NeedsDecision
    reason: str = ""
    transaction: TransactionId | None = None
    profile_id: int | None = None
    sent_at: datetime | None = None
    sent_result: str | None = None
    schedule: Mapping[str, Any] | None = None
    schedule_at: datetime | None = None
    verdict: str | None = None
    verdict_detail: str | None = None


class ChargingStore(Protocol):
    """Profiles, limits and negotiations of one unit of work."""

    async def held(self, station: StationId | None = None) -> Sequence[HeldProfile]:
        """Return the profiles of a station, or of all, by id."""
        ...

    async def save_held(self, profiles: Sequence[HeldProfile]) -> None:
        """Keep profiles in place of the former ones of the same ids."""
        ...

    async def drop_held(self, keys: Sequence[tuple[StationId, int]]) -> None:
        """Forget profiles that are gone."""
        ...

    async def limits(self, station: StationId | None = None) -> Sequence[ExternalLimit]:
        """Return the limits from outside that are in force."""
        ...

    async def save_limit(self, limit: ExternalLimit) -> None:
        """Keep a limit; its beginning stays what it was."""
        ...

    async def drop_limits(self, evse: EvseId, source: str) -> int:
        """Forget the limits of a source; EVSE 0 means all of the station's."""
        ...

    async def save_negotiation(self, negotiation: Negotiation) -> None:
        """Keep a negotiation in place of the one with the same EVSE and instant."""
        ...

    async def negotiations(
        self, evse: EvseId, limit: int = 10
    ) -> Sequence[Negotiation]:
        """Return the latest negotiations of an EVSE, youngest first."""
        ...


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which profiles are meant (K09.FR.03, K10.FR.02); empty fields match all."""

    evse: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None
    source: str | None = None
    profile_id: int | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """A profile as a station reported it, and who limits by it."""

    profile: Profile
    source: str


class ChargingWire(Protocol):
    """What may be asked of stations about charging, in domain words (K and Q).

    Every method that asks raises ``ports.wire.NoAnswer`` if the station cannot be
    asked or does not answer, and ``ports.wire.RefusedByStation`` if it answers by an
    error.
    """

    def judge(self, profile: Profile) -> Discharge | None:
        """Return how the profile would make an EVSE discharge; None if it does not."""
        ...

    async def set(self, profile: Profile, *, urgency: Urgency) -> Verdict:
        """Put a profile on its station (K01)."""
        ...

    async def update(self, profile: Profile, *, expires_s: float) -> Verdict:
        """Push the values of a Dynamic profile (K28); dropped when stale."""
        ...

    async def clear(
        self, station: StationId, profile_id: int, *, urgency: Urgency
    ) -> bool:
        """Remove a profile by id (K10); tell whether there was one."""
        ...

    async def clear_all(self, station: StationId, criteria: Criteria) -> bool:
        """Remove profiles by criteria (K10); tell whether there was any."""
        ...

    async def report(
        self, station: StationId, criteria: Criteria
    ) -> Sequence[Reported]:
        """Return the profiles that the station says it holds (K09).

        Raises:
            TimeoutError: If the report that it promised does not come.
        """
        ...

    async def composite_in(
        self, evse: EvseId, seconds: int, unit: RateUnit | None
    ) -> Composite | Reply:
        """Return what will result from all its profiles (K08), or why it cannot."""
        ...

    async def use_priority(
        self, station: StationId, transaction: TransactionId, *, activate: bool
    ) -> Reply:
        """Put charging first, or no longer (K21)."""
        ...

    async def allow_transfer(
        self, station: StationId, transaction: TransactionId, modes: Sequence[str]
    ) -> Reply:
        """Tell which ways of moving energy are allowed from now on (Q02.FR.05)."""
        ...

    async def signal(self, station: StationId, at: datetime, signal: int) -> Reply:
        """Hand on a signal of the grid's operator (Q08.FR.12)."""
        ...
