"""Starting, stopping, unlocking and triggering from afar (block F)."""

from typing import Annotated

from csms.ocpp.messages.common import EVSE, IdToken, StatusInfo
from csms.ocpp.messages.profiles import ChargingProfile
from csms.ocpp.wire import (
    BOTH,
    TO_STATION,
    Action,
    Integer,
    Natural,
    Positive,
    Wire,
    Word,
    text,
)


class MessageTrigger(Word):
    """What a station should send."""

    BOOT_NOTIFICATION = "BootNotification"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    SIGN_CHARGING_STATION_CERTIFICATE = "SignChargingStationCertificate"
    SIGN_V2G_CERTIFICATE = "SignV2GCertificate"
    SIGN_V2G20_CERTIFICATE = "SignV2G20Certificate"
    STATUS_NOTIFICATION = "StatusNotification"
    TRANSACTION_EVENT = "TransactionEvent"
    SIGN_COMBINED_CERTIFICATE = "SignCombinedCertificate"
    PUBLISH_FIRMWARE_STATUS_NOTIFICATION = "PublishFirmwareStatusNotification"
    CUSTOM_TRIGGER = "CustomTrigger"


class RequestStartStopStatus(Word):
    """Whether a transaction will start or stop."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class TriggerMessageStatus(Word):
    """Whether the message will come."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_IMPLEMENTED = "NotImplemented"


class UnlockStatus(Word):
    """Whether a connector was unlocked."""

    UNLOCKED = "Unlocked"
    UNLOCK_FAILED = "UnlockFailed"
    ONGOING_AUTHORIZED_TRANSACTION = "OngoingAuthorizedTransaction"
    UNKNOWN_CONNECTOR = "UnknownConnector"


class RequestStartTransactionRequest(Wire):
    """Start a transaction (F01, F02)."""

    id_token: IdToken
    remote_start_id: Integer
    evse_id: Positive | None = None
    group_id_token: IdToken | None = None
    charging_profile: ChargingProfile | None = None


class RequestStartTransactionResponse(Wire):
    """Whether a transaction will start; its id if there already is one."""

    status: RequestStartStopStatus
    status_info: StatusInfo | None = None
    transaction_id: Annotated[str, text(36)] | None = None


class RequestStopTransactionRequest(Wire):
    """Stop a transaction (F03)."""

    transaction_id: Annotated[str, text(36)]


class RequestStopTransactionResponse(Wire):
    """Whether the transaction will stop."""

    status: RequestStartStopStatus
    status_info: StatusInfo | None = None


class TriggerMessageRequest(Wire):
    """Ask a station to send a message now (F06)."""

    requested_message: MessageTrigger
    evse: EVSE | None = None
    custom_trigger: Annotated[str, text(50)] | None = None


class TriggerMessageResponse(Wire):
    """Whether the message will come."""

    status: TriggerMessageStatus
    status_info: StatusInfo | None = None


class UnlockConnectorRequest(Wire):
    """Unlock a connector from afar (F05)."""

    evse_id: Natural
    connector_id: Natural


class UnlockConnectorResponse(Wire):
    """Whether the connector was unlocked."""

    status: UnlockStatus
    status_info: StatusInfo | None = None


REQUEST_START_TRANSACTION: Action[
    RequestStartTransactionRequest, RequestStartTransactionResponse
] = Action(
    "RequestStartTransaction",
    RequestStartTransactionRequest,
    RequestStartTransactionResponse,
    BOTH,
    TO_STATION,
)
REQUEST_STOP_TRANSACTION: Action[
    RequestStopTransactionRequest, RequestStopTransactionResponse
] = Action(
    "RequestStopTransaction",
    RequestStopTransactionRequest,
    RequestStopTransactionResponse,
    BOTH,
    TO_STATION,
)
TRIGGER_MESSAGE: Action[TriggerMessageRequest, TriggerMessageResponse] = Action(
    "TriggerMessage", TriggerMessageRequest, TriggerMessageResponse, BOTH, TO_STATION
)
UNLOCK_CONNECTOR: Action[UnlockConnectorRequest, UnlockConnectorResponse] = Action(
    "UnlockConnector", UnlockConnectorRequest, UnlockConnectorResponse, BOTH, TO_STATION
)
