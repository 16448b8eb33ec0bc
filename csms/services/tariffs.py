"""Tariffs, where they hold, and what transactions cost so far (block I).

A 2.1 station that reckons costs itself is given the tariff. For any other this system
reckons by the tariff's unconditional prices and tells the station, if it can show a
cost: so far every minute, and in the answer to the last report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from csms.charging.costs import cost, usage
from csms.clock import Clock, pause
from csms.domain.errors import Broken, Conflict, NotAllowed, NotFound
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.station import EDITION_21, VariableKey
from csms.domain.tariff import (
    AssignmentState,
    Prices,
    Tariff,
    TariffAssignment,
    TransactionCost,
)
from csms.services.ports.tariffs import InstalledTariff, TariffWire
from csms.services.ports.wire import FieldError, NoAnswer, RefusedByStation
from csms.services.ports.work import Begin, Work
from csms.services.reception import UnknownEvse, UnknownStation
from csms.services.stations import StationBook

log = structlog.get_logger()

SHOWS_COST = VariableKey("TariffCostCtrlr", "Enabled", variable_instance="Cost")
RECKONS = VariableKey("TariffCostCtrlr", "Enabled", variable_instance="Tariff")
TELL_EVERY = timedelta(minutes=1)


class UnknownTariff(NotFound):
    """There is no such tariff."""

    code = "unknown-tariff"
    usual_remedy = "see csms tariffs list and csms tariffs held"


class MalformedTariff(Broken):
    """A tariff that breaks its schema.

    Attributes:
        errors: What is wrong with it, field by field.
    """

    code = "malformed-tariff"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        first = errors[0]
        super().__init__(
            f"{first.path or 'tariff'}: {first.problem}",
            field=first.path or None,
            remedy="describe it as the TariffType of OCPP 2.1",
        )


class TariffInUse(Conflict):
    """A tariff that holds somewhere, or by which was reckoned, cannot be removed."""

    code = "tariff-in-use"


class TariffChanged(Conflict):
    """A tariff's id stands for its content, for good (I08.FR.08)."""

    code = "tariff-changed"


class TariffRefused(NotAllowed):
    """The station does not take the tariff."""

    code = "tariff-refused"


