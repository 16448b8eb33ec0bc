"""What the meter says about an event, and what follows (rules 15, 16, 21, 23)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from csms.domain.event import Reason
from csms.domain.ids import EvseId
from csms.services.ports.profiles import IntentState, Quarantine
from csms.services.ports.wire import NoAnswer, Silence
from csms.services.quarantines import Quarantines
from tests.dispatch_world import EVENT, START, Fleet, fleet_on
from tests.fakes.profile_store import slow

pytestmark = pytest.mark.postgres

MINUTE = timedelta(minutes=1)


async def on_its_way(fleet: Fleet, *evses: EvseId) -> None:
    """Have these discharge, as their meters say, two minutes into the event."""
    await fleet.start(monitor=True)
    for evse in evses:
        await fleet.is_echoed(evse)
    fleet.jump(START)
    for live in fleet.live.all():
        fleet.live.update(live.evse, soc_at=START)
    await fleet.rest(0.06)
    fleet.jump(START + 2 * MINUTE)
    for evse in evses:
        fleet.measure(evse, soc_pct=79.0)
    for evse in evses:
        await fleet.until(lambda e=evse: fleet.state(e) is IntentState.OBEYED)  # type: ignore[misc]


async def incidents(fleet: Fleet) -> list[tuple[str, str]]:
    async with fleet.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT kind, station_id FROM incident ORDER BY id")
        )
        return [(row.kind, row.station_id) for row in rows]


async def quarantines(fleet: Fleet) -> list[Quarantine]:
    async with fleet.look() as work:
        return list(await work.profiles.quarantined())


async def release_of(fleet: Fleet, evse: EvseId) -> Reason | None:
    async with fleet.look() as work:
        members = await work.events.members(EVENT)
    [mine] = [each for each in members if each.evse == evse]
    return mine.release_reason


async def test_delivery_is_what_the_meter_says(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)

        assert await fleet.words(evse) == ["accepted", "echoed", "obeyed"]


async def test_who_is_told_and_does_nothing_is_not_delivering(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start(monitor=True)
        await fleet.is_echoed(evse)
        fleet.jump(START + 2 * MINUTE)
        fleet.metered(evse, 0, 79.0)
        await fleet.until(lambda: fleet.state(evse) is IntentState.NOT_OBEYED)
        fleet.measure(evse)
        await fleet.until(lambda: fleet.state(evse) is IntentState.OBEYED)

        assert await fleet.words(evse) == [
            "accepted",
            "echoed",
            "not_obeyed",
            "obeyed",
        ]


@pytest.mark.parametrize(
    ("state", "word"),
    [("SuspendedEV", "ev_refused"), ("SuspendedEVSE", "station_refused")],
)
async def test_who_stopped_the_energy_is_written_down(
    database: str, state: str, word: str
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        fleet.jump(START + 5 * MINUTE)
        fleet.live.update(evse, charging_state=state)
        fleet.metered(evse, 0, 79.0)
        await fleet.until(lambda: fleet.state(evse) is IntentState.NOT_OBEYED)
        calls = len(fleet.stations.calls)
        await fleet.rest()

        assert word in await fleet.words(evse)
        assert len(fleet.stations.calls) == calls, "it is not told again (v2x 3.5)"


async def test_the_wrong_direction_trips_within_one_report(database: str) -> None:
    async with fleet_on(database) as fleet:
        hazard, twin = await fleet.add("hazard"), await fleet.add("twin")
        other = await fleet.add("other", "other")
        await on_its_way(fleet, twin, other)
        await fleet.is_echoed(hazard)
        fleet.metered(hazard, 7_200, 79.5)
        await fleet.until(lambda: fleet.stations.events_at(hazard) == [])
        await fleet.until(lambda: fleet.stations.events_at(twin) == [])
        await fleet.is_released(hazard)
        await fleet.is_released(twin)
        await fleet.until(lambda: "scheduled" in fleet.book.quarantined)
        await fleet.rest()
        [put_aside] = await quarantines(fleet)

        assert fleet.book.quarantined == {"scheduled"}
        assert put_aside.vendor_profile == "scheduled"
        assert put_aside.evidence["metered_w"] == 7_200
        assert fleet.state(other) is IntentState.OBEYED
        assert fleet.stations.flow(other) == -7_000
        assert await incidents(fleet) == [("wrong_direction", hazard.station)]
        assert await release_of(fleet, hazard) is Reason.STATION_REFUSED
        assert await release_of(fleet, twin) is None
        assert "tripped" in await fleet.words(hazard)
        assert "station_refused" in await fleet.words(twin)
        names = fleet.stations.names(hazard.station)
        assert names[-3:] == ["set", "clear", "held"], "safe first"
        async with fleet.look() as work:
            facts = await work.facts.after(0, 100)
        assert [f.kind for f in facts] == ["vendor_profile.quarantined"]


async def test_a_trip_that_cannot_be_written_acts_and_is_written_later(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        away, step = [True], fleet.fate.step

        def fail(name: str) -> None:
            if away[0]:
                raise OSError("the database is away")
            step(name)

        fleet.fate.step = fail  # type: ignore[method-assign]
        fleet.metered(evse, 7_200)
        await fleet.until(lambda: fleet.stations.events_at(evse) == [])
        assert await quarantines(fleet) == []
        away[0] = False
        await fleet.is_released(evse)
        async with fleet.look() as work:
            await fleet.rest(0.3)
            assert [each.vendor_profile for each in await work.profiles.quarantined()]


async def test_a_quarantine_outlives_the_process(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        fleet.metered(evse, 7_200)
        await fleet.is_released(evse)
        await fleet.rest()
        fleet.book.lift("scheduled")
        await fleet.book.load(fleet.look)

        assert fleet.book.quarantined == {"scheduled"}


async def test_a_lifted_quarantine_lets_the_others_go_on(database: str) -> None:
    async with fleet_on(database) as fleet:
        hazard, twin = await fleet.add("hazard"), await fleet.add("twin")
        await on_its_way(fleet, hazard, twin)
        fleet.metered(hazard, 7_200)
        await fleet.is_released(hazard)
        await fleet.is_released(twin)
        await fleet.rest()
        lifting = Quarantines(fleet.clock, fleet.look, fleet.book, fleet.dispatcher)
        await lifting.lift("scheduled", "somebody")
        fleet.live.update(twin, soc_at=fleet.clock.now())
        await fleet.until(lambda: fleet.stations.flow(twin) == -7_000)
        await fleet.rest()

        assert fleet.stations.events_at(hazard) == [], "it is released for this event"
        assert await quarantines(fleet) == []


# -- what is no trip -----------------------------------------------------------------


async def test_who_is_still_turning_around_does_not_trip(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start(monitor=True)
        await fleet.is_echoed(evse)
        for seconds in (0, 15, 39):
            fleet.jump(START + timedelta(seconds=seconds))
            fleet.metered(evse, 7_200, 79.0)
            await fleet.rest(0.05)
        assert fleet.book.quarantined == set()
        fleet.jump(START + timedelta(seconds=41))
        fleet.metered(evse, 7_200, 79.0)
        await fleet.until(lambda: bool(fleet.book.quarantined))


async def test_the_time_to_answer_is_not_counted_against_a_station(
    database: str,
) -> None:
    async with fleet_on(database, now=START + MINUTE) as fleet:
        evse = await fleet.add("a")

        async def late(_: object, what: object) -> None:
            assert isinstance(what, tuple)
            if what[0].discharges:
                fleet.jump(START + 3 * MINUTE)

        fleet.stations.before["set"] = late
        await fleet.start(monitor=True)
        await fleet.is_echoed(evse)
        fleet.jump(START + 3 * MINUTE + timedelta(seconds=20))
        fleet.metered(evse, 7_200, 79.0)
        await fleet.rest()

        assert fleet.book.quarantined == set()


async def test_charging_after_a_reconnect_is_no_trip_before_it_was_read_back(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        fleet.disconnect(evse)
        fleet.jump(START + 5 * MINUTE)
        fleet.stations.stored[evse.station].clear()  # it has rebooted, and charges
        fleet.connect(evse)
        fleet.metered(evse, 7_200, 79.0)
        await fleet.until(lambda: bool(fleet.stations.events_at(evse)))
        fleet.metered(evse, 7_200, 79.0)
        await fleet.rest()
        assert fleet.book.quarantined == set()
        fleet.jump(START + 7 * MINUTE)
        fleet.measure(evse, 79.0)
        await fleet.until(lambda: fleet.state(evse) is IntentState.OBEYED)


async def test_a_reading_from_before_the_read_back_is_no_trip(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        fleet.disconnect(evse)
        fleet.jump(START + 5 * MINUTE)
        fleet.connect(evse)
        fleet.metered(evse, 7_200, 79.0)
        await fleet.until(lambda: fleet.dispatcher.is_binding(evse))
        await fleet.rest()

        assert fleet.book.quarantined == set()


async def test_a_reading_from_while_it_is_written_down_is_no_trip(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        fleet.disconnect(evse)
        fleet.jump(START + 5 * MINUTE)
        fleet.metered(evse, 7_200, 79.0)
        asked = fleet.stations.names().count("held")
        fleet.gate.clear()  # the database takes its time
        fleet.connect(evse)
        await fleet.until(lambda: fleet.stations.names().count("held") > asked)
        await fleet.rest()
        fleet.gate.set()
        await fleet.rest()

        assert fleet.book.quarantined == set()


async def test_a_lapsed_watchdog_is_no_trip(database: str) -> None:
    async with fleet_on(database, now=START) as fleet:
        evse = await fleet.add("a", "push")
        await fleet.start(monitor=True)
        await fleet.is_echoed(evse)

        async def lost(*_: object) -> None:
            raise NoAnswer(evse.station, Silence.UNANSWERED)

        fleet.stations.before["update"] = lost
        fleet.stations.before["held"] = lost
        for minutes in (5, 9, 11, 12):
            fleet.jump(START + minutes * MINUTE)
            flow = fleet.stations.flow(evse)
            fleet.metered(evse, flow or 7_200, 79.0)
            await fleet.rest(0.06)
        assert fleet.stations.flow(evse) == 0
        assert fleet.book.quarantined == set()
        fleet.stations.before.clear()
        await fleet.until(lambda: fleet.stations.flow(evse) == -7_000)
        fleet.metered(evse, 7_200, 79.0)
        await fleet.rest()
        assert fleet.book.quarantined == set()


async def test_charging_of_one_that_opted_out_is_its_right(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        await fleet.opt_out(evse)
        fleet.jump(START + 4 * MINUTE)  # and nobody has looked yet
        fleet.metered(evse, 7_200, 79.0)
        await fleet.is_released(evse)
        await fleet.rest()

        assert fleet.book.quarantined == set()


async def test_what_goes_on_after_its_release_is_taken_back_once_more(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        await fleet.opt_out(evse)
        await fleet.is_released(evse)
        calls = fleet.stations.names().count("clear")
        fleet.jump(START + 3 * MINUTE)
        fleet.metered(evse, -7_000, 78.0)
        await fleet.rest()
        assert await incidents(fleet) == [], "it may still be coming to rest"
        fleet.jump(START + 5 * MINUTE)
        fleet.metered(evse, -7_000, 78.0)
        await fleet.until(lambda: fleet.stations.names().count("clear") == calls + 1)
        await fleet.is_released(evse)
        fleet.jump(START + 9 * MINUTE)
        fleet.metered(evse, -7_000, 77.0)
        await fleet.rest()

        assert await incidents(fleet) == [("unwanted_discharge", evse.station)]
        assert fleet.stations.names().count("clear") == calls + 1


async def test_a_house_that_feeds_itself_later_is_no_concern_of_ours(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        await fleet.opt_out(evse)
        await fleet.is_released(evse)
        fleet.jump(START + 90 * MINUTE)
        fleet.metered(evse, -2_000, 78.0)
        await fleet.rest()

        assert await incidents(fleet) == []


async def test_charging_while_it_is_being_taken_back_is_no_trip(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        gate = asyncio.Event()
        fleet.stations.before["clear"] = slow(gate)
        await fleet.opt_out(evse)
        await fleet.until(lambda: fleet.stations.flow(evse) == 0)
        fleet.jump(START + 4 * MINUTE)
        fleet.metered(evse, 7_200, 79.0)
        await fleet.rest()
        assert fleet.state(evse) is IntentState.OBEYED, "it is not proven yet"
        gate.set()
        await fleet.is_released(evse)

        assert fleet.book.quarantined == set()


# -- floors, staleness, circumstances ------------------------------------------------


async def test_at_the_floor_a_member_is_released_for_good(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        fleet.measure(evse, soc_pct=32.0)
        await fleet.is_released(evse)
        await fleet.rest()
        assert await release_of(fleet, evse) is Reason.SOC_FLOOR
        fleet.live.update(evse, soc_pct=40.0, soc_at=fleet.clock.now())
        await fleet.rest()

        assert fleet.stations.events_at(evse) == []
        assert "floor_reached" in await fleet.words(evse)


async def test_nobody_discharges_on_a_stale_state_of_charge(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        fleet.jump(START + 8 * MINUTE)
        fleet.measure(evse)
        await fleet.is_released(evse)
        await fleet.rest()

        assert "stale_soc" in await fleet.words(evse)


async def test_a_station_that_comes_back_may_first_say_its_state_of_charge(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        fleet.disconnect(evse)
        fleet.jump(START + 9 * MINUTE)
        fleet.connect(evse)
        await fleet.rest()
        assert await release_of(fleet, evse) is None
        fleet.measure(evse, 78.0)
        await fleet.until(lambda: fleet.state(evse) is IntentState.OBEYED)


async def test_a_station_that_comes_back_and_never_says_it_is_released(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        fleet.disconnect(evse)
        fleet.jump(START + 30 * MINUTE)
        fleet.connect(evse)
        await fleet.rest()
        fleet.jump(START + 36 * MINUTE)
        await fleet.is_released(evse)


async def test_what_happens_around_a_member_is_written_once_each(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        fleet.live.update(evse, external_limit={"chargingLimit": {}})
        await fleet.rest()
        fleet.measure(evse)
        await fleet.rest()
        fleet.live.update(evse, external_limit=None)
        await fleet.rest()
        fleet.disconnect(evse)
        await fleet.rest()
        fleet.connect(evse)
        await fleet.rest()

        words = await fleet.words(evse)
        assert [w for w in words if w in {"limited", "unlimited"}] == [
            "limited",
            "unlimited",
        ]
        assert words.count("offline") == 1
        assert words.count("online") == 1


async def test_a_driver_who_wants_to_charge_first_has_opted_out(database: str) -> None:
    """K21 and rule 23."""
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        fleet.live.update(evse, priority_charging=True)
        await fleet.is_released(evse)
        await fleet.rest()

        assert await release_of(fleet, evse) is Reason.OPT_OUT
        fleet.live.update(evse, priority_charging=False)
        await fleet.rest()
        assert fleet.stations.events_at(evse) == []


async def test_more_than_was_asked_is_an_incident(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await on_its_way(fleet, evse)
        fleet.metered(evse, -9_500)
        await fleet.rest()
        fleet.jump(START + 3 * MINUTE)
        fleet.metered(evse, -9_500, 78.0)
        await fleet.rest()

        assert await incidents(fleet) == [("excessive", evse.station)]


async def test_a_site_that_is_full_is_a_limit(database: str) -> None:
    async with fleet_on(database) as fleet:
        one = await fleet.add("a", site="yard", export_cap_kw=10)
        two = await fleet.add("b", site="yard", export_cap_kw=10)
        await fleet.start(monitor=True)
        await fleet.until(lambda: any(fleet.state(each) for each in (one, two)))
        fleet.jump(START + MINUTE)
        for evse in (one, two):
            fleet.metered(evse, 0, 79.0)
        await fleet.rest(0.3)
        left = one if fleet.state(one) is None else two

        assert "limited" in await fleet.words(left)


async def test_one_member_that_cannot_be_judged_does_not_blind_the_monitor(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        odd, good = await fleet.add("odd"), await fleet.add("good")
        await fleet.start(monitor=True)
        await fleet.is_echoed(odd)
        await fleet.is_echoed(good)
        fleet.jump(START + 2 * MINUTE)
        fleet.metered(odd, -7_000, 79.0)
        fleet.live.update(odd, power="nonsense")
        fleet.measure(good, 79.0)
        await fleet.until(lambda: fleet.state(good) is IntentState.OBEYED)


async def test_a_worker_that_is_started_again_listens_once(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start(monitor=True)
        await fleet.stop()
        await fleet.start(monitor=True)
        await fleet.is_echoed(evse)

        listeners = fleet.live._subscribers  # noqa: SLF001 it is what is asked here
        assert len(listeners) == len(set(listeners)) == 3


async def test_policy_is_per_make(database: str) -> None:
    async with fleet_on(database) as fleet:
        patient = replace(
            fleet.book.profiles[0],
            id="patient",
            models=("patient",),
            response=timedelta(minutes=10),
        )
        fleet.book._profiles = (*fleet.book.profiles, patient)  # noqa: SLF001
        evse = await fleet.add("a", "patient")
        await fleet.start(monitor=True)
        await fleet.is_echoed(evse)
        fleet.jump(START + 5 * MINUTE)
        fleet.metered(evse, 7_200, 79.0)
        await fleet.rest()

        assert fleet.book.quarantined == set()
