"""A node that is killed before, during and after an event: its promises hold."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from csms.services.ports.profiles import HELD
from tests.faults.town import END, START, UNTRIPPED, Town, a_town

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.fleet]

RATE = 240.0
KILLS = int(os.environ.get("CSMS_FAULTS_KILLS", "4"))
SEED = int(os.environ.get("CSMS_FAULTS_SEED", "1"))
AT_ONCE = timedelta(seconds=2 * RATE)
AFTERWARDS = timedelta(minutes=30)
LEAVES = "home-01"
UNTOLD = "home-02"

Act = tuple[datetime, Callable[[Town], Awaitable[None]]]


@pytest.mark.timeout(240)
async def test_promises_hold_although_the_node_is_killed_again_and_again(
    database: str, tmp_path: Path
) -> None:
    chance = random.Random(SEED)  # noqa: S311, dice
    refused = frozenset({f"{UNTOLD}@example.org"})

    async with a_town(database, tmp_path, rate=RATE, refused=refused) as town:
        await town.announce()
        acts: list[Act] = [(_between(chance, town), _killed) for _ in range(KILLS)]
        acts.append((START + chance.random() * (END - START) / 2, _opted_out))
        for instant, act in sorted(acts, key=lambda each: each[0]):
            await town.clock.sleep_until(instant)
            await act(town)
        await town.settled()

    assert town.node.starts == KILLS + 1
    assert town.broken(AT_ONCE, without=UNTRIPPED) == []
    assert town.exported_kwh(UNTOLD) == 0
    assert town.exported_kwh("yard") > 20
    assert await _notices_sent_twice(town) == []
    assert await _profiles_still_held(town) == []


def _between(chance: random.Random, town: Town) -> datetime:
    now = town.clock.now()
    return now + chance.random() * (END + AFTERWARDS - now)


async def _killed(town: Town) -> None:
    await town.node.kill()
    await town.node.start()


async def _opted_out(town: Town) -> None:
    """Opt out, and give the node the time that it may take to let go."""
    await town.opt_out(LEAVES)
    await asyncio.sleep(AT_ONCE.total_seconds() / RATE)


async def _notices_sent_twice(town: Town) -> list[str]:
    """Return who got, or is owed, the same news more than once.

    A node that dies between the mail server's yes and its own note of it sends the
    letter again, under the same Message-ID: mail programs show one.
    """
    letters = {(each.to, each.subject, each.message_id) for each in town.office.list()}
    news = Counter((to, subject) for to, subject, _ in letters)
    owed = await town.rows(
        "SELECT event_id, participant_id, kind, channel FROM notice"
        " GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"
    )
    return [str(each) for each, times in news.items() if times > 1] + list(
        map(str, owed)
    )


async def _profiles_still_held(town: Town) -> list[str]:
    rows = await town.rows("SELECT * FROM profile_intent WHERE role = 'event'")
    assert rows
    return [str(row) for row in rows if row["state"] in HELD]
