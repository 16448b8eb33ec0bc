"""Real stations depart from the standard; what does no harm is mended and recorded."""

import copy
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.ocpp.codes import CallRefused, RpcErrorCode
from csms.ocpp.messages import HANDLED, SENT
from csms.ocpp.messages.authorization import AUTHORIZE
from csms.ocpp.messages.availability import HEARTBEAT, STATUS_NOTIFICATION
from csms.ocpp.messages.bidirectional import NOTIFY_ALLOWED_ENERGY_TRANSFER
from csms.ocpp.messages.diagnostics import NOTIFY_EVENT
from csms.ocpp.messages.metering import METER_VALUES, MeterValuesRequest
from csms.ocpp.messages.provisioning import (
    BOOT_NOTIFICATION,
    GET_VARIABLES,
    NOTIFY_REPORT,
)
from csms.ocpp.messages.security import SECURITY_EVENT_NOTIFICATION
from csms.ocpp.messages.smart_charging import (
    CLEARED_CHARGING_LIMIT,
    GET_COMPOSITE_SCHEDULE,
    NOTIFY_CHARGING_LIMIT,
    NOTIFY_EV_CHARGING_NEEDS,
    NOTIFY_PRIORITY_CHARGING,
    REPORT_CHARGING_PROFILES,
)
from csms.ocpp.messages.transactions import TRANSACTION_EVENT
from csms.ocpp.tolerance import (
    MOST_DEVIATIONS,
    MOST_ERRORS,
    read_answer_tolerantly,
    read_tolerantly,
)
from csms.ocpp.wire import Action, Edition
from tests.conformance.instances import fullest
from tests.conformance.official import schema, validator

