"""The process dies before any step of dispatch, and another one takes over."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from csms.domain.ids import EvseId
from csms.services.ports.profiles import IntentState
from tests.dispatch_world import EARLY, START, WINDOW, Fate, Fated, Fleet, fleet_on

pytestmark = pytest.mark.postgres

Then = Callable[[Fleet, EvseId], Awaitable[None]]
HALF = START + (WINDOW.end - START) / 2


async def is_dead_or(fleet: Fleet, holds: Callable[[], bool]) -> None:
    await fleet.until(lambda: fleet.fate.dead or holds())


async def forget(fleet: Fleet, evse: EvseId) -> None:
    """Begin another story with the same household."""
    await fleet.stop()
    fleet.fate = Fate()
    fleet.clock.jump_to(EARLY)
    fleet.stations.stored.clear()
    fleet.stations.calls.clear()
    fleet.stations.commands.clear()
    async with fleet.engine.begin() as connection:
        await connection.execute(text("DELETE FROM profile_intent"))
        await connection.execute(
            text(
                "UPDATE event_member SET opted_out_at = NULL, opted_out_by = NULL,"
                " states = '[]'"
            )
        )
    fleet.renew_live()
    fleet.plug(evse)


async def opted_out(fleet: Fleet, evse: EvseId) -> None:
    fleet.jump(HALF)
    fleet.live.update(evse, soc_at=HALF)
    await fleet.opt_out(evse)


async def ended(fleet: Fleet, evse: EvseId) -> None:
    del evse
    fleet.jump(WINDOW.end)


async def live_through(fleet: Fleet, evse: EvseId, then: Then, at: int | None) -> int:
    """Go through the whole story; die before one step; return how many there were."""
    fleet.fate = Fate(at)
    fleet.build()
    await fleet.start()
    fleet.connect(evse)
    first = {IntentState.ECHOED, IntentState.ACCEPTED}
    await is_dead_or(fleet, lambda: fleet.state(evse) in first)
    await fleet.rest(0.05)
    await then(fleet, evse)
    await is_dead_or(fleet, lambda: fleet.state(evse) is IntentState.RELEASED)
    await fleet.rest(0.05)
    steps = len(fleet.fate.steps)
    if fleet.fate.dead:
        await fleet.restart()
    await fleet.until(lambda: is_clean(fleet, evse))
    await fleet.rest(0.1)
    assert is_clean(fleet, evse)
    kept = await fleet.kept(evse)
    if kept is not None:
        assert kept.state in {IntentState.RELEASED, IntentState.EXPIRED}
    await fleet.stop()
    return steps


def is_clean(fleet: Fleet, evse: EvseId) -> bool:
    return (
        fleet.stations.events_at(evse) == []
        and evse not in fleet.stations.commands
        and evse not in fleet.dispatcher.holding()
    )


@pytest.mark.parametrize("make", ["scheduled", "words"])
@pytest.mark.parametrize("then", [opted_out, ended])
async def test_whatever_step_is_the_last_nothing_is_left_behind(
    database: str, make: str, then: Then
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a", make)
        Fated(fleet.stations, fleet)
        await forget(fleet, evse)
        steps = await live_through(fleet, evse, then, None)
        assert steps > 15
        lived = 0
        for at in range(0, min(steps, 60), 2):
            await forget(fleet, evse)
            await live_through(fleet, evse, then, at)
            lived += 1

        assert lived > 7


@pytest.mark.parametrize("at", range(0, 40, 5))
async def test_an_event_goes_on_in_the_next_process(database: str, at: int) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        Fated(fleet.stations, fleet)
        fleet.fate = Fate(at)
        fleet.build()
        await fleet.start()
        await is_dead_or(fleet, lambda: fleet.state(evse) is IntentState.ECHOED)
        await fleet.restart()
        await fleet.is_echoed(evse)
        fleet.jump(HALF)

        assert fleet.stations.flow(evse) == -7_000
        assert len(fleet.stations.events_at(evse)) == 1


async def test_what_was_forgotten_in_memory_is_found_in_the_database(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        await fleet.stop()
        fleet.jump(HALF)
        async with fleet.look() as work:
            await work.events.opt_out(  # by another process, while this one is down
                fleet.dispatcher.order(evse).event,  # type: ignore[union-attr]
                fleet.dispatcher.order(evse).participant,  # type: ignore[union-attr]
                HALF,
                "link",
            )
        assert fleet.stations.flow(evse) == -7_000
        await fleet.restart()
        await fleet.is_released(evse)


async def test_a_database_that_goes_away_stops_nothing_that_must_stop(
    database: str,
) -> None:
    async with fleet_on(database) as fleet:
        evse = await fleet.add("a")
        await fleet.start()
        await fleet.is_echoed(evse)
        fleet.jump(HALF)
        away = [True]
        step = fleet.fate.step

        def fail(name: str) -> None:
            if away[0]:
                raise OSError("the database is away")
            step(name)

        fleet.fate.step = fail  # type: ignore[method-assign]
        fleet.live.update(evse, priority_charging=True)
        await fleet.until(lambda: fleet.stations.events_at(evse) == [])
        assert fleet.stations.flow(evse) == 0
        away[0] = False
        await fleet.is_released(evse)
        kept = await fleet.kept(evse)
        assert kept is not None
        assert kept.state is IntentState.RELEASED