@dataclass(slots=True)
class Tariffs:
    """Keeps tariffs, tells stations of them, and reckons costs.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        wire: How stations are told.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    wire: TariffWire
    _holding: dict[StationId, dict[int, str]] = field(init=False, default_factory=dict)
    _prices: dict[str, Prices | None] = field(init=False, default_factory=dict)

    async def load(self) -> None:
        """Read which tariffs hold where; before this no cost is told."""
        async with self.begin() as work:
            for each in await work.tariffs.all():
                self._prices[each.id] = self.wire.prices(each.document)
            for held in await work.tariffs.assignments():
                self._hold(held.station, held.evse, held.tariff)

    async def save(self, document: Mapping[str, Any], by: str) -> Tariff:
        """Keep a tariff; saying the same again changes nothing.

        Raises:
            MalformedTariff: If it breaks its schema.
            TariffChanged: If one of this id says something else.
        """
        if errors := self.wire.check(document):
            raise MalformedTariff(errors)
        tariff = Tariff(document["tariffId"], document["currency"], document)
        now = self.clock.now()
        async with self.begin() as work:
            known = await work.tariffs.find(tariff.id)
            if known is not None and known.document != document:
                raise TariffChanged(
                    f"{tariff.id} says something else already",
                    field="tariffId",
                    remedy="save it under another id",
                )
            await work.tariffs.save(tariff, by, now)
            await work.access.audit(by, "tariff.saved", tariff.id, dict(document), now)
        self._prices[tariff.id] = self.wire.prices(document)
        return tariff

    async def remove(self, tariff: str, by: str) -> None:
        """Forget a tariff that was never used.

        Raises:
            UnknownTariff: If there is none.
            TariffInUse: If it holds somewhere, or costs were reckoned by it.
        """
        now = self.clock.now()
        async with self.begin() as work:
            await _found(work, tariff)
            if await work.tariffs.is_used(tariff):
                raise TariffInUse(remedy="clear it where it holds; its costs stay")
            await work.tariffs.remove(tariff)
            await work.access.audit(by, "tariff.removed", tariff, {}, now)
        self._prices.pop(tariff, None)

    async def assign(
        self, station: StationId, evse: int, tariff: str, by: str
    ) -> TariffAssignment:
        """Let a tariff hold for everybody at an EVSE, 0 for all of the station (I07).

        Raises:
            UnknownStation: If there is no such station.
            UnknownTariff: If there is no such tariff.
            NotAllowed: If it has conditions and the station does not reckon itself.
            TariffRefused: If the station does not take it.
            NoAnswer: If the station, which reckons itself, cannot be asked.
            RefusedByStation: If it answers by a CALLERROR.
        """
        self._known(station, evse)
        async with self.begin() as work:
            known = await _found(work, tariff)
            reckons = await self.reckons(work, station)
        state = AssignmentState.KEPT
        if reckons:
            reply = await self.wire.set_default(station, evse, known.document)
            if not reply.accepted:
                raise TariffRefused(
                    f"{station} answered {reply.status} {reply.info}".rstrip(),
                    field="tariff",
                )
            state = AssignmentState.ACCEPTED
        elif self._prices.get(tariff) is None:
            raise NotAllowed(
                f"{station} does not reckon costs itself, and {tariff} has conditions, "
                "or several prices of a kind",
                field="tariff",
                remedy="choose a tariff with one unconditional price of each kind",
            )
        now = self.clock.now()
        held = TariffAssignment(station, evse, tariff, state, now, by)
        async with self.begin() as work:
            await work.tariffs.assign(held)
            said = {"evse": evse, "tariff": tariff, "state": state.value}
            await work.access.audit(by, "tariff.assigned", station, said, now)
        self._hold(station, evse, tariff)
        return held

    async def clear(
        self, station: StationId, evse: int, by: str
    ) -> Mapping[str, str] | None:
        """Let no tariff hold there any more; return what a 2.1 station says (I10).

        Raises:
            UnknownStation: If there is no such station.
            UnknownTariff: If none holds there.
            TariffRefused: If the station keeps it; then it goes on to hold.
        """
        self._known(station, evse)
        tariff = self._holding.get(station, {}).get(evse)
        if tariff is None:
            raise UnknownTariff(f"no tariff holds at {station} {evse}", field="evse")
        async with self.begin() as work:
            reckons = await self.reckons(work, station)
        said = (
            await self.wire.clear(station, evse or None, [tariff]) if reckons else None
        )
        if said is not None and said.get(tariff) == "Rejected":
            raise TariffRefused(
                f"{station} does not clear {tariff}",
                field="evse",
                remedy="clear it once no transaction is reckoned by it",
            )
        now = self.clock.now()
        async with self.begin() as work:
            await work.tariffs.unassign(station, evse)
            detail = {"evse": evse, "tariff": tariff}
            await work.access.audit(by, "tariff.cleared", station, detail, now)
        self._holding[station].pop(evse, None)
        return said

    async def installed(self, station: StationId) -> Sequence[InstalledTariff]:
        """Return which tariffs a 2.1 station says it holds (I09)."""
        self._known(station, 0)
        return await self.wire.installed(station)

    async def change(
        self, station: StationId, transaction: TransactionId, tariff: str, by: str
    ) -> None:
        """Give an ongoing transaction of a 2.1 station another tariff (I11).

        Raises:
            TariffRefused: If the station does not take it.
        """
        self._known(station, 0)
        async with self.begin() as work:
            known = await _found(work, tariff)
        reply = await self.wire.change(station, transaction, known.document)
        if not reply.accepted:
            raise TariffRefused(
                f"{station} answered {reply.status} {reply.info}".rstrip(),
                field="tariff",
            )
        now = self.clock.now()
        async with self.begin() as work:
            said = {"transaction": transaction, "tariff": tariff}
            await work.access.audit(by, "tariff.changed", station, said, now)

    def holds(self, station: StationId) -> bool:
        """Tell, at once, whether any tariff holds at a station."""
        return bool(self._holding.get(station))

    def holding(self, station: StationId, evse: int) -> str | None:
        """Return, at once, which tariff holds at an EVSE."""
        held = self._holding.get(station, {})
        return held.get(evse) or held.get(0)

    def prices(self, tariff: str) -> Prices | None:
        """Return, at once, the unconditional prices of a tariff."""
        return self._prices.get(tariff)

    async def final(
        self, station: StationId, transaction: TransactionId
    ) -> TransactionCost | None:
        """Return what a transaction has cost that has just ended (I03, E06).

        Its last report is kept and must be answered, so a cost that cannot be reckoned
        is left out.
        """
        try:
            found = await self._reckon(station, transaction, final=True)
            if found is not None:
                async with self.begin() as work:
                    await work.tariffs.save_cost(found)
        except Exception:
            log.exception("cost.unreckoned", station=station, transaction=transaction)
            return None
        return found

    async def step(self) -> int:
        """Tell stations what their ongoing transactions have cost; return how many."""
        told = 0
        stations = [name for name, held in self._holding.items() if held]
        if not stations:
            return 0
        async with self.begin() as work:
            ongoing = await work.tariffs.ongoing(stations)
        for evse, transaction in ongoing:
            told += await self._tell(evse, transaction)
        return told

    async def run(self) -> None:
        """Tell about every minute of business time, until cancelled."""
        while True:
            await pause(max(TELL_EVERY.total_seconds() / self.clock.rate, 1.0))
            try:
                await self.step()
            except Exception:
                log.exception("costs.untold")

    async def _tell(self, evse: EvseId, transaction: TransactionId) -> bool:
        found = await self._reckon(evse.station, transaction, final=False)
        if found is None:
            return False
        async with self.begin() as work:
            known = await work.tariffs.cost(evse.station, transaction)
            shows = await is_true(work, evse.station, SHOWS_COST)
        if known is not None and (known.final or known.total == found.total):
            return False
        told_at = None
        if shows and self.book.is_online(evse.station):
            try:
                await self.wire.tell_cost(evse.station, transaction, float(found.total))
                told_at = self.clock.now()
            except (NoAnswer, RefusedByStation) as problem:
                log.info("cost.untold", station=evse.station, why=str(problem))
        async with self.begin() as work:
            await work.tariffs.save_cost(
                TransactionCost(
                    found.station,
                    found.transaction,
                    found.tariff,
                    found.currency,
                    found.total,
                    final=False,
                    at=found.at,
                    told_at=told_at,
                )
            )
        return told_at is not None

    async def _reckon(
        self, station: StationId, transaction: TransactionId, *, final: bool
    ) -> TransactionCost | None:
        """Return the cost, or none where the station reckons or no tariff holds."""
        async with self.begin() as work:
            bill = await work.tariffs.bill(station, transaction)
            if bill is None or await self.reckons(work, station):
                return None
        held = self._holding.get(station, {})
        tariff = held.get(bill.evse or 0) or held.get(0)
        prices = self._prices.get(tariff) if tariff else None
        if tariff is None or prices is None:
            return None
        now = self.clock.now()
        used = usage(bill.states, bill.registers, bill.ended_at or now)
        return TransactionCost(
            station,
            transaction,
            tariff,
            prices.currency,
            cost(prices, used),
            final=final,
            at=now,
        )

    async def reckons(self, work: Work, station: StationId) -> bool:
        """Tell whether a station reckons costs itself (2.1)."""
        known = self.book.station(station)
        speaks_21 = known is not None and known.edition == EDITION_21
        return speaks_21 and await is_true(work, station, RECKONS)

    def _hold(self, station: StationId, evse: int, tariff: str) -> None:
        self._holding.setdefault(station, {})[evse] = tariff

    def _known(self, station: StationId, evse: int) -> None:
        if self.book.station(station) is None:
            raise UnknownStation(f"there is no station {station}")
        if evse and self.book.evse(EvseId(station, evse)) is None:
            raise UnknownEvse(f"{station} has no EVSE {evse}", field="evse")


async def _found(work: Work, tariff: str) -> Tariff:
    known = await work.tariffs.find(tariff)
    if known is None:
        raise UnknownTariff(f"there is no tariff {tariff}", field="tariff")
    return known


async def is_true(work: Work, station: StationId, key: VariableKey) -> bool:
    """Tell whether a station says that a variable is true."""
    for each in await work.models.variables(station):
        if each.key == key and each.attribute == "Actual":
            return (each.value or "").casefold() == "true"
    return False
