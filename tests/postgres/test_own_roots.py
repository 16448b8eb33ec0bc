"""Our own roots reach every station by themselves, and follow each other."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from csms.bootstrap.certificates import CertificateParts
from csms.domain.certificate import RootUse
from csms.domain.ids import StationId
from csms.domain.signing import CertificateUse
from csms.domain.station import EDITION_21, Presence, Standing
from csms.ocpp.link import Refused, Unanswered
from csms.pki.reading import facts_of
from csms.services.own_roots import AGAIN, OwnRoots
from csms.services.ports.certificate_store import IntentStage, RotationStage
from csms.services.ports.pki import AuthorityShown
from tests.authorities import Party, issue
from tests.certificate_world import CertificateKeeper
from tests.http.nodes import HOME_1, HOME_2, PLANT, Stage, a_node

pytestmark = pytest.mark.postgres
EC_1, EC_2, RSA_1 = issue("ec Root 1"), issue("ec Root 2"), issue("rsa Root 1")
FLEET = (HOME_1.station, HOME_2.station, PLANT.station)
CSMS = RootUse.CSMS


class Street:
    """Three stations without a root, and an authority that has made some."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.made: list[AuthorityShown] = []
        self.keepers = {
            each: CertificateKeeper(known=[EC_1, EC_2, RSA_1]) for each in FLEET
        }
        for station, keeper in self.keepers.items():
            stage.links[station] = keeper.link(station)
        object.__setattr__(self.own, "made", lambda: tuple(self.made))

    @property
    def parts(self) -> CertificateParts:
        return self.stage.inside.certificates

    @property
    def own(self) -> OwnRoots:
        return self.parts.own

    def make(self, party: Party, hierarchy: str = "ec") -> None:
        generation = 1 + sum(each.hierarchy == hierarchy for each in self.made)
        facts = facts_of(party.certificate)
        use = CertificateUse.ROOT
        self.made.append(AuthorityShown(hierarchy, use, generation, facts, party.pem))

    def pass_time(self, by: timedelta) -> None:
        self.stage.clock.jump_to(self.stage.clock.now() + by)

    async def work(self) -> None:
        """Let the workers step until nothing is left to do at once."""
        for _ in range(3):
            self.pass_time(timedelta(minutes=1))
            await self.own.step()
            await self.parts.runner.step()

    async def come_back(self, *stations: StationId) -> None:
        self.pass_time(timedelta(seconds=1))
        now = self.stage.clock.now()
        async with self.stage.node.begin() as work:
            await work.stations.save_presence(
                [Presence(each, now, EDITION_21, "127.0.0.1") for each in stations]
            )

    def holds(self, station: StationId) -> list[Party]:
        return [party for _, party in self.keepers[station].held]

    def sent(self, action: str, station: StationId) -> int:
        asked = self.stage.links[station].asked
        return sum(name == action for name, _, _ in asked)

    async def intents(self, station: StationId) -> dict[str, IntentStage]:
        async with self.stage.node.begin() as work:
            found = await work.certificates.intents(station)
        return {each.fingerprint: each.stage for each in found if each.present}


@pytest.fixture
async def street(database: str) -> AsyncIterator[Street]:
    async with a_node(database) as stage:
        await stage.populate()
        yield Street(stage)


async def test_a_newcomer_installs_none_of_our_roots_by_hand(street: Street) -> None:
    street.make(EC_1)
    street.make(RSA_1, "rsa")

    await street.work()

    trusted = {(each.use, each.fingerprint) for each in street.parts.trust.roots}
    assert trusted == {(CSMS, EC_1.fingerprint), (CSMS, RSA_1.fingerprint)}
    for each in FLEET:
        assert street.holds(each) == [EC_1, RSA_1]
        verified = dict.fromkeys(
            (EC_1.fingerprint, RSA_1.fingerprint), IntentStage.VERIFIED
        )
        assert await street.intents(each) == verified
        assert street.sent("InstallCertificate", each) == 2, "once each"


async def test_one_that_holds_it_is_asked_and_given_nothing(street: Street) -> None:
    street.make(EC_1)
    street.keepers[FLEET[0]].held.append((CSMS, EC_1))

    await street.work()

    assert street.sent("InstallCertificate", FLEET[0]) == 0
    assert await street.intents(FLEET[0]) == {EC_1.fingerprint: IntentStage.VERIFIED}


async def test_nobody_is_told_anything_under_certificates_of_others(
    street: Street,
) -> None:
    await street.work()

    assert street.parts.trust.roots == ()
    assert all(street.stage.links[each].asked == [] for each in FLEET)


async def test_who_is_away_pending_or_does_not_want_it_is_left_alone(
    street: Street,
) -> None:
    away, pending, refusing = FLEET
    book = street.stage.node.book
    book.set_online(away, online=False)
    async with street.stage.node.begin() as work:
        await work.stations.set_standing(pending, Standing.PENDING)
        known = await work.stations.find(pending)
    assert known is not None
    book.put_station(known)
    street.keepers[refusing].refuses["InstallCertificate"] = {"status": "Rejected"}
    street.make(EC_1)

    await street.work()

    assert street.stage.links[away].asked == []
    assert street.stage.links[pending].asked == []
    assert street.sent("InstallCertificate", refusing) == 1, "not over and over"
    assert await street.intents(refusing) == {EC_1.fingerprint: IntentStage.REJECTED}

    street.own._next.clear()  # noqa: SLF001 - as after a restart
    street.pass_time(AGAIN / 2)
    await street.work()
    assert street.sent("InstallCertificate", refusing) == 1, "nor after a restart"

    street.keepers[refusing].refuses.clear()
    street.pass_time(AGAIN)
    await street.work()
    assert street.holds(refusing) == [EC_1]


