"""Id tokens: kept for operators, judged for stations, from memory."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from csms.charging.tokens import Spot, TokenPolicy, judge, may_start
from csms.charging.transfer import offered
from csms.clock import Clock, pause
from csms.domain.certificate import ContractStatus
from csms.domain.errors import Broken, Conflict, NotFound
from csms.domain.ids import EvseId, StationId
from csms.domain.token import (
    KEY_CODE,
    NO_AUTHORIZATION,
    IdToken,
    Judgement,
    TokenRecord,
    Verdict,
)
from csms.services.alarm import Alarm
from csms.services.key_codes import Guesses
from csms.services.ports.tokens import Edge
from csms.services.ports.work import Begin, Work
from csms.services.premises import Premises
from csms.services.stations import StationBook

log = structlog.get_logger()

REFRESH_REAL_S = 30.0
"""How often it is looked whether another process changed a token."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_OF_CONTRACT: Mapping[ContractStatus, Verdict] = {
    ContractStatus.CERTIFICATE_EXPIRED: Verdict.EXPIRED,
}
_CANCELLING = frozenset(
    {Verdict.BLOCKED, Verdict.EXPIRED, Verdict.INVALID, Verdict.UNKNOWN}
)
"""The verdicts that make a good contract a cancelled one (C07.FR.13)."""


class UnknownToken(NotFound):
    """There is no such id token."""

    code = "unknown-id-token"
    usual_remedy = "see csms id-tokens list"


class TokenKnown(Conflict):
    """There is such an id token already."""

    code = "id-token-known"


class MalformedToken(Broken):
    """What is said of the id token does not make sense."""

    code = "malformed-id-token"


NOTHING = Edge(0, 0)
"""The edge of no tokens."""

OPEN_HOUSE = TokenPolicy()


