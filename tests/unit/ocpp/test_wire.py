"""What every message has in common: how it is read and how it is written."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from csms.ocpp.codes import DESCRIPTION_LIMIT, CallRefused, RpcErrorCode
from csms.ocpp.messages.availability import HeartbeatResponse
from csms.ocpp.messages.common import EVSE, Component, IdToken, StatusInfo
from csms.ocpp.messages.data_transfer import DataTransferRequest
from csms.ocpp.messages.metering import Measurand, MeterValue, SampledValue
from csms.ocpp.messages.profiles import ChargingSchedulePeriod
from csms.ocpp.wire import Edition

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)


def _instant(text: str) -> datetime:
    return HeartbeatResponse.read({"currentTime": text}).current_time


def _told(instant: datetime) -> str:
    written: str = HeartbeatResponse(current_time=instant).write()["currentTime"]
    return written


def test_the_editions_are_called_like_their_subprotocols() -> None:
    assert [*Edition] == ["ocpp2.0.1", "ocpp2.1"]


def test_a_message_is_read_by_the_names_on_the_wire() -> None:
    assert EVSE.read({"id": 1, "connectorId": 2}) == EVSE(id=1, connector_id=2)


def test_a_message_is_not_read_by_the_names_in_python() -> None:
    assert EVSE.read({"id": 1, "connector_id": 2}) == EVSE(id=1)


def test_irregular_names_are_as_the_standard_writes_them() -> None:
    period = ChargingSchedulePeriod(start_period=0, limit_l2=1, v2x_baseline=2)

    assert period.write() == {"startPeriod": 0, "limit_L2": 1, "v2xBaseline": 2}


def test_an_unknown_property_is_ignored() -> None:
    assert EVSE.read({"id": 1, "color": "red"}) == EVSE(id=1)


def test_an_unknown_property_is_seen_when_the_whole_must_be_known() -> None:
    with pytest.raises(ValidationError, match="color"):
        EVSE.read_whole({"id": 1, "color": "red"})


def test_what_a_vendor_adds_is_kept_to_the_letter() -> None:
    added = {"vendorId": "org.example", "deep_Key": {"x": [None, 1]}}

    assert EVSE.read_whole({"id": 1, "customData": added}).write() == {
        "id": 1,
        "customData": added,
    }


@pytest.mark.parametrize("added", [{}, {"vendorId": 5}, {"vendorId": "x" * 256}, []])
def test_what_a_vendor_adds_says_whose_it_is(added: object) -> None:
    with pytest.raises(ValidationError, match="customData"):
        EVSE.read({"id": 1, "customData": added})


def test_a_message_cannot_be_changed() -> None:
    evse = EVSE(id=1)

    with pytest.raises(ValidationError, match="frozen"):
        evse.id = 2  # type: ignore[misc]


def test_a_null_is_not_an_absent_field_on_the_wire() -> None:
    with pytest.raises(ValidationError) as refusal:
        Component.read({"name": "EVSE", "evse": {"id": 1, "connectorId": None}})

    assert [error["loc"] for error in refusal.value.errors()] == [
        ("evse", "connectorId")
    ]


def test_a_null_in_a_list_of_parts_is_found() -> None:
    sample = {"value": 1, "phase": None}
    frame = {"timestamp": "2026-07-14T12:00:00Z", "sampledValue": [sample]}

    with pytest.raises(ValidationError) as refusal:
        MeterValue.read(frame)

    assert [error["loc"] for error in refusal.value.errors()] == [
        ("sampledValue", 0, "phase")
    ]


def test_none_is_an_absent_field_in_python() -> None:
    assert EVSE(id=1, connector_id=None).write() == {"id": 1}


def test_data_outside_the_standard_may_be_null() -> None:
    request = DataTransferRequest.read({"vendorId": "org.example", "data": None})

    assert request.data is None


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-07-14T12:00:00Z", NOON),
        ("2026-07-14T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-07-14T12:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
        ("2026-07-14T14:00:00+02:00", NOON),
        ("2026-07-14T08:00:00-04:00", NOON),
    ],
)
def test_an_instant_is_read_into_utc(text: str, instant: datetime) -> None:
    assert _instant(text) == instant
    assert _instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-07-14T12:00:00",
        "2026-07-14T12:00:00+03",
        "2026-07-14 12:00:00Z",
        "2026-07-14",
        "20260714T120000Z",
        "2026-W29-2T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "٢٠٢٦-07-14T12:00:00Z",
        "1784030400",
        "",
    ],
)
def test_an_instant_that_rfc_3339_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="currentTime"):
        _instant(text)


@pytest.mark.parametrize("value", [1784030400, True, None, {}])
def test_an_instant_is_a_text_on_the_wire(value: object) -> None:
    with pytest.raises(ValidationError, match="currentTime"):
        HeartbeatResponse.read({"currentTime": value})


def test_an_instant_without_a_zone_cannot_be_said() -> None:
    with pytest.raises(ValidationError, match="zone"):
        HeartbeatResponse(current_time=NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (NOON, "2026-07-14T12:00:00Z"),
        (NOON + timedelta(microseconds=999), "2026-07-14T12:00:00Z"),
        (NOON + timedelta(microseconds=1234), "2026-07-14T12:00:00.001Z"),
        (NOON.astimezone(timezone(timedelta(hours=-4))), "2026-07-14T12:00:00Z"),
    ],
)
def test_an_instant_is_written_in_utc_with_three_decimals_at_most(
    instant: datetime, text: str
) -> None:
    assert _told(instant) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7600.0, "7600"),
        (-7600, "-7600"),
        (50.20000076293945, "50.200001"),
        (0.1, "0.1"),
    ],
)
def test_a_number_is_written_whole_or_with_six_decimals_at_most(
    value: float, text: str
) -> None:
    written = SampledValue(value=value).write()["value"]

    assert json.dumps(written) == text


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), "1", True, None, 10**400]
)
def test_a_number_is_finite_and_a_number(value: object) -> None:
    with pytest.raises(ValidationError, match="value"):
        SampledValue.read({"value": value})


@pytest.mark.parametrize("value", [1, 1.0])
def test_json_does_not_tell_a_whole_number_from_its_decimal_form(
    value: float,
) -> None:
    assert EVSE.read({"id": value}).id == 1


@pytest.mark.parametrize("value", [2**31, -1, 1.5, "1", True])
def test_a_natural_number_has_31_bits_and_no_fraction(value: object) -> None:
    with pytest.raises(ValidationError, match="id"):
        EVSE.read({"id": value})


def test_a_text_holds_no_nul() -> None:
    with pytest.raises(ValidationError, match="reasonCode"):
        StatusInfo.read({"reasonCode": "a\0b"})


def test_a_length_is_counted_in_characters() -> None:
    assert StatusInfo.read({"reasonCode": "é" * 20}).reason_code == "é" * 20


def test_a_word_is_read_as_a_member_of_its_enumeration() -> None:
    sample = SampledValue.read({"value": 1, "measurand": "Power.Active.Import"})

    assert sample.measurand is Measurand.POWER_ACTIVE_IMPORT


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(ValidationError, match="measurand"):
        SampledValue.read({"value": 1, "measurand": "Power"})


def test_a_list_is_kept_as_a_tuple() -> None:
    token = IdToken.read(
        {
            "idToken": "x",
            "type": "Central",
            "additionalInfo": [{"additionalIdToken": "e", "type": "EVCCID"}],
        }
    )

    assert isinstance(token.additional_info, tuple)
    assert hash(token) == hash(token.model_copy())


@pytest.mark.parametrize("payload", [None, [], "x", 5, [{"id": 1}]])
def test_a_message_is_an_object(payload: object) -> None:
    with pytest.raises(ValidationError):
        EVSE.read_whole(payload)


def test_a_refusal_is_cut_to_what_the_wire_allows() -> None:
    refusal = CallRefused(RpcErrorCode.FORMAT_VIOLATION, "x" * 1000, {"field": "y"})

    assert len(refusal.description) == DESCRIPTION_LIMIT
    assert refusal.details == {"field": "y"}
    assert str(CallRefused(RpcErrorCode.GENERIC_ERROR)) == "GenericError: "
