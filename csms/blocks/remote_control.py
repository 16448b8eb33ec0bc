"""Blocks B, E, F and G from our side: start, stop, trigger, reset, take out of service.

``StationRemote`` asks stations; what they answer by themselves comes elsewhere.
"""

from dataclasses import dataclass

from csms.blocks.profile_words import to_wire
from csms.blocks.translating import FindLink, translated, words_of
from csms.domain.errors import Broken
from csms.domain.ids import EvseId, StationId, TransactionId
from csms.domain.profile import Profile
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
    UNLOCK_CONNECTOR,
    MessageTrigger,
    RequestStartTransactionRequest,
    RequestStopTransactionRequest,
    TriggerMessageRequest,
    UnlockConnectorRequest,
)
from csms.ocpp.messages.transactions import (
    GET_TRANSACTION_STATUS,
    GetTransactionStatusRequest,
    GetTransactionStatusResponse,
)
from csms.ocpp.wire import A, Action, Q
from csms.services.ports.wire import Reply, TransactionStatus

_YES = ("Accepted", "Scheduled", "Unlocked")


@dataclass(frozen=True, slots=True)
class StationRemote:
    """Asks stations to act: the port ``RemoteWire``.

    Attributes:
        link: Finds the way to a station.
    """

    link: FindLink

    async def start(
        self,
        evse: EvseId,
        token: IdToken,
        remote_start_id: int,
        profile: Profile | None = None,
    ) -> Reply:
        """Ask for a transaction (F01); its reports may come before this answer."""
        answer = await self._ask(
            evse.station,
            REQUEST_START_TRANSACTION,
            RequestStartTransactionRequest(
                id_token=WireToken(id_token=token.value, type=token.type),
                remote_start_id=remote_start_id,
                evse_id=evse.number,
                charging_profile=None if profile is None else to_wire(profile),
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

    async def unlock(self, evse: EvseId, connector: int) -> Reply:
        """Ask for a connector to be unlocked (F05)."""
        answer = await self._ask(
            evse.station,
            UNLOCK_CONNECTOR,
            UnlockConnectorRequest(evse_id=evse.number, connector_id=connector),
        )
        return _reply(answer.status.value, answer.status_info)

    async def trigger(
        self,
        station: StationId,
        message: str,
        evse: int | None = None,
        connector: int | None = None,
    ) -> Reply:
        """Ask for a message, such as ``BootNotification`` (F06).

        ``Custom:name`` asks for one that its vendor has thought of (2.1, F06.FR.17).

        Raises:
            Broken: If no such message can be asked for.
        """
        custom = message.partition(":")[2]
        wanted = MessageTrigger.CUSTOM_TRIGGER if custom else _trigger(message)
        answer = await self._ask(
            station,
            TRIGGER_MESSAGE,
            TriggerMessageRequest(
                requested_message=wanted,
                evse=_place(evse, connector),
                custom_trigger=custom or None,
            ),
        )
        return _reply(answer.status.value, answer.status_info)

    async def reset(self, station: StationId, *, immediate: bool) -> Reply:
        """Ask for a restart, at once or when no transaction is on (B11, B12)."""
        kind = Reset.IMMEDIATE if immediate else Reset.ON_IDLE
        answer = await self._ask(station, RESET, ResetRequest(type=kind))
        return _reply(answer.status.value, answer.status_info)

    async def change_availability(
        self,
        station: StationId,
        evse: int | None,
        *,
        operative: bool,
        connector: int | None = None,
    ) -> Reply:
        """Take a connector, an EVSE or the station in or out of service (G03, G04)."""
        status = (
            OperationalStatus.OPERATIVE if operative else OperationalStatus.INOPERATIVE
        )
        answer = await self._ask(
            station,
            CHANGE_AVAILABILITY,
            ChangeAvailabilityRequest(
                operational_status=status, evse=_place(evse, connector)
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


def _place(evse: int | None, connector: int | None) -> EVSE | None:
    return None if evse is None else EVSE(id=evse, connector_id=connector)


def _trigger(message: str) -> MessageTrigger:
    try:
        return MessageTrigger(message)
    except ValueError:
        names = ", ".join(each.value for each in MessageTrigger)
        raise Broken(
            f"no station can be asked for {message}",
            field="message",
            remedy=f"ask for one of {names}, or for Custom:name",
        ) from None


def _reply(
    status: str, info: StatusInfo | None, transaction: TransactionId | None = None
) -> Reply:
    return Reply(status in _YES, status, words_of(info), transaction)
