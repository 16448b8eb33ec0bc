"""What is kept of certificates: roots, what stations hold, changes of roots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from csms.domain.certificate import Installed, RootUse, TrustedRoot
from csms.domain.ids import StationId
from csms.services.ports.profiles import Incident


class IntentStage(StrEnum):
    """How far a root that a station should hold, or not hold, has come."""

    SENT = "sent"
    UNKNOWN = "unknown"
    """The station did not answer; what it did is open."""
    ACCEPTED = "accepted"
    VERIFIED = "verified"
    """The station's own report shows it."""
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CertificateIntent:
    """A root that a station should hold, or should not.

    Attributes:
        present: Whether it should be there.
        detail: What the station said; may be empty.
        by: Who wants it.
    """

    station: StationId
    use: RootUse
    fingerprint: str
    present: bool
    stage: IntentStage
    detail: str
    by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """What a station said it holds, when it was asked last.

    Attributes:
        reported_at: When it was asked for everything; none if never.
        certificates: What it holds.
    """

    reported_at: datetime | None = None
    certificates: tuple[Installed, ...] = ()


class RotationStage(StrEnum):
    """How far the change of a root has come over the fleet."""

    INSTALLING = "installing"
    READY = "ready"
    """Every station shows the new root: the switch may be made."""
    SWITCHED = "switched"
    """This system presents itself under the new root; old ones are deleted."""
    DONE = "done"
    CANCELLED = "cancelled"


OPEN_STAGES = (RotationStage.INSTALLING, RotationStage.READY, RotationStage.SWITCHED)


class MemberStage(StrEnum):
    """How far one station has come in a change of roots."""

    WAITING = "waiting"
    VERIFIED = "verified"
    """It shows the new root."""
    CLEANED = "cleaned"
    """It does not show the old one any more."""
    FAILED = "failed"
    """It does not take the new root; it keeps the old one."""
    LEFT_OUT = "left_out"
    """An operator went on without it; it keeps the old one."""


@dataclass(frozen=True, slots=True)
class RotationMember:
    """One station in a change of roots.

    Attributes:
        attempts: How often it was tried in vain since the last progress.
        due_at: Not before then it is tried again.
        detail: What came of the last attempt; may be empty.
    """

    station: StationId
    stage: MemberStage
    attempts: int
    due_at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A change from one root to the next over many stations.

    Attributes:
        old: The fingerprint of the root that goes.
        new: The fingerprint of the root that comes.
        switched_at: When an operator said that the new one is in use.
    """

    id: int
    use: RootUse
    old: str
    new: str
    stage: RotationStage
    by: str
    started_at: datetime
    updated_at: datetime
    switched_at: datetime | None = None
    members: tuple[RotationMember, ...] = ()


class CertificateStore(Protocol):
    """Roots, and what stations hold and should hold."""

    async def roots(self, use: RootUse | None = None) -> Sequence[TrustedRoot]:
        """Return the trust store, or what is trusted for one use, by age."""
        ...

    async def root(self, use: RootUse, fingerprint: str) -> TrustedRoot | None:
        """Return one root, or none."""
        ...

    async def add_root(self, root: TrustedRoot) -> bool:
        """Trust a root; tell whether that is new."""
        ...

    async def remove_root(self, use: RootUse, fingerprint: str) -> bool:
        """Trust a root no more; tell whether it was trusted."""
        ...

    async def replace_root(self, use: RootUse, old: str, new: str) -> None:
        """Note that a root took the place of another."""
        ...

    async def holding(self, station: StationId) -> Holding:
        """Return what a station said it holds."""
        ...

    async def holdings(self) -> Sequence[tuple[StationId, Installed]]:
        """Return what every station said it holds, by station."""
        ...

    async def save_holding(
        self,
        station: StationId,
        uses: Sequence[str],
        certificates: Sequence[Installed],
        at: datetime,
    ) -> None:
        """Keep a report in place of what was kept of these uses, or of all."""
        ...

    async def intents(
        self, station: StationId | None = None
    ) -> Sequence[CertificateIntent]:
        """Return what stations should hold, or one of them."""
        ...

    async def intents_of(self, use: RootUse, fingerprint: str) -> Sequence[StationId]:
        """Return which stations should hold a root."""
        ...

    async def save_intent(self, intent: CertificateIntent) -> None:
        """Keep an intent in place of the former one."""
        ...

    async def raise_incident(self, incident: Incident) -> bool:
        """Keep an incident unless the same one is open; tell whether it is new.

        The same is: of the same kind, station and ``detail["certificate"]``.
        """
        ...

    async def open_incidents(
        self, kind: str
    ) -> Sequence[tuple[int, StationId | None, str]]:
        """Return the open incidents of a kind: number, station, certificate."""
        ...

    async def resolve_incident(self, number: int, at: datetime) -> None:
        """Close an incident."""
        ...


class RotationStore(Protocol):
    """Changes of roots over many stations."""

    async def rotations(self, *, open_only: bool = False) -> Sequence[Rotation]:
        """Return changes of roots with their stations, the youngest first."""
        ...

    async def rotation(self, number: int) -> Rotation | None:
        """Return one change of roots, locked until this work is done; or none."""
        ...

    async def add_rotation(self, rotation: Rotation) -> int:
        """Keep a new change of roots with its stations; return its number."""
        ...

    async def save_rotation(self, rotation: Rotation) -> None:
        """Keep the stage of a change of roots; its stations are left as they are."""
        ...

    async def save_member(self, number: int, member: RotationMember) -> None:
        """Keep how far one station has come."""
        ...
