"""Figures as the API says them.

In the context of an event, kilowatts and kilowatt-hours are positive when given back,
as people say it. A name that ends in ``_w`` is signed: positive into the vehicle.
"""

from csms.domain.units import Energy, Power

_KW_PLACES = 3
_KWH_PLACES = 6


def kw(power: Power) -> float:
    """Return a magnitude in kilowatts, to the watt."""
    return round(power.as_kw, _KW_PLACES) + 0.0


def kwh(energy: Energy) -> float:
    """Return a magnitude in kilowatt-hours."""
    return round(energy.as_kwh, _KWH_PLACES) + 0.0


def given_kw(power: Power | None) -> float | None:
    """Return what is given back, in kilowatts, of a power of the domain's sign."""
    return None if power is None else kw(-power)


def given_kwh(energy: Energy | None) -> float | None:
    """Return what is given back, in kilowatt-hours, of an energy of that sign."""
    return None if energy is None else kwh(-energy)
