"""What happens between a vehicle coming and going (block E)."""

from typing import Annotated

from pydantic import Field

from csms.ocpp.messages.common import EVSE, IdToken, IdTokenInfo, MessageContent
from csms.ocpp.messages.metering import MeterValue
from csms.ocpp.messages.profiles import OperationMode
from csms.ocpp.messages.tariffs import CostDetails
from csms.ocpp.wire import (
    BOTH,
    FROM_STATION,
    TO_STATION,
    Action,
    Instant,
    Integer,
    Many,
    Natural,
    Number,
    Percent,
    PhaseCount,
    Wire,
    Word,
    at_most,
    text,
)


class ChargingState(Word):
    """What the EVSE and the vehicle are doing."""

    EV_CONNECTED = "EVConnected"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    IDLE = "Idle"


class PreconditioningStatus(Word):
    """Whether the battery is warm enough."""

    UNKNOWN = "Unknown"
    READY = "Ready"
    NOT_READY = "NotReady"
    PRECONDITIONING = "Preconditioning"


class Reason(Word):
    """Why a transaction ended; Local if it is not said."""

    DEAUTHORIZED = "DeAuthorized"
    EMERGENCY_STOP = "EmergencyStop"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_DISCONNECTED = "EVDisconnected"
    GROUND_FAULT = "GroundFault"
    IMMEDIATE_RESET = "ImmediateReset"
    MASTER_PASS = "MasterPass"  # noqa: S105, not a secret
    LOCAL = "Local"
    LOCAL_OUT_OF_CREDIT = "LocalOutOfCredit"
    OTHER = "Other"
    OVERCURRENT_FAULT = "OvercurrentFault"
    POWER_LOSS = "PowerLoss"
    POWER_QUALITY = "PowerQuality"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOC_LIMIT_REACHED = "SOCLimitReached"
    STOPPED_BY_EV = "StoppedByEV"
    TIME_LIMIT_REACHED = "TimeLimitReached"
    TIMEOUT = "Timeout"
    REQ_ENERGY_TRANSFER_REJECTED = "ReqEnergyTransferRejected"


class TransactionEvent(Word):
    """Whether a transaction starts, goes on, or ends."""

    ENDED = "Ended"
    STARTED = "Started"
    UPDATED = "Updated"


class TriggerReason(Word):
    """Why an event of a transaction is reported."""

    ABNORMAL_CONDITION = "AbnormalCondition"
    AUTHORIZED = "Authorized"
    CABLE_PLUGGED_IN = "CablePluggedIn"
    CHARGING_RATE_CHANGED = "ChargingRateChanged"
    CHARGING_STATE_CHANGED = "ChargingStateChanged"
    COST_LIMIT_REACHED = "CostLimitReached"
    DEAUTHORIZED = "Deauthorized"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_COMMUNICATION_LOST = "EVCommunicationLost"
    EV_CONNECT_TIMEOUT = "EVConnectTimeout"
    EV_DEPARTED = "EVDeparted"
    EV_DETECTED = "EVDetected"
    LIMIT_SET = "LimitSet"
    METER_VALUE_CLOCK = "MeterValueClock"
    METER_VALUE_PERIODIC = "MeterValuePeriodic"
    OPERATION_MODE_CHANGED = "OperationModeChanged"
    REMOTE_START = "RemoteStart"
    REMOTE_STOP = "RemoteStop"
    RESET_COMMAND = "ResetCommand"
    RUNNING_COST = "RunningCost"
    SIGNED_DATA_RECEIVED = "SignedDataReceived"
    SOC_LIMIT_REACHED = "SoCLimitReached"
    STOP_AUTHORIZED = "StopAuthorized"
    TARIFF_CHANGED = "TariffChanged"
    TARIFF_NOT_ACCEPTED = "TariffNotAccepted"
    TIME_LIMIT_REACHED = "TimeLimitReached"
    TRIGGER = "Trigger"
    TX_RESUMED = "TxResumed"
    UNLOCK_COMMAND = "UnlockCommand"


class GetTransactionStatusRequest(Wire):
    """Ask whether a transaction goes on and whether messages wait (E14)."""

    transaction_id: Annotated[str, text(36)] | None = None


class GetTransactionStatusResponse(Wire):
    """Whether a transaction goes on and whether messages wait."""

    messages_in_queue: bool
    ongoing_indicator: bool | None = None


class TransactionLimit(Wire):
    """Bounds that a driver or the system sets to a transaction."""

    max_cost: Number | None = None
    max_energy: Number | None = None
    max_time: Integer | None = None
    max_soc: Percent | None = Field(default=None, alias="maxSoC")


class Transaction(Wire):
    """A transaction as a station describes it."""

    transaction_id: Annotated[str, text(36)]
    charging_state: ChargingState | None = None
    time_spent_charging: Integer | None = None
    stopped_reason: Reason | None = None
    remote_start_id: Integer | None = None
    operation_mode: OperationMode | None = None
    tariff_id: Annotated[str, text(60)] | None = None
    transaction_limit: TransactionLimit | None = None


class TransactionEventRequest(Wire):
    """Something happened in a transaction (E01 to E15).

    Attributes:
        seq_no: Counts the events of the transaction, in order.
        offline: Whether it happened without connection; no if it is not said.
    """

    event_type: TransactionEvent
    timestamp: Instant
    trigger_reason: TriggerReason
    seq_no: Natural
    transaction_info: Transaction
    cost_details: CostDetails | None = None
    meter_value: Many[MeterValue] | None = None
    offline: bool | None = None
    number_of_phases_used: PhaseCount | None = None
    cable_max_current: Integer | None = None
    reservation_id: Natural | None = None
    preconditioning_status: PreconditioningStatus | None = None
    evse_sleep: bool | None = None
    evse: EVSE | None = None
    id_token: IdToken | None = None


class TransactionEventResponse(Wire):
    """The event is noted; what is known about the identity token."""

    total_cost: Number | None = None
    charging_priority: Integer | None = None
    id_token_info: IdTokenInfo | None = None
    transaction_limit: TransactionLimit | None = None
    updated_personal_message: MessageContent | None = None
    updated_personal_message_extra: (
        Annotated[Many[MessageContent], at_most(4)] | None
    ) = None


TRANSACTION_EVENT: Action[TransactionEventRequest, TransactionEventResponse] = Action(
    "TransactionEvent",
    TransactionEventRequest,
    TransactionEventResponse,
    BOTH,
    FROM_STATION,
)
GET_TRANSACTION_STATUS: Action[
    GetTransactionStatusRequest, GetTransactionStatusResponse
] = Action(
    "GetTransactionStatus",
    GetTransactionStatusRequest,
    GetTransactionStatusResponse,
    BOTH,
    TO_STATION,
)
