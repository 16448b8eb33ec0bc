"""Passwords never reach the message log."""

import json
from typing import Any

import pytest

from csms.gateway.redacting import HIDDEN, redacted

SECRET = "sixteen characters"


def _set(name: str) -> dict[str, Any]:
    return {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": name},
        "attributeValue": SECRET,
    }


@pytest.mark.parametrize(
    "payload",
    [
        {"setVariableData": [_set("BasicAuthPassword"), _set("BasicAuthPassword")]},
        {"setVariableData": [_set("basicauthpassword")]},
        {"connectionData": {"basicAuthPassword": SECRET}},
        {
            "connectionData": {
                "apn": {"apnPassword": SECRET},
                "vpn": {"password": SECRET},
            }
        },
    ],
)
def test_a_password_is_hidden_wherever_it_stands(payload: dict[str, Any]) -> None:
    kept = redacted(json.dumps([2, "1", "X", payload]))

    assert SECRET not in kept
    assert HIDDEN in kept
    assert json.loads(kept)[:3] == [2, "1", "X"]


def test_what_only_mentions_a_password_keeps_its_values() -> None:
    payload = {"setVariableData": [_set("PasswordLength")], "password": {"set": True}}
    text = json.dumps([2, "1", "X", payload])

    assert json.loads(redacted(text)) == json.loads(text)


def test_a_frame_without_a_password_is_kept_as_it_came() -> None:
    text = '[2, "1", "Heartbeat",  {}]'

    assert redacted(text) is text


def test_what_cannot_be_read_and_mentions_a_password_is_not_kept() -> None:
    kept = redacted(f'[2,"1","X",{{"password":"{SECRET}"')

    assert SECRET not in kept
    assert "not JSON" in kept


def test_credentials_in_an_address_are_hidden() -> None:
    where = "https://log-7:s3cret-word@csms.example/uploads/7/"
    asked = {"log": {"remoteLocation": where}, "logType": "SecurityLog", "requestId": 7}

    kept = redacted(json.dumps([2, "1", "GetLog", asked]))

    assert "s3cret-word" not in kept
    assert json.loads(kept)[3]["log"]["remoteLocation"].endswith(
        "***@csms.example/uploads/7/"
    )


def test_nothing_is_kept_of_what_is_said_of_a_customer() -> None:
    token = {"idToken": "04A1-secret", "type": "ISO14443"}
    asked = {"requestId": 3, "report": True, "clear": True, "idToken": token}
    told = {"requestId": 3, "seqNo": 0, "data": "lives at Elm Street"}

    frames = [
        redacted(json.dumps([2, "1", "CustomerInformation", asked])),
        redacted(json.dumps([2, "2", "NotifyCustomerInformation", told])),
        redacted('[2,"3","NotifyCustomerInformation",{"data":"Elm Street"'),
    ]

    assert not any("secret" in each or "Elm" in each for each in frames)
    assert json.loads(frames[0])[3]["requestId"] == 3
    assert json.loads(frames[1])[3] == {"requestId": 3, "seqNo": 0, "data": HIDDEN}
