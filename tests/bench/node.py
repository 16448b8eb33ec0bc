"""The node under test: all of it, as `csms serve` runs it, and one word of command.

`python -m tests.bench.node` reads its settings from the environment and says `ready`.
For each line on its standard input it sends a charging profile to every connected
station at once, by the same port as the dispatcher, and prints how long that took.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta

import uvloop

from csms.blocks.charging_profiles import ProfileReports, StationProfiles
from csms.blocks.commanding import StationCommands
from csms.bootstrap.node import node
from csms.cli.logs import set_up
from csms.domain.ids import EvseId, StationId
from csms.domain.profile import Kind, Period, Profile, Purpose, RateUnit
from csms.services.node import Node
from csms.services.ports.profiles import Urgency
from csms.settings import load

START = datetime(2026, 7, 14, 21, tzinfo=UTC)
HOURS = timedelta(hours=3)
QUARTER_S = 900


def profile(station: StationId) -> Profile:
    """Return what is pushed to a station."""
    quarters = range(0, int(HOURS.total_seconds()), QUARTER_S)
    return Profile(
        id=1,
        evse=EvseId(station, 1),
        purpose=Purpose.TX_DEFAULT,
        kind=Kind.ABSOLUTE,
        stack_level=1,
        unit=RateUnit.WATTS,
        periods=tuple(Period(start, limit=7000.0) for start in quarters),
        start=START,
        duration=HOURS,
    )


async def push(face: Node) -> tuple[int, float]:
    """Send everybody a profile; return to how many, and how long all took."""
    assert isinstance(face.commands.wire, StationCommands)
    wire = StationProfiles(face.commands.wire.link, ProfileReports())
    profiles = [profile(each.id) for each in face.book.stations() if each.connected]
    began = time.perf_counter()
    verdicts = await asyncio.gather(
        *(wire.set(each, urgency=Urgency.SETPOINT) for each in profiles)
    )
    seconds = time.perf_counter() - began
    return sum(each.accepted for each in verdicts), seconds


async def main() -> None:
    """Run until the standard input ends."""
    settings = load()
    set_up(settings.log_level, settings.log_format)
    loop = asyncio.get_running_loop()
    async with node(settings) as face:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while await loop.run_in_executor(None, sys.stdin.readline):
            stations, seconds = await push(face)
            said = {"stations": stations, "seconds": seconds}
            sys.stdout.write(json.dumps(said) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
