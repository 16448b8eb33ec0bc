"""What may not be said to a 2.0.1 station, and the one field that 2.1 insists on.

Messages are written to 2.1, which only adds to 2.0.1, so everything that 2.0.1 does
not know stands in one table. A test holds the table to the official schemas.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar, get_args

from csms.ocpp.wire import AnyAction, Edition, Wire, Word, wire_name


class NotInEdition(Exception):
    """The station's edition of the protocol cannot say this.

    Attributes:
        edition: The edition that the station speaks.
        field: The path of what it does not know, or the name of the action.
        reason: What it does not know about it.
    """

    def __init__(self, edition: Edition, field: str, reason: str) -> None:
        self.edition = edition
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason} in {edition}")


def _by_type(table: dict[str, str]) -> Mapping[str, frozenset[str]]:
    return MappingProxyType(
        {key: frozenset(text.split()) for key, text in table.items()}
    )


NEW_FIELDS = _by_type(
    {
        "AuthorizeResponse": "allowedEnergyTransfer tariff",
        "CertificateSignedRequest": "requestId",
        "ChargingLimit": "isLocalGeneration",
        "ChargingNeeds": (
            "derChargingParameters evEnergyOffer v2xChargingParameters"
            " availableEnergyTransfer controlMode mobilityNeedsMode"
        ),
        "ChargingProfile": (
            "maxOfflineDuration invalidAfterOfflineDuration dynUpdateInterval"
            " dynUpdateTime priceScheduleSignature"
        ),
        "ChargingSchedule": (
            "limitAtSoC powerTolerance signatureId digestValue useLocalTime"
            " randomizedDelay absolutePriceSchedule priceLevelSchedule"
        ),
        "ChargingSchedulePeriod": (
            "limit_L2 limit_L3 dischargeLimit dischargeLimit_L2 dischargeLimit_L3"
            " setpoint setpoint_L2 setpoint_L3 setpointReactive setpointReactive_L2"
            " setpointReactive_L3 preconditioningRequest evseSleep v2xBaseline"
            " operationMode v2xFreqWattCurve v2xSignalWattCurve"
        ),
        "EventData": "severity",
        "FirmwareStatusNotificationRequest": "statusInfo",
        "Get15118EVCertificateRequest": (
            "maximumContractCertificateChains prioritizedEMAIDs"
        ),
        "Get15118EVCertificateResponse": "remainingContracts",
        "LogStatusNotificationRequest": "statusInfo",
        "MessageInfo": "messageExtra",
        "NetworkConnectionProfile": "basicAuthPassword identity",
        "NotifyEVChargingNeedsRequest": "timestamp",
        "NotifyEVChargingScheduleRequest": (
            "selectedChargingScheduleId powerToleranceAcceptance"
        ),
        "PublishFirmwareStatusNotificationRequest": "statusInfo",
        "SetMonitoringData": "periodicEventStream",
        "SignCertificateRequest": "hashRootCertificate requestId",
        "Transaction": "operationMode tariffId transactionLimit",
        "TransactionEventRequest": "costDetails preconditioningStatus evseSleep",
        "TransactionEventResponse": "transactionLimit updatedPersonalMessageExtra",
        "TriggerMessageRequest": "customTrigger",
        "VariableCharacteristics": "maxElements",
        "VariableMonitoring": "eventNotificationType",
    }
)
"""Fields that 2.0.1 does not know, by type."""

NEEDED_FIELDS = _by_type(
    {
        "ChargingSchedulePeriod": "limit",
        "NetworkConnectionProfile": "ocppVersion",
        "SignedMeterValue": "signingMethod publicKey",
    }
)
"""Fields that 2.0.1 requires and 2.1 does not, by type."""

NEWLY_NEEDED_FIELDS = _by_type({"VariableMonitoring": "eventNotificationType"})
"""Fields that 2.1 requires and the models do not, as 2.0.1 lacks them, by type."""

WHOLE_FIELDS = _by_type(
    {
        "ACChargingParameters": "energyAmount evMinCurrent evMaxCurrent evMaxVoltage",
        "DCChargingParameters": (
            "evMaxCurrent evMaxVoltage energyAmount evMaxPower evEnergyCapacity"
        ),
    }
)
"""Fields that are whole numbers in 2.0.1, by type."""

NEW_WORDS = _by_type(
    {
        "CertificateSigningUse": "V2G20Certificate",
        "ChargingProfileKind": "Dynamic",
        "ChargingProfilePurpose": "PriorityCharging LocalGeneration",
        "ClearMessageStatus": "Rejected",
        "DisplayMessageStatus": "LanguageNotSupported",
        "EnergyTransferMode": "AC_BPT AC_BPT_DER AC_DER DC_BPT DC_ACDP DC_ACDP_BPT WPT",
        "GetCertificateIdUse": "OEMRootCertificate",
        "InstallCertificateUse": "OEMRootCertificate",
        "Location": "Upstream",
        "Log": "DataCollectorLog",
        "Measurand": (
            "Current.Export.Offered Current.Export.Minimum Current.Import.Offered"
            " Current.Import.Minimum Display.PresentSOC Display.MinimumSOC"
            " Display.TargetSOC Display.MaximumSOC Display.RemainingTimeToMinimumSOC"
            " Display.RemainingTimeToTargetSOC Display.RemainingTimeToMaximumSOC"
            " Display.ChargingComplete Display.BatteryEnergyCapacity Display.InletHot"
            " Energy.Active.Import.CableLoss"
            " Energy.Active.Import.LocalGeneration.Register"
            " Energy.Active.Setpoint.Interval EnergyRequest.Target"
            " EnergyRequest.Minimum EnergyRequest.Maximum EnergyRequest.Minimum.V2X"
            " EnergyRequest.Maximum.V2X EnergyRequest.Bulk Power.Active.Setpoint"
            " Power.Active.Residual Power.Export.Minimum Power.Export.Offered"
            " Power.Import.Offered Power.Import.Minimum Voltage.Minimum"
            " Voltage.Maximum"
        ),
        "MessageFormat": "QRCODE",
        "MessageState": "Suspended Discharging",
        "MessageTrigger": "SignV2G20Certificate CustomTrigger",
        "Monitor": "TargetDelta TargetDeltaRelative",
        "NotifyEVChargingNeedsStatus": "NoChargingProfile",
        "OCPPInterface": "Any",
        "OCPPVersion": "OCPP201 OCPP21",
        "Reason": "ReqEnergyTransferRejected",
        "ReservationUpdateStatus": "NoTransaction",
        "Reset": "ImmediateAndResume",
        "TriggerReason": (
            "CostLimitReached LimitSet OperationModeChanged RunningCost"
            " SoCLimitReached TariffChanged TariffNotAccepted TxResumed"
        ),
    }
)
"""Words that 2.0.1 does not know, by enumeration."""

_LIMIT_SOURCES = frozenset({"EMS", "Other", "SO", "CSO"})
_ID_TOKEN_TYPES = frozenset(
    {
        "Central",
        "eMAID",
        "ISO14443",
        "ISO15693",
        "KeyCode",
        "Local",
        "MacAddress",
        "NoAuthorization",
    }
)
_CONNECTOR_TYPES = frozenset(
    {
        "cCCS1",
        "cCCS2",
        "cG105",
        "cTesla",
        "cType1",
        "cType2",
        "s309-1P-16A",
        "s309-1P-32A",
        "s309-3P-16A",
        "s309-3P-32A",
        "sBS1361",
        "sCEE-7-7",
        "sType2",
        "sType3",
        "Other1PhMax16A",
        "Other1PhOver16A",
        "Other3Ph",
        "Pan",
        "wInductive",
        "wResonant",
        "Undetermined",
        "Unknown",
    }
)
CLOSED_FIELDS: Mapping[tuple[str, str], frozenset[str]] = MappingProxyType(
    {
        ("ChargingLimit", "chargingLimitSource"): _LIMIT_SOURCES,
        ("ChargingProfileCriterion", "chargingLimitSource"): _LIMIT_SOURCES,
        ("ClearedChargingLimitRequest", "chargingLimitSource"): _LIMIT_SOURCES,
        ("ReportChargingProfilesRequest", "chargingLimitSource"): _LIMIT_SOURCES,
        ("IdToken", "type"): _ID_TOKEN_TYPES,
        ("ReserveNowRequest", "connectorType"): _CONNECTOR_TYPES,
    }
)
"""Fields that are free text in 2.1 and one of these words in 2.0.1."""

SHORT_FIELDS: Mapping[tuple[str, str], int] = MappingProxyType(
    {
        ("AdditionalInfo", "additionalIdToken"): 36,
        ("APN", "apn"): 512,
        ("APN", "apnPassword"): 20,
        ("APN", "apnUserName"): 20,
        ("AuthorizeRequest", "certificate"): 5500,
        ("Firmware", "location"): 512,
        ("Get15118EVCertificateRequest", "exiRequest"): 5600,
        ("Get15118EVCertificateResponse", "exiResponse"): 7500,
        ("GetCertificateStatusResponse", "ocspResult"): 5500,
        ("IdToken", "idToken"): 36,
        ("InstallCertificateRequest", "certificate"): 5500,
        ("LogParameters", "remoteLocation"): 512,
        ("MessageContent", "content"): 512,
        ("NetworkConnectionProfile", "ocppCsmsUrl"): 512,
        ("OCSPRequestData", "responderURL"): 512,
        ("PublishFirmwareRequest", "location"): 512,
        ("PublishFirmwareStatusNotificationRequest", "location"): 512,
        ("SetVariableData", "attributeValue"): 1000,
        ("SignedMeterValue", "signedMeterData"): 2500,
        ("StatusInfo", "additionalInfo"): 512,
        ("VPN", "group"): 20,
        ("VPN", "password"): 20,
        ("VPN", "server"): 512,
        ("VPN", "user"): 20,
    }
)
"""Most characters that 2.0.1 allows where 2.1 allows more."""


def check(edition: Edition, action: AnyAction, message: Wire) -> None:
    """Make sure that a peer of this edition can understand the message.

    Args:
        edition: The edition that the peer speaks.
        action: The action that the message belongs to.
        message: A request or a response of it.

    Raises:
        NotInEdition: If the edition does not know the action, a field or a value.
    """
    if edition not in action.editions:
        raise NotInEdition(edition, action.name, "no such action")
    if edition is Edition.V201:
        for said in _said(message, ""):
            _check_said(said)
    elif _may_lack(type(message)):
        for said in _said(message, ""):
            if said.value is None and _listed(NEWLY_NEEDED_FIELDS, said):
                raise NotInEdition(Edition.V21, said.path, "required")


M = TypeVar("M", bound=Wire)


def strip_for(edition: Edition, answer: M) -> M:
    """Return the answer without the optional fields that the peer does not know.

    Only for answers, and only at their top: what is left out of a request could
    turn a discharge into a charge, so ``check`` refuses it instead.
    """
    if edition is Edition.V21:
        return answer
    dropped = {
        name: None
        for name in _new_fields(type(answer))
        if getattr(answer, name) is not None
    }
    return answer.model_copy(update=dropped) if dropped else answer


@cache
def _new_fields(model: type[Wire]) -> tuple[str, ...]:
    """Return the fields of a message that 2.0.1 does not know, by our names."""
    new = NEW_FIELDS.get(model.__name__, ())
    return tuple(name for name in model.model_fields if wire_name(model, name) in new)


@cache
def _may_lack(model: type[Wire]) -> bool:
    """Tell whether a message can be without something that 2.1 requires."""
    return model.__name__ in NEWLY_NEEDED_FIELDS or any(
        _may_lack(part)
        for info in model.model_fields.values()
        for part in _parts(info.annotation)
    )


def _parts(annotation: Any) -> Iterator[type[Wire]]:  # noqa: ANN401, any annotation
    if isinstance(annotation, type) and issubclass(annotation, Wire):
        yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)


_NUMBERS = frozenset({int, float, bool})
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Said:
    """One field of a message, or one entry of a list in it."""

    owner: str
    field: str
    path: str
    value: object


def _said(message: Wire, path: str) -> Iterator[_Said]:
    """Yield what a message says, and what it leaves out that some edition requires."""
    model = type(message)
    for name, field, needed, special in _fields(model):
        value = getattr(message, name)
        if value is None and not needed:
            continue
        if not special and type(value) in _NUMBERS:
            continue
        here = f"{path}.{field}" if path else field
        for place, entry in _entries(here, value):
            if special or not isinstance(entry, Wire):
                yield _Said(model.__name__, field, place, entry)
            if isinstance(entry, Wire):
                yield from _said(entry, place)


def _entries(path: str, value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, tuple):
        return [(f"{path}[{index}]", entry) for index, entry in enumerate(value)]
    return ((path, value),)


@cache
def _fields(model: type[Wire]) -> tuple[tuple[str, str, bool, bool], ...]:
    """Return the fields of a message, as far as editions can differ in them.

    Of each its name here and on the wire, whether some edition requires it, and
    whether a number or a part in it may be unknown to an edition.
    """
    owner = model.__name__
    needed = NEEDED_FIELDS.get(owner, _NOTHING) | NEWLY_NEEDED_FIELDS.get(
        owner, _NOTHING
    )
    special = NEW_FIELDS.get(owner, _NOTHING) | WHOLE_FIELDS.get(owner, _NOTHING)
    names = ((name, wire_name(model, name)) for name in model.model_fields)
    return tuple(
        (name, field, field in needed, field in special)
        for name, field in names
        if name != "custom_data"
    )


def _check_said(said: _Said) -> None:
    reason = _missing(said) if said.value is None else _unknown(said)
    if reason:
        raise NotInEdition(Edition.V201, said.path, reason)


def _missing(said: _Said) -> str:
    return "required" if _listed(NEEDED_FIELDS, said) else ""


def _listed(table: Mapping[str, frozenset[str]], said: _Said) -> bool:
    return said.field in table.get(said.owner, ())


def _unknown(said: _Said) -> str:
    if _listed(NEW_FIELDS, said):
        return "no such field"
    match said.value:
        case Word() as word:
            known = word not in NEW_WORDS.get(type(word).__name__, ())
            return "" if known else f"no value {word}"
        case str() as text:
            return _unknown_text(said.owner, said.field, text)
        case float() as number if _listed(WHOLE_FIELDS, said):
            return "" if number.is_integer() else "whole numbers only"
        case _:
            return ""


def _unknown_text(owner: str, field: str, text: str) -> str:
    closed = CLOSED_FIELDS.get((owner, field))
    if closed is not None and text not in closed:
        return f"no value {text}"
    limit = SHORT_FIELDS.get((owner, field))
    if limit is not None and len(text) > limit:
        return f"more than {limit} characters"
    return ""