@dataclass(slots=True)
class _Shelf:
    """Every token, in memory.

    Attributes:
        edge: How far it has come.
        records: By what they are compared by.
        names: By number.
        groups: How many are in each group, which nobody can be guessed by.
    """

    edge: Edge = NOTHING
    records: dict[str, TokenRecord] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def put(self, record: TokenRecord) -> None:
        """Know a token, or know it anew."""
        self.records[record.token.key] = record
        self.names[record.id] = record.token.key

    def drop(self, record: TokenRecord) -> None:
        """Know a token no more."""
        self.records.pop(record.token.key, None)
        self.names.pop(record.id, None)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Keeps and judges id tokens.

    Judging reads memory only: nobody who charges waits for a database.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        premises: Where stations stand.
        policy: What an operator decided about tokens in general.
        cache_s: How long a station may remember an accepted token, in seconds; none
            leaves it to the station.
        changed: Rung whenever a token changes.
        guesses: Wrong key codes of late.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    premises: Premises
    policy: TokenPolicy = OPEN_HOUSE
    cache_s: int | None = None
    changed: Alarm = field(default_factory=Alarm)
    guesses: Guesses = field(default_factory=Guesses)
    _shelf: _Shelf = field(default_factory=_Shelf)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    # -- judging -----------------------------------------------------------------

    def judge(
        self,
        station: StationId,
        token: IdToken,
        evse: int | None = None,
        *,
        starting: bool = False,
    ) -> Judgement:
        """Return what a station is told of a token (C01, C02, E05.FR.01).

        Args:
            station: Who asks.
            token: About which.
            evse: At which EVSE it was shown, if that is said.
            starting: Whether a transaction begins or goes on by it.
        """
        now = self.clock.now()
        secret = token.type == KEY_CODE
        if secret and self.guesses.must_wait(station, now):
            return Judgement(Verdict.INVALID)
        record = self._shelf.records.get(token.key)
        told = judge(token, record, self.spot(station, evse), now, self.policy)
        if secret:
            self.guesses.note(station, now, right=record is not None)
        told = may_start(told, self.policy, starting=starting)
        if self.cache_s is None or not told.accepted:
            return told
        until = now + timedelta(seconds=self.cache_s)
        return replace(told, until=min(until, told.until or until))

    def transfers(self, station: StationId, token: IdToken) -> tuple[str, ...] | None:
        """Return the energy transfers to offer at a station (Q01.FR.01, Q01.FR.08).

        One that feeds back is offered only where the vehicle may be discharged: the
        make is proven, the site may export, and neither the token nor the vehicle's
        EVCCID is barred from it. It discharges nothing: dispatch does that.
        """
        able = self.book.capability(station)
        evses = {
            each.id.number: self._may_discharge(each.id)
            for each in self.book.evses(station)
        }
        keys = [token, *(IdToken(value, kind) for kind, value in token.extras)]
        known = (self._shelf.records.get(each.key) for each in keys)
        allowed = all(each.discharge and not each.blocked for each in known if each)
        return offered(able, evses, allowed=allowed)

    def contract(
        self, told: Judgement, status: ContractStatus
    ) -> tuple[Judgement, ContractStatus]:
        """Return what is told of a token with a contract (C07.FR.13 to C07.FR.17)."""
        if status is ContractStatus.ACCEPTED:
            cancelled = told.verdict in _CANCELLING
            return told, ContractStatus.CONTRACT_CANCELLED if cancelled else status
        verdict = _OF_CONTRACT.get(status, Verdict.INVALID)
        return replace(told, verdict=verdict, evses=(), until=None), status

    def spot(self, station: StationId, evse: int | None = None) -> Spot:
        """Return a station as a place where tokens are shown."""
        known = self.book.station(station)
        said = self.book.capability(station).authority
        numbers = [each.id.number for each in self.book.evses(station)]
        plugs = {number: said.types_of(number) for number in numbers}
        return Spot(station, None if known is None else known.site, plugs, evse)

    # -- asking ------------------------------------------------------------------

    @property
    def edge(self) -> Edge:
        """Return how far the tokens have come."""
        return self._shelf.edge

    def all(self) -> Sequence[TokenRecord]:
        """Return every token, by number."""
        shelf = self._shelf
        return [shelf.records[shelf.names[number]] for number in sorted(shelf.names)]

    def find(self, number: int) -> TokenRecord:
        """Return one token.

        Raises:
            UnknownToken: If there is none of this number.
        """
        key = self._shelf.names.get(number)
        if key is None:
            raise UnknownToken(f"there is no id token {number}")
        return self._shelf.records[key]

    def known(self, token: IdToken) -> TokenRecord | None:
        """Return what is known of a token; None if nothing is."""
        return self._shelf.records.get(token.key)

    # -- changing ----------------------------------------------------------------

    async def load(self) -> None:
        """Read every token."""
        async with self._writing:
            await self._load()

    async def refresh(self) -> None:
        """Read them anew if another process has changed one."""
        async with self._writing:
            async with self.begin() as work:
                edge = await work.tokens.edge()
            if edge != self._shelf.edge:
                await self._load()
                self.changed.ring()

    async def run(self) -> None:
        """Look now and then whether another process has changed one."""
        while True:
            await pause(REFRESH_REAL_S)
            await self.refresh()

    async def add(self, record: TokenRecord, by: str) -> TokenRecord:
        """Keep a new token.

        Raises:
            MalformedToken: If what is said of it does not make sense.
            TokenKnown: If it is kept already.
        """
        _check(record)

        async def write(work: Work) -> TokenRecord:
            kept = await work.tokens.add(record, self.clock.now())
            if kept is None:
                raise TokenKnown(
                    f"{record.token.type} {record.token.shown} is known already",
                    field="value",
                    remedy="change the one that is kept",
                )
            await self._audit(work, "id_token.added", kept, by)
            return kept

        return await self._commit(write, self._shelf.put)

    async def change(self, record: TokenRecord, by: str) -> TokenRecord:
        """Replace what is known of a token; the token itself stays what it is.

        Raises:
            UnknownToken: If there is none of this number.
            MalformedToken: If what is said of it does not make sense.
        """
        record = replace(record, token=self.find(record.id).token)
        _check(record)

        async def write(work: Work) -> TokenRecord:
            if not await work.tokens.change(record, self.clock.now()):
                raise UnknownToken(f"there is no id token {record.id}")
            await self._audit(work, "id_token.changed", record, by)
            return record

        return await self._commit(write, self._shelf.put)

    async def remove(self, number: int, by: str) -> None:
        """Forget a token.

        Raises:
            UnknownToken: If there is none of this number.
        """
        record = self.find(number)

        async def write(work: Work) -> TokenRecord:
            if not await work.tokens.remove(number):
                raise UnknownToken(f"there is no id token {number}")
            await self._audit(work, "id_token.removed", record, by)
            return record

        await self._commit(write, self._shelf.drop)

    async def _commit(
        self,
        write: Callable[[Work], Awaitable[TokenRecord]],
        apply: Callable[[TokenRecord], None],
    ) -> TokenRecord:
        """Write a change, and only then judge by it."""
        async with self._writing:
            async with self.begin() as work:
                alone = await work.tokens.edge() == self._shelf.edge
                record = await write(work)
                edge = await work.tokens.edge()
            if alone:
                apply(record)
                self._shelf.edge = edge
            else:
                await self._load()
        self.changed.ring()
        return record

    async def _load(self) -> None:
        async with self.begin() as work:
            edge = await work.tokens.edge()
            found = await work.tokens.all()
        shelf = self._shelf
        shelf.records, shelf.names, shelf.edge = {}, {}, edge
        for each in found:
            shelf.put(each)

    async def _audit(
        self, work: Work, action: str, record: TokenRecord, by: str
    ) -> None:
        subject = f"{record.token.type}:{record.token.shown}"
        body = {
            "id": record.id,
            "label": record.label,
            "group": None if record.group is None else record.group.value,
            "blocked": record.blocked,
            "valid_from": _written(record.valid_from),
            "valid_until": _written(record.valid_until),
            "places": len(record.places),
        }
        said = {name: value for name, value in body.items() if value is not None}
        await work.access.audit(by, action, subject, said, self.clock.now())
        log.info(action, subject=subject, by=by)

    def _may_discharge(self, evse: EvseId) -> bool:
        premise = self.premises.find(evse)
        exports = premise is not None and premise.export_cap.watts > 0
        return exports and self.book.facts(evse).dispatchable


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _check(record: TokenRecord) -> None:
    token = record.token
    if token.type == NO_AUTHORIZATION:
        raise MalformedToken(
            "a start button needs no token: it is always accepted (C02)", field="type"
        )
    if not token.value:
        raise MalformedToken("a token is not empty", field="value")
    since, until = record.valid_from, record.valid_until
    if since is not None and until is not None and until <= since:
        raise MalformedToken(
            "it would never be valid: it ends before it begins", field="valid_until"
        )
    if odd := [each for each in record.languages if not _LANGUAGE.fullmatch(each)]:
        raise MalformedToken(
            f"{odd[0]!r} is no language tag",
            field="languages",
            remedy="write en, de or en-US (RFC 5646)",
        )
    if len({each.casefold() for each in record.languages}) < len(record.languages):
        raise MalformedToken("the languages differ", field="languages")
    if any((each.station is None) == (each.site is None) for each in record.places):
        raise MalformedToken(
            "a place is one station or one site", field="places", remedy="name one"
        )
