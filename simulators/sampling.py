"""When a station takes readings, and of what, as its variables say (J01, J02, E01)."""

from dataclasses import dataclass

from simulators.device_model import DeviceModel
from simulators.transaction import Transaction

DAY = 86_400
NEVER = float("inf")
V2X = "V2XChargingCtrlr"
DISCHARGING = "CentralSetpoint"


@dataclass(slots=True)
class Sampling:
    """The readings of one station.

    Attributes:
        model: The variables that configure them.
        sample_at: When the next periodic reading is due, in Unix seconds.
        aligned_at: When the next clock-aligned reading is due.
    """

    model: DeviceModel
    sample_at: float = NEVER
    aligned_at: float = NEVER

    def plan(self, t: float, tx: Transaction | None) -> None:
        """Find out anew when readings are due."""
        self.sample_at = self._next_sample(t, tx)
        self.aligned_at = self._next_aligned(t)

    def measurands(self, variable: str, context: str, tx: Transaction) -> list[str]:
        """Return what a report of a transaction contains.

        Args:
            variable: The variable that lists it.
            context: The reading context.
            tx: The transaction, for its operation mode.
        """
        if context == "Sample.Periodic" and self._fine(tx):
            return self.model.measurands(V2X, "TxUpdatedMeasurands", DISCHARGING)
        component = "AlignedDataCtrlr" if "Clock" in context else "SampledDataCtrlr"
        return self.model.measurands(component, variable)

    def _fine(self, tx: Transaction) -> int:
        if tx.mode != DISCHARGING:
            return 0
        return self.model.seconds(V2X, "TxUpdatedInterval", DISCHARGING)

    def _next_sample(self, t: float, tx: Transaction | None) -> float:
        if tx is None or self.model.text("SampledDataCtrlr", "Enabled") != "true":
            return NEVER
        usual = self.model.seconds("SampledDataCtrlr", "TxUpdatedInterval")
        interval = self._fine(tx) or usual
        return (t // interval + 1) * interval if interval else NEVER

    def _next_aligned(self, t: float) -> float:
        interval = self.model.seconds("AlignedDataCtrlr", "Interval")
        if self.model.text("AlignedDataCtrlr", "Enabled") != "true" or not interval:
            return NEVER
        midnight = t // DAY * DAY
        return midnight + ((t - midnight) // interval + 1) * interval
