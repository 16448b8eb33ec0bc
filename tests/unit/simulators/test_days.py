from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from simulators.days import DAYS, Day, Happening, load_day, place
from simulators.instants import instant
from simulators.population import load_fleet
from simulators.routines import Trip
from simulators.tables import ScenarioError
from tests.unit.simulators.bench import Bench, a_system

TRIP = Trip((0, 1, 2, 3, 4), "17:00", "18:00", 80, 10.0)


def a_bench(*happenings: Happening, trips: tuple[Trip, ...] = ()) -> Bench:
    system = replace(a_system("x21-scheduled"), trips=trips)
    return Bench(system, 90.0, Day("test", (60,), happenings)).connect()


@pytest.mark.parametrize("name", sorted(p.stem for p in DAYS.glob("*.toml")))
def test_every_day_can_be_read(name: str) -> None:
    assert load_day(name).name == name


def test_the_default_day_has_what_the_demo_shows() -> None:
    day = load_day("event_evening")
    fleet = load_fleet("masscec", 1)

    placed = place(day, fleet)

    kinds = Counter(h.kind for hs in placed.by_station.values() for h in hs)
    assert kinds["opt-out"] == 3
    assert sum(kinds.values()) == len(placed.by_station) == len(day.happenings)
    for kind in ("priority", "absent", "leaves", "link-cut", "reboot", "duplicates"):
        assert kinds[kind] == 1


def test_the_seed_decides_whom_it_happens_to() -> None:
    day = load_day("event_evening")

    one, same, other = (
        set(place(day, load_fleet("masscec", seed)).by_station) for seed in (1, 1, 2)
    )

    assert one == same
    assert one != other


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('title = "x"\nsoc_pct = [50]\ncolour = 1', "unknown key 'colour'"),
        (
            (
                'title = "x"\nsoc_pct = [50]\n'
                '[[happening]]\nkind = "rain"\nday = 0\nat = "1"'
            ),
            "kind: 'rain' is none of",
        ),
    ],
)
def test_what_a_day_cannot_be_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "d.toml").write_text(text)

    with pytest.raises(ScenarioError) as caught:
        load_day("d", tmp_path)

    assert said in str(caught.value)


def test_a_trip_leaves_with_what_it_has_and_comes_back_with_less() -> None:
    on = a_bench(trips=(TRIP,))

    on.wait_until("2026-07-14T21:30:00Z")
    away = on.station.evse.vehicle
    on.wait_until("2026-07-14T22:00:10Z")

    departure = on.station.observer.departures[0]
    assert away is None
    assert departure["at"] == "2026-07-14T21:00:00Z"
    assert departure["needed_soc_pct"] == 80
    assert on.station.vehicle.battery.soc == pytest.approx(
        departure["soc_pct"] - 10, abs=0.1
    )
    assert len(on.events("Ended")) == 1
    assert len(on.events("Started")) == 2


def test_an_absent_vehicle_comes_back_later() -> None:
    absent = Happening("absent", 0, "17:30", "20:00")
    on = a_bench(absent, trips=(TRIP,))

    on.wait_until("2026-07-14T23:59:00Z")
    missed = on.station.evse.soc
    on.wait_until("2026-07-15T00:00:10Z")

    assert missed is None
    assert on.station.evse.soc is not None
    assert on.station.observer.traces[on.system.station].faults == ["absent"]


def test_who_leaves_unplanned_is_not_a_departure() -> None:
    on = a_bench(Happening("leaves", 0, "18:20", "19:00"))

    on.wait_until("2026-07-14T22:30:00Z")

    assert on.station.evse.vehicle is None
    assert on.station.observer.departures == []
    assert on.station.observer.traces[on.system.station].faults == ["left-early"]


def test_a_spell_begins_and_ends() -> None:
    skew = Happening("clock-skew", 0, "17:00", "18:00", seconds=40)
    on = a_bench(skew)

    on.wait_until("2026-07-14T21:30:00Z")
    during = on.station.now - on.station.t
    on.wait_until("2026-07-14T22:30:00Z")

    assert (during, on.station.now - on.station.t) == (40, 0)
    assert [i["detail"] for i in on.station.observer.incidents] == ["began", "over"]


@pytest.mark.parametrize("kind", ["duplicates", "reordering"])
def test_a_spell_may_change_how_it_reports(kind: str) -> None:
    on = a_bench(Happening(kind, 0, "17:00", "18:00"))

    on.wait_until("2026-07-14T21:30:00Z")
    outbox = on.station.outbox
    assert (outbox.duplicates, outbox.reorders) == (
        kind == "duplicates",
        kind == "reordering",
    )
    on.wait_until("2026-07-14T22:30:00Z")
    assert (outbox.duplicates, outbox.reorders) == (False, False)


def test_a_reboot_takes_its_time() -> None:
    on = a_bench(Happening("reboot", 0, "17:00", seconds=120))

    on.station.advance(instant("2026-07-14T21:01:00Z"))
    assert on.station.powered is False
    on.station.advance(instant("2026-07-14T21:03:00Z"))

    assert on.station.powered is True


def test_a_driver_may_press_priority_charging() -> None:
    on = a_bench(Happening("priority", 0, "17:00", modern=True))

    on.wait_until("2026-07-14T21:01:00Z")

    driver = on.station.observer.drivers[on.system.participant]
    told = [p for action, p in on.sent if action == "NotifyPriorityCharging"]
    assert told == [{"transactionId": on.transaction, "activated": True}]
    assert driver.confirmed
    assert driver.opted_out_at == instant("2026-07-14T21:00:00Z")


def test_a_one_off_departure_replaces_the_routine() -> None:
    one_off = Trip((), "17:30", "19:00", 95, 5.0)
    system = replace(
        a_system("x21-scheduled"),
        trips=(TRIP,),
        overrides=(("2026-07-14", one_off),),
    )
    on = Bench(system, 90.0).connect()

    on.wait_until("2026-07-14T22:00:00Z")

    assert [d["at"] for d in on.station.observer.departures] == ["2026-07-14T21:30:00Z"]
