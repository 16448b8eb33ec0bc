"""Notified events of stations, and which of them a person should know of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from csms.domain.ids import StationId, TransactionId
from csms.domain.station import VariableKey

SEVERITY_UNSAID = 6
"""What an event counts as whose severity nobody knows: a notice."""

MOST_SEVERE, LEAST_SEVERE = 0, 9


class Trigger(StrEnum):
    """What made a station notify an event, in the words of the wire."""

    ALERTING = "Alerting"
    DELTA = "Delta"
    PERIODIC = "Periodic"


class Raises(StrEnum):
    """How grave the incident of an alert is."""

    CRITICAL = "critical"
    WARNING = "warning"


class SeverityFrom(StrEnum):
    """Where the severity of an event was taken from."""

    EVENT = "event"
    MONITOR = "monitor"
    """2.0.1 stations do not say it; the monitor that we know does."""
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class StationEvent:
    """Something that a monitor of a station noticed (N07, N08).

    Attributes:
        event_id: The station's number for it.
        at: When it happened, by the station's clock.
        received_at: When we heard of it.
        trigger: What made the station notify it.
        origin: What kind of monitor raised it, in the words of the wire.
        key: Which variable it is about.
        value: The variable's value, as text; empty for a write-only one (N07.FR.10).
        severity: 0 (danger) to 9 (debug); None until somebody knows it.
        severity_from: Where the severity was taken from.
        cleared: Whether it tells that something is over.
        cause: The event of the same station that caused it.
        monitor: The monitor that raised it.
    """

    station: StationId
    event_id: int
    at: datetime
    received_at: datetime
    trigger: Trigger
    origin: str
    key: VariableKey
    value: str
    severity: int = SEVERITY_UNSAID
    severity_from: SeverityFrom = SeverityFrom.NOBODY
    cleared: bool | None = None
    cause: int | None = None
    transaction: TransactionId | None = None
    monitor: int | None = None
    tech_code: str | None = None
    tech_info: str | None = None


@dataclass(frozen=True, slots=True)
class AlertRule:
    """Which events become incidents.

    Attributes:
        id: Its name.
        description: What it is for.
        severity: Events of this severity or a graver one, which is a lower number.
        component: Pattern of the component's name; ``*`` stands for anything.
        variable: Pattern of the variable's name.
        value: Pattern of the value, whatever its case; None for any. What was raised
            by a value is over as soon as the variable has another.
        station: Pattern of the station's id.
        triggers: What must have made the station notify it.
        raises: How grave the incident is.
        enabled: Whether it is in force.
    """

    id: str
    description: str
    severity: int = LEAST_SEVERE
    component: str = "*"
    variable: str = "*"
    value: str | None = None
    station: str = "*"
    triggers: tuple[Trigger, ...] = (Trigger.ALERTING, Trigger.DELTA)
    raises: Raises = Raises.WARNING
    enabled: bool = True

    def covers(self, event: StationEvent) -> bool:
        """Tell whether the event is one that this rule raises an incident for."""
        return (
            self.enabled
            and event.severity <= self.severity
            and event.trigger in self.triggers
            and fnmatchcase(event.key.component, self.component)
            and fnmatchcase(event.key.variable, self.variable)
            and fnmatchcase(event.station, self.station)
            and self.fits(event.value)
        )

    def fits(self, value: str) -> bool:
        """Tell whether a value is one that this rule is about."""
        return self.value is None or fnmatchcase(
            value.casefold(), self.value.casefold()
        )


DEFAULT_RULES = (
    AlertRule(
        "danger",
        "Danger or failing hardware: lives or property may be at risk.",
        severity=1,
        triggers=tuple(Trigger),
        raises=Raises.CRITICAL,
    ),
    AlertRule(
        "failure",
        "A system failure or a critical condition: a person should look soon.",
        severity=3,
    ),
    AlertRule(
        "problem",
        "A component says that it has a problem.",
        variable="Problem",
        value="true",
    ),
    AlertRule(
        "tripped",
        "A component has tripped, and may need to be reset on the spot.",
        variable="Tripped",
        value="true",
    ),
)
"""In force unless somebody changed them under the same name."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An event that became an incident, until it is over.

    Attributes:
        id: Its number.
        rule: The rule that raised it.
        monitor: The monitor that raised it; None if the event named none.
        severity: The gravest that was said.
        value: The latest value.
        raised_at: When it was raised.
        last_at: When it was last confirmed, by the station's clock.
        count: How many events spoke of it.
        incident: The incident that it raised.
        cleared_at: When it was over; None while it is not.
        cleared_by: Who or what ended it.
        over_at: When it was over, by the station's clock.
    """

    id: int
    station: StationId
    rule: str
    key: VariableKey
    monitor: int | None
    severity: int
    value: str
    raised_at: datetime
    last_at: datetime
    count: int
    incident: int
    cleared_at: datetime | None = None
    cleared_by: str | None = None
    over_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it is not over."""
        return self.cleared_at is None


@dataclass(frozen=True, slots=True)
class Judgment:
    """What an event means for alerts.

    Attributes:
        raised: The rule for which a new alert is raised.
        repeated: The open alert that it confirms.
        over: Open alerts that it ends.
    """

    raised: AlertRule | None = None
    repeated: Alert | None = None
    over: tuple[Alert, ...] = ()


def judge(
    event: StationEvent, rules: Sequence[AlertRule], known: Iterable[Alert]
) -> Judgment:
    """Decide what an event means.

    Args:
        event: The event, its severity known as well as it can be.
        rules: Every rule.
        known: The alerts of the same station and variable: those that are open, and of
            those that are over the latest.

    Returns:
        One alert at most is raised or confirmed. An event that is older than the end
        of what it speaks of changes nothing: stations deliver late what they could not
        while they were offline.
    """
    related = [each for each in known if _related(each, event)]
    by_name = {each.id: each for each in rules}
    over = tuple(
        each
        for each in related
        if each.is_open
        and each.last_at <= event.at
        and (event.cleared is True or not _fits(by_name.get(each.rule), event))
    )
    if event.cleared is True:
        return Judgment(over=over)
    rule = next((each for each in _ranked(rules) if each.covers(event)), None)
    if rule is None:
        return Judgment(over=over)
    mine = [each for each in related if each.rule == rule.id]
    for each in mine:
        if each.is_open and each not in over:
            return Judgment(repeated=each, over=over)
    if any(each.over_at is not None and event.at <= each.over_at for each in mine):
        return Judgment(over=over)
    return Judgment(raised=rule, over=over)


def _fits(rule: AlertRule | None, event: StationEvent) -> bool:
    return rule is None or rule.fits(event.value)


def _related(alert: Alert, event: StationEvent) -> bool:
    """Tell whether both are about one variable and, as far as said, one monitor."""
    same = (alert.station, alert.key) == (event.station, event.key)
    return same and (
        None in (alert.monitor, event.monitor) or alert.monitor == event.monitor
    )


def _ranked(rules: Sequence[AlertRule]) -> Sequence[AlertRule]:
    """Return the rules, the gravest first, so that the worst word is the one said."""
    return sorted(
        rules, key=lambda each: (each.raises is Raises.WARNING, each.severity, each.id)
    )


def clamped(severity: int) -> int:
    """Return a severity that the standard knows."""
    return min(max(severity, MOST_SEVERE), LEAST_SEVERE)
