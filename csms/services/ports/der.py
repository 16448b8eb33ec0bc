"""Controls that a grid asks of stations, and alarms that they cause (block R).

Signs here are this system's: positive is into the vehicle. The wire's own sign of one
control is turned in its block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from csms.domain.der import Control, Kind
from csms.domain.ids import StationId
from csms.services.ports.wire import Discharge, Reply


class ControlState(StrEnum):
    """How far a control has come on its station."""

    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_SUPPORTED = "not_supported"
    UNKNOWN = "unknown"
    REPORTED = "reported"
    MISSING = "missing"
    CLEARED = "cleared"
    EXPIRED = "expired"


IN_PLACE = frozenset(
    {
        ControlState.SENT,
        ControlState.ACCEPTED,
        ControlState.UNKNOWN,
        ControlState.REPORTED,
    }
)
"""States in which the station may hold the control."""


@dataclass(frozen=True, slots=True)
class HeldControl:
    """One control on a station: what was meant, and what the station says.

    Attributes:
        control: What it is; the station's word for one that is not ours.
        ours: Whether this system set it.
        superseded: Whether another one of its kind rules instead (R04.FR.09).
        reported: What the station last reported under its id.
        started_at: When it last began to run (R04.FR.20).
        stopped_at: When it last ceased to (R04.FR.22).
    """

    station: StationId
    control: Control
    state: ControlState
    ours: bool = True
    by: str | None = None
    sent_at: datetime | None = None
    superseded: bool = False
    reported: Control | None = None
    reported_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    detail: str | None = None

    @property
    def running(self) -> bool:
        """Tell whether the station said that it runs now."""
        began, ended = self.started_at, self.stopped_at
        return began is not None and (ended is None or ended < began)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A time in which the grid made a station deviate from its profile (R05).

    Attributes:
        kind: The control that made it.
        fault: What was wrong with the grid, in OCPP's words.
    """

    station: StationId
    kind: str
    fault: str | None
    began_at: datetime
    ended_at: datetime | None = None
    info: str = ""


@dataclass(frozen=True, slots=True)
class SetReply:
    """What a station said to a control.

    Attributes:
        superseded: The ids of controls that rule no more, or of the new one itself if
            it never did (R04.FR.08).
    """

    reply: Reply
    superseded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportedControl:
    """A control as a station reported it."""

    control: Control
    superseded: bool


class DerStore(Protocol):
    """Controls and alarms of one unit of work."""

    async def controls(self, station: StationId) -> Sequence[HeldControl]:
        """Return the controls of a station, by kind, priority and id."""
        ...

    async def save_controls(self, controls: Sequence[HeldControl]) -> None:
        """Keep controls in place of the former ones of the same ids."""
        ...

    async def begin_alarm(self, alarm: Alarm) -> bool:
        """Keep the beginning of an alarm; tell whether none of its kind ran yet.

        A take-over by another control ends the former one's row and not the alarm.
        """
        ...

    async def end_alarms(self, station: StationId, at: datetime) -> int:
        """Keep the end of the alarm; return how many rows that closes."""
        ...

    async def alarms(self, station: StationId, limit: int = 50) -> Sequence[Alarm]:
        """Return the latest alarms of a station, youngest first."""
        ...


class DerWire(Protocol):
    """What may be asked of stations about controls (R04).

    Raises like every port of the wire: ``NoAnswer`` and ``RefusedByStation``.
    """

    def judge(self, control: Control) -> Discharge | None:
        """Return how the control would make an EVSE discharge; None if it does not."""
        ...

    async def set(self, station: StationId, control: Control) -> SetReply:
        """Set one control."""
        ...

    async def clear(
        self,
        station: StationId,
        *,
        default: bool,
        kind: Kind | None = None,
        control: str | None = None,
    ) -> Reply:
        """Clear one control, those of a kind, or all defaults or all scheduled."""
        ...

    async def report(self, station: StationId) -> Sequence[ReportedControl]:
        """Return every control that the station says it holds.

        Raises:
            TimeoutError: If the report that it promised does not come.
        """
        ...
