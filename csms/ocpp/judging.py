"""What may be done without in a message that departs from the standard.

The tables say, type by type, what would corrupt money or safety if it were left out
or altered, and what stands in where nothing would.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, get_args

from pydantic_core import ErrorDetails

from csms.ocpp.codes import RpcErrorCode
from csms.ocpp.messages.metering import MeterValuesRequest
from csms.ocpp.wire import Loc, Wire, Word, wire_name

IDENTITIES = frozenset(
    {
        "additionalIdToken",
        "chargingProfileId",
        "connectorId",
        "controlId",
        "evseId",
        "id",
        "idToken",
        "instance",
        "messageId",
        "name",
        "remoteStartId",
        "requestId",
        "seqNo",
        "transactionId",
        "vendorId",
    }
)
"""Fields that tell things apart: never shortened, never rounded."""

VERBATIM: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "BatteryData": frozenset({"serialNumber"}),
        "CertificateHashData": frozenset(
            {"issuerKeyHash", "issuerNameHash", "serialNumber"}
        ),
        "CertificateStatusRequestInfo": frozenset({"urls"}),
        "ClearTariffsResult": frozenset({"tariffId"}),
        "ConstantStreamData": frozenset({"variableMonitoringId"}),
        "Get15118EVCertificateRequest": frozenset({"exiRequest", "prioritizedEMAIDs"}),
        "GetLocalListVersionResponse": frozenset({"versionNumber"}),
        "GetLogResponse": frozenset({"filename"}),
        "OCSPRequestData": frozenset(
            {"issuerKeyHash", "issuerNameHash", "responderURL", "serialNumber"}
        ),
        "NotifySettlementRequest": frozenset(
            {"pspRef", "receiptId", "receiptUrl", "settlementAmount", "vatNumber"}
        ),
        "PublishFirmwareStatusNotificationRequest": frozenset({"location"}),
        "ReservationStatusUpdateRequest": frozenset({"reservationId"}),
        "SetDERControlResponse": frozenset({"supersededIds"}),
        "SignCertificateRequest": frozenset({"csr"}),
        "TariffAssignment": frozenset({"idTokens", "tariffId"}),
        "VatNumberValidationRequest": frozenset({"vatNumber"}),
    }
)
"""The same, where only the type tells it; and what is worth nothing if altered."""

SEALED = frozenset(
    {
        "ChargingProfile",
        "ChargingSchedule",
        "ChargingSchedulePeriod",
        "ChargingScheduleUpdate",
        "CompositeSchedule",
        "DERCurve",
        "DERCurveGet",
        "DERCurvePoints",
        "EnterService",
        "FixedPF",
        "FixedVar",
        "FreqDroop",
        "Gradient",
        "Hysteresis",
        "LimitAtSoC",
        "LimitMaxDischarge",
        "ReactivePowerParams",
        "ReportDERControlRequest",
        "V2XChargingParameters",
        "V2XFreqWattPoint",
        "V2XSignalWattPoint",
        "VoltageParams",
    }
)
"""Types that bound power or protect a battery: nothing in them is left out."""

UNSEALED = frozenset(
    {
        "absolutePriceSchedule",
        "digestValue",
        "priceLevelSchedule",
        "priceScheduleSignature",
        "salesTariff",
        "signatureId",
    }
)
"""Fields of sealed types that are about prices only."""

KEPT: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "AuthorizeRequest": frozenset({"certificate", "iso15118CertificateHashData"}),
        "SampledValue": frozenset({"measurand", "phase", "location", "unitOfMeasure"}),
        "UnitOfMeasure": frozenset({"unit", "multiplier"}),
        "VariableAttribute": frozenset({"type"}),
        "GetVariableResult": frozenset({"attributeType"}),
        "SetVariableResult": frozenset({"attributeType"}),
        "Component": frozenset({"evse", "instance"}),
        "Variable": frozenset({"instance"}),
        "ChargingNeeds": frozenset({"v2xChargingParameters"}),
        "ClearedChargingLimitRequest": frozenset({"evseId"}),
        "NotifyChargingLimitRequest": frozenset({"evseId", "chargingSchedule"}),
        "GetCompositeScheduleResponse": frozenset({"schedule"}),
        "GetTransactionStatusResponse": frozenset({"ongoingIndicator"}),
        "CertificateHashDataChain": frozenset({"childCertificateHashData"}),
        "ClearTariffsResult": frozenset({"tariffId"}),
        "GetInstalledCertificateIdsResponse": frozenset({"certificateHashDataChain"}),
        "GetPeriodicEventStreamResponse": frozenset({"constantStreamData"}),
        "GetTariffsResponse": frozenset({"tariffAssignments"}),
        "NotifyDisplayMessagesRequest": frozenset({"messageInfo"}),
        "NotifyMonitoringReportRequest": frozenset({"monitor"}),
        "SetMonitoringResult": frozenset({"id"}),
        "SignCertificateRequest": frozenset({"certificateType", "hashRootCertificate"}),
        "PullDynamicScheduleUpdateResponse": frozenset({"scheduleUpdate"}),
    }
)
"""Optional fields whose absence would mean something else than what was sent."""

SHEDDING = frozenset(
    {
        "additionalInfo",
        "availableEnergyTransfer",
        "chargingPeriods",
        "dimensions",
        "eventData",
        "evIslandingDetectionMethod",
        "getVariableResult",
        "meterValue",
        "reportData",
        "sampledValue",
        "setVariableResult",
        "supersededIds",
        "variableAttribute",
    }
)
"""Lists that may lose an entry that cannot be read."""

FILLS: Mapping[tuple[str, str], object] = MappingProxyType(
    {
        ("BootNotificationRequest", "reason"): "Unknown",
        ("ChargingStation", "model"): "",
        ("ChargingStation", "vendorName"): "",
        ("EventData", "actualValue"): "",
        ("EventData", "eventId"): 0,
        ("EventData", "eventNotificationType"): "HardWiredNotification",
        ("EventData", "trigger"): "Alerting",
        ("NotifyEventRequest", "seqNo"): 0,
        ("NotifyReportRequest", "seqNo"): 0,
        ("TransactionEventRequest", "triggerReason"): "Trigger",
        ("VariableCharacteristics", "supportsMonitoring"): False,
    }
)
"""What a missing field is taken for, where nothing hangs on it."""

_OCCUPIED = ("Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing")
FALLBACKS: Mapping[tuple[str, str], Mapping[str, str]] = MappingProxyType(
    {
        ("BootNotificationRequest", "reason"): {"": "Unknown"},
        ("EventData", "eventNotificationType"): {"": "HardWiredNotification"},
        ("EventData", "trigger"): {"": "Alerting"},
        ("SampledValue", "context"): {"": "Other"},
        ("StatusNotificationRequest", "connectorStatus"): dict.fromkeys(
            _OCCUPIED, "Occupied"
        ),
        ("Transaction", "stoppedReason"): {"": "Other"},
        ("TransactionEventRequest", "triggerReason"): {"": "Trigger"},
        ("VariableCharacteristics", "dataType"): {"": "string"},
        **{
            (f"{action}Response", "status"): {"": "Rejected"}
            for action in (
                "ChangeAvailability",
                "DataTransfer",
                "GetBaseReport",
                "GetCompositeSchedule",
                "NotifyAllowedEnergyTransfer",
                "RequestStartTransaction",
                "RequestStopTransaction",
                "Reset",
                "SetChargingProfile",
                "SetDisplayMessage",
                "TriggerMessage",
                "UpdateDynamicSchedule",
                "UsePriorityCharging",
            )
        },
        ("GetVariableResult", "attributeStatus"): {"": "Rejected"},
        ("SetVariableResult", "attributeStatus"): {"": "Rejected"},
    }
)
"""What an unknown word is taken for; the empty key stands for any."""

TIMES = frozenset(
    {
        ("EventData", "timestamp"),
        ("NotifyDERAlarmRequest", "timestamp"),
        ("NotifyDERStartStopRequest", "timestamp"),
        ("NotifyEventRequest", "generatedAt"),
        ("NotifyReportRequest", "generatedAt"),
        ("SecurityEventNotificationRequest", "timestamp"),
        ("StatusNotificationRequest", "timestamp"),
    }
)
"""Instants on which no money hangs: the time of arrival will do."""

EMPTYABLE: Mapping[type[Wire], tuple[str, str, object]] = MappingProxyType(
    {
        MeterValuesRequest: (
            "meter_value",
            "meterValue",
            [{"timestamp": "1970-01-01T00:00:00Z", "sampledValue": [{"value": 0}]}],
        )
    }
)
"""Messages with a needed list that may be empty: its field, its name, a stand-in."""

_CODES: Mapping[str, RpcErrorCode] = MappingProxyType(
    {
        "missing": RpcErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
        "null": RpcErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
        "too_short": RpcErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
        "too_long": RpcErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
        "string_type": RpcErrorCode.TYPE_CONSTRAINT_VIOLATION,
        "int_type": RpcErrorCode.TYPE_CONSTRAINT_VIOLATION,
        "float_type": RpcErrorCode.TYPE_CONSTRAINT_VIOLATION,
        "bool_type": RpcErrorCode.TYPE_CONSTRAINT_VIOLATION,
        "tuple_type": RpcErrorCode.TYPE_CONSTRAINT_VIOLATION,
        "model_type": RpcErrorCode.TYPE_CONSTRAINT_VIOLATION,
        "instant_type": RpcErrorCode.TYPE_CONSTRAINT_VIOLATION,
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """A step on the way from the root of a payload to a flaw.

    Attributes:
        loc: The way there.
        owner: The type that has the field.
        field: The field's name on the wire.
        entry: Whether it is an entry of the list in that field.
        required: Whether the type requires the field.
        words: The enumeration that is expected there, if one is.
    """

    loc: Loc
    owner: str
    field: str
    entry: bool
    required: bool
    words: type[Word] | None

    @property
    def identity(self) -> bool:
        """Tell whether it tells things apart."""
        return self.field in IDENTITIES or self.field in VERBATIM.get(self.owner, ())


def places(model: type[Wire], loc: Loc) -> tuple[Place, ...]:
    """Return the steps of the way to a flaw, the flaw's own place first."""
    return tuple(_steps(model, loc))[::-1]


