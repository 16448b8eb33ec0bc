"""What a vehicle said that it needs, read from the words of the wire (K15, Q01).

The live state keeps those words as they came; here is the one place that reads them.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from csms.charging.driver_plan import Wish
from csms.charging.profile_rules import Needs
from csms.domain.live import LiveEvse
from csms.domain.units import Energy
from csms.domain.vehicle import Vehicle, next_departure

TUPLES = "maxScheduleTuples"
_BIDIRECTIONAL = "BPT"
_PHASES = ("_L2", "_L3")


@dataclass(frozen=True, slots=True)
class EvNeeds:
    """The needs of a vehicle.

    Attributes:
        transfer: The way of moving energy that it asks for.
        bounds: What they mean to a schedule.
        modern: Whether they came by ISO 15118-20 (K18, K19).
        charge_w: Most it takes, in watts; none for no word.
    """

    transfer: str
    bounds: Needs
    modern: bool
    charge_w: float | None

    @property
    def direct_current(self) -> bool:
        """Tell whether it is charged by direct current."""
        return self.transfer.startswith("DC")

    @property
    def bidirectional(self) -> bool:
        """Tell whether it asks for both directions."""
        return self.bounds.bidirectional


def needs_of(live: LiveEvse) -> EvNeeds | None:
    """Return what the vehicle at an EVSE needs, if it said so."""
    return None if live.ev_needs is None else read_needs(live.ev_needs)


def read_needs(said: dict[str, Any]) -> EvNeeds:
    """Read needs as they were kept."""
    transfer = str(said.get("requestedEnergyTransfer", ""))
    v2x = said.get("v2xChargingParameters") or {}
    tuples = said.get(TUPLES)
    return EvNeeds(
        transfer=transfer,
        bounds=Needs(
            tuples=tuples if isinstance(tuples, int) and tuples > 0 else None,
            bidirectional=_BIDIRECTIONAL in transfer,
            phases_charge=any(f"maxChargePower{e}" in v2x for e in _PHASES),
            phases_discharge=any(f"maxDischargePower{e}" in v2x for e in _PHASES),
            dynamic=said.get("controlMode") == "DynamicControl",
        ),
        modern=said.get("controlMode") is not None or bool(v2x),
        charge_w=_charge_w(said, v2x),
    )


def wishes(
    said: dict[str, Any],
    vehicle: Vehicle | None,
    soc_pct: float | None,
    now: datetime,
    zone: tzinfo,
) -> list[Wish]:
    """Return what the vehicle wants by when it leaves, and what its driver asked for.

    Args:
        said: The needs as they were kept.
        vehicle: What is parked there, if that is known.
        soc_pct: Its state of charge, in percent, if that is known.
        now: From when on departures count.
        zone: The zone that the driver's times are meant in.
    """
    found = []
    leaves, wanted_wh = _departure(said), _energy_wh(said)
    if leaves is not None and wanted_wh is not None and wanted_wh > 0:
        found.append(Wish(Energy(round(wanted_wh * 3600)), leaves))
    due = None if vehicle is None else next_departure(vehicle.need, now, zone)
    if vehicle is not None and due is not None and soc_pct is not None:
        part = max(due.soc_pct - soc_pct, 0.0) / 100
        found.append(Wish(Energy(round(vehicle.battery.watt_seconds * part)), due.at))
    return found


def _departure(said: dict[str, Any]) -> datetime | None:
    when = said.get("departureTime")
    try:
        at = None if when is None else datetime.fromisoformat(str(when))
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _energy_wh(said: dict[str, Any]) -> float | None:
    places = (
        ("v2xChargingParameters", "evTargetEnergyRequest"),
        ("dcChargingParameters", "energyAmount"),
        ("acChargingParameters", "energyAmount"),
    )
    for body, name in places:
        value = (said.get(body) or {}).get(name)
        if isinstance(value, int | float):
            return float(value)
    return None


def _charge_w(said: dict[str, Any], v2x: dict[str, Any]) -> float | None:
    if isinstance(v2x.get("maxChargePower"), int | float):
        names = ("maxChargePower", "maxChargePower_L2", "maxChargePower_L3")
        powers = [v2x.get(name) for name in names]
        return float(sum(each for each in powers if isinstance(each, int | float)))
    power = (said.get("dcChargingParameters") or {}).get("evMaxPower")
    return float(power) if isinstance(power, int | float) else None
