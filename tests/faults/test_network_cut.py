"""A network that is cut in the middle of an event: stations end it by themselves."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.town import END, START, UNTRIPPED, a_town

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.fleet]

RATE = 300.0
CUT = START + timedelta(minutes=40)
MENDED = END + timedelta(minutes=20)
GRACE = timedelta(hours=2)
SOON = timedelta(minutes=10)


@pytest.mark.timeout(240)
async def test_stations_end_an_event_by_their_own_schedules_without_a_network(
    database: str, tmp_path: Path
) -> None:
    async with a_town(database, tmp_path, rate=RATE, grace=GRACE) as town:
        await town.announce()
        await town.clock.sleep_until(CUT)
        town.cable.cut()
        await town.clock.sleep_until(MENDED)
        town.cable.mend()
        await town.settled()

    assert town.node.starts == 1
    assert town.broken(SOON, without=UNTRIPPED) == []
    alone = town.exported_kwh("yard", since=CUT + SOON)
    assert alone > 5, "nobody discharged while the network was cut"
