"""A setpoint against telemetry: obeyed, not delivering, or dangerous.

"Accepted" is not delivery. Direction and size come from the meter; a missing reading
is unknown, never zero. All verdicts are pure: who asks decides what follows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from csms.flex.needs import GUARD_PCT

if TYPE_CHECKING:
    from csms.domain.units import Power

FULL_PCT = 100.0
LEAST_BELIEVABLE_PCT = 1.0


class Verdict(StrEnum):
    """What a meter says about a setpoint; the gravest that applies."""

    WRONG_DIRECTION = "wrong_direction"
    UNPLUGGED = "unplugged"
    OFFLINE = "offline"
    FLOOR_REACHED = "floor_reached"
    STALE_SOC = "stale_soc"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    EXCESSIVE = "excessive"
    NOT_DELIVERING = "not_delivering"
    OBEYED = "obeyed"


@dataclass(frozen=True, slots=True)
class LiveState:
    """What is known of an EVSE right now.

    Attributes:
        power: Last metered power, positive into the vehicle; none without a reading of
            the exporting direction.
        power_at: When it was measured.
        soc_pct: Last trusted state of charge.
        soc_at: When it was measured.
        plugged: Whether a vehicle is plugged in.
        offline: Whether the station is out of reach.
    """

    power: "Power | None"
    power_at: datetime | None
    soc_pct: float | None
    soc_at: datetime | None
    plugged: bool
    offline: bool


@dataclass(frozen=True, slots=True)
class Patience:
    """How much deviation is borne before it means something.

    Attributes:
        response: Time from the command until the meter must show it.
        power_age: Age beyond which a power reading says nothing.
        soc_age: Age beyond which a state of charge must not be discharged on.
        tolerance_pct: Relative tolerance of the power, in percent.
        tolerance_w: Absolute tolerance of the power, in watts; the wider one counts.
        trip_w: Import above this, in watts, while discharge is commanded, trips.
        guard_pct: Distance from the driver's minimum at which discharge stops.
    """

    response: timedelta = timedelta(seconds=90)
    power_age: timedelta = timedelta(minutes=5)
    soc_age: timedelta = timedelta(minutes=5)
    tolerance_pct: float = 10.0
    tolerance_w: int = 500
    trip_w: int = 500
    guard_pct: float = GUARD_PCT

    def tolerance(self, commanded: "Power") -> int:
        """Return the tolerance around a commanded power, in watts."""
        relative = round(abs(commanded.watts) * self.tolerance_pct / 100)
        return max(relative, self.tolerance_w)


@dataclass(frozen=True, slots=True)
class Watch:
    """One discharge command under watch.

    Attributes:
        commanded: The setpoint, negative.
        since: When it took effect.
        floor_soc_pct: The driver's minimum.
    """

    commanded: "Power"
    since: datetime
    floor_soc_pct: float


def track(
    watch: Watch, live: LiveState, now: datetime, patience: Patience | None = None
) -> Verdict:
    """Return what the live state says about a discharge command.

    Only fresh readings taken since the command count. A vehicle that still charges when
    the command arrives is given the response window to turn around; import beyond the
    trip threshold in a reading from after it is a wrong direction.

    Args:
        watch: What was commanded.
        live: What is known.
        now: The present instant.
        patience: How much deviation is borne.
    """
    seen = _Seen(watch, live, now, patience or Patience())
    for verdict, applies in _RULES:
        if applies(seen):
            return verdict
    return Verdict.OBEYED


def plausible_soc(
    reported: float,
    last: float | None,
    elapsed: timedelta,
    max_step_pct_per_minute: float = 3.0,
) -> bool:
    """Tell whether a reported state of charge may be believed.

    Stations report 0 when idle, a spurious 1 %, and jumps; none of these is a state of
    charge (v2x rule 21). A step is measured against the time since the last trusted
    one, with two percent for rounding.
    """
    if not LEAST_BELIEVABLE_PCT < reported <= FULL_PCT:
        return False
    if last is None:
        return True
    minutes = max(elapsed.total_seconds(), 0.0) / 60
    return abs(reported - last) <= 2.0 + max_step_pct_per_minute * minutes


@dataclass(frozen=True, slots=True)
class _Seen:
    watch: Watch
    live: LiveState
    now: datetime
    patience: Patience

    @property
    def reading(self) -> "Power | None":
        """The metered power, if it was taken since the command and is fresh."""
        at = self.live.power_at
        if at is None or at < self.watch.since:
            return None
        return self.live.power if self.now - at <= self.patience.power_age else None

    @property
    def deviation(self) -> int:
        """Watts above the command, zero without a reading."""
        reading = self.reading
        return (reading - self.watch.commanded).watts if reading is not None else 0

    @property
    def tolerance(self) -> int:
        return self.patience.tolerance(self.watch.commanded)


def _wrong_direction(seen: _Seen) -> bool:
    reading, at = seen.reading, seen.live.power_at
    if reading is None or at is None:
        return False
    settled = at >= seen.watch.since + seen.patience.response
    return settled and reading.watts > seen.patience.trip_w


def _floor_reached(seen: _Seen) -> bool:
    soc_pct = seen.live.soc_pct
    floor_pct = seen.watch.floor_soc_pct + seen.patience.guard_pct
    return soc_pct is not None and soc_pct <= floor_pct


def _stale_soc(seen: _Seen) -> bool:
    if seen.live.soc_pct is None or seen.live.soc_at is None:
        return True
    return seen.now - seen.live.soc_at > seen.patience.soc_age


_RULES: tuple[tuple[Verdict, Callable[[_Seen], bool]], ...] = (
    (Verdict.WRONG_DIRECTION, _wrong_direction),
    (Verdict.UNPLUGGED, lambda seen: not seen.live.plugged),
    (Verdict.OFFLINE, lambda seen: seen.live.offline),
    (Verdict.FLOOR_REACHED, _floor_reached),
    (Verdict.STALE_SOC, _stale_soc),
    (
        Verdict.WAITING,
        lambda seen: seen.now < seen.watch.since + seen.patience.response,
    ),
    (Verdict.UNKNOWN, lambda seen: seen.reading is None),
    (Verdict.EXCESSIVE, lambda seen: seen.deviation < -seen.tolerance),
    (Verdict.NOT_DELIVERING, lambda seen: seen.deviation > seen.tolerance),
)
"""Gravest first; what matches none is obeyed."""
