"""How safely a station talks to us: profiles, passwords, upgrades, events."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from csms.domain.ids import StationId


class SecurityProfile(IntEnum):
    """How a station and this system prove themselves to each other (Part 2, A00)."""

    BASIC = 1
    """A password over an open line, for trusted networks only."""
    TLS = 2
    """A password over TLS."""
    MUTUAL = 3
    """TLS with a certificate at both ends."""


@dataclass(frozen=True, slots=True)
class StationSecurity:
    """What is demanded of a station at the door, and how it last came in.

    Attributes:
        station: Which.
        least: The least profile that it may come in with; never lowered over OCPP
            (A00.FR.005, A05.FR.07).
        accepts_expired: Whether it may come in with an expired certificate, to get a
            new one (A00.FR.429).
        last_profile: What it last came in with; None before the first time.
        last_at: When.
        imported_hash: The hash of the password that the registry last gave it, if it
            was changed since: importing that again changes nothing.
        password_at: When its password was last changed; None if never.
    """

    station: StationId
    least: SecurityProfile = SecurityProfile.BASIC
    accepts_expired: bool = False
    last_profile: SecurityProfile | None = None
    last_at: datetime | None = None
    imported_hash: str | None = None
    password_at: datetime | None = None


class RotationState(StrEnum):
    """How far the change of a password has come (A01)."""

    PREPARED = "prepared"
    """Both passwords open the door; the new one may be on its way."""
    UNANSWERED = "unanswered"
    """Nobody knows whether the station has taken it; both open the door."""
    ACCEPTED = "accepted"
    """The station says that it has taken it, and has not come in with it yet."""
    CONFIRMED = "confirmed"
    """The station came in with the new one; the old one is worth nothing."""
    REFUSED = "refused"
    """The station has not taken it; the new one is worth nothing (A01.FR.04)."""
    SUPERSEDED = "superseded"
    """A later change was confirmed instead."""

    @property
    def is_open(self) -> bool:
        """Tell whether the new password opens the door."""
        return self in {
            RotationState.PREPARED,
            RotationState.UNANSWERED,
            RotationState.ACCEPTED,
        }


@dataclass(frozen=True, slots=True)
class PasswordRotation:
    """The change of one station's password; the password itself is not kept.

    Attributes:
        id: Its number.
        station: Whose.
        state: How far it has come.
        new_hash: The argon2 hash of the new password.
        started_at: When it began.
        changed_at: When its state was last changed.
        by: Who asked for it.
        reason: Why it ended as it did, for people.
    """

    id: int
    station: StationId
    state: RotationState
    new_hash: str
    started_at: datetime
    changed_at: datetime
    by: str
    reason: str = ""


class UpgradeState(StrEnum):
    """The next step of a security upgrade, or how it ended (A05)."""

    ROOT = "root"
    """Install the root that our server certificate leads to."""
    CERTIFICATE = "certificate"
    """Have the station's own certificate signed; only for profile 3."""
    SLOT = "slot"
    """Put the new way to connect into a free slot (B09)."""
    PRIORITY = "priority"
    """Make it the first choice, the old way the second."""
    RESET = "reset"
    """Restart the station when it is idle."""
    RETURNING = "returning"
    """Wait for it to come in with the higher profile."""
    FALLING_BACK = "falling_back"
    """It came in as before: make the old way the first choice again."""
    DONE = "done"
    FELL_BACK = "fell_back"
    REFUSED = "refused"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Tell whether something is left to do."""
        return self not in {
            UpgradeState.DONE,
            UpgradeState.FELL_BACK,
            UpgradeState.REFUSED,
            UpgradeState.CANCELLED,
        }


@dataclass(frozen=True, slots=True)
class SecurityUpgrade:
    """A station on its way to a higher security profile.

    Attributes:
        id: Its number.
        station: Which.
        target: The profile that it should come in with.
        state: The next step, or how it ended.
        slot: The slot of the new way to connect; None before it is chosen.
        former: The order of slots before; None before it is read.
        interface: Through which of its interfaces the station connects.
        started_at: When it began.
        changed_at: When its state was last changed.
        deadline: Until when the present step should be done.
        by: Who asked for it.
        reason: What stands in its way, or why it ended, for people.
    """

    id: int
    station: StationId
    target: SecurityProfile
    state: UpgradeState
    started_at: datetime
    changed_at: datetime
    deadline: datetime
    by: str
    interface: str = "Wired0"
    slot: int | None = None
    former: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """Something that matters to security happened at a station (A04).

    Attributes:
        station: Where.
        type: The word of Part 2's list, or the maker's own.
        critical: Whether that list marks it as critical.
        severity: 0 (danger) to 9 (debug), as OCPP counts (N07).
        tech_info: What the station adds; may be empty.
        at: When, by the station's clock.
        received_at: When we heard of it.
        id: Its number; 0 before it is kept.
    """

    station: StationId
    type: str
    critical: bool
    severity: int
    tech_info: str
    at: datetime
    received_at: datetime
    id: int = 0
