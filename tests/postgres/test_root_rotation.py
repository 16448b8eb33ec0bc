"""Roots changed over a fleet: nobody is lost on the way."""

from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta

import pytest

from csms.bootstrap.certificates import CertificateParts
from csms.domain.certificate import RootUse
from csms.domain.ids import StationId
from csms.domain.station import EDITION_21, Presence
from csms.ocpp.link import Unanswered
from csms.services.certificate_drift import ASKED_EVERY, DRIFTED
from csms.services.certificate_rules import LastRoot
from csms.services.ports.certificate_store import MemberStage, Rotation, RotationStage
from csms.services.reception import UnknownStation
from csms.services.root_expiry import EXPIRED, EXPIRING
from csms.services.root_rotating import FAILED, MOST_ATTEMPTS
from csms.services.root_rotation import (
    NotReady,
    NotServing,
    RotationUnderway,
    UnknownRotation,
    WrongStage,
)
from csms.services.roots import RootInUse, UnfitRoot, UnknownRoot
from tests.authorities import NOW, Party, Wish, issue
from tests.certificate_world import CertificateKeeper
from tests.http.nodes import HOME_1, HOME_2, PLANT, Stage, a_node

pytestmark = pytest.mark.postgres
OLD, NEW = issue("CSMS Root 1"), issue("CSMS Root 2")
FLEET = (HOME_1.station, HOME_2.station, PLANT.station)
CSMS = RootUse.CSMS


