"""What a day brings: opt-outs, absences and faults as data, placed by the seed."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from simulators.instants import day_of, local
from simulators.population import Fleet, System
from simulators.routines import Trip
from simulators.tables import HERE, ScenarioError, load, read
from simulators.timeline import Act, Timeline, restart
from simulators.vehicle_talk import press_priority

if TYPE_CHECKING:
    from simulators.station import Station

DAYS = HERE / "days"
SPELLS = (
    "link-cut",
    "half-open",
    "slow-answers",
    "duplicates",
    "reordering",
    "clock-skew",
)
HAPPENINGS = (*SPELLS, "reboot", "absent", "leaves", "opt-out", "priority")
HORIZON = 400


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens to a few systems on one day.

    Attributes:
        kind: One of the happenings this module knows.
        day: Days after the local date at which the run starts.
        at: Local time at which it begins.
        until: Local time at which it ends, where it lasts.
        count: How many systems.
        among_kind: Only participants of this kind.
        among_persona: Only stations of these makes.
        modern: Only stations that speak OCPP 2.1.
        seconds: Seconds of a clock skew or of a restart.
        trip_pct: Share of the battery used by who leaves.
    """

    kind: str
    day: int
    at: str
    until: str = ""
    count: int = 1
    among_kind: str = ""
    among_persona: tuple[str, ...] = ()
    modern: bool = False
    seconds: float = 60.0
    trip_pct: float = 5.0


@dataclass(frozen=True, slots=True)
class Day:
    """A day as data.

    Attributes:
        name: Its file name.
        soc_pct: States of charge that batteries start from.
        happenings: What happens, most particular first.
    """

    name: str
    soc_pct: tuple[int, ...]
    happenings: tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """Happenings with the systems that they happen to.

    Attributes:
        day: What was placed.
        by_station: Happenings by station identity.
    """

    day: Day
    by_station: dict[str, list[Happening]]

    def of(self, station: str, kind: str) -> Iterator[Happening]:
        """Return the happenings of one kind at a station."""
        return (h for h in self.by_station.get(station, ()) if h.kind == kind)


def load_day(name: str, folder: Path = DAYS) -> Day:
    """Return a day by its file name.

    Raises:
        ScenarioError: If there is none, or its data cannot be used.
    """
    table = load(folder / f"{name}.toml")
    happenings = []
    for entry in table.pop("happening", []):
        where = f"days/{name}.happening"
        happening = read(Happening, entry, where)
        if happening.kind not in HAPPENINGS:
            raise ScenarioError(
                f"{where}.kind: '{happening.kind}' is none of: {', '.join(HAPPENINGS)}."
            )
        happenings.append(happening)
    head = read(_Head, table, f"days/{name}")
    return Day(name, head.soc_pct, tuple(happenings))


@dataclass(frozen=True, slots=True)
class _Head:
    title: str
    soc_pct: tuple[int, ...]


def place(day: Day, fleet: Fleet) -> Placed:
    """Choose by the seed to whom each happening happens; nobody gets two.

    Only systems that could take part in an event are chosen, so that what goes
    wrong can be seen in its outcome.
    """
    by_station: dict[str, list[Happening]] = {}
    for number, happening in enumerate(day.happenings):
        chance = random.Random(f"{fleet.seed}/{fleet.name}/{day.name}/{number}")
        free = [
            system
            for system in fleet.systems
            if system.station not in by_station and _suits(happening, system)
        ]
        chosen = chance.sample(free, min(happening.count, len(free)))
        for system in chosen:
            by_station[system.station] = [happening]
    return Placed(day, by_station)


def _suits(happening: Happening, system: System) -> bool:
    personas = happening.among_persona
    hazard = system.persona.negative_limit not in ("discharge", "reject")
    return (
        system.dispatchable
        and not hazard
        and happening.among_kind in ("", system.site.kind)
        and (not personas or system.persona_name in personas)
        and (not happening.modern or system.persona.modern)
    )


