"""Dispatch in every dialect: Dynamic, negative limits, and vendors' own words."""

from dataclasses import replace
from datetime import timedelta

import pytest

from csms.domain.units import Power
from csms.services.ports.profiles import IntentState
from tests.dispatch_world import START, WINDOW, fleet_on
from tests.fakes.profile_store import rejected

pytestmark = pytest.mark.postgres

HALF = START + timedelta(minutes=90)


async def test_a_dynamic_profile_is_kept_alive_and_not_beyond_the_end(
    database: str,
) -> None:
    """K28.FR.14: a late update arms it again."""
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a", "push")
        await fleet.start()
        await fleet.rest()
        assert fleet.state(evse) is None, "a setpoint that is immediate is not early"
        fleet.jump(START)
        fleet.live.update(evse, soc_at=START)
        await fleet.is_echoed(evse)
        for minutes in range(3, 170, 3):
            fleet.jump(START + timedelta(minutes=minutes))
            fleet.live.update(evse, soc_at=fleet.clock.now())
            pushes = fleet.stations.names().count("update")
            await fleet.until(
                lambda known=pushes: fleet.stations.names().count("update") > known  # type: ignore[misc]
            )
            assert fleet.stations.flow(evse) == -7_000
        fleet.jump(WINDOW.end)
        pushes = fleet.stations.names().count("update")
        await fleet.is_released(evse)

        assert fleet.stations.names().count("update") == pushes


async def test_without_us_a_dynamic_setpoint_dies_by_its_watchdog(
    database: str,
) -> None:
    async with fleet_on(database, now=START) as fleet:
        evse = await fleet.add("a", "push")
        await fleet.start()
        await fleet.is_echoed(evse)
        await fleet.stop()
        fleet.jump(START + timedelta(minutes=11))

        assert fleet.stations.flow(evse) == 0
        assert not fleet.dispatcher.is_binding(evse)


async def test_a_station_that_pulls_is_answered_while_it_is_wanted(
    database: str,
) -> None:
    """K28.FR.07 and K28.FR.12."""
    async with fleet_on(database, now=START) as fleet:
        evse = await fleet.add("a", "pull")
        await fleet.start()
        await fleet.is_echoed(evse)
        [profile] = fleet.stations.events_at(evse)
        assert profile.pull_interval == timedelta(minutes=2)
        pulled = fleet.dispatcher.dynamic(evse.station, profile.id)
        assert pulled is not None
        assert pulled.periods[0].setpoint == -7_000
        assert fleet.dispatcher.dynamic(evse.station, profile.id + 1) is None
        fleet.jump(START + timedelta(minutes=6))
        fleet.dispatcher.dynamic(evse.station, profile.id)
        await fleet.rest()
        assert "update" not in fleet.stations.names(), "nobody pushes who is asked"
        await fleet.opt_out(evse)
        await fleet.is_released(evse)

        assert fleet.dispatcher.dynamic(evse.station, profile.id) is None


async def test_a_station_that_should_pull_and_does_not_is_told(database: str) -> None:
    async with fleet_on(database, now=START) as fleet:
        evse = await fleet.add("a", "pull")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(START + timedelta(minutes=8))
        await fleet.until(lambda: "update" in fleet.stations.names())


async def test_a_pull_after_the_end_is_refused(database: str) -> None:
    async with fleet_on(database, now=START) as fleet:
        evse = await fleet.add("a", "pull")
        await fleet.start()
        await fleet.is_echoed(evse)
        [profile] = fleet.stations.events_at(evse)
        await fleet.stop()
        fleet.jump(WINDOW.end)

        assert fleet.dispatcher.dynamic(evse.station, profile.id) is None


async def test_a_negative_limit_goes_only_to_whom_it_means_discharge(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a", "negative")
        await fleet.start()
        await fleet.is_echoed(evse)

        [profile] = fleet.stations.events_at(evse)
        assert [each.limit for each in profile.periods] == [-7_000.0, 11_000.0]
        assert all(each.mode is None for each in profile.periods)


async def test_a_vendors_own_words_are_said_and_taken_back(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a", "words")
        await fleet.start()
        await fleet.until(lambda: fleet.state(evse) is IntentState.ACCEPTED)
        fleet.jump(HALF)
        assert fleet.stations.flow(evse) == -7_000
        await fleet.opt_out(evse)
        await fleet.is_released(evse)

        assert fleet.stations.names() == ["command", "command"]


async def test_a_refused_end_of_a_vendors_words_is_no_release(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a", "words")
        await fleet.start()
        await fleet.until(lambda: fleet.state(evse) is IntentState.ACCEPTED)
        fleet.stations.verdict["command"] = lambda _: rejected("UnknownMessageId")
        await fleet.opt_out(evse)
        await fleet.rest()
        assert fleet.state(evse) is IntentState.UNKNOWN
        del fleet.stations.verdict["command"]
        await fleet.is_released(evse)


async def test_a_vendors_words_end_by_themselves(database: str) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a", "words")
        await fleet.start()
        await fleet.until(lambda: fleet.state(evse) is IntentState.ACCEPTED)
        fleet.stations.verdict["command"] = lambda _: rejected("UnknownMessageId")
        fleet.jump(WINDOW.end)
        await fleet.until(lambda: fleet.state(evse) is IntentState.RELEASED)

        assert fleet.stations.flow(evse) == 0


async def test_two_evses_of_one_station_are_told_apart(database: str) -> None:
    async with fleet_on(database) as fleet:
        one = await fleet.add("a", evses=2)
        two = replace(one, number=2)
        await fleet.start()
        await fleet.is_echoed(one)
        await fleet.is_echoed(two)
        await fleet.release(one)
        await fleet.is_released(one)
        fleet.jump(HALF)

        assert fleet.stations.flow(two) == -7_000
        assert fleet.sampled[-1] == (one.station, True), "the other still needs it"
        assert fleet.live.get(two).power in (None, Power(0))
