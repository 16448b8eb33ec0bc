"""Stations that report without pause, and what a database must hold of it."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence

from csms.db.engine import connect_raw
from csms.services.doorkeeping import Passwords
from tests.bench.client import open_all
from tests.bench.fleet import enlist
from tests.bench.stations import Order, Steady

PASSWORD = "faults-station-0123456789"
RUN = "faults"
DRAIN_S = 30.0


async def register(url: str, stations: int) -> None:
    """Make the stations known to the database."""
    await enlist(url, stations, await Passwords().hash(PASSWORD))


@contextlib.asynccontextmanager
async def reporting(
    port: int, stations: int, *, pause_s: float
) -> AsyncIterator[Sequence[Steady]]:
    """Let stations report until the block ends; each report until it is answered."""
    order = Order("storm", port, stations, run=RUN, password=PASSWORD, pause_s=pause_s)
    fleet = [Steady(order, number) for number in range(stations)]
    await open_all(fleet)
    lives = [asyncio.create_task(each.live()) for each in fleet]
    try:
        yield fleet
        for each in fleet:
            each.stopping = True
        await asyncio.wait_for(asyncio.gather(*lives), DRAIN_S)
    finally:
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
        for each in fleet:
            if each.socket is not None:
                each.socket.abort()


def acknowledged(fleet: Sequence[Steady]) -> int:
    """Return how many reports were answered."""
    return sum(each.acknowledged for each in fleet)


async def a_little_later(chance: random.Random, most_s: float) -> None:
    """Wait for a random time."""
    await asyncio.sleep(chance.uniform(0.02, most_s))


KEPT = """
SELECT report.station_id, count(*) AS reports, min(seq_no) AS first,
    max(seq_no) AS last,
    (SELECT reports FROM transaction AS folded
        WHERE folded.station_id = report.station_id
            AND folded.id = report.transaction_id) AS folded,
    (SELECT count(*) FROM reading WHERE reading.station_id = report.station_id)
        AS readings
FROM transaction_report AS report GROUP BY report.station_id, report.transaction_id
"""


async def breaches(url: str, fleet: Sequence[Steady]) -> list[str]:
    """Return every way in which what is kept differs from what was acknowledged.

    Of each station, every acknowledged report must be there exactly once: in the
    reports, in the fold of its transaction and among the readings.
    """
    connection = await connect_raw(url)
    try:
        kept = {row["station_id"]: row for row in await connection.fetch(KEPT)}
    finally:
        await connection.close()
    found = []
    for each in fleet:
        row, wanted = kept[each.id], each.acknowledged
        said = dict(row)
        whole = row["first"] == 1 and row["last"] == wanted
        if not (whole and row["reports"] == row["folded"] == row["readings"] == wanted):
            found.append(f"{each.id}: {wanted} acknowledged, kept {said}")
    return found
