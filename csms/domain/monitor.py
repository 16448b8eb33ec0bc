"""Monitors: what a station is to raise events about, and what it says it does."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from csms.domain.ids import StationId
from csms.domain.station import VariableKey

LEAST_SEVERE = 9
"""Severities go from 0, danger, to this, debugging (N04, N05)."""

NUMERIC = frozenset({"integer", "decimal"})
"""Data types of variables that can be above or below something."""


class MonitorKind(StrEnum):
    """What a monitor looks at, in the words of the wire."""

    UPPER_THRESHOLD = "UpperThreshold"
    LOWER_THRESHOLD = "LowerThreshold"
    DELTA = "Delta"
    PERIODIC = "Periodic"
    PERIODIC_CLOCK_ALIGNED = "PeriodicClockAligned"
    TARGET_DELTA = "TargetDelta"
    """2.1 only."""
    TARGET_DELTA_RELATIVE = "TargetDeltaRelative"
    """2.1 only."""


THRESHOLDS = frozenset({MonitorKind.UPPER_THRESHOLD, MonitorKind.LOWER_THRESHOLD})
PERIODIC = frozenset({MonitorKind.PERIODIC, MonitorKind.PERIODIC_CLOCK_ALIGNED})
TARGET_DELTAS = frozenset({MonitorKind.TARGET_DELTA, MonitorKind.TARGET_DELTA_RELATIVE})


class Criterion(StrEnum):
    """Which monitors a report should speak of (N02), in the words of the wire."""

    THRESHOLD = "ThresholdMonitoring"
    DELTA = "DeltaMonitoring"
    PERIODIC = "PeriodicMonitoring"


class Base(StrEnum):
    """With which monitors a station starts afresh (N03), in the words of the wire."""

    ALL = "All"
    FACTORY_DEFAULT = "FactoryDefault"
    HARD_WIRED_ONLY = "HardWiredOnly"

    @property
    def drops_custom(self) -> bool:
        """Tell whether monitors that were set are gone afterwards (N03.FR.04, .05)."""
        return self is not Base.ALL


@dataclass(frozen=True, slots=True)
class StreamParams:
    """How often a periodic event stream is sent (N11); 2.1 only.

    Attributes:
        interval: Seconds after which what has gathered is sent.
        values: How many values are sent together.
    """

    interval: int | None = None
    values: int | None = None

    @property
    def flushes(self) -> bool:
        """Tell whether anything is ever sent (N11.FR.09)."""
        return bool(self.interval) or bool(self.values)


@dataclass(frozen=True, slots=True)
class MonitorSetting:
    """A monitor that we want.

    Attributes:
        value: The threshold or the difference; seconds if it is periodic.
        severity: From 0 to 9.
        transaction_only: Whether it works during transactions only.
        stream: Whether and how its values come in a stream.
        id: The station's number for it, where it replaces one.
    """

    key: VariableKey
    kind: MonitorKind
    value: float
    severity: int
    transaction_only: bool = False
    stream: StreamParams | None = None
    id: int | None = None

    @property
    def slot(self) -> tuple[VariableKey, MonitorKind, int]:
        """Return what there can be one of only on a station (N04.FR.10)."""
        return self.key, self.kind, self.severity


@dataclass(frozen=True, slots=True)
class MonitorIntent:
    """A monitor that we want, and what became of it.

    Attributes:
        status: The station's word; ``Asked``, ``NoAnswer``, ``Missing`` from a complete
            report, ``Dropped`` by a new base, or ``Cleared`` are ours.
        info: The station's own words.
    """

    station: StationId
    setting: MonitorSetting
    status: str
    info: str
    by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ReportedMonitor:
    """A monitor that a station says it has.

    Attributes:
        origin: Who set it, in the words of the wire; None from 2.0.1 stations.
    """

    id: int
    key: VariableKey
    kind: str
    value: float
    severity: int
    transaction_only: bool
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class MonitorResult:
    """What a station said to one monitor of a request; ``NoResult`` if nothing."""

    status: str
    id: int | None = None
    info: str = ""

    @property
    def accepted(self) -> bool:
        """Tell whether it was carried out."""
        return self.status == "Accepted"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a monitor cannot be set on a station.

    Attributes:
        field: The field at fault.
        problem: What is wrong, or what the station lacks.
    """

    field: str
    problem: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What a device model says of a variable that is to be monitored.

    Attributes:
        characteristics: As on the wire; empty if the station did not say.
    """

    characteristics: Mapping[str, Any]

    @property
    def is_numeric(self) -> bool | None:
        """Tell whether it is a number; None if the station did not say."""
        kind = self.characteristics.get("dataType")
        return None if kind is None else kind in NUMERIC

    def beyond(self, value: float) -> bool:
        """Tell whether a threshold lies outside what the variable can be."""
        least = _number(self.characteristics.get("minLimit"))
        most = _number(self.characteristics.get("maxLimit"))
        return (least is not None and value < least) or (
            most is not None and value > most
        )


def _number(said: object) -> float | None:
    return said if isinstance(said, int | float) else None


def flaw_of(
    setting: MonitorSetting, watched: Watched | None, *, speaks_21: bool
) -> Flaw | None:
    """Return why a monitor makes no sense on a station, or None.

    Args:
        setting: The monitor.
        watched: What its device model says of the variable; None if nothing.
        speaks_21: Whether the station speaks 2.1.
    """
    return (
        _edition_flaw(setting, speaks_21=speaks_21)
        or _value_flaw(setting)
        or (None if watched is None else _variable_flaw(setting, watched))
    )


def _edition_flaw(setting: MonitorSetting, *, speaks_21: bool) -> Flaw | None:
    if setting.kind in TARGET_DELTAS and not speaks_21:
        return Flaw("kind", f"{setting.kind} needs a station that speaks OCPP 2.1")
    stream = setting.stream
    if stream is None:
        return None
    if not speaks_21:
        return Flaw("stream", "event streams need a station that speaks OCPP 2.1")
    if not stream.flushes:
        return Flaw("stream", "it needs an interval, a number of values, or both")
    return None


def _value_flaw(setting: MonitorSetting) -> Flaw | None:
    if not math.isfinite(setting.value):
        return Flaw("value", "it is not a finite number")
    if not 0 <= setting.severity <= LEAST_SEVERE:
        return Flaw("severity", f"it is not between 0 and {LEAST_SEVERE}")
    if setting.kind in PERIODIC:
        if setting.value < 1 or setting.value != round(setting.value):
            return Flaw("value", "a period is a whole number of seconds, from 1")
    elif setting.kind not in THRESHOLDS and setting.value < 0:
        return Flaw("value", "a difference is not below zero (N04.FR.14)")
    return None


def _variable_flaw(setting: MonitorSetting, watched: Watched) -> Flaw | None:
    if watched.characteristics.get("supportsMonitoring") is False:
        return Flaw("variable", "the station cannot monitor this variable")
    if setting.kind not in THRESHOLDS:
        return None
    if watched.is_numeric is False:
        return Flaw("kind", "only a number can be above or below a threshold")
    if watched.beyond(setting.value):
        return Flaw("value", "the variable cannot reach this threshold (N04.FR.06)")
    return None
