"""Tokens, lists and reservations on a real database: kept, restarted, killed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from csms.charging.authority import Authority
from csms.charging.capability import Capability, to_document
from csms.charging.local_list import applied
from csms.domain.errors import DomainError
from csms.domain.ids import SiteId, StationId, TransactionId
from csms.domain.local_list import ListEntry, ListState, ListUpdate
from csms.domain.reservation import Reservation, ReservationState
from csms.domain.station import EDITION_21
from csms.domain.token import IdToken, Place, TokenRecord, Verdict
from csms.services.asking import StationSilent
from csms.services.local_lists import LocalLists
from csms.services.ports.wire import NoAnswer, Reply, Silence
from csms.services.premises import Premises
from csms.services.reservations import GRACE, Reservations
from csms.services.reserving import NoRoom, Wish
from csms.services.tokens import TokenKnown, Tokens
from tests.station_world import MAKE, STATION, Lobby, lobby_on

pytestmark = pytest.mark.postgres
HOUR = timedelta(hours=1)
CARD = IdToken("04A1", "ISO14443")
YES = Reply(accepted=True, status="Accepted")


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Wire:
    """A station that keeps a list and reservations; it may be killed at any word.

    Attributes:
        dies_after: After how many words the process asking dies; none lives.
        silent: Whether answers get lost.
        meanwhile: What happens before a reservation is answered.
    """

    version_held: int = 0
    held: tuple[ListEntry, ...] = ()
    updates: list[ListUpdate] = field(default_factory=list)
    reserved: list[int] = field(default_factory=list)
    dies_after: int | None = None
    silent: bool = False
    versions_asked: int = 0
    meanwhile: Callable[[int], Awaitable[None]] | None = None

    async def version(self, station: StationId) -> int:
        del station
        self.versions_asked += 1
        return self.version_held

    async def send(self, station: StationId, version: int, update: ListUpdate) -> Reply:
        if not update.full and version <= self.version_held:
            return Reply(accepted=False, status="VersionMismatch")
        self.updates.append(update)
        self.version_held, self.held = version, applied(self.held, update)
        self._lose(station)
        return YES

    def size(self, version: int, update: ListUpdate) -> int:
        del version
        return len(update)

    async def clear_cache(self, station: StationId) -> Reply:
        del station
        return YES

    async def reserve(self, reservation: Reservation) -> Reply:
        self.reserved.append(reservation.id)
        if self.meanwhile is not None:
            await self.meanwhile(reservation.id)
        self._lose(reservation.station)
        return YES

    async def cancel(self, station: StationId, number: int) -> Reply:
        self._lose(station)
        known = number in self.reserved
        self.reserved = [each for each in self.reserved if each != number]
        return Reply(known, "Accepted" if known else "Rejected")

    def _lose(self, station: StationId) -> None:
        if self.silent:
            raise NoAnswer(station, Silence.UNANSWERED)
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after < 0:
                raise Killed


@dataclass
class Desk:
    """One process that decides who may charge."""

    tokens: Tokens
    lists: LocalLists
    reservations: Reservations


@pytest.fixture
async def lobby(database: str) -> AsyncIterator[Lobby]:
    async with lobby_on(database) as lobby:
        able = Capability(
            edition=EDITION_21,
            read=True,
            authority=Authority(
                lists=True, list_items=2, reserves=True, reserves_any=True
            ),
        )
        async with lobby.begin() as work:
            await work.stations.save_make(STATION, MAKE)
            await work.stations.save_provisioned(
                STATION,
                fingerprint=MAKE.fingerprint(EDITION_21),
                capabilities=to_document(able),
                shortcomings=(),
                at=lobby.clock.now(),
            )
            station = await work.stations.find(STATION)
        assert station is not None
        lobby.book.put_station(replace(station, edition=EDITION_21, connected=True))
        lobby.book.set_online(STATION, online=True)
        yield lobby


async def opened(lobby: Lobby, wire: Wire) -> Desk:
    """Return the services as a new process opens them."""
    premises = Premises(lobby.begin)
    tokens = Tokens(lobby.clock, lobby.begin, lobby.book, premises)
    lists = LocalLists(lobby.clock, lobby.begin, lobby.book, tokens, wire)
    reservations = Reservations(
        lobby.clock, lobby.begin, lobby.book, tokens, wire, lobby.journal
    )
    await tokens.load()
    await reservations.load()
    return Desk(tokens, lists, reservations)


async def add(desk: Desk, value: str, **rules: Any) -> TokenRecord:  # noqa: ANN401
    return await desk.tokens.add(
        TokenRecord(IdToken(value, "ISO14443"), **rules), by="test"
    )


class TestTokens:
    async def test_everything_said_of_a_token_outlives_a_restart(
        self, lobby: Lobby
    ) -> None:
        desk, now = await opened(lobby, Wire()), lobby.clock.now()
        kept = await add(
            desk,
            "04A1",
            label="Ann",
            group=IdToken("family", "Central"),
            blocked=True,
            valid_from=now,
            valid_until=now + HOUR,
            places=(
                Place(STATION, evses=frozenset({1, 2})),
                Place(site=SiteId("home-01")),
            ),
            connector_types=frozenset({"cCCS1"}),
            listed=False,
            discharge=False,
            priority=-3,
            languages=("en", "de"),
            message="Hello",
        )

        again = await opened(lobby, Wire())

        assert again.tokens.all() == [kept]
        assert again.tokens.find(kept.id) == kept

    async def test_a_token_is_known_once_whatever_its_case(self, lobby: Lobby) -> None:
        desk = await opened(lobby, Wire())
        await add(desk, "04a1")

        with pytest.raises(TokenKnown):
            await add(desk, "04A1")
        assert len(desk.tokens.all()) == 1

    async def test_a_change_by_another_process_is_seen(self, lobby: Lobby) -> None:
        here, there = await opened(lobby, Wire()), await opened(lobby, Wire())
        kept = await add(there, "04A1")
        await here.tokens.refresh()
        assert here.tokens.find(kept.id) == kept

        await there.tokens.change(replace(kept, blocked=True), by="test")
        await here.tokens.refresh()
        assert here.tokens.judge(STATION, CARD).verdict is Verdict.BLOCKED

        await here.tokens.remove(kept.id, by="test")
        await there.tokens.refresh()
        assert there.tokens.all() == []

    async def test_what_another_process_changed_is_not_overlooked_by_ones_own_change(
        self, lobby: Lobby
    ) -> None:
        here, there = await opened(lobby, Wire()), await opened(lobby, Wire())
        await add(there, "04B2")

        await add(here, "04A1")

        assert [each.token.value for each in here.tokens.all()] == ["04B2", "04A1"]

    async def test_judging_asks_no_database(self, lobby: Lobby) -> None:
        desk = await opened(lobby, Wire())
        await add(desk, "04A1")
        away = replace(desk.tokens, begin=_nobody)

        assert away.judge(STATION, CARD, 1).verdict is Verdict.ACCEPTED


def _nobody() -> Any:  # noqa: ANN401
    raise AssertionError("the database was asked")


class TestLists:
    @pytest.mark.parametrize("words", range(4))
    async def test_whenever_the_process_dies_the_next_one_finishes_the_list(
        self, lobby: Lobby, words: int
    ) -> None:
        """D01: what was sent and not written down is found out by the version."""
        wire = Wire(dies_after=words)
        desk = await opened(lobby, wire)
        for value in "abcde":
            await add(desk, value)
        await desk.lists.manage(STATION, by="test")
        with pytest.raises(Killed):
            await self.bring_and_change(desk)

        wire.dies_after = None
        again = await opened(lobby, wire)
        await again.lists.step()

        kept = await again.lists.show(STATION)
        names = {each.token.value for each in again.tokens.all()}
        assert {each.token.value for each in wire.held} == names
        assert kept.state is ListState.SYNCED
        assert (kept.known_version, kept.held) == (wire.version_held, wire.held)
        assert all(len(each) <= 2 for each in wire.updates)

    async def bring_and_change(self, desk: Desk) -> None:
        await desk.lists.synchronize(STATION)
        await add(desk, "f")
        await desk.lists.synchronize(STATION)

    async def test_a_change_that_does_not_concern_a_station_asks_it_nothing(
        self, lobby: Lobby
    ) -> None:
        wire = Wire()
        desk = await opened(lobby, wire)
        await add(desk, "a")
        await desk.lists.manage(STATION, by="test")
        await desk.lists.step()
        asked = wire.versions_asked

        await add(desk, "b", places=(Place(StationId("THERE")),))
        assert await desk.lists.step() == 0
        await add(desk, "c")
        assert await desk.lists.step() == 1

        assert wire.versions_asked == asked + 1
        assert [each.token.value for each in wire.held] == ["a", "c"]

    async def test_a_token_comes_onto_the_list_and_goes_when_its_time_comes(
        self, lobby: Lobby
    ) -> None:
        wire, now = Wire(), lobby.clock.now()
        desk = await opened(lobby, wire)
        await add(desk, "a", valid_from=now + HOUR, valid_until=now + 2 * HOUR)
        await desk.lists.manage(STATION, by="test")
        held = []
        for hours in range(3):
            lobby.clock.jump_to(now + hours * HOUR)
            await desk.lists.step()
            held.append(len(wire.held))

        assert held == [0, 1, 0]

    async def test_a_silent_station_rests_and_is_brought_its_list_later(
        self, lobby: Lobby
    ) -> None:
        wire = Wire(silent=True)
        desk = await opened(lobby, wire)
        await add(desk, "a")
        await desk.lists.manage(STATION, by="test")
        await desk.lists.step()
        assert await desk.lists.step() == 0

        wire.silent = False
        again = await opened(lobby, wire)
        await again.lists.step()

        assert (await again.lists.show(STATION)).state is ListState.SYNCED


class TestReservations:
    def wish(self, lobby: Lobby, **more: Any) -> Wish:  # noqa: ANN401
        return Wish(CARD, lobby.clock.now() + HOUR, **{"evse": 1, **more})

    async def test_it_ends_in_time_even_if_nobody_says_so_and_over_a_restart(
        self, lobby: Lobby
    ) -> None:
        desk = await opened(lobby, Wire())
        made = await desk.reservations.reserve(STATION, self.wish(lobby), "test")
        again = await opened(lobby, Wire())
        assert again.reservations.open_at(STATION) == [made]

        lobby.clock.jump_to(made.expires_at)
        await again.reservations.step()
        assert again.reservations.open_at(STATION) == [made]
        lobby.clock.jump_to(made.expires_at + GRACE)
        await again.reservations.step()

        assert again.reservations.open_at(STATION) == []
        found = await again.reservations.find(made.id)
        assert found.state is ReservationState.EXPIRED
        await again.reservations.ended(STATION, made.id, ReservationState.EXPIRED)
        await lobby.journal.flush()
        async with lobby.begin() as work:
            assert await work.stations.deviations(STATION) == []

    async def test_an_answer_that_is_lost_keeps_the_evse_and_is_taken_back(
        self, lobby: Lobby
    ) -> None:
        wire = Wire(silent=True)
        desk = await opened(lobby, wire)
        with pytest.raises(StationSilent):
            await desk.reservations.reserve(STATION, self.wish(lobby), "test")
        with pytest.raises(NoRoom):
            await desk.reservations.reserve(STATION, self.wish(lobby), "test")

        wire.silent = False
        again = await opened(lobby, wire)
        await again.reservations.step()

        assert wire.reserved == []
        assert again.reservations.open_at(STATION) == []
        await again.reservations.reserve(STATION, self.wish(lobby), "test")

    async def test_one_killed_while_it_asks_is_taken_back_by_the_next(
        self, lobby: Lobby
    ) -> None:
        wire = Wire(dies_after=0)
        desk = await opened(lobby, wire)
        with pytest.raises(Killed):
            await desk.reservations.reserve(STATION, self.wish(lobby), "test")

        wire.dies_after = None
        again = await opened(lobby, wire)
        await again.reservations.step()

        assert wire.reserved == []
        (found,) = await self.all_of(lobby)
        assert found.state is ReservationState.CANCELLED

    async def test_the_first_word_about_its_end_counts(self, lobby: Lobby) -> None:
        desk = await opened(lobby, Wire())
        made = await desk.reservations.reserve(STATION, self.wish(lobby), "test")
        transaction = TransactionId("tx")

        await desk.reservations.used(STATION, transaction, made.id, CARD, 1)
        await desk.reservations.ended(STATION, made.id, ReservationState.REMOVED)
        with pytest.raises(DomainError, match="used"):
            await desk.reservations.cancel(made.id, "test")

        (found,) = await self.all_of(lobby)
        assert (found.state, found.transaction) == (ReservationState.USED, "tx")

    async def test_what_is_used_before_it_is_answered_stays_used(
        self, lobby: Lobby
    ) -> None:
        wire = Wire()
        desk = await opened(lobby, wire)

        async def use(number: int) -> None:
            await desk.reservations.used(STATION, TransactionId("t"), number, CARD, 1)

        wire.meanwhile = use
        made = await desk.reservations.reserve(STATION, self.wish(lobby), "test")

        assert made.state is ReservationState.USED
        assert desk.reservations.open_at(STATION) == []
        assert await desk.reservations.find(made.id) == made

    async def test_a_station_that_knows_of_none_has_none(self, lobby: Lobby) -> None:
        """H02.FR.01."""
        wire = Wire()
        desk = await opened(lobby, wire)
        made = await desk.reservations.reserve(STATION, self.wish(lobby), "test")
        wire.reserved.clear()

        kept = await desk.reservations.cancel(made.id, "test")

        assert (kept.state, kept.answer) == (ReservationState.CANCELLED, "Rejected")
        assert "did not know" in kept.detail

    async def test_a_transaction_without_reservation_asks_no_database(
        self, lobby: Lobby
    ) -> None:
        desk = await opened(lobby, Wire())
        away = replace(desk.reservations, begin=_nobody)

        await away.used(STATION, TransactionId("tx"), None, CARD, 1)

    async def all_of(self, lobby: Lobby) -> list[Reservation]:
        async with lobby.begin() as work:
            return list(await work.reservations.of(STATION, None, 10))
