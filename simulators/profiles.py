"""Charging profiles as a station keeps them, and when each of them speaks."""

import math
from dataclasses import dataclass
from typing import Any

from simulators.instants import instant

Payload = dict[str, Any]
FOREVER = math.inf
DAY = 86_400.0


@dataclass(slots=True)
class Profile:
    """One installed charging profile.

    Attributes:
        raw: The profile as the CSMS sent it.
        evse: The EVSE it was sent for; 0 is the whole station.
        id: Its identity; the same id replaces (K01.FR.05).
        stack: Its stackLevel; higher wins within a purpose.
        purpose: chargingProfilePurpose.
        kind: chargingProfileKind.
        transaction: The transaction of a TxProfile.
        valid_from: Unix seconds from which it may apply.
        valid_to: Unix seconds from which it no longer applies (K01.FR.37).
        start: startSchedule, or when a Dynamic profile was last updated.
        duration: Seconds after which the schedule ends.
        period_s: Seconds of a Recurring schedule's cycle, else 0.
        starts: The startPeriod of each period.
        periods: The periods as sent.
        unit: W or A.
        dead: Whether it was offline too long and must be sent again (Q12).
    """

    raw: Payload
    evse: int
    id: int
    stack: int
    purpose: str
    kind: str
    transaction: str | None
    valid_from: float
    valid_to: float
    start: float | None
    duration: float
    period_s: float
    starts: list[float]
    periods: list[Payload]
    unit: str
    dead: bool = False

    @property
    def max_offline(self) -> float:
        """Return how many seconds offline it survives (Q11)."""
        return float(self.raw.get("maxOfflineDuration", FOREVER))

    def speaks(self, t: float, tx_start: float | None) -> Payload | None:
        """Return the period that applies at an instant, or none."""
        if self.dead or not self.valid_from <= t < self.valid_to:
            return None
        offset = self._offset(t, tx_start)
        if offset is None or offset < 0 or offset >= self.duration:
            return None
        current = None
        for begin, period in zip(self.starts, self.periods, strict=True):
            if begin <= offset:
                current = period
        return current

    def boundary(self, t: float, tx_start: float | None) -> float:
        """Return the next instant after ``t`` at which it may speak differently."""
        instants = [self.valid_from, self.valid_to]
        base = self.start if self.kind != "Relative" else tx_start
        if base is not None:
            if self.period_s and t > base:
                base += (t - base) // self.period_s * self.period_s
                instants.append(base + self.period_s)
            instants += [base + begin for begin in self.starts]
            instants.append(base + self.duration)
        return min((at for at in instants if at > t), default=FOREVER)

    def update(self, t: float, change: Payload) -> None:
        """Take a new set-point or limit and wind the watchdog up (K28.FR.14)."""
        self.start = t
        self.periods[0].update(change)

    def _offset(self, t: float, tx_start: float | None) -> float | None:
        base = tx_start if self.kind == "Relative" else self.start
        if base is None:
            return None
        if self.period_s and t >= base:
            return (t - base) % self.period_s
        return t - base


def parse(evse: int, raw: Payload, now: float) -> Profile:
    """Return a profile as a station keeps it.

    Raises:
        KeyError: If something that the schema requires is missing.
        ValueError: If an instant cannot be read.
    """
    schedule = raw["chargingSchedule"][0]
    start = schedule.get("startSchedule")
    kind = raw["chargingProfileKind"]
    began = instant(start) if start else None
    if kind == "Dynamic":
        began = max(now, began or now)
    periods = schedule["chargingSchedulePeriod"]
    cycle = {"Daily": DAY, "Weekly": 7 * DAY}.get(raw.get("recurrencyKind", ""), 0.0)
    return Profile(
        raw=raw,
        evse=evse,
        id=raw["id"],
        stack=raw["stackLevel"],
        purpose=raw["chargingProfilePurpose"],
        kind=kind,
        transaction=raw.get("transactionId"),
        valid_from=instant(raw["validFrom"]) if "validFrom" in raw else -FOREVER,
        valid_to=instant(raw["validTo"]) if "validTo" in raw else FOREVER,
        start=began,
        duration=float(schedule.get("duration", FOREVER)),
        period_s=cycle if kind == "Recurring" else 0.0,
        starts=[float(period["startPeriod"]) for period in periods],
        periods=periods,
        unit=schedule["chargingRateUnit"],
    )
