"""A station's components and variables, read and set by the CSMS (B05 to B08)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from simulators.persona import Persona
from simulators.profile_rules import MODES, RESERVED_IDS

Payload = dict[str, Any]
Key = tuple[str, int | None, str, str | None]

MEASURANDS = (
    "Energy.Active.Import.Register,Energy.Active.Export.Register,"
    "Power.Active.Import,Power.Active.Export,SoC,Voltage"
)
MOST_MESSAGES = 6
MOST_TOKENS = 500
BASIC = "Energy.Active.Import.Register,Power.Active.Import"
PART = 24


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable.

    Attributes:
        value: Its Actual value as text.
        mutability: ReadOnly, ReadWrite or WriteOnly.
        data: dataType of its characteristics.
        top: maxLimit of its characteristics.
        values: valuesList of its characteristics.
    """

    value: str
    mutability: str = "ReadOnly"
    data: str = "string"
    top: float | None = None
    values: str | None = None


def _flag(*, value: bool, writable: bool = False) -> Variable:
    mutability = "ReadWrite" if writable else "ReadOnly"
    return Variable(str(value).lower(), mutability, "boolean")


def _number(
    value: float, *, writable: bool = False, top: float | None = None
) -> Variable:
    return Variable(
        f"{value:g}", "ReadWrite" if writable else "ReadOnly", "integer", top
    )


def _members(
    value: str, *, writable: bool = False, values: str | None = None
) -> Variable:
    return Variable(
        value, "ReadWrite" if writable else "ReadOnly", "MemberList", values=values
    )


@dataclass(slots=True)
class DeviceModel:
    """The variables of one station.

    Attributes:
        variables: By component name, EVSE, variable name and instance.
    """

    variables: dict[Key, Variable]

    def text(self, component: str, name: str, instance: str | None = None) -> str:
        """Return the value of a variable of the station or of EVSE 1, or ``""``."""
        for evse in (None, 1):
            found = self.variables.get((component, evse, name, instance))
            if found:
                return found.value
        return ""

    def seconds(self, component: str, name: str, instance: str | None = None) -> int:
        """Return a variable that counts seconds; 0 where it is absent or odd."""
        text = self.text(component, name, instance)
        return int(text) if text.isdigit() else 0

    def measurands(
        self, component: str, name: str, instance: str | None = None
    ) -> list[str]:
        """Return the measurands that a variable lists."""
        return [m for m in self.text(component, name, instance).split(",") if m]

    def put(self, component: str, evse: int | None, name: str, value: str) -> None:
        """Change a variable that the station itself keeps up to date."""
        key = (component, evse, name, None)
        self.variables[key] = replace(self.variables[key], value=value)

    def get(self, asked: Payload) -> Payload:
        """Answer one entry of GetVariables (B06)."""
        answer = {"component": asked["component"], "variable": asked["variable"]}
        if asked.get("attributeType", "Actual") != "Actual":
            return {**answer, "attributeStatus": "NotSupportedAttributeType"}
        status, found = self._find(asked)
        if found is None:
            return {**answer, "attributeStatus": status}
        if found.mutability == "WriteOnly":
            return {**answer, "attributeStatus": "Rejected"}
        return {
            **answer,
            "attributeStatus": "Accepted",
            "attributeValue": found.value,
        }

    def set(self, asked: Payload) -> Payload:
        """Answer one entry of SetVariables and take the value (B05)."""
        answer = {"component": asked["component"], "variable": asked["variable"]}
        status, found = self._find(asked)
        if found is None:
            return {**answer, "attributeStatus": status}
        if found.mutability == "ReadOnly" or not _fits(found, asked["attributeValue"]):
            return {**answer, "attributeStatus": "Rejected"}
        self.variables[_key(asked)] = replace(found, value=asked["attributeValue"])
        return {**answer, "attributeStatus": "Accepted"}

    def report(self, request_id: int, at: str) -> Iterator[Payload]:
        """Return the NotifyReport parts of a base report (B07, B08)."""
        data = [_reported(key, found) for key, found in self.variables.items()]
        parts = [data[i : i + PART] for i in range(0, len(data), PART)]
        for number, part in enumerate(parts):
            yield {
                "requestId": request_id,
                "generatedAt": at,
                "seqNo": number,
                "tbc": number + 1 < len(parts),
                "reportData": part,
            }

    def _find(self, asked: Payload) -> tuple[str, Variable | None]:
        key = _key(asked)
        if found := self.variables.get(key):
            return "Accepted", found
        known = any(held[:2] == key[:2] for held in self.variables)
        return ("UnknownVariable" if known else "UnknownComponent"), None


def _key(asked: Payload) -> Key:
    component, variable = asked["component"], asked["variable"]
    evse = component.get("evse", {}).get("id")
    return component["name"], evse, variable["name"], variable.get("instance")


def _fits(variable: Variable, value: str) -> bool:
    if variable.data == "boolean":
        return value in ("true", "false")
    if variable.data == "integer":
        return value.lstrip("-").isdigit()
    if variable.values is not None:
        allowed = variable.values.split(",")
        return all(item in allowed for item in value.split(",") if item)
    return True


