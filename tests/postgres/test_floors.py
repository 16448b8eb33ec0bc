"""The floor under every event, confirmed before anything else (rules 9 and 24)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from csms.domain.ids import EvseId
from csms.domain.profile import Profile, Purpose, Role
from csms.domain.units import Power
from csms.services.ports.profiles import IntentState, Urgency
from tests.dispatch_world import Fleet, fleet_on
from tests.fakes.profile_store import broken, rejected, silent

pytestmark = pytest.mark.postgres


def floors_of(fleet: Fleet, evse: EvseId) -> list[Profile]:
    return [
        each
        for each in fleet.stations.stored[evse.station].values()
        if each.purpose is not Purpose.TX
    ]


def order_of(fleet: Fleet) -> list[tuple[str, Purpose | None]]:
    return [
        (name, what[0].purpose if name == "set" else None)
        for name, _, what in fleet.stations.calls
    ]


async def test_the_floors_are_there_and_seen_before_any_event_profile(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)

    said = order_of(fleet)
    event = said.index(("set", Purpose.TX))
    assert said[: event + 1] == [
        ("held", None),
        ("set", Purpose.STATION_MAX),
        ("set", Purpose.TX_DEFAULT),
        ("held", None),
        ("set", Purpose.TX),
    ]
    assert {each.periods[0].limit for each in floors_of(fleet, evse)} == {11_000.0}
    assert not any(each.discharges for each in floors_of(fleet, evse))
    urgent = {w[1] for n, _, w in fleet.stations.calls if n == "set"}
    assert urgent == {Urgency.SAFE_FLOOR, Urgency.SETPOINT}


async def test_floors_are_written_down(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        async with fleet.look() as work:
            kept = await work.profiles.intents(evse.station)

    states = {each.role: each.state for each in kept}
    assert states[Role.FLOOR] is IntentState.ECHOED
    assert states[Role.STATION_MAX] is IntentState.ECHOED


async def test_floors_that_are_there_already_are_not_sent_again(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        await fleet.restart()
        await fleet.is_echoed(evse)

    assert order_of(fleet).count(("set", Purpose.TX_DEFAULT)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"set": broken()}, id="error"),
        pytest.param({"set": silent()}, id="silence"),
        pytest.param({"held": silent()}, id="never reports"),
    ],
)
async def test_without_its_floors_a_station_is_never_told_to_discharge(
    database: str, fault: dict[str, object]
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        fleet.stations.before.update(fault)  # type: ignore[arg-type]
        await fleet.start()
        await fleet.rest()

        assert fleet.state(evse) is None
        assert ("set", Purpose.TX) not in order_of(fleet)
        assert fleet.dispatcher.bar(evse) == "no_floor"


async def test_a_refused_floor_bars_the_event(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        fleet.stations.verdict["set"] = lambda _: rejected("InvalidStackLevel")
        await fleet.start()
        await fleet.rest()

        assert fleet.state(evse) is None


async def test_a_floor_that_is_echoed_as_something_else_bars_the_event(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        await fleet.add("a")

        def half(profile: Profile) -> Profile:
            first = replace(profile.periods[0], limit=5_000.0)
            return replace(profile, periods=(first,))

        fleet.stations.echo = half
        await fleet.start()
        await fleet.rest()

        assert ("set", Purpose.TX) not in order_of(fleet)


async def test_lost_floors_are_put_back_after_a_reconnect(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.disconnect(evse)
        fleet.stations.stored[evse.station].clear()
        fleet.connect(evse)
        await fleet.until(lambda: len(floors_of(fleet, evse)) == 2)


async def test_floors_are_read_back_behind_an_event(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        for number in [each.id for each in floors_of(fleet, evse)]:
            del fleet.stations.stored[evse.station][number]
        await fleet.opt_out(evse)
        await fleet.is_released(evse)
        await fleet.until(lambda: len(floors_of(fleet, evse)) == 2)


async def test_a_site_that_may_draw_less_asks_for_new_floors(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        async with fleet.look() as work:
            [site] = await work.fleet.sites()
            await work.fleet.save_site(replace(site, import_cap=Power.kw(5)))
        await fleet.world.premises.refresh()
        await fleet.until(
            lambda: {e.periods[0].limit for e in floors_of(fleet, evse)} == {5_000.0}
        )


async def test_one_station_without_floors_does_not_hold_up_another(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        bad, good = await fleet.add("bad"), await fleet.add("good")

        def refuse(profile: Profile) -> object:
            return rejected() if profile.evse.station == bad.station else None

        fleet.stations.verdict["set"] = refuse  # type: ignore[assignment]
        await fleet.start()
        await fleet.is_echoed(good)

        assert fleet.state(bad) is None


async def test_a_database_that_is_away_does_not_hammer_stations(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.engine.dispose()
        fleet.fate.at = None

        def fail(name: str) -> None:
            raise OSError(name)

        fleet.fate.step = fail  # type: ignore[method-assign]
        fleet.running = []
        floors = fleet.dispatcher._floors  # noqa: SLF001 it is what is asked here
        floors.look([evse.station])
        await fleet.until(lambda: floors._rest.get(evse.station, 0.0) > 0)  # noqa: SLF001
        asked = len(fleet.stations.calls)
        floors.look([evse.station])
        await fleet.rest()

        assert len(fleet.stations.calls) == asked
        assert not floors.confirmed(evse.station)


async def test_floors_outlive_a_short_absence(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.disconnect(evse)
        fleet.clock.jump_to(fleet.clock.now() + timedelta(minutes=1))
        fleet.connect(evse)

        assert fleet.dispatcher.bar(evse) is None
