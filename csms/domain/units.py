"""Quantities with a unit and a sign.

Positive power flows from the grid into the vehicle, negative power flows back:
the sign of OCPP's setpoint. Every other convention is converted at the edge
where it enters. Whole watts and watt-seconds keep every sum exact.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

WS_PER_WH = 3600
WS_PER_KWH = 3_600_000


@dataclass(frozen=True, slots=True, order=True)
class Energy:
    """Energy in whole watt-seconds; positive into the vehicle."""

    watt_seconds: int

    @classmethod
    def kwh(cls, value: float) -> "Energy":
        """Read kilowatt-hours."""
        return cls(round(value * WS_PER_KWH))

    @property
    def as_kwh(self) -> float:
        """Return kilowatt-hours."""
        return self.watt_seconds / WS_PER_KWH

    def __add__(self, other: "Energy") -> "Energy":
        return Energy(self.watt_seconds + other.watt_seconds)

    def __sub__(self, other: "Energy") -> "Energy":
        return Energy(self.watt_seconds - other.watt_seconds)

    def __neg__(self) -> "Energy":
        return Energy(-self.watt_seconds)

    @classmethod
    def total(cls, parts: "Iterable[Energy]") -> "Energy":
        """Return the sum."""
        return cls(sum(part.watt_seconds for part in parts))


@dataclass(frozen=True, slots=True, order=True)
class Power:
    """Active power in whole watts, as seen by the vehicle."""

    watts: int

    @classmethod
    def kw(cls, value: float) -> "Power":
        """Read kilowatts."""
        return cls(round(value * 1000))

    @property
    def as_kw(self) -> float:
        """Return kilowatts."""
        return self.watts / 1000

    def over(self, duration: "timedelta") -> Energy:
        """Return the energy moved by holding this power for the duration."""
        return Energy(self.watts * round(duration.total_seconds()))

    def __add__(self, other: "Power") -> "Power":
        return Power(self.watts + other.watts)

    def __sub__(self, other: "Power") -> "Power":
        return Power(self.watts - other.watts)

    def __neg__(self) -> "Power":
        return Power(-self.watts)

    @classmethod
    def total(cls, parts: "Iterable[Power]") -> "Power":
        """Return the sum."""
        return cls(sum(part.watts for part in parts))


ZERO_POWER = Power(0)
ZERO_ENERGY = Energy(0)
