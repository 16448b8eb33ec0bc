"""Stations' answers depart from the standard, too."""

import pytest

from csms.ocpp.codes import CallRefused
from csms.ocpp.messages.bidirectional import NOTIFY_ALLOWED_ENERGY_TRANSFER
from csms.ocpp.messages.provisioning import (
    GET_VARIABLES,
)
from csms.ocpp.messages.smart_charging import (
    GET_COMPOSITE_SCHEDULE,
)
from csms.ocpp.tolerance import (
    read_answer_tolerantly,
)
from tests.unit.ocpp.payloads import AT


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
