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
