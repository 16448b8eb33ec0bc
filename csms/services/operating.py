"""What an operator asks of stations by hand: start, stop, unlock, trigger, service.

Each request is written down before it is sent, so that a crash leaves it open and not
forgotten; a start is found again by its number when the station reports of it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from csms.clock import Clock
from csms.domain.errors import Broken, Conflict, NotFound
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import Kind, Period, Profile, Purpose, RateUnit
from csms.domain.station import Standing
from csms.domain.station_request import RequestKind, RequestState, StationRequest
from csms.domain.token import IdToken
from csms.domain.units import Power
from csms.services.asking import StationPending, StationRejected
from csms.services.live import LiveFleet
from csms.services.ports.requests import OperatingWire
from csms.services.ports.wire import NoAnswer, RefusedByStation, Reply
from csms.services.ports.work import Begin
from csms.services.reception import UnknownEvse, UnknownStation
from csms.services.stations import StationBook

DAY = timedelta(days=1)
START_PROFILES = 900_000
"""Above it, by EVSE, lie the ids of profiles that come with a start (K01.FR.05)."""


class UnknownTransaction(NotFound):
    """The station has no such ongoing transaction."""

    code = "unknown-transaction"
    usual_remedy = "see csms stations show"


class EvseBusy(Conflict):
    """The EVSE has an ongoing transaction already."""

    code = "evse-busy"


class Permits(Protocol):
    """Whoever judges starts."""

    def require(self, station: StationId, token: IdToken, evse: int | None) -> None:
        """Raise why a token must not be started there, if it must not."""
        ...


@dataclass(frozen=True, slots=True)
class Operating:
    """Asks stations to act, and keeps what became of it.

    Attributes:
        clock: Where business time comes from.
        begin: Begins a unit of work.
        book: What is known of every station.
        live: What every EVSE is doing.
        wire: How stations are asked.
        starts: Judges who may be started.
    """

    clock: Clock
    begin: Begin
    book: StationBook
    live: LiveFleet
    wire: OperatingWire
    starts: Permits

    async def start(
        self, evse: EvseId, token: IdToken, by: str, limit: Power | None = None
    ) -> StationRequest:
        """Start a transaction (F01, F02).

        Args:
            evse: Where.
            token: For whom.
            by: Who asks.
            limit: Most that the vehicle may be charged with, above zero; it goes along
                as a TxProfile for a day (F01.FR.08). It can never discharge.

        Raises:
            UnknownStation: If there is no such station.
            UnknownEvse: If it has no such EVSE.
            TokenRefused: If the token may not charge there.
            ReservedForAnother: If the EVSE is kept free for somebody else.
            StationPending: If it is not accepted yet.
            EvseBusy: If an authorized transaction goes on there. One that waits for
                somebody, because the cable was first, is what is started (F01).
        """
        self._known(evse.station, evse.number, accepted=True)
        if limit is not None and limit.watts <= 0:
            raise Broken(
                "a limit to start with is above zero",
                field="max_kw",
                remedy="leave it out, or call an event to discharge",
            )
        self.starts.require(evse.station, token, evse.number)
        if (ongoing := await self._authorized(evse)) is not None:
            raise EvseBusy(
                f"{evse} has the ongoing transaction {ongoing}",
                field="evse",
                remedy="stop that one first",
            )
        profile = None if limit is None else start_profile(evse, limit)
        detail: dict[str, Any] = {"id_token": token.value, "type": token.type}
        if limit is not None:
            detail["limit_w"] = limit.watts

        async def ask(number: int) -> Reply:
            return await self.wire.start(evse, token, number, profile)

        return await self._ask(
            RequestKind.START, evse.station, by, ask, evse=evse.number, detail=detail
        )

    async def stop(
        self, station: StationId, transaction: TransactionId, by: str
    ) -> StationRequest:
        """Stop a transaction (F03).

        Raises:
            UnknownStation: If there is no such station.
            StationPending: If it is not accepted yet.
            UnknownTransaction: If no such transaction goes on there.
        """
        self._known(station, accepted=True)
        async with self.begin() as work:
            ongoing = {each.id for each in await work.telemetry.ongoing(station)}
        if transaction not in ongoing:
            raise UnknownTransaction(
                f"{station} has no ongoing transaction {transaction}",
                field="transaction",
                remedy="see the open transactions of the station",
            )

        async def ask(_: int) -> Reply:
            return await self.wire.stop(station, transaction)

        return await self._ask(
            RequestKind.STOP, station, by, ask, transaction=transaction
        )

    async def unlock(self, evse: EvseId, connector: int, by: str) -> StationRequest:
        """Unlock a connector (F05).

        Raises:
            UnknownStation: If there is no such station.
            UnknownEvse: If it has no such EVSE.
            EvseBusy: If an authorized transaction goes on there (F05.FR.02).
        """
        self._known(evse.station, evse.number)
        if (ongoing := await self._authorized(evse)) is not None:
            raise EvseBusy(
                f"{evse} has the ongoing transaction {ongoing}",
                field="evse",
                remedy="stop it; most stations unlock by themselves then",
            )

        async def ask(_: int) -> Reply:
            return await self.wire.unlock(evse, connector)

        return await self._ask(
            RequestKind.UNLOCK,
            evse.station,
            by,
            ask,
            evse=evse.number,
            connector=connector,
        )

    async def trigger(
        self,
        station: StationId,
        message: str,
        by: str,
        evse: int | None = None,
        connector: int | None = None,
    ) -> StationRequest:
        """Ask a station for a message (F06).

        Raises:
            UnknownStation: If there is no such station.
            UnknownEvse: If it has no such EVSE.
            Broken: If no such message can be asked for.
        """
        self._known(station, evse)

        async def ask(_: int) -> Reply:
            return await self.wire.trigger(station, message, evse, connector)

        return await self._ask(
            RequestKind.TRIGGER,
            station,
            by,
            ask,
            evse=evse,
            connector=connector,
            detail={"message": message},
        )

    async def set_availability(
        self,
        station: StationId,
        by: str,
        *,
        operative: bool,
        evse: int | None = None,
        connector: int | None = None,
    ) -> StationRequest:
        """Take a connector, an EVSE or a station in or out of service (G03, G04).

        A station with an ongoing transaction says Scheduled: the change is done when
        its connectors say so, or superseded by another one.

        Raises:
            UnknownStation: If there is no such station.
            UnknownEvse: If it has no such EVSE.
        """
        self._known(station, evse)
        if connector is not None and evse is None:
            raise Broken(
                "a connector belongs to an EVSE",
                field="evse",
                remedy="name the EVSE of the connector",
            )

        async def ask(_: int) -> Reply:
            return await self.wire.change_availability(
                station, evse, operative=operative, connector=connector
            )

        return await self._ask(
            RequestKind.AVAILABILITY,
            station,
            by,
            ask,
            evse=evse,
            connector=connector,
            detail={"operative": operative},
        )

    async def _authorized(self, evse: EvseId) -> TransactionId | None:
        """Return what goes on at an EVSE, if it does so for somebody."""
        if self.live.get(evse).transaction is None:
            return None
        async with self.begin() as work:
            ongoing = await work.telemetry.ongoing(evse.station)
        for each in ongoing:
            someone = each.id_token or each.remote_start_id is not None
            if each.evse == evse.number and someone:
                return each.id
        return None

    def _known(
        self, station: StationId, evse: int | None = None, *, accepted: bool = False
    ) -> None:
        known = self.book.station(station)
        if known is None:
            raise UnknownStation(f"there is no station {station}")
        if known.standing is Standing.REJECTED:
            raise StationRejected
        if accepted and known.standing is Standing.PENDING:
            raise StationPending
        if evse is not None and self.book.evse(EvseId(station, evse)) is None:
            raise UnknownEvse(
                f"{station} has no EVSE {evse}",
                field="evse",
                remedy="see the EVSEs of the station",
            )

    async def _ask(  # noqa: PLR0913, one request in all its parts
        self,
        kind: RequestKind,
        station: StationId,
        by: str,
        ask: Callable[[int], Awaitable[Reply]],
        *,
        evse: int | None = None,
        connector: int | None = None,
        detail: Mapping[str, Any] | None = None,
        transaction: TransactionId | None = None,
    ) -> StationRequest:
        said = dict(detail or {})
        if transaction is not None:
            said["transaction"] = transaction
        now = self.clock.now()
        async with self.begin() as work:
            number = await work.requests.open(
                station,
                kind,
                evse=evse,
                connector=connector,
                detail=said,
                by=by,
                at=now,
            )
            place = {"request": number, "evse": evse, "connector": connector}
            told = {name: value for name, value in place.items() if value is not None}
            await work.access.audit(by, f"station.{kind}", station, told | said, now)
        state, reply = RequestState.OPEN, Reply(accepted=False, status="")
        try:
            reply = await ask(number)
            state = _state_of(kind, reply)
        except NoAnswer as silence:
            reply = Reply(accepted=False, status="", info=f"no answer: {silence.kind}")
        except RefusedByStation as refusal:
            state = RequestState.REFUSED
            words = f"{refusal.code} {refusal.description}".strip()
            reply = Reply(accepted=False, status="", info=words)
        async with self.begin() as work:
            request = await work.requests.close(
                number,
                state,
                status=reply.status or None,
                info=reply.info,
                transaction=reply.transaction or transaction,
            )
            if kind is RequestKind.AVAILABILITY and reply.accepted:
                await work.requests.supersede(station, evse, connector, number)
        return request


def start_profile(
    evse: EvseId, limit: Power, transaction: TransactionId | None = None
) -> Profile:
    """Return what comes with a start that is limited (F01.FR.08).

    Args:
        evse: Where.
        limit: Most that the vehicle may be charged with, above zero.
        transaction: The transaction, once there is one.
    """
    return Profile(
        id=START_PROFILES + evse.number,
        evse=evse,
        purpose=Purpose.TX,
        kind=Kind.RELATIVE,
        stack_level=0,
        unit=RateUnit.WATTS,
        periods=(Period(0, limit=float(limit.watts)),),
        duration=DAY,
        transaction=transaction,
    )


def _state_of(kind: RequestKind, reply: Reply) -> RequestState:
    if kind is RequestKind.AVAILABILITY and reply.status == "Scheduled":
        return RequestState.SCHEDULED
    return RequestState.ACCEPTED if reply.accepted else RequestState.REFUSED
