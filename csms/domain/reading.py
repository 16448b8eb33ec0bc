"""What a meter said, where, when, and how far to trust it.

Registers are totals that only grow, in watt-seconds; powers are whole watts and
never negative: the direction stands in the name, as on the wire.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from csms.domain.ids import EvseId, TransactionId
from csms.domain.units import Power

OUTLET = "Outlet"
INLET = "Inlet"
UPSTREAM = "Upstream"
VEHICLE = "EV"
TRANSACTION_BEGIN = "Transaction.Begin"
TRANSACTION_END = "Transaction.End"

METER_POINTS = (INLET, UPSTREAM, OUTLET)
"""Where energy is settled, best first: the grid side before the vehicle side.

The outlet of a DC charger is direct current, so what it shows differs from the grid
by the conversion loss.
"""


class Quality(StrEnum):
    """How far the energy of an interval can be trusted, in OpenADR's words."""

    OK = "OK"
    ESTIMATED = "ESTIMATED"
    MISSING = "MISSING"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a meter said at one instant, place and occasion; none is not said.

    Attributes:
        evse: Where; number 0 while the EVSE of its transaction is not known yet.
        at: When, by the station's clock.
        location: Where in the way of the current, in OCPP's words.
        context: On which occasion, in OCPP's words.
        transaction: The transaction it was reported with.
        import_ws: Register of energy from grid to vehicle.
        export_ws: Register of energy from vehicle to grid.
        import_w: Power from grid to vehicle.
        export_w: Power from vehicle to grid.
        soc_pct: State of charge of the vehicle's battery, 0 to 100.
    """

    evse: EvseId
    at: datetime
    location: str = OUTLET
    context: str = "Sample.Periodic"
    transaction: TransactionId | None = None
    import_ws: int | None = None
    export_ws: int | None = None
    import_w: int | None = None
    export_w: int | None = None
    soc_pct: float | None = None

    @property
    def says_power(self) -> bool:
        """Tell whether it says anything about power."""
        return self.import_w is not None or self.export_w is not None

    @property
    def says_energy(self) -> bool:
        """Tell whether it carries a register."""
        return self.import_ws is not None or self.export_ws is not None

    @property
    def power(self) -> Power | None:
        """Return the signed power, or none if its direction cannot be known.

        A direction that was not measured is unknown, not zero; but a flow measured
        in one direction excludes the other.
        """
        inward, outward = self.import_w, self.export_w
        if inward is not None and outward is not None:
            return Power(inward - outward)
        if inward:
            return Power(inward)
        return Power(-outward) if outward else None


@dataclass(frozen=True, slots=True)
class Metered:
    """Energy through an EVSE over a stretch of time; none is unknown, not zero.

    Attributes:
        import_ws: From grid to vehicle, in watt-seconds.
        export_ws: From vehicle to grid, in watt-seconds.
        quality: How far to trust both.
    """

    import_ws: int | None
    export_ws: int | None
    quality: Quality

    @property
    def net_ws(self) -> int | None:
        """Return import less export, or none if either is unknown."""
        if self.import_ws is None or self.export_ws is None:
            return None
        return self.import_ws - self.export_ws


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of an hour of one EVSE, as it is exported and settled.

    Attributes:
        evse: Whose.
        start: When it starts; it ends fifteen minutes later.
        import_ws: Energy from grid to vehicle; none if unknown.
        export_ws: Energy from vehicle to grid; none if unknown.
        mean_w: Mean signed power in watts; none if unknown.
        soc_pct: The last believable state of charge said within it.
        soc_at: When that was said.
        quality: How far to trust the energy.
        transaction: The last transaction seen within it.
        plug_in_at: When a vehicle was first plugged in within it.
        plug_out_at: When one last left within it.
        charge_start_at: When charging first began within it.
        charge_stop_at: When charging last stopped within it.
        discharge_start_at: When discharging first began within it.
        discharge_stop_at: When discharging last stopped within it.
    """

    evse: EvseId
    start: datetime
    import_ws: int | None
    export_ws: int | None
    mean_w: int | None
    soc_pct: float | None
    soc_at: datetime | None
    quality: Quality
    transaction: TransactionId | None = None
    plug_in_at: datetime | None = None
    plug_out_at: datetime | None = None
    charge_start_at: datetime | None = None
    charge_stop_at: datetime | None = None
    discharge_start_at: datetime | None = None
    discharge_stop_at: datetime | None = None
