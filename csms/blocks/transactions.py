"""Block E: what stations report of transactions."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from pydantic_core import to_json

from csms.blocks.metering import MeterQuirk, never, readings_from
from csms.blocks.routing import Payload, Route, route_whole
from csms.blocks.translating import token_from
from csms.clock import Clock
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.token import IdToken, Verdict
from csms.domain.transaction import EventType, TransactionReport
from csms.ocpp.messages.common import AuthorizationStatus, IdTokenInfo
from csms.ocpp.messages.transactions import (
    TRANSACTION_EVENT,
    TransactionEvent,
    TransactionEventRequest,
    TransactionEventResponse,
)
from csms.ocpp.wire import Word
from csms.services.ingest import Ingest

DIGEST_SIZE = 16
_NOTED = TransactionEventResponse()
_APART = "offline"
_EVENT_TYPES = {
    TransactionEvent.STARTED: EventType.STARTED,
    TransactionEvent.UPDATED: EventType.UPDATED,
    TransactionEvent.ENDED: EventType.ENDED,
}


class Tokens(Protocol):
    """Whoever knows what a token is allowed."""

    def verdict(self, token: IdToken) -> Verdict:
        """Return what a token is allowed."""
        ...


@dataclass(frozen=True, slots=True)
class Transactions:
    """Records transaction events, and answers for the tokens in them.

    Attributes:
        ingest: Where reports are kept.
        tokens: Who judges tokens.
        clock: When reports come in.
        signed_import: Which stations report export as negative import.
    """

    ingest: Ingest
    tokens: Tokens
    clock: Clock
    signed_import: MeterQuirk = never

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
        answer is never a refusal, except that a token may be refused.
        """
        await self.ingest.record(self.report(station, request, payload))
        if request.id_token is None:
            return _NOTED
        verdict = self.tokens.verdict(token_from(request.id_token))
        status = AuthorizationStatus(verdict.value)
        return TransactionEventResponse(id_token_info=IdTokenInfo(status=status))

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
            signed_import=self.signed_import(station),
        )
        text = _text(request.write() if payload is None else payload)
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
            id_token=None if token is None else token.id_token,
            remote_start_id=info.remote_start_id,
            readings=readings,
            payload=text.decode(),
            digest=blake2b(text, digest_size=DIGEST_SIZE).digest(),
        )


def _text(payload: Payload) -> bytes:
    """Return a report as JSON; a repetition may differ in being marked as sent late."""
    if _APART in payload:
        payload = {name: said for name, said in payload.items() if name != _APART}
    return to_json(payload)


def _word(word: Word | None) -> str | None:
    return None if word is None else word._value_
