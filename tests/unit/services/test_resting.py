"""Who is left alone for a while because something went wrong there."""

import asyncio

from csms.domain.ids import EvseId, StationId
from csms.services.resting import Resting

EVSE = EvseId(StationId("S"), 1)
OTHER = EvseId(StationId("S"), 2)


async def length(resting: Resting) -> float:
    """Return how long the rest that begins now lasts."""
    resting.rest(EVSE)
    began = asyncio.get_running_loop().time()
    while resting.is_resting(EVSE):
        await asyncio.sleep(0.25)
    return asyncio.get_running_loop().time() - began


async def test_each_rest_in_a_row_is_twice_as_long_up_to_a_bound() -> None:
    resting = Resting(1.0, 8.0)

    assert [await length(resting) for _ in range(6)] == [1, 2, 4, 8, 8, 8]


async def test_a_success_makes_the_next_failure_a_first_one() -> None:
    resting = Resting(1.0, 8.0)
    await length(resting)
    await length(resting)
    resting.succeeded(EVSE)

    assert await length(resting) == 1


async def test_a_step_that_sends_to_rest_is_no_success() -> None:
    resting = Resting(1.0, 8.0)
    resting.rest(EVSE)
    resting.succeeded(EVSE)
    await asyncio.sleep(1)

    assert await length(resting) == 2


async def test_news_wakes() -> None:
    resting = Resting(1.0, 8.0)
    resting.rest(EVSE)
    resting.rest(EVSE)
    resting.wake(EVSE)

    assert not resting.is_resting(EVSE)
    assert await length(resting) == 1


async def test_one_rests_for_itself() -> None:
    resting = Resting(1.0, 8.0)
    resting.rest(EVSE)

    assert not resting.is_resting(OTHER)
