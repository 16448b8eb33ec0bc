"""A station is brought to a higher security profile, or stays where it was (A05)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from csms.db.security import UpgradeUnderWay
from csms.domain.security import SecurityProfile, SecurityUpgrade, UpgradeState
from csms.domain.station import Variable, VariableKey
from csms.services.doorkeeping import Admission
from csms.services.ports.wire import RefusedByStation
from csms.services.rotation import MOST_OPEN
from csms.services.upgrade_steps import PRIORITY, free_slot
from csms.services.upgrading import NotHigher
from tests.postgres.security_bench import SecurityBench, bench_of, silence
from tests.proving import proves
from tests.security_world import a_csr
from tests.station_world import MAKE, PASSWORD, STATION, lobby_on

State = UpgradeState
postgres = pytest.mark.postgres


@pytest.fixture
async def bench(database: str, tmp_path: Path) -> AsyncIterator[SecurityBench]:
    async with lobby_on(database) as lobby:
        await lobby.boot()
        await lobby.settle()
        yield bench_of(lobby, tmp_path, database)


class Killed(BaseException):
    """The process is gone."""


def kill_at(bench: SecurityBench, step: str) -> None:
    """Let the process end while a station is asked something."""
    usual = bench.station._answer  # noqa: SLF001 - where it is killed

    def killing(what: str) -> object:
        if what == step:
            raise Killed
        return usual(what)

    bench.station._answer = killing  # type: ignore[method-assign,assignment]  # noqa: SLF001


async def begun(bench: SecurityBench) -> None:
    await bench.upgrades.begin(STATION, SecurityProfile.TLS, "ann")


async def last(bench: SecurityBench) -> SecurityUpgrade:
    return (await bench.upgrades.history(STATION))[0]


@postgres
@proves("A05.FR.07")
async def test_it_goes_step_by_step_until_the_station_is_back(
    bench: SecurityBench,
) -> None:
    await begun(bench)
    await bench.upgrades.step()

    assert bench.station.asked == ["root", "slot", "order 2,1", "order", "reset"]
    [(slot, way)] = bench.station.profiles
    assert (slot, way["securityProfile"]) == (2, 2)
    assert way["ocppCsmsUrl"] == "wss://csms.example.org:9002/ocpp"
    async with bench.lobby.begin() as work:
        [kept] = await work.models.network_profiles(STATION)
    assert (kept.slot, kept.document, kept.by) == (2, way, "ann")
    assert (await last(bench)).state is State.RETURNING
    assert bench.identities.demanded(STATION) is SecurityProfile.BASIC

    await bench.enters(SecurityProfile.TLS)

    assert (await last(bench)).state is State.DONE
    assert bench.identities.demanded(STATION) is SecurityProfile.TLS


@postgres
async def test_it_falls_back_if_the_station_restarts_and_comes_back_as_it_was(
    bench: SecurityBench,
) -> None:
    await begun(bench)
    await bench.upgrades.step()
    await bench.enters(SecurityProfile.BASIC)
    await bench.upgrades.step()
    assert (await last(bench)).state is State.RETURNING, "it has not restarted yet"

    later(bench, timedelta(minutes=5))
    await bench.lobby.boot(reason="RemoteReset")
    await bench.enters(SecurityProfile.BASIC)
    await bench.upgrades.step()

    ended = await last(bench)
    assert ended.state is State.FELL_BACK
    assert bench.station.order == "1"
    assert bench.identities.demanded(STATION) is SecurityProfile.BASIC
    assert await incidents(bench) == ["security.upgrade"]


@postgres
async def test_a_station_that_boots_before_its_coming_is_written_down_has_arrived(
    bench: SecurityBench,
) -> None:
    await begun(bench)
    await bench.upgrades.step()

    later(bench, timedelta(minutes=5))
    bench.identities.entered(STATION, SecurityProfile.TLS, ())
    await bench.lobby.boot(reason="RemoteReset")
    await bench.upgrades.step()

    assert (await last(bench)).state is State.DONE
    assert bench.station.order == "2,1"


@postgres
async def test_a_station_that_is_lost_is_told_of_and_waited_for(
    bench: SecurityBench,
) -> None:
    await begun(bench)
    await bench.upgrades.step()
    bench.sockets.here = False

    later(bench, timedelta(hours=13))
    await bench.upgrades.step()
    await bench.upgrades.step()
    assert (await last(bench)).state is State.RETURNING
    assert await incidents(bench) == ["security.upgrade"], "once"

    bench.sockets.here = True
    await bench.enters(SecurityProfile.TLS)
    assert (await last(bench)).state is State.DONE


@postgres
@pytest.mark.parametrize(
    ("step", "ends", "order"),
    [
        ("slot", State.REFUSED, "1"),
        ("order 2,1", State.FELL_BACK, "1"),
        ("reset", State.FELL_BACK, "1"),
    ],
)
@pytest.mark.parametrize("how", ["Rejected", RefusedByStation(STATION, "Any")])
async def test_a_step_that_is_refused_leaves_everything_as_it_was(
    bench: SecurityBench,
    step: str,
    ends: UpgradeState,
    order: str,
    how: str | Exception,
) -> None:
    bench.station.says[step] = how
    await begun(bench)

    await bench.upgrades.step()

    ended = await last(bench)
    assert ended.state is ends
    assert ended.reason
    assert bench.station.order == order
    assert bench.identities.demanded(STATION) is SecurityProfile.BASIC


@postgres
async def test_a_root_that_is_refused_is_judged_by_the_station_itself(
    bench: SecurityBench,
) -> None:
    bench.station.says["root"] = "Rejected"
    await begun(bench)
    await bench.upgrades.step()
    assert (await last(bench)).state is State.RETURNING


@postgres
@pytest.mark.parametrize("step", ["root", "slot", "order 2,1", "reset"])
async def test_a_station_that_is_lost_at_a_step_is_asked_again(
    bench: SecurityBench, step: str
) -> None:
    bench.station.says[step] = silence()
    await begun(bench)
    await bench.upgrades.step()
    assert (await last(bench)).state not in {State.RETURNING, State.REFUSED}

    del bench.station.says[step]
    await bench.upgrades.step()
    assert (await last(bench)).state is State.RETURNING


@postgres
@pytest.mark.parametrize("step", ["slot", "order 2,1", "reset"])
async def test_a_station_that_is_lost_for_good_at_a_step_is_given_up(
    bench: SecurityBench, step: str
) -> None:
    bench.station.says[step] = silence()
    await begun(bench)
    await bench.upgrades.step()
    later(bench, timedelta(hours=2))
    await bench.upgrades.step()
    await bench.upgrades.step()

    assert (await last(bench)).state in {State.REFUSED, State.FELL_BACK}
    assert bench.station.order == "1"


@postgres
@pytest.mark.parametrize("step", ["slot", "order 2,1", "reset"])
async def test_a_crash_at_a_step_repeats_it(
    bench: SecurityBench, step: str, tmp_path: Path
) -> None:
    await begun(bench)
    kill_at(bench, step)
    with pytest.raises(Killed):
        await bench.upgrades.step()

    again = bench_of(bench.lobby, tmp_path)
    again.station.order = bench.station.order
    await again.upgrades.step()
    await again.enters(SecurityProfile.TLS)

    assert (await last(again)).state is State.DONE
    assert all(slot == 2 for slot, _ in again.station.profiles)


class TestPasswordsOfSlots:
    """A station of 2.1 has a password in each of its slots."""

    pytestmark = postgres

    @pytest.fixture
    async def bench(self, bench: SecurityBench) -> SecurityBench:
        key = VariableKey("NetworkConfiguration", "BasicAuthPassword", "2")
        bench.lobby.model.known[key] = Variable(key, mutability="WriteOnly")
        await bench.lobby.arrive()
        await bench.lobby.boot(replace(MAKE, firmware="another"))
        await bench.lobby.settle()
        return bench

    async def comes(self, bench: SecurityBench, password: str) -> bool:
        """Have the station knock; a new process knows what the database knows."""
        keeper = bench.lobby.doorkeeper
        await keeper.load()
        said = await keeper.admit(STATION, password, "127.0.0.1")
        return said is Admission.ADMITTED

    async def test_the_new_one_has_a_new_password_and_both_open_the_door(
        self, bench: SecurityBench
    ) -> None:
        bench.station.says["slot"] = silence()
        await begun(bench)
        await bench.upgrades.step()
        del bench.station.says["slot"]
        await bench.upgrades.step()

        (_, first), (_, again) = bench.station.profiles
        new = first["basicAuthPassword"]
        assert again == first, "the same at every try"
        assert 16 <= len(new) <= 40
        assert [new in each for each in await kept_anywhere(bench)] == [False, False]
        assert await self.comes(bench, PASSWORD), "by the old way"
        assert await self.comes(bench, new)
        assert not await self.comes(bench, PASSWORD), "it came in with the new one"

    async def test_a_station_that_falls_back_still_has_its_old_one(
        self, bench: SecurityBench
    ) -> None:
        bench.station.says["order 2,1"] = "Rejected"
        await begun(bench)
        await bench.upgrades.step()

        assert (await last(bench)).state is State.FELL_BACK
        assert await self.comes(bench, PASSWORD)

    @pytest.mark.parametrize("step", ["slot", "order 2,1", "reset"])
    async def test_a_crash_locks_no_slot_out(
        self, bench: SecurityBench, step: str, tmp_path: Path
    ) -> None:
        await begun(bench)
        kill_at(bench, step)
        with pytest.raises(Killed):
            await bench.upgrades.step()

        again = bench_of(bench.lobby, tmp_path)
        again.station.order = bench.station.order
        await again.upgrades.step()

        assert await self.comes(again, PASSWORD), "by the old way"
        newest = (again.station.profiles or bench.station.profiles)[-1][1]
        assert await self.comes(again, newest["basicAuthPassword"])

    async def test_one_that_never_ends_is_no_end_of_the_worker(
        self, bench: SecurityBench
    ) -> None:
        for _ in range(MOST_OPEN):
            bench.station.says["slot"] = "Rejected"
            await begun(bench)
            await bench.upgrades.step()

        await begun(bench)
        await bench.upgrades.step()

        ended = await last(bench)
        assert ended.state is State.REFUSED
        assert "password" in ended.reason


async def kept_anywhere(bench: SecurityBench) -> list[str]:
    profiles = await bench.column("SELECT document FROM network_profile")
    return ["".join(profiles), "".join(await bench.column("SELECT detail FROM audit"))]


@postgres
async def test_the_way_back_after_the_station_came_in_changes_nothing(
    bench: SecurityBench,
) -> None:
    usual = bench.station.reset

    async def quick(*_: object, immediate: bool) -> object:
        await bench.enters(SecurityProfile.TLS)
        return await usual(STATION, immediate=immediate)

    bench.station.reset = quick  # type: ignore[method-assign,assignment]
    await begun(bench)
    await bench.upgrades.step()
    await bench.upgrades.step()

    assert (await last(bench)).state is State.DONE
    assert bench.station.order == "2,1"


@postgres
async def test_profile_3_waits_for_the_stations_certificate(
    bench: SecurityBench,
) -> None:
    await bench.upgrades.begin(STATION, SecurityProfile.MUTUAL, "ann")
    await bench.upgrades.step()
    await bench.upgrades.step()

    assert bench.station.asked == ["root", "SignChargingStationCertificate"]
    assert (await last(bench)).state is State.CERTIFICATE
    later(bench, timedelta(hours=2))
    await bench.upgrades.step()
    assert (await last(bench)).state is State.REFUSED


@postgres
@proves("A05.FR.07")
async def test_the_whole_way_from_1_over_2_to_3_and_never_back(
    bench: SecurityBench,
) -> None:
    await begun(bench)
    await bench.upgrades.step()
    await bench.enters(SecurityProfile.TLS)
    bench.station.order = "2,1"
    bench.station.asked.clear()

    await bench.upgrades.begin(STATION, SecurityProfile.MUTUAL, "ann")
    await bench.upgrades.step()
    assert bench.station.asked == ["root", "SignChargingStationCertificate"]
    assert (await bench.signing.requested(STATION, a_csr(STATION), None, 1)).accepted
    while await bench.signing.step():
        pass
    await bench.upgrades.step()

    assert bench.station.asked[2:] == [
        "certificate",
        "slot",
        "order 3,2,1",
        "order",
        "reset",
    ]
    assert bench.station.profiles[-1][1]["securityProfile"] == 3
    assert bench.identities.demanded(STATION) is SecurityProfile.TLS, "until it is in"
    await bench.enters(SecurityProfile.MUTUAL)

    assert [each.state for each in await bench.upgrades.history(STATION)] == [
        State.DONE,
        State.DONE,
    ]
    assert bench.identities.demanded(STATION) is SecurityProfile.MUTUAL
    for lower in (SecurityProfile.TLS, SecurityProfile.MUTUAL):
        with pytest.raises(NotHigher):
            await bench.upgrades.begin(STATION, lower, "ann")


@postgres
async def test_only_one_is_under_way_and_only_upwards(bench: SecurityBench) -> None:
    await begun(bench)
    with pytest.raises(UpgradeUnderWay):
        await begun(bench)
    await bench.upgrades.step()
    await bench.enters(SecurityProfile.TLS)
    with pytest.raises(NotHigher):
        await begun(bench)


@postgres
async def test_it_can_be_ended_and_the_order_is_taken_back(
    bench: SecurityBench,
) -> None:
    await begun(bench)
    await bench.upgrades.step()
    assert bench.station.order == "2,1"

    await bench.upgrades.cancel(STATION, "bob")
    await bench.upgrades.step()

    assert (await last(bench)).state is State.FELL_BACK
    assert bench.station.order == "1"


@pytest.mark.parametrize(
    ("former", "allowed", "slot"),
    [("1", None, 2), ("", None, 1), ("0,1", "0,1,2", 2), ("0,1", "0,1", None)],
)
def test_a_free_slot_is_one_that_the_station_has_and_does_not_use(
    former: str, allowed: str | None, slot: int | None
) -> None:
    characteristics = None if allowed is None else {"valuesList": allowed}
    variable = Variable(PRIORITY, value=former, characteristics=characteristics)
    assert free_slot(former, [variable]) == slot


def later(bench: SecurityBench, by: timedelta) -> None:
    bench.lobby.clock.jump_to(bench.lobby.clock.now() + by)


async def incidents(bench: SecurityBench) -> list[str]:
    return await bench.column("SELECT kind FROM incident ORDER BY id")
