"""A meter: registers with a small error, rounded as they are shown."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from simulators.persona import Persona

REGISTER = 3600.0


@dataclass(slots=True)
class Meter:
    """The grid-side meter of one EVSE.

    Attributes:
        persona: The make, which decides what it measures and where.
        chance: Where its noise comes from.
        import_ws: Watt-seconds taken from the grid, as they really were.
        export_ws: Watt-seconds given to the grid, as they really were.
    """

    persona: Persona
    chance: random.Random
    import_ws: float = 0.0
    export_ws: float = 0.0
    _gain: float = field(init=False)

    def __post_init__(self) -> None:
        """Draw the calibration error that this meter keeps for life."""
        error = self.persona.meter_error
        self._gain = 1.0 + self.chance.uniform(-error, error) / 2
        self.import_ws = self.chance.uniform(1e6, 9e6) * REGISTER
        self.export_ws = self.chance.uniform(1e5, 9e5) * REGISTER

    def count(self, moved_ws: float) -> None:
        """Add energy that crossed the meter, positive from the grid."""
        if moved_ws >= 0.0:
            self.import_ws += moved_ws
        else:
            self.export_ws -= moved_ws

    def sample(
        self, measurands: Iterable[str], watts: float, soc: float | None, context: str
    ) -> list[dict[str, Any]]:
        """Return OCPP sampled values in whole watts and watt-hours (J01, J02).

        Args:
            measurands: What is asked for; what this meter cannot measure is left out.
            watts: Signed grid-side power now.
            soc: State of charge in percent, if a vehicle is there.
            context: The reading context.
        """
        values = self._values(watts, soc)
        sampled = []
        for measurand in measurands:
            value = values.get(measurand)
            if value is None:
                continue
            number, unit = value
            entry: dict[str, Any] = {
                "value": number,
                "measurand": measurand,
                "context": context,
                "unitOfMeasure": {"unit": unit},
                "location": "EV" if measurand == "SoC" else self.persona.meter_point,
            }
            sampled.append(entry)
        return sampled

    def _values(
        self, watts: float, soc: float | None
    ) -> dict[str, tuple[float, str] | None]:
        noisy = watts * (
            self._gain + self.chance.gauss(0.0, self.persona.meter_error / 4)
        )
        separate = self.persona.export_metering == "separate_registers"
        signed = self.persona.export_metering == "signed_import"
        taken = round(noisy) if signed else max(round(noisy), 0)
        net = self.import_ws - self.export_ws if signed else self.import_ws
        export: dict[str, tuple[float, str] | None] = {
            "Power.Active.Export": (max(round(-noisy), 0), "W"),
            "Energy.Active.Export.Register": (self._wh(self.export_ws), "Wh"),
        }
        return {
            "Power.Active.Import": (taken, "W"),
            "Energy.Active.Import.Register": (self._wh(net), "Wh"),
            "SoC": None if soc is None else (round(soc, 1), "Percent"),
            "Voltage": (self.persona.volts, "V"),
            **(export if separate else {}),
        }

    def _wh(self, watt_seconds: float) -> float:
        return int(watt_seconds * self._gain / REGISTER)