class Town:
    """Three stations that hold the old root, and hands that move time."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.keepers = {
            each: CertificateKeeper([(CSMS, OLD)], known=[OLD, NEW]) for each in FLEET
        }
        for station, keeper in self.keepers.items():
            stage.links[station] = keeper.link(station)

    @property
    def parts(self) -> CertificateParts:
        return self.stage.inside.certificates

    async def trust(self, *parties: Party) -> None:
        for each in parties:
            await self.parts.trust.add(CSMS, each.pem, "test")

    async def start(self, *stations: StationId) -> int:
        rotation = await self.parts.rotations.start(
            CSMS, OLD.fingerprint, NEW.fingerprint, "test", stations or None
        )
        return rotation.id

    async def work(self, *, minutes: float = 0) -> Rotation:
        """Let time pass and the worker step."""
        now = self.stage.clock.now() + timedelta(minutes=minutes)
        self.stage.clock.jump_to(now)
        await self.parts.runner.step()
        return (await self.parts.rotations.list())[0]

    async def try_often(self, times: int) -> Rotation:
        """Let the worker step so often, each time when it is due again."""
        for _ in range(times - 1):
            await self.work(minutes=60)
        return await self.work(minutes=60)

    async def come_back(self, *stations: StationId) -> None:
        now = self.stage.clock.now() + timedelta(seconds=1)
        self.stage.clock.jump_to(now)
        async with self.stage.node.begin() as work:
            await work.stations.save_presence(
                [Presence(each, now, EDITION_21, "127.0.0.1") for each in stations]
            )

    def holds(self, station: StationId) -> list[Party]:
        return [party for _, party in self.keepers[station].held]

    def sent(self, action: str) -> list[str]:
        return [
            str(station)
            for station in FLEET
            for name, _, _ in self.stage.links[station].asked
            if name == action
        ]


def stages(rotation: Rotation) -> list[str]:
    by_station = {each.station: each.stage.value for each in rotation.members}
    return [by_station[each] for each in FLEET if each in by_station]


@pytest.fixture
async def town(database: str) -> AsyncIterator[Town]:
    async with a_node(database) as stage:
        await stage.populate()
        town = Town(stage)
        await town.trust(OLD, NEW)
        yield town


async def test_a_root_is_changed_without_losing_anybody(town: Town) -> None:
    number = await town.start()

    ready = await town.work()

    assert (ready.stage, stages(ready)) == (RotationStage.READY, ["verified"] * 3)
    assert all(town.holds(each) == [OLD, NEW] for each in FLEET)
    assert town.sent("DeleteCertificate") == []

    await town.parts.rotations.switch(number, "test")
    waiting = await town.work(minutes=1)

    assert waiting.stage is RotationStage.SWITCHED
    assert town.sent("DeleteCertificate") == [], "nobody has come back yet"

    await town.come_back(HOME_1.station, HOME_2.station)
    partly = await town.work(minutes=2)

    assert stages(partly) == ["cleaned", "cleaned", "verified"]
    assert town.holds(HOME_1.station) == [NEW]
    assert town.holds(PLANT.station) == [OLD, NEW]

    await town.come_back(PLANT.station)
    done = await town.work(minutes=5)

    assert (done.stage, stages(done)) == (RotationStage.DONE, ["cleaned"] * 3)
    assert all(town.holds(each) == [NEW] for each in FLEET)
    roots = {each.fingerprint: each.replaced_by for each in town.parts.trust.roots}
    assert roots == {OLD.fingerprint: NEW.fingerprint, NEW.fingerprint: None}
    async with town.stage.node.begin() as work:
        found = await work.access.trail(before=None, limit=20)
    assert {"rotation.started", "rotation.switched"} <= {each.action for each in found}


async def test_the_switch_waits_for_everybody(town: Town) -> None:
    town.stage.node.book.set_online(PLANT.station, online=False)
    number = await town.start()
    installing = await town.work()

    assert installing.stage is RotationStage.INSTALLING
    with pytest.raises(NotReady):
        await town.parts.rotations.switch(number, "test")

    switched = await town.parts.rotations.switch(number, "test", [PLANT.station])

    assert stages(switched) == ["verified", "verified", "left_out"]
    await town.come_back(*FLEET)
    done = await town.work(minutes=1)
    assert done.stage is RotationStage.DONE
    assert town.holds(PLANT.station) == [OLD], "who is left out keeps the old root"


async def test_who_refuses_forgets_or_is_silent_holds_up_the_switch(
    town: Town,
) -> None:
    refusing, deaf, silent = (town.keepers[each] for each in FLEET)
    refusing.refuses["InstallCertificate"] = {"status": "Rejected"}
    deaf.deaf = True
    silent.refuses["GetInstalledCertificateIds"] = Unanswered()
    number = await town.start()

    first = await town.work()
    assert stages(first) == ["waiting"] * 3
    assert "does not show it" in first.members[1].detail

    rotation = await town.try_often(MOST_ATTEMPTS)
    assert (rotation.stage, stages(rotation)) == (
        RotationStage.INSTALLING,
        ["failed", "failed", "waiting"],
    )
    sent = town.sent("InstallCertificate")
    assert (sent.count(FLEET[0]), sent.count(FLEET[2])) == (MOST_ATTEMPTS, 0)
    async with town.stage.node.begin() as work:
        found = await work.certificates.open_incidents(FAILED)
    assert {(station, certificate) for _, station, certificate in found} == {
        (each, NEW.fingerprint) for each in FLEET[:2]
    }

    refusing.refuses.clear()
    silent.refuses.clear()
    deaf.deaf = False
    for each in FLEET[:2]:
        await town.parts.rotations.retry(number, each, "test")
    again = await town.work(minutes=24 * 60)
    assert (again.stage, stages(again)) == (RotationStage.READY, ["verified"] * 3)


async def test_a_station_keeps_the_old_root_unless_it_shows_the_new_one(
    town: Town,
) -> None:
    """One lost the new root, one took the old one away itself (M05.FR.13)."""
    lost, itself, refusing = (town.keepers[each] for each in FLEET)
    number = await town.start()
    await town.work()
    await town.parts.rotations.switch(number, "test")
    lost.held.remove((CSMS.value, NEW))
    itself.held.remove((CSMS.value, OLD))
    refusing.refuses["DeleteCertificate"] = {"status": "Failed"}
    await town.come_back(*FLEET)

    rotation = await town.try_often(MOST_ATTEMPTS)

    assert stages(rotation) == ["verified", "cleaned", "failed"]
    assert [town.holds(each) for each in FLEET] == [[OLD], [NEW], [OLD, NEW]]
    assert set(town.sent("DeleteCertificate")) == {FLEET[2]}
    overview = await town.parts.stations.overview(FLEET[0])
    last = overview.held[0].installed.key
    with pytest.raises(LastRoot):
        await town.parts.stations.delete(FLEET[0], last, "test")


async def test_a_cancelled_change_stops_at_once(town: Town) -> None:
    number = await town.start()
    await town.work()
    await town.parts.rotations.switch(number, "test")
    await town.parts.rotations.cancel(number, "test")
    await town.come_back(*FLEET)

    rotation = await town.work(minutes=10)

    assert rotation.stage is RotationStage.CANCELLED
    assert town.sent("DeleteCertificate") == []
    with pytest.raises(WrongStage):
        await town.parts.rotations.cancel(number, "test")


async def test_the_switch_is_refused_while_we_serve_the_old_root(town: Town) -> None:
    class Serving:
        roots = frozenset({OLD.fingerprint})

        def serving(self) -> frozenset[str] | None:
            return self.roots

    serving = Serving()
    object.__setattr__(town.parts.stations.rules, "serving", serving)
    number = await town.start()
    await town.work()

    with pytest.raises(NotServing):
        await town.parts.rotations.switch(number, "test")

    serving.roots = frozenset({NEW.fingerprint})
    switched = await town.parts.rotations.switch(number, "test")
    assert switched.stage is RotationStage.SWITCHED


async def test_what_makes_no_sense_is_refused(town: Town) -> None:
    rotations = town.parts.rotations
    short = issue("short", wish=Wish(until=NOW + timedelta(days=1)))
    await town.trust(short)
    old, new = OLD.fingerprint, NEW.fingerprint
    town.stage.clock.jump_to(NOW + timedelta(days=2))
    number = await town.start()

    cases: list[tuple[type[Exception], Awaitable[object]]] = [
        (UnknownRoot, rotations.start(CSMS, old, "00", "test")),
        (UnknownRoot, rotations.start(RootUse.MO, old, new, "test")),
        (UnfitRoot, rotations.start(CSMS, old, short.fingerprint, "test")),
        (WrongStage, rotations.start(CSMS, old, old, "test")),
        (UnknownStation, rotations.start(CSMS, old, new, "test", [StationId("X")])),
        (RotationUnderway, rotations.start(CSMS, old, new, "test")),
        (UnknownRotation, rotations.switch(number + 1, "test")),
        (UnknownRotation, rotations.retry(number, StationId("X"), "test")),
        (WrongStage, rotations.retry(number, HOME_1.station, "test")),
        (RootInUse, town.parts.trust.remove(CSMS, old, "test")),
    ]
    for kind, doing in cases:
        with pytest.raises(kind):
            await doing


async def test_a_change_goes_on_after_a_restart(town: Town, database: str) -> None:
    await town.start()
    async with a_node(database) as stage:
        await stage.inside.reception.start()
        again = Town(stage)
        await again.parts.trust.load()
        for each in FLEET:
            stage.node.book.set_online(each, online=True)

        ready = await again.work()

    assert (ready.stage, stages(ready)) == (RotationStage.READY, ["verified"] * 3)


class TestExpiry:
    async def incidents(self, town: Town, kind: str) -> set[tuple[str | None, str]]:
        async with town.stage.node.begin() as work:
            found = await work.certificates.open_incidents(kind)
        return {(station, certificate) for _, station, certificate in found}

    async def test_a_person_hears_of_it_in_time_and_once(self, town: Town) -> None:
        short = issue("short", wish=Wish(until=NOW + timedelta(days=70)))
        await town.trust(short)
        town.keepers[HOME_1.station].held.append((CSMS.value, short))
        await town.parts.stations.read(HOME_1.station)
        expiry = town.parts.expiry
        both = {(None, short.fingerprint), (HOME_1.station, short.fingerprint)}

        await expiry.step()
        assert await self.incidents(town, EXPIRING) == set()

        town.stage.clock.jump_to(NOW + timedelta(days=11))
        await expiry.step()
        await expiry.step()
        assert await self.incidents(town, EXPIRING) == both

        town.stage.clock.jump_to(NOW + timedelta(days=71))
        await expiry.step()
        assert await self.incidents(town, EXPIRING) == set()
        assert await self.incidents(town, EXPIRED) == both

        town.keepers[HOME_1.station].held.pop()
        await town.parts.stations.read(HOME_1.station)
        await town.parts.trust.remove(CSMS, short.fingerprint, "test")
        await expiry.step()
        assert await self.incidents(town, EXPIRED) == set()

    async def test_a_root_that_was_replaced_is_no_worry(self, town: Town) -> None:
        async with town.stage.node.begin() as work:
            await work.certificates.replace_root(CSMS, OLD.fingerprint, NEW.fingerprint)
        town.stage.clock.jump_to(OLD.certificate.not_valid_after_utc)

        await town.parts.expiry.step()

        assert await self.incidents(town, EXPIRING) == {(None, NEW.fingerprint)}


async def test_a_station_that_loses_what_it_should_hold_is_noticed(
    town: Town,
) -> None:
    watch, here = town.parts.drift, HOME_1.station

    async def drifted() -> list[tuple[str | None, str]]:
        await watch.step()
        async with town.stage.node.begin() as work:
            found = await work.certificates.open_incidents(DRIFTED)
        return [(station, certificate) for _, station, certificate in found]

    assert await drifted() == []
    assert town.sent("GetInstalledCertificateIds") == [], "nobody wants anything"

    await town.parts.stations.install(here, CSMS, NEW.fingerprint, "test")
    assert await drifted() == []
    asked = len(town.sent("GetInstalledCertificateIds"))
    town.keepers[here].held.remove((CSMS.value, NEW))
    assert await drifted() == []
    assert len(town.sent("GetInstalledCertificateIds")) == asked, "once a day is enough"

    town.stage.clock.jump_to(NOW + ASKED_EVERY)
    assert await drifted() == [(here, NEW.fingerprint)]
    assert await drifted() == [(here, NEW.fingerprint)]

    await town.parts.stations.install(here, CSMS, NEW.fingerprint, "test")
    assert await drifted() == []


def test_every_stage_of_a_station_is_stored() -> None:
    assert {each.value for each in MemberStage} == {
        "waiting",
        "verified",
        "cleaned",
        "failed",
        "left_out",
    }
