"""EVSEs kept free for somebody: asked for, used, taken back, and ended in time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from csms.clock import Clock
from csms.domain.ids import StationId, TransactionId
from csms.domain.reservation import Reservation, ReservationState
from csms.domain.token import IdToken
from csms.services.alarm import Alarm
from csms.services.asking import StationRefused, StationSilent, asked
from csms.services.ports.tokens import ReservationWire
from csms.services.ports.wire import (
    Deviations,
    DeviationSeen,
    NoAnswer,
    RefusedByStation,
    Reply,
    Silence,
)
from csms.services.ports.work import Begin
from csms.services.reserving import (
    REMEDIES,
    MalformedReservation,
    ReservationKnown,
    ReservationOver,
    UnknownReservation,
    Wish,
    Wishes,
    asked_for,
)
from csms.services.stations import StationBook
from csms.services.tokens import Tokens

log = structlog.get_logger()

GRACE = timedelta(seconds=60)
"""How long after the end the station's own word is waited for (H04.FR.01)."""

POLL_REAL_S = 1.0
REMEMBERED = 10_000
"""How many words about reservations are not looked up again when they are repeated."""


@dataclass(frozen=True, slots=True)
class Reservations:
    """Keeps EVSEs free (H01 to H04).

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        tokens: Who may charge where.
        wire: Asks stations.
        deviations: Where words about unknown reservations are counted.
        wake: Wakes whoever ends what is due.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    tokens: Tokens
    wire: ReservationWire
    deviations: Deviations
    wake: Alarm = field(default_factory=Alarm)
    _open: dict[StationId, dict[int, Reservation]] = field(default_factory=dict)
    _turns: dict[StationId, asyncio.Lock] = field(default_factory=dict)
    _seen: set[tuple[StationId, int, TransactionId]] = field(default_factory=set)

    async def load(self) -> None:
        """Read every open reservation."""
        async with self.begin() as work:
            found = await work.reservations.open()
        self._open.clear()
        for each in found:
            self._open.setdefault(each.station, {})[each.id] = each

    def open_at(self, station: StationId) -> Sequence[Reservation]:
        """Return the open reservations of a station, by number."""
        return [each for _, each in sorted(self._open.get(station, {}).items())]

    async def reserve(self, station: StationId, wish: Wish, by: str) -> Reservation:
        """Ask a station to keep an EVSE free (H01).

        Raises:
            UnknownStation: If no such station is in the registry.
            StationLacks: If the station takes no such reservation.
            MalformedReservation: If the wish does not make sense.
            TokenRefused: If the token may not charge there.
            NoRoom: If another reservation stands against it.
            StationSilent: If the station does not answer. If it may have got the
                question, it is taken back as soon as the station is there again.
            StationRefused: If the station does not take it.
        """
        self._wishes.require(station, wish)
        if not self.book.is_online(station):
            self._wishes.require_room(station, wish, self.open_at(station))
            raise StationSilent(
                f"{station} is not connected", remedy="try again once it is"
            )
        return await self._reserve(station, wish, by, self.wire.reserve)

    async def require(self, station: StationId, wish: Wish, number: int) -> None:
        """Let a wish pass that ``reserve_by`` would ask for, now.

        Raises:
            ReservationKnown: If one of this number is there, or was.
        """
        if not number:
            raise MalformedReservation("a number is 1 or more", field="id")
        self._wishes.require(station, wish)
        await self._require_new(number)
        self._wishes.require_room(station, wish, self.open_at(station))

    async def reserve_by(
        self,
        station: StationId,
        number: int,
        wish: Wish,
        by: str,
        ask: Callable[[], Awaitable[Reply]],
    ) -> Reservation:
        """Ask in somebody's own words, by his own number (H01); raise as ``reserve``.

        Raises:
            ReservationKnown: If one of this number is there, or was.
        """
        self._wishes.require(station, wish)
        return await self._reserve(station, wish, by, lambda _: ask(), number)

    async def _reserve(
        self,
        station: StationId,
        wish: Wish,
        by: str,
        ask: Callable[[Reservation], Awaitable[Reply]],
        number: int = 0,
    ) -> Reservation:
        wish = replace(wish, evse=wish.evse or None)
        async with self._turns.setdefault(station, asyncio.Lock()):
            self._wishes.require_room(station, wish, self.open_at(station))
            doubtful = await self._ask_for(station, wish, by, number)
            sendable = self.book.is_online(station)
            try:
                reply = await ask(doubtful)
            except RefusedByStation as error:
                reply = Reply(False, error.code, error.description)  # noqa: FBT003
            except NoAnswer as silence:
                if sendable and silence.kind is not Silence.STALE:
                    raise StationSilent(
                        f"{station} did not answer: {silence.kind}",
                        remedy="what it may have reserved is taken back by itself",
                    ) from silence
                reply = Reply(False, silence.kind.value)  # noqa: FBT003
            state = (
                ReservationState.HELD if reply.accepted else ReservationState.REFUSED
            )
            kept = await self._end(doubtful, state, reply.status, reply.info)
        if not reply.accepted:
            why = f": {reply.info}" if reply.info else ""
            raise StationRefused(
                f"{station} answered {reply.status}{why}",
                remedy=REMEDIES.get(reply.status),
            )
        self.wake.ring()
        return kept

    async def cancel(self, number: int, by: str) -> Reservation:
        """Take a reservation back (H02).

        A station that does not know it keeps nothing free for it any more either
        (H02.FR.01).

        Raises:
            UnknownReservation: If there is none of this number.
            ReservationOver: If it has ended already.
            StationSilent: If the station does not answer; it stays as it is.
            StationRefused: If the station answers by an error.
        """
        found = await self.find(number)
        async with self._turns.setdefault(found.station, asyncio.Lock()):
            found = await self.find(number)
            if not found.is_open:
                raise ReservationOver(f"reservation {number} is {found.state}")
            reply = await asked(self.wire.cancel(found.station, number))
            return await self._cancelled(found, reply, by)

    async def cancel_by(
        self,
        station: StationId,
        number: int,
        by: str,
        ask: Callable[[], Awaitable[Reply]],
    ) -> None:
        """Take one back in somebody's own words (H02), whether it is known or not.

        Raises:
            StationSilent: If the station does not answer; it stays as it is.
            StationRefused: If the station answers by an error.
        """
        async with self._turns.setdefault(station, asyncio.Lock()):
            reply = await asked(ask())
            found = self._open.get(station, {}).get(number)
            if found is not None:
                await self._cancelled(found, reply, by)

    async def _cancelled(
        self, found: Reservation, reply: Reply, by: str
    ) -> Reservation:
        detail = reply.info if reply.accepted else "the station did not know it"
        return await self._end(
            found, ReservationState.CANCELLED, reply.status, detail, by
        )

    async def find(self, number: int) -> Reservation:
        """Return a reservation.

        Raises:
            UnknownReservation: If there is none of this number.
        """
        async with self.begin() as work:
            found = await work.reservations.find(number)
        if found is None:
            raise UnknownReservation(f"there is no reservation {number}")
        return found

    async def ended(
        self, station: StationId, number: int, state: ReservationState
    ) -> None:
        """Take note that a station has ended a reservation (H04, H01.FR.16)."""
        held = self._open.get(station, {}).get(number)
        if held is not None:
            await self._end(held, state, "", "said the station")
            return
        async with self.begin() as work:
            known = await work.reservations.find(number)
        if known is None or known.station != station:
            self._odd(station, "reservationId", f"{number} is none of its own")

    async def used(
        self,
        station: StationId,
        transaction: TransactionId,
        number: int | None,
        token: IdToken | None,
        evse: int | None,
    ) -> None:
        """Take note of a transaction that may have begun with a reservation (H03).

        Args:
            station: Where.
            transaction: Which transaction.
            number: The reservation that the station names (H01.FR.15).
            token: Who began it, for stations that name none.
            evse: Where, if that is known.
        """
        held = self._open.get(station, {})
        if number is None:
            found = self._serving(station, token, evse) if held else None
        else:
            found = held.get(number)
        if found is not None:
            after = replace(found, transaction=transaction)
            await self._end(after, ReservationState.USED, "", "")
        elif number is not None and (station, number, transaction) not in self._seen:
            await self._check_named(station, transaction, number)

    async def run(self) -> None:
        """End what is due, until cancelled."""
        while True:
            await self.step()
            await self.wake.wait(self._until_due())

    async def step(self) -> None:
        """End what has expired, and take back what may have been reserved."""
        now = self.clock.now()
        for each in [one for held in self._open.values() for one in held.values()]:
            if each.expires_at + GRACE <= now:
                detail = "the station said nothing of it"
                await self._end(each, ReservationState.EXPIRED, each.answer, detail)
            elif each.state is ReservationState.ASKED:
                await self._take_back(each)

    async def _take_back(self, doubtful: Reservation) -> None:
        turn = self._turns.setdefault(doubtful.station, asyncio.Lock())
        if turn.locked() or not self.book.is_online(doubtful.station):
            return
        async with turn:
            try:
                reply = await self.wire.cancel(doubtful.station, doubtful.id)
            except (NoAnswer, RefusedByStation):
                return
            detail = "its answer never came, so it was taken back"
            await self._end(doubtful, ReservationState.CANCELLED, reply.status, detail)

    def _until_due(self) -> float:
        ends = [e.expires_at for held in self._open.values() for e in held.values()]
        if not ends:
            return POLL_REAL_S
        left = (min(ends) + GRACE - self.clock.now()).total_seconds()
        return min(max(left / self.clock.rate, 0.05), POLL_REAL_S)

    @property
    def _wishes(self) -> Wishes:
        return Wishes(self.clock, self.book, self.tokens)

    async def _require_new(self, number: int) -> None:
        async with self.begin() as work:
            if await work.reservations.find(number) is not None:
                raise ReservationKnown(f"there is a reservation {number}, or was")

    async def _ask_for(
        self, station: StationId, wish: Wish, by: str, number: int
    ) -> Reservation:
        now = self.clock.now()
        if number:
            await self._require_new(number)
        fresh = asked_for(station, wish, number, now)
        async with self.begin() as work:
            kept = await work.reservations.add(fresh, by)
            body = {"reservation": kept.id, "token": wish.token.shown}
            body |= {"evse": wish.evse, "expires_at": wish.expires_at.isoformat()}
            await work.access.audit(by, "reservation.asked", station, body, now)
        self._open.setdefault(station, {})[kept.id] = kept
        return kept

    async def _end(
        self,
        held: Reservation,
        state: ReservationState,
        answer: str,
        detail: str,
        by: str | None = None,
    ) -> Reservation:
        """Keep how far a reservation has come; the first to end it does."""
        now = self.clock.now()
        after = replace(
            held,
            state=state,
            answer=answer or held.answer,
            detail=detail,
            changed_at=now,
        )
        async with self.begin() as work:
            kept = await work.reservations.save(after)
            body = {"reservation": held.id, "state": state.value, "answer": answer}
            if kept:
                await work.facts.add("reservation.changed", held.station, body, now)
            if by is not None:
                action = f"reservation.{state.value}"
                await work.access.audit(by, action, held.station, body, now)
        here = self._open.setdefault(held.station, {})
        if kept and after.is_open:
            here[held.id] = after
        else:
            here.pop(held.id, None)
        if not kept:
            return await self.find(held.id)
        log.info(
            "reservation.changed",
            station=held.station,
            reservation=held.id,
            state=state.value,
            answer=answer,
        )
        return after

    def _serving(
        self, station: StationId, token: IdToken | None, evse: int | None
    ) -> Reservation | None:
        if token is None:
            return None
        record = self.tokens.known(token)
        group = None if record is None else record.group
        serving = [e for e in self.open_at(station) if e.serves(token, group, evse)]
        certain = [each for each in serving if each.evse is not None]
        return next(iter([*certain, *serving]), None)

    async def _check_named(
        self, station: StationId, transaction: TransactionId, number: int
    ) -> None:
        async with self.begin() as work:
            known = await work.reservations.find(number)
        if known is None or known.station != station:
            self._odd(station, "reservationId", f"{number} is none of its own")
        elif known.transaction not in (None, transaction):
            self._odd(station, "reservationId", f"{number} was used already")
        if len(self._seen) >= REMEMBERED:
            self._seen.clear()
        self._seen.add((station, number, transaction))

    def _odd(self, station: StationId, field_name: str, detail: str) -> None:
        seen = DeviationSeen("unknown-reservation", field_name, detail)
        self.deviations.count(station, [seen], self.clock.now())
