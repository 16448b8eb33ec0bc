"""An EVSE with or without a vehicle: power flows through it as it was told."""

import math
import random
from dataclasses import dataclass, field

from simulators.meter import Meter
from simulators.persona import Persona
from simulators.power import PowerStage
from simulators.smart_charging import Setting
from simulators.vehicle import Vehicle

STILL_W = 40.0


@dataclass(slots=True)
class VendorOrder:
    """A set-point that came beside the standard.

    Attributes:
        watts: Signed grid-side power.
        start: Unix seconds from which it holds.
        end: Unix seconds until which it holds.
    """

    watts: float
    start: float
    end: float


@dataclass(slots=True)
class Evse:
    """The physics of one EVSE.

    Attributes:
        persona: The make.
        chance: Where its noise comes from.
        vehicle: The vehicle at the cable, if there is one.
        bidirectional: Whether the vehicle may give energy in this session; none
            while it is being agreed.
        watts: Mean grid-side power of the last stretch.
        order: A vendor's own set-point, if it holds one.
    """

    persona: Persona
    chance: random.Random
    vehicle: Vehicle | None = None
    bidirectional: bool | None = None
    watts: float = 0.0
    order: VendorOrder | None = None
    meter: Meter = field(init=False)
    stage: PowerStage = field(init=False)
    desired: float = 0.0
    _ordered_at: float = 0.0

    def __post_init__(self) -> None:
        """Build the meter and the power electronics of the make."""
        full = max(self.persona.max_charge_w, self.persona.max_discharge_w)
        slew = full / max(self.persona.ramp_s, 0.001)
        self.stage = PowerStage(slew, self.persona.reaction_s)
        self.meter = Meter(self.persona, self.chance)

    @property
    def soc(self) -> float | None:
        """Return the state of charge of the vehicle at the cable, in percent."""
        return self.vehicle.battery.soc if self.vehicle else None

    def flow(self, start: float, end: float) -> float:
        """Let power flow for a stretch and return the watt-seconds that moved."""
        if self.vehicle is None:
            self.watts = 0.0
            return 0.0
        mean = self.stage.mean(start, end)
        battery = self.vehicle.battery
        if mean > 0.0:
            mean = min(mean, battery.appetite(self._most_in()))
        self.vehicle.battery, moved = battery.hold(mean, end - start)
        self.watts = moved / (end - start)
        self.stage.hold_back(self.watts)
        self.meter.count(moved)
        return moved

    def obey(self, t: float, setting: Setting, *, running: bool) -> None:
        """Order the power that the setting asks for.

        Args:
            t: Unix seconds.
            setting: What the profiles say.
            running: Whether a transaction allows energy to flow at all.
        """
        wanted = self._wanted(t, setting) if running and self.vehicle else 0.0
        if wanted != self.desired:
            self.desired, self._ordered_at = wanted, t
        self.stage.order(t, wanted)

    def state(self, t: float) -> str:
        """Return the chargingState that a running transaction has now."""
        if self.desired == 0.0:
            return "SuspendedEVSE"
        settled = t - self._ordered_at > self.persona.reaction_s + self.persona.ramp_s
        if settled and abs(self.watts) < STILL_W:
            return "SuspendedEV"
        return "Charging"

    def boundary(self, t: float) -> float:
        """Return the next instant after ``t`` at which something changes by itself."""
        instants = [self.stage.boundary() or math.inf]
        if self.order:
            instants += [self.order.start, self.order.end]
        return min((at for at in instants if at > t), default=math.inf)

    def open_contactor(self) -> None:
        """Stop the power at once."""
        self.stage.drop()
        self.desired = 0.0
        self.watts = 0.0

    def _most_in(self) -> float:
        most = float(self.persona.max_charge_w)
        return (
            min(most, self.vehicle.type.max_charge_kw * 1000) if self.vehicle else most
        )

    def _most_out(self) -> float:
        if self.vehicle is None or self.persona.island_only:
            return 0.0
        if self.persona.modern and not self.bidirectional:
            return 0.0
        power = float(self.persona.max_discharge_w)
        return min(power, self.vehicle.type.max_discharge_kw * 1000)

    def _wanted(self, t: float, setting: Setting) -> float:
        setpoint = setting.setpoint
        if self.order and self.order.start <= t < self.order.end:
            setpoint = min(self.order.watts, setting.limit)
        if setpoint is None:
            wanted = min(setting.limit, self._most_in())
        else:
            wanted = min(max(setpoint, -self._most_out()), self._most_in())
        step = self.persona.step_w
        wanted = math.trunc(wanted / step) * float(step)
        if -self.persona.min_discharge_w < wanted < 0.0:
            return 0.0
        return wanted
