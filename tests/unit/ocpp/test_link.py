"""How a station's answer is read."""

import pytest

from csms.ocpp.link import Refused, read_answer
from csms.ocpp.messages.provisioning import RESET, SET_VARIABLES


def test_a_good_answer_is_read() -> None:
    assert read_answer(RESET, {"status": "Accepted"}).status == "Accepted"


def test_nulls_are_read_as_absence() -> None:
    payload = {
        "setVariableResult": [
            None,
            {
                "attributeStatus": "Accepted",
                "attributeType": None,
                "component": {"name": "C", "evse": None},
                "variable": {"name": "V", "instance": None},
            },
        ]
    }

    answer = read_answer(SET_VARIABLES, payload)

    assert answer.set_variable_result[0].variable.name == "V"


def test_a_status_that_nobody_knows_is_no_yes() -> None:
    assert read_answer(RESET, {"status": "Perhaps"}).status == "Rejected"


def test_an_answer_that_breaks_its_schema_is_a_refusal() -> None:
    with pytest.raises(Refused) as caught:
        read_answer(RESET, {})

    assert caught.value.code == "OccurrenceConstraintViolation"
    assert caught.value.details["payload"] == {}


def test_a_refusal_says_its_code() -> None:
    assert str(Refused("NotSupported")) == "NotSupported"
    assert str(Refused("NotSupported", "no")) == "NotSupported: no"
