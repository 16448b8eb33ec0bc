"""What stations complain of is mended a few times, and then told to a person."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from csms.services.ports.wire import RefusedByStation
from csms.services.security_events import SecurityEvents
from csms.services.security_remedies import FIRST, MOST, WITHIN, SecurityRemedies
from tests.postgres.security_bench import SecurityBench, bench_of, silence
from tests.station_world import STATION, lobby_on

pytestmark = pytest.mark.postgres
DISCARDED = "DiscardedRenewedClientCertificate"
SIGN = "SignChargingStationCertificate"
MINUTE = timedelta(minutes=1)


@dataclass
class Clinic:
    """A station that complains, and who listens."""

    bench: SecurityBench
    events: SecurityEvents
    remedies: SecurityRemedies

    async def complains(self, type_: str) -> None:
        now = self.bench.lobby.clock.now()
        await self.events.record(STATION, type_, "it says why", now)

    async def after(self, time: timedelta) -> list[str]:
        """Let time pass, and return what the station was asked since."""
        clock, asked = self.bench.lobby.clock, self.bench.station.asked
        before = len(asked)
        clock.jump_to(clock.now() + time)
        await self.remedies.step()
        return asked[before:]

    async def told(self) -> list[str]:
        return await self.bench.column(
            "SELECT kind FROM incident WHERE severity = 'critical' ORDER BY id"
        )


def clinic_of(bench: SecurityBench) -> Clinic:
    """Return a clinic, as a new process would have it."""
    clock, begin = bench.lobby.clock, bench.lobby.begin
    events = SecurityEvents(clock, begin)
    remedies = SecurityRemedies(
        clock, begin, bench.renewal, bench.station.take_roots, bench.sockets
    )
    events.told = remedies.told
    return Clinic(bench, events, remedies)


@pytest.fixture
async def clinic(database: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with lobby_on(database) as lobby:
        await lobby.boot()
        await lobby.settle()
        yield clinic_of(bench_of(lobby, tmp_path, database))


@pytest.mark.parametrize("type_", [DISCARDED, "InvalidChargingStationCertificate"])
async def test_a_discarded_certificate_is_asked_for_again_a_few_times(
    clinic: Clinic, type_: str
) -> None:
    wait = FIRST
    for _ in range(MOST):
        await clinic.complains(type_)
        assert await clinic.after(wait - MINUTE) == []
        assert await clinic.after(MINUTE) == [SIGN]
        assert await clinic.after(MINUTE) == [], "once for each complaint"
        wait *= 2
    assert "security.not_mended" not in await clinic.told()

    await clinic.complains(type_)
    await clinic.complains(type_)
    assert await clinic.after(4 * wait) == []
    assert (await clinic.told()).count("security.not_mended") == 1

    await clinic.after(WITHIN)
    await clinic.complains(type_)
    assert await clinic.after(FIRST) == [SIGN], "that was long ago"


async def test_a_restart_forgets_nothing(clinic: Clinic) -> None:
    for _ in range(MOST):
        await clinic.complains(DISCARDED)

    again = clinic_of(clinic.bench)
    await again.complains(DISCARDED)

    assert await again.after(timedelta(hours=12)) == []
    assert await again.told() == ["security.not_mended"]


async def test_who_cannot_believe_us_is_given_our_roots(clinic: Clinic) -> None:
    await clinic.complains("InvalidCsmsCertificate")
    assert await clinic.after(FIRST) == ["root"]


async def test_it_waits_for_a_station_that_is_away(clinic: Clinic) -> None:
    await clinic.complains(DISCARDED)
    clinic.bench.sockets.here = False
    assert await clinic.after(2 * FIRST) == []
    clinic.bench.sockets.here = True
    assert await clinic.after(MINUTE) == [SIGN]


@pytest.mark.parametrize("how", [silence(), RefusedByStation(STATION, "Any")])
async def test_a_remedy_that_fails_is_no_end_of_the_others(
    clinic: Clinic, how: Exception
) -> None:
    clinic.bench.station.says["root"] = how
    await clinic.complains("InvalidCsmsCertificate")
    await clinic.complains(DISCARDED)
    assert await clinic.after(FIRST) == ["root", SIGN]


async def test_other_events_and_what_we_noticed_ourselves_start_nothing(
    clinic: Clinic,
) -> None:
    await clinic.complains("SettingSystemTime")
    clinic.events.noticed(STATION, "InvalidChargingStationCertificate", "at the door")
    keeping = asyncio.create_task(clinic.events.run())
    while len(await clinic.bench.column("SELECT type FROM security_event")) < 2:
        await asyncio.sleep(0.01)
    keeping.cancel()
    assert await clinic.after(timedelta(days=1)) == []