def _reported(key: Key, found: Variable) -> Payload:
    name, evse, variable, instance = key
    attribute: Payload = {"mutability": found.mutability}
    if found.mutability != "WriteOnly":
        attribute["value"] = found.value
    traits: Payload = {"dataType": found.data, "supportsMonitoring": False}
    if found.top is not None:
        traits["maxLimit"] = found.top
    if found.values is not None:
        traits["valuesList"] = found.values
    return {
        "component": {"name": name, **({"evse": {"id": evse}} if evse else {})},
        "variable": {"name": variable, **({"instance": instance} if instance else {})},
        "variableAttribute": [attribute],
        "variableCharacteristics": traits,
    }


def build(persona: Persona, password: str) -> DeviceModel:
    """Return the device model of a make as it leaves the factory."""
    variables = _common(persona, password) | _metering(persona)
    variables |= _smart_charging(persona)
    if persona.display:
        variables |= _display(persona)
    if persona.modern:
        variables |= _modern(persona)
    if persona.vendor_setpoint == "setvariables":
        power = _number(0, writable=True)
        variables[("V2XChargingCtrlr", 1, "Setpoint", None)] = power
    return DeviceModel(variables)


def _common(persona: Persona, password: str) -> dict[Key, Variable]:
    station = "ChargingStation"
    comm = "OCPPCommCtrlr"
    return {
        (station, None, "VendorName", None): Variable(persona.vendor),
        (station, None, "Model", None): Variable(persona.model),
        (station, None, "FirmwareVersion", None): Variable(persona.firmware),
        (station, None, "AvailabilityState", None): Variable("Available"),
        ("EVSE", 1, "AvailabilityState", None): Variable("Available"),
        ("EVSE", 1, "Power", None): _number(
            persona.max_charge_w, top=persona.max_charge_w
        ),
        ("EVSE", 1, "SupplyPhases", None): _number(1),
        ("Connector", 1, "ConnectorType", None): Variable("cCCS1"),
        (comm, None, "HeartbeatInterval", None): _number(900, writable=True),
        (comm, None, "WebSocketPingInterval", None): _number(30, writable=True),
        (comm, None, "OfflineThreshold", None): _number(60, writable=True),
        (comm, None, "RetryBackOffWaitMinimum", None): _number(1, writable=True),
        (comm, None, "RetryBackOffRandomRange", None): _number(1, writable=True),
        (comm, None, "RetryBackOffRepeatTimes", None): _number(5, writable=True),
        (comm, None, "MessageTimeout", "Default"): _number(30),
        (comm, None, "MessageAttempts", "TransactionEvent"): _number(5, writable=True),
        (comm, None, "MessageAttemptInterval", "TransactionEvent"): _number(
            1, writable=True
        ),
        ("SecurityCtrlr", None, "BasicAuthPassword", None): Variable(
            password, "WriteOnly"
        ),
        ("SecurityCtrlr", None, "SecurityProfile", None): _number(1),
        ("SecurityCtrlr", None, "OrganizationName", None): Variable(
            persona.vendor, "ReadWrite"
        ),
        (comm, None, "NetworkConfigurationPriority", None): _members(
            "0", writable=True, values="0,1,2,3"
        ),
        (comm, None, "ActiveNetworkProfile", None): _number(0),
        ("AuthCtrlr", None, "Enabled", None): _flag(value=True, writable=True),
        ("TxCtrlr", None, "TxStartPoint", None): _members("EVConnected,Authorized"),
        ("TxCtrlr", None, "TxStopPoint", None): _members("EVConnected"),
        ("TxCtrlr", None, "StopTxOnEVSideDisconnect", None): _flag(value=True),
        ("TxCtrlr", None, "EVConnectionTimeOut", None): _number(120, writable=True),
        ("AuthCacheCtrlr", None, "Enabled", None): _flag(value=True, writable=True),
        ("LocalAuthListCtrlr", None, "Enabled", None): _flag(value=True, writable=True),
        ("LocalAuthListCtrlr", None, "Entries", None): _number(0, top=MOST_TOKENS),
        ("LocalAuthListCtrlr", None, "ItemsPerMessage", None): _number(100),
        ("LocalAuthListCtrlr", None, "BytesPerMessage", None): _number(65536),
        ("ReservationCtrlr", None, "Available", None): _flag(value=True),
        ("ReservationCtrlr", None, "Enabled", None): _flag(value=True, writable=True),
        ("MonitoringCtrlr", None, "Available", None): _flag(value=True),
        ("MonitoringCtrlr", None, "Enabled", None): _flag(value=True, writable=True),
        ("MonitoringCtrlr", None, "ItemsPerMessage", "SetVariableMonitoring"): _number(
            20
        ),
        ("SecurityCtrlr", None, "CertificateEntries", None): _number(20),
        ("ClockCtrlr", None, "TimeSource", None): Variable("Heartbeat"),
        ("ClockCtrlr", None, "DateTime", None): Variable("", data="dateTime"),
    }


