"""The list of tokens that a station keeps to decide by itself (block D)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from csms.domain.ids import StationId
from csms.domain.token import IdToken, Judgement

HIGHEST_VERSION = 2**31 - 1
"""The highest version that the wire can say; a full list may begin again at 1."""


class ListState(StrEnum):
    """How the list of a station stands."""

    OFF = "off"
    """Nobody wants the station to have one."""
    PENDING = "pending"
    """It should be brought to the station."""
    SYNCED = "synced"
    """The station holds what it should hold."""
    FAILED = "failed"
    """The station did not take it."""


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A token on the list of a station, and what the station is to make of it."""

    token: IdToken
    told: Judgement


@dataclass(frozen=True, slots=True)
class ListUpdate:
    """One message that changes a list.

    Attributes:
        full: Whether it replaces the list; else it changes it.
        entries: What is put on it.
        gone: What is taken off it; never with a full update.
    """

    full: bool
    entries: tuple[ListEntry, ...] = ()
    gone: tuple[IdToken, ...] = ()

    def __len__(self) -> int:
        """Return how many tokens it names."""
        return len(self.entries) + len(self.gone)


@dataclass(frozen=True, slots=True)
class LocalList:
    """The list of one station, as it should be and as it is.

    Attributes:
        station: Whose.
        managed: Whether it is kept in step with the tokens.
        state: How it stands.
        intended_version: The version it should have; 0 before the first.
        known_version: The version that the station was last known to have; none if
            it was never asked.
        known_at: When that was.
        revision: The revision of the tokens that it was made from.
        tokens: How many there were then.
        due_at: When it changes by itself: a token becomes valid or expires.
        left_out: How many tokens had no room on it.
        detail: What went wrong last; empty for nothing.
        changed_at: When any of this last changed.
        held: What the station took, by token.
    """

    station: StationId
    managed: bool = False
    state: ListState = ListState.OFF
    intended_version: int = 0
    known_version: int | None = None
    known_at: datetime | None = None
    revision: int = 0
    tokens: int = 0
    due_at: datetime | None = None
    left_out: int = 0
    detail: str = ""
    changed_at: datetime | None = None
    held: tuple[ListEntry, ...] = ()
