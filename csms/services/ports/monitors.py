"""What is kept of monitors, and what may be asked of stations about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from csms.domain.ids import StationId
from csms.domain.monitor import (
    Base,
    Criterion,
    MonitorIntent,
    MonitorResult,
    MonitorSetting,
    ReportedMonitor,
)
from csms.domain.station import VariableKey
from csms.services.ports.wire import Reply


@dataclass(frozen=True, slots=True)
class Monitoring:
    """With which monitors a station started afresh, and how much it reports.

    Attributes:
        base: What it was told and agreed to; None if nothing.
        level: The least grave severity that it reports; None if never told.
    """

    base: Base | None = None
    base_at: datetime | None = None
    level: int | None = None
    level_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Which monitors a station is to report (N02); all if nothing is said.

    Attributes:
        variables: Components and variables; an empty variable name means all of the
            component.
    """

    station: StationId
    criteria: tuple[Criterion, ...] = ()
    variables: tuple[VariableKey, ...] = ()

    @property
    def is_full(self) -> bool:
        """Tell whether it is about every monitor."""
        return not self.criteria and not self.variables


@dataclass(frozen=True, slots=True)
class MonitoringReport:
    """A report that was asked for, and how much of it has come.

    Attributes:
        id: Also the request id on the wire.
        status: The station's word; ``Asked`` or ``NoAnswer`` are ours.
        numbers: The numbers of the parts that came.
        last_number: The number of the part that was marked as the last.
        monitors: How many monitors the parts brought.
    """

    id: int
    request: ReportRequest
    by: str
    requested_at: datetime
    status: str
    info: str = ""
    numbers: tuple[int, ...] = ()
    last_number: int | None = None
    monitors: int = 0
    heard_at: datetime | None = None
    complete: bool = False


@dataclass(frozen=True, slots=True)
class ReportPart:
    """A part of a report.

    Attributes:
        report: The request id that it names.
        number: Its place, from 0.
        last: Whether it is the last one.
        monitors: What it brings.
    """

    report: int
    number: int
    last: bool
    monitors: tuple[ReportedMonitor, ...]


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """How much a station takes in one message; None where it does not say.

    Attributes:
        items: Entries of the list.
        size: Bytes.
    """

    items: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class MonitorTally:
    """How many monitors there are on a station.

    Attributes:
        wanted: Monitors of ours that are meant to be there.
        accepted: Those of them that the station took.
        reported: Monitors that it says it has.
        level: The least grave severity that it reports; None if never told.
    """

    station: StationId
    wanted: int
    accepted: int
    reported: int
    level: int | None


class MonitorStore(Protocol):
    """The monitors of one unit of work."""

    async def monitoring(self, station: StationId) -> Monitoring:
        """Return base and level of a station."""
        ...

    async def save_base(self, station: StationId, base: Base, at: datetime) -> None:
        """Keep with which monitors it started afresh."""
        ...

    async def save_level(self, station: StationId, level: int, at: datetime) -> None:
        """Keep how much it reports."""
        ...

    async def tallies(self) -> Sequence[MonitorTally]:
        """Return how many monitors there are, for each station that has any."""
        ...

    async def intents(self, station: StationId) -> Sequence[MonitorIntent]:
        """Return the monitors that we want on a station, by variable."""
        ...

    async def save_intents(self, intents: Sequence[MonitorIntent]) -> None:
        """Keep them in place of those of the same variable, kind and severity."""
        ...

    async def drop_intents(
        self, station: StationId, status: str, at: datetime, ids: Sequence[int] = ()
    ) -> None:
        """Keep that monitors which were set are gone: those of the ids, or all."""
        ...

    async def match_intents(self, station: StationId, at: datetime) -> None:
        """Take numbers over from what is reported; what is not there is missing."""
        ...

    async def reported(self, station: StationId) -> Sequence[ReportedMonitor]:
        """Return the monitors that a station says it has, by number."""
        ...

    async def save_reported(
        self,
        station: StationId,
        report: int,
        monitors: Sequence[ReportedMonitor],
        at: datetime,
    ) -> None:
        """Keep what a part brought, in place of the monitors of the same numbers."""
        ...

    async def forget_reported(
        self,
        station: StationId,
        ids: Sequence[int] | None = None,
        *,
        except_report: int | None = None,
    ) -> None:
        """Forget monitors: those of the ids, or all that a report did not bring."""
        ...

    async def severity_of(self, station: StationId, monitor: int) -> int | None:
        """Return the severity of a monitor, as reported or else as we set it."""
        ...

    async def knows(self, station: StationId, monitor: int) -> bool:
        """Tell whether it is reported, or one that we set and the station took."""
        ...

    async def add_report(self, request: ReportRequest, *, by: str, at: datetime) -> int:
        """Add a report; return its number."""
        ...

    async def find_report(
        self, report: int, *, lock: bool = False
    ) -> MonitoringReport | None:
        """Return one report, or None."""
        ...

    async def reports(
        self, station: StationId, limit: int = 20
    ) -> Sequence[MonitoringReport]:
        """Return the reports of a station, youngest first."""
        ...

    async def save_report(self, report: MonitoringReport) -> None:
        """Keep how much of it has come."""
        ...

    async def unread_since_boot(self) -> Sequence[StationId]:
        """Return connected, accepted stations with monitors of ours on them.

        Only those that have booted since they were last asked for a full report: the
        numbers may have changed (N04.FR.19).
        """
        ...


class MonitorWire(Protocol):
    """Asks stations about monitors (block N).

    Every method that asks raises ``NoAnswer`` and ``RefusedByStation``.
    """

    def chunks(
        self, settings: Sequence[MonitorSetting], limits: MessageLimits
    ) -> Sequence[Sequence[MonitorSetting]]:
        """Return the settings in portions that fit in one message each (N04.FR.09).

        Raises:
            ValueError: If one alone is too large.
        """
        ...

    def id_chunks(
        self, ids: Sequence[int], limits: MessageLimits
    ) -> Sequence[Sequence[int]]:
        """Return the ids in portions that fit in one message each (N06.FR.04)."""
        ...

    async def set(
        self, station: StationId, settings: Sequence[MonitorSetting]
    ) -> Sequence[MonitorResult]:
        """Set monitors; return one result for each, in the order asked (N04)."""
        ...

    async def clear(
        self, station: StationId, ids: Sequence[int]
    ) -> Mapping[int, MonitorResult]:
        """Clear monitors; return one result for each number (N06)."""
        ...

    async def set_base(self, station: StationId, base: Base) -> Reply:
        """Have it start afresh (N03)."""
        ...

    async def set_level(self, station: StationId, severity: int) -> Reply:
        """Set how much it reports (N05)."""
        ...

    async def report(self, number: int, request: ReportRequest) -> Reply:
        """Ask which monitors are set (N02); ``EmptyResultSet`` is no acceptance."""
        ...
