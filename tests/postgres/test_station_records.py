"""What is written down of stations: presence, passwords, the journal, the store."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from csms.domain.ids import SiteId, StationId
from csms.domain.station import (
    EDITION_21,
    EDITION_201,
    DeviationCount,
    Make,
    Presence,
    RejectedHandshake,
    Standing,
    StationNotice,
    Variable,
    VariableKey,
)
from csms.services.doorkeeping import Admission, Doorkeeper
from csms.services.ports.wire import DeviationSeen
from tests.station_world import (
    EVSE,
    PASSWORD,
    STATION,
    Lobby,
    a_registry,
    lobby_on,
    reopened,
)

pytestmark = pytest.mark.postgres

HOUR = timedelta(hours=1)


@pytest.fixture
async def lobby(database: str) -> AsyncIterator[Lobby]:
    async with lobby_on(database) as lobby:
        yield lobby


class TestPresence:
    async def test_who_is_here_is_known_at_once_and_written_down(
        self, lobby: Lobby
    ) -> None:
        await lobby.arrive()
        assert lobby.book.is_online(STATION)
        assert lobby.live.get(EVSE).connected
        await lobby.journal.flush()
        async with lobby.begin() as work:
            came = await work.stations.find(STATION)

        lobby.reception.disconnected(STATION, "closed")
        assert not lobby.book.is_online(STATION)
        await lobby.journal.flush()
        async with lobby.begin() as work:
            went = await work.stations.find(STATION)
            facts = [each.kind for each in await work.facts.after(0, 100)]

        assert came is not None
        assert came.connected
        assert came.remote == "127.0.0.1"
        assert went is not None
        assert not went.connected
        assert went.edition == EDITION_21
        assert went.disconnected_at == lobby.clock.now()
        assert facts[-2:] == ["station.connected", "station.disconnected"]

    async def test_a_new_process_starts_with_nobody_here(self, lobby: Lobby) -> None:
        await lobby.arrive()
        await lobby.journal.flush()

        await lobby.reception.start()

        async with lobby.begin() as work:
            known = await work.stations.find(STATION)
        assert known is not None
        assert not known.connected

    async def test_an_edition_can_be_pinned(self, lobby: Lobby) -> None:
        await lobby.reception.pin_edition(STATION, EDITION_201, "op")

        known = (await reopened(lobby)).station(STATION)
        assert known is not None
        assert known.edition_pin == EDITION_201


class TestDoorkeeping:
    async def test_the_right_password_opens(self, lobby: Lobby) -> None:
        admit = lobby.doorkeeper.admit

        assert await admit(STATION, PASSWORD, "a") is Admission.ADMITTED
        assert await admit(STATION, PASSWORD[:-1], "a") is Admission.WRONG_PASSWORD
        assert await admit(STATION, None, "a") is Admission.WRONG_PASSWORD
        stranger = await admit(StationId("x"), PASSWORD, "a")
        assert stranger is Admission.UNKNOWN_STATION

    async def test_a_password_that_was_right_is_not_hashed_again(
        self, lobby: Lobby, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await lobby.doorkeeper.admit(STATION, PASSWORD, "a")
        monkeypatch.setattr(lobby.passwords, "verify", None)

        again = await lobby.doorkeeper.admit(STATION, PASSWORD, "b")

        assert again is Admission.ADMITTED

    async def test_a_changed_password_shuts_the_old_one_out(self, lobby: Lobby) -> None:
        await lobby.doorkeeper.admit(STATION, PASSWORD, "a")
        document = a_registry()
        document["stations"][0]["password"] = "fedcba9876543210"

        await lobby.registry.import_registry(document, "op")

        admit = lobby.doorkeeper.admit
        assert await admit(STATION, PASSWORD, "a") is Admission.WRONG_PASSWORD
        assert await admit(STATION, "fedcba9876543210", "a") is Admission.ADMITTED

    async def test_a_new_process_knows_the_passwords(self, lobby: Lobby) -> None:
        doorkeeper = Doorkeeper(lobby.begin, lobby.passwords)
        await doorkeeper.load()

        assert await doorkeeper.admit(STATION, PASSWORD, "a") is Admission.ADMITTED

    async def test_a_hash_that_cannot_be_read_opens_nothing(self, lobby: Lobby) -> None:
        lobby.doorkeeper.learn({STATION: "rubbish"})

        refused = await lobby.doorkeeper.admit(STATION, PASSWORD, "a")

        assert refused is Admission.WRONG_PASSWORD


class TestJournal:
    async def test_deviations_add_up(self, lobby: Lobby) -> None:
        seen = [DeviationSeen("null", "Authorize.x", "first")]
        lobby.journal.count(STATION, seen * 2, lobby.clock.now())
        await lobby.journal.flush()
        lobby.clock.jump_to(lobby.clock.now() + HOUR)
        seen = [DeviationSeen("null", "Authorize.x", "last\0 \ud800")]
        lobby.journal.count(STATION, seen, lobby.clock.now())
        await lobby.journal.flush()

        async with lobby.begin() as work:
            (found,) = await work.stations.deviations(STATION)

        now = lobby.clock.now()
        assert found == DeviationCount(
            STATION, "null", "Authorize.x", 3, now - HOUR, now, "last ?"
        )

    async def test_refused_handshakes_are_listed_the_latest_first(
        self, lobby: Lobby
    ) -> None:
        for status in (401, 404):
            lobby.journal.record("any/one", "192.0.2.1", status, "because")
        await lobby.journal.flush()

        async with lobby.begin() as work:
            listed = await work.stations.rejections()
            older = await work.stations.rejections(before=listed[0][0])

        assert [each.status for _, each in listed] == [404, 401]
        assert [each.status for _, each in older] == [401]
        assert listed[0][1] == RejectedHandshake(
            lobby.clock.now(), "any/one", "192.0.2.1", 404, "because"
        )

    async def test_nothing_to_write_is_written_in_no_time(self, lobby: Lobby) -> None:
        async with lobby.begin() as work:
            await work.stations.save_boots([])
            await work.stations.save_presence([])
            await work.stations.seen({})
            await work.stations.add_deviations([])
            await work.stations.add_notices([])
            await work.stations.add_rejections([])

            assert await work.stations.rejections() == []

    async def test_old_refusals_are_forgotten(self, lobby: Lobby) -> None:
        now = lobby.clock.now()
        refused = [
            RejectedHandshake(now - HOUR * age, "x", "y", 404, str(age))
            for age in (9, 3, 2, 1)
        ]
        async with lobby.begin() as work:
            await work.stations.add_rejections(refused)
            await work.stations.forget_rejections(now - HOUR * 5, most=100)
            by_age = await work.stations.rejections()
            await work.stations.forget_rejections(now - HOUR * 5, most=1)
            by_number = await work.stations.rejections()

        assert [each.reason for _, each in by_age] == ["1", "2", "3"]
        assert [each.reason for _, each in by_number] == ["1"]

    async def test_notices_of_a_station_are_listed_the_latest_first(
        self, lobby: Lobby
    ) -> None:
        now = lobby.clock.now()
        notices = [
            StationNotice(STATION, now, now, kind, 5, {"of": [kind, "\0"]})
            for kind in ("a", "b")
        ]
        for each in notices:
            lobby.journal.note(each)
        await lobby.journal.flush()

        async with lobby.begin() as work:
            listed = await work.stations.notices(STATION)
            older = await work.stations.notices(STATION, before=listed[0][0])

        assert [each.kind for _, each in listed] == ["b", "a"]
        assert [each.kind for _, each in older] == ["a"]
        assert listed[0][1].body == {"of": ["b", ""]}

    async def test_a_station_that_speaks_was_seen(self, lobby: Lobby) -> None:
        lobby.journal.heard(STATION)
        await lobby.journal.flush()
        async with lobby.begin() as work:
            await work.stations.seen({STATION: lobby.clock.now() - HOUR})
            known = await work.stations.find(STATION)

        assert known is not None
        assert known.last_seen_at == lobby.clock.now()

    async def test_what_cannot_be_written_keeps_back_its_own_kind_only(
        self, lobby: Lobby
    ) -> None:
        now = lobby.clock.now()
        nobody = StationId("nobody")
        lobby.journal.note(StationNotice(nobody, now, now, "x", 5, {}))
        lobby.journal.record("x", "y", 404, "z")

        with pytest.raises(ExceptionGroup):
            await lobby.journal.flush()

        async with lobby.begin() as work:
            assert len(await work.stations.rejections()) == 1
        lobby.journal.came(STATION, EDITION_21, "here")
        with pytest.raises(ExceptionGroup):
            await lobby.journal.flush()
        async with lobby.begin() as work:
            known = await work.stations.find(STATION)
        assert known is not None
        assert known.connected

    async def test_it_writes_by_itself_and_once_more_at_the_end(
        self, lobby: Lobby
    ) -> None:
        running = asyncio.create_task(lobby.journal.run())
        await asyncio.sleep(0)
        lobby.journal.record("x", "y", 404, "z")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

        async with lobby.begin() as work:
            assert len(await work.stations.rejections()) == 1


class TestStore:
    async def test_a_station_that_moves_keeps_what_is_known_of_it(
        self, lobby: Lobby
    ) -> None:
        await lobby.arrive()
        await lobby.boot()
        await lobby.settle()

        async with lobby.begin() as work:
            await work.stations.enlist(STATION, SiteId("home-01"), "other")
            known = await work.stations.find(STATION)
            hashes = await work.stations.password_hashes()

        assert known is not None
        assert known.standing is Standing.ACCEPTED
        assert hashes == {STATION: "other"}

    async def test_a_variable_keeps_what_a_later_report_leaves_out(
        self, lobby: Lobby
    ) -> None:
        key = VariableKey("C", "V", "ci", "vi", 1, 2)
        first = Variable(key, "Actual", "1", "ReadWrite", {"maxLimit": 9})
        async with lobby.begin() as work:
            await work.models.merge(STATION, [first], lobby.clock.now())
            await work.models.merge(
                STATION, [Variable(key, value="2")], lobby.clock.now()
            )
            kept = await work.models.variables(STATION)
            await work.models.replace(STATION, [], lobby.clock.now())
            left = await work.models.variables(STATION)

        assert [each._replace(since=None) for each in kept] == [
            first._replace(value="2")
        ]
        assert left == []

    async def test_coming_and_going_in_one_breath_ends_where_it_ended(
        self, lobby: Lobby
    ) -> None:
        now = lobby.clock.now()
        came = Presence(STATION, now, EDITION_21, "new")
        went = Presence(STATION, now, reason="gone")
        async with lobby.begin() as work:
            await work.stations.save_presence([went, came])
            here = await work.stations.find(STATION)
            await work.stations.save_presence([came, went])
            gone = await work.stations.find(STATION)

        assert here is not None
        assert here.connected
        assert gone is not None
        assert not gone.connected
        assert gone.remote == "new"

    async def test_what_a_station_says_of_itself_is_kept_without_nul(
        self, lobby: Lobby
    ) -> None:
        make = Make("Ex\0ample", "m", "", "")
        async with lobby.begin() as work:
            await work.stations.save_boots([lobby.a_boot(make)])
            known = await work.stations.find(STATION)

        assert known is not None
        assert known.make == Make("Example", "m")
