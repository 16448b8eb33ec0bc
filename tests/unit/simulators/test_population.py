from collections import Counter, defaultdict
from pathlib import Path

import pytest

from simulators.population import FLEETS, Fleet, System, fleets, load_fleet
from simulators.registry import registry
from simulators.tables import ScenarioError

EVENT_HOURS = 3
ONE_WAY = 0.95


@pytest.fixture(scope="module")
def demo() -> Fleet:
    return load_fleet("masscec", 1)


def test_the_demo_has_55_systems(demo: Fleet) -> None:
    kinds = Counter(system.site.kind for system in demo.systems)
    sites = Counter(site.kind for site in {s.site for s in demo.systems})

    assert kinds == {"residential": 30, "municipal": 4, "school_district": 21}
    assert sites == {"residential": 30, "municipal": 4, "school_district": 5}


def test_the_demo_shows_every_reason_to_be_left_out(demo: Fleet) -> None:
    island = [s for s in demo.systems if s.persona.island_only]
    forbidden = [s for s in demo.systems if not s.site.export_permission]
    plants = [s for s in demo.systems if s.site.utility.endswith("-mlp")]
    hazards = [s for s in demo.systems if s.persona.negative_limit == "full_charge"]

    assert (len(island), len(forbidden), len(plants)) == (2, 2, 3)
    assert [s.persona.firmware for s in hazards] == ["sim-1.0-hazard"]
    assert not any(s.dispatchable for s in (*island, *forbidden, *plants))


def derated_kw(system: System) -> float:
    kwh = system.vehicle.battery_kwh * (0.93 - system.min_soc_pct / 100)
    rated = min(system.persona.max_discharge_w / 1000, system.vehicle.max_discharge_kw)
    return min(rated, kwh * ONE_WAY / EVENT_HOURS)


def test_the_demo_can_give_about_one_megawatt(demo: Fleet) -> None:
    by_site: defaultdict[str, float] = defaultdict(float)
    caps: dict[str, float] = {}
    for system in demo.systems:
        if system.dispatchable:
            by_site[system.site.id] += derated_kw(system)
            caps[system.site.id] = system.site.export_cap_kw

    binding = [site for site, kw in by_site.items() if kw > caps[site]]
    total = sum(min(kw, caps[site]) for site, kw in by_site.items())

    assert binding == ["boston"]
    assert 1000 <= total <= 1130


def test_the_same_seed_gives_the_same_registry() -> None:
    first = registry(load_fleet("masscec", 7))

    assert registry(load_fleet("masscec", 7)) == first
    assert registry(load_fleet("masscec", 8)) != first


def test_the_registry_is_complete_and_consistent(demo: Fleet) -> None:
    document = registry(demo)

    people = {p["id"] for p in document["participants"]}
    sites = {s["id"] for s in document["sites"]}
    vehicles = {v["id"] for v in document["vehicles"]}
    assert document["version"] == 1
    assert len(document["stations"]) == len(document["enrollments"]) == 55
    assert {s["participant"] for s in document["sites"]} == people
    for station in document["stations"]:
        assert station["site"] in sites
        assert 16 <= len(station["password"]) <= 40
        assert station["evses"][0]["vehicle"] in vehicles
    programs = {e["program"] for e in document["enrollments"]}
    assert programs == {"ma-cs-small", "ma-cs-ci"}
    override = [v["overrides"] for v in document["vehicles"] if v["overrides"]]
    assert override == [[{"date": "2026-07-15", "time": "06:30", "soc_pct": 90}]]


def test_every_vehicle_has_weekday_departures(demo: Fleet) -> None:
    for vehicle in registry(demo)["vehicles"]:
        weekdays = {departure["weekday"] for departure in vehicle["departures"]}
        assert weekdays == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("name", sorted(p.stem for p in FLEETS.glob("*.toml")))
def test_every_fleet_can_be_read(name: str) -> None:
    fleet = load_fleet(name, 1)

    stations = [system.station for system in fleet.systems]
    assert len(set(stations)) == len(stations)
    assert name in dict(fleets())


HEAD = """
title = "t"
prefix = "T"
timezone = "America/New_York"
domain = "example.org"
"""
HOME = """
[[homes]]
count = 1
persona = "x21-scheduled"
vehicle = "leaf-40"
routine = "commuter"
utilities = ["u"]
import_cap_kw = 1.0
export_cap_kw = 1.0
min_soc_pct = [20]
program = "p"
"""
DEPOT = """
[[depot]]
id = "d"
name = "D"
owner = "O"
kind = "castle"
utility = "u"
import_cap_kw = 1.0
export_cap_kw = 1.0
program = "p"
charger = []
"""
OVERRIDE = """
[[override]]
vehicle = "veh-nobody"
date = "2026-07-15"
time = "06:30"
back = "15:30"
soc_pct = 90
trip_pct = 20.0
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD.replace("America/New_York", "Mars/Base"), "timezone: 'Mars/Base'"),
        (HEAD + HOME.replace("leaf-40", "cart"), "vehicle: there is no 'cart'"),
        (HEAD + HOME.replace("commuter", "nomad"), "routine: there is no 'nomad'"),
        (HEAD + HOME.replace("x21-scheduled", "x9"), "there is no 'x9'"),
        (HEAD + HOME + "colour = 1", "unknown key 'colour'"),
        (HEAD + DEPOT, "kind: 'castle' is none of"),
        (HEAD + HOME + OVERRIDE, "there is no vehicle 'veh-nobody'"),
    ],
)
def test_what_a_fleet_cannot_be_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "f.toml").write_text(text)

    with pytest.raises(ScenarioError) as caught:
        load_fleet("f", 1, tmp_path)

    assert said in str(caught.value)