@pytest.mark.parametrize("how", [Unanswered(), Refused("NotImplemented", "", {})])
async def test_a_station_that_cannot_say_what_it_holds(
    street: Street, how: Exception
) -> None:
    here = FLEET[0]
    street.keepers[here].refuses["GetInstalledCertificateIds"] = how
    street.make(EC_1)

    await street.work()

    silent = isinstance(how, Unanswered)
    assert street.sent("InstallCertificate", here) == (0 if silent else 1)
    assert street.holds(here) == ([] if silent else [EC_1])
    assert street.holds(FLEET[1]) == [EC_1], "others do not wait for it"


@pytest.mark.parametrize("refused", [False, True])
async def test_what_an_operator_deleted_is_not_given_again(
    street: Street, *, refused: bool
) -> None:
    street.make(EC_1)
    street.make(RSA_1, "rsa")
    await street.work()
    overview = await street.parts.stations.overview(FLEET[0])
    [gone] = [
        each.installed.key
        for each in overview.held
        if each.root and each.root.fingerprint == RSA_1.fingerprint
    ]
    if refused:
        street.keepers[FLEET[0]].refuses["DeleteCertificate"] = {"status": "Failed"}
    await street.parts.stations.delete(FLEET[0], gone, "ann")

    street.pass_time(2 * AGAIN)
    await street.work()

    assert street.holds(FLEET[0]) == [EC_1, RSA_1] if refused else [EC_1]
    assert set(await street.intents(FLEET[0])) == {EC_1.fingerprint}


async def test_an_upgrade_gives_the_root_by_the_same_way(street: Street) -> None:
    street.make(EC_1)

    outcomes = await street.own.give(FLEET[0], "ann")

    assert [each.done for each in outcomes] == [True]
    assert street.holds(FLEET[0]) == [EC_1]
    assert await street.intents(FLEET[0]) == {EC_1.fingerprint: IntentStage.VERIFIED}
    assert street.holds(FLEET[1]) == []


async def test_under_others_certificates_an_upgrade_gives_the_root_that_is_trusted(
    street: Street,
) -> None:
    class Serving:
        def serving(self) -> frozenset[str] | None:
            return frozenset({EC_2.fingerprint})

    object.__setattr__(street.parts.stations.rules, "serving", Serving())
    for each in (EC_1, EC_2):
        await street.parts.trust.add(CSMS, each.pem, "ann")

    await street.own.give(FLEET[0], "ann")

    assert street.holds(FLEET[0]) == [EC_2]


class TestTheNextRoot:
    async def test_it_goes_everywhere_and_only_then_the_former_one_goes(
        self, street: Street
    ) -> None:
        late = FLEET[2]
        street.make(EC_1)
        await street.work()
        street.stage.node.book.set_online(late, online=False)

        street.make(EC_2)
        await street.work()

        assert [street.holds(each) for each in FLEET] == [
            [EC_1, EC_2],
            [EC_1, EC_2],
            [EC_1],
        ]
        await street.come_back(*FLEET[:2])
        await street.work()
        assert street.holds(FLEET[0]) == [EC_1, EC_2], "one has not got it yet"

        street.stage.node.book.set_online(late, online=True)
        street.pass_time(timedelta(hours=1))
        await street.work()
        await street.come_back(*FLEET)
        street.pass_time(timedelta(hours=1))
        await street.work()

        assert [street.holds(each) for each in FLEET] == [[EC_2]] * 3
        [rotation] = await street.parts.rotations.list()
        assert (rotation.stage, rotation.by) == (RotationStage.DONE, "system")
        roots = {
            each.fingerprint: each.replaced_by for each in street.parts.trust.roots
        }
        assert roots == {EC_1.fingerprint: EC_2.fingerprint, EC_2.fingerprint: None}

    async def test_a_change_that_was_ended_is_not_begun_again(
        self, street: Street
    ) -> None:
        street.keepers[FLEET[0]].refuses["InstallCertificate"] = {"status": "Rejected"}
        street.keepers[FLEET[0]].held.append((CSMS, EC_1))
        street.make(EC_1)
        await street.work()
        street.make(EC_2)
        await street.work()
        [rotation] = await street.parts.rotations.list()
        assert rotation.stage is RotationStage.INSTALLING

        await street.parts.rotations.cancel(rotation.id, "ann")
        await street.work()

        assert len(await street.parts.rotations.list()) == 1
        assert street.holds(FLEET[0]) == [EC_1]
        assert street.holds(FLEET[1]) == [EC_1, EC_2], "nothing was deleted"

    async def test_without_holders_it_takes_the_place_at_once(
        self, street: Street
    ) -> None:
        for each in FLEET:
            street.stage.node.book.set_online(each, online=False)
        street.make(EC_1)
        await street.work()
        street.make(EC_2)

        await street.work()

        assert await street.parts.rotations.list() == []
        roots = {
            each.fingerprint: each.replaced_by for each in street.parts.trust.roots
        }
        assert roots == {EC_1.fingerprint: EC_2.fingerprint, EC_2.fingerprint: None}
