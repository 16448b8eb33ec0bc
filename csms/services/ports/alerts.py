"""What is kept of notified events, of the rules for them, and of alerts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from csms.domain.alert import Alert, AlertRule, StationEvent
from csms.domain.ids import StationId
from csms.domain.station import VariableKey


@dataclass(frozen=True, slots=True)
class ChangedRule:
    """A rule that somebody put in place of a default, or added."""

    rule: AlertRule
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted; what is none does not matter.

    Attributes:
        severity: This one or graver.
        transaction: Of this transaction.
        cleared: Only what tells that something is over, or only what does not.
    """

    station: StationId | None = None
    severity: int | None = None
    component: str | None = None
    transaction: str | None = None
    cleared: bool | None = None


class AlertStore(Protocol):
    """The notified events, rules and alerts of one unit of work."""

    async def add_events(self, events: Sequence[StationEvent]) -> None:
        """Keep events."""
        ...

    async def events(
        self, wanted: EventFilter, *, before: int | None = None, limit: int = 100
    ) -> Sequence[tuple[int, StationEvent]]:
        """Return events with their number, youngest first, below a number."""
        ...

    async def changed_rules(self) -> Sequence[ChangedRule]:
        """Return the rules that somebody changed or added."""
        ...

    async def save_rule(self, rule: AlertRule, by: str, at: datetime) -> None:
        """Keep a rule under its name."""
        ...

    async def forget_rule(self, rule: str) -> bool:
        """Forget what was changed under a name; tell whether anything was."""
        ...

    async def lock(self, station: StationId) -> None:
        """Keep others from judging events of this station until the work is done."""
        ...

    async def known(self, station: StationId, key: VariableKey) -> Sequence[Alert]:
        """Return the open alerts of a variable, and the latest that are over."""
        ...

    async def alerts(
        self,
        *,
        station: StationId | None = None,
        only_open: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[Alert]:
        """Return alerts, youngest first, below a number."""
        ...

    async def find(self, alert_id: int) -> Alert | None:
        """Return one alert, or None."""
        ...

    async def raise_alert(
        self, event: StationEvent, rule: AlertRule, detail: dict[str, Any]
    ) -> int:
        """Add an alert and its incident; return the alert's number."""
        ...

    async def confirm(self, said: Alert, event: StationEvent) -> None:
        """Keep that an event spoke of it again."""
        ...

    async def end(
        self, said: Alert, *, by: str, at: datetime, over_at: datetime
    ) -> None:
        """Keep that it is over, and resolve its incident."""
        ...
