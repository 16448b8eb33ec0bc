"""Who takes part: a fleet's systems, made from its TOML data and one seed."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulators.persona import Persona, load_persona
from simulators.routines import Routine, Trip, load_routines
from simulators.tables import HERE, ScenarioError, load, read
from simulators.vehicle import VehicleType, load_vehicle_types, vehicle_type

FLEETS = HERE / "fleets"
KINDS = ("residential", "municipal", "school_district")


@dataclass(frozen=True, slots=True)
class Homes:
    """A group of homes with the same equipment.

    Attributes:
        count: How many.
        persona: The make of their station.
        vehicle: The kind of their vehicle.
        routine: How they drive.
        utilities: Utility accounts, taken in turn.
        import_cap_kw: What each home may take.
        export_cap_kw: What each home may give.
        min_soc_pct: Floors their drivers choose from.
        program: The program they are enrolled in.
        export_permission: Whether they may export at all.
    """

    count: int
    persona: str
    vehicle: str
    routine: str
    utilities: tuple[str, ...]
    import_cap_kw: float
    export_cap_kw: float
    min_soc_pct: tuple[int, ...]
    program: str
    export_permission: bool = True


@dataclass(frozen=True, slots=True)
class Depot:
    """A site with chargers of one owner.

    Attributes:
        id: Its name in identities.
        name: What people call it.
        owner: The participant's name.
        kind: ``municipal`` or ``school_district``.
        utility: Whose customer it is.
        import_cap_kw: What the site may take.
        export_cap_kw: What the site may give.
        program: The program it is enrolled in.
        charger: Its groups of chargers.
    """

    id: str
    name: str
    owner: str
    kind: str
    utility: str
    import_cap_kw: float
    export_cap_kw: float
    program: str
    charger: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Charger:
    """A group of equal chargers at a depot.

    Attributes:
        persona: Their make.
        vehicle: The kind of their vehicles.
        routine: How these drive.
        min_soc_pct: Their floor.
        count: How many.
    """

    persona: str
    vehicle: str
    routine: str
    min_soc_pct: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Site:
    """A place with one utility account.

    Attributes:
        id: Its identity.
        name: What people call it.
        participant: Whose it is.
        participant_name: What that participant is called.
        kind: residential, municipal or school_district.
        utility: Whose customer it is.
        import_cap_kw: What it may take.
        export_cap_kw: What it may give.
        export_permission: Whether it may export at all.
        program: The program its systems are enrolled in.
    """

    id: str
    name: str
    participant: str
    participant_name: str
    kind: str
    utility: str
    import_cap_kw: float
    export_cap_kw: float
    export_permission: bool
    program: str


@dataclass(frozen=True, slots=True)
class System:
    """One bidirectional system: a station, its EVSE and its vehicle.

    Attributes:
        seed: The seed of the run.
        station: The station's identity.
        password: What it logs in with.
        site: Where it stands.
        persona: The make.
        persona_name: The make's file.
        vehicle_id: The vehicle's identity.
        vehicle: The kind of vehicle.
        min_soc_pct: The driver's floor.
        routine_name: How the vehicle is used.
        trips: Its trips of each routine day.
        overrides: One-off departures, by ISO date.
        dispatchable: Whether it may take part in an event at all.
        zone: The site's time zone.
    """

    seed: int
    station: str
    password: str
    site: Site
    persona: Persona
    persona_name: str
    vehicle_id: str
    vehicle: VehicleType
    min_soc_pct: int
    routine_name: str
    trips: tuple[Trip, ...]
    overrides: tuple[tuple[str, Trip], ...]
    dispatchable: bool
    zone: ZoneInfo

    @property
    def participant(self) -> str:
        """Return whose system it is."""
        return self.site.participant


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet as data.

    Attributes:
        name: Its file name.
        seed: The seed that it was made with.
        zone: Its time zone.
        domain: The mail domain of its participants.
        systems: Its systems, in a fixed order.
    """

    name: str
    seed: int
    zone: ZoneInfo
    domain: str
    systems: tuple[System, ...]

    def email(self, participant: str) -> str:
        """Return the mail address of a participant."""
        return f"{participant}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Head:
    """The scalar keys of a fleet file.

    Attributes:
        title: What the fleet is.
        prefix: First letters of every station's identity.
        timezone: IANA name.
        domain: The mail domain of its participants.
        not_eligible: Utilities whose customers take part in no event.
    """

    title: str
    prefix: str
    timezone: str
    domain: str
    not_eligible: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OneOff:
    """A departure on one date that replaces the routine of that day.

    Attributes:
        vehicle: The vehicle's identity.
        date: ISO date.
        time: Local time of departure.
        back: Local time of return.
        soc_pct: State of charge it needs.
        trip_pct: Share of the battery it uses.
    """

    vehicle: str
    date: str
    time: str
    back: str
    soc_pct: int
    trip_pct: float