Json = Any
AT = "2026-07-14T21:00:00Z"
NOW = datetime(2026, 7, 14, 21, 5, tzinfo=UTC)
BOOT = {"reason": "PowerUp", "chargingStation": {"model": "m", "vendorName": "v"}}
REPORT = {"requestId": 1, "generatedAt": AT, "seqNo": 0}
STATUS = {
    "timestamp": AT,
    "connectorStatus": "Available",
    "evseId": 1,
    "connectorId": 1,
}
EVENT = {
    "eventType": "Updated",
    "timestamp": AT,
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 7,
    "transactionInfo": {"transactionId": "t-1", "chargingState": "Charging"},
    "evse": {"id": 1, "connectorId": 1},
    "meterValue": [{"timestamp": AT, "sampledValue": [{"value": 10}, {"value": 20}]}],
}
PROFILES = {
    "requestId": 1,
    "evseId": 1,
    "chargingLimitSource": "CSO",
    "chargingProfile": [
        {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [
                {
                    "id": 1,
                    "chargingRateUnit": "W",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 7600}],
                }
            ],
        }
    ],
}
NEEDS = {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC_BPT"}}
DEVICE_EVENT = {
    "eventId": 1,
    "timestamp": AT,
    "trigger": "Delta",
    "actualValue": "x",
    "eventNotificationType": "CustomMonitor",
    "component": {"name": "EVSE"},
    "variable": {"name": "AvailabilityState"},
}
EVENTS = {"generatedAt": AT, "seqNo": 0, "eventData": [DEVICE_EVENT]}


def altered(payload: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return the payload with one thing put in, or taken out if it is ``...``."""
    whole = copy.deepcopy(payload)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    part: Any = whole
    for step in way:
        part = part[step]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return whole


def got(payload: dict[str, Any], path: str) -> Json:
    """Return what stands at a path, or none."""
    part: Any = payload
    for step in path.split("."):
        if isinstance(part, list):
            part = part[int(step)] if int(step) < len(part) else None
        else:
            part = part.get(step) if part else None
    return part


def _name(case: tuple[Any, ...]) -> str:
    return f"{case[0].name}-{case[2]}-{str(case[3])[:24]}"


SAMPLE = "meterValue.0.sampledValue.0"
STATION = "chargingStation"
LIMIT = "chargingProfile.0.chargingSchedule.0.chargingSchedulePeriod.0.limit"
START = LIMIT.replace("limit", "startPeriod")

MENDED = [
    # action, payload, path, what is sent, kind of deviation, what is understood
    (TRANSACTION_EVENT, EVENT, "color", "red", "extra-property", None),
    (TRANSACTION_EVENT, EVENT, "evse.color", "red", "extra-property", None),
    (TRANSACTION_EVENT, EVENT, "evse", None, "null", None),
    (TRANSACTION_EVENT, EVENT, "meterValue", None, "null", None),
    (TRANSACTION_EVENT, EVENT, "seqNo", "7", "number-as-text", 7),
    (TRANSACTION_EVENT, EVENT, "offline", "true", "boolean-as-text", True),
    (TRANSACTION_EVENT, EVENT, "offline", 0, "boolean-as-text", False),
    (TRANSACTION_EVENT, EVENT, "offline", "perhaps", "unreadable", None),
    (TRANSACTION_EVENT, EVENT, "triggerReason", "Sun", "unknown-word", "Trigger"),
    (TRANSACTION_EVENT, EVENT, "triggerReason", ..., "missing", "Trigger"),
    (TRANSACTION_EVENT, EVENT, "eventType", "updated", "word-spelling", "Updated"),
    (TRANSACTION_EVENT, EVENT, "timestamp", AT[:-1], "no-zone", AT),
    (TRANSACTION_EVENT, EVENT, "timestamp", "2026-07-15T00:00:00+03",
     "timestamp-format", AT),
    (TRANSACTION_EVENT, EVENT, "timestamp", "2026-07-14 21:00:00z",
     "timestamp-format", AT),
    (TRANSACTION_EVENT, EVENT, "timestamp", "2026-07-14T20:59:60Z",
     "timestamp-format", "2026-07-14T20:59:59Z"),
    (TRANSACTION_EVENT, EVENT, "numberOfPhasesUsed", 9, "unreadable", None),
    (TRANSACTION_EVENT, EVENT, "idToken", {"idToken": "x" * 300, "type": "eMAID"},
     "unreadable", None),
    (TRANSACTION_EVENT, EVENT, "evse.connectorId", -1, "unreadable", None),
    (TRANSACTION_EVENT, EVENT, "evse", [{"id": 1}], "list-for-one", {"id": 1}),
    (TRANSACTION_EVENT, EVENT, "evse", "one", "unreadable", None),
    (TRANSACTION_EVENT, EVENT, "customData", {"a": 1}, "unreadable", None),
    (TRANSACTION_EVENT, EVENT, "transactionInfo.transactionId", 276300,
     "text-as-number", "276300"),
    (TRANSACTION_EVENT, EVENT, "transactionInfo.chargingState", "Discharging",
     "unknown-word", None),
    (TRANSACTION_EVENT, EVENT, "transactionInfo.stoppedReason", "Boredom",
     "unknown-word", "Other"),
    (TRANSACTION_EVENT, EVENT, "meterValue", EVENT["meterValue"][0],  # type: ignore[index]
     "one-for-list", EVENT["meterValue"]),
    (TRANSACTION_EVENT, EVENT, "meterValue", [], "empty-list", None),
    (TRANSACTION_EVENT, EVENT, "meterValue.0.sampledValue", [], "empty-list", None),
    (TRANSACTION_EVENT, EVENT, "meterValue.0.sampledValue", {"value": 10},
     "one-for-list", [{"value": 10}]),
    (TRANSACTION_EVENT, EVENT, "meterValue.0.timestamp", "noon",
     "unreadable-instant", None),
    (TRANSACTION_EVENT, EVENT, f"{SAMPLE}.value", "10.5", "number-as-text", 10.5),
    (TRANSACTION_EVENT, EVENT, f"{SAMPLE}.value", "ten", "unreadable", 20),
    (TRANSACTION_EVENT, EVENT, f"{SAMPLE}.value", "1e999", "unreadable", 20),
    (TRANSACTION_EVENT, EVENT, f"{SAMPLE}.value", float("nan"), "unreadable", 20),
    (TRANSACTION_EVENT, EVENT, f"{SAMPLE}.value", float("-inf"), "unreadable", 20),
    (TRANSACTION_EVENT, EVENT, f"{SAMPLE}.value", 10**400, "unreadable", 20),
    (TRANSACTION_EVENT, EVENT, f"{SAMPLE}.context", "Noon", "unknown-word", 10),
    (METER_VALUES, {"evseId": 1, "meterValue": EVENT["meterValue"]},
     "meterValue.0.sampledValue", [], "empty-list", None),
    (METER_VALUES, {"evseId": 1, "meterValue": EVENT["meterValue"]},
     "meterValue", [], "empty-list", None),
    (BOOT_NOTIFICATION, BOOT, "reason", "Weather", "unknown-word", "Unknown"),
    (BOOT_NOTIFICATION, BOOT, "reason", ..., "missing", "Unknown"),
    (BOOT_NOTIFICATION, BOOT, f"{STATION}.model", "m" * 21, "too-long", "m" * 20),
    (BOOT_NOTIFICATION, BOOT, f"{STATION}.model", "m\0\0n", "nul-character", "mn"),
    (BOOT_NOTIFICATION, BOOT, f"{STATION}.model", "m\ud800", "broken-text", "m?"),
    (BOOT_NOTIFICATION, BOOT, f"{STATION}.model", True, "text-as-boolean", "true"),
    (BOOT_NOTIFICATION, BOOT, f"{STATION}.model", 1.5, "text-as-number", "1.5"),
    (BOOT_NOTIFICATION, BOOT, f"{STATION}.modem", [], "list-for-one", {}),
    (BOOT_NOTIFICATION, BOOT, f"{STATION}.firmwareVersion", 10**30,
     "unreadable", None),
    (NOTIFY_REPORT, REPORT, "reportData", [], "empty-list", None),
    (NOTIFY_REPORT, REPORT, "seqNo", ..., "missing", 0),
    (NOTIFY_REPORT, REPORT, "generatedAt", ..., "no-instant", "2026-07-14T21:05:00Z"),
    (NOTIFY_EVENT, EVENTS, "eventData.0.trigger", "X", "unknown-word", "Alerting"),
    (NOTIFY_EVENT, EVENTS, "eventData", [DEVICE_EVENT, {}], "missing", [DEVICE_EVENT]),
    (STATUS_NOTIFICATION, STATUS, "timestamp", "?", "no-instant",
     "2026-07-14T21:05:00Z"),
    (STATUS_NOTIFICATION, STATUS, "connectorStatus", "Charging", "unknown-word",
     "Occupied"),
    (REPORT_CHARGING_PROFILES, PROFILES, LIMIT, "7600", "number-as-text", 7600),
    (REPORT_CHARGING_PROFILES, PROFILES, START, 597.615, "fractional", 598),
    (REPORT_CHARGING_PROFILES, PROFILES, "chargingProfileId", 5,
     "extra-property", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "payload", "path", "sent", "kind", "understood"),
    MENDED,
    ids=[_name(case) for case in MENDED],
)
def test_a_harmless_deviation_is_mended_and_recorded(
    action: Action[Any, Any],
    payload: dict[str, Any],
    path: str,
    sent: object,
    kind: str,
    understood: object,
) -> None:
    message, deviations = read_tolerantly(action, altered(payload, path, sent), now=NOW)

    where = f"{SAMPLE}.value" if path.startswith(SAMPLE) else path
    assert kind in {deviation.kind for deviation in deviations}
    assert (got(message.write(), where) or None) == (understood or None) or (
        got(message.write(), where) == understood
    )


@pytest.mark.parametrize("path", ["measurand", "phase", "location"])
def test_a_reading_of_unknown_meaning_is_left_out(path: str) -> None:
    payload = altered(EVENT, f"{SAMPLE}.{path}", "Bogus")

    request, [deviation] = read_tolerantly(TRANSACTION_EVENT, payload)

    assert got(request.write(), "meterValue.0.sampledValue") == [{"value": 20}]
    assert deviation.kind == "unknown-word"
    assert deviation.path == f"meterValue[0].sampledValue[0].{path}"
    assert "Bogus" in deviation.detail


@pytest.mark.parametrize(
    "unit", [{"unit": 5.5e300, "multiplier": "?"}, {"unit": "x" * 21 + "\0"}]
)
def test_a_unit_is_never_left_out_of_a_reading_that_stays(unit: object) -> None:
    payload = altered(EVENT, f"{SAMPLE}.unitOfMeasure", unit)

    request, _ = read_tolerantly(TRANSACTION_EVENT, payload)

    kept = got(request.write(), "meterValue.0.sampledValue")
    assert kept == [{"value": 20}] or kept[0]["unitOfMeasure"]["unit"]


@pytest.mark.parametrize(
    "sample",
    [
        {"value": 1e13},
        {"value": 1, "unitOfMeasure": {"unit": "Wh", "multiplier": 2**31 - 1}},
        {"value": 1, "unitOfMeasure": {"unit": "Wh", "multiplier": -400}},
        {"value": 2000, "unitOfMeasure": {"unit": "kWh", "multiplier": 9.0}},
    ],
)
def test_a_reading_beyond_any_meter_is_left_out(sample: dict[str, Any]) -> None:
    payload = altered(EVENT, SAMPLE, sample)

    request, [deviation] = read_tolerantly(TRANSACTION_EVENT, payload)

    assert got(request.write(), "meterValue.0.sampledValue") == [{"value": 20}]
    assert deviation.kind == "implausible"


def test_an_event_survives_the_loss_of_every_reading() -> None:
    payload = altered(EVENT, "meterValue.0.sampledValue", [{"value": 1e99}])

    event, _ = read_tolerantly(TRANSACTION_EVENT, payload)
    values, _ = read_tolerantly(
        METER_VALUES, {"evseId": 1, "meterValue": payload["meterValue"]}
    )

    assert event.meter_value is None
    assert values.meter_value == ()


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
    ids=[_name(case) for case in REFUSED],
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


def test_a_boot_in_the_shape_of_1_6_is_understood() -> None:
    payload = {
        "chargePointVendor": "v",
        "chargePointModel": "m",
        "chargePointSerialNumber": "s",
        "firmwareVersion": "1.2",
        "meterType": "x",
    }

    request, deviations = read_tolerantly(BOOT_NOTIFICATION, payload)

    assert request.write() == {
        "reason": "Unknown",
        "chargingStation": {
            "vendorName": "v",
            "model": "m",
            "serialNumber": "s",
            "firmwareVersion": "1.2",
        },
    }
    assert [deviation.kind for deviation in deviations] == [
        "shape-of-1.6",
        "extra-property",
    ]


@pytest.mark.parametrize("payload", [[], None])
def test_no_payload_is_taken_for_an_empty_one(payload: object) -> None:
    _, [deviation] = read_tolerantly(HEARTBEAT, payload)

    assert deviation.kind == "payload-shape"


@pytest.mark.parametrize("payload", ["x", 5, True, [1], [{}]])
def test_a_payload_that_is_no_object_is_a_format_violation(payload: object) -> None:
    with pytest.raises(CallRefused) as refusal:
        read_tolerantly(HEARTBEAT, payload)

    assert refusal.value.code is RpcErrorCode.FORMAT_VIOLATION


def test_a_conforming_payload_has_no_deviations() -> None:
    assert read_tolerantly(TRANSACTION_EVENT, EVENT)[1] == ()


def test_the_payload_itself_is_left_as_it_came() -> None:
    payload = altered(EVENT, "meterValue.0.sampledValue.0.value", "ten")
    before = json.dumps(payload)

    read_tolerantly(TRANSACTION_EVENT, payload)

    assert json.dumps(payload) == before


def test_the_same_deviation_in_every_reading_is_recorded_once() -> None:
    samples = [{"value": 1, "color": "red"} for _ in range(500)]
    payload = altered(EVENT, "meterValue.0.sampledValue", samples)

    request, [deviation] = read_tolerantly(TRANSACTION_EVENT, payload)

    assert len(got(request.write(), "meterValue.0.sampledValue")) == 500
    assert deviation.path == "meterValue[0].sampledValue[0].color"


def test_what_is_recorded_can_be_stored_anywhere() -> None:
    payload = {**EVENT, "a\0é": 1, "c\ud800": 1, "triggerReason": "b\0\ud800"}

    _, deviations = read_tolerantly(TRANSACTION_EVENT, payload)

    for deviation in deviations:
        assert f"{deviation.path}{deviation.detail}".isprintable()
        assert f"{deviation.path}{deviation.detail}".isascii()


def test_many_deviations_do_not_fill_the_book() -> None:
    payload = {**EVENT, **{f"extra{number}": 1 for number in range(1000)}}

    _, deviations = read_tolerantly(TRANSACTION_EVENT, payload)

    assert len(deviations) == MOST_DEVIATIONS


def test_a_payload_full_of_errors_is_not_worth_mending() -> None:
    samples: list[Any] = [{} for _ in range(MOST_ERRORS + 1)]
    payload = altered(EVENT, "meterValue.0.sampledValue", samples)

    with pytest.raises(CallRefused) as refusal:
        read_tolerantly(TRANSACTION_EVENT, payload)

    assert refusal.value.code is RpcErrorCode.FORMAT_VIOLATION


def test_a_payload_is_not_mended_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csms.ocpp.tolerance.ROUNDS", 1)
    payload = altered(EVENT, "seqNo", "7")

    with pytest.raises(CallRefused) as refusal:
        read_tolerantly(TRANSACTION_EVENT, payload)

    assert refusal.value.code is RpcErrorCode.FORMAT_VIOLATION


def test_depth_does_not_matter() -> None:
    deep: Any = "bottom"
    for _ in range(20_000):
        deep = [deep]

    with pytest.raises(CallRefused):
        read_tolerantly(BOOT_NOTIFICATION, {"chargingStation": deep})
    request, _ = read_tolerantly(BOOT_NOTIFICATION, {**BOOT, "extra": deep})

    assert request.charging_station.model == "m"


def test_an_answer_with_a_null_status_info_is_understood() -> None:
    payload = {"status": "Rejected", "statusInfo": None}

    answer, [deviation] = read_answer_tolerantly(GET_COMPOSITE_SCHEDULE, payload)

    assert answer.write() == {"status": "Rejected"}
    assert deviation.kind == "null"


def test_an_answer_with_a_status_unknown_to_its_action_is_a_rejection() -> None:
    answer, [deviation] = read_answer_tolerantly(
        NOTIFY_ALLOWED_ENERGY_TRANSFER, {"status": "NotSupported"}
    )

    assert answer.write() == {"status": "Rejected"}
    assert deviation.kind == "unknown-word"


def test_a_fraction_of_a_second_in_a_composite_schedule_is_rounded() -> None:
    schedule = {
        "evseId": 1,
        "duration": 900,
        "scheduleStart": AT,
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [{"startPeriod": 597.615, "limit": 0}],
    }

    answer, [deviation] = read_answer_tolerantly(
        GET_COMPOSITE_SCHEDULE, {"status": "Accepted", "schedule": schedule}
    )

    assert answer.schedule is not None
    assert answer.schedule.charging_schedule_period[0].start_period == 598
    assert deviation.kind == "fractional"


def test_a_schedule_that_cannot_be_read_is_not_taken_for_none() -> None:
    with pytest.raises(CallRefused):
        read_answer_tolerantly(
            GET_COMPOSITE_SCHEDULE, {"status": "Accepted", "schedule": {"evseId": 1}}
        )


def test_one_variable_that_cannot_be_read_does_not_cost_the_others() -> None:
    good = {
        "attributeStatus": "Accepted",
        "attributeValue": "900",
        "component": {"name": "AlignedDataCtrlr"},
        "variable": {"name": "Interval"},
    }

    answer, _ = read_answer_tolerantly(
        GET_VARIABLES, {"getVariableResult": [{"attributeStatus": "Accepted"}, good]}
    )

    assert answer.write() == {"getVariableResult": [good]}


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | ANY_TEXT
    | st.sampled_from([AT, "Updated", "1.5", "true", 10**400, 2**31, "x" * 3000]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["id", "value"]), inner)
    ),
    max_leaves=20,
)
EVERY = pytest.mark.parametrize(
    "action", dict.fromkeys((*HANDLED, *SENT)), ids=lambda action: str(action.name)
)


@EVERY
@settings(max_examples=8, deadline=None)
@given(payload=JSON)
def test_any_json_is_read_or_refused(action: Action[Any, Any], payload: object) -> None:
    for read in (read_tolerantly, read_answer_tolerantly):
        with suppress(CallRefused):
            read(action, payload)


@EVERY
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_understood_conforms_however_it_was_sent(
    action: Action[Any, Any], data: st.DataObject
) -> None:
    edition = Edition.V21
    root = schema(edition, f"{action.name}Request")
    payload = copy.deepcopy(fullest(root))
    for _ in range(data.draw(st.integers(1, 3))):
        _spoil(payload, data)

    try:
        request, deviations = read_tolerantly(action, payload, now=NOW)
    except CallRefused:
        return

    emptied = isinstance(request, MeterValuesRequest) and not request.meter_value
    assert emptied or validator(root).is_valid(request.write())
    assert (
        deviations
        or json.dumps(request.write()) == json.dumps(payload)
        or (validator(root).is_valid(payload))
    )


def _spoil(payload: Json, data: st.DataObject) -> None:
    """Put any JSON in the place of any part."""
    part = payload
    while True:
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if isinstance(part, dict) and data.draw(st.booleans()):
            part[data.draw(ANY_TEXT)] = data.draw(JSON)
            return
        if isinstance(part[key], dict | list) and data.draw(st.booleans()):
            part = part[key]
            continue
        part[key] = data.draw(JSON)
        return