def _display(persona: Persona) -> dict[Key, Variable]:
    display = "DisplayMessageCtrlr"
    found: dict[Key, Variable] = {
        (display, None, "Available", None): _flag(value=True),
        (display, None, "Enabled", None): _flag(value=True, writable=True),
        (display, None, "DisplayMessages", None): _number(0, top=MOST_MESSAGES),
        (display, None, "SupportedFormats", None): _members("ASCII,UTF8"),
        (display, None, "SupportedPriorities", None): _members(
            "AlwaysFront,InFront,NormalCycle"
        ),
    }
    if persona.modern:
        states = "Charging,Faulted,Idle,Unavailable"
        found[display, None, "SupportedStates", None] = _members(states)
        found[display, None, "Language", None] = Variable(
            "en", "ReadWrite", "OptionList", values="en,es,fr,pt"
        )
    return found


def _metering(persona: Persona) -> dict[Key, Variable]:
    offered = MEASURANDS
    if persona.export_metering != "separate_registers":
        offered = ",".join(m for m in MEASURANDS.split(",") if "Export" not in m)
    aligned, sampled = "AlignedDataCtrlr", "SampledDataCtrlr"

    def listed(value: str) -> Variable:
        return _members(value, writable=True, values=offered)

    return {
        (aligned, None, "Enabled", None): _flag(value=False, writable=True),
        (aligned, None, "Interval", None): _number(900, writable=True),
        (aligned, None, "Measurands", None): listed(BASIC),
        (aligned, None, "SendDuringIdle", None): _flag(value=False, writable=True),
        (aligned, None, "TxEndedInterval", None): _number(0, writable=True),
        (aligned, None, "TxEndedMeasurands", None): listed(BASIC),
        (sampled, None, "Enabled", None): _flag(value=True, writable=True),
        (sampled, None, "TxUpdatedInterval", None): _number(900, writable=True),
        (sampled, None, "TxUpdatedMeasurands", None): listed(BASIC),
        (sampled, None, "TxStartedMeasurands", None): listed(BASIC),
        (sampled, None, "TxEndedMeasurands", None): listed(BASIC),
        (sampled, None, "TxEndedInterval", None): _number(0, writable=True),
        (sampled, None, "RegisterValuesWithoutPhases", None): _flag(
            value=True, writable=True
        ),
    }


def _smart_charging(persona: Persona) -> dict[Key, Variable]:
    name = "SmartChargingCtrlr"
    stack, size = persona.max_stack_level, persona.max_profiles
    return {
        (name, None, "Available", None): _flag(value=True),
        (name, None, "Enabled", None): _flag(value=True, writable=True),
        (name, None, "RateUnit", None): _members(",".join(persona.rate_units)),
        (name, None, "PeriodsPerSchedule", None): _number(persona.max_periods),
        (name, None, "ProfileStackLevel", None): _number(stack, top=stack),
        (name, None, "Entries", "ChargingProfiles"): _number(0, top=size),
        (name, None, "LimitChangeSignificance", None): _number(5, writable=True),
        (name, None, "NotifyChargingLimitWithSchedules", None): _flag(value=False),
        (name, None, "ExternalControlSignalsEnabled", None): _flag(value=False),
    }


def _modern(persona: Persona) -> dict[Key, Variable]:
    smart, v2x, ev = "SmartChargingCtrlr", "V2XChargingCtrlr", "ConnectedEV"
    measurands = _members(MEASURANDS, writable=True, values=MEASURANDS)
    found: dict[Key, Variable] = {
        (smart, None, "SupportsDynamicProfiles", None): _flag(value=persona.dynamic),
        (smart, None, "SupportsMaxOfflineDuration", None): _flag(
            value=persona.max_offline
        ),
        (smart, None, "SupportsUseLocalTime", None): _flag(value=False),
        (smart, None, "SupportsRandomizedDelay", None): _flag(value=False),
        (smart, None, "SupportsLimitAtSoC", None): _flag(value=False),
        (smart, None, "SupportsEvseSleep", None): _flag(value=False),
        (smart, None, "MaxExternalConstraintsId", None): _number(RESERVED_IDS),
        (smart, None, "SetpointPriority", None): Variable("CSMS"),
        (ev, 1, "Available", None): _flag(value=False),
        (ev, 1, "ProtocolAgreed", None): Variable(""),
        (ev, 1, "VehicleId", None): Variable(""),
        (ev, 1, "StateOfCharge", None): Variable(""),
        (ev, 1, "BatteryCapacity", None): Variable(""),
        ("ISO15118Ctrlr", 1, "Enabled", None): _flag(value=True),
        ("ISO15118Ctrlr", 1, "ServiceRenegotiationSupport", None): _flag(value=True),
    }
    if persona.v2x:
        found |= {
            (v2x, 1, "Available", None): _flag(value=True),
            (v2x, 1, "Enabled", None): _flag(value=True, writable=True),
            (v2x, 1, "SupportedEnergyTransferModes", None): _members("DC,DC_BPT"),
            (v2x, 1, "SupportedOperationModes", None): _members(",".join(MODES)),
            (v2x, 1, "TxUpdatedInterval", "CentralSetpoint"): _number(0, writable=True),
            (v2x, 1, "TxUpdatedMeasurands", "CentralSetpoint"): measurands,
        }
    return found
