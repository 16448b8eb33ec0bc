"""Controls of a distributed energy resource, as a grid asks them of a charger (R04).

Powers follow this system's sign: positive is into the vehicle, negative to the grid.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What a control does, in the words of the wire."""

    ENTER_SERVICE = "EnterService"
    FREQ_DROOP = "FreqDroop"
    FREQ_WATT = "FreqWatt"
    FIXED_PF_ABSORB = "FixedPFAbsorb"
    FIXED_PF_INJECT = "FixedPFInject"
    FIXED_VAR = "FixedVar"
    GRADIENTS = "Gradients"
    HF_MUST_TRIP = "HFMustTrip"
    HF_MAY_TRIP = "HFMayTrip"
    HV_MUST_TRIP = "HVMustTrip"
    HV_MOM_CESS = "HVMomCess"
    HV_MAY_TRIP = "HVMayTrip"
    LIMIT_MAX_DISCHARGE = "LimitMaxDischarge"
    LF_MUST_TRIP = "LFMustTrip"
    LV_MUST_TRIP = "LVMustTrip"
    LV_MOM_CESS = "LVMomCess"
    LV_MAY_TRIP = "LVMayTrip"
    POWER_MONITORING_MUST_TRIP = "PowerMonitoringMustTrip"
    VOLT_VAR = "VoltVar"
    VOLT_WATT = "VoltWatt"
    WATT_PF = "WattPF"
    WATT_VAR = "WattVar"


class Unit(StrEnum):
    """What a figure is a part of, in percent."""

    NOT_APPLICABLE = "Not_Applicable"
    PCT_MAX_W = "PctMaxW"
    PCT_MAX_VAR = "PctMaxVar"
    PCT_W_AVAIL = "PctWAvail"
    PCT_VAR_AVAIL = "PctVarAvail"
    PCT_EFFECTIVE_V = "PctEffectiveV"


DEFAULTS_ONLY = frozenset({Kind.ENTER_SERVICE, Kind.GRADIENTS})
"""Kinds that exist as defaults only (R04.FR.14)."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve that power follows.

    Attributes:
        points: x and y of each point, ten at most.
        unit: The unit of y.
        response_s: Seconds until nine tenths of a new target.
        hysteresis: high, low, delay in seconds, gradient in percent per second.
        reactive: The reference voltage, whether it is found, and its time constant.
        voltage: Mean of ten minutes, its delay, and what is fed in meanwhile.
    """

    points: tuple[tuple[float, float], ...]
    unit: Unit = Unit.NOT_APPLICABLE
    response_s: float | None = None
    hysteresis: tuple[float | None, float | None, float | None, float | None] | None = (
        None
    )
    reactive: tuple[float | None, bool | None, float | None] | None = None
    voltage: tuple[float | None, float | None, str | None] | None = None


@dataclass(frozen=True, slots=True)
class EnterService:
    """When service may begin again: volts, hertz, seconds, percent per second."""

    high_voltage: float
    low_voltage: float
    high_freq: float
    low_freq: float
    delay_s: float | None = None
    random_delay_s: float | None = None
    ramp_rate: float | None = None


@dataclass(frozen=True, slots=True)
class FixedPowerFactor:
    """A power factor to hold, and whether reactive power is absorbed."""

    displacement: float
    absorbs: bool


@dataclass(frozen=True, slots=True)
class FixedVar:
    """A power to hold, in percent of the unit; negative goes to the grid."""

    percent: float
    unit: Unit


@dataclass(frozen=True, slots=True)
class FreqDroop:
    """How power answers to the frequency: hertz, percent, seconds."""

    over_freq: float
    under_freq: float
    over_droop: float
    under_droop: float
    response_s: float


@dataclass(frozen=True, slots=True)
class Gradients:
    """How fast power may change, in percent per second; 0 if it does not apply."""

    gradient: float
    soft_gradient: float


@dataclass(frozen=True, slots=True)
class LimitMaxDischarge:
    """The most that may be discharged, in percent of what can be, and when to trip."""

    percent: float | None = None
    trip: Curve | None = None


Body = (
    Curve
    | EnterService
    | FixedPowerFactor
    | FixedVar
    | FreqDroop
    | Gradients
    | LimitMaxDischarge
)

_BODIES: dict[Kind, type[Body]] = {
    Kind.ENTER_SERVICE: EnterService,
    Kind.FREQ_DROOP: FreqDroop,
    Kind.FIXED_PF_ABSORB: FixedPowerFactor,
    Kind.FIXED_PF_INJECT: FixedPowerFactor,
    Kind.FIXED_VAR: FixedVar,
    Kind.GRADIENTS: Gradients,
    Kind.LIMIT_MAX_DISCHARGE: LimitMaxDischarge,
}


def body_of(kind: Kind) -> type[Body]:
    """Return what a control of this kind is made of (R04.FR.16)."""
    return _BODIES.get(kind, Curve)


@dataclass(frozen=True, slots=True)
class Control:
    """One control.

    Attributes:
        id: Unique on its station.
        default: Whether it holds where no scheduled one does (R04.FR.11).
        priority: The lower number rules.
        body: What it asks.
        start: When a scheduled one begins; none for at once.
        duration: How long it lasts; it is deleted after that (R04.FR.10).
    """

    id: str
    kind: Kind
    default: bool
    priority: int
    body: Body
    start: datetime | None = None
    duration: timedelta | None = None

    def expired(self, now: datetime) -> bool:
        """Tell whether it is over for good (R04.FR.10)."""
        if self.default or self.start is None or self.duration is None:
            return False
        return self.start + self.duration <= now

    def active(self, now: datetime) -> bool:
        """Tell whether a scheduled one is within its time."""
        begun = self.start is None or self.start <= now
        return not self.default and begun and not self.expired(now)
