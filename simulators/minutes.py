"""The minutes of an EVSE, closed one by one for the observer."""

from dataclasses import dataclass, field

from simulators.evse import Evse
from simulators.observer import Observer
from simulators.vehicle import Vehicle

MINUTE = 60.0
HAZARD_W = 500.0


@dataclass(slots=True)
class Minutes:
    """What has moved in the minute that runs.

    Attributes:
        station: The station's identity.
        observer: Who writes minutes down.
        began: Unix seconds at which the first minute, perhaps a broken one, began.
        end: Unix seconds at which the running minute ends.
    """

    station: str
    observer: Observer
    began: float
    end: float = field(init=False)
    _moved_ws: float = 0.0
    _given_ws: float = 0.0
    _hazard: bool = False
    _ordered_out: bool = False

    def __post_init__(self) -> None:
        """Find the first full minute."""
        self.end = (self.began // MINUTE + 1) * MINUTE

    def count(self, moved_ws: float) -> None:
        """Add energy that crossed the grid side."""
        self._moved_ws += moved_ws
        self._given_ws += max(0.0, -moved_ws)

    def close(self, evse: Evse, vehicle: Vehicle, told: float | None) -> None:
        """Write the minute down, and whether power flows against the order.

        Args:
            evse: Where it flowed.
            vehicle: The vehicle, at the cable or away.
            told: What the deciding profile said, in watts.
        """
        plugged = evse.vehicle is not None
        soc = vehicle.battery.soc
        self.observer.minute(
            self.station, self._moved_ws, self._given_ws, soc, plugged=plugged
        )
        ordered_out = told is not None and told < 0
        mean = self._moved_ws / MINUTE
        takes = min(mean, evse.watts) > HAZARD_W
        hazard = ordered_out and self._ordered_out and takes
        if hazard != self._hazard:
            kind = "wrong-direction" if hazard else "wrong-direction-over"
            detail = f"told {told or 0:.0f} W, takes {mean:.0f} W"
            self.observer.incident(self.end, self.station, kind, detail)
        self._hazard, self._ordered_out = hazard, ordered_out
        self._moved_ws = self._given_ws = 0.0
        self.end += MINUTE
