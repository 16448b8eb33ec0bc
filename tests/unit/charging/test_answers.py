"""What answers about variables tell: matched by name, and only what makes sense."""

from typing import Any

import pytest

from csms.charging.answers import read_values, set_values
from csms.domain.station import Variable, VariableKey

Json = dict[str, Any]
KEY = VariableKey("A", "V", evse=1)
NAMED: Json = {"component": {"name": "A", "evse": {"id": 1}}, "variable": {"name": "V"}}
ASKED: Json = {"setVariableData": [{**NAMED, "attributeValue": "5"}]}


def said(status: str, **more: Any) -> Json:  # noqa: ANN401
    return {"setVariableResult": [{**NAMED, "attributeStatus": status, **more}]}


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (said("Accepted"), [Variable(KEY, value="5")]),
        (said("RebootRequired"), [Variable(KEY, due="5")]),
        (said("Rejected"), []),
        (said("Accepted", attributeType="Target"), []),
        ({}, []),
        ({"setVariableResult": "no"}, []),
        ({"setVariableResult": [1, {"component": 1}, {"component": {}}]}, []),
        (
            {"setVariableResult": [{**NAMED, "component": {"name": "A", "evse": 1}}]},
            [],
        ),
    ],
)
def test_only_what_was_accepted_is_so(answer: Json, found: list[Variable]) -> None:
    assert set_values(ASKED, answer) == found


def test_only_what_was_read_is_known() -> None:
    answer = {
        "getVariableResult": [
            {**NAMED, "attributeStatus": "Accepted", "attributeValue": "7"},
            {**NAMED, "attributeStatus": "Rejected", "attributeValue": "8"},
            {**NAMED, "attributeStatus": "Accepted", "attributeValue": 9},
            {**NAMED, "attributeStatus": "Accepted"},
        ]
    }

    assert read_values(answer) == [Variable(KEY, value="7")]
