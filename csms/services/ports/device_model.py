"""What services need of device models: where they are kept, and how they are asked for.

The wire's way of saying it is the blocks' business.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from csms.domain.device_model import (
    ACTUAL,
    Drift,
    ModelRecord,
    NetworkProfile,
    ReportRecord,
    ResetRecord,
)
from csms.domain.ids import StationId
from csms.domain.station import Boot, Variable, VariableKey
from csms.services.ports.wire import Reply, Report, VariableResult, VariableSetting


@dataclass(frozen=True, slots=True)
class VariableQuestion:
    """A value of a variable that is asked for (B06).

    Attributes:
        key: The variable.
        attribute: Which of its values: Actual, Target, MinSet or MaxSet.
    """

    key: VariableKey
    attribute: str = ACTUAL


@dataclass(frozen=True, slots=True)
class ReportQuestion:
    """Which components and variables a custom report is to speak of (B08).

    Attributes:
        criteria: Active, Available, Enabled or Problem; any of them is enough.
        keys: Components with one of their variables, or all if its name is empty.
    """

    criteria: tuple[str, ...] = ()
    keys: tuple[VariableKey, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """How much fits into one message to a station (B05.FR.11, B06.FR.05, B08.FR.06).

    Attributes:
        items: Most entries.
        octets: Longest message, in bytes; None if the station does not say.
    """

    items: int
    octets: int | None = None


Bring = Callable[[Sequence[Variable]], Awaitable[None]]
"""Takes a bit of a report; it is not called again before it has returned."""


class ModelWire(Protocol):
    """Asks stations about their device model, one message at a time (block B).

    Every method that waits raises ``NoAnswer`` and ``RefusedByStation``.
    """

    def portions_to_read(
        self, questions: Sequence[VariableQuestion], limits: MessageLimits
    ) -> Sequence[Sequence[VariableQuestion]]:
        """Return the questions, cut so that each portion fits into one message."""
        ...

    def portions_to_write(
        self, settings: Sequence[VariableSetting], limits: MessageLimits
    ) -> Sequence[Sequence[VariableSetting]]:
        """Return the settings, cut so that each portion fits into one message."""
        ...

    def asked(self, questions: Sequence[VariableQuestion]) -> dict[str, Any]:
        """Return the request that would read them, in the words of the wire."""
        ...

    def written(self, settings: Sequence[VariableSetting]) -> dict[str, Any]:
        """Return the request that would set them, in the words of the wire."""
        ...

    async def read(
        self, station: StationId, questions: Sequence[VariableQuestion]
    ) -> Sequence[VariableResult]:
        """Return one result for each question, in the order asked (B06)."""
        ...

    async def set_variables(
        self, station: StationId, settings: Sequence[VariableSetting]
    ) -> Sequence[VariableResult]:
        """Set variables; return one result for each, in the order asked (B05)."""
        ...

    async def base_report(
        self,
        station: StationId,
        base: str,
        deadline_s: float,
        bring: Bring | None = None,
    ) -> Report:
        """Return what the station reports until the last part or the deadline (B07).

        Args:
            station: Whom to ask.
            base: Which report, in the words of the wire.
            deadline_s: Real seconds to wait for parts after the answer.
            bring: Given what has come, bit by bit, while the rest is still coming.
        """
        ...

    async def custom_report(
        self, station: StationId, question: ReportQuestion, deadline_s: float
    ) -> Report:
        """Return what the station reports of some of its variables (B08)."""
        ...

    def custom(self, question: ReportQuestion) -> dict[str, Any]:
        """Return the request for a custom report, in the words of the wire."""
        ...

    async def set_network_profile(
        self, station: StationId, slot: int, document: Mapping[str, Any]
    ) -> Reply:
        """Put a way to connect into a slot (B09)."""
        ...

    async def reset(self, station: StationId, kind: str, evse: int | None) -> Reply:
        """Ask for a restart of the station or of one EVSE (B11 to B13)."""
        ...


Kept = Any
"""What is kept of a device model that is being replaced; the store's own business."""


class DeviceModelStore(Protocol):
    """The device models of one unit of work."""

    async def replace(
        self, station: StationId, variables: Sequence[Variable], at: datetime
    ) -> None:
        """Keep a device model in place of the one that is kept."""
        ...

    async def kept(self, station: StationId) -> Kept:
        """Return what is kept of a device model, to be replaced bit by bit."""
        ...

    async def bring(
        self, kept: Kept, variables: Sequence[Variable], at: datetime
    ) -> None:
        """Keep some variables of a model that is being replaced."""
        ...

    async def leave(self, kept: Kept) -> None:
        """Forget what was not brought, and what was due at a restart."""
        ...

    async def merge(
        self, station: StationId, variables: Sequence[Variable], at: datetime
    ) -> None:
        """Keep values, beside those that are kept; later ones win.

        What a value leaves out (mutability, characteristics) stays as it was.
        """
        ...

    async def merge_all(
        self, learned: Mapping[StationId, Sequence[Variable]], at: datetime
    ) -> None:
        """Keep values of several stations, as ``merge`` does."""
        ...

    async def restarted(self, station: StationId) -> None:
        """Forget what was to take effect at the next restart."""
        ...

    async def variables(
        self, station: StationId, components: Collection[str] | None = None
    ) -> Sequence[Variable]:
        """Return a device model as last read, by name, or some components of it."""
        ...

    async def record(self, station: StationId) -> ModelRecord | None:
        """Return when the device model was last read in full; None for never."""
        ...

    async def save_record(self, record: ModelRecord) -> None:
        """Keep when it was last read in full."""
        ...

    async def add_report(self, report: ReportRecord) -> int:
        """Keep that a report was asked for, and what came; return its number."""
        ...

    async def reports(
        self, station: StationId, before: int | None = None, limit: int = 100
    ) -> Sequence[ReportRecord]:
        """Return the reports, the latest first, from below ``before``."""
        ...

    async def drifts(
        self,
        station: StationId | None = None,
        after: StationId | None = None,
        stations: int | None = None,
    ) -> Sequence[Drift]:
        """Return what is not as it should be, by station and name.

        Args:
            station: Only of this station.
            after: Only of stations whose id comes after this one.
            stations: Of how many stations at most.
        """
        ...

    async def replace_drifts(self, station: StationId, drifts: Sequence[Drift]) -> None:
        """Keep what is not as it should be, in place of what was kept."""
        ...

    async def network_profiles(self, station: StationId) -> Sequence[NetworkProfile]:
        """Return the ways to connect that were put into its slots, by slot."""
        ...

    async def save_network_profile(self, profile: NetworkProfile) -> None:
        """Keep a way to connect in place of the one that was in the slot."""
        ...

    async def add_reset(self, reset: ResetRecord) -> None:
        """Keep that a restart was asked for."""
        ...

    async def resets(
        self, station: StationId, limit: int = 20
    ) -> Sequence[ResetRecord]:
        """Return the restarts asked for, the latest first."""
        ...

    async def booted(self, boots: Sequence[Boot]) -> None:
        """Keep that the restarts that were owed by whole stations are done."""
        ...
