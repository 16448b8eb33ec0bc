"""Power electronics: an order takes effect after a delay and along a ramp."""

from dataclasses import dataclass


@dataclass(slots=True)
class PowerStage:
    """The inverter of one EVSE, seen from the grid side.

    Attributes:
        slew_w_per_s: How fast its power changes.
        reaction_s: Seconds between an order and the first movement.
        watts: Power now, positive from the grid.
        target: Power it is moving to.
    """

    slew_w_per_s: float
    reaction_s: float
    watts: float = 0.0
    target: float = 0.0
    _next: tuple[float, float] | None = None

    def order(self, at: float, watts: float) -> None:
        """Ask for another power; repeating an order changes nothing."""
        wanted = self._next[1] if self._next else self.target
        if watts != wanted:
            self._next = (at + self.reaction_s, watts)

    def boundary(self) -> float | None:
        """Return when the pending order takes effect, if there is one."""
        return self._next[0] if self._next else None

    def drop(self) -> None:
        """Fall to zero at once, as when the contactor opens."""
        self.watts = self.target = 0.0
        self._next = None

    def hold_back(self, watts: float) -> None:
        """Note that the vehicle let less through than the stage would have."""
        if abs(self.watts) > abs(watts) and self.watts == self.target:
            self.watts = watts

    def mean(self, start: float, end: float) -> float:
        """Return the mean power of a stretch that crosses no boundary, and move on."""
        if self._next and self._next[0] <= start:
            self.target, self._next = self._next[1], None
        if self.watts == self.target:
            return self.watts
        seconds = end - start
        distance = self.target - self.watts
        ramp = abs(distance) / self.slew_w_per_s
        before = self.watts
        if ramp <= seconds:
            self.watts = self.target
            area = (before + self.target) / 2 * ramp + self.target * (seconds - ramp)
            return area / seconds
        self.watts += distance * seconds / ramp
        return (before + self.watts) / 2
