"""Block E: what stations report of transactions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Protocol

from pydantic_core import to_json

from csms.blocks.authorization import Refused, untold
from csms.blocks.metering import FindHabits, readings_from, usual
from csms.blocks.places import Places
from csms.blocks.routing import Payload, Route, route_whole
from csms.blocks.signed_values import Keeper, signed_from
from csms.blocks.translating import info_of, token_from
from csms.clock import Clock
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.secrecy import HIDDEN
from csms.domain.tariff import TransactionCost
from csms.domain.token import KEY_CODE, IdToken, Judgement
from csms.domain.transaction import EventType, Recorded, TransactionReport
from csms.ocpp.messages.common import IdToken as WireToken
from csms.ocpp.messages.transactions import (
    TRANSACTION_EVENT,
    TransactionEvent,
    TransactionEventRequest,
    TransactionEventResponse,
    TriggerReason,
)
from csms.ocpp.wire import Word
from csms.services.ingest import Ingest
from csms.services.ports.wire import Deviations, DeviationSeen

DIGEST_SIZE = 16
_NOTED = TransactionEventResponse()
_APART = "offline"
_ODDLY_NUMBERED = {
    Recorded.RENUMBERED: "reused-seq-no",
    Recorded.CONFLICT: "contradicting-report",
}
_EVENT_TYPES = {
    TransactionEvent.STARTED: EventType.STARTED,
    TransactionEvent.UPDATED: EventType.UPDATED,
    TransactionEvent.ENDED: EventType.ENDED,
}


class Tokens(Protocol):
    """Whoever knows what a token is allowed."""

    def judge(
        self,
        station: StationId,
        token: IdToken,
        evse: int | None = None,
        *,
        starting: bool = False,
    ) -> Judgement:
        """Return what a station is told of a token."""
        ...


class Reservations(Protocol):
    """Whoever keeps reservations."""

    async def used(
        self,
        station: StationId,
        transaction: TransactionId,
        number: int | None,
        token: IdToken | None,
        evse: int | None,
    ) -> None:
        """Take note of a transaction that may have begun with a reservation."""
        ...


class NoReservations:
    """The port ``Reservations`` of a system that keeps none."""

    async def used(
        self,
        station: StationId,
        transaction: TransactionId,
        number: int | None,
        token: IdToken | None,
        evse: int | None,
    ) -> None:
        """Take no note."""


NONE_KEPT = NoReservations()

Resumed = Callable[[EvseId, TransactionId], None]
"""Is told of a transaction that goes on after a restart of its station."""


def unheard(evse: EvseId, transaction: TransactionId) -> None:
    """Take no note."""
    del evse, transaction


class Costs(Protocol):
    """Whoever reckons what transactions cost."""

    def holds(self, station: StationId) -> bool:
        """Tell whether any tariff holds at a station."""
        ...

    async def final(
        self, station: StationId, transaction: TransactionId
    ) -> TransactionCost | None:
        """Return what a transaction has cost that has just ended."""
        ...


@dataclass(frozen=True, slots=True)
class Transactions:
    """Records transaction events, and answers for the tokens in them.

    Attributes:
        ingest: Where reports are kept.
        tokens: Who judges tokens.
        clock: When reports come in.
        habits: How stations measure.
        reservations: Who keeps reservations.
        signed: Where signed values are kept.
        costs: Who reckons what an ended transaction has cost.
        deviations: Where oddly numbered and dated reports are counted.
        most_ahead: How far a station's clock may be ahead without being counted.
        resumed: Is told of transactions that go on after a restart (2.1).
        refused: Takes note of who may not charge.
        places: Knows which EVSEs there are.
    """

    ingest: Ingest
    tokens: Tokens
    clock: Clock
    habits: FindHabits = usual
    reservations: Reservations = NONE_KEPT
    signed: Keeper | None = None
    costs: Costs | None = None
    deviations: Deviations | None = None
    most_ahead: timedelta = timedelta(seconds=60)
    resumed: Resumed = unheard
    refused: Refused = untold
    places: Places | None = None

    def routes(self) -> Iterator[Route]:
        """Name every action this block answers."""
        yield route_whole(TRANSACTION_EVENT, self.transaction_event)

    async def transaction_event(
        self,
        station: StationId,
        request: TransactionEventRequest,
        payload: Payload | None = None,
    ) -> TransactionEventResponse:
        """Keep a report, and answer once it is kept (E01 to E15).

        Repeated, late and odd reports are answered like any other (E01.FR.07): an
        answer is never a refusal, except that a token may be refused (E05.FR.01).
        """
        report = self.report(station, request, payload)
        if self.places is not None and report.evse:
            place = EvseId(station, report.evse)
            self.places.check(place, "TransactionEvent.evse.id")
        self._count(report, await self.ingest.record(report))
        if request.trigger_reason is TriggerReason.TX_RESUMED:
            self._resume(report)
        if self.signed is not None and request.meter_value is not None:
            place = EvseId(station, report.evse or 0)
            if signed := signed_from(request.meter_value, place, report.transaction):
                await self.signed.keep(signed)
        cost = await self._cost(report)
        told = await self._judgement(report, request)
        if cost is None and told is None:
            return _NOTED
        return TransactionEventResponse(
            id_token_info=None if told is None else info_of(told), total_cost=cost
        )

    def _count(self, report: TransactionReport, recorded: Recorded) -> None:
        """Count what was kept although it was numbered or dated wrongly.

        Nothing can be reported before it has happened: such a clock is ahead.
        """
        seen: list[DeviationSeen] = []
        kind = _ODDLY_NUMBERED.get(recorded)
        if kind is not None:
            detail = f"{report.transaction} #{report.seq_no} at {report.at}"
            seen.append(DeviationSeen(kind, "TransactionEvent.seqNo", detail))
        ahead = report.at - report.received_at
        if ahead > self.most_ahead:
            detail = f"by {ahead.total_seconds():.0f} s"
            path = "TransactionEvent.timestamp"
            seen.append(DeviationSeen("clock-ahead", path, detail))
        if seen and self.deviations is not None:
            self.deviations.count(report.station, seen, self.clock.now())

    def _resume(self, report: TransactionReport) -> None:
        """Tell of a transaction that goes on (B13.FR.30, E17.FR.14)."""
        number = report.evse or self.ingest.evse_of(report.station, report.transaction)
        if number is not None:
            self.resumed(EvseId(report.station, number), report.transaction)

    async def _judgement(
        self, report: TransactionReport, request: TransactionEventRequest
    ) -> Judgement | None:
        """Judge the token of a report, if it brings one."""
        said, number = request.id_token, request.reservation_id
        if said is None and number is None:
            return None
        token = None if said is None else token_from(said)
        starting = _is_start(request)
        if starting or number is not None:
            await self.reservations.used(
                report.station, report.transaction, number, token, report.evse
            )
        if token is None:
            return None
        station, evse = report.station, report.evse
        told = self.tokens.judge(station, token, evse, starting=starting)
        self.refused(station, token, told, evse)
        return told

    async def _cost(self, report: TransactionReport) -> float | None:
        """Return what an ended transaction has cost, if a tariff holds (I03)."""
        ended = report.event_type is EventType.ENDED
        if not ended or self.costs is None or not self.costs.holds(report.station):
            return None
        found = await self.costs.final(report.station, report.transaction)
        return None if found is None else float(found.total)

    def report(
        self,
        station: StationId,
        request: TransactionEventRequest,
        payload: Payload | None = None,
    ) -> TransactionReport:
        """Return a transaction event in the words of this system.

        Args:
            station: Who reports.
            request: What it says.
            payload: The same as it came, if it came as the standard has it.
        """
        info, token = request.transaction_info, request.id_token
        transaction = TransactionId(info.transaction_id)
        evse = request.evse.id if request.evse is not None else 0
        number = evse or self.ingest.evse_of(station, transaction)
        readings = readings_from(
            request.meter_value or (),
            EvseId(station, number or 0),
            transaction,
            habits=self.habits(station),
        )
        text = _text(request.write() if payload is None else payload, token)
        return TransactionReport(
            station=station,
            transaction=transaction,
            seq_no=request.seq_no,
            event_type=_EVENT_TYPES[request.event_type],
            trigger=request.trigger_reason._value_,
            at=request.timestamp,
            offline=bool(request.offline),
            received_at=self.clock.now(),
            evse=number,
            charging_state=_word(info.charging_state),
            operation_mode=_word(info.operation_mode),
            stopped_reason=_word(info.stopped_reason),
            id_token=None if token is None else token_from(token).shown,
            remote_start_id=info.remote_start_id,
            readings=readings,
            payload=text.decode(),
            digest=blake2b(text, digest_size=DIGEST_SIZE).digest(),
        )


def _is_start(request: TransactionEventRequest) -> bool:
    """Tell whether a transaction begins, or begins to charge, by a token."""
    if request.event_type is TransactionEvent.ENDED:
        return False
    return (
        request.event_type is TransactionEvent.STARTED
        or request.trigger_reason is TriggerReason.AUTHORIZED
    )


def _text(payload: Payload, token: WireToken | None) -> bytes:
    """Return a report as JSON, without key codes (C04.FR.04).

    A repetition may differ in being marked as sent late.
    """
    if _APART in payload:
        payload = {name: said for name, said in payload.items() if name != _APART}
    if token is not None and token.type == KEY_CODE:
        payload = {**payload, "idToken": {"idToken": HIDDEN, "type": KEY_CODE}}
    return to_json(payload)


def _word(word: Word | None) -> str | None:
    return None if word is None else word._value_
