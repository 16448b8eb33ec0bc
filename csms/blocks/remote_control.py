"""Blocks B, E, F and G from our side: start, stop, trigger, reset, take out of service.

``StationRemote`` asks stations; what they answer by themselves comes elsewhere.
"""

from dataclasses import dataclass

from csms.blocks.translating import FindLink, translated, words_of
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.token import IdToken
from csms.ocpp.link import Link, Priority
from csms.ocpp.messages.availability import (
    CHANGE_AVAILABILITY,
    ChangeAvailabilityRequest,
    OperationalStatus,
)
from csms.ocpp.messages.common import EVSE, StatusInfo
from csms.ocpp.messages.common import IdToken as WireToken
from csms.ocpp.messages.provisioning import RESET, Reset, ResetRequest
from csms.ocpp.messages.remote_control import (
    REQUEST_START_TRANSACTION,
    REQUEST_STOP_TRANSACTION,
    TRIGGER_MESSAGE,
    MessageTrigger,
    RequestStartTransactionRequest,
    RequestStopTransactionRequest,
    TriggerMessageRequest,
)
from csms.ocpp.messages.transactions import (
    GET_TRANSACTION_STATUS,
    GetTransactionStatusRequest,
    GetTransactionStatusResponse,
)
from csms.ocpp.wire import A, Action, Q
from csms.services.ports.wire import Reply, TransactionStatus

_YES = ("Accepted", "Scheduled")


@dataclass(frozen=True, slots=True)
class StationRemote:
    """Asks stations to act: the port ``RemoteWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    async def start(self, evse: EvseId, token: IdToken, remote_start_id: int) -> Reply:
        """Ask for a transaction (F01); its reports may come before this answer."""
        answer = await self._ask(
            evse.station,
            REQUEST_START_TRANSACTION,
            RequestStartTransactionRequest(
                id_token=WireToken(id_token=token.value, type=token.type),
                remote_start_id=remote_start_id,
                evse_id=evse.number,
            ),
        )
        said = answer.transaction_id
        return _reply(
            answer.status.value,
            answer.status_info,
            TransactionId(said) if said else None,
        )

    async def stop(self, station: StationId, transaction: TransactionId) -> Reply:
        """Ask for the end of a transaction (F03)."""
        answer = await self._ask(
            station,
            REQUEST_STOP_TRANSACTION,
            RequestStopTransactionRequest(transaction_id=transaction),
        )
        return _reply(answer.status.value, answer.status_info)

    async def trigger(
        self, station: StationId, message: str, evse: int | None = None
    ) -> Reply:
        """Ask for a message, such as ``BootNotification`` (F06)."""
        answer = await self._ask(
            station,
            TRIGGER_MESSAGE,
            TriggerMessageRequest(
                requested_message=MessageTrigger(message),
                evse=None if evse is None else EVSE(id=evse),
            ),
        )
        return _reply(answer.status.value, answer.status_info)

    async def reset(self, station: StationId, *, immediate: bool) -> Reply:
        """Ask for a restart, at once or when no transaction is on (B11, B12)."""
        kind = Reset.IMMEDIATE if immediate else Reset.ON_IDLE
        answer = await self._ask(station, RESET, ResetRequest(type=kind))
        return _reply(answer.status.value, answer.status_info)

    async def change_availability(
        self, station: StationId, evse: int | None, *, operative: bool
    ) -> Reply:
        """Take an EVSE, or the whole station, in or out of service (G03, G04)."""
        status = (
            OperationalStatus.OPERATIVE if operative else OperationalStatus.INOPERATIVE
        )
        answer = await self._ask(
            station,
            CHANGE_AVAILABILITY,
            ChangeAvailabilityRequest(
                operational_status=status,
                evse=None if evse is None else EVSE(id=evse),
            ),
        )
        return _reply(answer.status.value, answer.status_info)

    async def transaction_status(
        self, station: StationId, transaction: TransactionId | None
    ) -> TransactionStatus:
        """Return whether a transaction goes on, and whether reports wait (E14)."""
        answer: GetTransactionStatusResponse = await self._ask(
            station,
            GET_TRANSACTION_STATUS,
            GetTransactionStatusRequest(transaction_id=transaction),
        )
        return TransactionStatus(answer.ongoing_indicator, answer.messages_in_queue)

    async def _ask(self, station: StationId, action: Action[Q, A], request: Q) -> A:
        async def call(link: Link) -> A:
            return await link.ask(action, request, priority=Priority.ROUTINE)

        return await translated(self.link(station), call, station)


def _reply(
    status: str, info: StatusInfo | None, transaction: TransactionId | None = None
) -> Reply:
    return Reply(status in _YES, status, words_of(info), transaction)
