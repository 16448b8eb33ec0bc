"""What would corrupt money or safety is refused with the right error code."""

from typing import Any

import pytest

from csms.ocpp.codes import CallRefused
from csms.ocpp.messages.authorization import AUTHORIZE
from csms.ocpp.messages.availability import STATUS_NOTIFICATION
from csms.ocpp.messages.der_settings import REPORT_DER_CONTROL
from csms.ocpp.messages.event_streams import NOTIFY_PERIODIC_EVENT_STREAM
from csms.ocpp.messages.security import SECURITY_EVENT_NOTIFICATION, SIGN_CERTIFICATE
from csms.ocpp.messages.smart_charging import (
    CLEARED_CHARGING_LIMIT,
    NOTIFY_CHARGING_LIMIT,
    NOTIFY_EV_CHARGING_NEEDS,
    NOTIFY_PRIORITY_CHARGING,
    REPORT_CHARGING_PROFILES,
)
from csms.ocpp.messages.transactions import TRANSACTION_EVENT
from csms.ocpp.tolerance import (
    read_tolerantly,
)
from csms.ocpp.wire import Action
from tests.unit.ocpp.payloads import (
    AT,
    DROOP,
    EVENT,
    HASHES,
    LIMIT,
    NEEDS,
    PROFILES,
    STATUS,
    STREAM,
    altered,
    name_of,
)

REFUSED = [
    # action, payload, path, what is sent, error code
    (TRANSACTION_EVENT, EVENT, "seqNo", ..., "OccurrenceConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "seqNo", 7.5, "TypeConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "seqNo", -1, "PropertyConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "seqNo", 2**31, "PropertyConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "seqNo", True, "TypeConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "timestamp", "noon", "PropertyConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "timestamp", "2026-07-14",
     "PropertyConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "timestamp", ..., "OccurrenceConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "timestamp", 1784062800, "TypeConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "transactionInfo.transactionId", "t\ud800",
     "PropertyConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "eventType", "Paused", "PropertyConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "eventType", 7, "TypeConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "transactionInfo", ..., "OccurrenceConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "transactionInfo", "t", "TypeConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "transactionInfo.transactionId", ...,
     "OccurrenceConstraintViolation"),
    (TRANSACTION_EVENT, EVENT, "transactionInfo.transactionId", "t" * 37,
     "PropertyConstraintViolation"),
    (STATUS_NOTIFICATION, STATUS, "evseId", ..., "OccurrenceConstraintViolation"),
    (STATUS_NOTIFICATION, STATUS, "connectorStatus", "Odd",
     "PropertyConstraintViolation"),
    (AUTHORIZE, {"idToken": {"idToken": "x", "type": "Central"}}, "idToken.idToken",
     "x" * 256, "PropertyConstraintViolation"),
    (SIGN_CERTIFICATE, {"csr": "x"}, "csr", "x" * 5501, "PropertyConstraintViolation"),
    (SIGN_CERTIFICATE, {"csr": "x"}, "certificateType", "Own",
     "PropertyConstraintViolation"),
    (SIGN_CERTIFICATE, {"csr": "x", "hashRootCertificate": HASHES},
     "hashRootCertificate.serialNumber", "1" * 41, "PropertyConstraintViolation"),
    (REPORT_DER_CONTROL, DROOP, "freqDroop.0.freqDroop.duration", "long",
     "TypeConstraintViolation"),
    (REPORT_DER_CONTROL, DROOP, "freqDroop", [], "OccurrenceConstraintViolation"),
    (NOTIFY_PERIODIC_EVENT_STREAM, STREAM, "basetime", "noon",
     "PropertyConstraintViolation"),
    (REPORT_CHARGING_PROFILES, PROFILES, LIMIT, "much", "TypeConstraintViolation"),
    (REPORT_CHARGING_PROFILES, PROFILES, LIMIT.replace("limit", "dischargeLimit"), 5,
     "PropertyConstraintViolation"),
    (REPORT_CHARGING_PROFILES, PROFILES, "chargingProfile", [],
     "OccurrenceConstraintViolation"),
    (REPORT_CHARGING_PROFILES, PROFILES, "chargingProfile.0.chargingProfilePurpose",
     "Odd", "PropertyConstraintViolation"),
    (NOTIFY_EV_CHARGING_NEEDS, NEEDS, "chargingNeeds.v2xChargingParameters",
     {"evMinV2XEnergyRequest": "low"}, "TypeConstraintViolation"),
    (NOTIFY_CHARGING_LIMIT, {"chargingLimit": {"chargingLimitSource": "SO"}}, "evseId",
     -1, "PropertyConstraintViolation"),
    (CLEARED_CHARGING_LIMIT, {"chargingLimitSource": "SO"}, "evseId", "all",
     "TypeConstraintViolation"),
    (NOTIFY_PRIORITY_CHARGING, {"transactionId": "t", "activated": True}, "activated",
     "so so", "TypeConstraintViolation"),
    (SECURITY_EVENT_NOTIFICATION, {"type": "x", "timestamp": AT}, "timestamp", "noon",
     "PropertyConstraintViolation"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "payload", "path", "sent", "code"),
    REFUSED,
    ids=[name_of(case) for case in REFUSED],
)
def test_what_would_corrupt_money_or_safety_is_refused(
    action: Action[Any, Any],
    payload: dict[str, Any],
    path: str,
    sent: object,
    code: str,
) -> None:
    with pytest.raises(CallRefused) as refusal:
        read_tolerantly(action, altered(payload, path, sent))

    assert refusal.value.code == code
    named = refusal.value.details["field"].replace("[", ".").replace("]", "")
    assert refusal.value.description.startswith(refusal.value.details["field"])
    assert named.startswith(path) or path.startswith(named)
