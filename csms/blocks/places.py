"""EVSEs that stations speak of, held against the registry."""

from dataclasses import dataclass
from typing import Protocol

from csms.clock import Clock
from csms.domain.ids import EvseId
from csms.domain.station import Evse
from csms.services.ports.wire import Deviations, DeviationSeen


class Ratings(Protocol):
    """Whoever knows which EVSEs there are."""

    def evse(self, evse: EvseId) -> Evse | None:
        """Return an EVSE's ratings, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Places:
    """Counts words about EVSEs that nobody has registered.

    Attributes:
        evses: Knows which EVSEs there are.
        deviations: Where they are counted.
        clock: When.
    """

    evses: Ratings
    deviations: Deviations
    clock: Clock

    def check(self, evse: EvseId, path: str, detail: str = "") -> bool:
        """Tell whether there is such an EVSE; number 0 is the station and none."""
        if self.evses.evse(evse) is not None:
            return True
        seen = DeviationSeen("unknown-evse", path, detail or str(evse))
        self.deviations.count(evse.station, [seen], self.clock.now())
        return False
