import json
import random
from pathlib import Path

from simulators.evse import Evse
from simulators.instants import instant
from simulators.minutes import Minutes
from simulators.observer import Observer
from simulators.population import load_fleet
from simulators.vehicle import new_vehicle

START = instant("2026-07-14T21:00:20Z")


def an_observer() -> Observer:
    fleet = load_fleet("tiny", 1)
    observer = Observer(fleet, START)
    observer.enroll(fleet.systems[0], START)
    return observer


def test_the_report_has_one_row_per_minute(tmp_path: Path) -> None:
    observer = an_observer()
    station = observer.fleet.systems[0].station
    observer.minute(station, -456_000.0, 456_000.0, 71.234, plugged=True)
    observer.minute(station, 60_000.0, 120_000.0, 71.0, plugged=False)

    observer.write(tmp_path / "r.json", START + 100)

    report = json.loads((tmp_path / "r.json").read_text())
    assert report["evses"][0]["trace"] == [
        ["2026-07-14T21:00:00Z", -7600, 71.23, True, 7600],
        ["2026-07-14T21:01:00Z", 1000, 71.0, False, 2000],
    ]
    assert (report["fleet"], report["seed"]) == ("tiny", 1)
    assert report["until"] == "2026-07-14T21:02:00Z"
    assert list(tmp_path.iterdir()) == [tmp_path / "r.json"]


def test_what_flows_out_and_back_within_a_minute_flowed_out() -> None:
    observer = an_observer()
    system = observer.fleet.systems[0]
    minutes = Minutes(system.station, observer, START)
    evse = Evse(system.persona, random.Random(1))  # noqa: S311 noise of a meter
    vehicle = new_vehicle(system.vehicle_id, system.vehicle, 50.0)

    for moved in (-120_000.0, 300_000.0, -60_000.0):
        minutes.count(moved)
    minutes.close(evse, vehicle, None)
    minutes.close(evse, vehicle, None)

    trace = observer.traces[system.station]
    assert trace.watts == [2000, 0]
    assert trace.given == [3000, 0]


def test_a_driver_is_told_once_and_opts_out_once() -> None:
    observer = an_observer()
    who = observer.fleet.systems[0].participant

    observer.told(who, START)
    observer.told(who, START + 60)
    observer.opted_out(who, START + 120, confirmed=False)
    observer.opted_out(who, START + 180, confirmed=False)
    observer.confirmed(who)

    assert observer.report(START)["drivers"] == [
        {
            "participant": who,
            "told_at": "2026-07-14T21:00:20Z",
            "opted_out_at": "2026-07-14T21:02:20Z",
            "wanted_to_opt_out": True,
            "confirmed": True,
        }
    ]


def test_who_heard_nothing_says_so() -> None:
    (driver,) = an_observer().report(START)["drivers"]

    assert driver["told_at"] is None
    assert driver["opted_out_at"] is None
    assert driver["wanted_to_opt_out"] is False


def test_faults_stand_with_their_station_and_among_the_incidents() -> None:
    observer = an_observer()
    station = observer.fleet.systems[0].station

    observer.fault(START, station, "link-cut")

    report = observer.report(START)
    assert report["evses"][0]["faults"] == ["link-cut"]
    assert report["incidents"] == [
        {
            "at": "2026-07-14T21:00:20Z",
            "station": station,
            "kind": "link-cut",
            "detail": "began",
        }
    ]


def test_a_make_that_may_charge_when_told_to_discharge_is_a_fault() -> None:
    fleet = load_fleet("tiny", 1)
    observer = Observer(fleet, START)

    for system in fleet.systems:
        observer.enroll(system, START)

    faults = {
        each["station"]: each["faults"] for each in observer.report(START)["evses"]
    }
    assert [name for name, found in faults.items() if found] == ["T-YARD-02"]
    assert faults["T-YARD-02"] == ["hazard"]
