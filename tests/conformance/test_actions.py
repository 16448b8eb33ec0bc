"""Which actions there are, and what this system does about each."""

import pytest

from csms.ocpp.messages import ALL_ACTIONS, HANDLED, SENT
from csms.ocpp.wire import Edition
from tests.conformance.official import ACTIONS, action_names, file_names

STATIONS_ASK = """
BootNotification Heartbeat StatusNotification NotifyReport NotifyEvent Authorize
TransactionEvent MeterValues NotifyEVChargingNeeds NotifyEVChargingSchedule
NotifyChargingLimit ClearedChargingLimit ReportChargingProfiles
SecurityEventNotification DataTransfer NotifyPriorityCharging
PullDynamicScheduleUpdate NotifyDERAlarm NotifyDERStartStop
"""
WE_ASK = """
GetBaseReport GetVariables SetVariables SetChargingProfile GetChargingProfiles
ClearChargingProfile GetCompositeSchedule RequestStartTransaction
RequestStopTransaction TriggerMessage GetTransactionStatus Reset ChangeAvailability
SetDisplayMessage DataTransfer UpdateDynamicSchedule NotifyAllowedEnergyTransfer
UsePriorityCharging
"""


@pytest.mark.parametrize("edition", Edition)
def test_every_official_action_is_known_by_name(edition: Edition) -> None:
    assert ALL_ACTIONS[edition] == action_names(edition)


def test_the_editions_have_64_and_91_actions() -> None:
    assert len(ALL_ACTIONS[Edition.V201]) == 64
    assert len(ALL_ACTIONS[Edition.V21]) == 91


def test_what_stations_ask_is_handled() -> None:
    assert {action.name for action in HANDLED} == set(STATIONS_ASK.split())
    assert len({action.name for action in HANDLED}) == len(HANDLED)


def test_what_we_ask_can_be_sent() -> None:
    assert {action.name for action in SENT} == set(WE_ASK.split())
    assert len({action.name for action in SENT}) == len(SENT)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_exists_in_the_editions_that_have_its_schemas(name: str) -> None:
    with_schemas = {
        edition
        for edition in Edition
        if {f"{name}Request", f"{name}Response"} <= file_names(edition)
    }

    assert ACTIONS[name].editions == with_schemas


@pytest.mark.parametrize("name", ACTIONS)
def test_the_messages_of_an_action_bear_its_name(name: str) -> None:
    action = ACTIONS[name]

    assert action.request.__name__ == f"{name}Request"
    assert action.response.__name__ == f"{name}Response"
