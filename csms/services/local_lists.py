"""What stations decide by themselves: local lists kept in step, caches cleared."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import structlog

from csms.charging.local_list import (
    Wanted,
    applied,
    difference,
    in_parts,
    next_version,
    wanted,
)
from csms.clock import Clock
from csms.domain.errors import DomainError
from csms.domain.ids import StationId
from csms.domain.local_list import HIGHEST_VERSION, ListState, ListUpdate, LocalList
from csms.domain.station import EDITION_201, Standing
from csms.services.asking import StationRefused, asked, lacks
from csms.services.ports.tokens import LocalListWire
from csms.services.ports.wire import Reply
from csms.services.ports.work import Begin, Work
from csms.services.reception import UnknownStation
from csms.services.stations import StationBook
from csms.services.tokens import Tokens

log = structlog.get_logger()

POLL_REAL_S = 1.0
"""How often it is looked which lists are out of step."""

REST_REAL_S = 30.0
"""How long a list that could not be brought rests, unless its station comes anew."""

MOST_AT_ONCE = 16
MISMATCH = "VersionMismatch"
_NOBODY = "system"


@dataclass(frozen=True, slots=True)
class LocalLists:
    """Keeps the local lists of stations in step with the tokens (D01, D02).

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        tokens: What the lists are made from.
        wire: Asks stations.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    tokens: Tokens
    wire: LocalListWire
    _turns: dict[StationId, asyncio.Lock] = field(default_factory=dict)
    _met: dict[StationId, datetime | None] = field(default_factory=dict)
    _resting: dict[StationId, float] = field(default_factory=dict)
    _at_once: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE)
    )

    async def show(self, station: StationId) -> LocalList:
        """Return the list of a station, as it should be and as it is.

        Raises:
            UnknownStation: If no such station is in the registry.
        """
        self._known(station)
        async with self.begin() as work:
            return await work.local_lists.find(station) or LocalList(station)

    async def overview(self) -> Sequence[LocalList]:
        """Return the lists of all stations that keep one, without what they hold.

        Those that are kept in step come first.
        """
        async with self.begin() as work:
            found = {each.station: each for each in await work.local_lists.all()}
        able = [
            each.id
            for each in self.book.stations()
            if self.book.capability(each.id).authority.lists
        ]
        lists = [found.get(name, LocalList(name)) for name in sorted({*able, *found})]
        return sorted(lists, key=lambda each: not each.managed)

    async def manage(self, station: StationId, by: str) -> LocalList:
        """Keep the list of a station in step from now on.

        It is brought at once if the station is connected, else as soon as it is.

        Raises:
            UnknownStation: If no such station is in the registry.
            StationLacks: If the station keeps no local list.
        """
        self._require_list(station)
        async with self._turn(station), self.begin() as work:
            kept = await work.local_lists.find(station) or LocalList(station)
            now = self.clock.now()
            kept = replace(kept, managed=True, state=ListState.PENDING, changed_at=now)
            await work.local_lists.save(kept)
            await work.access.audit(by, "local_list.managed", station, {}, now)
        return kept

    async def synchronize(
        self, station: StationId, by: str = _NOBODY, *, full: bool = False
    ) -> LocalList:
        """Bring the list of a station to what it should hold.

        A station that holds another version than we left there is given the whole
        list (D02); so is one that does not take a change (D01.FR.03).

        Args:
            station: Which.
            by: Who asks; it goes on the audit trail.
            full: Whether to send the whole list in any case.

        Raises:
            UnknownStation: If no such station is in the registry.
            StationLacks: If the station keeps no local list.
            StationSilent: If it does not answer; it is tried again by itself.
            StationRefused: If it does not take the list.
        """
        self._require_list(station)
        async with self._turn(station):
            kept = await self.show(station)
            return await self._bring(kept, by, full=full)

    async def abandon(self, station: StationId, by: str) -> LocalList:
        """Empty the list of a station, and let it be.

        Raises:
            UnknownStation: If no such station is in the registry.
            StationLacks: If the station keeps no local list.
            StationSilent: If it does not answer; everything stays as it is.
            StationRefused: If it does not take the empty list.
        """
        self._require_list(station)
        async with self._turn(station):
            kept = replace(await self.show(station), managed=False)
            return await self._bring(kept, by, full=True)

    async def clear_cache(self, station: StationId, by: str) -> Reply:
        """Let a station forget the tokens it has seen (C11).

        Raises:
            UnknownStation: If no such station is in the registry.
            StationLacks: If the station has no such cache.
            StationSilent: If it does not answer.
            StationRefused: If it does not clear it.
        """
        self._known(station)
        if not self.book.capability(station).authority.caches:
            raise lacks(
                station, "has no authorization cache", "AuthCacheCtrlr.Enabled = true"
            )
        reply = await asked(self.wire.clear_cache(station))
        async with self.begin() as work:
            now, body = self.clock.now(), {"answer": reply.status, "info": reply.info}
            await work.access.audit(by, "auth_cache.cleared", station, body, now)
        if not reply.accepted:
            raise _refusal(station, reply, "see whether AuthCacheCtrlr is enabled")
        return reply

    async def run(self) -> None:
        """Keep every list in step until cancelled."""
        while True:
            await self.step()
            await self.tokens.changed.wait(POLL_REAL_S)

    async def step(self) -> int:
        """Bring every list that is out of step and can be brought; count them."""
        async with self.begin() as work:
            lists = await work.local_lists.managed()
        able = [each for each in lists if self._can_be_brought(each.station)]
        return sum(await asyncio.gather(*(self._bring_if_due(each) for each in able)))

    async def _bring_if_due(self, each: LocalList) -> bool:
        """Bring a list if that is due; one that fails then rests for a while."""
        station, loop = each.station, asyncio.get_running_loop()
        if not await self._is_due(each):
            return False
        try:
            async with self._at_once:
                await self.synchronize(station)
        except DomainError as problem:
            self._resting[station] = loop.time() + REST_REAL_S
            log.info("local_list.not_brought", station=station, why=str(problem))
        return True

    def _can_be_brought(self, station: StationId) -> bool:
        known = self.book.station(station)
        return (
            known is not None
            and known.standing is Standing.ACCEPTED
            and self.book.is_online(station)
            and self.book.capability(station).authority.lists
        )

    async def _is_due(self, each: LocalList) -> bool:
        """Tell whether a list is to be brought now.

        After each new connection the version is asked for, whatever we believe.
        """
        known, edge = self.book.station(each.station), self.tokens.edge
        here_since = None if known is None else known.connected_at
        if self._met.get(each.station) != here_since:
            self._met[each.station] = here_since
            return True
        if asyncio.get_running_loop().time() < self._resting.get(each.station, 0.0):
            return False
        if each.state is ListState.PENDING:
            return True
        passed = each.due_at is not None and each.due_at <= self.clock.now()
        if passed or (each.revision, each.tokens) != (edge.revision, edge.count):
            return await self._concerned(each.station)
        return False

    async def _concerned(self, station: StationId) -> bool:
        """Tell whether what changed changes this list; a station is not asked that."""
        async with self._turn(station):
            edge, kept = self.tokens.edge, await self.show(station)
            want = self._wanted(kept)
            if len(difference(kept.held, want.entries)):
                return True
            await self._save(
                replace(
                    kept,
                    revision=edge.revision,
                    tokens=edge.count,
                    due_at=want.due_at,
                    left_out=want.left_out,
                )
            )
            return False

    async def _bring(self, kept: LocalList, by: str, *, full: bool) -> LocalList:
        version = max(0, await asked(self.wire.version(kept.station)))
        ours = version == kept.known_version and version > 0
        edge, want = self.tokens.edge, self._wanted(kept)
        kept = replace(
            kept,
            known_version=version,
            known_at=self.clock.now(),
            revision=edge.revision,
            tokens=edge.count,
            due_at=want.due_at,
            left_out=want.left_out,
        )
        whole = ListUpdate(full=True, entries=want.entries)
        update = difference(kept.held, want.entries)
        if full or not ours or len(update) > max(len(whole), 1):
            update = whole
        elif not len(update):
            return await self._settle(kept, "")
        kept, reply = await self._send(kept, update)
        if not reply.accepted and not update.full:
            kept, reply = await self._send(kept, whole)
        problem = "" if reply.accepted else f"{reply.status} {reply.info}".rstrip()

        async def audit(work: Work) -> None:
            body = {"version": kept.intended_version, "answer": reply.status}
            body |= {"entries": len(want.entries), "left_out": want.left_out}
            await work.access.audit(
                by, "local_list.sent", kept.station, body, self.clock.now()
            )

        kept = await self._settle(kept, problem, audit)
        if problem:
            raise _refusal(kept.station, reply, "see its messages for what it was sent")
        return kept

    def _wanted(self, kept: LocalList) -> Wanted:
        if not kept.managed:
            return Wanted(())
        known = self.book.station(kept.station)
        return wanted(
            self.tokens.all(),
            self.tokens.spot(kept.station),
            self.clock.now(),
            self.book.capability(kept.station).authority.list_entries,
            (known and known.edition) or EDITION_201,
        )

    async def _send(
        self, kept: LocalList, update: ListUpdate
    ) -> tuple[LocalList, Reply]:
        """Send an update in parts; keep after each what the station then holds.

        The version is kept before it is sent, so that after a crash the station is
        not taken to hold what we meant to send.
        """
        reply = Reply(accepted=False, status="")
        size = partial(self.wire.size, HIGHEST_VERSION)
        said = self.book.capability(kept.station).authority
        try:
            for part in in_parts(update, said, size):
                version = next_version(kept.intended_version, kept.known_version)
                if version == 1 and not part.full:
                    return kept, Reply(accepted=False, status=MISMATCH)
                kept = replace(kept, intended_version=version, state=ListState.PENDING)
                await self._save(kept)
                reply = await asked(self.wire.send(kept.station, version, part))
                if not reply.accepted:
                    return kept, reply
                kept = replace(
                    kept, known_version=version, held=applied(kept.held, part)
                )
                await self._save(kept)
        except ValueError as error:
            return kept, Reply(accepted=False, status="TooLarge", info=str(error))
        return kept, reply

    async def _settle(
        self,
        kept: LocalList,
        problem: str,
        also: Callable[[Work], Awaitable[None]] | None = None,
    ) -> LocalList:
        done = ListState.SYNCED if kept.managed else ListState.OFF
        state = ListState.FAILED if problem else done
        kept = replace(kept, state=state, detail=problem)
        await self._save(kept, also)
        return kept

    async def _save(
        self, kept: LocalList, also: Callable[[Work], Awaitable[None]] | None = None
    ) -> None:
        async with self.begin() as work:
            await work.local_lists.save(replace(kept, changed_at=self.clock.now()))
            if also is not None:
                await also(work)

    def _turn(self, station: StationId) -> asyncio.Lock:
        return self._turns.setdefault(station, asyncio.Lock())

    def _known(self, station: StationId) -> None:
        if self.book.station(station) is None:
            raise UnknownStation(f"there is no station {station}")

    def _require_list(self, station: StationId) -> None:
        self._known(station)
        if not self.book.capability(station).authority.lists:
            raise lacks(
                station, "keeps no local list", "LocalAuthListCtrlr.Enabled = true"
            )


def _refusal(station: StationId, reply: Reply, remedy: str) -> StationRefused:
    why = f": {reply.info}" if reply.info else ""
    return StationRefused(f"{station} answered {reply.status}{why}", remedy=remedy)
