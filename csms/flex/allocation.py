"""Split one fleet target into one setpoint per EVSE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from csms.domain.units import Power

if TYPE_CHECKING:
    from csms.domain.ids import EvseId


@dataclass(frozen=True, slots=True)
class Envelope:
    """What one EVSE can do in one interval without breaking a promise.

    The floor already holds the driver's mobility need and the ceiling already
    holds every limit, so allocation never has to know why they are where they are.

    Attributes:
        evse: The EVSE.
        floor: Least power, signed: the strongest discharge allowed.
        ceiling: Most power, signed; never below the floor.
    """

    evse: "EvseId"
    floor: Power
    ceiling: Power

    def __post_init__(self) -> None:
        if self.ceiling < self.floor:
            raise ValueError("an envelope's ceiling cannot lie below its floor")

    @property
    def room(self) -> Power:
        """Return the distance from floor to ceiling."""
        return self.ceiling - self.floor


@dataclass(frozen=True, slots=True)
class Allocation:
    """Setpoints, and what they miss of the target.

    Attributes:
        setpoints: One per EVSE.
        shortfall: Target minus the sum of the setpoints; zero if it is met.
    """

    setpoints: Mapping["EvseId", Power]
    shortfall: Power


def allocate(target: Power, envelopes: Sequence[Envelope]) -> Allocation:
    """Split a fleet target into setpoints.

    Every EVSE starts at its floor and receives a share of the rest in proportion
    to its room. The remainder of each division is carried to the next EVSE, so
    the shares add up to the watt and none leaves its envelope.

    Args:
        target: Power the fleet should take from the grid, negative to give back.
        envelopes: What each EVSE can do. Their order does not matter.

    Returns:
        Setpoints that meet the target, or come as near as the fleet can.
    """
    room = sum(envelope.room.watts for envelope in envelopes)
    wanted = target - Power.total(envelope.floor for envelope in envelopes)
    granted = left = min(max(wanted.watts, 0), room)
    setpoints: dict[EvseId, Power] = {}
    for envelope in sorted(envelopes, key=attrgetter("evse")):
        share = left * envelope.room.watts // room if room else 0
        setpoints[envelope.evse] = envelope.floor + Power(share)
        left -= share
        room -= envelope.room.watts
    return Allocation(setpoints, shortfall=wanted - Power(granted))
