"""How vehicles are used: trips by weekday, drawn once per vehicle."""

import random
from dataclasses import dataclass
from functools import cache
from typing import Any

from simulators.tables import HERE, ScenarioError, load, read


@dataclass(frozen=True, slots=True)
class Trip:
    """A trip that one vehicle makes on certain weekdays.

    Attributes:
        weekdays: 0 is Monday.
        leave: Local time of departure.
        back: Local time of return.
        soc_pct: State of charge needed at departure.
        trip_pct: Share of the battery that the trip uses.
    """

    weekdays: tuple[int, ...]
    leave: str
    back: str
    soc_pct: int
    trip_pct: float


@dataclass(frozen=True, slots=True)
class Leg:
    """What a trip is drawn from.

    Attributes:
        weekdays: 0 is Monday.
        leave: Earliest and latest local time of departure.
        back: Earliest and latest local time of return.
        soc_pct: Least and greatest state of charge needed at departure.
        trip_pct: Least and greatest share of the battery used.
        share: Share of the vehicles that make this trip.
    """

    weekdays: tuple[int, ...]
    leave: tuple[str, ...]
    back: tuple[str, ...]
    soc_pct: tuple[int, ...]
    trip_pct: tuple[float, ...]
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Routine:
    """The legs of a day, in order."""

    legs: tuple[Leg, ...]

    def draw(self, chance: random.Random) -> tuple[Trip, ...]:
        """Return the trips of one vehicle."""
        trips = []
        for leg in self.legs:
            taken = chance.random() < leg.share
            trip = Trip(
                leg.weekdays,
                _clock(chance, leg.leave),
                _clock(chance, leg.back),
                5 * round(chance.randint(leg.soc_pct[0], leg.soc_pct[-1]) / 5),
                round(chance.uniform(leg.trip_pct[0], leg.trip_pct[-1]), 1),
            )
            if taken:
                trips.append(trip)
        return tuple(trips)


@cache
def load_routines() -> dict[str, Routine]:
    """Return every routine by its name in ``routines.toml``.

    Raises:
        ScenarioError: If a routine has keys it should not have.
    """
    return {name: _routine(name, table) for name, table in _tables().items()}


def _tables() -> dict[str, Any]:
    return load(HERE / "routines.toml")


def _routine(name: str, table: dict[str, Any]) -> Routine:
    if set(table) != {"leg"}:
        raise ScenarioError(f"routines.{name}: give legs as [[{name}.leg]] only.")
    return Routine(
        tuple(read(Leg, leg, f"routines.{name}.leg") for leg in table["leg"])
    )


def _clock(chance: random.Random, bounds: tuple[str, ...]) -> str:
    first, last = (_minutes(bound) for bound in (bounds[0], bounds[-1]))
    minutes = 5 * round(chance.randint(first, last) / 5)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