def timeline(system: System, placed: Placed, start: float) -> Timeline:
    """Return what will happen at a station from an instant on."""
    return Timeline(_days(system, placed, start))


def _days(system: System, placed: Placed, start: float) -> Iterator[Iterable[Act]]:
    first = day_of(start, system.zone)
    for plus in range(HORIZON):
        today = first + timedelta(days=plus)
        acts = [
            *_trips(system, placed, today, plus),
            *_happenings(system, placed, today, plus),
        ]
        yield [act for act in acts if act.at > start]


def _trips(system: System, placed: Placed, today: date, plus: int) -> Iterator[Act]:
    trips = _trips_of(system, today)
    for number, trip in enumerate(trips):
        back = trip.back
        if number + 1 == len(trips):
            for absent in placed.of(system.station, "absent"):
                if absent.day == plus:
                    back = absent.until
        yield Act(local(today, trip.leave, system.zone), _leave(trip.soc_pct))
        yield Act(local(today, back, system.zone), _come_home(trip.trip_pct))
    for happening in placed.of(system.station, "leaves"):
        if happening.day == plus:
            yield Act(local(today, happening.at, system.zone), _leave(None))
            back_at = local(today, happening.until, system.zone)
            yield Act(back_at, _come_home(happening.trip_pct))


def _trips_of(system: System, today: date) -> list[Trip]:
    one_off = [trip for day, trip in system.overrides if day == today.isoformat()]
    return one_off or [t for t in system.trips if today.weekday() in t.weekdays]


def _leave(needed: float | None) -> Callable[["Station"], None]:
    def act(station: "Station") -> None:
        if station.evse.vehicle is None:
            return
        soc = station.vehicle.battery.soc
        if needed is None:
            station.observer.fault(station.t, station.id, "left-early")
        else:
            station.observer.departure(station.vehicle.id, station.t, needed, soc)
        station.unplug()

    return act


def _come_home(trip_pct: float) -> Callable[["Station"], None]:
    def act(station: "Station") -> None:
        if station.evse.vehicle is not None:
            return
        battery = station.vehicle.battery
        used = battery.capacity_ws * trip_pct / 100
        station.vehicle.battery = battery.drive(used)
        station.plug_in()

    return act


def _happenings(
    system: System, placed: Placed, today: date, plus: int
) -> Iterator[Act]:
    for happening in placed.by_station.get(system.station, ()):
        if happening.day != plus:
            continue
        at = local(today, happening.at, system.zone)
        if happening.kind in SPELLS:
            yield Act(at, _spell(happening, begins=True))
            end = local(today, happening.until, system.zone)
            yield Act(end, _spell(happening, begins=False))
        elif happening.kind in _MOMENTS:
            yield Act(at, _MOMENTS[happening.kind](happening))


def _spell(happening: Happening, *, begins: bool) -> Callable[["Station"], None]:
    def act(station: "Station") -> None:
        if begins:
            station.faults.add(happening.kind)
            station.observer.fault(station.t, station.id, happening.kind)
        else:
            station.faults.discard(happening.kind)
            station.observer.incident(station.t, station.id, happening.kind, "over")
        station.outbox.duplicates = "duplicates" in station.faults
        station.outbox.reorders = "reordering" in station.faults
        skewed = "clock-skew" in station.faults
        station.skew = happening.seconds if skewed else 0.0

    return act


def _reboot(happening: Happening) -> Callable[["Station"], None]:
    def act(station: "Station") -> None:
        station.observer.fault(station.t, station.id, "reboot")
        restart(station, "Watchdog", happening.seconds)

    return act


def _absent(_happening: Happening) -> Callable[["Station"], None]:
    def act(station: "Station") -> None:
        station.observer.fault(station.t, station.id, "absent")

    return act


def _priority(_happening: Happening) -> Callable[["Station"], None]:
    return press_priority


_MOMENTS: dict[str, Callable[[Happening], Callable[["Station"], None]]] = {
    "reboot": _reboot,
    "absent": _absent,
    "priority": _priority,
}
