"""What blocks answer and send today, and every action that the editions know.

What is in ``ALL_ACTIONS`` and not in ``HANDLED`` is answered NotImplemented; what is in
neither is answered NotSupported. The models of all actions, those that wait for their
block among them, are listed in ``csms.ocpp.messages.catalog``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from csms.ocpp.messages.authorization import AUTHORIZE
from csms.ocpp.messages.availability import (
    CHANGE_AVAILABILITY,
    HEARTBEAT,
    STATUS_NOTIFICATION,
)
from csms.ocpp.messages.bidirectional import NOTIFY_ALLOWED_ENERGY_TRANSFER
from csms.ocpp.messages.data_transfer import DATA_TRANSFER
from csms.ocpp.messages.der_control import NOTIFY_DER_ALARM, NOTIFY_DER_START_STOP
from csms.ocpp.messages.diagnostics import NOTIFY_EVENT
from csms.ocpp.messages.display import SET_DISPLAY_MESSAGE
from csms.ocpp.messages.metering import METER_VALUES
from csms.ocpp.messages.provisioning import (
    BOOT_NOTIFICATION,
    GET_BASE_REPORT,
    GET_VARIABLES,
    NOTIFY_REPORT,
    RESET,
    SET_VARIABLES,
)
from csms.ocpp.messages.remote_control import (
    REQUEST_START_TRANSACTION,
    REQUEST_STOP_TRANSACTION,
    TRIGGER_MESSAGE,
)
from csms.ocpp.messages.security import SECURITY_EVENT_NOTIFICATION
from csms.ocpp.messages.smart_charging import (
    CLEAR_CHARGING_PROFILE,
    CLEARED_CHARGING_LIMIT,
    GET_CHARGING_PROFILES,
    GET_COMPOSITE_SCHEDULE,
    NOTIFY_CHARGING_LIMIT,
    NOTIFY_EV_CHARGING_NEEDS,
    NOTIFY_EV_CHARGING_SCHEDULE,
    NOTIFY_PRIORITY_CHARGING,
    PULL_DYNAMIC_SCHEDULE_UPDATE,
    REPORT_CHARGING_PROFILES,
    SET_CHARGING_PROFILE,
    UPDATE_DYNAMIC_SCHEDULE,
    USE_PRIORITY_CHARGING,
)
from csms.ocpp.messages.transactions import GET_TRANSACTION_STATUS, TRANSACTION_EVENT
from csms.ocpp.wire import Action, Edition

HANDLED: tuple[Action[Any, Any], ...] = (
    BOOT_NOTIFICATION,
    HEARTBEAT,
    STATUS_NOTIFICATION,
    NOTIFY_REPORT,
    NOTIFY_EVENT,
    AUTHORIZE,
    TRANSACTION_EVENT,
    METER_VALUES,
    NOTIFY_EV_CHARGING_NEEDS,
    NOTIFY_EV_CHARGING_SCHEDULE,
    NOTIFY_CHARGING_LIMIT,
    CLEARED_CHARGING_LIMIT,
    REPORT_CHARGING_PROFILES,
    SECURITY_EVENT_NOTIFICATION,
    DATA_TRANSFER,
    NOTIFY_PRIORITY_CHARGING,
    PULL_DYNAMIC_SCHEDULE_UPDATE,
    NOTIFY_DER_ALARM,
    NOTIFY_DER_START_STOP,
)
"""What a station asks and this system answers."""

SENT: tuple[Action[Any, Any], ...] = (
    GET_BASE_REPORT,
    GET_VARIABLES,
    SET_VARIABLES,
    SET_CHARGING_PROFILE,
    GET_CHARGING_PROFILES,
    CLEAR_CHARGING_PROFILE,
    GET_COMPOSITE_SCHEDULE,
    REQUEST_START_TRANSACTION,
    REQUEST_STOP_TRANSACTION,
    TRIGGER_MESSAGE,
    GET_TRANSACTION_STATUS,
    RESET,
    CHANGE_AVAILABILITY,
    SET_DISPLAY_MESSAGE,
    DATA_TRANSFER,
    UPDATE_DYNAMIC_SCHEDULE,
    NOTIFY_ALLOWED_ENERGY_TRANSFER,
    USE_PRIORITY_CHARGING,
)
"""What this system asks and a station answers."""

_V201 = frozenset(
    {
        "Authorize",
        "BootNotification",
        "CancelReservation",
        "CertificateSigned",
        "ChangeAvailability",
        "ClearCache",
        "ClearChargingProfile",
        "ClearDisplayMessage",
        "ClearVariableMonitoring",
        "ClearedChargingLimit",
        "CostUpdated",
        "CustomerInformation",
        "DataTransfer",
        "DeleteCertificate",
        "FirmwareStatusNotification",
        "Get15118EVCertificate",
        "GetBaseReport",
        "GetCertificateStatus",
        "GetChargingProfiles",
        "GetCompositeSchedule",
        "GetDisplayMessages",
        "GetInstalledCertificateIds",
        "GetLocalListVersion",
        "GetLog",
        "GetMonitoringReport",
        "GetReport",
        "GetTransactionStatus",
        "GetVariables",
        "Heartbeat",
        "InstallCertificate",
        "LogStatusNotification",
        "MeterValues",
        "NotifyChargingLimit",
        "NotifyCustomerInformation",
        "NotifyDisplayMessages",
        "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule",
        "NotifyEvent",
        "NotifyMonitoringReport",
        "NotifyReport",
        "PublishFirmware",
        "PublishFirmwareStatusNotification",
        "ReportChargingProfiles",
        "RequestStartTransaction",
        "RequestStopTransaction",
        "ReservationStatusUpdate",
        "ReserveNow",
        "Reset",
        "SecurityEventNotification",
        "SendLocalList",
        "SetChargingProfile",
        "SetDisplayMessage",
        "SetMonitoringBase",
        "SetMonitoringLevel",
        "SetNetworkProfile",
        "SetVariableMonitoring",
        "SetVariables",
        "SignCertificate",
        "StatusNotification",
        "TransactionEvent",
        "TriggerMessage",
        "UnlockConnector",
        "UnpublishFirmware",
        "UpdateFirmware",
    }
)

_NEW_IN_V21 = frozenset(
    {
        "AFRRSignal",
        "AdjustPeriodicEventStream",
        "BatterySwap",
        "ChangeTransactionTariff",
        "ClearDERControl",
        "ClearTariffs",
        "ClosePeriodicEventStream",
        "GetCertificateChainStatus",
        "GetDERControl",
        "GetPeriodicEventStream",
        "GetTariffs",
        "NotifyAllowedEnergyTransfer",
        "NotifyDERAlarm",
        "NotifyDERStartStop",
        "NotifyPeriodicEventStream",
        "NotifyPriorityCharging",
        "NotifySettlement",
        "NotifyWebPaymentStarted",
        "OpenPeriodicEventStream",
        "PullDynamicScheduleUpdate",
        "ReportDERControl",
        "RequestBatterySwap",
        "SetDERControl",
        "SetDefaultTariff",
        "UpdateDynamicSchedule",
        "UsePriorityCharging",
        "VatNumberValidation",
    }
)

ALL_ACTIONS: Mapping[Edition, frozenset[str]] = MappingProxyType(
    {Edition.V201: _V201, Edition.V21: _V201 | _NEW_IN_V21}
)
"""The name of every action of each edition: 64 and 91."""
