"""A vehicle's battery, as physics and nothing else."""

from dataclasses import dataclass, replace

WS_PER_KWH = 3_600_000.0


@dataclass(frozen=True, slots=True)
class Battery:
    """Energy a vehicle holds.

    Attributes:
        capacity_ws: Watt-seconds it can hold.
        stored_ws: Watt-seconds it holds.
        efficiency: One-way efficiency between the grid side and the cells.
        hard_min: Share of the capacity below which it refuses to give.
        taper_from: Share of the capacity from which it takes less and less.
        taper_to: Share of the full power that it still takes when nearly full.
    """

    capacity_ws: float
    stored_ws: float
    efficiency: float = 0.95
    hard_min: float = 0.05
    taper_from: float = 0.88
    taper_to: float = 0.2

    @property
    def soc(self) -> float:
        """Return the state of charge in percent."""
        return 100.0 * self.stored_ws / self.capacity_ws

    def appetite(self, watts: float) -> float:
        """Return how much of a charging power it takes at its state of charge."""
        share = self.stored_ws / self.capacity_ws
        if share <= self.taper_from:
            return watts
        slope = (share - self.taper_from) / (1.0 - self.taper_from)
        return watts * (1.0 - slope * (1.0 - self.taper_to))

    def hold(self, watts: float, seconds: float) -> tuple["Battery", float]:
        """Return the battery after a stretch of grid-side power, and what moved.

        A full battery takes no more and an empty one gives no more, whatever the
        power asked of it.

        Args:
            watts: Power at the grid side, positive into the battery.
            seconds: For how long.

        Returns:
            The battery afterwards and the watt-seconds that crossed the grid side.
        """
        wanted = watts * seconds
        if wanted >= 0.0:
            room = (self.capacity_ws - self.stored_ws) / self.efficiency
            moved = min(wanted, max(room, 0.0))
            stored = min(self.stored_ws + moved * self.efficiency, self.capacity_ws)
        else:
            spare = self.stored_ws - self.capacity_ws * self.hard_min
            moved = max(wanted, -max(spare, 0.0) * self.efficiency)
            stored = self.stored_ws + moved / self.efficiency
        return replace(self, stored_ws=stored), moved

    def drive(self, watt_seconds: float) -> "Battery":
        """Return the battery after a trip that used this much of it."""
        return replace(self, stored_ws=max(self.stored_ws - watt_seconds, 0.0))