def fleets() -> list[tuple[str, str]]:
    """Return name and title of every fleet."""
    return [
        (path.stem, str(load(path).get("title", "")))
        for path in sorted(FLEETS.glob("*.toml"))
    ]


def load_fleet(name: str, seed: int, folder: Path = FLEETS) -> Fleet:
    """Return a fleet; the same seed always gives the same one.

    Raises:
        ScenarioError: If the data of the fleet cannot be used.
    """
    tables = load(folder / f"{name}.toml")
    homes = tables.pop("homes", [])
    depots = tables.pop("depot", [])
    one_offs = [read(OneOff, t, f"{name}.override") for t in tables.pop("override", [])]
    head = read(Head, tables, f"fleets/{name}")
    try:
        zone = ZoneInfo(head.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ScenarioError(
            f"fleets/{name}.timezone: '{head.timezone}' is no IANA time zone."
        ) from None
    maker = _Maker(name, seed, head, zone, one_offs)
    systems = [*maker.homes(homes), *maker.depots(depots)]
    _all_used(name, one_offs, {system.vehicle_id for system in systems})
    return Fleet(name, seed, zone, head.domain, tuple(systems))


def _all_used(name: str, one_offs: list[OneOff], vehicles: set[str]) -> None:
    for one in one_offs:
        if one.vehicle not in vehicles:
            raise ScenarioError(
                f"fleets/{name}.override: there is no vehicle '{one.vehicle}'."
            )


@dataclass(slots=True)
class _Maker:
    name: str
    seed: int
    head: Head
    zone: ZoneInfo
    one_offs: list[OneOff]

    def homes(self, tables: list[dict[str, Any]]) -> Iterator[System]:
        number = 0
        total = sum(int(table.get("count", 0)) for table in tables)
        width = max(2, len(str(total)))
        for table in tables:
            group = read(Homes, table, f"fleets/{self.name}.homes")
            for index in range(group.count):
                number += 1
                home = f"home-{number:0{width}}"
                utility = group.utilities[index % len(group.utilities)]
                site = Site(
                    home,
                    f"Home {number:0{width}}",
                    home,
                    f"Home {number:0{width}}",
                    "residential",
                    utility,
                    group.import_cap_kw,
                    group.export_cap_kw,
                    group.export_permission,
                    group.program,
                )
                floor = self._chance(home, "floor").choice(group.min_soc_pct)
                charger = Charger(group.persona, group.vehicle, group.routine, floor)
                yield self._system(site, home, charger)

    def depots(self, tables: list[dict[str, Any]]) -> Iterator[System]:
        for table in tables:
            depot = read(Depot, table, f"fleets/{self.name}.depot")
            where = f"fleets/{self.name}.{depot.id}"
            if depot.kind not in KINDS:
                raise ScenarioError(
                    f"{where}.kind: '{depot.kind}' is none of: {', '.join(KINDS)}."
                )
            site = Site(
                depot.id,
                depot.name,
                depot.id,
                depot.owner,
                depot.kind,
                depot.utility,
                depot.import_cap_kw,
                depot.export_cap_kw,
                export_permission=True,
                program=depot.program,
            )
            number = 0
            for raw in depot.charger:
                group = read(Charger, raw, f"{where}.charger")
                for _copy in range(group.count):
                    number += 1
                    yield self._system(site, f"{depot.id}-{number:02}", group)

    def _system(self, site: Site, local_id: str, charger: Charger) -> System:
        where = f"fleets/{self.name}.{local_id}"
        persona = load_persona(charger.persona)
        kind = vehicle_type(load_vehicle_types(), charger.vehicle, where)
        station = f"{self.head.prefix}-{local_id.upper()}"
        vehicle_id = f"veh-{local_id}"
        secret = f"{self.name}/{self.seed}/{station}".encode()
        eligible = site.utility not in self.head.not_eligible
        return System(
            self.seed,
            station,
            hashlib.sha256(secret).hexdigest()[:24],
            site,
            persona,
            charger.persona,
            vehicle_id,
            kind,
            charger.min_soc_pct,
            charger.routine,
            self._routine(charger.routine, where).draw(self._chance(local_id, "trips")),
            tuple(self._overrides(vehicle_id)),
            eligible and site.export_permission and not persona.island_only,
            self.zone,
        )

    def _routine(self, name: str, where: str) -> Routine:
        routines = load_routines()
        if name not in routines:
            raise ScenarioError(
                f"{where}.routine: there is no '{name}'. Choose one of: "
                f"{', '.join(sorted(routines))}."
            )
        return routines[name]

    def _overrides(self, vehicle_id: str) -> Iterator[tuple[str, Trip]]:
        for one in self.one_offs:
            if one.vehicle == vehicle_id:
                yield (
                    one.date,
                    Trip((), one.time, one.back, one.soc_pct, one.trip_pct),
                )

    def _chance(self, what: str, purpose: str) -> random.Random:
        return random.Random(f"{self.seed}/{self.name}/{purpose}/{what}")
