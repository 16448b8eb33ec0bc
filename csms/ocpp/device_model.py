"""Components and variables of the device model, by name (2.1 part 2, appendix 3).

Only those this system reads or writes. A station may know more, and may lack any.
"""

from dataclasses import dataclass

from csms.ocpp.messages.common import EVSE, Component, Variable


@dataclass(frozen=True, slots=True, order=True)
class VariableName:
    """A variable, wherever in a station it is.

    Attributes:
        component: The name of its component.
        variable: Its own name.
        instance: Which of several of that name; empty if there is one only.
    """

    component: str
    variable: str
    instance: str = ""

    @property
    def path(self) -> str:
        """Return the name as people write it, such as ``TxCtrlr.TxStartPoint``."""
        suffix = f"[{self.instance}]" if self.instance else ""
        return f"{self.component}.{self.variable}{suffix}"

    def on(self, instance: str) -> "VariableName":
        """Return the variable of the same name in another instance."""
        return VariableName(self.component, self.variable, instance)

    def at(self, evse: int | None = None) -> tuple[Component, Variable]:
        """Return it as messages name it, on the station or on one EVSE of it."""
        place = None if evse is None else EVSE(id=evse)
        return (
            Component(name=self.component, evse=place),
            Variable(name=self.variable, instance=self.instance or None),
        )

    @classmethod
    def of(cls, component: Component, variable: Variable) -> "VariableName":
        """Read the name that a message gives; the EVSE is not part of it."""
        return cls(component.name, variable.name, variable.instance or "")


SMART_CHARGING_ENABLED = VariableName("SmartChargingCtrlr", "Enabled")
SMART_CHARGING_AVAILABLE = VariableName("SmartChargingCtrlr", "Available")
RATE_UNIT = VariableName("SmartChargingCtrlr", "RateUnit")
PERIODS_PER_SCHEDULE = VariableName("SmartChargingCtrlr", "PeriodsPerSchedule")
PROFILE_STACK_LEVEL = VariableName("SmartChargingCtrlr", "ProfileStackLevel")
PROFILE_ENTRIES = VariableName("SmartChargingCtrlr", "Entries", "ChargingProfiles")
NOTIFY_LIMIT_WITH_SCHEDULES = VariableName(
    "SmartChargingCtrlr", "NotifyChargingLimitWithSchedules"
)
EXTERNAL_CONTROL_SIGNALS = VariableName(
    "SmartChargingCtrlr", "ExternalControlSignalsEnabled"
)
SUPPORTS_FEATURE = VariableName("SmartChargingCtrlr", "SupportsFeature")
SETPOINT_PRIORITY = VariableName("SmartChargingCtrlr", "SetpointPriority")
PROFILE_PERSISTENCE = VariableName("SmartChargingCtrlr", "ChargingProfilePersistence")

V2X_ENABLED = VariableName("V2XChargingCtrlr", "Enabled")
V2X_TRANSFER_MODES = VariableName("V2XChargingCtrlr", "SupportedEnergyTransferModes")
V2X_OPERATION_MODES = VariableName("V2XChargingCtrlr", "SupportedOperationModes")
V2X_UPDATED_INTERVAL = VariableName("V2XChargingCtrlr", "TxUpdatedInterval")
V2X_UPDATED_MEASURANDS = VariableName("V2XChargingCtrlr", "TxUpdatedMeasurands")

ALIGNED_ENABLED = VariableName("AlignedDataCtrlr", "Enabled")
ALIGNED_INTERVAL = VariableName("AlignedDataCtrlr", "Interval")
ALIGNED_MEASURANDS = VariableName("AlignedDataCtrlr", "Measurands")
ALIGNED_SEND_DURING_IDLE = VariableName("AlignedDataCtrlr", "SendDuringIdle")
ALIGNED_ENDED_INTERVAL = VariableName("AlignedDataCtrlr", "TxEndedInterval")
ALIGNED_ENDED_MEASURANDS = VariableName("AlignedDataCtrlr", "TxEndedMeasurands")

SAMPLED_ENABLED = VariableName("SampledDataCtrlr", "Enabled")
SAMPLED_STARTED_MEASURANDS = VariableName("SampledDataCtrlr", "TxStartedMeasurands")
SAMPLED_UPDATED_MEASURANDS = VariableName("SampledDataCtrlr", "TxUpdatedMeasurands")
SAMPLED_UPDATED_INTERVAL = VariableName("SampledDataCtrlr", "TxUpdatedInterval")
SAMPLED_ENDED_MEASURANDS = VariableName("SampledDataCtrlr", "TxEndedMeasurands")
SAMPLED_ENDED_INTERVAL = VariableName("SampledDataCtrlr", "TxEndedInterval")
SAMPLED_WITHOUT_PHASES = VariableName("SampledDataCtrlr", "RegisterValuesWithoutPhases")

TX_START_POINT = VariableName("TxCtrlr", "TxStartPoint")
TX_STOP_POINT = VariableName("TxCtrlr", "TxStopPoint")
STOP_ON_EV_SIDE_DISCONNECT = VariableName("TxCtrlr", "StopTxOnEVSideDisconnect")

HEARTBEAT_INTERVAL = VariableName("OCPPCommCtrlr", "HeartbeatInterval")
PING_INTERVAL = VariableName("OCPPCommCtrlr", "WebSocketPingInterval")
MESSAGE_ATTEMPTS = VariableName("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent")
MESSAGE_ATTEMPT_INTERVAL = VariableName(
    "OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent"
)
ITEMS_PER_GET = VariableName("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables")
ITEMS_PER_SET = VariableName("DeviceDataCtrlr", "ItemsPerMessage", "SetVariables")
STATION_TIME = VariableName("ClockCtrlr", "DateTime")
AVAILABILITY_STATE = VariableName("EVSE", "AvailabilityState")
