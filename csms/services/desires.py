"""What stations should read, and a note of what they do not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from csms.charging.configuration import (
    SAMPLING,
    V2X,
    Sampling,
    Wanted,
    by_key,
    wanted,
)
from csms.charging.templates import Template, desired_of, drift_of, settings_of
from csms.clock import Clock
from csms.domain.device_model import Drift
from csms.domain.station import EDITION_201, Station, Variable, VariableKey
from csms.services.ports.work import Work

OWNED = frozenset({"V2XChargingCtrlr", "SmartChargingCtrlr"})
"""Components that belong to the dispatcher while a station is in an event."""


def is_owned(key: VariableKey) -> bool:
    """Tell whether dispatch has a say in a variable while a station is in an event."""
    return key == SAMPLING or key.component in OWNED


async def in_event(work: Work, station: Station, clock: Clock) -> bool:
    """Tell whether the dispatcher has, or will have, something to do at a station.

    From the moment an event is told of until what it left is taken back.
    """
    orders = await work.events.dispatchable(clock.now())
    return any(
        each.evse.station == station.id and each.released_at is None for each in orders
    )


@dataclass(frozen=True, slots=True)
class Desires:
    """Knows what stations should read.

    Attributes:
        clock: Where business time comes from.
        templates: What is wanted of which makes.
        sampling: How often meters are to be read.
    """

    clock: Clock
    templates: Sequence[Template]
    sampling: Sampling

    @property
    def components(self) -> frozenset[str]:
        """Return the components that anything is wanted of."""
        metering = {each.key.component for each in wanted({}, self.sampling)}
        return frozenset(metering | {V2X}).union(
            each.component for one in self.templates for each in one.desired
        )

    def more(self, station: Station, variables: Iterable[Variable]) -> list[Wanted]:
        """Return what templates want of a station, beside what metering does."""
        known = by_key(variables)
        if station.make is None:
            return []
        desired = desired_of(
            self.templates, station.make, station.edition or EDITION_201
        )
        return settings_of(desired, known, wanted(known, self.sampling))

    def all(self, station: Station, variables: Sequence[Variable]) -> list[Wanted]:
        """Return everything that is wanted of a station."""
        known = by_key(variables)
        return [*wanted(known, self.sampling), *self.more(station, variables)]

    async def note(
        self, work: Work, station: Station, variables: Sequence[Variable]
    ) -> Sequence[Drift]:
        """Write down what a station does not read as it should; return it.

        How often it samples is the dispatcher's business while it is in an event.
        """
        found = drift_of(
            station.id,
            self.all(station, variables),
            by_key(variables),
            await work.models.drifts(station.id),
            self.clock.now(),
        )
        if any(each.key == SAMPLING for each in found) and await in_event(
            work, station, self.clock
        ):
            found = [each for each in found if each.key != SAMPLING]
        await work.models.replace_drifts(station.id, found)
        return found
