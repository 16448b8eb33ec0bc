"""Tells vehicles by itself when what they may do with their energy has changed (Q01).

It looks at levels, not at edges: what holds now against what was told last. Narrowing
goes out at once and as often as it takes; widening only past the gate of every
discharge, and with an event that wants it.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from csms.charging.transfer import Leave, change, feeds_back, leave
from csms.clock import pause
from csms.domain.errors import DomainError
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.live import LiveEvse
from csms.domain.station import EDITION_21
from csms.services.asking import asked
from csms.services.energy_transfer import EnergyTransfer
from csms.services.gate import DISPATCHED
from csms.services.needs import needs_of
from csms.services.ports.events import MemberOrder
from csms.services.ports.wire import Reply
from csms.services.tokens import Tokens
from csms.services.world import World

log = structlog.get_logger()

LOOK_REAL_S = 0.5
REST_PER_LOOK = 20.0
"""How many times as long as a look the others have until the next."""

RETRY_REAL_S = 2.0
LONGEST_RETRY_REAL_S = 60.0
ENROLLED_REAL_S = 5.0
"""How long what is known of enrollments is good enough."""

BY = "system"


class Orders(Protocol):
    """Whoever knows what events want of EVSEs now."""

    def order(self, evse: EvseId) -> MemberOrder | None:
        """Return what the newest plan wants of the EVSE."""
        ...


@dataclass(slots=True)
class _Told:
    """What the vehicle of a transaction was told last, and when to try again.

    Attributes:
        enrolled: Whether its EVSE took part in a program when it was first seen: what
            never did was offered what it does without one.
        tried: Which way it was told last: a rest after one never delays the other.
    """

    transaction: TransactionId | None
    enrolled: bool
    leave: Leave = Leave.AS_AGREED
    tried: bool | None = None
    not_before: float = 0.0
    failures: int = 0


class TransferWatch:
    """Looks after every running transaction that could feed back.

    Args:
        world: The means of the node.
        transfers: Tells stations, past the gate.
        orders: Knows what events want.
        tokens: Knows whose vehicles may be offered to feed back.
    """

    def __init__(
        self, world: World, transfers: EnergyTransfer, orders: Orders, tokens: Tokens
    ) -> None:
        self._world = world
        self._transfers = transfers
        self._orders = orders
        self._tokens = tokens
        self._told: dict[EvseId, _Told] = {}
        self._enrolled: frozenset[EvseId] = frozenset()
        self._enrolled_until = 0.0
        self._busy: dict[StationId, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled; nobody waits for a silent station."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                began = loop.time()
                await self._start()
                await pause(max(LOOK_REAL_S, REST_PER_LOOK * (loop.time() - began)))
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def look(self) -> None:
        """Tell every vehicle what has changed for it; return once that is done."""
        await self._start()
        await asyncio.gather(*self._busy.values())

    async def _start(self) -> None:
        """Begin to tell whoever must be told, one vehicle of a station at a time."""
        for evse, told in list(self._told.items()):
            if self._world.live.get(evse).transaction != told.transaction:
                del self._told[evse]
        running = [each for each in self._world.live.all() if self._is_able(each)]
        if running:
            await self._read_enrollments()
        for each in running:
            told, both = self._consider(each)
            station = each.evse.station
            if both is None or station in self._busy:
                continue
            task = asyncio.create_task(self._tell_or_rest(each, told, both=both))
            self._busy[station] = task
            task.add_done_callback(partial(self._free, station))

    def _free(self, station: StationId, _: asyncio.Task[None]) -> None:
        self._busy.pop(station, None)

    def _is_able(self, live: LiveEvse) -> bool:
        """Tell whether a transaction runs that could be told (Q01.FR.01)."""
        able = self._world.book.capability(live.evse.station)
        return (
            live.connected
            and live.transaction is not None
            and able.edition == EDITION_21
            and able.authority.iso15118
            and any(feeds_back(each) for each in self._transfers.offered(live.evse))
        )

    def _consider(self, live: LiveEvse) -> tuple[_Told, bool | None]:
        """Return what was told last, and what to tell now, if anything."""
        needs = needs_of(live)
        bidirectional = needs is not None and needs.bidirectional
        told = self._told.get(live.evse)
        if new := told is None:
            told = _Told(live.transaction, live.evse in self._enrolled)
            self._told[live.evse] = told
        wanted = self._leave(live.evse, told)
        if new and wanted is Leave.CHARGE:
            told.leave = wanted  # so it was when it began: nothing has changed
        both = change(told.leave, wanted, bidirectional=bidirectional)
        rests = asyncio.get_running_loop().time() < told.not_before
        return told, None if rests and both is told.tried else both

    async def _tell_or_rest(self, live: LiveEvse, told: _Told, *, both: bool) -> None:
        told.tried = both
        try:
            if both and not await self._token_may(live):
                self._rest(told, LONGEST_RETRY_REAL_S)
                return
            await self._tell(live.evse, told, both=both)
        except Exception:  # one vehicle must never stop the others
            log.exception("transfer.untold", evse=str(live.evse))
            self._rest(told, RETRY_REAL_S)

    def _leave(self, evse: EvseId, told: _Told) -> Leave:
        premise = self._world.premises.find(evse)
        order, now = self._orders.order(evse), self._world.clock.now()
        least = leave(
            site=premise is not None and premise.export_cap.watts > 0,
            make=self._world.book.facts(evse).dispatchable,
            enrolled=evse in self._enrolled or not told.enrolled,
            opted_out=order is not None
            and order.opted_out_at is not None
            and now < order.window.end,
        )
        if least is Leave.CHARGE or order is None:
            return least
        return Leave.BOTH_WAYS if _agreed(order, now) else least

    async def _token_may(self, live: LiveEvse) -> bool:
        """Tell whether the token of the transaction may be offered to feed back."""
        async with self._world.begin() as work:
            ongoing = await work.telemetry.ongoing(live.evse.station)
        mine = (each for each in ongoing if each.id == live.transaction)
        values = {each.id_token[1].casefold() for each in mine if each.id_token}
        return all(
            each.discharge and not each.blocked
            for each in self._tokens.all()
            if each.token.shown.casefold() in values
        )

    async def _tell(self, evse: EvseId, told: _Told, *, both: bool) -> None:
        if both:
            told.leave = Leave.AS_AGREED  # whatever comes of it, it may be narrowed
        try:
            reply = await asked(self._transfers.tell(evse, BY, both_directions=both))
        except DomainError as problem:
            reply = Reply(accepted=False, status=problem.code, info=str(problem))
        if reply.accepted:
            told.leave = Leave.BOTH_WAYS if both else Leave.CHARGE
            told.failures, told.not_before = 0, 0.0
            log.info("transfer.told", evse=str(evse), both_directions=both)
            return
        told.failures += 1
        rest = min(RETRY_REAL_S * 2 ** (told.failures - 1), LONGEST_RETRY_REAL_S)
        self._rest(told, rest)
        log.warning("transfer.untold", evse=str(evse), why=reply.status)

    @staticmethod
    def _rest(told: _Told, seconds: float) -> None:
        told.not_before = asyncio.get_running_loop().time() + seconds

    async def _read_enrollments(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._enrolled_until:
            return
        try:
            async with self._world.begin() as work:
                found = await work.fleet.enrollments()
        except Exception:  # the database may be away: what was known holds
            log.exception("transfer.enrollments_unreadable")
            return
        self._enrolled = frozenset(
            each.evse
            for each in found
            if (premise := self._world.premises.find(each.evse)) is not None
            and each.covers(
                self._world.clock.now()
                .astimezone(ZoneInfo(premise.site.timezone))
                .date()
            )
        )
        self._enrolled_until = now + ENROLLED_REAL_S


def _agreed(order: MemberOrder, now: datetime) -> bool:
    """Tell whether the driver was told of an event that is on or near, and agreed."""
    return (
        order.stage in DISPATCHED
        and order.notified
        and not order.excluded
        and order.opted_out_at is None
        and order.released_at is None
        and now < order.window.end
    )
