"""Real stations depart from the standard; what does no harm is mended and recorded."""

import json
from typing import Any

import pytest

from csms.ocpp.codes import CallRefused, RpcErrorCode
from csms.ocpp.messages.availability import HEARTBEAT, STATUS_NOTIFICATION
from csms.ocpp.messages.diagnostics import NOTIFY_EVENT
from csms.ocpp.messages.metering import METER_VALUES
from csms.ocpp.messages.provisioning import (
    BOOT_NOTIFICATION,
    NOTIFY_REPORT,
)
from csms.ocpp.messages.smart_charging import (
    REPORT_CHARGING_PROFILES,
)
from csms.ocpp.messages.transactions import TRANSACTION_EVENT
from csms.ocpp.tolerance import (
    MOST_DEVIATIONS,
    MOST_ERRORS,
    read_tolerantly,
)
from csms.ocpp.wire import Action
from tests.unit.ocpp.payloads import (
    AT,
    BOOT,
    DEVICE_EVENT,
    EVENT,
    EVENTS,
    LIMIT,
    NOW,
    PROFILES,
    REPORT,
    SAMPLE,
    START,
    STATION,
    STATUS,
    altered,
    got,
    name_of,
)

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
    ids=[name_of(case) for case in MENDED],
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


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Available", "Available"),
        ("Preparing", "Occupied"),
        ("SuspendedEVSE", "Occupied"),
        ("Faulted", "Faulted"),
    ],
)
def test_a_state_in_the_shape_of_1_6_is_understood(said: str, read: str) -> None:
    payload = {
        "connectorId": 2,
        "errorCode": "NoError",
        "status": said,
        "timestamp": AT,
    }

    request, [deviation] = read_tolerantly(STATUS_NOTIFICATION, payload)

    assert deviation.kind == "shape-of-1.6"
    assert request.write() == {
        "timestamp": AT,
        "connectorStatus": read,
        "evseId": 2,
        "connectorId": 1,
    }


def test_readings_in_the_shape_of_1_6_are_understood() -> None:
    sample = {"value": "1200", "measurand": "Energy.Active.Import.Register"}
    values = [{"timestamp": AT, "sampledValue": [sample | {"unit": "Wh"}]}]

    request, deviations = read_tolerantly(
        METER_VALUES, {"connectorId": 1, "transactionId": 7, "meterValue": values}
    )

    [value] = request.write()["meterValue"]
    assert request.evse_id == 1
    assert value["sampledValue"] == [
        {
            "value": 1200,
            "measurand": "Energy.Active.Import.Register",
            "unitOfMeasure": {"unit": "Wh"},
        }
    ]
    assert {each.kind for each in deviations} == {"shape-of-1.6", "number-as-text"}


@pytest.mark.parametrize(
    "payload",
    [
        {"connectorId": 1, "meterValue": 5},
        {"connectorId": 1, "meterValue": [5]},
        {"connectorId": 1, "meterValue": [{"sampledValue": [5]}]},
    ],
)
def test_of_what_only_looks_like_1_6_nothing_is_kept(payload: object) -> None:
    request, _ = read_tolerantly(METER_VALUES, payload)

    assert not any(value.sampled_value for value in request.meter_value)


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