def expendable(place: Place) -> bool:
    """Tell whether the place can be left out without harm to money or safety."""
    if place.entry:
        return place.field in SHEDDING
    if place.required or place.field in KEPT.get(place.owner, ()):
        return False
    return place.owner not in SEALED or place.field in UNSEALED


def error_code(flaw: ErrorDetails) -> RpcErrorCode:
    """Return how the specification calls the flaw (Part 4, 4.3)."""
    if flaw["type"] == "enum" and not isinstance(flaw["input"], str):
        return RpcErrorCode.TYPE_CONSTRAINT_VIOLATION
    return _CODES.get(flaw["type"], RpcErrorCode.PROPERTY_CONSTRAINT_VIOLATION)


@dataclass(frozen=True, slots=True)
class _Slot:
    required: bool
    inner: type[Wire] | None
    words: type[Word] | None


def _steps(model: type[Wire], loc: Loc) -> Iterator[Place]:
    current: type[Wire] | None = model
    owner, name, slot = model.__name__, "", _Slot(required=True, inner=None, words=None)
    for depth, step in enumerate(loc, start=1):
        entry = isinstance(step, int)
        if not isinstance(step, int) and current is not None:
            owner, name = current.__name__, step
            slot = _slots(current).get(
                step, _Slot(required=False, inner=None, words=None)
            )
            current = slot.inner
        yield Place(loc[:depth], owner, name, entry, slot.required, slot.words)


@cache
def _slots(model: type[Wire]) -> Mapping[str, _Slot]:
    return {
        wire_name(model, name): _Slot(
            required=info.is_required(),
            inner=_find(info.annotation, Wire),
            words=_find(info.annotation, Word),
        )
        for name, info in model.model_fields.items()
    }


def _find(annotation: Any, base: type) -> Any:  # noqa: ANN401, any annotation
    """Return the class below ``base`` that the annotation is made of, if any."""
    if isinstance(annotation, type) and issubclass(annotation, base):
        return annotation
    for part in get_args(annotation):
        if (found := _find(part, base)) is not None:
            return found
    return None
